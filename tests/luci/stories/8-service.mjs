// The service, its times, the permissions of a login, and how many requests the page makes.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { press, row } from '../steps.mjs';

const app = fileURLToPath(new URL('../../../openwrt/luci-app-nicup', import.meta.url));
const json = name => JSON.parse(fs.readFileSync(path.join(app, name), 'utf8'));

async function working(stage, main = {}) {
	stage.configure([ 'nicup', 'main', main ], stage.service('home', 'home.example.net'));
	await stage.service_start();
	await stage.settled('home.example.net', 'current');
}

export const stories = {
	async 'the access list has fixed words only, and its read side opens no other settings'({ assert }) {
		const { 'luci-app-nicup': acl } = json('root/usr/share/rpcd/acl.d/luci-app-nicup.json');

		for (const group of [ acl.read, acl.write ])
			for (const [ name, rights ] of Object.entries(group.file))
				assert.doesNotMatch(name, /[*?[]/, `${name} ${rights}: LuCI's blanks and further arguments would get through`);

		assert.deepEqual(acl.read.uci, [ 'nicup' ]);
		assert.deepEqual(acl.read.ubus.file, [ 'exec', 'read', 'stat' ]);
		assert.ok(Object.keys(acl.read.file).every(name => !/ (run|resume|import|start|stop|enable|disable)\b/.test(name)));
	},

	/* LuCI responds with 404 for an entry that depends on settings which it cannot read. */
	async 'the menu has a place that ddns does not take, and stays with broken settings'({ assert }) {
		const { 'admin/services/nicup': entry } = json('root/usr/share/luci/menu.d/luci-app-nicup.json');

		assert.notEqual(entry.order, 59);
		assert.deepEqual(entry.depends, { acl: [ 'luci-app-nicup' ] });
	},

	async 'every command of the page is in the access list'({ stage, open, sees, router, assert }) {
		await working(stage);

		const page = await open('view/nicup/overview');

		for (const name of [ 'Update now', 'Check', 'Check DNS', 'Do not start at boot', 'Restart', 'Stop' ]) {
			await press(page, name);
			await page.waitForFunction(() => document.querySelector('.nicup-result-done'));
			await page.evaluate(() => { document.querySelector('.nicup-result').className = 'nicup-result'; });
		}

		await sees(page, 'does not start at boot', '.nicup-state-of-service');
		assert.deepEqual(router.denied, []);
		await sees(page, 'The service nicup is not running');
		await press(page, 'Start at boot');
		await sees(page, / starts at boot/, '.nicup-state-of-service');
	},

	async 'check shows what nicup would send, and asks DNS'({ stage, open, sees }) {
		await working(stage);

		const page = await open('view/nicup/overview');

		await press(page, 'Check');
		await sees(page, /home\.example\.net/, '.nicup-result-done');
		await press(page, 'Check DNS');
		await sees(page, /DNS/, '.nicup-result-done');
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net', { timeout: 'ten' }));
		await press(page, 'Check');
		await sees(page, /option timeout: 'ten' is not a duration/, '.nicup-result-done');
	},

	async 'a failure is also on top of the page'({ stage, open, sees, router }) {
		await working(stage);
		router.exec = async () => ({ code: 1, stdout: '', stderr: 'no such service' });

		try {
			const page = await open('view/nicup/overview');

			await press(page, 'Stop');
			await sees(page, 'Stop failed: no such service', '.alert-message');
		}
		finally {
			delete router.exec;
		}
	},

	async 'disabled at boot is a warning with a button'({ stage, open, sees, assert }) {
		await working(stage);
		stage.boot = false;

		const page = await open('view/nicup/overview');

		await sees(page, 'The service nicup does not start when the router boots: press Enable.', '.nicup-notices');
		await press(page, 'Enable');
		await page.waitForSelector('.nicup-notices .nicup-notice', { state: 'detached' });
		assert.ok(stage.boot);
	},

	async 'the version is shown, and a running service can be stopped and started'({ stage, open, sees, assert }) {
		await working(stage);

		const page = await open('view/nicup/overview');

		await sees(page, /nicup \d+\.\d+\.\d+ · running · starts at boot · as of/, '.nicup-state-of-service');
		await press(page, 'Stop');
		await sees(page, 'not running', '.nicup-state-of-service');
		assert.ok(await page.locator('.nicup-stop').isHidden() && await page.locator('.nicup-start').isVisible());
		await page.locator('.nicup-start').click();
		await sees(page, '· running ·', '.nicup-state-of-service');
	},

	async 'without a resident service the next attempt is the next network event'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', { mode: 'hotplug' } ], stage.service('home', 'home.example.net'),
			stage.service('cut', 'cut.example.net', { server: '127.0.0.3', port: '9' }));
		stage.nicup('run');

		const page = await open('view/nicup/overview');

		await sees(page, 'Current', '.nicup-hosts');
		assert.match(await row(page, 'home.example.net').innerText(), /when the address changes$/);
		assert.match(await row(page, 'cut.example.net').innerText(), /at the next network event(, in \d+ s at the earliest)?$/);
		await sees(page, 'waits for network events', '.nicup-state-of-service');
	},

	async 'failed hosts come first'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'),
			stage.service('bad', 'bad.example.net', { password: 'wrong' }));
		stage.nicup('run');

		const page = await open('view/nicup/overview');
		const seen = await sees(page, 'home.example.net', '.nicup-hosts');

		assert.ok(seen.indexOf('bad.example.net') < seen.indexOf('home.example.net'), seen);
	},

	async 'each event has its time of day in the router\'s zone and its age'({ stage, open, sees, assert }) {
		await working(stage);
		stage.zone = 'Asia/Kolkata';

		const at = stage.status().events[0].time;
		const page = await open('view/nicup/overview');
		const there = new Date(at * 1000).toLocaleTimeString('en-GB', { timeZone: 'Asia/Kolkata' });
		const seen = await sees(page, there, '.nicup-events');

		assert.match(seen, /just now|min ago/);
		await sees(page, /as of \d\d:\d\d:\d\d .*\(just now\)/, '.nicup-state-of-service');
		await page.evaluate(() => L.Poll.stop());
		await sees(page, /This page is not refreshing: you see the state of .*\d\d:\d\d:\d\d/);
		await page.evaluate(() => L.Poll.start());
		await page.waitForFunction(() => !/not refreshing/.test(document.getElementById('view').innerText));
	},

	async 'a round asks for the status, and every fourth one for the rest'({ stage, open, sees, router, assert }) {
		await working(stage);

		const page = await open('view/nicup/overview');

		await sees(page, 'Current', '.nicup-hosts');
		await page.waitForFunction(() => L.Poll.tick > 2);

		const first = await page.evaluate(() => L.Poll.tick);

		router.calls = [];
		await page.waitForFunction(tick => L.Poll.tick >= tick + 60, first, { timeout: 30000 });

		const count = name => router.calls.filter(call => call == name).length;

		assert.ok(count('file read') >= 10 && count('file read') <= 12, `${count('file read')} reads within a minute`);
		assert.ok(count('service list') <= 4, `${count('service list')}`);
		assert.ok(router.calls.length <= 30, `${router.calls}`);
	},

	async 'the log is read wherever OpenWrt has its reader'({ stage, open, sees, router, assert }) {
		for (const reader of [ '/sbin/logread', '/usr/sbin/logread' ]) {
			stage.logread = reader;
			stage.log('daemon.notice nicup[1]: read with ' + reader);

			const page = await open('view/nicup/log');

			await sees(page, 'read with ' + reader);
			await page.close();
			assert.deepEqual(router.denied, []);
		}
	},

	async 'the card shows a parse error, a damaged status, and none'({ stage, open, sees }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
		await sees(await open('view/status/include/60_nicup'), 'There is no status yet');
		await working(stage);
		stage.write('var/run/nicup/status.json', '{');
		await sees(await open('view/status/include/60_nicup'), 'The status file is damaged');
		stage.write('etc/config/nicup', 'config service \'home\n');
		stage.nicup('run');
		await sees(await open('view/status/include/60_nicup'), /\/etc\/config\/nicup, line 1: parse error/);
		await sees(await open('view/status/include/60_nicup'), 'correct the file');
	},

	async 'a free hostname\'s confirmation and the place for a DDNS key are named'({ open, sees, assert }) {
		const page = await open('view/nicup/overview');

		await sees(page, 'No-IP asks you to confirm free hostnames every 30 days');
		assert.match(await page.getByRole('link', { name: 'Create a DDNS key at No-IP' }).getAttribute('href'), /^https:\/\/my\.noip\.com\//);
	}
};
