// The log, the card on the Overview page, and malicious text from other programs.
import { apply, editService, saveService } from '../steps.mjs';

const EVIL = '<script>alert(1)</script><img src=x onerror="alert(2)">\'"&amp;</td>';
const LONG = EVIL + 'x'.repeat(10000);

async function nothingRan(page, assert) {
	assert.deepEqual(page.troubles, []);
	assert.equal(await page.locator('#view script, #view img').count(), 0, 'no element came of it');
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'nothing sticks out');
}

export const stories = {
	async 'the log is shown newest first and coloured by level'({ stage, open, sees, picture, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net', { password: 'tset-password' }), stage.service('wrong', 'a b'));
		stage.nicup('run');
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
		stage.nicup('run');

		const page = await open('view/nicup/log');
		const seen = await sees(page, 'home.example.net current');

		assert.ok(seen.indexOf('home.example.net current') < seen.indexOf('home.example.net stopped'), seen);
		assert.doesNotMatch(seen, /test-password|tset-password/);
		assert.ok(await page.locator('.nicup-log-err').count() >= 1);
		assert.ok(await page.locator('.nicup-log-notice').count() >= 2);
		await picture(page, 'log');
	},

	async 'the card shows what is wrong first'({ stage, open, sees, picture, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'),
			stage.service('office', 'office.example.net', { password: 'tset-password' }));
		stage.nicup('run');

		const page = await open('view/status/include/60_nicup');
		const seen = await sees(page, 'home.example.net');

		assert.match(seen, /office\.example\.net\s+Stopped[\s\S]*rejected the username or password\. Correct the username[\s\S]*home\.example\.net\s+Current\s+203\.0\.113\.7/);
		await picture(page, 'card');
	},

	async 'the card is not there where nothing is configured'({ open, assert }) {
		const page = await open('view/status/include/60_nicup');

		assert.equal(await page.locator('#view').innerText(), '');
	},

	async 'hostile text in the settings is text'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', { contact: EVIL } ],
			stage.service('home', [ EVIL, LONG ], { username: EVIL, interface: [ EVIL ], device: LONG, proxy: EVIL, server: EVIL }));
		stage.nicup('run');

		const page = await open('view/nicup/overview');

		await sees(page, '<script>alert(1)</script>', '.cbi-section-table');
		await sees(page, '<img src=x oner...', '.nicup-notices');
		await editService(page, 'home');
		await sees(page, EVIL, '.modal');
		await nothingRan(page, assert);
	},

	async 'hostile text in the status and the log is text'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
		await stage.tell(`default body:${LONG}`);
		stage.write('tmp/sysinfo/model', LONG);
		stage.nicup('run');

		const page = await open('view/nicup/overview');

		/* what nicup itself accepts */
		await sees(page, '<script>alert(1)</script>', '.nicup-hosts');
		await nothingRan(page, assert);

		/* and what another program might write there */
		const status = stage.status();
		const [ service ] = status.services;

		Object.assign(service, { name: EVIL, server: LONG, transport: EVIL, interface: LONG, device: EVIL, ipv4: EVIL, address_note: LONG });
		Object.assign(service.hosts[0], { hostname: LONG, state: EVIL, registered_ipv4: LONG, code: EVIL, message: LONG });
		status.problems = [ { level: EVIL, file: LONG, line: EVIL, message: LONG } ];
		status.events = [ { time: EVIL, uptime: EVIL, service: EVIL, hostname: LONG, code: LONG, ipv4: EVIL, ipv6: EVIL } ];
		status.program = LONG;
		stage.write('var/run/nicup/status.json', JSON.stringify(status));
		await sees(page, LONG, '.nicup-notices');
		await sees(page, LONG, '.nicup-hosts');
		await sees(page, LONG, '.nicup-events');
		await nothingRan(page, assert);

		const card = await open('view/status/include/60_nicup');

		await sees(card, LONG);
		await nothingRan(card, assert);
		stage.log(`daemon.notice nicup[1]: ${LONG}`);

		const log = await open('view/nicup/log');

		await sees(log, LONG);
		await nothingRan(log, assert);
	},

	async 'words of booleans and lists in one line are understood, and kept'({ stage, open, assert }) {
		stage.configure([ 'nicup', 'main', { enabled: 'on' } ], stage.service('home', 'home.example.net', { enabled: 'yes', bind: 'true' }));
		stage.write('etc/config/nicup', stage.read('etc/config/nicup').replace('list hostname \'home.example.net\'', 'option hostname \'home.example.net office.example.net\''));

		const page = await open('view/nicup/overview');

		assert.ok(await page.locator('tr[data-sid=home] [data-name=enabled] input').isChecked());
		await editService(page, 'home');
		assert.ok(await page.locator('.modal [data-name=bind] input').isChecked());
		assert.equal(await page.locator('.modal [data-name=hostname] .item').count(), 2);
		await saveService(page);
		await apply(page);

		const { home, main } = stage.config('nicup');

		assert.deepEqual([ main.enabled, home.enabled, home.bind ], [ 'on', 'yes', '1' ]);
		assert.doesNotMatch(stage.check(), /: (error|warning): /);
	}
};
