// For everything that is missing or broken, the page has a specific sentence.
import fs from 'node:fs';
import path from 'node:path';
import { press } from '../steps.mjs';

async function working(stage) {
	stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
	await stage.service_start();
	await stage.settled('home.example.net', 'current');
}

/* The status file that nicup wrote, with one change. */
function tamper(stage, change) {
	const status = stage.status();

	change(status);
	stage.write('var/run/nicup/status.json', JSON.stringify(status));
}

export const stories = {
	async 'a status of another version, a damaged one and none'({ stage, open, sees, assert }) {
		await working(stage);
		tamper(stage, status => { status.version = 2; });

		const page = await open('view/nicup/overview');

		await sees(page, 'The status file has a newer version (2) than this page reads (1): update the package luci-app-nicup.');
		assert.ok(await page.locator('.nicup-hosts').isHidden(), 'there is no empty table');
		tamper(stage, status => { status.version = 0; });
		await sees(page, 'has an older version (0)');
		stage.write('var/run/nicup/status.json', '{"version":1,"serv');
		await sees(page, 'The status file is damaged (');
		stage.write('var/run/nicup/status.json', '{"version":1}');
		await sees(page, 'The status file is damaged (parts are missing): press Update now to write it anew.');
		await press(page, 'Update now');
		await sees(page, 'Current', '.nicup-hosts');
		fs.rmSync(path.join(stage.root, 'var/run/nicup/status.json'));
		await sees(page, 'There is no status yet');
	},

	async 'the service ends, and what is old is not shown as fresh'({ stage, open, sees, assert }) {
		await working(stage);

		const page = await open('view/nicup/overview');

		await sees(page, 'Current', '.nicup-hosts');
		assert.equal(await page.locator('.nicup-notices .nicup-notice').count(), 0);
		await stage.service_stop();
		await sees(page, /The service nicup is not running, so nothing is kept up to date \(what you see is \d+ s old\): press Start/);
		assert.equal(await page.locator('.nicup-old').count(), 1);
		await page.locator('.nicup-notices').getByRole('button', { name: 'Start' }).click();
		await page.waitForSelector('.nicup-notices .nicup-notice', { state: 'detached' });
		assert.equal(await page.locator('.nicup-old').count(), 0);
	},

	async 'nothing resident is no trouble where nothing is meant to be'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', { mode: 'hotplug' } ], stage.service('home', 'home.example.net', { force_interval: '0' }));
		stage.nicup('run');

		const page = await open('view/nicup/overview');

		await sees(page, 'Current', '.nicup-hosts');
		assert.equal(await page.locator('.nicup-notices .nicup-notice').count(), 0);
		assert.match(await page.locator('.nicup-hosts td.nicup-next').innerText(), /when the address changes$/);
	},

	async 'the program is not installed'({ stage, open, sees, assert }) {
		await working(stage);
		await stage.service_stop();
		stage.installed = false;

		const page = await open('view/nicup/overview');

		await sees(page, 'The program nicup is not installed: install the package nicup');
		await sees(page, 'nicup is not installed.', '.nicup-reason');
		assert.ok(await page.locator('.nicup-update').isDisabled());
	},

	async 'everything is disabled'({ stage, open, sees }) {
		stage.configure([ 'nicup', 'main', { enabled: '0' } ], stage.service('home', 'home.example.net'));
		stage.nicup('run');

		const page = await open('view/nicup/overview');

		await sees(page, 'nicup is disabled, so nothing is sent: enable it under General below, then press Save & Apply.');
		await sees(page, 'Disabled', '.nicup-hosts');
		await sees(page, 'Everything is disabled.', '.nicup-reason');
	},

	/* nicup writes null for every wall time while the clock is not set (src/app/report.rs). */
	async 'the clock is not set'({ stage, open, sees, assert }) {
		await working(stage);
		tamper(stage, status => {
			status.time = null;

			for (const host of status.services[0].hosts)
				host.last_attempt = host.last_success = host.changed = host.next_attempt = null;

			for (const event of status.events)
				event.time = null;
		});

		const page = await open('view/nicup/overview');

		await sees(page, 'The router\'s clock is not set yet, so there are no dates here.');
		assert.doesNotMatch(await sees(page, 'at the latest in', '.nicup-hosts'), /since|1970|NaN|null/);
		await sees(page, 'just now', '.nicup-events');
	},

	async 'a configuration that cannot be read at all is named with its line'({ stage, open, sees }) {
		await working(stage);
		stage.write('etc/config/nicup', 'config service \'home\n');
		stage.nicup('run');

		const page = await open('view/nicup/overview');

		await sees(page, /\/etc\/config\/nicup, line 1: parse error/, '.nicup-notices');
		await sees(page, 'There is no service yet.', '.nicup-reason');
		await sees(page, 'LuCI cannot read /etc/config/nicup, so there is no form');
		await press(page, 'Show what to type');
		await sees(page, 'vi /etc/config/nicup', '.modal');
		await press(page, 'Close');

		/* and the form appears again once the file is correct */
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
		await page.waitForSelector('tr[data-sid=home]');
	},

	async 'a configuration that is missing has no form, and the page stays'({ stage, open, sees }) {
		await working(stage);
		fs.rmSync(path.join(stage.root, 'etc/config/nicup'));

		const page = await open('view/nicup/overview');

		await sees(page, 'The file /etc/config/nicup is missing, so there is no form: create the file.');
		await sees(page, 'Current', '.nicup-hosts');
		await press(page, 'Show what to type');
		await sees(page, 'touch /etc/config/nicup', '.modal');
	},

	async 'null and wrong types anywhere in the status do not end the page'({ stage, open, sees, assert }) {
		await working(stage);

		const good = stage.status();
		const page = await open('view/nicup/overview');
		const card = await open('view/status/include/60_nicup');

		/* every value of the file in turn, replaced by null and by values of other types */
		const paths = [];
		const walk = (value, at) => {
			paths.push(at);

			if (value !== null && typeof(value) == 'object')
				Object.keys(value).forEach(key => walk(value[key], [ ...at, key ]));
		};

		walk(good, []);

		const spoilt = paths.flatMap(at => [ null, 7, 'x', [], {}, [ null ] ].map(wrong => {
			const status = structuredClone(good);

			if (at.length == 0)
				return wrong;

			at.slice(0, -1).reduce((value, key) => value[key], status)[at.at(-1)] = wrong;

			return status;
		})).map(status => JSON.stringify(status));

		assert.ok(spoilt.length > 200);

		for (const each of [ page, card ]) {
			const failed = await each.evaluate(async texts => {
				const [ model, hosts, events, notices, card ] = await Promise.all([ 'nicup.model', 'nicup.hosts', 'nicup.events',
					'nicup.notices', 'view.status.include.60_nicup' ].map(name => L.require(name)));
				const fs = await L.require('fs');
				const read = fs.read;
				const bad = [];

				for (const text of texts) {
					fs.read = () => Promise.resolve(text);

					try {
						const known = Object.assign(await model.load(), { settings: null });

						notices.create({}).update(known, true);
						card.render(known);

						if (known.status != null) {
							hosts.create().update(known);
							events.create().update(known);
						}
					}
					catch (e) {
						bad.push(`${e.message}: ${text}`);
					}
				}

				fs.read = read;

				return bad;
			}, spoilt);

			assert.deepEqual(failed, []);
		}

		stage.write('var/run/nicup/status.json', 'null');
		await sees(page, 'The status file is damaged');
		stage.write('var/run/nicup/status.json', JSON.stringify(good));
		await sees(page, 'Current', '.nicup-hosts');
	},

	async 'the status is found where run_dir puts it'({ stage, open, sees, router, assert }) {
		stage.configure([ 'nicup', 'main', { run_dir: '/tmp/elsewhere', mode: 'hotplug' } ], stage.service('home', 'home.example.net'));

		const page = await open('view/nicup/overview');

		await sees(page, 'There is no status yet');
		stage.nicup('run');
		await sees(page, 'Current', '.nicup-hosts');
		assert.deepEqual(router.denied, []);
	},

	async 'a status that may not be read'({ stage, open, sees }) {
		await working(stage);

		const page = await open('view/nicup/overview', {
			before: each => each.route('**/ubus', (route, request) => {
				const { object, method } = request.postDataJSON();

				return (`${object} ${method}` == 'file read') ? route.fulfill({ body: '[6]' }) : route.fallback();
			})
		});

		await sees(page, 'You do not have permission to read the status');
	},

	async 'the router is gone'({ stage, open, sees, context }) {
		await working(stage);

		const page = await open('view/nicup/overview');

		await sees(page, 'Current', '.nicup-hosts');
		await context.setOffline(true);

		try {
			await sees(page, 'check that the router is reachable');
		}
		finally {
			await context.setOffline(false);
		}

		await page.waitForSelector('.nicup-notices .nicup-notice', { state: 'detached' });
		/* the browser's own report of a lost network */
		page.troubles = page.troubles.filter(text => !/ERR_INTERNET_DISCONNECTED/.test(text));
	}
};
