'use strict';
'require baseclass';
'require rpc';

/* Stands in for LuCI's network: names of interfaces and devices. */

const dump = rpc.declare({ object: 'network.interface', method: 'dump', expect: { interface: [] } });

const device = name => ({ getName: () => name });

return baseclass.extend({
	getNetworks: () => dump().then(list => list.map(entry => ({
		getName: () => entry.interface,
		getL3Device: () => entry.l3_device ? device(entry.l3_device) : null
	}))),

	getDevices: () => dump().then(list => [ ...new Set(list.map(entry => entry.l3_device)) ].map(device))
});
