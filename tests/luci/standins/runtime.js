/*
 * Stands in for luci.js: classes, E(), modules that require each other, a poller, the view. Shares no code with LuCI,
 * and has only what the pages use. It parses strings as HTML where LuCI does, so that tests notice injected scripts.
 */
/* exported E, L, _, N_ */

String.prototype.format = function(...values) {
	return this.replace(/%([%sdh])/g, (whole, kind) => {
		if (kind == '%')
			return '%';

		const value = values.shift();

		switch (kind) {
		case 'd':
			return String(Math.trunc(Number(value) || 0));
		case 'h':
			return String(value ?? '').replace(/[&<>"']/g, c => '&#%d;'.format(c.charCodeAt(0)));
		default:
			return String(value ?? '');
		}
	});
};

window._ = text => window.translations?.[text] ?? text;
window.N_ = (count, one, many) => window.translations?.[one + '\u0002' + Number(count != 1)] ?? (count == 1 ? one : many);

const dom = {
	elem: node => node instanceof Node,

	append(node, children) {
		if (Array.isArray(children)) {
			for (const child of children)
				if (this.elem(child))
					node.appendChild(child);
				else if (child !== null && child !== undefined)
					node.appendChild(document.createTextNode(`${child}`));
		}
		else if (this.elem(children)) {
			node.appendChild(children);
		}
		else if (children !== null && children !== undefined) {
			/* like LuCI */
			node.innerHTML = `${children}`;
		}
	},

	content(node, children) {
		node.replaceChildren();
		this.append(node, children);
	},

	create(name, attributes, children) {
		if (!(attributes instanceof Object) || Array.isArray(attributes) || this.elem(attributes)) {
			children = attributes;
			attributes = {};
		}

		const node = Array.isArray(name) ? document.createDocumentFragment() : document.createElement(name);

		for (const [ key, value ] of Object.entries(attributes))
			if (typeof(value) == 'function')
				node.addEventListener(key, value);
			else if (value !== null && value !== undefined)
				node.setAttribute(key, typeof(value) == 'object' ? JSON.stringify(value) : value);

		if (Array.isArray(name))
			this.append(node, name);

		this.append(node, children);

		return node;
	},

	instances: new WeakMap(),

	bindClassInstance(node, instance) {
		this.instances.set(node, instance);
	},

	findClassInstance(node) {
		for (; node != null; node = node.parentNode)
			if (this.instances.has(node))
				return this.instances.get(node);

		return null;
	}
};

window.E = (...args) => dom.create(...args);

/* The nearest prototype from `from` on that defines the method itself. */
function owner(from, name) {
	while (from != null && !Object.hasOwn(from, name))
		from = Object.getPrototypeOf(from);

	return from;
}

class Base {
	constructor(...args) {
		if (typeof(this.__init__) == 'function')
			this.__init__(...args);
	}

	super(name, ...rest) {
		const args = (rest.length == 1 && (Array.isArray(rest[0]) || Object.prototype.toString.call(rest[0]) == '[object Arguments]'))
			? [ ...rest[0] ] : rest;
		const at = (this.__at ??= {});
		const before = at[name];
		const next = owner(Object.getPrototypeOf(before ?? owner(this, name)), name);

		at[name] = next;

		try {
			return next[name].apply(this, args);
		}
		finally {
			at[name] = before;
		}
	}

	static extend(members) {
		const Child = class extends this {};

		Object.defineProperties(Child.prototype, Object.fromEntries(Object.entries(members).map(([ name, value ]) =>
			[ name, { value, writable: true, configurable: true, enumerable: true } ])));

		return Child;
	}

	static isSubclass(other) {
		return typeof(other) == 'function' && other.prototype instanceof this;
	}
}

const modules = new Map();

function load(name) {
	if (!modules.has(name))
		modules.set(name, compile(name));

	return modules.get(name);
}

/* Compiles the text of a module, and the modules that its head requires, to one function. */
async function compile(name) {
	const path = L.resource(name.replaceAll('.', '/') + '.js');
	const reply = await fetch(path);

	if (!reply.ok)
		throw new Error(`HTTP ${reply.status} for ${path}`);

	const source = await reply.text();
	const names = [];
	const needs = [];

	for (const [ , what, as ] of source.matchAll(/^(?:'use strict'|'require ([\w.-]+)(?: as (\w+))?');$/gm)) {
		if (what == null)
			continue;

		names.push(as ?? what.replaceAll(/[^A-Za-z0-9]/g, '_'));
		needs.push(load(what));
	}

	const made = new Function(...names, source + '\n//# sourceURL=' + path)(...await Promise.all(needs));

	if (!Base.isSubclass(made))
		throw new Error(`${path} returns no class`);

	return new made();
}

const poll = {
	queue: [],
	tick: 0,

	add(fn, interval) {
		this.queue.push({ fn, interval: interval || L.env.pollinterval, idle: true });
	},

	step() {
		for (const entry of this.queue) {
			if (this.tick % entry.interval || !entry.idle)
				continue;

			entry.idle = false;
			Promise.resolve(entry.fn()).finally(() => { entry.idle = true; });
		}

		this.tick++;
	},

	/* `pace`: milliseconds that count as a second. */
	start(pace) {
		this.step();
		this.pace = pace ?? this.pace;
		this.timer = setInterval(() => this.step(), this.pace);
		document.dispatchEvent(new CustomEvent('poll-start'));
	},

	stop() {
		clearInterval(this.timer);
		document.dispatchEvent(new CustomEvent('poll-stop'));
	}
};

const View = Base.extend({
	__init__() {
		this.shown = Promise.resolve(this.load?.()).then(data => this.render(data)).then(node => {
			const place = document.getElementById('view');

			dom.content(place, node);
			dom.append(place, this.addFooter());
		});
	},

	maps() {
		return [ ...document.querySelectorAll('#maincontent .cbi-map') ].map(node => dom.findClassInstance(node));
	},

	handleSave() {
		return Promise.all(this.maps().map(map => map.save()));
	},

	handleSaveApply() {
		return this.handleSave().then(() => load('uci')).then(uci => uci.apply());
	},

	handleReset() {
		return Promise.all(this.maps().map(map => map.reset()));
	},

	addFooter() {
		if (!this.handleSave)
			return E('div');

		const readonly = L.hasViewPermission() ? null : '';
		const button = (title, click) => E('button', { 'class': 'cbi-button', 'disabled': readonly, 'click': click }, [ title ]);

		return E('div', { 'class': 'cbi-page-actions' }, [
			button('Save & Apply', () => this.handleSaveApply()), ' ',
			button('Save', () => this.handleSave()), ' ',
			button('Reset', () => this.handleReset())
		]);
	}
});

function known(name, instance) {
	modules.set(name, Promise.resolve(instance));
}

window.L = {
	env: {},
	dom,
	Poll: poll,
	resource: path => '/luci-static/resources/' + path,
	url: path => '/cgi-bin/luci/' + path,
	require: load,
	isObject: value => value !== null && typeof(value) == 'object',
	bind: (fn, self, ...args) => fn.bind(self, ...args),
	resolveDefault: (promise, value) => Promise.resolve(promise).then(result => result ?? value, () => value),
	hasViewPermission: () => !L.env.readonly,

	toArray(value) {
		if (value == null)
			return [];

		if (Array.isArray(value))
			return value;

		return String(value).trim().split(/\s+/).filter(word => word != '');
	}
};

known('baseclass', Base);
known('view', View);
known('dom', dom);
known('poll', poll);
