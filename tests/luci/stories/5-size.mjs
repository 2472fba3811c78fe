// A hundred services of five hosts, and the appearance of the page.
import { row } from '../steps.mjs';

const FIRST_PAINT = 1000, REFRESH = 100;

function many(stage) {
	const services = Array.from({ length: 100 }, (none, at) => stage.service(`s${at}`,
		Array.from({ length: 5 }, (nothing, host) => `h${host}.s${at}.example.net`), { interface: [ 'down' ] }));

	stage.configure([ 'nicup', 'main', { mode: 'hotplug' } ], ...services);
	stage.uplink('down', null);
	stage.nicup('run');
}

async function mixed(stage) {
	stage.uplink('down', null);
	stage.configure([ 'nicup', 'main', {} ],
		stage.service('home', [ 'home.example.net', 'office.example.net' ]),
		stage.service('key', 'camera.example.net', { password: 'tset-password' }),
		stage.service('away', 'away.example.net', { interface: [ 'down' ] }),
		stage.service('cut', 'cut.example.net', { server: '127.0.0.3', port: '9' }),
		stage.service('off', 'off.example.net', { enabled: '0' }),
		stage.service('wrong', 'wrong.example.net', { timeout: 'ten' }));
	stage.nicup('run');
}

export const stories = {
	async 'five hundred hosts: painted within a second, refreshed within 100 ms'({ stage, open, sees, assert }) {
		many(stage);

		const page = await open('view/nicup/overview');
		const ready = Number(await page.evaluate(() => document.body.dataset.ready));

		await sees(page, '500 without an address');
		assert.equal(await page.locator('.nicup-hosts tbody tr').count(), 120, 'in parts of a hundred hosts');

		await page.getByRole('button', { name: 'Show all 500' }).click();
		assert.equal(await page.locator('.nicup-hosts tbody tr').count(), 600);

		/* Changes every cell, five times, and measures the drawing including the layout. The fastest time counts, because
		   other work on the machine only adds to it. */
		const took = await page.evaluate(() => Promise.all([ L.require('nicup.model'), L.require('nicup.hosts') ]).then(([ model, hosts ]) =>
			model.load().then(known => {
				const table = hosts.create();

				document.getElementById('view').replaceChildren();
				document.body.append(E('link', { rel: 'stylesheet', href: L.resource('nicup/nicup.css') }));

				document.body.append(table.node);
				table.update(known);

				return Math.min(...[ 1, 2, 3, 4, 5 ].map(round => {
					for (const service of known.status.services)
						for (const host of service.hosts)
							Object.assign(host, { state: round % 2 ? 'waiting' : 'stopped', code: round % 2 ? 'dns' : 'nohost',
								message: `${round}`, registered_ipv4: `203.0.113.${round}`, next_attempt_uptime: model.uptime() + round * 999 });

					const begin = performance.now();

					table.update(known);
					document.body.getBoundingClientRect();

					return performance.now() - begin;
				}));
			})));

		console.log(`   first paint ${Math.round(ready)} ms, refresh of all ${Math.round(took)} ms`);
		assert.ok(ready < FIRST_PAINT, `${ready} ms`);
		assert.ok(took < REFRESH, `${took} ms`);
	},

	async 'of many hosts those that need attention are shown, and all on demand'({ stage, open, sees, assert }) {
		many(stage);

		const status = stage.status();

		status.services.flatMap(service => service.hosts).forEach((host, at) => {
			if (at != 77)
				Object.assign(host, { state: 'current', code: 'good', message: null });
		});
		stage.write('var/run/nicup/status.json', JSON.stringify(status));

		const page = await open('view/nicup/overview');

		await sees(page, '499 current, 1 without an address');
		assert.equal(await page.locator('.nicup-hosts tbody tr').count(), 2);
		await page.getByRole('button', { name: 'Show all 500' }).click();
		assert.equal(await page.locator('.nicup-hosts tbody tr').count(), 600);
		assert.match(await row(page, 'h2.s15.example.net').innerText(), /No address/);
	},

	async 'wide and narrow, light and dark: nothing sticks out, and the words are readable'({ stage, open, sees, picture, assert }) {
		await mixed(stage);

		for (const [ name, options ] of Object.entries({
			'wide-light': { width: 1280 },
			'wide-dark': { width: 1280, dark: true },
			'narrow-light': { width: 360, height: 740 },
			'narrow-dark': { width: 360, height: 740, dark: true }
		})) {
			const page = await open('view/nicup/overview', options);

			await sees(page, 'rejected the username or password');
			assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name}: nothing sticks out`);
			await picture(page, name);

			/* WCAG requires a contrast of 4.5, and the page chooses the colours of the badges */
			const contrasts = await page.locator('.nicup-badge').evaluateAll(badges => badges.map(badge => {
				const light = text => {
					const [ r, g, b ] = text.match(/[\d.]+/g).map(part => part / 255).map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

					return 0.2126 * r + 0.7152 * g + 0.0722 * b;
				};
				const style = window.getComputedStyle(badge);

				return (light(style.color) + 0.05) / (light(style.backgroundColor) + 0.05);
			}));

			assert.ok(contrasts.length == 7 && contrasts.every(value => value >= 4.5), `${name}: ${contrasts}`);
		}
	},

	/* README shows it as docs/page.png: CONTRIBUTING.md has the command. */
	async 'the picture of README'({ stage, open, sees, picture }) {
		stage.configure([ 'nicup', 'main', {} ],
			stage.service('home', [ 'home.example.net', 'office.example.net' ]),
			stage.service('camera', 'camera.example.net', { password: 'tset-password' }));
		stage.nicup('run');

		const page = await open('view/nicup/overview', { width: 1000, height: 700 });

		await sees(page, 'rejected the username or password');
		/* only the table of hosts, because a picture of the whole page is too large */
		await picture(page, 'readme', { clip: { x: 0, y: 222, width: 1000, height: 390 } });
	}
};
