'use strict';
'require baseclass';
'require form';
'require network';
'require ui';

/* Stands in for LuCI's selectors of interfaces and devices. */

const Chooser = form.ListValue.extend({
	renderWidget(sid, index, value) {
		const names = this.choosable().map(entry => entry.getName());

		return new ui.Dropdown(names.includes(value) ? value : '', Object.assign(this.options(sid), {
			choices: Object.fromEntries(names.map(name => [ name, name ]))
		})).render();
	}
});

const NetworkSelect = Chooser.extend({
	load(sid) {
		return network.getNetworks().then(networks => {
			this.networks = networks;

			return form.ListValue.prototype.load.call(this, sid);
		});
	},

	choosable() {
		return this.networks;
	}
});

/* LuCI's also shows a device that does not exist. */
const DeviceSelect = Chooser.extend({
	load(sid) {
		return network.getDevices().then(devices => {
			this.devices = devices;

			return form.ListValue.prototype.load.call(this, sid);
		});
	},

	choosable() {
		const absent = Object.values(this.data).filter(name => name).map(name => ({ getName: () => name }));

		return [ ...this.devices, ...absent ];
	}
});

return baseclass.extend({ NetworkSelect, DeviceSelect });
