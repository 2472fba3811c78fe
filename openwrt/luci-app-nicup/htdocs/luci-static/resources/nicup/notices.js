'use strict';
'require baseclass';
'require ui';
'require uci';
'require nicup.meanings as meanings';
'require nicup.messages as messages';
'require nicup.model as nicup';
'require nicup.valid as valid';

/* globals meanings, messages, nicup, valid */

/*
 * What the user has to know about nicup as a whole, and what is wrong with its files.
 */

/* [ level, text ] for a status file that the page cannot use, or null. */
function trouble(known) {
	switch (known.trouble) {
	case 'missing':
		return [ 'warning', _('There is no status yet: nicup has not run since the router started.') ];
	case 'damaged':
		return [ 'error', _('The status file is damaged (%s): press Update now to write it anew.').format(known.detail) ];
	case 'older':
		return [ 'error', _('The status file has an older version (%s) than this page reads (1): update the package nicup.').format(known.detail) ];
	case 'newer':
		return [ 'error', _('The status file has a newer version (%s) than this page reads (1): update the package luci-app-nicup.').format(known.detail) ];
	case 'forbidden':
		return [ 'error', _('You do not have permission to read the status: log out and in again. If that does not help, install the package luci-app-nicup again.') ];
	case 'unreadable':
		return [ 'error', _('The status cannot be read (%s): check that the router is reachable.').format(known.detail) ];
	default:
		return null;
	}
}

function problem(entry) {
	const message = messages.of(entry, 'message') ?? '';
	const level = entry.level == 'error' ? 'error' : 'warning';

	if (entry.file == null)
		return [ level, message ];

	return [ level, (entry.line != null)
		? _('%s, line %d: %s').format(entry.file, entry.line, message)
		: '%s: %s'.format(entry.file, message) ];
}

/* What has to be done before anything else counts, or null. */
function situation(known) {
	const main = uci.sections('nicup', 'nicup')[0];
	const on = section => valid.flag(section?.enabled) != '0';

	/* A form that is filled in but not applied comes first: nothing can run before. */
	if (known.unsaved)
		return [ 'warning', _('There are unsaved changes: press Save & Apply.') ];

	if (known.settings != null)
		return null;

	if (!on(main))
		return [ 'warning', _('nicup is disabled, so nothing is sent: enable it under General below, then press Save & Apply.') ];

	/* The init script starts nothing then. */
	if (!uci.sections('nicup', 'service').some(on))
		return [ 'warning', _('No service is enabled: add one below, or enable one, then press Save & Apply.') ];

	return null;
}

/* What the init script and procd make of it, where anything is to run: [ level, text, action ] */
function service(known) {
	if (known.running === false && nicup.mode(known) == 'watch')
		return [ 'error', known.status == null
			? _('The service nicup is not running: press Start.')
			: _('The service nicup is not running, so nothing is kept up to date (what you see is %s old): press Start.').format(meanings.span(nicup.age(known))), 'start' ];

	if (known.boot === false)
		return [ 'warning', _('The service nicup does not start when the router boots: press Enable.'), 'enable' ];

	return null;
}

function clock(known) {
	return (known.status != null && known.status.time == null)
		? [ 'warning', _('The router\'s clock is not set yet, so there are no dates here. Secure connections may fail until NTP has set it.') ]
		: null;
}

const Notices = baseclass.extend({
	/* `acts`: what to call for an action, by its name. */
	__init__(acts) {
		this.acts = acts;
		this.shape = null;
		this.node = E('div', { 'class': 'nicup-notices' });
	},

	/* [ level, text, action ] of everything that the user has to know. */
	list(known) {
		if (!known.installed)
			return [ [ 'error', _('The program nicup is not installed: install the package nicup (System, Software).') ] ];

		const first = situation(known);

		return [ trouble(known), first ?? service(known), clock(known),
			...(known.status?.problems ?? []).map(problem) ].filter(notice => notice != null);
	},

	update(known, mayWrite) {
		const notices = this.list(known);
		const shape = JSON.stringify([ mayWrite, notices.map(([ level, , action ]) => [ level, action ]) ]);

		/* A button must not be exchanged while it is pressed. */
		if (shape !== this.shape) {
			this.texts = notices.map(() => E('span', {}, [ '' ]));
			this.node.replaceChildren(...notices.map(([ level, , action ], index) =>
				E('div', { 'class': 'nicup-notice nicup-' + level }, [
					this.texts[index], (action != null && mayWrite) ? this.button(action) : ''
				])));
			this.shape = shape;
		}

		notices.forEach(([ , text ], index) => {
			if (this.texts[index].textContent !== text)
				this.texts[index].textContent = text;
		});
	},

	button(action) {
		return E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-positive',
			'click': ui.createHandlerFn(this, () => this.acts[action]())
		}, [ { start: _('Start'), enable: _('Enable') }[action] ]);
	}
});

return baseclass.extend({
	create(...args) {
		return new Notices(...args);
	},

	/* For the card: the first thing that is wrong with the whole, or null. */
	worst(known) {
		const problems = (known.status?.problems ?? []).filter(entry => entry.level == 'error');

		return trouble(known) ?? (problems.length > 0 ? problem(problems[0]) : null);
	}
});
