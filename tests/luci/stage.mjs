// A router in a folder: the real nicup with --root, a No-IP simulator, and a WAN device. tests/luci/run has made the
// network namespace.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parse, write } from './ucitext.mjs';

export const LOGIN = { username: 'test-key', password: 'test-password' };
export const WAN = '203.0.113.7';

export class Stage {
	constructor(folder, tools) {
		this.folder = folder;
		this.tools = tools;
		this.root = path.join(folder, 'root');
		this.installed = true;
		this.boot = true;
		this.zone = 'UTC';
		this.logread = '/sbin/logread';
		this.watcher = null;
		this.ports = [];
		this.uplinks = {};

		for (const name of [ 'etc/config', 'etc/ssl/certs', 'etc/nicup', 'tmp/sysinfo', 'var/run', 'dev' ])
			fs.mkdirSync(path.join(this.root, name), { recursive: true });

		fs.mkdirSync(path.join(folder, 'bin/replies'), { recursive: true });
		fs.writeFileSync(path.join(folder, 'bin/ubus'),
			'#!/bin/sh\n[ -f "${0%/*}/replies/$2.$3" ] || exit 4\nexec cat "${0%/*}/replies/$2.$3"\n', { mode: 0o755 });
		this.write('etc/openwrt_release', 'DISTRIB_RELEASE=\'25.12.0\'\n');
		this.write('tmp/sysinfo/model', 'Example Router X1\n');
		this.uplink('wan', 'wan');
		this.env = { ...process.env, PATH: path.join(folder, 'bin') + ':' + process.env.PATH };
	}

	write(name, text) {
		fs.writeFileSync(path.join(this.root, name), text);
	}

	read(name) {
		return fs.readFileSync(path.join(this.root, name), 'utf8');
	}

	/* The provider assigns another address. */
	address(one, other) {
		for (const words of [ `addr add ${one}/24 dev wan`, `addr del ${other}/24 dev wan`, `addr replace ${one}/24 dev wan` ])
			spawnSync('ip', words.split(' '));
	}

	/* Sets netifd's response for an interface. */
	uplink(name, device) {
		const say = (object, value) => fs.writeFileSync(path.join(this.folder, 'bin/replies', object), JSON.stringify(value));

		this.uplinks[name] = { interface: name, up: device != null, l3_device: device ?? undefined, proto: 'dhcp' };
		say(`network.interface.${name}.status`, this.uplinks[name]);
		say('network.interface.dump', { interface: Object.values(this.uplinks) });
	}

	/* Starts the simulator and syslog, and waits until both are ready. */
	async start() {
		const ca = path.join(this.root, 'etc/ssl/certs/ca-certificates.crt');
		const ports = path.join(this.folder, 'ports');

		this.simulator = spawn(this.tools.simulator, [ '--control', '--listen', 'tls:127.0.0.1:0', '--listen', 'tls:127.0.0.2:0',
			'--ca-out', ca, '--port-file', ports, '--log', path.join(this.folder, 'requests') ], { stdio: [ 'pipe', 'pipe', 'inherit' ] });
		this.answers = readline.createInterface({ input: this.simulator.stdout })[Symbol.asyncIterator]();
		await this.answers.next();
		this.ports = fs.readFileSync(ports, 'utf8').trim().split('\n');

		this.logfile = path.join(this.folder, 'log');
		fs.writeFileSync(this.logfile, '');
		this.logger = spawn('python3', [ fileURLToPath(new URL('syslog.py', import.meta.url)), path.join(this.root, 'dev/log'), this.logfile ],
			{ stdio: [ 'ignore', 'pipe', 'inherit' ] });
		await once(this.logger.stdout, 'data');
	}

	/* Sends one command to the simulator, such as `default body:911`. */
	async tell(order) {
		this.simulator.stdin.write(order + '\n');

		const { value } = await this.answers.next();

		if (value != 'ok')
			throw new Error(`the simulator says: ${value}`);
	}

	requests() {
		return fs.readFileSync(path.join(this.folder, 'requests'), 'utf8').split('\n').filter(line => line != '').map(line => JSON.parse(line));
	}

	nicup(...words) {
		const ran = spawnSync(this.tools.nicup, [ '--root', this.root, ...words ], { env: this.env, encoding: 'utf8', cwd: '/' });

		return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
	}

	/* The whole output of `nicup check`: problems are on standard error. */
	check() {
		const { stdout, stderr } = this.nicup('check');

		return stdout + stderr;
	}

	/* Like nicup(), but does not block everything else. */
	async background(words) {
		const child = spawn(this.tools.nicup, [ '--root', this.root, ...words ], { env: this.env, cwd: '/', stdio: [ 'ignore', 'pipe', 'pipe' ] });
		let stdout = '', stderr = '';

		child.stdout.on('data', data => { stdout += data; });
		child.stderr.on('data', data => { stderr += data; });

		const [ code ] = await once(child, 'close');

		return { code, stdout, stderr };
	}

	/* Sections as [ type, name, options ]. */
	configure(...sections) {
		this.write('etc/config/nicup', write(sections));
		fs.chmodSync(path.join(this.root, 'etc/config/nicup'), 0o600);
	}

	/* A service that reaches the simulator. */
	service(name, hostnames, more = {}) {
		return [ 'service', name, { ...LOGIN, hostname: [ hostnames ].flat(), server: '127.0.0.1', port: this.ports[0], ...more } ];
	}

	config(name) {
		const file = path.join(this.root, 'etc/config', name);

		return fs.existsSync(file) ? parse(fs.readFileSync(file, 'utf8')) : null;
	}

	status() {
		return JSON.parse(this.read('var/run/nicup/status.json'));
	}

	/* Waits until the status shows this state. */
	async settled(hostname, state) {
		const file = path.join(this.root, 'var/run/nicup');
		const is = () => {
			try {
				return this.status().services.flatMap(service => service.hosts).some(host => host.hostname == hostname && host.state == state);
			}
			catch {
				return false;
			}
		};

		for (const end = Date.now() + 10000; !is(); await new Promise(done => setTimeout(done, 20)))
			if (Date.now() > end)
				throw new Error(`${hostname} is not ${state}: ${fs.existsSync(file)}`);
	}

	/* Appends a line from another program to the log. */
	log(text) {
		fs.appendFileSync(this.logfile, `Tue Nov 24 22:00:00 2026 ${text}\n`);
	}

	/* Acts like the init script: nicup stays resident only if it has something to do. */
	async service_start() {
		const sections = Object.values(this.config('nicup'));
		const main = sections.find(section => section['.type'] == 'nicup');
		const idle = main?.enabled == '0' || !sections.some(section => section['.type'] == 'service' && section.enabled != '0');
		const words = idle ? [ 'run' ] : (main?.mode == 'hotplug') ? [ 'run', '--wait' ] : [ 'watch' ];

		await this.service_stop();

		const child = spawn(this.tools.nicup, [ '--root', this.root, ...words ], { env: this.env, cwd: '/', stdio: 'ignore' });

		this.watcher = child;
		child.on('exit', () => {
			if (this.watcher === child)
				this.watcher = null;
		});
	}

	async service_stop() {
		if (this.watcher == null)
			return;

		const gone = once(this.watcher, 'exit');

		this.watcher.kill('SIGTERM');
		await gone;
	}

	/* The actions of the init script that the page uses. */
	async init([ action ]) {
		switch (action) {
		case 'start':
		case 'restart':
			await this.service_start();
			break;
		case 'stop':
			await this.service_stop();
			break;
		default:
			this.boot = (action == 'enable');
		}

		return { code: 0, stdout: '', stderr: '' };
	}

	/* Reboots the router, without a configuration. */
	async reset() {
		await this.service_stop();
		await this.tell('default normal');
		fs.rmSync(path.join(this.root, 'var/run/nicup'), { recursive: true, force: true });
		fs.rmSync(path.join(this.root, 'etc/nicup'), { recursive: true, force: true });
		fs.rmSync(path.join(this.root, 'etc/config/ddns'), { force: true });
		this.configure([ 'nicup', 'main', {} ]);
		this.installed = true;
		this.boot = true;
		this.zone = 'UTC';
		this.logread = '/sbin/logread';
		this.uplink('wan', 'wan');
	}

	async end() {
		await this.service_stop();

		for (const child of [ this.simulator, this.logger ]) {
			const gone = once(child, 'exit');

			child.kill();
			await gone;
		}
	}
}
