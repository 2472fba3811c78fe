'use strict';
'require baseclass';
'require uci';
'require nicup.meanings as meanings';
'require nicup.messages as messages';
'require nicup.model as nicup';
'require nicup.notices as notices';
'require nicup.valid as valid';

/* globals meanings, messages, nicup, notices, valid */

/*
 * The card on the Overview page: what is wrong with the whole, each host's state, and what to do.
 */

const shown = 10;

/* Of how many refreshes one asks for more than the status file. */
const rarely = 4;

/* A long text breaks in it; the theme's cells do not. */
const cell = (title, text) => E('td', { 'class': 'td left', 'data-title': title }, [ E('span', { 'class': 'nicup-cell' }, [ text ]) ]);

function row(service, host) {
	const [ what, todo ] = meanings.code(host.code, service.server, host.message_id, host.message_values) ?? [ messages.of(host, 'message') ?? '', null ];
	const addresses = [ host.registered_ipv4, host.registered_ipv6 ].filter(address => address).join(' ');
	const fine = host.state == 'current' || host.state == 'disabled';

	return E('tr', { 'class': 'tr' }, [
		cell(_('Hostname'), host.hostname),
		E('td', { 'class': 'td left', 'data-title': _('State') }, [
			E('span', { 'class': 'nicup-badge nicup-is-' + host.state.replace(/[^a-z-]/g, '') }, [ meanings.state(host.state) ])
		]),
		cell(_('Registered'), addresses || '–'),
		cell(_('What to do'), fine ? '–' : [ what, todo ].filter(text => text).join(' '))
	]);
}

/* Whether anything is to be kept up to date, as far as the settings can be read. */
function wanted(known) {
	return known.settings != null || uci.sections('nicup', 'service').some(service => valid.flag(service.enabled) != '0');
}

return baseclass.extend({
	title: _('No-IP dynamic DNS'),

	load() {
		const all = ((this.round = (this.round ?? -1) + 1) % rarely) == 0;

		return (all ? nicup.loadSettings() : Promise.resolve(this.settings)).then(settings => {
			this.settings = settings;

			return nicup.load(all).then(known => Object.assign(known, { settings }));
		});
	},

	render(known) {
		/* A login without rights for nicup has no card, and neither has a router without the program. */
		if (known == null || !known.installed || known.trouble == 'forbidden')
			return null;

		const hosts = nicup.ranked(known).flatMap(service => service.hosts.map(host => [ service, host ]))
			.sort(([ , one ], [ , two ]) => nicup.rank(one) - nicup.rank(two));
		const wrong = notices.worst(known);
		const notes = [];

		if (hosts.length == 0 && !wanted(known) && [ null, 'missing' ].includes(known.trouble))
			return null;

		if (known.settings == 'broken')
			notes.push(_('The settings in /etc/config/nicup cannot be read: correct the file.'));
		else if (known.settings == 'missing')
			notes.push(_('The file /etc/config/nicup is missing: create it.'));

		if (wrong != null)
			notes.push(wrong[1]);

		if (nicup.stale(known) && known.trouble == null)
			notes.push(_('The service nicup is not running: this is %s old.').format(meanings.span(nicup.age(known))));

		return E('div', {}, [
			E('link', { 'rel': 'stylesheet', 'href': L.resource('nicup/nicup.css') }),
			...notes.map(note => E('div', { 'class': 'nicup-notice nicup-error' }, [ E('span', {}, [ note ]) ])),
			hosts.length > 0 ? this.table(hosts) : '',
			E('p', {}, [ E('a', { 'href': L.url('admin/services/nicup') }, [ _('Details and settings') ]) ])
		]);
	},

	table(hosts) {
		const more = hosts.length - shown;

		return E('div', {}, [
			E('table', { 'class': 'table' }, [
				E('tr', { 'class': 'tr table-titles' }, [ _('Hostname'), _('State'), _('Registered'), _('What to do') ].map(title =>
					E('th', { 'class': 'th', 'scope': 'col' }, [ title ]))),
				...hosts.slice(0, shown).map(([ service, host ]) => row(service, host))
			]),
			more > 0 ? E('p', {}, [ N_(more, '… and %d more host', '… and %d more hosts').format(more) ]) : ''
		]);
	}
});
