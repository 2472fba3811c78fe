'use strict';
'require view';
'require poll';
'require fs';

/*
 * nicup's lines of the system log, newest first.
 */

const line = /^(.*?)\s([a-z0-9]+)\.([a-z]+)\s+nicup(?:\[\d+\])?:\s(.*)$/;
const levels = { emerg: 'err', alert: 'err', crit: 'err', err: 'err', error: 'err', warn: 'warning', warning: 'warning' };

/* Where OpenWrt's releases have it. */
const readers = [ '/usr/sbin/logread', '/sbin/logread' ];

function entries(text) {
	return text.split('\n').map(one => line.exec(one)).filter(parts => parts != null).reverse();
}

return view.extend({
	load() {
		return Promise.all(readers.map(path => L.resolveDefault(fs.stat(path), null))).then(found => {
			this.reader = readers.find((path, index) => found[index] != null) ?? readers.at(-1);

			return this.read();
		});
	},

	read() {
		return fs.exec_direct(this.reader, [ '-e', 'nicup' ]).then(
			text => ({ text: text ?? '' }), error => ({ error }));
	},

	render(found) {
		this.list = E('div', { 'class': 'nicup-log' });
		this.show(found);
		poll.add(() => this.read().then(again => this.show(again)));

		return E('div', {}, [
			E('link', { 'rel': 'stylesheet', 'href': L.resource('nicup/nicup.css') }),
			E('h2', {}, [ _('Log of nicup') ]),
			E('p', {}, [ _('Newest first. nicup never logs passwords. The log level is under General.') ]),
			this.list
		]);
	},

	show(found) {
		const shape = found.error ? found.error.message : found.text;

		if (shape === this.shape)
			return;

		this.shape = shape;

		const list = found.error ? [] : entries(found.text);

		if (found.error)
			this.list.replaceChildren(E('p', {}, [ _('The log cannot be read: %s').format(found.error.message) ]));
		else if (list.length == 0)
			this.list.replaceChildren(E('p', {}, [ _('nicup has logged nothing since the log began.') ]));
		else
			this.list.replaceChildren(...list.map(([ , time, , level, text ]) =>
				E('div', { 'class': 'nicup-log-' + (levels[level] ?? level) }, [
					E('small', {}, [ time + ' ' + level ]), ' ', text
				])));
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
