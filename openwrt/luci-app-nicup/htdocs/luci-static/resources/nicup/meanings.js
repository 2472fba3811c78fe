'use strict';
'require baseclass';
'require uci';

/*
 * What a state or a code of status.json means, and what to do; spans of time and times of day. Does not read the file.
 *
 * %s is the server that responded: No-IP, or the name of another one.
 */

const states = {
	'current': _('Current'),
	'waiting': _('Waiting'),
	'stopped': _('Stopped'),
	'no-address': _('No address'),
	'invalid': _('Wrong settings'),
	'disabled': _('Disabled')
};

const again = _('Nothing to do: nicup retries automatically.');
const filter = _('Look for a filter or firewall between the router and the server, then press Resume.');
const login = _('Correct the username and password below (with two-factor login, create a DDNS key), then press Save & Apply.');

const codes = {
	'good': [ _('%s accepted the address.') ],
	'nochg': [ _('%s already had this address.') ],
	'badauth': [ _('%s rejected the username or password.'), login ],
	'nohost': [ _('%s does not know this hostname under this login.'),
		_('Correct the hostname or the login below and press Save & Apply, or create the hostname there and press Resume.') ],
	'notfqdn': [ _('%s does not accept this as a hostname.'),
		_('Write it below with its domain, for example home.example.net, then press Save & Apply.') ],
	'!yours': [ _('%s says that this hostname belongs to another account.'),
		_('Correct the hostname or the login below, then press Save & Apply.') ],
	'!active': [ _('%s says that this hostname is not active.'),
		_('Activate or confirm the hostname in your account there, then press Resume.') ],
	'!donator': [ _('%s says that this needs a paid account.'),
		_('Clear "Mark as offline" below and press Save & Apply, or upgrade the account and press Resume.') ],
	'numhost': [ _('%s says that these are too many hostnames.'),
		_('Remove some of them below, then press Save & Apply.') ],
	'abuse': [ _('%s blocked this user.'),
		_('Ask the support of the provider, then press Resume.') ],
	'badagent': [ _('%s rejects this program.'),
		_('Enter your email address as contact below and press Save & Apply, or update nicup.') ],
	'badsys': [ _('%s rejects this program.'),
		_('Enter your email address as contact below and press Save & Apply, or update nicup.') ],
	'mismatch': [ _('%s registered another address than the one sent.'),
		_('Look for a proxy between the router and the server, then press Resume.') ],
	'911': [ _('%s has an outage.'), again ],
	'dnserr': [ _('%s has trouble with its own DNS.'), again ],
	'unintelligible': [ _('The response did not come from %s.'),
		_('Check for a captive portal (log in to the provider\'s page) or a proxy.') ],
	'dns': [ _('The router cannot resolve the name of the server.'),
		_('Check the internet connection and the router\'s DNS.') ],
	'connect': [ _('No connection to %s.'), _('Check the internet connection.') ],
	'tls': [ _('No secure connection to %s.'),
		_('Check that the package ca-bundle is installed and that nothing intercepts the connection.') ],
	'timeout': [ _('%s did not respond in time.'), _('Check the internet connection.') ],
	'proxy': [ _('The proxy failed.'), _('Check the proxy under Connection below.') ],
	'clock': [ _('The router\'s clock is not set, so certificates cannot be verified.'),
		_('Check that NTP is enabled (System, Time Synchronization).') ],
	'unconfirmed': [ _('nicup sent the address, but no response came.'), again ],
	'storm': [ _('The address changes too often: nicup sends one update every 5 minutes until it is stable.'), again ],
	'no-address': [ _('There is no address to send.'),
		_('Check that the interface is up, and that it is the right one below.') ],
	'private-address': [ _('The router has only a private address, which cannot be reached from the internet.'),
		_('Make the router in front a bridge, or ask the provider for a public address.') ],
	'address-unknown': [ _('nicup could not detect the router\'s address.'), again ]
};

/* The same for a server that is not No-IP's, where the reason is most likely in the settings. */
const elsewhere = {
	'unintelligible': [ _('%s sent an unexpected response.'),
		_('Check the server and the path under Connection below, then press Save & Apply.') ],
	'rejected': [ _('%s rejects the request (HTTP %s).'),
		_('Check the login and the path below, press Save & Apply, then press Resume.') ]
};

/* How many hosts are in a state. */
const counted = {
	'current': count => N_(count, '%d current', '%d current'),
	'waiting': count => N_(count, '%d waiting', '%d waiting'),
	'stopped': count => N_(count, '%d stopped', '%d stopped'),
	'no-address': count => N_(count, '%d without an address', '%d without an address'),
	'invalid': count => N_(count, '%d with wrong settings', '%d with wrong settings'),
	'disabled': count => N_(count, '%d disabled', '%d disabled')
};

return baseclass.extend({
	state(state) {
		return states[state] ?? String(state);
	},

	count(state, count) {
		return (counted[state]?.(count) ?? ('%d ' + String(state).replace(/%/g, '%%'))).format(count);
	},

	/* The server as a person calls it. */
	who(server) {
		return (server == null || /(^|\.)no-ip\.com$/.test(server)) ? 'No-IP' : String(server);
	},

	/* The codes that have texts, for the tests. */
	known() {
		return Object.keys(codes);
	},

	/*
	 * [ what it means, what to do or null ]; null if the code has no text here. `id` is the identifier of the message, `values` are
	 * those in it: of a list of interfaces, the first is the sentence for one of them, perhaps without its end.
	 */
	code(code, server, id, values) {
		if (id == 'unique-local' || (id == 'no-address-in-list' && /^\S+ has only the local IPv6 address /.test(values?.[0])))
			return [ _('The interface has only a local IPv6 address, which cannot be reached from the internet.'),
				_('Ask the provider for an IPv6 prefix, or choose another interface for IPv6 below.') ];

		const http = /^http-(\d+)$/.exec(code ?? '');
		const other = /^http-40[13]$/.test(code) ? 'rejected' : code ?? '';

		if (this.who(server) != 'No-IP' && Object.hasOwn(elsewhere, other))
			return [ elsewhere[other][0].format(this.who(server), http?.[1]), elsewhere[other][1] ];

		if (http != null)
			return [ this.http(http[1]).format(this.who(server), http[1]), other == 'rejected' ? filter : again ];

		if (!Object.hasOwn(codes, code ?? ''))
			return null;

		return [ codes[code][0].format(this.who(server)), codes[code][1] ?? null ];
	},

	http(status) {
		switch (status) {
		case '429':
			return _('%s says that there were too many requests.');
		case '401':
		case '403':
			return _('A filter or firewall in front of %s rejects the request (HTTP %s).');
		default:
			return _('%s has an outage (HTTP %s).');
		}
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

	/* A wall time of the router in the router's zone, or null. */
	date(time, style) {
		const date = new Date(time * 1000);

		return (time != null && Number.isFinite(date.getTime())) ? this.formatter(style).format(date) : null;
	},

	/* Made once for each style: making one takes longer than many uses. */
	formatter(style) {
		const zone = String(uci.sections('system', 'system')[0]?.zonename ?? 'UTC').replace(/ /g, '_');
		const lang = document.documentElement.lang || undefined;
		const full = { dateStyle: 'medium', timeStyle: 'medium' };
		const make = timeZone => new Intl.DateTimeFormat(lang, Object.assign({ timeZone }, style ?? full));
		const key = JSON.stringify([ zone, style ]);

		this.formatters ??= {};

		try {
			return this.formatters[key] ??= make(zone);
		}
		catch {
			return this.formatters[key] = make('UTC');
		}
	},

	/* The time of day; with the date where it is another day than `now`. */
	clock(time, now) {
		const day = { year: 'numeric', month: '2-digit', day: '2-digit' };
		const same = now != null && this.date(time, day) == this.date(now, day);
		const parts = { hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' };

		return this.date(time, same ? parts : Object.assign({ month: 'short', day: 'numeric' }, parts));
	}
});
