// Reads a translation as LuCI does: by text, and for plurals by text, U+0002 and number.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../openwrt/luci-app-nicup/po', import.meta.url));

/* The file's entries: { id, plural, texts } */
export function entries(text) {
	return text.split(/\n\s*\n/).map(block => {
		const found = {};
		let name = null;

		for (const line of block.split('\n')) {
			const parts = /^(?:(msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?"(.*)"$/.exec(line);

			if (parts == null)
				continue;

			name = parts[1] ?? name;
			found[name] = (found[name] ?? '') + JSON.parse(`"${parts[2]}"`);
		}

		const texts = Object.keys(found).filter(key => key.startsWith('msgstr')).map(key => found[key]);

		return { id: found.msgid ?? '', plural: found.msgid_plural ?? null, texts };
	}).filter(entry => entry.id != '');
}

export function translations(lang) {
	const file = path.join(folder, lang, 'nicup.po');

	if (!fs.existsSync(file))
		return null;

	return Object.fromEntries(entries(fs.readFileSync(file, 'utf8')).flatMap(({ id, plural, texts }) => (plural == null)
		? [ [ id, texts[0] ] ]
		: texts.map((text, index) => [ `${id}\u0002${index}`, text ])).filter(([ , text ]) => text));
}
