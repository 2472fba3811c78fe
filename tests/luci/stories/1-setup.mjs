// From the page alone: a new service, a wrong password, and what a form has to do.

const field = (page, name) => page.locator(`.modal [data-name="${name}"]`);

async function press(page, title) {
	await page.getByRole('button', { name: title, exact: true }).click();
}

async function addService(page, name) {
	await page.locator('.cbi-section-create-name').pressSequentially(name);
	await press(page, 'Add service');
	await page.waitForSelector('.modal .cbi-map');
}

async function tab(page, title) {
	await page.locator('.modal .cbi-tabmenu').getByText(title, { exact: true }).click();
}

async function addHostname(page, name) {
	await field(page, 'hostname').locator('input[type=text]').fill(name);
	await field(page, 'hostname').locator('input[type=text]').press('Enter');
}

async function saveService(page) {
	await page.locator('.modal .button-row').getByText('Save', { exact: true }).click();
	await page.waitForSelector('.modal', { state: 'detached' });
}

async function apply(page) {
	await page.evaluate(() => delete document.body.dataset.applied);
	await press(page, 'Save & Apply');
	await page.waitForSelector('body[data-applied]', { state: 'attached' });
}

export const stories = {
	async 'a new service is set up from the page alone and works'({ stage, open, sees, picture, assert }) {
		const page = await open('view/nicup/overview');

		await sees(page, 'There is no status yet');
		await sees(page, 'The service nicup is not running. Press Start.');
		await press(page, 'Start');
		await sees(page, 'no section of type service');
		await addService(page, 'home');
		await field(page, 'username').locator('input').fill('test-key');
		await field(page, 'password').locator('input').fill('test-password');
		await addHostname(page, 'home.example.net');
		await tab(page, 'Connection');
		await field(page, 'server').locator('input').fill('127.0.0.1');
		await field(page, 'port').locator('input').fill(stage.ports[0]);
		await picture(page, 'form');
		await saveService(page);
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
	}
};
