'use strict';
'require baseclass';
'require fs';
'require rpc';
'require uci';
'require ui';
'require nicup.valid as valid';

/* globals valid */

/*
 * Takes the No-IP sections of ddns-scripts over: `nicup import` converts them, the user sees the result, and then it
 * becomes unsaved changes of the form. The page itself never reads /etc/config/ddns.
 */

const secret = /^(password|proxy)$/;
const declined = 'nicup-import-declined';

const uciSet = rpc.declare({
	object: 'uci',
	method: 'set',
	params: [ 'config', 'section', 'values' ],
	reject: true
});

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

	return sections.filter(section => section.type == 'service');
}

/* The sections of ddns-scripts that the output was made from. */
function sources(text) {
	return L.toArray(/^# Sections: (.*)$/m.exec(text)?.[1]);
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

const lower = names => L.toArray(names).map(name => String(name).toLowerCase());

/* Which hostnames of `section` nicup has already; `on`: and is to update. */
function had(section, on) {
	const names = uci.sections('nicup', 'service')
		.filter(service => !on || valid.flag(service.enabled) != '0')
		.flatMap(service => lower(service.hostname));

	return lower(section.options.hostname).filter(name => names.includes(name));
}

/* The sections as text, without passwords. */
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
	__init__() {
		this.found = null;
		this.added = [];
		this.disabling = false;
	},

	/* Looks what ddns-scripts has of No-IP. Only a login that may change something can do that. */
	load() {
		return fs.exec('/usr/sbin/nicup', [ 'import' ]).then(reply => {
			const text = reply.code ? '' : (reply.stdout ?? '');

			this.found = { sections: parse(text), notes: (reply.stderr ?? '').trim(), sources: sources(text) };
		}, () => { this.found = null; });
	},

	/* What nicup does not have yet. */
	missing() {
		return (this.found?.sections ?? []).filter(section => had(section).length == 0);
	},

	/* Whether to offer the import: until it is done or declined. */
	offers() {
		return this.missing().length > 0 && window.localStorage.getItem(declined) != this.mark();
	},

	/* Other sections in ddns-scripts are another offer. */
	mark() {
		return (this.found?.sources ?? []).join(' ');
	},

	decline() {
		window.localStorage.setItem(declined, this.mark());
	},

	/* Hostnames that both programs update. */
	doubled() {
		if (this.disabling)
			return [];

		return (this.found?.sections ?? []).filter(section => section.options.enabled != '0').flatMap(section => had(section, true));
	},

	/* Whether an import was added to the form and is not saved. */
	unsaved() {
		return this.added.length > 0;
	},

	/* Shows what would come; `done` is called when it was added. */
	ask(done) {
		const sections = this.missing();

		sections.forEach(section => { section.name = free(section.name); });

		const tick = E('input', { 'type': 'checkbox', 'id': 'nicup-disable-old', 'checked': '' });

		ui.showModal(_('Import from ddns-scripts'), [
			E('p', {}, [ _('These sections would be added. Nothing is saved before you press Save & Apply.') ]),
			E('pre', { 'class': 'nicup-draft', 'tabindex': '0' }, [ draft(sections) ]),
			E('p', {}, [ _('What nicup could not convert, and what to do next:') ]),
			E('pre', { 'class': 'nicup-draft', 'tabindex': '0' }, [ this.found.notes ]),
			E('p', {}, [ tick, ' ', E('label', { 'for': 'nicup-disable-old' }, [
				_('Disable the old sections in ddns-scripts, so that only nicup updates these hostnames.')
			]) ]),
			E('div', { 'class': 'button-row' }, [
				button('neutral', _('Cancel'), () => ui.hideModal()), ' ',
				button('positive', _('Add'), ui.createHandlerFn(this, () => {
					this.take(sections);
					this.wish = tick.checked;
					ui.hideModal();

					return done();
				}))
			])
		]);
	},

	take(sections) {
		for (const section of sections) {
			const id = uci.add('nicup', section.type, section.name);

			this.added.push(id);

			for (const [ name, value ] of Object.entries(section.options))
				uci.set('nicup', id, name, value);
		}
	},

	/* After the form was saved. */
	saved() {
		this.added = [];

		if (!this.wish)
			return Promise.resolve();

		this.wish = false;

		return this.disableOld();
	},

	/* Becomes an unsaved change, too. */
	disableOld() {
		return Promise.all(this.found.sources.map(name => uciSet('ddns', name, { enabled: '0' }))).then(() => {
			this.disabling = true;
		}, error => {
			ui.addNotification(null, E('p', {}, [ _('The old sections cannot be disabled: %s').format(error.message) ]), 'error');
		});
	}
});
