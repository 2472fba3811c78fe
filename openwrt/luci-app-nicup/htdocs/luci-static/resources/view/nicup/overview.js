'use strict';
'require view';
'require poll';
'require uci';
'require nicup.actions as actions';
'require nicup.events as events';
'require nicup.hosts as hosts';
'require nicup.importer as importer';
'require nicup.model as nicup';
'require nicup.notices as notices';
'require nicup.services as services';

/* globals actions, events, hosts, importer, nicup, notices, services */

/*
 * The page: the status on top, refreshed in place, and the form below it.
 */

return view.extend({
	load() {
		return Promise.all([
			L.resolveDefault(uci.load('nicup')),
			L.resolveDefault(uci.load('ddns'))
		]).then(() => Promise.all([ nicup.load(), services.load() ]));
	},

	render([ known, choices ]) {
		this.mayWrite = L.hasViewPermission() !== false;
		this.actions = actions.create(() => this.refresh());
		this.hosts = hosts.create(service => this.actions.resume(service));
		this.events = events.create();
		this.notices = notices.create(() => this.actions.start());
		this.table = E('div', {}, [ this.hosts.node, this.events.node ]);
		this.status = E('div', { 'class': 'nicup-status cbi-section' }, [
			this.notices.node, this.actions.node, this.table
		]);
		this.known = known;
		this.draw();

		const map = services.map(choices);

		poll.add(() => this.refresh(), 3);
		poll.add(() => this.tick(), 1);

		return map.render().then(form => E('div', {}, [
			E('link', { 'rel': 'stylesheet', 'href': L.resource('nicup/nicup.css') }),
			E('h2', {}, [ _('No-IP dynamic DNS') ]),
			this.status,
			this.importButton(map),
			form
		]));
	},

	importButton(map) {
		if (!this.mayWrite || !importer.offers())
			return E('div');

		return E('div', { 'class': 'nicup-notice' }, [
			E('span', {}, [ _('ddns-scripts has settings for No-IP. They can be taken over.') ]),
			E('button', {
				'type': 'button',
				'class': 'btn cbi-button cbi-button-action nicup-import',
				'click': () => importer.ask(() => services.refresh(map))
			}, [ _('Import from ddns-scripts') ])
		]);
	},

	refresh() {
		return nicup.load().then(known => {
			this.known = known;
			this.draw();
		});
	},

	draw() {
		const known = this.known;

		this.notices.update(known, this.mayWrite);
		this.actions.show(known, this.mayWrite);
		this.table.hidden = known.status == null || known.status.services.length == 0;
		this.status.classList.toggle('nicup-old', nicup.stale(known));

		if (known.status != null) {
			this.hosts.update(known, this.mayWrite);
			this.events.update(known);
		}
	},

	tick() {
		if (this.known.status != null)
			this.hosts.tick(this.known);

		return Promise.resolve();
	}
});
