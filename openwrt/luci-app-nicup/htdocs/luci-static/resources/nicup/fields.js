'use strict';
'require baseclass';
'require form';
'require uci';
'require nicup.valid as valid';

/* globals valid */

/*
 * The options of /etc/config/nicup, each with its help, its default as placeholder and the program's own rules.
 *
 * Knows nothing of services as such (nicup.services does).
 */

/* What is wrong with a value in its place: the program's rule, then the option's own. */
function rules(option, more) {
	return function(section_id, value) {
		const wrong = valid.wrong(option, value) ?? more?.call(this, section_id, value);

		return (wrong == null) ? true : _('Expecting: %s').format(wrong);
	};
}

/* LuCI keeps a field's verdict until the field itself changes, though it may depend on another one. */
function fresh() {
	return function(section_id) {
		const element = this.getUIElement(section_id);

		element?.triggerValidation();

		return element ? element.isValid() : true;
	};
}

/* A flag that says its default stays as it is written: LuCI loses a new order of sections where it is saved together
   with removals, and nobody asked for this one. */
function forget(section_id) {
	if (valid.flag(uci.get('nicup', section_id, this.option)) != this.default)
		uci.unset('nicup', section_id, this.option);
}

function valueOf(option, section_id, name) {
	return option.section.formvalue(section_id, name);
}

function text(section, tab, name, title, help, more) {
	const add = (tab != null) ? section.taboption.bind(section, tab) : section.option.bind(section);
	const o = add(more?.type ?? form.Value, name, title, help);

	o.modalonly = (tab != null) ? true : undefined;
	o.placeholder = more?.placeholder;
	o.password = more?.password;
	o.rmempty = !more?.required;
	o.retain = true;
	o.validate = rules(name, more?.rule);
	o.isValid = fresh();

	for (const [ value, label ] of more?.choices ?? [])
		o.value(value, label);

	for (const [ field, wanted ] of more?.depends ?? [])
		o.depends(field, wanted);

	return o;
}

function flag(section, tab, name, title, help, initial) {
	const add = (tab != null) ? section.taboption.bind(section, tab) : section.option.bind(section);
	const o = add(form.Flag, name, title, help);

	o.modalonly = (tab != null) ? true : undefined;
	o.default = initial;
	o.load = section_id => valid.flag(uci.get('nicup', section_id, name));
	o.remove = forget;

	return o;
}

function choice(section, tab, name, title, help, choices) {
	const add = (tab != null) ? section.taboption.bind(section, tab) : section.option.bind(section);
	const o = add(form.ListValue, name, title, help);

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
			? _('a page for IPv4 or for IPv6') : null;
	};
}

return baseclass.extend({
	forget,

	general(s) {
		flag(s, null, 'enabled', _('Enabled'), _('Off: nothing is sent for any service.'), '1');
		choice(s, null, 'mode', _('Mode'), _('A resident service sees every change at once. Without one, the events of interfaces start nicup; web pages, scripts and forced updates then have no clock of their own.'), [
			[ 'watch', _('Resident service') ],
			[ 'hotplug', _('Nothing resident') ]
		]);
		choice(s, null, 'log_level', _('Log level'), _('What goes to the system log.'), [
			[ 'notice', _('Changes (default)') ],
			[ 'err', _('Errors') ],
			[ 'warning', _('Warnings') ],
			[ 'info', _('Everything') ],
			[ 'debug', _('Everything, for finding faults') ]
		]);
		text(s, null, 'contact', _('Contact'), _('A mail address or URL that No-IP finds in each request, as it wants to. Only needed where No-IP refuses the program.'),
			{ placeholder: _('the project\'s address') });
		text(s, null, 'state_dir', _('State directory'), _('What must survive a reboot. It is written rarely.'), { placeholder: '/etc/nicup' });
		text(s, null, 'run_dir', _('Run directory'), _('Status and locks, in memory.'), { placeholder: '/var/run/nicup' });
	},

	login(s, taken) {
		text(s, 'login', 'username', _('Username'), _('The DDNS key\'s username, or the account\'s.'), { required: true });
		text(s, 'login', 'password', _('Password'), _('The DDNS key\'s password, or the account\'s.'), { required: true, password: true });
		text(s, 'login', 'hostname', _('Hostnames'), _('All hostnames that this login updates; all.ddnskey.com stands for every host of a DDNS key. Groups have a name without a dot.'), {
			type: form.DynamicList, required: true, placeholder: 'home.example.net', rule: taken
		});
	},

	address(s, networks, devices) {
		choice(s, 'address', 'family', _('Addresses'), _('Updates that carry only an IPv6 address are reported to change the IPv4 one, too: both sends both.'), [
			[ 'ipv4', _('IPv4') ],
			[ 'ipv6', _('IPv6') ],
			[ 'both', _('IPv4 and IPv6') ]
		]);
		choice(s, 'address', 'source', _('Source'), _('Where the address comes from. A page or a script is needed only behind another router.'), [
			[ 'interface', _('Interface') ],
			[ 'web', _('Web page') ],
			[ 'script', _('Script') ]
		]);
		text(s, 'address', 'interface', _('Interface'), _('Several: the first one that is up and has a usable address.'), {
			type: form.DynamicList, placeholder: _('default: wan'), choices: networks
		});
		text(s, 'address', 'interface6', _('Interface for IPv6'), _('Where the IPv6 address is, if it is another one. By default the same interface, or its sibling wan6 or wan_6.'), {
			placeholder: _('the same'), choices: networks
		});
		text(s, 'address', 'device', _('Device'), _('A network device in place of an interface.'), { placeholder: _('that of the interface'), choices: devices });
		text(s, 'address', 'source_url', _('Page for IPv4'), _('Its text is the address and nothing else. Over http:// anybody on the way can forge it.'), {
			placeholder: 'https://…', depends: [ [ 'source', 'web' ] ], rule: ofWeb('source_url6')
		});
		text(s, 'address', 'source_url6', _('Page for IPv6'), _('The same for IPv6.'), {
			placeholder: 'https://…', depends: [ [ 'source', 'web' ] ], rule: ofWeb('source_url')
		});
		text(s, 'address', 'source_script', _('Script'), _('A program that prints one address a line. It runs without a shell.'), {
			required: true, placeholder: '/usr/bin/my-address', depends: [ [ 'source', 'script' ] ]
		});
		flag(s, 'address', 'allow_private', _('Allow private addresses'), _('Also send addresses that nobody outside can reach, for names within your own network.'), '0');
		text(s, 'address', 'ip6_suffix', _('IPv6 host part'), _('For a host behind the router: its host part is put on the public prefix. The interface for IPv6 is lan then, mostly.'), {
			placeholder: '::1234:5678'
		});
	},

	connection(s) {
		text(s, 'connection', 'server', _('Server'), _('No-IP\'s, or another one that speaks the same API (dyndns2).'), { placeholder: 'dynupdate.no-ip.com' });
		text(s, 'connection', 'path', _('Path'), _('The path of the API.'), { placeholder: '/nic/update' });
		text(s, 'connection', 'port', _('Port'), _('For secure connections; where it cannot be reached, 8245 is tried, too.'), { placeholder: '443' });
		flag(s, 'connection', 'plaintext', _('Allow unencrypted updates'), _('Where no secure connection is possible, the password travels in clear for anybody on the way to read.'), '0');
		text(s, 'connection', 'cacert', _('Certificates'), _('File with the authorities to trust.'), { placeholder: '/etc/ssl/certs/ca-certificates.crt' });
		text(s, 'connection', 'proxy', _('Proxy'), _('An HTTP proxy that takes CONNECT. It may have a login in it: http://user:password@host:port.'), { placeholder: 'http://proxy.lan:3128', password: true });
		flag(s, 'connection', 'bind', _('Bind to the interface'), _('Send through this interface\'s own device only, for routers with several uplinks.'), '0');
		flag(s, 'connection', 'offline', _('Mark as offline'), _('Tell the server that these hosts are offline, in place of an address. A paid feature of No-IP.'), '0');
	},

	timing(s) {
		text(s, 'timing', 'force_interval', _('Update at the latest after'), _('An unchanged address is sent again after this time. A number with s, m, h or d, at least 1d; 0 for never.'), { placeholder: '25d' });
		text(s, 'timing', 'check_interval', _('Ask page or script every'), _('At least 5m.'), { placeholder: '10m', depends: [ [ 'source', 'web' ], [ 'source', 'script' ] ] });
		text(s, 'timing', 'timeout', _('Time limit'), _('For one request, everything included, in seconds: 1 to 600.'), { placeholder: '30' });
	}
});
