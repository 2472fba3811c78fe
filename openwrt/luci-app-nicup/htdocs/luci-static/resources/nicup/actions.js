'use strict';
'require baseclass';
'require fs';
'require nicup.model as nicup';

/* globals nicup */

/*
 * The buttons, why one of them is grey, and what came of it. Every command has fixed words.
 */

const program = '/usr/sbin/nicup';
const script = '/etc/init.d/nicup';
const shown = 20;

function set(button, reason, help, busy) {
	const off = busy || reason != null;
	const title = reason ?? help;

	if (button.disabled !== off)
		button.disabled = off;

	if (button.title !== title)
		button.title = title;
}

function said(...texts) {
	return texts.map(text => (text ?? '').trim()).filter(text => text != '').join('\n');
}

const Actions = baseclass.extend({
	/* `refresh` is called after a command has ended. */
	__init__(refresh) {
		this.refresh = refresh;
		this.busy = null;
		this.update_ = this.button('update', 'action', _('Update now'), () => this.update());
		this.resume_ = this.button('resume', 'action', _('Resume'), () => this.resume());
		this.reason = E('small', { 'class': 'nicup-reason' }, [ '' ]);
		this.result = E('div', { 'class': 'nicup-result', 'role': 'status', 'hidden': '' }, [ '' ]);
		this.node = E('div', {}, [
			E('div', { 'class': 'nicup-line' }, [ this.update_, this.resume_, this.reason ]),
			this.result
		]);
	},

	button(name, kind, title, click) {
		return E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-%s nicup-%s'.format(kind, name),
			'click': click
		}, [ title ]);
	},

	/* Why Update now can do nothing, or null. */
	noUpdate(known, mayWrite) {
		const hosts = nicup.hosts(known);
		const live = hosts.filter(host => host.state != 'disabled');

		if (!known.installed)
			return _('nicup is not installed.');

		if (!mayWrite)
			return _('This login may read, but change nothing.');

		if (known.status == null)
			return null;

		if (hosts.length == 0)
			return _('There is no service yet.');

		if (live.length == 0)
			return _('Everything is switched off.');

		if (live.every(host => [ 'stopped', 'invalid' ].includes(host.state)))
			return _('Nothing can be sent until the settings are corrected or, where only the cause was removed, until you press Resume.');

		if (live.every(host => [ 'stopped', 'invalid', 'no-address' ].includes(host.state)))
			return _('There is no address to send.');

		if (live.every(host => nicup.ordered(host)))
			return _('The server ordered a wait, which nothing shortens.');

		return null;
	},

	/* Why Resume can do nothing, or null. */
	noResume(known, mayWrite) {
		const hosts = nicup.hosts(known);

		if (!known.installed || !mayWrite)
			return this.noUpdate(known, mayWrite);

		if (hosts.some(host => nicup.resumable(host)))
			return null;

		return _('Nothing is stopped.');
	},

	show(known, mayWrite) {
		const update = this.noUpdate(known, mayWrite);
		const resume = this.noResume(known, mayWrite);
		const reason = [ ...new Set([ update, resume ]) ].filter(text => text != null).join(' ');

		set(this.update_, update, _('Send every address now, even if it is registered already. Once in 10 minutes.'), this.busy != null);
		set(this.resume_, resume, _('Forget stops and waits of nicup\'s own, and try again.'), this.busy != null);

		if (this.reason.textContent !== reason)
			this.reason.textContent = reason;
	},

	/* Runs a command, and shows what it said. */
	run(title, command) {
		if (this.busy != null)
			return Promise.resolve();

		this.busy = title;
		this.update_.disabled = this.resume_.disabled = true;
		this.tell(_('%s is under way …').format(title), 'busy');

		return command().then(
			text => this.tell(text || _('Done.'), 'done'),
			error => this.tell(_('%s failed: %s').format(title, error.message), 'error')
		).then(() => {
			this.busy = null;
			return this.refresh();
		});
	},

	tell(text, kind) {
		const lines = text.split('\n');
		const kept = lines.slice(0, shown);

		if (lines.length > shown)
			kept.push(_('… and %d more lines').format(lines.length - shown));

		this.result.className = 'nicup-result nicup-result-' + kind;
		this.result.textContent = kept.join('\n');
		this.result.hidden = false;
	},

	/* By cgi-io and not by rpcd: rpcd kills what takes longer than 30 seconds, and a pass may. */
	update() {
		return this.run(_('Update now'), () => fs.exec_direct(program, [ 'run', '--force' ]).then(text => said(text)));
	},

	resume(service) {
		const words = [ 'resume' ];

		if (service != null)
			words.push('--service=%s'.format(service));

		return this.run(_('Resume'), () => this.exec(program, words));
	},

	start() {
		return this.run(_('Start'), () => this.exec(script, [ 'enable' ]).then(() => this.exec(script, [ 'start' ])));
	},

	exec(command, words) {
		return fs.exec(command, words).then(reply => {
			const text = said(reply.stdout, reply.stderr);

			if (reply.code)
				throw new Error(text || _('exit status %d').format(reply.code));

			return text;
		});
	}
});

return baseclass.extend({
	create(...args) {
		return new Actions(...args);
	}
});
