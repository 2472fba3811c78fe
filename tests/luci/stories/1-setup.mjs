// Setup with the page alone: a new service, a wrong password, and what the form must do.
import { addHostname, addService, apply, editService, field, press, row, saveService, tab } from '../steps.mjs';

export const stories = {
	async 'a new service is set up from the page alone and works'({ stage, open, sees, picture, assert }) {
		const page = await open('view/nicup/overview');

		await sees(page, 'There is no status yet');
		await sees(page, 'No service is enabled: add one below');
		assert.equal(await page.locator('.nicup-notices button').count(), 0, 'there is nothing to start yet');
		await addService(page, 'home');
		await field(page, 'username').locator('input').fill('test-key');
		await field(page, 'password').locator('input').fill('test-password');
		await addHostname(page, 'home.example.net');
		await tab(page, 'Connection');
		await field(page, 'server').locator('input').fill('127.0.0.1');
		await field(page, 'port').locator('input').fill(stage.ports[0]);
		await picture(page, 'form');
		await saveService(page);
		await sees(page, 'There are unsaved changes: press Save & Apply.', '.nicup-notices');
		assert.doesNotMatch(await page.locator('.nicup-notices').innerText(), /not running|No service/, 'and no false alarm');
		await apply(page);

		const seen = await sees(page, 'Current');

		assert.match(seen, /home\.example\.net\s+Current\s+since \d+ s\s+203\.0\.113\.7\s+203\.0\.113\.7/);
		assert.match(seen, /accepted the address/);
		assert.match(seen, /when the address changes, at the latest in 2[45] d/);
		assert.equal(stage.requests().at(-1).answer, 'good 203.0.113.7');
		assert.deepEqual(stage.config('nicup').home, {
			'.type': 'service', '.name': 'home', '.anonymous': false, '.index': 1,
			username: 'test-key', password: 'test-password', hostname: [ 'home.example.net' ], server: '127.0.0.1', port: stage.ports[0]
		}, 'what is at its default is not written down');
	},

	async 'a wrong password is explained and corrected'({ stage, open, sees, picture, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net', { password: 'tset-password' }));
		await stage.service_start();

		const page = await open('view/nicup/overview');

		await sees(page, 'Stopped');
		await sees(page, '127.0.0.1 rejected the username or password.');
		await sees(page, 'Correct the username and password below (with two-factor login, create a DDNS key), then press Save & Apply.');
		await sees(page, 'none until you act');
		await picture(page, 'wrong-password');

		await editService(page, 'home');

		const password = field(page, 'password').locator('input');

		assert.equal(await password.getAttribute('type'), 'password', 'it cannot be read over a shoulder');
		assert.equal(await field(page, 'proxy').locator('input').getAttribute('type'), 'password', 'a login may be in it, too');
		await field(page, 'password').getByRole('button').click();
		assert.equal(await password.getAttribute('type'), 'text', 'until it is asked for');
		assert.equal(await password.inputValue(), 'tset-password');
		await password.fill('test-password');
		await saveService(page);
		await apply(page);
		await sees(page, 'Current', '.nicup-hosts');
		await sees(page, /accepted the address|already had this address/, '.nicup-events');
		assert.doesNotMatch(await row(page, 'home.example.net').innerText(), /rejected/);
	},

	async 'what is missing in a service is named'({ open, sees, assert }) {
		const page = await open('view/nicup/overview');

		await addService(page, 'home');
		await page.locator('.modal .button-row').getByText('Save').click();
		await sees(page, 'Option "Username" contains an invalid input value', '.modal');
		await field(page, 'username').locator('input').fill('someone');
		await field(page, 'password').locator('input').fill('secret');
		await page.locator('.modal .button-row').getByText('Save').click();
		await sees(page, 'Option "Hostnames" must not be empty', '.modal');
		await tab(page, 'Address');
		await field(page, 'source').locator('select').selectOption('web');
		await tab(page, 'Login and hostnames');
		await addHostname(page, 'not a hostname');
		assert.match(await field(page, 'hostname').locator('input[type=text]').getAttribute('data-tooltip'), /letters, digits/);
		await field(page, 'hostname').locator('input[type=text]').fill('');
		await addHostname(page, 'home.example.net');
		await page.locator('.modal .button-row').getByText('Save').click();
		await sees(page, 'Enter a page for IPv4 or for IPv6.', '.modal');
		await page.locator('.modal .button-row').getByText('Dismiss').click();
		assert.equal(await page.locator('tr[data-sid=home]').count(), 0, 'what was not saved is not there');
	},

	async 'services are copied, switched off, put in another order and deleted'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('one', 'one.example.net'), stage.service('two', 'two.example.net'));

		const page = await open('view/nicup/overview');
		const order = () => page.locator('tr[data-sid]').evaluateAll(rows => rows.map(each => each.dataset.sid));

		await page.locator('tr[data-sid=one]').getByRole('button', { name: 'Copy' }).click();
		await page.waitForSelector('.modal .cbi-map');
		await page.locator('.modal .button-row').getByText('Save').click();
		await sees(page, 'Option "Hostnames" must not be empty', '.modal');
		await addHostname(page, 'two.example.net');
		await page.locator('.modal .button-row').getByText('Save').click();
		await sees(page, '"two.example.net" cannot be used. Service two already updates this hostname.', '.modal');
		await field(page, 'hostname').locator('input[type=text]').fill('');
		await addHostname(page, 'three.example.net');
		await saveService(page);
		await page.locator('tr[data-sid=two] [data-name=enabled] input').uncheck();
		assert.deepEqual(await order(), [ 'one', 'two', 'one_2' ]);
		await page.locator('tr[data-sid=one_2] .drag-handle').dragTo(page.locator('tr[data-sid=one]'));
		assert.deepEqual(await order(), [ 'one_2', 'one', 'two' ]);
		await page.locator('tr[data-sid=two] [data-name=enabled] input').uncheck();
		await page.locator('tr[data-sid=one]').getByRole('button', { name: 'Delete' }).click();
		await apply(page);

		const { one, one_2: copy, two } = stage.config('nicup');

		assert.equal(one, undefined);
		assert.deepEqual([ copy.hostname, copy.username, copy.port ], [ [ 'three.example.net' ], 'test-key', stage.ports[0] ]);
		assert.equal(two.enabled, '0');
		assert.ok(copy['.index'] < two['.index']);
		assert.doesNotMatch(stage.check(), /: (error|warning): /, 'the program finds nothing wrong in it');
	},

	async 'settings of ddns-scripts are shown, masked, before they are taken over'({ stage, open, sees, picture, assert }) {
		stage.write('etc/config/ddns', [ 'config service \'myddns_ipv4\'', 'option enabled \'1\'', 'option service_name \'no-ip.com\'',
			'option lookup_host \'old.example.net\'', 'option domain \'old.example.net\'', 'option username \'me\'',
			'option password \'it\'\\\'\'s secret\'', 'option interface \'wan\'', '' ].join('\n\t'));

		const page = await open('view/nicup/overview');

		await press(page, 'Import from ddns-scripts');

		const seen = await sees(page, 'old.example.net', '.modal');

		assert.match(seen, /option password '••••••'/);
		assert.doesNotMatch(seen, /secret/);
		assert.match(seen, /disable them in ddns-scripts/);
		await picture(page, 'import');
		assert.deepEqual(Object.keys(stage.config('nicup')), [ 'main' ], 'nothing is saved yet');
		await page.locator('.modal').getByRole('button', { name: 'Add' }).click();
		await sees(page, 'old.example.net', '.cbi-map');
		await apply(page);

		const [ , service ] = Object.values(stage.config('nicup'));

		assert.deepEqual([ service['.type'], service.username, service.password, service.hostname ],
			[ 'service', 'me', 'it\'s secret', [ 'old.example.net' ] ]);
	},

	async 'an empty file gets its general section with the first setting in it'({ stage, open, sees, assert }) {
		stage.write('etc/config/nicup', '');

		const page = await open('view/nicup/overview');

		await sees(page, 'No service is enabled');
		await page.locator('[data-name=mode] select').selectOption('hotplug');
		await page.locator('[data-name=contact] input').fill('not one word');
		await page.locator('[data-name=contact] input').press('Tab');
		assert.match(await page.locator('[data-name=contact] input').getAttribute('data-tooltip'), /without blanks/);
		await page.locator('[data-name=contact] input').fill('me@example.com');
		await page.locator('[data-name=contact] input').press('Tab');
		await apply(page);

		const { main } = stage.config('nicup');

		assert.deepEqual([ main['.type'], main.mode, main.contact, main.log_level ], [ 'nicup', 'hotplug', 'me@example.com', undefined ]);
	},

	async 'a login that may only read sees why every button is grey'({ stage, open, sees, router, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
		stage.nicup('run');

		const page = await open('view/nicup/overview', { readonly: true });

		await sees(page, 'You do not have permission to make changes.');
		await sees(page, 'Current');
		for (const name of [ 'update', 'resume', 'check', 'dns', 'start', 'disable' ]) {
			assert.ok(await page.locator(`.nicup-${name}`).isDisabled(), name);
			assert.match(await page.locator(`.nicup-${name}`).getAttribute('title'), /permission/);
		}

		assert.deepEqual(router.denied, [], 'and it asks for nothing that it may not');
	}
};
