'use strict';
'require baseclass';
'require dom';

/* Stands in for LuCI's ui: the modal dialog, and the fields of forms. */

/* Checks a field's value like LuCI: first whether it is required, then the option's own rule, which also applies to an
   empty value. */
const Field = baseclass.extend({
	__init__(value, options) {
		this.value = value;
		this.options = options;
		this.error = null;
	},

	/* Marks `input` according to the rule. */
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

/* Like LuCI's: invalid text in the box marks the list, until the list itself is validated, which then counts as valid.
   Its value does not include the invalid text. */
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
		} }, [ E('span', {}, [ value ]), E('input', { 'type': 'hidden', 'value': value }) ]);

		if (!this.items().includes(value))
			this.node.insertBefore(item, this.last);

		this.tell();
	},

	tell() {
		this.triggerValidation();
		this.node.dispatchEvent(new CustomEvent('cbi-dynlist-change', { bubbles: true }));
		this.node.dispatchEvent(new CustomEvent('widget-change', { bubbles: true }));
	},

	add() {
		if (this.input.value != '' && !this.input.classList.contains('cbi-input-invalid')) {
			this.item(this.input.value);
			this.input.value = '';
		}
	},

	triggerValidation() {
		this.error = null;
	},

	items() {
		return [ ...this.node.querySelectorAll('.item > input[type="hidden"]') ].map(input => input.value);
	},

	getValue() {
		const typed = this.input.value;

		return (/\S/.test(typed) && !this.input.classList.contains('cbi-input-invalid') && !this.items().includes(typed))
			? [ ...this.items(), typed ] : this.items();
	},

	setValue(values) {
		this.node.querySelectorAll('.item').forEach(item => item.remove());
		values.forEach(value => this.item(value));
	}
});

/* Like LuCI's: a value that is not among the choices is not shown, and is then lost. */
const Dropdown = Select.extend({
	render() {
		const choices = this.options.choices;

		this.options.choices = { '': 'unspecified', ...choices };

		return this.super('render', []);
	}
});

return baseclass.extend({
	Textfield,
	Select,
	Checkbox,
	DynamicList,
	Dropdown,

	showModal(title, children, ...classes) {
		const modal = E('div', { 'class': [ 'modal', ...classes ].join(' '), 'role': 'dialog' }, [ E('h4', {}, [ title ]) ]);

		dom.append(modal, children);
		this.hideModal();
		document.body.appendChild(E('div', { 'id': 'modal_overlay' }, [ modal ]));
		document.body.classList.add('modal-overlay-active');

		return modal;
	},

	addNotification(title, children, ...classes) {
		const node = E('div', { 'class': [ 'alert-message', ...classes ].join(' ') });

		dom.append(node, children);
		document.getElementById('maincontent').prepend(node);

		return node;
	},

	/* Like LuCI's: when its handler ends, the button is enabled, even if it was not before. */
	createHandlerFn(self, fn, ...args) {
		return function(...more) {
			const button = more[0].currentTarget;

			button.classList.add('spinning');
			button.disabled = true;
			Promise.resolve((typeof(fn) == 'string' ? self[fn] : fn).call(self, ...args, ...more)).finally(() => {
				button.classList.remove('spinning');
				button.disabled = false;
			});
		};
	},

	hideModal() {
		document.getElementById('modal_overlay')?.remove();
		document.body.classList.remove('modal-overlay-active');
	}
});
