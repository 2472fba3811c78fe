// The page in another language: German is complete, and includes nicup's own messages.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { entries } from '../po.mjs';
import { editService, press, row } from '../steps.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = name => fs.readFileSync(path.join(root, name), 'utf8');
const holes = text => text.match(/%[sd]/g) ?? [];

/* Common English words, which no visible German line may contain. */
const english = /\b(the|and|with|this|from|press|cannot|must|write)\b/i;

export const stories = {
	async 'the page has the program\'s templates'({ open, assert }) {
		const program = Object.fromEntries(read('src/policy/wording.txt').trim().split('\n').map(line => {
			const [ id, ...rest ] = line.split(': ');

			return [ id, rest.join(': ').replaceAll('{}', '%s') ];
		}));
		const page = await open('view/nicup/overview');

		assert.ok(Object.keys(program).length > 80);
		assert.deepEqual(await page.evaluate(() => L.require('nicup.messages').then(messages => messages.templates)), program);
	},

	async 'every text has its German, with the same values in it'({ assert }) {
		const pot = entries(read('openwrt/luci-app-nicup/po/templates/nicup.pot'));
		const po = Object.fromEntries(entries(read('openwrt/luci-app-nicup/po/de/nicup.po')).map(entry => [ entry.id, entry ]));

		assert.ok(pot.length > 300);

		for (const { id, plural } of pot) {
			assert.ok(po[id] != null && po[id].plural == plural, id);
			assert.equal(po[id].texts.length, plural == null ? 1 : 2, id);

			for (const text of po[id].texts) {
				assert.notEqual(text, '', id);
				assert.deepEqual(holes(text), holes(id), id);
			}
		}

		assert.deepEqual(Object.keys(po).length, pot.length, 'and no other');
	},

	async 'in German, status, problems and notes are German'({ stage, open, sees, picture, assert }) {
		stage.uplink('down', null);
		stage.configure([ 'nicup', 'main', { nonsense: '1' } ],
			stage.service('home', 'home.example.net'),
			stage.service('key', 'key.example.net', { password: 'wrong' }),
			stage.service('away', 'away.example.net', { interface: [ 'down' ] }),
			stage.service('cut', 'cut.example.net', { server: '127.0.0.3', port: '9' }),
			stage.service('wrong', 'wrong.example.net', { timeout: 'ten' }));
		stage.nicup('run');

		const page = await open('view/nicup/overview', { lang: 'de' });

		await sees(page, 'Aktuell', '.nicup-hosts');
		await sees(page, /Zeile \d+: Option timeout: 'ten' ist keine Dauer/, '.nicup-notices');
		await sees(page, 'unbekannte Option „nonsense“: sie hat keine Wirkung', '.nicup-notices');
		assert.match(await row(page, 'key.example.net').innerText(), /Angehalten[\s\S]*127\.0\.0\.1 hat Benutzername oder Passwort abgelehnt/);
		assert.match(await row(page, 'cut.example.net').innerText(), /nicup meldet: keine Verbindung: die Internetverbindung prüfen/);

		const seen = await page.locator('#view').innerText();
		const left = seen.split('\n').filter(line => english.test(line.replace(/\([^)]*\)/g, '')));

		assert.deepEqual(left.filter(line => !/Save|Edit|Delete|Reset|die Konfiguration ist falsch/.test(line)), [], 'but for LuCI\'s own, and a sentence within a sentence');
		await picture(page, 'german');
	},

	async 'in German, the form and its refusals are German'({ stage, open, sees, assert }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));

		const page = await open('view/nicup/overview', { lang: 'de' });

		await editService(page, 'home');

		const left = (await page.locator('.modal').innerText()).split('\n').filter(line => english.test(line));

		assert.deepEqual(left, []);
		await page.locator('.modal [data-name=hostname] input[type=text]').pressSequentially('a/b');
		await page.locator('.modal .button-row').getByText('Save', { exact: true }).click();
		await sees(page, 'Hostnamen: „a/b“ ist nicht verwendbar. Schreiben Sie nur Buchstaben', '.modal');
		await press(page, 'Dismiss');
	},

	async 'a sentence that the page does not know stays as the program wrote it'({ stage, open, sees }) {
		stage.configure([ 'nicup', 'main', {} ], stage.service('home', 'home.example.net'));
		stage.nicup('run');

		const status = stage.status();

		status.problems = [ { level: 'warning', file: '/x', line: null, message: 'something new', message_id: 'of-another-version', message_values: [ 'x' ] },
			{ level: 'warning', file: '/y', line: null, message: 'something old' } ];
		stage.write('var/run/nicup/status.json', JSON.stringify(status));

		const page = await open('view/nicup/overview', { lang: 'de' });

		await sees(page, '/x: something new', '.nicup-notices');
		await sees(page, '/y: something old', '.nicup-notices');
	}
};
