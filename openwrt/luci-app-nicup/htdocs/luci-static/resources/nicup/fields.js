'use strict';
'require baseclass';
'require dom';
'require form';
'require network';
'require uci';
'require tools.widgets as widgets';
'require nicup.valid as valid';

/* globals valid, widgets */

/*
 * The options of /etc/config/nicup, each with its help, its default as placeholder and the program's own rules.
 *
 * nicup.services puts them together.
 */

/* What is wrong with a value in its place: the program's rule, then the option's own. */
function rules(option, more) {
	return function(section_id, value) {
		return valid.wrong(option, valid.trim(option, String(value ?? ''))) ?? more?.call(this, section_id, value) ?? true;
	};
}

/* LuCI keeps a field's verdict until the field itself changes, though it may depend on another one. */
function fresh(section_id) {
	const element = this.getUIElement(section_id);

	element?.triggerValidation();

	return element ? element.isValid() : true;
}

const TextField = form.Value.extend({
	isValid: fresh,

	formvalue(section_id) {
		const value = this.super('formvalue', [ section_id ]);

		return (typeof(value) == 'string') ? valid.trim(this.option, value) : value;
	}
});

/*
 * LuCI's list ignores invalid entries, in the box and among the items, and then reports that the list is empty or valid.
 * This one reads all visible text: it splits and trims it, and names each entry that it rejects.
 *
 * Interfaces are also such a list and not a NetworkSelect, because that one loses their order, the order of the failover.
 */
const ListField = form.DynamicList.extend({
	renderWidget(...args) {
		const node = this.super('renderWidget', args);

		node.addEventListener('cbi-dynlist-change', () => this.tidy(dom.findClassInstance(node)));

		return node;
	},

	/* An item that was added as several, or with blanks, becomes what it means. */
	tidy(widget) {
		const items = [ ...widget.node.querySelectorAll('.item > input[type="hidden"]') ].map(input => input.value);
		const tidy = valid.split(items);

		if (JSON.stringify(tidy) != JSON.stringify(items))
			widget.setValue(tidy);
	},

	wrong(section_id, value) {
		return valid.wrong(this.option, value) ?? this.rule?.call(this, section_id, value);
	},

	parse(section_id) {
		const widget = this.isActive(section_id) ? this.getUIElement(section_id) : null;

		if (widget == null)
			return this.super('parse', [ section_id ]);

		const box = widget.node.querySelector('.add-item input[type="text"]');
		const typed = box?.value ?? '';
		const values = valid.split([ ...widget.getValue().filter(value => value !== typed), typed ]);
		const bad = values.find(value => this.wrong(section_id, value) != null);

		if (bad != null)
			return Promise.reject(new TypeError(_('%s: "%s" cannot be used. %s')
				.format(this.stripTags(this.title).trim(), bad, this.wrong(section_id, bad))));

		if (typed != '') {
			box.value = '';
			widget.setValue(values);
		}

		widget.triggerValidation();

		return this.super('parse', [ section_id ]);
	}
});

/* Each part of what is in the box, as LuCI asks while it is typed. */
function listRules(section_id, value) {
	return valid.split([ value ]).map(part => this.wrong(section_id, part)).find(wrong => wrong != null) ?? true;
}

/* Keeps a flag that is set to its default: LuCI loses a new order of sections that is saved together with
   removals, and this removal is not needed. */
function forget(section_id) {
	if (valid.flag(uci.get('nicup', section_id, this.option)) != this.default)
		uci.unset('nicup', section_id, this.option);
}

function valueOf(option, section_id, name) {
	return option.section.formvalue(section_id, name);
}

/* A screen reader does not find the title of LuCI's own, which is in a label for another element. */
const FlagField = form.Flag.extend({
	renderWidget(...args) {
		const node = this.super('renderWidget', args);

		node.querySelector('input[type="checkbox"]')?.setAttribute('aria-label', this.stripTags(this.title).trim());

		return node;
	}
});

function adder(section, tab) {
	return (tab != null) ? section.taboption.bind(section, tab) : section.option.bind(section);
}

function text(section, tab, name, title, help, more) {
	const o = adder(section, tab)(more?.type ?? TextField, name, title, help);

	o.modalonly = (tab != null) ? true : undefined;
	o.placeholder = more?.placeholder;
	o.password = more?.password;
	o.datatype = more?.datatype;
	o.rmempty = !more?.required;
	o.retain = true;
	o.rule = more?.rule;
	o.validate = (more?.type === ListField) ? listRules : rules(name, more?.rule);

	for (const [ value, label ] of more?.choices ?? [])
		o.value(value, label);

	for (const [ field, wanted ] of more?.depends ?? [])
		o.depends(field, wanted);

	return o;
}

/* One of LuCI's choosers. It offers what `list` resolves to, and keeps a value that is not among it. */
function chooser(section, tab, type, name, title, help, list) {
	const o = adder(section, tab)(type, name, title, help);

	/* LuCI loads a field for each service. */
	let once = null;

	o.modalonly = true;
	o.rmempty = true;
	o.retain = true;
	o.noaliases = true;
	o.validate = rules(name);
	o.isValid = fresh;
	o.load = function(section_id) {
		const value = uci.get('nicup', section_id, name);

		return (once ??= L.resolveDefault(list(), [])).then(found => {
			this.devices = found;
			this.networks = (type === widgets.NetworkSelect) ? withNetwork(found, value) : null;

			return value;
		});
	};

	return o;
}

/* LuCI shows only networks that exist, and would drop the others at the next Save. */
function withNetwork(networks, name) {
	const absent = { getName: () => name, isBridge: () => false, isVirtual: () => false, getL2Device: () => null };

	return (!name || networks.some(net => net.getName() == name)) ? networks : [ ...networks, absent ];
}

function flag(section, tab, name, title, help, initial) {
	const o = adder(section, tab)(FlagField, name, title, help);

	o.modalonly = (tab != null) ? true : undefined;
	o.default = initial;
	o.load = section_id => valid.flag(uci.get('nicup', section_id, name));
	o.remove = forget;

	return o;
}

function choice(section, tab, name, title, help, choices) {
	const o = adder(section, tab)(form.ListValue, name, title, help);

	o.modalonly = (tab != null) ? true : undefined;
	o.default = choices[0][0];

	for (const [ value, label ] of choices)
		o.value(value, label);

	/* A default is not written down, so that another version may have a better one. */
	o.write = (section_id, value) => (value == o.default)
		? o.remove(section_id)
		: uci.set('nicup', section_id, name, value);

	return o;
}

function ofWeb(other) {
	return function(section_id, value) {
		return (valueOf(this, section_id, 'source') == 'web' && !value && !valueOf(this, section_id, other))
			? _('Enter a page for IPv4 or for IPv6.') : null;
	};
}

return baseclass.extend({
	FlagField,

	forget,

	general(s) {
		flag(s, null, 'enabled', _('Enabled'), _('Off: nothing is sent for any service.'), '1');
		choice(s, null, 'mode', _('Mode'), _('A resident service sees every change at once. Without one, network events start nicup, and web pages, scripts and forced updates have no timer.'), [
			[ 'watch', _('Resident service') ],
			[ 'hotplug', _('Nothing resident') ]
		]);
		choice(s, null, 'log_level', _('Log level'), _('What goes to the system log.'), [
			[ 'notice', _('Changes (default)') ],
			[ 'err', _('Errors') ],
			[ 'warning', _('Warnings') ],
			[ 'info', _('Everything') ],
			[ 'debug', _('Everything, for debugging') ]
		]);
		text(s, null, 'contact', _('Contact'), _('An email address or URL that No-IP finds in each request, as it requires. Only needed if No-IP rejects the program.'),
			{ placeholder: _('the project\'s address') });
		text(s, null, 'state_dir', _('State directory'), _('What must survive a reboot. nicup rarely writes it.'), { placeholder: '/etc/nicup', datatype: 'directory' });
		text(s, null, 'run_dir', _('Run directory'), _('Status and locks, in memory.'), { placeholder: '/var/run/nicup', datatype: 'directory' });
	},

	login(s, taken) {
		text(s, 'login', 'username', _('Username'), _('The username of the DDNS key or of the account.'), { required: true });
		text(s, 'login', 'password', _('Password'), _('The password of the DDNS key or of the account.'), { required: true, password: true });
		text(s, 'login', 'hostname', _('Hostnames'), _('All hostnames that this login updates; all.ddnskey.com means every host of a DDNS key. The name of a group has no dot.'), {
			type: ListField, required: true, placeholder: 'home.example.net', rule: taken
		});
	},

	address(s, networks) {
		choice(s, 'address', 'family', _('Addresses'), _('Users report that an update with only an IPv6 address also changes the IPv4 address. Choose "IPv4 and IPv6" to send both.'), [
			[ 'ipv4', _('IPv4') ],
			[ 'ipv6', _('IPv6') ],
			[ 'both', _('IPv4 and IPv6') ]
		]);
		choice(s, 'address', 'source', _('Source'), _('Where nicup finds the address. A page or a script is needed only behind another router.'), [
			[ 'interface', _('Interface') ],
			[ 'web', _('Web page') ],
			[ 'script', _('Script') ]
		]);
		text(s, 'address', 'interface', _('Interface'), _('Several: the first one that is up and has a usable address.'), {
			type: ListField, placeholder: _('default: wan'), choices: networks
		});
		chooser(s, 'address', widgets.NetworkSelect, 'interface6', _('Interface for IPv6'), _('Where the IPv6 address is, if on another interface. The default is the same interface, or its sibling wan6 or wan_6.'),
			() => network.getNetworks());
		chooser(s, 'address', widgets.DeviceSelect, 'device', _('Device'), _('A network device instead of an interface. By default, nicup uses the device of the interface.'),
			() => network.getDevices());
		text(s, 'address', 'source_url', _('Page for IPv4'), _('A page that shows only the address. No-IP\'s own page is http://ip1.dynupdate.no-ip.com/. Over http://, anyone on the network path can change it.'), {
			placeholder: 'https://…', depends: [ [ 'source', 'web' ] ], rule: ofWeb('source_url6')
		});
		text(s, 'address', 'source_url6', _('Page for IPv6'), _('The same for IPv6: http://ip1.dynupdate6.no-ip.com/'), {
			placeholder: 'https://…', depends: [ [ 'source', 'web' ] ], rule: ofWeb('source_url')
		});
		text(s, 'address', 'source_script', _('Script'), _('A program that prints one address per line. It must belong to root, and it runs without a shell.'), {
			required: true, placeholder: '/usr/bin/my-address', datatype: 'file', depends: [ [ 'source', 'script' ] ]
		});
		flag(s, 'address', 'allow_private', _('Allow private addresses'), _('Also send addresses that cannot be reached from the internet, for names within your own network.'), '0');
		text(s, 'address', 'ip6_suffix', _('IPv6 host part'), _('For a host behind the router: nicup puts its host part on the public prefix. The interface for IPv6 is then usually lan.'), {
			placeholder: '::1234:5678', datatype: 'ip6addr("nomask")'
		});
	},

	connection(s) {
		text(s, 'connection', 'server', _('Server'), _('The server of No-IP, or another one with the same API (dyndns2).'), { placeholder: 'dynupdate.no-ip.com' });
		text(s, 'connection', 'path', _('Path'), _('The path of the API.'), { placeholder: '/nic/update' });
		text(s, 'connection', 'port', _('Port'), _('The port for secure connections. If it cannot be reached, nicup also tries 8245.'), { placeholder: '443', datatype: 'port' });
		flag(s, 'connection', 'plaintext', _('Allow unencrypted updates'), _('If no secure connection is possible, nicup sends the password unencrypted: anyone on the network path can read it.'), '0');
		text(s, 'connection', 'cacert', _('Certificates'), _('File with the authorities to trust.'), { placeholder: '/etc/ssl/certs/ca-certificates.crt', datatype: 'file' });
		text(s, 'connection', 'proxy', _('Proxy'), _('An HTTP proxy that supports CONNECT, with or without a login: http://user:password@host:port.'), { placeholder: 'http://proxy.lan:3128', password: true });
		flag(s, 'connection', 'bind', _('Bind to the interface'), _('Send only through the device of this interface, for routers with several uplinks.'), '0');
		flag(s, 'connection', 'offline', _('Mark as offline'), _('Mark these hosts as offline instead of sending an address. A paid feature of No-IP.'), '0');
	},

	timing(s) {
		text(s, 'timing', 'force_interval', _('Update at the latest after'), _('nicup sends an unchanged address again after this time. A number with s, m, h or d, at least 1d; 0 for never.'), { placeholder: '25d' });
		text(s, 'timing', 'check_interval', _('Query page or script every'), _('At least 5m.'), { placeholder: '10m', depends: [ [ 'source', 'web' ], [ 'source', 'script' ] ] });
		text(s, 'timing', 'timeout', _('Time limit'), _('Seconds for one request, everything included: 1 to 600.'), { placeholder: '30' });
	}
});
