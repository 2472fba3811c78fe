'use strict';
'require baseclass';
'require dom';
'require form';
'require uci';
'require ui';

/* Stands in for the list in form.js that edits each row in a dialog. Added to `form` after that is loaded. */

const button = (title, click, more) => E('button', { 'class': 'cbi-button', 'title': title, 'click': click, ...more }, [ title ]);

const GridSection = form.Section.extend({
	cfgsections() {
		return uci.sections(this.map.config, this.sectiontype).map(section => section['.name']);
	},

	parses: option => option.editable && !option.modalonly,

	columns() {
		return this.children.filter(option => option.modalonly !== true);
	},

	render() {
		return this.renderContents();
	},

	renderContents() {
		const rows = this.cfgsections().map(sid => this.row(sid));

		return E('div', { 'class': 'cbi-section' }, [
			E('h3', {}, this.title),
			E('div', { 'class': 'cbi-section-descr' }, this.description),
			E('table', { 'class': 'table cbi-section-table' }, [
				E('tr', {}, [ 'Name', ...this.columns().map(option => option.title), '' ].map(title => E('th', {}, [ title ]))),
				...rows
			]),
			this.renderSectionAdd()
		]);
	},

	row(sid) {
		const cells = this.columns().map(option => option.editable
			? option.render(sid, true)
			: E('td', { 'class': 'td', 'data-name': option.option }, option.textvalue(sid)));
		const disabled = this.map.readonly ? '' : null;
		const node = E('tr', { 'class': 'cbi-section-table-row', 'data-sid': sid }, [
			E('td', { 'class': 'td' }, [ sid ]),
			...cells,
			E('td', { 'class': 'td cbi-section-actions' }, [
				this.sortable ? E('button', { 'class': 'cbi-button drag-handle', 'draggable': 'true', 'title': 'Drag to reorder' }, [ '☰' ]) : '',
				button('Edit', () => this.renderMoreOptionsModal(sid)),
				this.cloneable ? button(this.clonebtntitle ?? 'Clone', () => this.handleClone(sid), { disabled }) : '',
				this.addremove ? button('Delete', () => this.handleRemove(sid), { disabled }) : ''
			])
		]);

		node.addEventListener('dragstart', event => event.dataTransfer.setData('text', sid));
		node.addEventListener('dragover', event => event.preventDefault());
		node.addEventListener('drop', event => {
			event.preventDefault();
			uci.move(this.map.config, event.dataTransfer.getData('text'), sid, false);
			this.map.reset();
		});

		return node;
	},

	renderSectionAdd() {
		const name = E('input', { 'type': 'text', 'class': 'cbi-section-create-name', 'keyup': () => {
			add.disabled = !/^[A-Za-z0-9_]+$/.test(name.value);
		} });
		const add = button(this.addbtntitle ?? 'Add', () => this.handleAdd(null, name.value), { 'disabled': '' });

		return this.addremove ? E('div', { 'class': 'cbi-section-create' }, [ name, add ]) : E('div');
	},

	handleAdd(event, name) {
		this.map.addedSection = uci.add(this.map.config, this.sectiontype, name);

		return this.renderMoreOptionsModal(this.map.addedSection);
	},

	handleRemove(sid) {
		uci.remove(this.map.config, sid);

		return this.map.save();
	},

	getActiveModalMap: () => document.querySelector('#modal_overlay .cbi-map'),

	renderMoreOptionsModal(sid) {
		const map = new form.Map(this.map.config);
		const section = map.section(form.NamedSection, sid, this.sectiontype);

		section.tabs = this.tabs;

		for (const option of this.children)
			if (option.modalonly !== false)
				section.children.push(Object.assign(Object.create(Object.getPrototypeOf(option)), option, { map, section, data: {} }));

		return map.render().then(node => ui.showModal(this.modaltitle(sid), [
			node,
			E('div', { 'class': 'button-row' }, [
				button('Dismiss', () => this.handleModalCancel(map)), ' ',
				button('Save', () => this.handleModalSave(map), { 'disabled': map.readonly ? '' : null })
			])
		], 'cbi-modal'));
	},

	handleModalCancel(map, event, saving) {
		if (this.map.addedSection != null && !saving)
			uci.remove(this.map.config, this.map.addedSection);

		delete this.map.addedSection;
		ui.hideModal();
	},

	/* Like LuCI, this does not report what is wrong. */
	handleModalSave(map) {
		return map.save().then(() => this.map.render()).then(() => this.handleModalCancel(map, null, true)).catch(() => {});
	}
});

form.GridSection = GridSection;

return baseclass.extend({});
