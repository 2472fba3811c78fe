// Stands in for uhttpd, rpcd and cgi-io: serves the page's files and LuCI's stand-ins, and grants what the page's own
// ACL file grants, and nothing else.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { write } from './ucitext.mjs';

const app = path.resolve(import.meta.dirname, '../../openwrt/luci-app-nicup');
const standins = path.join(import.meta.dirname, 'standins');
const acl = JSON.parse(fs.readFileSync(path.join(app, 'root/usr/share/rpcd/acl.d/luci-app-nicup.json'), 'utf8'))['luci-app-nicup'];
const LIMIT = 256 * 1024;

/* ubus' codes */
const OK = 0, NOT_FOUND = 4, DENIED = 6, UNSUPPORTED = 8;

const glob = pattern => new RegExp('^' + pattern.replace(/[.+^${}()|\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.') + '$', 's');

function granted(readonly, scope, object, permission) {
	return (readonly ? [ acl.read ] : [ acl.read, acl.write ]).some(group => {
		const grants = group[scope] ?? [];

		/* uci = [ names ], file = { pattern: [ permissions ] } */
		return Array.isArray(grants)
			? grants.includes(object) && (group === acl.write || permission == 'read')
			: Object.entries(grants).some(([ pattern, allowed ]) => glob(pattern).test(object) && allowed.includes(permission));
	});
}

const page = (view, options) => `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/standins/page.css"></head>
<body><div id="maincontent"><div id="view"></div></div><script src="/standins/runtime.js"></script><script>
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
			const options = { readonly: url.searchParams.has('readonly'), pace: 200 };

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

		if (line == '/sbin/logread -e nicup')
			return { code: 0, stdout: fs.readFileSync(this.stage.logfile, 'utf8') };

		if (line == '/etc/init.d/nicup start')
			await this.stage.service_start();

		return { code: 0, stdout: '', stderr: '' };
	}

	async ubus({ object, method, params, readonly }) {
		switch (`${object} ${method}`) {
		case 'file read':
			return this.read(params.path, readonly);

		case 'file stat':
			if (!this.allows(readonly, 'file', params.path, 'list'))
				return [ DENIED ];

			return (params.path != '/usr/sbin/nicup' || this.stage.installed) ? [ OK, { type: 'file' } ] : [ NOT_FOUND ];

		case 'file exec': {
			if (!this.allows(readonly, 'file', [ params.command, ...params.params ].join(' '), 'exec'))
				return [ DENIED ];

			const ran = await this.exec(params.command, params.params);

			return (ran == null) ? [ NOT_FOUND ] : [ OK, ran ];
		}

		case 'uci get': {
			if (!this.allows(readonly, 'uci', params.config, 'read'))
				return [ DENIED ];

			const values = this.stage.config(params.config);

			return (values == null) ? [ NOT_FOUND ] : [ OK, { values } ];
		}

		case 'uci apply':
			if (!this.allows(readonly, 'uci', params.config, 'write'))
				return [ DENIED ];

			await this.apply(params.values);

			return [ OK, {} ];

		/* LuCI's own pages grant these two. */
		case 'network.interface dump':
			return [ OK, { interface: [ { interface: 'loopback', l3_device: 'lo' }, { interface: 'wan', l3_device: 'wan' } ] } ];

		case 'system info':
			return this.allows(readonly, 'ubus', 'system', 'info')
				? [ OK, { uptime: Math.floor(Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0])) } ] : [ DENIED ];

		case 'service list':
			return this.allows(readonly, 'ubus', 'service', 'list')
				? [ OK, { nicup: { instances: { instance1: { running: this.stage.watcher != null } } } } ] : [ DENIED ];
		}

		return [ 3 ];
	}

	read(name, readonly) {
		const file = path.join(this.stage.root, name);

		if (!this.allows(readonly, 'file', name, 'read'))
			return [ DENIED ];

		if (!fs.existsSync(file))
			return [ NOT_FOUND ];

		return fs.statSync(file).size < LIMIT ? [ OK, { data: fs.readFileSync(file, 'utf8') } ] : [ UNSUPPORTED ];
	}

	/* Save & Apply: the file, and then procd's trigger, which starts the service anew. */
	async apply(values) {
		const sections = Object.values(values).sort((one, two) => one['.index'] - two['.index']);

		this.stage.write('etc/config/nicup', write(sections.map(section => [ section['.type'], section['.name'],
			Object.fromEntries(Object.entries(section).filter(([ name ]) => !name.startsWith('.'))) ])));

		await this.stage.service_start();
	}
}
