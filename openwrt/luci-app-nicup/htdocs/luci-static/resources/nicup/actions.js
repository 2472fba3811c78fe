'use strict';
'require baseclass';
'require fs';
'require ui';
'require nicup.meanings as meanings';
'require nicup.model as nicup';

/* globals meanings, nicup */

/*
 * The buttons, why one of them is grey, and the result. Every command has fixed arguments, which the access list names.
 */

const program = '/usr/sbin/nicup';
const script = '/etc/init.d/nicup';
const shown = 40;

const denied = _('You do not have permission to make changes.');

function output(...texts) {
	return texts.map(text => (text ?? '').trim()).filter(text => text != '').join('\n');
}

function put(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

const Actions = baseclass.extend({
	/* `refresh` is called after a command has ended. */
	__init__(refresh) {
		this.refresh = refresh;
		this.busy = false;
		this.buttons = {
			update: this.button('action', _('Update now'), _('Send every address now, even if it is registered already. Possible once in 10 minutes.'), this.update),
			resume: this.button('action', _('Resume'), _('Clear all stops and nicup\'s own back-off, then retry.'), this.resume),
			check: this.button('neutral', _('Check'), _('Show what nicup would send and why. This sends nothing.'), this.check),
			dns: this.button('neutral', _('Check DNS'), _('The same, and ask DNS for the hostnames.'), this.dns),
			start: this.button('neutral', _('Start'), _('Start the service.'), this.start),
			stop: this.button('neutral', _('Stop'), _('Stop the service until it is started or the router boots.'), this.stop),
			restart: this.button('neutral', _('Restart'), _('Stop and start the service.'), this.restart),
			enable: this.button('neutral', _('Start at boot'), _('Start the service when the router boots.'), this.enable),
			disable: this.button('neutral', _('Do not start at boot'), _('Do not start the service when the router boots.'), this.disable)
		};
		this.state = E('span', { 'class': 'nicup-state-of-service' }, [ '' ]);
		this.reason = E('small', { 'class': 'nicup-reason' }, [ '' ]);
		this.result = E('div', { 'class': 'nicup-result', 'role': 'status', 'tabindex': '0', 'hidden': '' }, [ '' ]);
		this.node = E('div', {}, [
			E('div', { 'class': 'nicup-line' }, [
				this.state, ...[ 'start', 'stop', 'restart', 'enable', 'disable' ].map(name => this.buttons[name])
			]),
			E('div', { 'class': 'nicup-line' }, [
				...[ 'update', 'resume', 'check', 'dns' ].map(name => this.buttons[name]), this.reason
			]),
			this.result
		]);

		for (const [ name, button ] of Object.entries(this.buttons))
			button.classList.add('nicup-' + name);
	},

	button(kind, title, help, run) {
		const node = E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-' + kind,
			'click': ui.createHandlerFn(this, () => this.run(title, run))
		}, [ title ]);

		return Object.assign(node, { help });
	},

	/* Why a button that changes something is grey, or null. */
	never(known, mayWrite) {
		if (!known.installed)
			return _('nicup is not installed.');

		return mayWrite ? null : denied;
	},

	/* Why Update now is grey, or null. */
	noUpdate(known) {
		const hosts = nicup.hosts(known);
		const live = hosts.filter(host => host.state != 'disabled');

		if (known.status == null)
			return null;

		if (hosts.length == 0)
			return _('There is no service yet.');

		if (live.length == 0)
			return _('Everything is disabled.');

		if (live.every(host => [ 'stopped', 'invalid' ].includes(host.state)))
			return _('Nothing can be sent: correct the settings or, if you removed the cause elsewhere, press Resume.');

		if (live.every(host => [ 'stopped', 'invalid', 'no-address' ].includes(host.state)))
			return _('There is no address to send.');

		if (live.every(host => nicup.ordered(host)))
			return _('The server asked nicup to wait; this cannot be skipped.');

		return null;
	},

	/* By button, why it is grey. */
	reasons(known, mayWrite) {
		const never = this.never(known, mayWrite);
		const resumable = nicup.hosts(known).some(host => nicup.resumable(host));

		return {
			update: never ?? this.noUpdate(known),
			resume: never ?? (resumable ? null : _('Nothing is stopped.')),
			check: never, dns: never, start: never, stop: never, restart: never, enable: never, disable: never
		};
	},

	show(known, mayWrite) {
		const reasons = this.reasons(known, mayWrite);
		const hidden = {
			start: known.running !== false,
			stop: !known.running,
			restart: !known.running,
			enable: known.boot !== false,
			disable: known.boot !== true
		};

		this.last = [ known, mayWrite ];

		for (const [ name, button ] of Object.entries(this.buttons)) {
			const off = this.busy || reasons[name] != null;
			const title = reasons[name] ?? button.help;

			if (button.disabled !== off)
				button.disabled = off;

			if (button.title !== title)
				button.title = title;

			if (button.hidden !== (hidden[name] ?? false))
				button.hidden = hidden[name] ?? false;
		}

		put(this.reason, [ ...new Set([ reasons.update, reasons.resume ]) ].filter(text => text != null).join(' '));
		put(this.state, [ known.status?.program, this.running(known), this.boot(known), this.asOf(known) ].filter(text => text).join(' · '));
	},

	running(known) {
		if (known.running == null)
			return null;

		if (known.running)
			return _('running');

		return nicup.mode(known) == 'hotplug' ? _('waits for network events') : _('not running');
	},

	boot(known) {
		return { 'true': _('starts at boot'), 'false': _('does not start at boot') }[known.boot];
	},

	asOf(known) {
		const status = known.status;

		if (status?.time == null)
			return null;

		return _('as of %s (%s)').format(meanings.clock(status.time, status.time + nicup.age(known)), meanings.ago(nicup.age(known)));
	},

	/* Runs a command and shows its output. A failure also stays on top until it is dismissed. */
	run(title, command) {
		if (this.busy)
			return Promise.resolve();

		this.busy = true;
		this.print(_('%s: in progress …').format(title), 'busy');

		return command.call(this).then(
			text => this.print(text || _('%s: done.').format(title), 'done'),
			error => {
				const text = _('%s failed: %s').format(title, error.message);

				this.print(text, 'error');
				ui.addNotification(null, E('p', {}, [ text ]), 'error');
			}
		).then(() => this.refresh()).finally(() => {
			this.busy = false;
			/* LuCI makes a button usable when its handler ends, even one that is grey for a reason. */
			window.setTimeout(() => this.show(...this.last), 0);
		});
	},

	print(text, kind) {
		const lines = text.split('\n');
		const kept = lines.slice(0, shown);
		const more = lines.length - shown;

		if (more > 0)
			kept.push(N_(more, '… and %d more line', '… and %d more lines').format(more));

		this.result.className = 'nicup-result nicup-result-' + kind;
		this.result.textContent = kept.join('\n');
		this.result.hidden = false;
	},

	/* By cgi-io: rpcd kills what takes longer than 30 seconds, and a pass may. */
	update() {
		return fs.exec_direct(program, [ 'run', '--force' ]).then(text => output(text));
	},

	resume() {
		return this.exec(program, [ 'resume' ]);
	},

	check() {
		return this.inspect([ 'check' ]);
	},

	dns() {
		return this.inspect([ 'check', '--dns' ]);
	},

	/* By rpcd, which also has the problems on standard error. What is wrong is a result and no failure. */
	inspect(args) {
		return fs.exec(program, args).then(reply => output(reply.stderr, reply.stdout));
	},

	start() {
		return this.exec(script, [ 'start' ]);
	},

	stop() {
		return this.exec(script, [ 'stop' ]);
	},

	restart() {
		return this.exec(script, [ 'restart' ]);
	},

	enable() {
		return this.exec(script, [ 'enable' ]);
	},

	disable() {
		return this.exec(script, [ 'disable' ]);
	},

	exec(command, args) {
		return fs.exec(command, args).then(reply => {
			const text = output(reply.stdout, reply.stderr);

			if (reply.code)
				throw new Error(text || _('exit status %d').format(reply.code));

			return text;
		});
	},

	/* For the notices' buttons. */
	startService() {
		return this.run(_('Start'), this.start);
	},

	enableService() {
		return this.run(_('Start at boot'), this.enable);
	}
});

return baseclass.extend({
	create(...args) {
		return new Actions(...args);
	}
});
