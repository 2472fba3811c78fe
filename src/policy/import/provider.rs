//! Which sections are for No-IP, by provider name or by a custom URL.
//!
//! Does not fetch anything, and keeps no URL, because it may contain a password.

use crate::wire::uci::{Section, Value};

/// The host whose port counts; No-IP's other names are for the same service.
const SERVER: &str = "dynupdate.no-ip.com";
/// The values of `service_name` from users and packages.
const SERVICES: [&str; 5] = ["no-ip.com", "noip.com", SERVER, "www.no-ip.com", "www.noip.com"];
/// The path of the dyndns2 API. No-IP's servers have other paths for other clients, with another form of request.
const PATH: &str = "/nic/update";
/// The names of the No-IP scripts in ddns-scripts 2.x and its packages.
const SCRIPTS: [&str; 3] = ["update_no-ip_com.sh", "update_no-ip.com.sh", "update_no-ip.sh"];

/// Whether the section sends its updates to No-IP. A service's name has priority over a script, and a script over a URL.
pub(super) fn is_no_ip(section: &Section) -> bool {
    let value = |name: &str| match section.option(name).map(|option| &option.value) {
        Some(Value::One(text)) => text.as_str(),
        Some(Value::List(_)) | None => None,
    };
    if let Some(name) = value("service_name").filter(|name| !matches!(*name, "-" | "custom")) {
        return SERVICES.iter().any(|ours| name.eq_ignore_ascii_case(ours));
    }
    if let Some(script) = value("update_script") {
        let name = script.rsplit('/').next().unwrap_or(script);
        return SCRIPTS.iter().any(|ours| name.eq_ignore_ascii_case(ours));
    }
    value("update_url").and_then(UpdateUrl::parse).is_some()
}

/// An update URL of No-IP's, with ddns-scripts' placeholders still in it.
pub(super) struct UpdateUrl<'a> {
    https: bool,
    server: bool,
    port: Option<&'a str>,
    path: &'a str,
    query: &'a str,
    login: Option<(&'a str, &'a str)>,
}

impl<'a> UpdateUrl<'a> {
    /// None: not a URL, or another provider's.
    pub(super) fn parse(text: &'a str) -> Option<UpdateUrl<'a>> {
        let (https, rest) = match text.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("http://")?),
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (login.split_once(':'), host),
            None => (None, authority),
        };
        let (host, port) = match host.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host, None),
        };
        let host = host.to_ascii_lowercase();
        let ours = ["no-ip.com", "noip.com"].iter().any(|domain| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        ours.then_some(UpdateUrl { https, server: host == SERVER, port, path, query, login })
    }

    /// User and password in the URL itself.
    pub(super) fn login(&self) -> (Option<String>, Option<String>) {
        let literal = |text: &str| (!is_placeholder(text)).then(|| decoded(text)).flatten();
        match self.login {
            Some((username, password)) => (literal(username), literal(password)),
            None => (None, None),
        }
    }

    /// Hostnames in the URL itself.
    pub(super) fn hostname(&self) -> Option<String> {
        let value = self.parameters().find(|(name, _)| *name == "hostname")?.1;
        if is_placeholder(value) { None } else { decoded(value) }
    }

    /// Whether it has other parameters than hostname and address.
    pub(super) fn has_more(&self) -> bool {
        let usual = |(name, value): (&str, &str)| match name {
            "hostname" => true,
            "myip" | "myipv6" => value == "[IP]",
            _ => false,
        };
        !self.parameters().all(usual)
    }

    /// The path, if it is not nicup's. No-IP's servers accept nicup's request at [`PATH`] only.
    pub(super) fn other_path(&self) -> Option<&'a str> {
        (!self.path.is_empty() && self.path != PATH).then_some(self.path)
    }

    /// The port of https.
    pub(super) fn port(&self) -> Option<&'a str> {
        self.port.filter(|port| self.server && self.https && *port != "443")
    }

    /// Whether it names another host than nicup's default, or a port that is not https's.
    pub(super) fn is_elsewhere(&self) -> bool {
        !self.server || (!self.https && self.port.is_some_and(|port| port != "80"))
    }

    fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }
}

fn is_placeholder(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']')
}

/// The percent-decoded text; None if it is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
            bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}
