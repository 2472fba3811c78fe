'use strict';
'require baseclass';
'require dom';
'require uci';
'require ui';

/* Stands in for LuCI's form: maps, sections and options. The parts for editing a service are in formgrid.js. */

const plain = text => String(text ?? '').replace(/<[^>]*>/g, '').trim();

const Value = baseclass.extend({
	__init__(map, section, option, title, description) {
		Object.assign(this, { map, section, option, title, description, rmempty: true, deps: [], choices: null, data: {} });
	},

	value(value, label) {
		(this.choices ??= {})[value] = label ?? value;
	},

	depends(field, wanted) {
		this.deps.push([ field, wanted ]);
	},

	cbid(sid) {
		return 'cbid.%s.%s.%s'.format(this.map.config, sid, this.option);
	},

	load(sid) {
		return uci.get(this.map.config, sid, this.option);
	},

	cfgvalue(sid) {
		return this.data[sid];
	},

	element(sid) {
		return this.map.root.querySelector('[id="%s"]'.format(this.cbid(sid)));
	},

	getUIElement(sid) {
		return this.element(sid) && dom.findClassInstance(this.element(sid));
	},

	formvalue(sid) {
		return this.getUIElement(sid)?.getValue() ?? null;
	},

	/* Plain strings are parsed as HTML later, so escape them here. */
	textvalue(sid) {
		return '%h'.format(L.toArray(this.cfgvalue(sid) ?? this.default).join(' '));
	},

	validate: () => true,

	options(sid) {
		return {
			id: this.cbid(sid),
			optional: this.rmempty,
			placeholder: this.placeholder,
			password: this.password,
			choices: this.choices,
			disabled: this.map.readonly,
			validate: value => this.validate(sid, value)
		};
	},

	stripTags: plain,

	renderWidget(sid, index, value) {
		return new ui.Textfield(Array.isArray(value) ? value.join(' ') : value, this.options(sid)).render();
	},

	render(sid, table) {
		const inner = this.renderWidget(sid, null, this.cfgvalue(sid) ?? this.default);
		const field = { 'data-field': this.cbid(sid), 'data-name': this.option };

		if (table)
			return E('td', { 'class': 'td cbi-value-field', 'data-title': plain(this.title), ...field }, [ inner ]);

		const node = E('div', { 'class': 'cbi-value', ...field }, [
			E('label', { 'class': 'cbi-value-title', 'for': 'widget.' + this.cbid(sid) }, this.title),
			E('div', { 'class': 'cbi-value-field' }, [
				inner, E('div', { 'class': 'cbi-value-description' }, this.description)
			])
		]);

		node.addEventListener('widget-change', () => this.map.checkDepends());

		return node;
	},

	frame(sid) {
		return this.map.root.querySelector('[data-field="%s"]'.format(this.cbid(sid)));
	},

	isActive(sid) {
		return this.frame(sid) != null && !this.frame(sid).classList.contains('hidden');
	},

	checkDepends(sid) {
		const active = this.deps.length == 0 || this.deps.some(([ field, wanted ]) => this.section.formvalue(sid, field) == wanted);

		this.frame(sid)?.classList.toggle('hidden', !active);
	},

	isValid(sid) {
		return this.getUIElement(sid)?.isValid() ?? true;
	},

	async parse(sid) {
		if (!this.isActive(sid))
			return this.retain ? undefined : this.remove(sid);

		if (!this.isValid(sid))
			throw new TypeError('Option "%s" contains an invalid input value. %s'.format(plain(this.title), this.getUIElement(sid).getValidationError()));

		const value = this.formvalue(sid);

		if (value == null || value == '') {
			if (!this.rmempty)
				throw new TypeError('Option "%s" must not be empty.'.format(plain(this.title)));

			return this.remove(sid);
		}

		if (JSON.stringify(value) != JSON.stringify(this.cfgvalue(sid)))
			this.write(sid, value);
	},

	write(sid, value) {
		uci.set(this.map.config, sid, this.option, value);
	},

	remove(sid) {
		uci.unset(this.map.config, sid, this.option);
	}
});

const ListValue = Value.extend({
	renderWidget(sid, index, value) {
		return new ui.Select(value, this.options(sid)).render();
	}
});

const DynamicList = Value.extend({
	renderWidget(sid, index, value) {
		return new ui.DynamicList(L.toArray(value), this.options(sid)).render();
	}
});

const Flag = Value.extend({
	__init__(...args) {
		this.super('__init__', args);
		this.default = '0';
	},

	renderWidget(sid, index, value) {
		return new ui.Checkbox(value, this.options(sid)).render();
	},

	async parse(sid) {
		const value = this.formvalue(sid);

		return (value == this.default && this.rmempty) ? this.remove(sid) : this.write(sid, value);
	}
});

const DummyValue = Value.extend({
	parse: () => Promise.resolve()
});

const Section = baseclass.extend({
	__init__(map, type, title, description) {
		Object.assign(this, { map, sectiontype: type, title, description, children: [], tabs: null });
	},

	option(type, ...args) {
		const made = new type(this.map, this, ...args);

		this.children.push(made);

		return made;
	},

	tab(name, title) {
		(this.tabs ??= []).push({ name, title });
	},

	taboption(tab, type, ...args) {
		return Object.assign(this.option(type, ...args), { tab });
	},

	formvalue(sid, name) {
		return this.children.find(option => option.option == name)?.formvalue(sid);
	},

	load() {
		return Promise.all(this.cfgsections().flatMap(sid => this.children.map(option =>
			Promise.resolve(option.load(sid)).then(value => { option.data[sid] = value ?? undefined; }))));
	},

	async parse() {
		for (const sid of this.cfgsections())
			for (const option of this.children)
				if (this.parses(option))
					await option.parse(sid);
	},

	parses: () => true,

	checkDepends() {
		for (const sid of this.cfgsections())
			for (const option of this.children)
				option.checkDepends(sid);
	}
});

const NamedSection = Section.extend({
	__init__(map, sid, ...args) {
		this.super('__init__', [ map, ...args ]);
		this.sid = sid;
	},

	cfgsections() {
		return uci.get(this.map.config, this.sid) ? [ this.sid ] : [];
	},

	render() {
		const section = E('div', { 'class': 'cbi-section' }, [ this.title ? E('h3', {}, [ this.title ]) : '' ]);

		if (this.tabs == null) {
			dom.append(section, this.children.map(option => option.render(this.sid)));

			return section;
		}

		const panes = this.tabs.map(({ name }) => E('div', { 'data-tab': name },
			this.children.filter(option => option.tab == name).map(option => option.render(this.sid))));
		const show = chosen => panes.forEach((pane, index) => { pane.hidden = (index != chosen); });

		show(0);
		dom.append(section, [ E('ul', { 'class': 'cbi-tabmenu' }, this.tabs.map(({ title }, index) =>
			E('li', {}, [ E('a', { 'href': '#', 'click': event => {
				event.preventDefault();
				show(index);
			} }, [ title ]) ]))), ...panes ]);

		return section;
	}
});

const FormMap = baseclass.extend({
	__init__(config, title, description) {
		Object.assign(this, { config, title, description, sections: [], readonly: !L.hasViewPermission() });
		this.root = E('div', { 'id': 'cbi-' + config, 'class': 'cbi-map' });
	},

	section(type, ...args) {
		const made = new type(this, ...args);

		this.sections.push(made);

		return made;
	},

	load() {
		return uci.load(this.config).then(() => Promise.all(this.sections.map(section => section.load())));
	},

	checkDepends() {
		this.sections.forEach(section => section.checkDepends());
	},

	render() {
		return this.load().then(() => this.reset());
	},

	reset() {
		dom.bindClassInstance(this.root, this);
		this.root.replaceChildren(...this.sections.map(section => section.render()));
		this.checkDepends();

		return this.root;
	},

	async parse() {
		for (const section of this.sections)
			await section.parse();
	},

	save() {
		return this.parse().then(() => uci.save()).then(() => this.render());
	}
});

return baseclass.extend({ Map: FormMap, Section, NamedSection, Value, ListValue, DynamicList, Flag, DummyValue });
