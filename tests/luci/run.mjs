// Runs the stories in stories/*.mjs in Chromium, one by one on the same router, each after a reboot.
//
//   node run.mjs NICUP SIMULATOR FOLDER PACKAGES [WORD...]      only stories with one of the words in their title
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Router } from './router.mjs';
import { Stage } from './stage.mjs';

const [ nicup, simulator, folder, packages, ...only ] = process.argv.slice(2);
const { chromium } = createRequire(path.join(packages, 'x'))('playwright-core');
const quiet = [ '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync' ];

fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(path.join(folder, 'pictures'), { recursive: true });

const stage = new Stage(path.join(folder, 'stage'), { nicup, simulator });
await stage.start();

const router = new Router(stage);
await router.listen();

const browser = await chromium.launchPersistentContext(path.join(folder, 'browser'), { executablePath: '/usr/bin/chromium', headless: true, args: quiet });

let pages = [];

/* Available to every story. */
const scene = {
	stage, router, assert, context: browser,

	/* Opens a view, and fails if the page reports an error. */
	async open(view, { width = 1280, height = 900, dark = false, readonly = false, lang, before } = {}) {
		const page = await browser.newPage();

		page.troubles = [];
		page.setDefaultTimeout(10000);
		page.on('pageerror', error => page.troubles.push(error.stack));
		page.on('console', message => message.type() == 'error' && page.troubles.push(message.text()));
		page.on('dialog', dialog => { page.troubles.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
		await page.setViewportSize({ width, height });
		await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
		await before?.(page);
		pages.push(page);
		await page.goto(`${router.url}/page/${view}?${readonly ? 'readonly&' : ''}${lang ? 'lang=' + lang : ''}`);
		await page.waitForSelector('body[data-ready]', { state: 'attached' });

		return page;
	},

	/* Waits until the visible text contains this text. */
	async sees(page, text, where = '#view') {
		const place = page.locator(where);

		for (const end = Date.now() + 10000; ;) {
			const seen = await place.innerText();

			if (text instanceof RegExp ? text.test(seen) : seen.includes(text))
				return seen;

			if (Date.now() > end)
				assert.fail(`${text} is not to be seen in:\n${seen}`);

			await page.waitForTimeout(50);
		}
	},

	picture(page, name, part = { fullPage: true }) {
		return page.screenshot({ path: path.join(folder, 'pictures', `${name}.png`), ...part });
	}
};

let passed = 0, failed = 0;
const began = Date.now();

for (const file of fs.readdirSync(fileURLToPath(new URL('stories', import.meta.url))).sort()) {
	const { stories } = await import(`./stories/${file}`);

	for (const [ title, story ] of Object.entries(stories)) {
		if (only.length && !only.some(word => title.includes(word)))
			continue;

		const start = Date.now();

		try {
			pages = [];
			router.denied = [];
			router.staged = {};
			router.calls = [];
			await stage.reset();
			await story(scene);

			for (const page of pages)
				assert.deepEqual(page.troubles, [], 'the page reports no error');

			passed++;
			console.log(`ok ${title} (${Date.now() - start} ms)`);
		}
		catch (error) {
			failed++;
			console.log([ `FAILED ${title}`, error.stack, ...pages.flatMap(page => page.troubles), ...router.denied ].join('\n'));
			await pages.at(-1)?.screenshot({ path: path.join(folder, 'failed.png'), fullPage: true }).catch(() => {});
		}

		for (const page of pages)
			await page.close();
	}
}

await browser.close();
router.close();
await stage.end();
console.log(`test result: ${failed ? 'FAILED' : 'ok'}. ${passed} passed; ${failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in ${(Date.now() - began) / 1000}s`);
process.exit(failed ? 1 : 0);
