'use strict';
'require baseclass';
'require nicup.meanings as meanings';
'require nicup.messages as messages';
'require nicup.model as nicup';

/* globals meanings, messages, nicup */

/*
 * The table of hosts. It is built once, and then only the cells whose text changed are touched.
 */

/* If there are more hosts than this, the table shows only those that are not current, at most this many, until the user asks for all. */
const many = 100;

/* Codes for which the program's own message contains more than the code. */
const detailed = /^(mismatch|unintelligible|dns|connect|tls|timeout|proxy|unconfirmed|no-address|private-address|address-unknown)$/;

const columns = [
	[ 'name', _('Hostname') ],
	[ 'state', _('State') ],
	[ 'registered', _('Registered') ],
	[ 'wan', _('WAN address') ],
	[ 'answer', _('Last answer') ],
	[ 'next', _('Next attempt') ]
];

function put(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

function style(node, name) {
	if (node.className !== name)
		node.className = name;
}

function hide(node, hidden) {
	if (node.hidden !== hidden)
		node.hidden = hidden;
}

function addresses(one, two) {
	return [ one, two ].filter(address => address).join('\n') || '–';
}

/* Where a service's requests go. */
function route(service) {
	const uplink = (service.interface && service.device)
		? '%s (%s)'.format(service.interface, service.device)
		: service.interface ?? service.device;

	return [ uplink, service.server, service.transport ].filter(part => part).join(', ');
}

/* What the next attempt is, by the router's uptime `now`. Without a loop (`events`), only an event starts it. */
function next(host, now, events) {
	const at = host.next_attempt_uptime;

	if (at == null) {
		switch (host.state) {
		case 'stopped':
			return _('none until you act');
		case 'no-address':
			return _('when there is an address');
		case 'invalid':
			return _('none until the settings are corrected');
		case 'disabled':
			return _('none');
		default:
			return _('when the address changes');
		}
	}

	if (events && host.state == 'current')
		return _('when the address changes');

	if (events)
		return (at > now)
			? _('at the next network event, in %s at the earliest').format(meanings.span(at - now))
			: _('at the next network event');

	if (at - now < -60)
		return _('due since %s').format(meanings.span(now - at));

	if (at <= now)
		return _('now');

	return (host.state == 'current')
		? _('when the address changes, at the latest in %s').format(meanings.span(at - now))
		: _('in %s').format(meanings.span(at - now));
}

/* [ what happened, what to do, the program's own message ] */
function answer(service, host) {
	const known = meanings.code(host.code, service.server, host.message_id, host.message_values);
	const message = messages.of(host, 'message') ?? '';
	const note = messages.of(service, 'address_note');

	if (host.state == 'invalid')
		return [ _('The settings of this service are wrong, so nothing is sent.'),
			_('Correct the problem named above, then press Save & Apply.'), message ];

	if (host.state == 'disabled')
		return [ _('Nothing is sent.'), '', '' ];

	if (host.code == null)
		return [ _('Not sent yet.'), '', message ];

	if (known == null)
		return [ message || host.code, '', '' ];

	if (host.state == 'current')
		return [ known[0], '', '' ];

	/* The note of the address has the same text. */
	return [ known[0], known[1] ?? '', (detailed.test(host.code) && message !== note) ? message : '' ];
}

function cell(name, label, children) {
	return E('td', { 'class': 'nicup-' + name, 'data-label': label }, children);
}

const Table = baseclass.extend({
	__init__() {
		this.rows = [];
		this.shape = null;
		this.all = false;
		this.body = E('tbody');
		this.more = E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-neutral nicup-more',
			'click': () => {
				this.all = !this.all;
				this.update(this.last);
			}
		}, [ '' ]);
		this.sums = E('span', { 'class': 'nicup-sums' }, [ '' ]);
		this.node = E('div', {}, [
			E('div', { 'class': 'nicup-line' }, [ this.sums, this.more ]),
			E('table', { 'class': 'nicup-table nicup-hosts' }, [
				E('thead', {}, [
					E('tr', {}, columns.map(([ name, title ]) => E('th', { 'class': 'nicup-' + name, 'scope': 'col' }, [ title ])))
				]),
				this.body
			])
		]);
	},

	row(service, host) {
		const parts = {
			name: E('span', {}, [ '' ]),
			state: E('span', {}, [ '' ]),
			since: E('small', {}, [ '' ]),
			registered: E('span', {}, [ '' ]),
			wan: E('span', {}, [ '' ]),
			note: E('small', {}, [ '' ]),
			what: E('div', {}, [ '' ]),
			todo: E('strong', {}, [ '' ]),
			own: E('small', {}, [ '' ]),
			next: E('span', {}, [ '' ])
		};

		parts.node = E('tr', {}, columns.map(([ name, title ]) => cell(name, title, {
			name: [ parts.name ],
			state: [ parts.state, ' ', parts.since ],
			registered: [ parts.registered ],
			wan: [ parts.wan, ' ', parts.note ],
			answer: [ parts.what, parts.todo, parts.own ],
			next: [ parts.next ]
		}[name])));

		return Object.assign(parts, { service, host });
	},

	head(service) {
		const parts = { route: E('small', {}, [ '' ]) };

		parts.node = E('tr', { 'class': 'nicup-service' }, [
			E('td', { 'colspan': String(columns.length) }, [ E('strong', {}, [ service.name ]), ' ', parts.route ])
		]);

		return Object.assign(parts, { service });
	},

	/* Which rows there are; they are made anew only where this changes. */
	chosen(known) {
		const total = nicup.hosts(known).length;
		const hide = total > many && !this.all;

		let room = hide ? many : Infinity;

		return nicup.ranked(known).map(service => {
			const wanted = hide ? service.hosts.filter(host => host.state != 'current') : service.hosts;
			const hosts = wanted.slice(0, room);

			room -= hosts.length;

			return { service, hosts };
		}).filter(entry => !hide || entry.hosts.length > 0);
	},

	build(entries) {
		const nodes = [];

		this.rows = [];
		this.heads = [];

		for (const entry of entries) {
			const head = this.head(entry.service);

			this.heads.push(head);
			nodes.push(head.node);

			for (const host of entry.hosts) {
				const row = this.row(entry.service, host);

				this.rows.push(row);
				nodes.push(row.node);
			}
		}

		this.body.replaceChildren(...nodes);
	},

	update(known) {
		this.last = known;

		const entries = this.chosen(known);
		const shape = JSON.stringify(entries.map(e => [ e.service.name, e.hosts.map(h => h.hostname) ]));

		if (shape !== this.shape) {
			this.build(entries);
			this.shape = shape;
		}

		let at = 0;

		entries.forEach((entry, index) => {
			this.updateHead(this.heads[index], entry.service);

			for (const host of entry.hosts)
				this.updateRow(known, this.rows[at++], entry.service, host);
		});

		this.updateSums(known);
		this.tick(known);
	},

	updateHead(parts, service) {
		parts.service = service;
		put(parts.route, route(service));
	},

	updateRow(known, parts, service, host) {
		const since = nicup.since(known, host.changed);
		const [ what, todo, own ] = answer(service, host);
		const registered = addresses(host.registered_ipv4, host.registered_ipv6);
		const differs = (service.ipv4 && host.registered_ipv4 && service.ipv4 != host.registered_ipv4) ||
			(service.ipv6 && host.registered_ipv6 && service.ipv6 != host.registered_ipv6);

		parts.host = host;
		put(parts.name, host.hostname);
		put(parts.state, meanings.state(host.state));
		style(parts.state, 'nicup-badge nicup-is-' + host.state.replace(/[^a-z-]/g, ''));
		put(parts.since, since != null ? _('since %s').format(meanings.span(since)) : '');
		if (parts.changed !== host.changed) {
			parts.since.title = meanings.date(host.changed) ?? '';
			parts.changed = host.changed;
		}

		put(parts.registered, registered);
		style(parts.registered, differs ? 'nicup-differs' : '');
		put(parts.wan, addresses(service.ipv4, service.ipv6));
		put(parts.note, messages.of(service, 'address_note') ?? '');
		put(parts.what, what);
		put(parts.todo, todo);
		put(parts.own, own != '' ? _('nicup says: %s').format(own) : '');
	},

	updateSums(known) {
		const hosts = nicup.hosts(known);
		const sums = {};

		for (const host of hosts)
			sums[host.state] = (sums[host.state] ?? 0) + 1;

		put(this.sums, Object.entries(sums).map(([ state, count ]) => meanings.count(state, count)).join(', '));
		hide(this.more, hosts.length <= many);
		put(this.more, this.all ? _('Show fewer') : N_(hosts.length, 'Show all %d', 'Show all %d').format(hosts.length));
	},

	/* Countdowns only. */
	tick(known) {
		const now = nicup.uptime();
		const events = nicup.eventsOnly(known);

		for (const parts of this.rows)
			put(parts.next, next(parts.host, now, events));
	}
});

return baseclass.extend({
	create(...args) {
		return new Table(...args);
	}
});
