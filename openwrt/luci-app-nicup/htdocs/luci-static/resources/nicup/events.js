'use strict';
'require baseclass';
'require nicup.meanings as meanings';
'require nicup.model as nicup';

/* globals meanings, nicup */

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
			E('div', { 'class': 'nicup-scroll', 'tabindex': '0', 'role': 'region', 'aria-label': _('What happened since the router started') }, [
				E('table', { 'class': 'nicup-table' }, [
					E('thead', {}, [ E('tr', {}, [ _('Time'), _('Hostname'), _('Result'), _('Address') ].map(title => E('th', { 'scope': 'col' }, [ title ]))) ]),
					this.body
				])
			])
		]);
	},

	row(event, now) {
		const age = E('small', {}, [ '' ]);
		const server = this.servers[event.service];
		const meaning = meanings.code(event.code, server)?.[0] ?? event.code ?? '';

		this.times.push([ age, event.uptime ]);

		return E('tr', {}, [
			E('td', { 'class': 'nicup-when' }, [ E('span', {}, [ meanings.clock(event.time, now) ?? '' ]), ' ', age ]),
			E('td', {}, [ event.hostname ?? '' ]),
			E('td', {}, [ meaning ]),
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
				? status.events.map(event => this.row(event, status.time))
				: [ E('tr', {}, [ E('td', { 'colspan': '4' }, [ _('Nothing yet.') ]) ]) ]));
			this.shape = shape;
		}

		this.tick();
	},

	/* Ages only. */
	tick() {
		const now = nicup.uptime();

		for (const [ node, uptime ] of this.times)
			put(node, uptime != null ? meanings.ago(now - uptime) : '');
	}
});

return baseclass.extend({
	create(...args) {
		return new Timeline(...args);
	}
});
