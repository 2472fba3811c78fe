'use strict';
'require baseclass';
'require nicup.model as nicup';
'require nicup.words as words';

/* globals nicup, words */

/*
 * What happened last, newest first.
 */

function put(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

const Timeline = baseclass.extend({
	__init__() {
		this.body = E('tbody');
		this.shape = null;
		this.times = [];
		this.node = E('details', { 'class': 'nicup-events', 'open': '' }, [
			E('summary', {}, [ _('What happened since the router started') ]),
			E('div', { 'class': 'nicup-scroll' }, [
				E('table', { 'class': 'nicup-table' }, [ this.body ])
			])
		]);
	},

	row(event) {
		const time = E('td', { 'class': 'nicup-when', 'title': words.date(event.time) }, [ '' ]);
		const server = this.servers[event.service];
		const said = words.code(event.code, server)?.[0] ?? String(event.code);

		this.times.push([ time, event.uptime ]);

		return E('tr', {}, [
			time,
			E('td', {}, [ event.hostname ]),
			E('td', {}, [ said ]),
			E('td', {}, [ [ event.ipv4, event.ipv6 ].filter(address => address).join(' ') ])
		]);
	},

	update(known) {
		const status = known.status;
		const shape = JSON.stringify(status.events);

		if (shape !== this.shape) {
			this.times = [];
			this.servers = Object.fromEntries(status.services.map(service => [ service.name, service.server ]));
			this.body.replaceChildren(...(status.events.length
				? status.events.map(event => this.row(event))
				: [ E('tr', {}, [ E('td', {}, [ _('Nothing yet.') ]) ]) ]));
			this.shape = shape;
		}

		const now = nicup.now(known);

		for (const [ node, uptime ] of this.times)
			put(node, words.ago(now - uptime));
	}
});

return baseclass.extend({
	create(...args) {
		return new Timeline(...args);
	}
});
