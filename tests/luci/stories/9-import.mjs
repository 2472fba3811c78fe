// The import from ddns-scripts: the page offers it until the user imports or declines, and never twice.
import { apply, press } from '../steps.mjs';

const old = (name, host, enabled) => [ `config service '${name}'`, `option enabled '${enabled}'`, 'option service_name \'no-ip.com\'',
	`option lookup_host '${host}'`, `option domain '${host}'`, 'option username \'me\'', 'option password \'secret\'',
	'option interface \'wan\'', '' ].join('\n\t');

const add = page => page.locator('.modal').getByRole('button', { name: 'Add' }).click();

export const stories = {
	async 'an import that is not saved asks before the page is left, and disables the old sections'({ stage, open, sees, assert }) {
		stage.write('etc/config/ddns', old('one', 'one.example.net', 1) + '\n' + old('two', 'two.example.net', 0));

		const page = await open('view/nicup/overview');

		await press(page, 'Import from ddns-scripts');
		assert.ok(await page.locator('#nicup-disable-old').isChecked());
		await add(page);
		await sees(page, 'The import is not saved yet: press Save & Apply.');
		assert.equal(await page.getByRole('button', { name: 'Import from ddns-scripts' }).count(), 0, 'it is not offered again');

		const leave = () => page.evaluate(() => {
			const event = new Event('beforeunload', { cancelable: true });

			window.dispatchEvent(event);

			return event.defaultPrevented;
		});

		assert.equal(await leave(), true);
		await apply(page);
		assert.equal(await leave(), false);
		assert.deepEqual(Object.values(stage.config('nicup')).filter(section => section['.type'] == 'service').length, 2);
		assert.deepEqual(Object.values(stage.config('ddns')).map(section => section.enabled), [ '0', '0' ]);

		const again = await open('view/nicup/overview');

		await sees(again, 'one.example.net', '.cbi-section-table');
		assert.equal(await again.getByRole('button', { name: 'Import from ddns-scripts' }).count(), 0);
		assert.doesNotMatch(await again.locator('#view').innerText(), /both update/);
	},

	async 'both programs for one hostname are a warning with a button'({ stage, open, sees, assert }) {
		stage.write('etc/config/ddns', old('one', 'home.example.net', 1));
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));

		const page = await open('view/nicup/overview');

		await sees(page, 'ddns-scripts and nicup both update home.example.net: disable one of them.');
		assert.equal(await page.getByRole('button', { name: 'Import from ddns-scripts' }).count(), 0);
		await press(page, 'Disable in ddns-scripts');
		await sees(page, 'There are unsaved changes: press Save & Apply.');
		await apply(page);
		assert.equal(stage.config('ddns').one.enabled, '0');
	},

	async 'a declined import is not offered again'({ stage, open, sees, assert }) {
		stage.write('etc/config/ddns', old('one', 'one.example.net', 1));

		const page = await open('view/nicup/overview');

		await press(page, 'Do not import');
		await page.waitForFunction(() => document.querySelector('.nicup-import') == null);

		const again = await open('view/nicup/overview');

		await sees(again, 'No service is enabled');
		assert.equal(await again.locator('.nicup-import').count(), 0);
		await again.evaluate(() => window.localStorage.clear());
	},

	async 'a login that may only read does not open the settings of ddns-scripts'({ stage, open, sees, router, assert }) {
		stage.write('etc/config/ddns', old('one', 'one.example.net', 1));
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));

		const page = await open('view/nicup/overview', { readonly: true });

		await sees(page, 'home.example.net', '.cbi-section-table');
		assert.equal(await page.locator('.nicup-import').count(), 0);
		assert.deepEqual(router.denied, []);
	}
};
