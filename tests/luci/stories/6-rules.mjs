// The form accepts what nicup accepts, and rejects what nicup rejects.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { write } from '../ucitext.mjs';
import { addService, field } from '../steps.mjs';

const table = JSON.parse(fs.readFileSync(fileURLToPath(new URL('../values.json', import.meta.url)), 'utf8'));

/* { taken, refused } by option, to [ option, value, taken ]; a long value is written as [ text, times ]. */
const cases = Object.entries(table).flatMap(([ option, both ]) => [ 'taken', 'refused' ].flatMap(verdict =>
	both[verdict].map(value => [ option, Array.isArray(value) ? value[0].repeat(value[1]) + (value[2] ?? '') : value, verdict == 'taken' ])));

const general = [ 'contact', 'state_dir', 'run_dir' ];

/* Services per file: nicup lists at most 100 problems, and then only their number. */
const together = 50;

/* The services in a list that `nicup check` rejects. */
function refusedServices(stage, assert, services) {
	const needed = name => ({ source_url: { source: 'web' }, source_url6: { source: 'web' }, source_script: { source: 'script' } })[name] ?? {};
	const sections = services.map(([ option, value ], at) => [ 'service', `s${at}`, {
		username: 'me', password: 'secret', hostname: [ `h${at}.example.net` ], ...needed(option),
		[option]: [ 'hostname', 'interface' ].includes(option) ? [ value ] : value
	} ]);

	stage.write('etc/config/nicup', write(sections));

	const text = stage.read('etc/config/nicup');
	const starts = [ ...text.matchAll(/^config service 's(\d+)'$/gm) ].map(({ index }) => text.slice(0, index).split('\n').length);
	const wrong = stage.check().split('\n').map(line => /^\/etc\/config\/nicup:(\d+): error: option (\w+):/.exec(line)).filter(Boolean);

	return wrong.map(([ , line, option ]) => {
		const at = starts.findLastIndex(start => start <= Number(line));

		assert.equal(option, services[at][0], 'only the option in question is wrong');

		return services[at];
	});
}

/* The verdict of `nicup check` for each case: one file for several services, and one for each value of the general section. */
function asked(stage, assert) {
	const services = cases.filter(([ option ]) => !general.includes(option));
	const refused = new Set();

	for (let first = 0; first < services.length; first += together)
		for (const service of refusedServices(stage, assert, services.slice(first, first + together)))
			refused.add(service);

	for (const [ option, value, taken ] of cases.filter(([ option ]) => general.includes(option))) {
		stage.write('etc/config/nicup', write([ [ 'nicup', 'main', { [option]: value } ] ]));

		if (stage.check().includes(`error: option ${option}:`))
			refused.add(cases.find(each => each[0] == option && each[1] == value && each[2] == taken));
	}

	return cases.map(each => !refused.has(each));
}

export const stories = {
	async 'the form and the program take and refuse the same values'({ stage, open, assert }) {
		const program = asked(stage, assert);

		stage.configure([ 'nicup', 'main', {} ]);

		const page = await open('view/nicup/overview');
		const form = await page.evaluate(list => L.require('nicup.valid').then(valid =>
			list.map(([ option, value ]) => valid.wrong(option, value) == null)), cases);
		const said = (option, value, verdict) => `${option} '${value.slice(0, 60)}' ${verdict ? 'taken' : 'refused'}`;
		const wanted = cases.map(([ option, value, taken ]) => said(option, value, taken));

		assert.ok(cases.length > 150);
		assert.deepEqual(cases.map(([ option, value ], at) => said(option, value, program[at])), wanted, 'the program');
		assert.deepEqual(cases.map(([ option, value ], at) => said(option, value, form[at])), wanted, 'the form');
	},

	async 'every option of the program is in the form, and the form has no other'({ stage, open, assert }) {
		const source = fs.readFileSync(fileURLToPath(new URL('../../../src/policy/config/build.rs', import.meta.url)), 'utf8');
		const options = [ ...source.matchAll(/options\s*\.(?:one|maybe|required|several)\(\s*"(\w+)"/g) ].map(([ , name ]) => name);
		const page = await open('view/nicup/overview');

		await addService(page, 'home');

		const names = await page.locator('[data-name]').evaluateAll(nodes => nodes.map(node => node.dataset.name));

		assert.ok(options.length > 25);
		assert.deepEqual([ ...new Set(names) ].filter(name => !name.startsWith('_')).sort(), [ ...new Set(options) ].sort());
		assert.ok(stage.config('nicup').main);
	},

	async 'the placeholders are the program\'s defaults'({ stage, open, assert }) {
		stage.configure([ 'nicup', 'main', {} ]);

		const page = await open('view/nicup/overview');

		await addService(page, 'home');

		const placeholders = Object.fromEntries(await page.locator('[data-name] input[placeholder]').evaluateAll(inputs =>
			inputs.map(input => [ input.closest('[data-name]').dataset.name, input.placeholder ])));
		const reference = fs.readFileSync(fileURLToPath(new URL('../../../docs/reference.md', import.meta.url)), 'utf8').split('### Section nicup')[1];
		const row = name => reference.split('\n').find(line => new RegExp(`^\\|[^|]*\`${name}\``).test(line)).split('|').map(cell => cell.trim());

		for (const name of [ 'interface', 'force_interval', 'server', 'path', 'port', 'cacert', 'timeout', 'check_interval', 'state_dir', 'run_dir' ])
			assert.ok(row(name)[2].includes(`\`${placeholders[name].replace('default: ', '')}\``), `${name}: ${placeholders[name]} and ${row(name)[2]}`);

		/* an empty field is not an error, and a default is not written */
		await field(page, 'timeout').locator('input').evaluate(input => input.dispatchEvent(new window.Event('blur')));
		assert.equal(await page.locator('[data-name=timeout] .cbi-input-invalid').count(), 0);
	}
};
