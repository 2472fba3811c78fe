// Stands in for uhttpd, rpcd and cgi-io: serves the page's files and LuCI's stand-ins, and grants only what the page's
// ACL file grants.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { translations } from './po.mjs';
import { broken, write } from './ucitext.mjs';

const app = fileURLToPath(new URL('../../openwrt/luci-app-nicup', import.meta.url));
const standins = fileURLToPath(new URL('standins', import.meta.url));
const acl = JSON.parse(fs.readFileSync(path.join(app, 'root/usr/share/rpcd/acl.d/luci-app-nicup.json'), 'utf8'))['luci-app-nicup'];
const LIMIT = 256 * 1024;

/* ubus' codes */
const OK = 0, NOT_FOUND = 4, DENIED = 6, UNSUPPORTED = 8, UNKNOWN = 9, NO_METHOD = -32002;

/* LuCI's own groups grant this to every login: methods of ubus, and settings to read. */
const base = {
	read: { ubus: { uci: [ 'get', 'changes' ], 'network.interface': [ 'dump' ] }, uci: [ 'system' ] },
	write: { ubus: { uci: [ 'stage', 'set', 'apply' ] } }
};

const glob = pattern => new RegExp('^' + pattern.replace(/[.+^${}()|\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.') + '$', 's');

/* Like rpcd: a list of names grants only the permission of its group, "read" or "write". */
function granted(readonly, scope, object, permission) {
	const groups = [ [ 'read', acl.read ], [ 'read', base.read ],
		...(readonly ? [] : [ [ 'write', acl.write ], [ 'write', base.write ] ]) ];

	return groups.some(([ right, group ]) => {
		const grants = group[scope] ?? [];

		return Array.isArray(grants)
			? grants.includes(object) && right == permission
			: Object.entries(grants).some(([ pattern, allowed ]) => glob(pattern).test(object) && allowed.includes(permission));
	});
}

const page = (view, options) => `<!DOCTYPE html><html lang="${options.lang}"><head><meta charset="utf-8">
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/standins/page.css"></head>
<body><div id="maincontent"><div id="view"></div></div><script src="/standins/runtime.js"></script><script>
window.translations = ${JSON.stringify(options.translations).replaceAll('<', '\\u003c')};
L.env = ${JSON.stringify(options)};
window.begun = performance.now();
L.require('form').then(() => L.require('formgrid')).then(() => L.require('${view}')).then(view => view.shown ?? view.load().then(data => {
	document.getElementById('view').append(view.render(data) ?? '');
})).then(() => { document.body.dataset.ready = String(performance.now() - window.begun); return L.require('poll'); })
	.then(poll => poll.start(L.env.pace));
</script></body></html>`;

export class Router {
	constructor(stage) {
		this.stage = stage;
		this.denied = [];
		this.staged = {};
		this.calls = [];
		this.server = http.createServer((request, reply) => this.serve(request, reply).catch(error => {
			reply.writeHead(500, error.message.replaceAll('\n', ' ')).end();
		}));
	}

	async listen() {
		await new Promise(done => this.server.listen(0, '127.0.0.1', done));
		this.url = `http://127.0.0.1:${this.server.address().port}`;
	}

	close() {
		this.server.close();
		this.server.closeAllConnections();
	}

	async serve(request, reply) {
		const url = new URL(request.url, 'http://router');
		let body = '';

		for await (const chunk of request)
			body += chunk;

		if (url.pathname == '/ubus')
			return reply.end(JSON.stringify(await this.ubus(JSON.parse(body))));

		if (url.pathname == '/cgi-exec')
			return this.cgi(JSON.parse(body), reply);

		if (url.pathname.startsWith('/page/')) {
			const lang = url.searchParams.get('lang') ?? 'en';
			const options = { readonly: url.searchParams.has('readonly'), pace: 200, pollinterval: 5, lang, translations: translations(lang) };

			return reply.setHeader('content-type', 'text/html').end(page(url.pathname.slice('/page/'.length).replaceAll('/', '.'), options));
		}

		this.file(url.pathname, reply);
	}

	file(name, reply) {
		const places = name.startsWith('/standins/')
			? [ path.join(standins, name.slice('/standins/'.length)) ]
			: [ path.join(standins, name.replace('/luci-static/resources/', '')), path.join(app, 'htdocs', name) ];
		const found = places.find(place => fs.existsSync(place) && fs.statSync(place).isFile());

		if (found == null)
			return reply.writeHead(404).end();

		reply.setHeader('content-type', found.endsWith('.css') ? 'text/css' : 'text/javascript; charset=utf-8');
		reply.end(fs.readFileSync(found));
	}

	allows(readonly, scope, object, permission) {
		const allowed = granted(readonly, scope, object, permission);

		if (!allowed)
			this.denied.push(`${scope} ${object} ${permission}`);

		return allowed;
	}

	async cgi({ command, params, readonly }, reply) {
		const line = [ command, ...params ].join(' ');

		if (!acl.read['cgi-io'].includes('exec') || !this.allows(readonly, 'file', line, 'exec'))
			return reply.writeHead(403).end();

		const ran = await this.exec(command, params);

		return (ran == null) ? reply.writeHead(404).end() : reply.end(ran.stdout);
	}

	async exec(command, params) {
		const line = [ command, ...params ].join(' ');

		if (command == '/usr/sbin/nicup')
			return this.stage.installed ? this.stage.background(params) : null;

		if (line == `${this.stage.logread} -e nicup`)
			return { code: 0, stdout: fs.readFileSync(this.stage.logfile, 'utf8') };

		return command == '/etc/init.d/nicup' ? this.stage.init(params) : null;
	}

	stat(name) {
		const there = { '/usr/sbin/nicup': this.stage.installed, [this.stage.logread]: true }[name];

		return there ? [ OK, { type: 'file' } ] : [ NOT_FOUND ];
	}

	/* The session's view: its saved changes, otherwise the file. */
	settings(config) {
		if (this.staged[config] != null)
			return [ OK, { values: this.staged[config] } ];

		if (config == 'system')
			return [ OK, { values: { cfg01: { '.type': 'system', '.name': 'cfg01', '.index': 0, zonename: this.stage.zone } } } ];

		const values = this.stage.config(config);

		if (values == null)
			return [ NOT_FOUND ];

		return broken(this.stage.read(`etc/config/${config}`)) ? [ UNKNOWN ] : [ OK, { values } ];
	}

	async ubus({ object, method, params, readonly }) {
		this.calls.push(`${object} ${method}`);

		if (!this.allows(readonly, 'ubus', object, method))
			return [ NO_METHOD ];

		switch (`${object} ${method}`) {
		case 'file read':
			return this.read(params.path, readonly);

		case 'file stat':
			return this.allows(readonly, 'file', params.path, 'list') ? this.stat(params.path) : [ DENIED ];

		case 'file exec': {
			if (!this.allows(readonly, 'file', [ params.command, ...params.params ].join(' '), 'exec'))
				return [ DENIED ];

			const ran = await this.exec(params.command, params.params);

			return (ran == null) ? [ NOT_FOUND ] : [ OK, ran ];
		}

		case 'uci get':
			return this.allows(readonly, 'uci', params.config, 'read') ? this.settings(params.config) : [ DENIED ];

		case 'uci changes':
			return [ OK, { changes: Object.fromEntries(Object.keys(this.staged).map(name => [ name, [ [ 'set' ] ] ])) } ];

		case 'uci stage':
		case 'uci set':
			return this.allows(readonly, 'uci', params.config, 'write') ? this.save(params) : [ DENIED ];

		case 'uci apply':
			await this.apply();

			return [ OK, {} ];

		case 'network.interface dump':
			return [ OK, { interface: [ { interface: 'loopback', l3_device: 'lo' }, { interface: 'wan', l3_device: 'wan' } ] } ];

		case 'system info':
			return [ OK, { uptime: Math.floor(Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0])) } ];

		case 'rc list':
			return [ OK, { nicup: { start: 95, enabled: this.stage.boot } } ];

		case 'service list':
			return [ OK, { nicup: { instances: { instance1: { running: this.stage.watcher != null } } } } ];
		}

		return [ 3 ];
	}

	/* Saves a whole package, or some options of one section. */
	save({ config, section, values }) {
		if (section == null) {
			this.staged[config] = values;

			return [ OK, {} ];
		}

		const [ code, found ] = this.settings(config);

		if (code != OK || found.values[section] == null)
			return [ NOT_FOUND ];

		this.staged[config] = { ...found.values, [section]: { ...found.values[section], ...values } };

		return [ OK, {} ];
	}

	read(name, readonly) {
		const file = path.join(this.stage.root, name);

		if (!this.allows(readonly, 'file', name, 'read'))
			return [ DENIED ];

		if (!fs.existsSync(file))
			return [ NOT_FOUND ];

		return fs.statSync(file).size < LIMIT ? [ OK, { data: fs.readFileSync(file, 'utf8') } ] : [ UNSUPPORTED ];
	}

	/* Save & Apply: writes the files, then runs procd's trigger, which restarts the service. */
	async apply() {
		for (const [ config, values ] of Object.entries(this.staged)) {
			const sections = Object.values(values).sort((one, two) => one['.index'] - two['.index']);

			this.stage.write(`etc/config/${config}`, write(sections.map(section => [ section['.type'], section['.name'],
				Object.fromEntries(Object.entries(section).filter(([ name ]) => !name.startsWith('.'))) ])));
		}

		const changed = this.staged.nicup != null;

		this.staged = {};

		if (changed)
			await this.stage.service_start();
	}
}
