'use strict';
'require baseclass';
'require uci';
'require nicup.model as nicup';
'require nicup.words as words';

/* globals nicup, words */

/*
 * The card on the Overview page: each host's state, and what to do where something is wrong.
 */

const shown = 10;

/* A long text breaks in it; the theme's cells do not. */
const cell = (title, text) => E('td', { 'class': 'td left', 'data-title': title }, [ E('span', { 'class': 'nicup-cell' }, [ text ]) ]);

/* What is wrong comes first. */
const order = [ 'stopped', 'invalid', 'no-address', 'waiting', 'current', 'disabled' ];

function row(service, host) {
	const [ what, todo ] = words.code(host.code, service.server) ?? [ host.message ?? '', null ];
	const addresses = [ host.registered_ipv4, host.registered_ipv6 ].filter(address => address).join(' ');
	const fine = host.state == 'current' || host.state == 'disabled';

	return E('tr', { 'class': 'tr' }, [
		cell(_('Hostname'), host.hostname),
		E('td', { 'class': 'td left', 'data-title': _('State') }, [
			E('span', { 'class': 'nicup-badge nicup-is-' + String(host.state).replace(/[^a-z-]/g, '') }, [ words.state(host.state) ])
		]),
		cell(_('Registered'), addresses || '–'),
		cell(_('What to do'), fine ? '–' : [ what, todo ].filter(text => text).join(' '))
	]);
}

return baseclass.extend({
	title: _('No-IP dynamic DNS'),

	load() {
		return L.resolveDefault(uci.load('nicup')).then(() => nicup.load());
	},

	render(known) {
		const hosts = (known?.status?.services ?? []).flatMap(service => service.hosts.map(host => [ service, host ]));

		if (hosts.length == 0)
			return null;

		hosts.sort(([ , one ], [ , two ]) => order.indexOf(one.state) - order.indexOf(two.state));

		const rows = hosts.slice(0, shown).map(([ service, host ]) => row(service, host));
		const notes = [];

		if (nicup.stale(known))
			notes.push(_('The service nicup is not running: this is %s old.').format(words.span(nicup.age(known))));

		if (hosts.length > shown)
			notes.push(_('… and %d more').format(hosts.length - shown));

		return E('div', {}, [
			E('link', { 'rel': 'stylesheet', 'href': L.resource('nicup/nicup.css') }),
			E('table', { 'class': 'table' }, [
				E('tr', { 'class': 'tr table-titles' }, [
					E('th', { 'class': 'th' }, [ _('Hostname') ]),
					E('th', { 'class': 'th' }, [ _('State') ]),
					E('th', { 'class': 'th' }, [ _('Registered') ]),
					E('th', { 'class': 'th' }, [ _('What to do') ])
				]),
				...rows
			]),
			...notes.map(note => E('p', {}, [ note ])),
			E('p', {}, [ E('a', { 'href': L.url('admin/services/nicup') }, [ _('Details and settings') ]) ])
		]);
	}
});
