'use strict';
'require baseclass';

/*
 * What a state or a code of status.json means, and what to do. Does not read the file.
 *
 * %s is who answered: No-IP, or the name of another server.
 */

const states = {
	'current': _('Current'),
	'waiting': _('Waiting'),
	'stopped': _('Stopped'),
	'no-address': _('No address'),
	'invalid': _('Wrong settings'),
	'disabled': _('Switched off')
};

const again = _('Nothing to do: it is tried again by itself.');
const login = _('Enter the username and the password of the DDNS key below and save.');
const resume = _('Then press Resume.');

const codes = {
	'good': [ _('%s accepted the address.') ],
	'nochg': [ _('%s already had this address.') ],
	'badauth': [ _('%s refused the username or the password.'), login ],
	'nohost': [ _('%s does not know this hostname under this login.'),
		_('Correct the hostname or the login below and save, or create the hostname there and press Resume.') ],
	'notfqdn': [ _('%s does not take this for a hostname.'),
		_('Write it below with its domain, for example home.example.net, and save.') ],
	'!yours': [ _('%s says that this hostname belongs to another account.'),
		_('Correct the hostname or the login below and save.') ],
	'!active': [ _('%s says that this hostname is not active.'),
		_('Activate or confirm it in your account there.') + ' ' + resume ],
	'!donator': [ _('%s says that this needs a paid account.'),
		_('Switch off "Mark as offline" below and save, or upgrade the account and press Resume.') ],
	'numhost': [ _('%s says that these are too many hostnames.'),
		_('Remove some of them below and save.') ],
	'abuse': [ _('%s blocked this user.'),
		_('Ask its support.') + ' ' + resume ],
	'badagent': [ _('%s refuses this program.'),
		_('Enter your mail address as contact below and save, or update nicup.') ],
	'badsys': [ _('%s refuses this program.'),
		_('Enter your mail address as contact below and save, or update nicup.') ],
	'mismatch': [ _('%s registered another address than the one sent.'),
		_('Look for a proxy between the router and the server.') + ' ' + resume ],
	'911': [ _('%s has an outage.'), again ],
	'dnserr': [ _('%s has trouble with its own DNS.'), again ],
	'unintelligible': [ _('Something else than %s answered.'),
		_('Log in to the provider\'s page if there is one, and check whether a proxy is in the way.') ],
	'dns': [ _('The name of the server was not found.'),
		_('Check the internet connection and the router\'s DNS.') ],
	'connect': [ _('No connection to %s.'), _('Check the internet connection.') ],
	'tls': [ _('No secure connection to %s.'),
		_('Check that the package ca-bundle is installed and that nothing intercepts the connection.') ],
	'timeout': [ _('%s did not answer in time.'), _('Check the internet connection.') ],
	'proxy': [ _('The proxy failed.'), _('Check the proxy under Connection below.') ],
	'clock': [ _('The router\'s clock is not set, so certificates cannot be checked.'),
		_('Check that NTP is switched on (System, Time Synchronization).') ],
	'unconfirmed': [ _('The address was sent, but the answer got lost.'), again ],
	'storm': [ _('The address changes too often: one update every 5 minutes until it is quiet.'), again ],
	'no-address': [ _('There is no address to send.'),
		_('Check that the interface is up, and that it is the right one below.') ],
	'private-address': [ _('The router has only a private address, which nobody outside can reach.'),
		_('Make the router in front a bridge, or ask the provider for a public address.') ],
	'address-unknown': [ _('The router\'s address could not be found out.'), again ]
};

return baseclass.extend({
	state(state) {
		return states[state] ?? String(state);
	},

	/* Who answers, as a person calls it. */
	who(server) {
		return (server == null || /(^|\.)no-ip\.com$/.test(server)) ? 'No-IP' : String(server);
	},

	/* The codes that have words, for the tests. */
	known() {
		return Object.keys(codes);
	},

	/* [ what it means, what to do or null ]; null where the code has no words here. */
	code(code, server) {
		const http = /^http-(\d+)$/.exec(code ?? '');

		if (http != null && http[1] == '429')
			return [ _('%s says that there were too many requests.').format(this.who(server)), again ];

		if (http != null)
			return [ _('%s has an outage (HTTP %s).').format(this.who(server), http[1]), again ];

		if (!Object.hasOwn(codes, code ?? ''))
			return null;

		return [ codes[code][0].format(this.who(server)), codes[code][1] ?? null ];
	},

	/* 45 s, 12 min 5 s, 3 h 20 min, 25 d 4 h */
	span(seconds) {
		const s = Math.max(0, Math.round(seconds));

		if (s < 60)
			return _('%d s').format(s);

		if (s < 3600)
			return _('%d min %d s').format(Math.floor(s / 60), s % 60);

		if (s < 172800)
			return _('%d h %d min').format(Math.floor(s / 3600), Math.floor(s % 3600 / 60));

		return _('%d d %d h').format(Math.floor(s / 86400), Math.floor(s % 86400 / 3600));
	},

	/* The same for the past, where seconds do not matter. */
	ago(seconds) {
		const s = Math.max(0, Math.round(seconds));

		if (s < 60)
			return _('just now');

		if (s < 3600)
			return _('%d min ago').format(Math.floor(s / 60));

		return _('%s ago').format(this.span(s));
	},

	/* A wall time of the router, in the browser's zone. */
	date(time) {
		return (time != null) ? new Date(time * 1000).toLocaleString() : null;
	}
});
