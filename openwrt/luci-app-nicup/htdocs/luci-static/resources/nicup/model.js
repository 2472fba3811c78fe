'use strict';
'require baseclass';
'require fs';
'require rpc';
'require uci';

/*
 * What the page knows about nicup: its status file, its service, its settings, and the router's uptime. Draws nothing.
 *
 * Ages and countdowns use the router's uptime: its clock and the browser's may differ.
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

const rcList = rpc.declare({
	object: 'rc',
	method: 'list',
	params: [ 'name' ],
	reject: true,
	expect: { '': {} }
});

/* Only the server can end these. */
const ordered = /^(911|dnserr|http-(429|5\d\d))$/;

/* The most urgent first. */
const order = [ 'stopped', 'invalid', 'no-address', 'waiting', 'current', 'disabled' ];

/* A reply, or in its place what went wrong. */
function attempt(promise) {
	return Promise.resolve(promise).then(value => ({ value }), error => ({ error }));
}

function sectionsOf(type) {
	return uci.sections('nicup', type);
}

/* With another run_dir, only the program can read the file for the page. It ends with 1 where there is none. */
function readStatus() {
	const dir = String(sectionsOf('nicup')[0]?.run_dir ?? '').replace(/\/+$/, '');

	if (dir == '' || dir == usual)
		return fs.read(file);

	return fs.exec(program, [ 'status', '--json' ]).then(reply => {
		if (reply.stdout)
			return reply.stdout;

		const error = new Error(reply.stderr ?? '');
		error.name = (reply.code == 1) ? 'NotFoundError' : 'Error';
		throw error;
	});
}

/* The file's values as this page needs them: a null or a value of another type never gets further. */
const text = value => [ 'string', 'number', 'boolean' ].includes(typeof(value)) ? String(value) : null;
const number = value => Number.isFinite(value) ? value : null;
const entries = (value, shape) => (Array.isArray(value) ? value : []).filter(entry => L.isObject(entry) && !Array.isArray(entry)).map(shape);
const texts = value => (Array.isArray(value) ? value : []).map(entry => text(entry) ?? '');

function fields(source, kinds) {
	return Object.fromEntries(Object.entries(kinds).map(([ name, kind ]) => [ name, kind(source[name]) ]));
}

const shapeHost = host => Object.assign(fields(host, {
	registered_ipv4: text, registered_ipv6: text, code: text, message: text, message_id: text, message_values: texts,
	last_attempt: number, last_success: number, changed: number, next_attempt: number, next_attempt_uptime: number
}), {
	hostname: text(host.hostname) ?? '?',
	state: text(host.state) ?? '?',
	failures: number(host.failures) ?? 0
});

const shapeService = service => Object.assign(fields(service, {
	server: text, transport: text, interface: text, device: text, ipv4: text, ipv6: text,
	address_note: text, address_note_id: text, address_note_values: texts
}), {
	name: text(service.name) ?? '?',
	hosts: entries(service.hosts, shapeHost)
});

const shapeProblem = problem => fields(problem, {
	level: text, file: text, line: number, message: text, message_id: text, message_values: texts
});

const shapeEvent = event => fields(event, {
	time: number, uptime: number, service: text, hostname: text, code: text, ipv4: text, ipv6: text
});

function shape(status) {
	return Object.assign(fields(status, { program: text, time: number, uptime: number, mode: text }), {
		problems: entries(status.problems, shapeProblem),
		services: entries(status.services, shapeService),
		events: entries(status.events, shapeEvent)
	});
}

/* Text of the file to { status } or { trouble, detail }. */
function parse(content) {
	let status;

	try {
		status = JSON.parse(content);
	}
	catch (e) {
		return { trouble: 'damaged', detail: e.message };
	}

	if (!L.isObject(status) || typeof(status.version) != 'number')
		return { trouble: 'damaged', detail: _('no version in it') };

	if (status.version != 1)
		return { trouble: status.version > 1 ? 'newer' : 'older', detail: String(status.version) };

	return Array.isArray(status.services) ? { status: shape(status) } : { trouble: 'damaged', detail: _('parts are missing') };
}

return baseclass.extend({
	__init__() {
		this.status = null;
		this.service = { installed: true, running: null, boot: null, unsaved: false };
		this.clock = { uptime: 0, fetched: performance.now() };
	},

	/* null, or why LuCI cannot read the settings. */
	loadSettings() {
		return uci.load('nicup').then(() => null, error => {
			const code = /(?:ubus code|failed with error) (-?\d+)/.exec(error?.message)?.[1];

			return { '4': 'missing', '6': 'forbidden', '-32002': 'forbidden' }[code] ?? 'broken';
		});
	},

	/* What changes rarely: the service, the program, unsaved changes, and the uptime. */
	loadService() {
		return Promise.all([
			attempt(systemInfo()),
			attempt(serviceList('nicup')),
			attempt(rcList('nicup')),
			attempt(fs.stat(program)),
			attempt(uci.changes())
		]).then(([ info, list, rc, stat, changes ]) => {
			const instances = Object.values(list.value?.nicup?.instances ?? {});

			this.setUptime(info.value?.uptime);
			this.service = {
				installed: stat.error?.name != 'NotFoundError',
				/* null: not known */
				running: list.error ? null : instances.some(instance => instance?.running),
				boot: rc.value?.nicup?.enabled ?? null,
				unsaved: [ 'nicup', 'ddns' ].some(name => L.toArray(changes.value?.[name]).length > 0)
			};
		});
	},

	setUptime(uptime) {
		if (Number.isFinite(uptime))
			this.clock = { uptime, fetched: performance.now() };
	},

	/* Resolves to what is known now and never rejects. Only with `all` does it ask for more than the status file. */
	load(all) {
		return Promise.all([ attempt(readStatus()), all ? this.loadService() : null ]).then(([ content ]) => {
			const found = content.error ? this.explain(content.error) : parse(content.value);

			/* A router that does not respond has the status it had, marked as old. */
			if (found.trouble != 'unreadable')
				this.status = found.status ?? null;

			if (this.status?.uptime > this.uptime())
				this.setUptime(this.status.uptime);

			return Object.assign({ trouble: null, detail: null }, found, this.service, { status: this.status });
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
			return { trouble: /-32002/.test(error.message) ? 'forbidden' : 'unreadable', detail: error.message };
		}
	},

	/* The router's uptime at this moment, in seconds. */
	uptime() {
		return this.clock.uptime + (performance.now() - this.clock.fetched) / 1000;
	},

	/* How old the status is. */
	age(known) {
		return Math.max(0, this.uptime() - (known.status?.uptime ?? 0));
	},

	/* How long ago a wall time of the status file was; null where there is none. */
	since(known, time) {
		const status = known.status;

		if (time == null || status?.time == null)
			return null;

		return Math.max(0, status.time - time) + this.age(known);
	},

	hosts(known) {
		return (known.status?.services ?? []).flatMap(service => service.hosts);
	},

	/* 0 for what needs attention first. */
	rank(host) {
		const at = order.indexOf(host.state);

		return at < 0 ? 0 : at;
	},

	/* Services and their hosts, the failed ones first. */
	ranked(known) {
		const worst = service => Math.min(order.length, ...service.hosts.map(host => this.rank(host)));

		return (known.status?.services ?? [])
			.map(service => Object.assign({}, service, {
				hosts: [ ...service.hosts ].sort((one, two) => this.rank(one) - this.rank(two))
			}))
			.sort((one, two) => worst(one) - worst(two));
	},

	/* Whether a host waits because the server asked for it. */
	ordered(host) {
		return host.state == 'waiting' && ordered.test(host.code ?? '');
	},

	/* Whether Resume would clear something of this host. */
	resumable(host) {
		return host.state == 'stopped' || (host.state == 'waiting' && host.failures > 0 && !this.ordered(host));
	},

	mode(known) {
		return known.status?.mode ?? sectionsOf('nicup')[0]?.mode ?? 'watch';
	},

	/* Whether no loop is there to keep planned times, as it should be in mode hotplug. */
	eventsOnly(known) {
		return this.mode(known) == 'hotplug' && !known.running;
	},

	/* Whether nothing keeps the status up to date though it should. */
	stale(known) {
		return known.trouble == 'unreadable' || (known.status?.mode == 'watch' && known.running === false &&
			this.hosts(known).some(host => host.state != 'disabled'));
	}
});
