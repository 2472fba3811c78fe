'use strict';
'require view';
'require poll';
'require uci';
'require ui';
'require nicup.actions as actions';
'require nicup.events as events';
'require nicup.hosts as hosts';
'require nicup.importer as importer';
'require nicup.meanings as meanings';
'require nicup.model as nicup';
'require nicup.notices as notices';
'require nicup.services as services';

/* globals actions, events, hosts, importer, meanings, nicup, notices, services */

/*
 * The page: the status on top, refreshed in place, and the form below it.
 */

/* Of how many refreshes one asks for more than the status file. */
const rarely = 4;

/* What to type where LuCI cannot read the settings. */
const commands = {
	missing: [ 'touch /etc/config/nicup', 'chmod 600 /etc/config/nicup' ],
	broken: [ 'nicup check', 'vi /etc/config/nicup' ]
};

return view.extend({
	load() {
		this.mayWrite = L.hasViewPermission() !== false;
		this.round = 0;

		return Promise.all([ nicup.loadSettings(), L.resolveDefault(uci.load('system')) ])
			.then(([ settings ]) => {
				this.settings = settings;

				return Promise.all([ nicup.load(true), services.load(), this.mayWrite ? importer.load() : null ]);
			});
	},

	render([ known, networks ]) {
		this.networks = networks;
		this.actions = actions.create(() => this.refresh(true));
		this.hosts = hosts.create();
		this.events = events.create();
		this.notices = notices.create({
			start: () => this.actions.startService(),
			enable: () => this.actions.enableService()
		});
		this.paused = E('p', { 'class': 'nicup-notice nicup-warning', 'hidden': '' }, [ E('span', {}, [ '' ]) ]);
		this.table = E('div', {}, [ this.hosts.node, this.events.node ]);
		this.status = E('div', { 'class': 'nicup-status cbi-section' }, [
			this.notices.node, this.paused, this.actions.node, this.table
		]);
		this.offer = E('div');
		this.form = E('div');
		this.known = Object.assign(known, { settings: this.settings });
		this.draw();

		poll.add(() => this.refresh());
		poll.add(() => this.tick(), 1);
		document.addEventListener('poll-stop', () => this.pause(true));
		document.addEventListener('poll-start', () => this.pause(false));
		window.addEventListener('beforeunload', event => {
			if (importer.unsaved())
				event.preventDefault();
		});

		return this.drawForm().then(() => E('div', {}, [
			E('link', { 'rel': 'stylesheet', 'href': L.resource('nicup/nicup.css') }),
			E('h2', {}, [ _('No-IP dynamic DNS') ]),
			this.hints(),
			this.status,
			this.offer,
			this.form
		]));
	},

	hints() {
		return E('div', {}, [
			E('p', {}, [ _('No-IP asks you to confirm free hostnames every 30 days: no program can do that for you.') ]),
			E('p', {}, [
				E('a', { 'href': 'https://my.noip.com/dynamic-dns', 'target': '_blank', 'rel': 'noreferrer noopener' }, [
					_('Create a DDNS key at No-IP')
				])
			])
		]);
	},

	/* The form, or in its place why there is none. */
	drawForm() {
		if (this.settings != null) {
			this.form.replaceChildren(this.noForm(this.settings));

			return Promise.resolve();
		}

		this.map = services.map(this.networks, () => importer.saved().then(() => this.refresh(true)));

		return this.map.render().then(node => {
			this.form.replaceChildren(node);
			this.drawOffer();
		});
	},

	noForm(settings) {
		const texts = {
			missing: _('The file /etc/config/nicup is missing, so there is no form: create the file.'),
			broken: _('LuCI cannot read /etc/config/nicup, so there is no form: correct the line that is named above.'),
			forbidden: _('You do not have permission to read the settings.')
		};

		return E('div', { 'class': 'cbi-section' }, [
			E('div', { 'class': 'nicup-notice nicup-error' }, [
				E('span', {}, [ texts[settings] ]),
				(settings in commands) ? E('button', {
					'type': 'button',
					'class': 'btn cbi-button cbi-button-neutral',
					'click': () => this.showCommands(settings)
				}, [ _('Show what to type') ]) : ''
			])
		]);
	},

	showCommands(settings) {
		ui.showModal(_('Correct the settings'), [
			E('p', {}, [ _('Log in to the router with SSH and type:') ]),
			E('pre', { 'class': 'nicup-draft', 'tabindex': '0' }, [ commands[settings].join('\n') ]),
			E('p', {}, [ _('This page shows the form again when LuCI can read the file.') ]),
			E('div', { 'class': 'button-row' }, [
				E('button', { 'type': 'button', 'class': 'btn cbi-button', 'click': () => ui.hideModal() }, [ _('Close') ])
			])
		]);
	},

	/* The import that ddns-scripts offers, and a warning while both update the same hostname. */
	drawOffer() {
		const doubled = importer.doubled();
		const notice = (text, ...buttons) => E('div', { 'class': 'nicup-notice' }, [ E('span', {}, [ text ]), ...buttons ]);
		const button = (title, name, click) => E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-action ' + name,
			'click': ui.createHandlerFn(this, click)
		}, [ title ]);
		const nodes = [];

		if (this.mayWrite && importer.offers())
			nodes.push(notice(_('ddns-scripts has settings for No-IP. nicup can import them.'),
				button(_('Import from ddns-scripts'), 'nicup-import', () => importer.ask(() =>
					services.refresh(this.map).then(() => this.drawOffer()))),
				button(_('Do not import'), 'nicup-decline', () => {
					importer.decline();
					this.drawOffer();
				})));

		if (importer.unsaved())
			nodes.push(notice(_('The import is not saved yet: press Save & Apply.')));
		else if (doubled.length > 0)
			nodes.push(notice(_('ddns-scripts and nicup both update %s: disable one of them.').format(doubled.join(', ')),
				button(_('Disable in ddns-scripts'), 'nicup-disable-old', () => importer.disableOld().then(() => this.refresh(true)))));

		this.offer.replaceChildren(...nodes);
	},

	/* One read of the status file; with `all`, and at every fourth call, the rest too. */
	refresh(all) {
		const rest = all || (++this.round % rarely) == 0;

		return nicup.load(rest).then(known => {
			this.known = Object.assign(known, { settings: this.settings });
			this.draw();

			if (all && this.map != null)
				this.drawOffer();

			return (rest && this.settings != null) ? this.retrySettings() : null;
		});
	},

	retrySettings() {
		return nicup.loadSettings().then(settings => {
			if (settings === this.settings)
				return null;

			/* LuCI draws a form's buttons only when it opens a view. */
			if (settings == null)
				return window.location.reload();

			this.settings = this.known.settings = settings;
			this.draw();

			return this.drawForm();
		});
	},

	draw() {
		const known = this.known;

		this.notices.update(known, this.mayWrite);
		this.actions.show(known, this.mayWrite);
		this.table.hidden = known.status == null || known.status.services.length == 0;
		this.status.classList.toggle('nicup-old', nicup.stale(known));

		if (known.status != null) {
			this.hosts.update(known);
			this.events.update(known);
		}
	},

	pause(stopped) {
		const since = meanings.clock(this.known.status?.time, null);

		this.paused.hidden = !stopped;
		this.paused.firstChild.textContent = (since != null)
			? _('This page is not refreshing: you see the state of %s.').format(since)
			: _('This page is not refreshing.');
	},

	tick() {
		if (this.known.status != null) {
			this.hosts.tick(this.known);
			this.events.tick();
		}

		this.actions.show(this.known, this.mayWrite);

		return Promise.resolve();
	},

	/* A form that is not there cannot be saved. */
	addFooter() {
		return (this.settings == null) ? this.super('addFooter', []) : E('div');
	}
});
