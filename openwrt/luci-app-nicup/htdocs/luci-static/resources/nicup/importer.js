'use strict';
'require baseclass';
'require fs';
'require uci';
'require ui';

/*
 * Takes the No-IP sections of ddns-scripts over: `nicup import` converts them, the user sees what would come, and then
 * it becomes unsaved changes of the form.
 */

const secret = /^(password|proxy)$/;

/* nicup's own output: sections of options and lists, every value in single quotes, a quote in it as '\''. */
function parse(text) {
	const pattern = /^\s*(config|option|list)\s+(\S+)(?:\s+((?:'[^']*'|\\')+))?\s*$/gm;
	const sections = [];

	for (const [ , word, name, quoted ] of text.matchAll(pattern)) {
		const value = (quoted ?? '').replace(/\\'|'([^']*)'/g, (whole, inner) => inner ?? '\'');
		const section = sections.at(-1);

		if (word == 'config')
			sections.push({ type: name, name: value || null, options: {} });
		else if (word == 'option')
			section.options[name] = value;
		else
			(section.options[name] ??= []).push(value);
	}

	return sections;
}

function free(name) {
	const used = uci.sections('nicup').map(section => section['.name']);
	let count = 2;

	if (name == null || !used.includes(name))
		return name;

	while (used.includes('%s_%d'.format(name, count)))
		count++;

	return '%s_%d'.format(name, count);
}

/* The same for the eye, without passwords. */
function draft(sections) {
	return sections.map(section => [
		'config %s \'%s\''.format(section.type, section.name ?? ''),
		...Object.entries(section.options).flatMap(([ name, value ]) => Array.isArray(value)
			? value.map(item => '\tlist %s \'%s\''.format(name, item))
			: [ '\toption %s \'%s\''.format(name, secret.test(name) ? '••••••' : value) ])
	].join('\n')).join('\n\n');
}

function button(kind, title, click) {
	return E('button', { 'type': 'button', 'class': 'btn cbi-button cbi-button-%s'.format(kind), 'click': click }, [ title ]);
}

return baseclass.extend({
	/* Whether ddns-scripts has anything of No-IP. */
	offers() {
		const of = section => [ section.service_name, section.update_script, section.update_url ].join(' ');

		return uci.sections('ddns', 'service').some(section => /no-?ip/i.test(of(section)));
	},

	/* Shows what would come; `done` is called when it was taken over. */
	ask(done) {
		return fs.exec('/usr/sbin/nicup', [ 'import' ]).then(reply => {
			const notes = (reply.stderr ?? '').trim();

			if (reply.code)
				return this.fail(notes || _('exit status %d').format(reply.code));

			const sections = parse(reply.stdout ?? '').filter(section => section.type == 'service');

			sections.forEach(section => { section.name = free(section.name); });

			return this.show(sections, notes, done);
		}, error => this.fail(error.message));
	},

	show(sections, notes, done) {
		ui.showModal(_('Import from ddns-scripts'), [
			E('p', {}, [ _('This would be added. Nothing is saved before you press Save & Apply.') ]),
			E('pre', { 'class': 'nicup-draft' }, [ draft(sections) ]),
			E('p', {}, [ _('What could not be carried over, and what to do next:') ]),
			E('pre', { 'class': 'nicup-draft' }, [ notes ]),
			E('div', { 'class': 'button-row' }, [
				button('neutral', _('Cancel'), () => ui.hideModal()), ' ',
				button('positive', _('Add'), () => {
					this.take(sections);
					ui.hideModal();
					return done();
				})
			])
		]);
	},

	fail(message) {
		ui.showModal(_('Import from ddns-scripts'), [
			E('p', {}, [ _('Nothing can be imported.') ]),
			E('pre', { 'class': 'nicup-draft' }, [ message ]),
			E('div', { 'class': 'button-row' }, [ button('neutral', _('Close'), () => ui.hideModal()) ])
		]);
	},

	take(sections) {
		for (const section of sections) {
			const id = uci.add('nicup', section.type, section.name);

			for (const [ name, value ] of Object.entries(section.options))
				uci.set('nicup', id, name, value);
		}
	}
});
