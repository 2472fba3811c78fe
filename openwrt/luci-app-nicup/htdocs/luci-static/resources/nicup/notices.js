'use strict';
'require baseclass';
'require uci';
'require nicup.model as nicup';
'require nicup.valid as valid';
'require nicup.words as words';

/* globals nicup, valid, words */

/*
 * What is to be said about nicup as a whole, and what is wrong with its files.
 */

function trouble(known) {
	switch (known.trouble) {
	case 'missing':
		return [ 'warning', _('There is no status yet: nicup has not run since the router started.') ];
	case 'damaged':
		return [ 'error', _('The status file is damaged (%s). Press Update now: it is written anew.').format(known.detail) ];
	case 'older':
		return [ 'error', _('The status file is of an older version (%s) than this page reads (1). Update the package nicup.').format(known.detail) ];
	case 'newer':
		return [ 'error', _('The status file is of a newer version (%s) than this page reads (1). Update the package luci-app-nicup.').format(known.detail) ];
	case 'forbidden':
		return [ 'error', _('This login may not read the status. Log out and in again; if that does not help, the package luci-app-nicup was not installed completely.') ];
	case 'unreadable':
		return [ 'error', _('The status cannot be read (%s). Is the router reachable?').format(known.detail) ];
	default:
		return null;
	}
}

function situation(known) {
	const status = known.status;
	const main = uci.sections('nicup', 'nicup')[0];
	const age = words.span(nicup.age(known));
	const on = section => valid.flag(section?.enabled) != '0';

	if (!on(main))
		return [ 'warning', _('nicup is switched off: nothing is sent. Switch it on under General below and save.') ];

	/* The init script starts nothing then. */
	if (!uci.sections('nicup', 'service').some(on))
		return [ 'warning', _('No service is switched on. Add one below, or switch one on, and press Save & Apply.') ];

	if (known.running === false && (status?.mode ?? main?.mode ?? 'watch') == 'watch')
		return [ 'error', status == null
			? _('The service nicup is not running. Press Start.')
			: _('The service nicup is not running, so nothing is kept up to date: what you see is %s old. Press Start.').format(age), 'start' ];

	return null;
}

function clock(known) {
	return (known.status != null && known.status.time == null)
		? [ 'warning', _('The router\'s clock is not set yet, so there are no dates here. Secure connections may fail until NTP has set it.') ]
		: null;
}

function problem(entry) {
	const place = (entry.line != null) ? _('%s, line %d').format(entry.file, entry.line) : entry.file;

	return [ entry.level == 'error' ? 'error' : 'warning', '%s: %s'.format(place, entry.message) ];
}

const Notices = baseclass.extend({
	/* `start` is called to start the service. */
	__init__(start) {
		this.start = start;
		this.shape = null;
		this.node = E('div', { 'class': 'nicup-notices' });
	},

	/* [ level, text, action ] of everything that is to be said. */
	list(known) {
		if (!known.installed)
			return [ [ 'error', _('The program nicup is not installed. Install the package nicup (System, Software).') ] ];

		return [ trouble(known), situation(known), clock(known),
			...(known.status?.problems ?? []).map(problem) ].filter(notice => notice != null);
	},

	update(known, mayWrite) {
		const notices = this.list(known);
		const shape = JSON.stringify([ mayWrite, notices.map(([ level, , action ]) => [ level, action ]) ]);

		/* A button must not be exchanged while somebody presses it. */
		if (shape !== this.shape) {
			this.texts = notices.map(() => E('span', {}, [ '' ]));
			this.node.replaceChildren(...notices.map(([ level, , action ], index) =>
				this.notice(level, this.texts[index], (action == 'start' && mayWrite) ? this.button() : '')));
			this.shape = shape;
		}

		notices.forEach(([ , text ], index) => {
			if (this.texts[index].textContent !== text)
				this.texts[index].textContent = text;
		});
	},

	notice(level, text, button) {
		return E('div', { 'class': 'nicup-notice nicup-' + level }, [ text, button ]);
	},

	button() {
		return E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-positive',
			'click': () => this.start()
		}, [ _('Start') ]);
	}
});

return baseclass.extend({
	create(...args) {
		return new Notices(...args);
	}
});
