'use strict';
'require baseclass';
'require rpc';

/* Stands in for LuCI's fs: the router's files and programs. */

const names = [ null, 'InvalidCommandError', 'InvalidArgumentError', 'MethodNotFoundError', 'NotFoundError', 'NoDataError',
	'PermissionError', 'TimeoutError', 'UnsupportedError' ];

const call = (method, ...params) => rpc.declare({ object: 'file', method, params });

function checked(reply) {
	if (typeof(reply) == 'number' && reply != 0) {
		const error = new Error(rpc.getStatusText(reply));

		error.name = names[reply] ?? 'Error';
		throw error;
	}

	return reply;
}

return baseclass.extend({
	read: path => call('read', 'path')(path).then(checked).then(reply => reply.data ?? ''),
	stat: path => call('stat', 'path')(path).then(checked),
	exec: (command, params) => call('exec', 'command', 'params')(command, params ?? []).then(checked),

	/* Through cgi-io, which returns only the output. */
	exec_direct(command, params) {
		return fetch('/cgi-exec', {
			method: 'POST',
			body: JSON.stringify({ command, params, readonly: L.env.readonly })
		}).then(reply => {
			if (reply.ok)
				return reply.text();

			const error = new Error(reply.statusText);

			error.name = { 403: 'PermissionError', 404: 'NotFoundError' }[reply.status] ?? 'Error';
			throw error;
		});
	}
});
