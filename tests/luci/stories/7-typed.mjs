// The page saves what the user types or rejects it with a reason, and never drops it.
import { addHostname, addService, apply, editService, field, press, saveService } from '../steps.mjs';

const box = page => field(page, 'hostname').locator('input[type=text]');
const save = page => page.locator('.modal .button-row').getByText('Save', { exact: true }).click();

async function fill(page, stage, name = 'home') {
	await addService(page, name);
	await field(page, 'username').locator('input').fill('test-key');
	await field(page, 'password').locator('input').fill('test-password');
	await page.locator('.modal .cbi-tabmenu').getByText('Connection', { exact: true }).click();
	await field(page, 'server').locator('input').fill('127.0.0.1');
	await field(page, 'port').locator('input').fill(stage.ports[0]);
	await page.locator('.modal .cbi-tabmenu').getByText('Login and hostnames', { exact: true }).click();
}

export const stories = {
	async 'a hostname that cannot be used is refused by name, in the box and as an item'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('other', 'taken.example.net'));

		const page = await open('view/nicup/overview');

		await fill(page, stage);

		for (const [ typed, reason ] of [
			[ 'https://h/', '"https://h/" cannot be used. Write only letters' ],
			[ 'in ner.example.net', '"in ner.example.net" cannot be used. Write only letters' ],
			[ 'good.example.net, b/ad', '"b/ad" cannot be used' ],
			[ 'taken.example.net', '"taken.example.net" cannot be used. Service other already updates this hostname.' ]
		]) {
			await box(page).fill('');
			await box(page).pressSequentially(typed);
			await save(page);

			const seen = await sees(page, reason, '.nicup-complaint');

			assert.doesNotMatch(seen, /must not be empty/);
			assert.equal(await box(page).inputValue(), typed, 'it is still there to be corrected');
		}

		assert.equal(await page.locator('.modal').count(), 1);
	},

	async 'blanks are trimmed, commas split, and what is still in the box is saved'({ stage, open, assert }) {
		const page = await open('view/nicup/overview');

		await fill(page, stage);
		await field(page, 'username').locator('input').fill('test-key  ');
		await field(page, 'password').locator('input').fill('test-password ');
		await addHostname(page, ' one.example.net');
		await addHostname(page, 'two.example.net,three.example.net');
		assert.equal(await field(page, 'hostname').locator('.item').count(), 3);
		await box(page).pressSequentially('four.example.net , five.example.net');
		await page.locator('.modal .cbi-tabmenu').getByText('Address', { exact: true }).click();
		await field(page, 'interface').locator('input[type=text]').pressSequentially(' wan');
		await saveService(page);
		await apply(page);

		const { home } = stage.config('nicup');

		assert.deepEqual(home.hostname, [ 'one', 'two', 'three', 'four', 'five' ].map(name => `${name}.example.net`));
		assert.deepEqual([ home.username, home.password, home.interface ], [ 'test-key', 'test-password', [ 'wan' ] ]);
	},

	async 'an interface that is not there now is kept'({ stage, open, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net',
			{ interface6: 'wwan_6', device: 'ppp9', interface: [ 'second', 'wan' ] }));

		const page = await open('view/nicup/overview');

		await editService(page, 'home');
		await saveService(page);
		await apply(page);

		const { home } = stage.config('nicup');

		assert.deepEqual([ home.interface6, home.device, home.interface ], [ 'wwan_6', 'ppp9', [ 'second', 'wan' ] ]);
	},

	async 'Dismiss drops a new service'({ stage, open, assert }) {
		const page = await open('view/nicup/overview');

		await fill(page, stage);
		await press(page, 'Dismiss');
		assert.equal(await page.locator('tr[data-sid=home]').count(), 0);
	}
};
