'use strict';
'require baseclass';
'require dom';

/* Stands in for LuCI's ui: the modal, and the fields of forms. */

/* A field's value is checked as LuCI does it: what is needed first, then the option's own rule, which is also asked of
   an empty value. */
const Field = baseclass.extend({
	__init__(value, options) {
		this.value = value;
		this.options = options;
		this.error = null;
	},

	/* Marks `input` by the rule. */
	check(input, optional) {
		const value = input.value;
		let said = (value == '' && !optional) ? 'Expecting: non-empty value' : true;

		if (said === true && this.options.validate)
			said = this.options.validate(value);

		this.error = (said === true) ? null : said;
		input.classList.toggle('cbi-input-invalid', this.error != null);

		if (this.error != null)
			input.setAttribute('data-tooltip', this.error);
		else
			input.removeAttribute('data-tooltip');
	},

	isValid() {
		return this.error == null;
	},

	getValidationError() {
		return this.error ?? '';
	},

	bound(node) {
		dom.bindClassInstance(node, this);
		this.node = node;

		return node;
	},

	tell() {
		this.node.dispatchEvent(new CustomEvent('widget-change', { bubbles: true }));
	}
});

const Textfield = Field.extend({
	render() {
		const id = this.options.id;

		this.input = E('input', {
			'id': 'widget.' + id,
			'type': this.options.password ? 'password' : 'text',
			'placeholder': this.options.placeholder,
			'disabled': this.options.disabled ? '' : null,
			'list': this.options.choices ? 'list.' + id : null
		});
		this.input.value = this.value ?? '';

		for (const event of [ 'keyup', 'blur', 'change' ])
			this.input.addEventListener(event, () => {
				this.triggerValidation();
				this.tell();
			});

		const choices = this.options.choices && E('datalist', { 'id': 'list.' + id },
			Object.entries(this.options.choices).map(([ value, label ]) => E('option', { value }, [ label ])));
		const reveal = this.options.password && E('button', {
			'class': 'cbi-button cbi-button-neutral',
			'title': 'Reveal/hide password',
			'click': event => {
				event.preventDefault();
				this.input.type = (this.input.type == 'password') ? 'text' : 'password';
			}
		}, [ '∗' ]);
		const node = this.bound(E('div', { id }, [ this.input, choices || '', reveal || '' ]));

		this.triggerValidation();

		return node;
	},

	triggerValidation() {
		this.check(this.input, this.options.optional);
	},

	getValue() {
		return this.input.value;
	}
});

const Select = Field.extend({
	render() {
		this.input = E('select', { 'id': 'widget.' + this.options.id, 'disabled': this.options.disabled ? '' : null },
			Object.entries(this.options.choices).map(([ value, label ]) => E('option', { value }, [ label ])));
		this.input.value = this.value ?? '';
		this.input.addEventListener('change', () => this.tell());

		return this.bound(E('div', { 'id': this.options.id }, [ this.input ]));
	},

	triggerValidation() {},

	getValue() {
		return this.input.value;
	}
});

const Checkbox = Field.extend({
	render() {
		this.input = E('input', { 'type': 'checkbox', 'id': 'widget.' + this.options.id, 'disabled': this.options.disabled ? '' : null });
		this.input.checked = (this.value == '1');
		this.input.addEventListener('change', () => this.tell());

		return this.bound(E('div', { 'id': this.options.id }, [ this.input ]));
	},

	triggerValidation() {},

	getValue() {
		return this.input.checked ? '1' : '0';
	}
});

const DynamicList = Field.extend({
	render() {
		this.input = E('input', {
			'id': 'widget.' + this.options.id,
			'type': 'text',
			'placeholder': this.options.placeholder,
			'disabled': this.options.disabled ? '' : null
		});
		this.input.addEventListener('keyup', () => this.check(this.input, true));
		this.input.addEventListener('keydown', event => {
			if (event.key == 'Enter')
				this.add();
		});
		this.last = E('div', { 'class': 'add-item control-group' }, [
			this.input, E('button', { 'type': 'button', 'class': 'cbi-button', 'click': () => this.add() }, [ '+' ])
		]);

		const node = this.bound(E('div', { 'id': this.options.id, 'class': 'cbi-dynlist' }, [ this.last ]));

		this.value.forEach(value => this.item(value));

		return node;
	},

	item(value) {
		const item = E('div', { 'class': 'item', 'click': () => {
			item.remove();
			this.tell();
		} }, [ E('span', {}, [ value ]) ]);

		this.node.insertBefore(item, this.last);
	},

	add() {
		this.check(this.input, true);

		if (this.input.value != '' && this.isValid()) {
			this.item(this.input.value);
			this.input.value = '';
			this.tell();
		}
	},

	triggerValidation() {
		this.check(this.input, true);
	},

	getValue() {
		return [ ...this.node.querySelectorAll('.item > span') ].map(span => span.textContent);
	}
});

return baseclass.extend({
	Textfield,
	Select,
	Checkbox,
	DynamicList,

	showModal(title, children, ...classes) {
		const modal = E('div', { 'class': [ 'modal', ...classes ].join(' '), 'role': 'dialog' }, [ E('h4', {}, [ title ]) ]);

		dom.append(modal, children);
		this.hideModal();
		document.body.appendChild(E('div', { 'id': 'modal_overlay' }, [ modal ]));
		document.body.classList.add('modal-overlay-active');

		return modal;
	},

	hideModal() {
		document.getElementById('modal_overlay')?.remove();
		document.body.classList.remove('modal-overlay-active');
	}
});
