'use strict';
'require baseclass';
'require form';
'require network';
'require uci';
'require nicup.fields as fields';
'require nicup.valid as valid';

/* globals fields, valid */

/*
 * The form: the general section, and the services as a list of which each is edited in tabs.
 */

/* A cell of the list. LuCI parses a bare string as HTML. */
function cell(o, text) {
	o.modalonly = false;
	o.textvalue = section_id => E('span', { 'class': 'nicup-cell' }, [ text(section_id) ]);

	return o;
}

/* Whether another service updates `name`, too. */
function taken(section_id, name) {
	const form = field => this.section.formvalue(section_id, field);
	const mine = { server: form('server'), username: form('username') };
	const other = uci.sections('nicup', 'service').find(service => service['.name'] != section_id &&
		valid.flag(service.enabled) != '0' && valid.shares(mine, service, name));

	return (other != null && name) ? _('Service %s already updates this hostname.').format(other['.name']) : null;
}

const Services = form.GridSection.extend({
	/* A copy has the same login for other hostnames: two services must not update the same hostname. */
	handleClone(section_id) {
		const taken = uci.sections('nicup').map(section => section['.name']);
		let count = 2;

		while (taken.includes('%s_%d'.format(section_id, count)))
			count++;

		const name = '%s_%d'.format(section_id, count);

		uci.add('nicup', 'service', name);

		for (const [ option, value ] of Object.entries(uci.get('nicup', section_id) ?? {}))
			if (option.charAt(0) != '.' && option != 'hostname')
				uci.set('nicup', name, option, value);

		this.map.addedSection = name;

		return this.renderMoreOptionsModal(name);
	},

	/* An order that was made before is saved first: LuCI loses it where it is saved together with removals. */
	handleRemove(section_id, ...args) {
		return this.map.save(null, true).catch(() => {}).then(() => this.super('handleRemove', [ section_id, ...args ]));
	},

	/* LuCI leaves the head of the buttons' column empty. */
	renderContents(...args) {
		const node = this.super('renderContents', args);

		for (const head of node.querySelectorAll('th'))
			if (head.textContent.trim() == '')
				head.appendChild(E('span', { 'class': 'nicup-unseen' }, [ _('Actions') ]));

		return node;
	},

	renderSectionAdd(...args) {
		const node = this.super('renderSectionAdd', args);
		const name = node.querySelector('.cbi-section-create-name');

		name?.setAttribute('placeholder', _('Name, for example home'));
		name?.setAttribute('aria-label', _('Name of the new service'));

		return node;
	},

	/* LuCI's own function does not report a missing or wrong value. */
	handleModalSave(modalMap, ...args) {
		const save = () => form.GridSection.prototype.handleModalSave.call(this, modalMap, ...args);

		return modalMap.parse().then(
			() => Promise.resolve(save()).then(() => this.saved?.()),
			error => this.complain(error.message));
	},

	complain(message) {
		const map = this.getActiveModalMap();
		const old = map.parentNode.querySelector('.nicup-complaint');
		const node = E('p', { 'class': 'nicup-complaint nicup-notice nicup-error', 'role': 'alert' }, [ E('span', {}, [ message ]) ]);

		old?.remove();
		map.parentNode.insertBefore(node, map.nextSibling);
		node.scrollIntoView({ block: 'nearest' });
	}
});

return baseclass.extend({
	/* What the list of interfaces offers. */
	load() {
		return L.resolveDefault(network.getNetworks(), []).then(networks => networks
			.filter(net => net.getName() != 'loopback')
			.map(net => [ net.getName(), '%s (%s)'.format(net.getName(), net.getL3Device()?.getName() ?? '-') ]));
	},

	/* `saved` is called after the form or a dialog has saved. */
	map(networks, saved) {
		const m = new form.Map('nicup');
		const main = uci.sections('nicup', 'nicup')[0]?.['.name'] ?? uci.add('nicup', 'nicup', 'main');
		const s = m.section(Services, 'service', _('Services'),
			_('One for each No-IP login or DDNS key, with the hostnames under it.'));

		s.addremove = true;
		s.anonymous = false;
		s.sortable = true;
		s.cloneable = true;
		s.nodescriptions = true;
		s.clonebtntitle = _('Copy');
		s.addbtntitle = _('Add service');
		s.modaltitle = section_id => _('Service %s').format(section_id);
		s.saved = saved;
		s.tab('login', _('Login and hostnames'));
		s.tab('address', _('Address'));
		s.tab('connection', _('Connection'));
		s.tab('timing', _('Timing'));
		this.columns(s);
		fields.login(s, taken);
		fields.address(s, networks);
		fields.connection(s);
		fields.timing(s);

		fields.general(m.section(form.NamedSection, main, 'nicup', _('General')));

		m.save = (...args) => form.Map.prototype.save.apply(m, args).then(node => Promise.resolve(saved()).then(() => node));

		return m;
	},

	columns(s) {
		const o = s.taboption('login', fields.FlagField, 'enabled', _('Enabled'));
		const show = name => section_id => L.toArray(uci.get('nicup', section_id, name)).join(', ');

		o.default = '1';
		o.editable = true;
		o.load = section_id => valid.flag(uci.get('nicup', section_id, 'enabled'));
		o.remove = fields.forget;
		cell(s.option(form.DummyValue, '_hostname', _('Hostnames')), show('hostname'));
		cell(s.option(form.DummyValue, '_interface', _('Interface')), section_id =>
			show('device')(section_id) || show('interface')(section_id) || 'wan');
	},

	/* Shows sections that were not added by the form. */
	refresh(m) {
		return m.load().then(() => m.reset());
	}
});
