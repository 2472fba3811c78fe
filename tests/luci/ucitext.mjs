// Converts UCI text to sections and back, to the extent that the page and these tests need.

export function write(sections) {
	const quote = value => `'${String(value).replaceAll('\'', '\'\\\'\'')}'`;

	return sections.map(([ type, name, options ]) => [
		name ? `config ${type} ${quote(name)}` : `config ${type}`,
		...Object.entries(options).flatMap(([ option, value ]) => Array.isArray(value)
			? value.map(item => `\tlist ${option} ${quote(item)}`)
			: [ `\toption ${option} ${quote(value)}` ])
	].join('\n') + '\n').join('\n');
}

/* In ubus's format: an object with the sections by name. */
export function parse(text) {
	const sections = {};
	let section = null, index = 0;

	for (const [ , word, name, quoted ] of text.matchAll(/^\s*(config|option|list)\s+(\S+)(?:\s+((?:'[^']*'|\\'|[^\s'])+))?\s*$/gm)) {
		const value = (quoted ?? '').replace(/\\'|'([^']*)'/g, (whole, inner) => inner ?? '\'');

		if (word == 'config') {
			const id = value || `cfg${String(index).padStart(2, '0')}`;

			section = sections[id] = { '.type': name, '.name': id, '.anonymous': value == '', '.index': index++ };
		}
		else if (word == 'option') {
			section[name] = value;
		}
		else {
			(section[name] ??= []).push(value);
		}
	}

	return sections;
}

/* Whether libuci would reject it: an invalid line, or an unclosed quote. */
export function broken(text) {
	return text.split('\n').some(line => !/^\s*(#.*)?$/.test(line) &&
		!/^\s*(package|config|option|list)\s+\S+(\s+('[^']*'|"[^"]*"|\\.|[^\s'"])+)?\s*$/.test(line));
}
