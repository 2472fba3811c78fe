// Writes po/templates/nicup.pot from the page's sources; with --check, reports whether it is up to date.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const app = fileURLToPath(new URL('../../openwrt/luci-app-nicup', import.meta.url));
const target = path.join(app, 'po/templates/nicup.pot');
const texts = new Map();

function note(text, place, plural) {
	if (!texts.has(text))
		texts.set(text, { plural, places: [] });

	texts.get(text).places.push(place);
}

const plain = text => text.replaceAll('\\\'', '\'');

function files(folder) {
	return fs.readdirSync(folder, { recursive: true }).map(name => path.join(folder, name)).filter(name => /\.js$/.test(name)).sort();
}

/* _() takes one plain string in single quotes, and N_() a number and two of them: anything else cannot be translated. */
for (const file of files(path.join(app, 'htdocs'))) {
	const name = path.relative(path.resolve(app, '../..'), file).replace(/^openwrt/, 'applications');

	fs.readFileSync(file, 'utf8').split('\n').forEach((line, index) => {
		const calls = line.match(/(?<![\w$.])N?_\(/g) ?? [];
		const single = [ ...line.matchAll(/(?<![\w$.])_\('((?:[^'\\]|\\.)*)'\)/g) ];

		const several = [ ...line.matchAll(/(?<![\w$.])N_\([^']+, '((?:[^'\\]|\\.)*)', '((?:[^'\\]|\\.)*)'\)/g) ];

		if (calls.length != single.length + several.length)
			throw new Error(`${name}:${index + 1}: _() takes one string in single quotes, N_() a number and two, on one line`);

		for (const [ , text ] of single)
			note(plain(text), `${name}:${index + 1}`);

		for (const [ , one, many ] of several)
			note(plain(one), `${name}:${index + 1}`, plain(many));
	});
}

/* and the texts of the menu and the access list */
for (const file of [ 'root/usr/share/luci/menu.d/luci-app-nicup.json', 'root/usr/share/rpcd/acl.d/luci-app-nicup.json' ])
	fs.readFileSync(path.join(app, file), 'utf8').split('\n').forEach((line, index) => {
		const said = /"(?:title|description)": "([^"]*)"/.exec(line);

		if (said)
			note(said[1], `applications/luci-app-nicup/${file}:${index + 1}`);
	});

const quoted = text => `"${text.replace(/["\\]/g, '\\$&')}"`;
const entries = [ ...texts ].sort(([ one ], [ two ]) => (one < two ? -1 : 1)).map(([ text, { plural, places } ]) => [
	...places.map(place => `#: ${place}`), `msgid ${quoted(text)}`,
	...(plural == null ? [ 'msgstr ""' ] : [ `msgid_plural ${quoted(plural)}`, 'msgstr[0] ""', 'msgstr[1] ""' ])
].join('\n'));
const pot = [ 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"', ...entries ].join('\n\n') + '\n';

if (!process.argv.includes('--check')) {
	fs.writeFileSync(target, pot);
	console.log(`${texts.size} texts`);
}
else if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') != pot) {
	console.log('po/templates/nicup.pot is not up to date: node tests/luci/pot.mjs makes it');
	process.exit(1);
}
