'use strict';
'require baseclass';

/* Stands in for LuCI's rpc: ubus calls over HTTP. */

const texts = { 2: 'Invalid argument', 4: 'Resource not found', 5: 'No data', 6: 'Permission denied', 7: 'Request timeout', 8: 'Not supported' };

return baseclass.extend({
	getStatusText(code) {
		return texts[code] ?? 'Unknown error';
	},

	/* Without `reject`, a failed call returns the empty form of the expected value, like LuCI's. Without permission for
	   the method, uhttpd responds instead of ubus, and every call rejects. */
	declare(options) {
		return (...args) => {
			const params = Object.fromEntries((options.params ?? []).map((name, index) => [ name, args[index] ]));
			const [ key, empty ] = Object.entries(options.expect ?? {})[0] ?? [];
			const fail = text => {
				const error = new Error('RPC call to %s/%s failed with %s'.format(options.object, options.method, text));

				error.name = 'RPCError';
				throw error;
			};

			return fetch('/ubus', {
				method: 'POST',
				body: JSON.stringify({ object: options.object, method: options.method, params, readonly: L.env.readonly })
			}).then(reply => reply.json()).then(([ code, data ]) => {
				if (code == -32002)
					fail('error -32002: Access denied');

				if (code != 0 && options.reject)
					fail('ubus code %d: %s'.format(code, this.getStatusText(code)));

				if (options.expect == null)
					return code == 0 ? data : code;

				return (key == '' ? data : data?.[key]) ?? empty;
			});
		};
	}
});
