'use strict';
'require baseclass';
'require fs';
'require rpc';
'require uci';

/*
 * What is known of nicup: its status file, whether it runs, and the router's uptime. Draws nothing.
 *
 * Ages and countdowns are reckoned on the router's uptime: its clock and the browser's may differ.
 */

const program = '/usr/sbin/nicup';
const file = '/var/run/nicup/status.json';
const usual = '/var/run/nicup';

const systemInfo = rpc.declare({
	object: 'system',
	method: 'info',
	reject: true,
	expect: { '': {} }
});

const serviceList = rpc.declare({
	object: 'service',
	method: 'list',
	params: [ 'name' ],
	reject: true,
	expect: { '': {} }
});

/* Only the server can end these. */
const ordered = /^(911|dnserr|http-\d+)$/;

/* A reply, or in place of it what went wrong. */
function attempt(promise) {
	return Promise.resolve(promise).then(value => ({ value }), error => ({ error }));
}

function mainSection() {
	return uci.sections('nicup', 'nicup')[0] ?? {};
}

/* The file lies elsewhere where run_dir says so, and then only the program may read it for us. */
function readStatus() {
	const dir = String(mainSection().run_dir ?? '').replace(/\/+$/, '');

	if (dir == '' || dir == usual)
		return fs.read(file);

	return fs.exec(program, [ 'status', '--json' ]).then(reply => {
		if (reply.stdout)
			return reply.stdout;

		const error = new Error(reply.stderr ?? '');
		error.name = /no status yet/.test(reply.stderr) ? 'NotFoundError' : 'Error';
		throw error;
	});
}

function isStatus(status) {
	return L.isObject(status) && Array.isArray(status.services) && Array.isArray(status.events) &&
		Array.isArray(status.problems) && status.services.every(s => L.isObject(s) && Array.isArray(s.hosts));
}

/* Text of the file to { status } or { trouble, detail }. */
function parse(text) {
	let status;

	try {
		status = JSON.parse(text);
	}
	catch (e) {
		return { trouble: 'damaged', detail: e.message };
	}

	if (!L.isObject(status) || typeof(status.version) != 'number')
		return { trouble: 'damaged', detail: _('no version in it') };

	if (status.version != 1)
		return { trouble: status.version > 1 ? 'newer' : 'older', detail: String(status.version) };

	return isStatus(status) ? { status } : { trouble: 'damaged', detail: _('parts are missing') };
}

return baseclass.extend({
	/* Resolves to what is known now; never rejects. */
	load() {
		return Promise.all([
			attempt(readStatus()),
			attempt(systemInfo()),
			attempt(serviceList('nicup')),
			attempt(fs.stat(program))
		]).then(([ text, info, list, stat ]) => {
			const found = text.error ? this.explain(text.error) : parse(text.value);
			const instances = Object.values(list.value?.nicup?.instances ?? {});
			const uptime = info.value?.uptime ?? found.status?.uptime ?? null;

			return Object.assign({ status: null, trouble: null, detail: null }, found, {
				uptime,
				fetched: performance.now(),
				installed: stat.error?.name != 'NotFoundError',
				/* null: cannot be said */
				running: list.error ? null : instances.some(instance => instance.running)
			});
		});
	},

	explain(error) {
		switch (error.name) {
		case 'NotFoundError':
		case 'NoDataError':
			return { trouble: 'missing' };
		case 'PermissionError':
			return { trouble: 'forbidden' };
		default:
			return { trouble: 'unreadable', detail: error.message };
		}
	},

	/* The router's uptime at this moment, in seconds. */
	now(model) {
		return (model.uptime ?? 0) + (performance.now() - model.fetched) / 1000;
	},

	/* How old the status is. */
	age(model) {
		return Math.max(0, this.now(model) - (model.status?.uptime ?? 0));
	},

	/* How long ago a wall time of the status file was; null where it has none. */
	since(model, time) {
		const status = model.status;

		if (time == null || status?.time == null)
			return null;

		return Math.max(0, status.time - time) + this.age(model);
	},

	hosts(model) {
		return (model.status?.services ?? []).flatMap(service => service.hosts);
	},

	/* Whether a host waits because the server said so. */
	ordered(host) {
		return host.state == 'waiting' && ordered.test(host.code ?? '');
	},

	/* Whether a host has something that Resume would forget. */
	resumable(host) {
		return host.state == 'stopped' || (host.state == 'waiting' && host.failures > 0 && !this.ordered(host));
	},

	/* Whether nothing keeps the status up to date though it should. */
	stale(model) {
		return model.status?.mode == 'watch' && model.running === false &&
			this.hosts(model).some(host => host.state != 'disabled');
	}
});
