'use strict';
'require baseclass';
'require rpc';

/* Stands in for LuCI's uci: packages in the browser. Saved changes go to the router's session, and applied changes to
   its file. */

const get = rpc.declare({ object: 'uci', method: 'get', params: [ 'config' ], expect: { values: {} }, reject: true });
const stage = rpc.declare({ object: 'uci', method: 'stage', params: [ 'config', 'values' ], reject: true });
const put = rpc.declare({ object: 'uci', method: 'apply', reject: true });
const changes = rpc.declare({ object: 'uci', method: 'changes', expect: { changes: {} } });

return baseclass.extend({
	__init__() {
		this.packages = {};
		this.created = 0;
		this.removals = false;
		this.moved = false;
	},

	load(names) {
		return Promise.all(L.toArray(names).filter(name => !this.packages[name]).map(name =>
			get(name).then(values => {
				this.packages[name] = values;

				if (name == 'nicup')
					this.saved = JSON.stringify(values);
			})));
	},

	/* Like LuCI: does not save a new order together with removals. */
	save() {
		if (this.moved && this.removals)
			this.sections('nicup').sort((one, two) => one['.was'] - two['.was']).forEach((section, index) => { section['.index'] = index; });

		this.moved = this.removals = false;

		if (this.packages.nicup == null || JSON.stringify(this.packages.nicup) == this.saved)
			return Promise.resolve();

		this.saved = JSON.stringify(this.packages.nicup);

		return stage('nicup', this.packages.nicup);
	},

	apply() {
		return put().then(() => { document.body.dataset.applied = String(Date.now()); });
	},

	changes: () => changes(),

	sections(name, type) {
		return Object.values(this.packages[name] ?? {}).filter(section => type == null || section['.type'] == type)
			.sort((one, two) => one['.index'] - two['.index']);
	},

	add(name, type, id) {
		const sid = id ?? 'new%d'.format(++this.created);
		const last = Math.max(-1, ...this.sections(name).map(section => section['.index']));

		(this.packages[name] ??= {})[sid] = { '.type': type, '.name': sid, '.anonymous': id == null, '.index': last + 1 };

		return sid;
	},

	remove(name, sid) {
		this.removals = true;
		delete this.packages[name][sid];
	},

	get(name, sid, option) {
		const section = this.packages[name]?.[sid];

		return (option == null) ? section : section?.[option];
	},

	set(name, sid, option, value) {
		this.packages[name][sid][option] = Array.isArray(value) ? value.map(String) : String(value);
	},

	unset(name, sid, option) {
		this.removals ||= Object.hasOwn(this.packages[name][sid], option);
		delete this.packages[name][sid][option];
	},

	/* Moves `sid` before or after `other`. */
	move(name, sid, other, after) {
		if (!this.moved)
			this.sections(name).forEach(section => { section['.was'] = section['.index']; });

		this.moved = true;

		const order = this.sections(name).filter(section => section['.name'] != sid);
		const at = order.findIndex(section => section['.name'] == other);

		order.splice(at + (after ? 1 : 0), 0, this.packages[name][sid]);
		order.forEach((section, index) => { section['.index'] = index; });
	}
});
