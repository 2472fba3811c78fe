// The user's actions on the page.

export const field = (page, name) => page.locator(`.modal [data-name="${name}"]`);

export async function press(page, title) {
	await page.getByRole('button', { name: title, exact: true }).click();
}

export async function addService(page, name) {
	await page.locator('.cbi-section-create-name').pressSequentially(name);
	await press(page, 'Add service');
	await page.waitForSelector('.modal .cbi-map');
}

export async function tab(page, title) {
	await page.locator('.modal .cbi-tabmenu').getByText(title, { exact: true }).click();
}

export async function addHostname(page, name) {
	await field(page, 'hostname').locator('input[type=text]').fill('');
	await field(page, 'hostname').locator('input[type=text]').pressSequentially(name);
	await field(page, 'hostname').locator('input[type=text]').press('Enter');
}

export async function saveService(page) {
	await page.locator('.modal .button-row').getByText('Save', { exact: true }).click();
	await page.waitForSelector('.modal', { state: 'detached' });
}

export async function apply(page) {
	await page.evaluate(() => delete document.body.dataset.applied);
	await press(page, 'Save & Apply');
	await page.waitForSelector('body[data-applied]', { state: 'attached' });
}

export async function editService(page, name) {
	await page.locator(`tr[data-sid="${name}"]`).getByRole('button', { name: 'Edit' }).click();
	await page.waitForSelector('.modal .cbi-map');
}

/* The row of a hostname in the status table. */
export const row = (page, hostname) => page.locator('.nicup-hosts tbody tr').filter({ hasText: hostname }).last();
