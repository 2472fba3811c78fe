'use strict';
'require baseclass';

/*
 * Which values the program accepts: src/policy/config/value.rs in JavaScript. tests/luci/values.json holds for both.
 *
 * Each function returns null, or a message with the correct form. An empty value means "not set" and does not get here.
 */

const bytes = text => new TextEncoder().encode(text).length;
const control = /[\u0000-\u001f\u007f-\u009f]/;
const visible = /^[!-~]*$/;
const label = /^[A-Za-z0-9_-]{1,63}$/;

function seconds(text) {
	const parts = /^([0-9]+)([smhd]?)$/.exec(text);

	return parts ? Number(parts[1]) * { '': 1, s: 1, m: 60, h: 3600, d: 86400 }[parts[2]] : null;
}

function duration(text, refuse) {
	const value = seconds(text);

	if (value == null)
		return _('Write a number of seconds, or a number with s, m, h or d, for example 10m.');

	if (value > 10 * 365 * 86400)
		return _('Write at most ten years.');

	return refuse(value);
}

function isHostname(text) {
	const [ host, ...labels ] = text.split('@');

	return bytes(text) <= 253 && labels.length <= 1 && host.split('.').every(part => label.test(part)) &&
		labels.every(part => label.test(part));
}

function isPort(text) {
	return /^[0-9]+$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;
}

function ipv4Groups(text) {
	const parts = text.split('.');

	if (parts.length != 4 || !parts.every(part => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255))
		return null;

	const [ a, b, c, d ] = parts.map(Number);

	return [ a * 256 + b, c * 256 + d ];
}

/* One side of the "::", or all of an address: its groups, or null. */
function groups(text, last) {
	const parts = (text == '') ? [] : text.split(':');
	const list = [];

	for (let i = 0; i < parts.length; i++) {
		if (/^[0-9A-Fa-f]{1,4}$/.test(parts[i]))
			list.push(parseInt(parts[i], 16));
		else if (last && i == parts.length - 1 && ipv4Groups(parts[i]) != null)
			list.push(...ipv4Groups(parts[i]));
		else
			return null;
	}

	return list;
}

/* The eight groups of an IPv6 address, or null. */
function ipv6(text) {
	const halves = text.split('::');

	if (halves.length > 2)
		return null;

	const head = groups(halves[0], halves.length == 1);

	if (halves.length == 1)
		return head?.length == 8 ? head : null;

	const tail = groups(halves[1], true);

	if (head == null || tail == null || head.length + tail.length > 7)
		return null;

	return [ ...head, ...Array(8 - head.length - tail.length).fill(0), ...tail ];
}

function isServer(text) {
	const bare = (text.startsWith('[') && text.endsWith(']') && text.length > 1) ? text.slice(1, -1) : text;

	return ipv6(bare) != null || (!text.includes('@') && isHostname(text));
}

/* [ host, port or null ], or null. */
function authority(text) {
	let end = 0;

	if (text.startsWith('[')) {
		if (!text.includes(']'))
			return null;

		end = text.indexOf(']') + 1;
	}

	const colon = text.indexOf(':', end);
	const host = (colon < 0) ? text : text.slice(0, colon);
	const port = (colon < 0) ? null : text.slice(colon + 1);

	return (isServer(host) && (port == null || isPort(port))) ? [ host, port ] : null;
}

function url(text) {
	const wrong = _('Write http:// or https://, a host, and a path.');
	const parts = /^https?:\/\/([^/]*)(.*)$/s.exec(text);

	if (parts == null || bytes(text) > 512)
		return wrong;

	if (parts[1].includes('@'))
		return _('Write the URL without a login.');

	return (authority(parts[1]) == null || !visible.test(parts[2]) || /[#"<>]/.test(parts[2])) ? wrong : null;
}

function proxy(text) {
	const wrong = _('Write http://host:port or http://user:password@host:port.');

	if (!text.startsWith('http://'))
		return wrong;

	const rest = text.slice(7).replace(/\/$/, '');
	const at = rest.lastIndexOf('@');
	const login = rest.slice(0, Math.max(at, 0));

	if (at >= 0 && (!login.includes(':') || !visible.test(login)))
		return wrong;

	const place = authority(rest.slice(at + 1));

	return (place == null || place[1] == null) ? wrong : null;
}

function credential(text) {
	return (bytes(text) > 256 || control.test(text)) ? _('Write at most 256 bytes and no control characters.') : null;
}

function interfaceName(text) {
	if (text.startsWith('@'))
		return _('Write the name without @.');

	return /^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,63}$/.test(text) ? null
		: _('Write letters, digits, _ - and . only, for example wan.');
}

function deviceName(text) {
	return (bytes(text) > 15 || /[/:\u0000- \u007f]/.test(text) || text == '.' || text == '..')
		? _('Write at most 15 characters and no blank, / or :, for example pppoe-wan.') : null;
}

function absolutePath(text) {
	const path = (text.length > 1) ? text.replace(/\/+$/, '') : text;

	return (path.startsWith('/') && path.length > 1 && !control.test(path)) ? null : _('Write the whole path, for example /etc/file.');
}

function suffix(text) {
	const parts = ipv6(text);

	return (parts == null || parts.slice(0, 4).some(part => part) || !parts.some(part => part))
		? _('Write only the host part, for example ::1234:5678.') : null;
}

const checks = {
	contact: text => (visible.test(text) && text.length <= 128) ? null : _('Write one email address or URL without blanks.'),
	state_dir: absolutePath,
	run_dir: absolutePath,
	username: credential,
	password: credential,
	hostname: text => isHostname(text) ? null : _('Write only letters, digits, hyphens and dots, for example home.example.net.'),
	interface: interfaceName,
	interface6: interfaceName,
	device: deviceName,
	source_url: url,
	source_url6: url,
	source_script: absolutePath,
	check_interval: text => duration(text, value => value < 300 ? _('Write at least 5m.') : null),
	ip6_suffix: suffix,
	force_interval: text => duration(text, value => (value > 0 && value < 86400) ? _('Write at least 1d, or 0 for never.') : null),
	server: text => isServer(text) ? null : _('Write only the name, without http:// and without a path.'),
	path: text => (/^\/[A-Za-z0-9/._~!$&'()*+,;=:@%-]*$/.test(text) && text.length <= 512) ? null
		: _('Begin with / and write no blank, ? or #.'),
	port: text => isPort(text) ? null : _('Write a number from 1 to 65535.'),
	cacert: absolutePath,
	proxy,
	timeout: text => duration(text, value => (value < 1 || value > 600) ? _('Write 1 to 600 seconds.') : null)
};

const truth = {
	'1': '1', 'true': '1', 'yes': '1', 'enabled': '1', 'on': '1',
	'0': '0', 'false': '0', 'no': '0', 'disabled': '0', 'off': '0'
};

return baseclass.extend({
	/* The text without the blanks that a copy from elsewhere brings along. A login may begin with one. */
	trim(option, text) {
		return [ 'username', 'password' ].includes(option) ? text.replace(/\s+$/, '') : text.trim();
	},

	/* Several values in one text are split at commas; blanks around them go. */
	split(texts) {
		return [ ...new Set(texts.flatMap(text => String(text).split(',')).map(text => text.trim()).filter(text => text != '')) ];
	},

	/* null, or what to write. */
	wrong(option, text) {
		return (text == null || text === '') ? null : checks[option](String(text));
	},

	/* A boolean as 1 or 0; another text unchanged. */
	flag(text) {
		return (text == null) ? null : (truth[text] ?? text);
	},

	/* Two services that update one name overwrite each other for ever. A group's name and all.ddnskey.com mean other
	   hosts under another login. */
	shares(one, other, name) {
		const server = service => String(service.server || 'dynupdate.no-ip.com').toLowerCase();
		const lower = String(name).toLowerCase();
		const names = L.toArray(other.hostname).map(host => String(host).toLowerCase());
		const ofLogin = !lower.includes('.') || lower == 'all.ddnskey.com';

		return server(one) == server(other) && names.includes(lower) && (!ofLogin || one.username == other.username);
	}
});
