//! Parses single values of options: to a type, or to a message with the correct form.
//!
//! Does not know which option a value belongs to, nor its line.

use super::{Family, LogLevel, Mode, Proxy, Secret, Url};
use std::net::Ipv6Addr;

/// The correct form; the caller puts option and value before it.
pub(super) type Wrong = &'static str;

/// The booleans of libuci and OpenWrt.
pub(super) fn boolean(text: &str) -> Result<bool, Wrong> {
    match text {
        "1" | "true" | "yes" | "enabled" | "on" => Ok(true),
        "0" | "false" | "no" | "disabled" | "off" => Ok(false),
        _ => Err("is not a boolean: write 1 or 0"),
    }
}

/// Seconds, or a number with s, m, h or d.
pub(super) fn duration(text: &str) -> Result<u64, Wrong> {
    const WRONG: Wrong = "is not a duration: write seconds, or a number with s, m, h or d";
    let (number, unit) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1),
        Some(b'm') => (&text[..text.len() - 1], 60),
        Some(b'h') => (&text[..text.len() - 1], 3600),
        Some(b'd') => (&text[..text.len() - 1], 86_400),
        _ => (text, 1),
    };
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(WRONG);
    }
    let seconds = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or(WRONG)?;
    if seconds > 10 * 365 * 86_400 { Err("is too long: at most 3650d") } else { Ok(seconds) }
}

/// A request's time limit.
pub(super) fn timeout(text: &str) -> Result<u64, Wrong> {
    match duration(text)? {
        seconds @ 1..=600 => Ok(seconds),
        _ => Err("is out of range: 1 to 600 seconds"),
    }
}

/// How often nicup queries a web or script source.
pub(super) fn check_interval(text: &str) -> Result<u64, Wrong> {
    match duration(text)? {
        0..300 => Err("is too short: at least 5m"),
        seconds => Ok(seconds),
    }
}

/// After which time nicup sends an unchanged address again; 0: never.
pub(super) fn force_interval(text: &str) -> Result<Option<u64>, Wrong> {
    match duration(text)? {
        0 => Ok(None),
        1..86_400 => Err("is too short: at least 1d, or 0 for never"),
        seconds => Ok(Some(seconds)),
    }
}

pub(super) fn mode(text: &str) -> Result<Mode, Wrong> {
    text.parse().map_err(|_| "is not a mode: write watch or hotplug")
}

pub(super) fn log_level(text: &str) -> Result<LogLevel, Wrong> {
    Ok(match text {
        "err" => LogLevel::Err,
        "warning" => LogLevel::Warning,
        "notice" => LogLevel::Notice,
        "info" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        _ => return Err("is not a log level: write err, warning, notice, info or debug"),
    })
}

pub(super) fn family(text: &str) -> Result<Family, Wrong> {
    Ok(match text {
        "ipv4" => Family::Ipv4,
        "ipv6" => Family::Ipv6,
        "both" => Family::Both,
        _ => return Err("is not a family: write ipv4, ipv6 or both"),
    })
}

pub(super) fn port(text: &str) -> Result<u16, Wrong> {
    const WRONG: Wrong = "is not a port: 1 to 65535";
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(WRONG);
    }
    text.parse().ok().filter(|&port| port > 0).ok_or(WRONG)
}

/// Common mistakes in a hostname, and what to write instead.
const NO_HOSTNAME: [(&[char], Wrong); 3] = [
    (&['/', ':', '?'], "has a scheme, port or path in it: write only the hostname, e.g. home.ddns.net"),
    (&['*'], "is a wildcard, which No-IP does not update: write each hostname in full"),
    (&[' ', '\t'], "has a blank in it: write one line `list hostname` for each hostname"),
];

/// A hostname, a group's name (no dot) or `host@label`, as at No-IP. Returned in lower case, without a final dot.
///
/// Length limits: RFC 1035, 2.3.4.
pub(super) fn hostname(text: &str) -> Result<String, Wrong> {
    if let Some((_, wrong)) = NO_HOSTNAME.iter().find(|(characters, _)| text.contains(*characters)) {
        return Err(wrong);
    }
    if !text.is_ascii() {
        return Err("has letters outside ASCII: write its xn-- form, as a Punycode converter prints it \
                    (xn--mnchen-3ya.example for münchen.example)");
    }
    // A root dot belongs to a full name; a group has no dot.
    let text = text.strip_suffix('.').filter(|name| name.contains('.')).unwrap_or(text);
    let (host, label) = match text.split_once('@') {
        Some((host, label)) => (host, Some(label)),
        None => (text, None),
    };
    let valid = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if text.len() > 253 || !host.split('.').all(valid) || !label.is_none_or(valid) {
        return Err("is not a hostname: letters, digits, hyphens and dots, e.g. home.example.net");
    }
    Ok(text.to_ascii_lowercase())
}

/// A server's name or address. Returned in lower case, an IPv6 address without brackets.
pub(super) fn server(text: &str) -> Result<String, Wrong> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<Ipv6Addr>() {
        return Ok(address.to_string());
    }
    let name = hostname(text).ok().filter(|name| !name.contains('@'));
    name.ok_or("is not a server name: only the name, without http:// and without a path")
}

/// The path of the request: visible ASCII that needs no escaping.
pub(super) fn path(text: &str) -> Result<String, Wrong> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&b);
    if text.starts_with('/') && text.bytes().all(plain) && text.len() <= 512 {
        Ok(text.to_owned())
    } else {
        Err("is not a path: it begins with / and has no blank, ? or #")
    }
}

/// netifd's name of a logical interface. No @ (an alias is a device) and nothing that ubus would read as a path.
pub(super) fn interface(text: &str) -> Result<String, Wrong> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') {
        Ok(text.to_owned())
    } else if text.starts_with('@') {
        Err("is an alias of a device: write the name without @")
    } else {
        Err("is not an interface name: letters, digits, _ - and ., e.g. wan")
    }
}

/// A Linux device name (IFNAMSIZ with its final NUL is 16; dev_valid_name in the kernel).
pub(super) fn device(text: &str) -> Result<String, Wrong> {
    let bad = |b: u8| b == b'/' || b == b':' || b <= b' ' || b == 0x7f;
    if (1..=15).contains(&text.len()) && !text.bytes().any(bad) && text != "." && text != ".." {
        Ok(text.to_owned())
    } else {
        Err("is not a device name: at most 15 characters, no blank, / or :, e.g. pppoe-wan")
    }
}

pub(super) fn suffix(text: &str) -> Result<Ipv6Addr, Wrong> {
    let address: Ipv6Addr = text.parse().map_err(|_| "is not an IPv6 host part: write it as ::1234:5678")?;
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Err("is empty: write the host part as ::1234:5678"),
        [0, 0, 0, 0, ..] => Ok(address),
        _ => Err("has more than a host part: the first four groups come from the interface's /64"),
    }
}

/// An http or https address of a page.
pub(super) fn url(text: &str) -> Result<Url, Wrong> {
    const WRONG: Wrong = "is not a page's address: write http:// or https://, a host, and a path";
    let (tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(WRONG),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err("contains a login: remove it, a page with an address needs none");
    }
    let (host, port) = host_port(authority).ok_or(WRONG)?;
    let plain = |b: u8| (b'!'..=b'~').contains(&b) && b != b'#' && b != b'"' && b != b'<' && b != b'>';
    if !path.bytes().all(plain) || text.len() > 512 {
        return Err(WRONG);
    }
    let path = if path.is_empty() { "/" } else { path }.to_owned();
    Ok(Url { text: text.to_owned(), tls, host, port: port.unwrap_or(if tls { 443 } else { 80 }), path })
}

fn host_port(authority: &str) -> Option<(String, Option<u16>)> {
    let end_of_host = if authority.starts_with('[') { authority.find(']')? } else { 0 };
    let (host, port_text) = match authority[end_of_host..].find(':') {
        Some(at) => (&authority[..end_of_host + at], Some(&authority[end_of_host + at + 1..])),
        None => (authority, None),
    };
    let port = match port_text {
        Some(text) => Some(port(text).ok()?),
        None => None,
    };
    Some((server(host).ok()?, port))
}

/// `http://[user:password@]host:port`.
pub(super) fn proxy(text: &str) -> Result<Proxy, Wrong> {
    const WRONG: Wrong = "is not a proxy: write http://host:port or http://user:password@host:port";
    let rest = text.strip_prefix("http://").ok_or(WRONG)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (credentials, authority) = match rest.rsplit_once('@') {
        Some((credentials, authority)) => (Some(credentials), authority),
        None => (None, rest),
    };
    if credentials.is_some_and(|c| !c.contains(':') || !visible(c)) {
        return Err(WRONG);
    }
    let (host, port) = host_port(authority).ok_or(WRONG)?;
    let credentials = credentials.map(|c| Secret::new(c.to_owned()));
    Ok(Proxy { host, port: port.ok_or("has no port: write http://host:port")?, credentials })
}

/// Also of a path, which can only have a control character in it.
const NO_TEXT: Wrong = "is empty, too long (256 bytes) or has a control character in it";

/// No control characters: a username, a password.
pub(super) fn credential(text: &str) -> Result<String, Wrong> {
    if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
        return Err(NO_TEXT);
    }
    Ok(text.to_owned())
}

/// A text without blanks for a header.
pub(super) fn contact(text: &str) -> Result<String, Wrong> {
    if visible(text) && (1..=128).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("is not a contact: one email address or URL without blanks")
    }
}

pub(super) fn absolute_path(text: &str) -> Result<String, Wrong> {
    let text = text.trim_end_matches('/');
    if !text.starts_with('/') {
        return Err("is not an absolute path: begin it with /");
    }
    if text.chars().any(char::is_control) { Err(NO_TEXT) } else { Ok(text.to_owned()) }
}

fn visible(text: &str) -> bool {
    text.bytes().all(|b| (b'!'..=b'~').contains(&b))
}

#[cfg(test)]
mod tests;
