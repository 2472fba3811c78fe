// How the page shows each state, and what the buttons do.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { press, row } from '../steps.mjs';

/* Codes, the simulator's command that causes them, and the text on the page. */
const answers = [
	[ 'nohost', 'body:nohost', 'Stopped', 'does not know this hostname', 'Correct the hostname or the login' ],
	[ 'notfqdn', 'body:notfqdn', 'Stopped', 'does not accept this as a hostname', 'with its domain' ],
	[ '!yours', 'body:!yours', 'Stopped', 'belongs to another account', 'Correct the hostname or the login' ],
	[ '!donator', 'body:!donator', 'Stopped', 'paid account', 'Mark as offline' ],
	[ 'numhost', 'body:numhost', 'Stopped', 'too many hostnames', 'Remove some' ],
	[ 'abuse', 'body:abuse', 'Stopped', 'blocked this user', 'Ask the support' ],
	[ 'badagent', 'body:badagent', 'Stopped', 'rejects this program', 'Enter your email address as contact' ],
	[ 'mismatch', 'body:good 198.51.100.9', 'Stopped', 'registered another address', 'Look for a proxy' ],
	[ '911', 'body:911', 'Waiting', 'has an outage', 'Nothing to do' ],
	[ 'http-503', 'status:503', 'Waiting', 'has an outage (HTTP 503)', 'Nothing to do' ],
	[ 'http-429', '429:3600', 'Waiting', 'too many requests', 'Nothing to do' ],
	[ 'unintelligible', 'body:<html>Welcome to the hotel</html>', 'Waiting', '127.0.0.1 sent an unexpected response', 'Check the server and the path' ],
	[ 'http-403', 'status:403', 'Waiting', '127.0.0.1 rejects the request (HTTP 403)', 'Check the login and the path below, press Save & Apply, then press Resume.' ],
	[ 'unconfirmed', 'cut-after-request', 'Waiting', 'no response came', 'Nothing to do' ],
	[ 'tls', 'cert:wrong-name', 'Waiting', 'No secure connection', 'ca-bundle' ]
];

async function stopped(stage, order) {
	stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
	await stage.tell(`default ${order}`);
	stage.nicup('run');
	await stage.tell('default normal');
}

export const stories = {
	async 'each response has its meaning and what to do'({ stage, open, sees, assert }) {
		const page = await open('view/nicup/overview');

		for (const [ code, order, state, what, todo ] of answers) {
			await stage.reset();
			await stopped(stage, order);
			assert.equal(stage.status().services[0].hosts[0].code, code, order);

			const said = row(page, 'home.example.net');

			await sees(page, what, '.nicup-hosts');
			assert.match(await said.innerText(), new RegExp(`^home.example.net\\s+${state}`));
			assert.ok((await said.innerText()).includes(todo), `${code}: ${await said.innerText()}`);
			assert.match(await said.innerText(), state == 'Stopped' ? /none until you act/ : /in \d+ (s|min|h)/);
		}
	},

	async 'every code of the program has its meaning on the page'({ open, assert }) {
		const source = fs.readFileSync(fileURLToPath(new URL('../../../src/policy/code.rs', import.meta.url)), 'utf8');
		const [ , table ] = /^names!\(Code \{\n([\s\S]*?)\n\}/m.exec(source);
		const codes = [ ...table.matchAll(/"([^"]+)"/g) ].map(([ , word ]) => word);
		const page = await open('view/nicup/overview');
		const known = await page.evaluate(() => L.require('nicup.meanings').then(meanings => meanings.known()));

		assert.ok(codes.length > 20);
		assert.deepEqual(known.sort(), codes.sort());
	},

	async 'what to do after HTTP 401 and 403 is what the program says, at No-IP and elsewhere'({ open, assert }) {
		const page = await open('view/nicup/overview');
		const todo = (code, server) => page.evaluate(given => L.require('nicup.meanings').then(meanings => meanings.code(...given)[1]), [ code, server ]);

		for (const code of [ 'http-401', 'http-403' ]) {
			assert.match(await todo(code, 'dynupdate.no-ip.com'), /^Look for a filter or firewall .*, then press Resume\.$/);
			assert.match(await todo(code, 'update.example.org'), /^Check the login and the path below, press Save & Apply, then press Resume\.$/);
		}

		assert.match(await todo('http-503', 'dynupdate.no-ip.com'), /^Nothing to do/);
	},

	async 'a local IPv6 address has its own advice, also in a list of interfaces'({ open, assert }) {
		const page = await open('view/nicup/overview');
		const todo = (id, values) => page.evaluate(given => L.require('nicup.meanings').then(meanings => meanings.code('private-address', null, ...given)[1]),
			[ id, values ]);
		const local = 'lte has only the local IPv6 address fd12:3456:789a:bcde:1234:5678:9abc:def0: ask the provider for an IPv6 prefix, or try...';

		assert.match(await todo('unique-local', [ 'lte', 'fd00::7' ]), /^Ask the provider for an IPv6 prefix/);
		assert.match(await todo('no-address-in-list', [ local, 'wan' ]), /^Ask the provider for an IPv6 prefix/);

		for (const values of [ [ 'wan has only the private address 10.0.0.2', 'lte' ], [], undefined ])
			assert.match(await todo('no-address-in-list', values), /^Make the router in front a bridge/);
	},

	async 'no address, a private one, no connection, switched off and wrong settings'({ stage, open, sees, assert }) {
		stage.uplink('down', null);
		stage.uplink('lan', 'lo');
		stage.configure([ 'nicup', 'main', {} ],
			stage.service('away', 'away.example.net', { interface: [ 'down' ] }),
			stage.service('inner', 'inner.example.net', { interface: [ 'lan' ] }),
			stage.service('cut', 'home.example.net', { server: '127.0.0.3', port: '9' }),
			stage.service('off', 'off.example.net', { enabled: '0' }),
			stage.service('wrong', 'wrong.example.net', { timeout: 'ten' }));
		stage.nicup('run');

		const page = await open('view/nicup/overview');

		await sees(page, 'There is no address to send');
		assert.match(await row(page, 'away.example.net').innerText(), /No address[\s\S]*Check that the interface is up[\s\S]*when there is an address/);
		assert.match(await row(page, 'inner.example.net').innerText(), /No address/);
		assert.match(await row(page, 'home.example.net').innerText(), /Waiting[\s\S]*No connection to 127.0.0.3[\s\S]*Check the internet connection[\s\S]*in \d+ s/);
		assert.match(await row(page, 'off.example.net').innerText(), /Disabled[\s\S]*none/);
		assert.match(await row(page, 'wrong.example.net').innerText(), /Wrong settings[\s\S]*timeout: 'ten' is not a duration/);
		await sees(page, /\/etc\/config\/nicup, line \d+: option timeout: 'ten' is not a duration/, '.nicup-notices');
	},

	async 'the countdown runs on the uptime, whatever the clocks say'({ stage, open, sees, assert }) {
		await stopped(stage, 'body:911');

		const page = await open('view/nicup/overview', {
			before: each => each.addInitScript('{ const now = Date.now; Date.now = () => now() + 86400000 * 400; }')
		});
		const seen = async () => {
			const [ , minutes, seconds ] = /in (\d+) min (\d+) s/.exec(await sees(page, /in \d+ min \d+ s/, '.nicup-next span'));

			return minutes * 60 + Number(seconds);
		};
		const planned = stage.status().services[0].hosts[0].next_attempt_uptime;
		const uptime = Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
		const first = await seen();

		assert.ok(Math.abs(first - (planned - uptime)) <= 3, `${first} and ${planned - uptime}`);
		await page.waitForFunction(before => {
			const [ , minutes, seconds ] = /in (\d+) min (\d+) s/.exec(document.querySelector('.nicup-hosts td.nicup-next').innerText);

			return Number(minutes) * 60 + Number(seconds) <= before - 2;
		}, first);
	},

	async 'a refresh touches only what changed'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', [ 'home.example.net', 'office.example.net' ]));
		await stage.service_start();
		await stage.settled('office.example.net', 'current');

		const page = await open('view/nicup/overview');

		await sees(page, '2 current');
		await page.evaluate(() => {
			window.changed = [];
			new MutationObserver(list => list.forEach(one => window.changed.push((one.target.closest?.('td, small') ?? one.target.parentElement).className)))
				.observe(document.querySelector('.nicup-status'), { childList: true, characterData: true, attributes: true, subtree: true });
		});

		await page.waitForFunction(tick => L.Poll.tick > tick + 9, await page.evaluate(() => L.Poll.tick));

		const odd = (await page.evaluate(() => window.changed)).filter(name => !/^(nicup-next|nicup-when|nicup-state-of-service|)$/.test(name));

		assert.deepEqual(odd, [], 'three refreshes later nothing but ages and countdowns was touched');
	},

	async 'update now sends, shows what came of it, and says when it may not'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
		stage.nicup('run');

		const sent = stage.requests().length;
		const page = await open('view/nicup/overview');

		await press(page, 'Update now');
		await sees(page, 'home.example.net: current 203.0.113.7 (was already registered)', '.nicup-result');
		assert.equal(stage.requests().length, sent + 1);
		await press(page, 'Update now');
		await sees(page, /home\.example\.net: not sent, possible \d+ min from now/, '.nicup-result');
		assert.equal(stage.requests().length, sent + 1);
		assert.ok(await page.locator('.nicup-resume').isDisabled());
		await sees(page, 'Nothing is stopped.', '.nicup-reason');
	},

	async 'resume ends a stop'({ stage, open, sees, assert }) {
		await stopped(stage, 'body:nohost');
		await stage.service_start();

		const page = await open('view/nicup/overview');

		await sees(page, 'Nothing can be sent: correct the settings', '.nicup-reason');
		assert.ok(await page.locator('.nicup-update').isDisabled());
		await page.locator('.nicup-resume').click();
		await sees(page, 'stops and back-off cleared', '.nicup-result');
		await sees(page, 'Current', '.nicup-hosts');
		await sees(page, '127.0.0.1 does not know this hostname', '.nicup-events');
	},

	async 'a wait that the server ordered cannot be skipped'({ stage, open, sees, assert }) {
		await stopped(stage, 'body:911');

		const page = await open('view/nicup/overview');

		await sees(page, 'The server asked nicup to wait; this cannot be skipped.', '.nicup-reason');
		assert.ok(await page.locator('.nicup-update').isDisabled() && await page.locator('.nicup-resume').isDisabled());
	},

	async 'the registered and the WAN address stand side by side, and a difference is marked'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
		stage.nicup('run');
		await stage.tell('default body:911');

		const page = await open('view/nicup/overview');

		await sees(page, /203\.0\.113\.7\s+203\.0\.113\.7/, '.nicup-hosts');
		assert.equal(await page.locator('.nicup-differs').count(), 0);
		stage.address('203.0.113.99', '203.0.113.7');

		try {
			stage.nicup('run');
			await sees(page, /203\.0\.113\.7\s+203\.0\.113\.99/, '.nicup-hosts');
			assert.equal(await page.locator('.nicup-differs').innerText(), '203.0.113.7');
		}
		finally {
			stage.address('203.0.113.7', '203.0.113.99');
		}
	}
};
