//! No-IP's side of the protocol: who may update which hosts, and the response code. No sockets, no bytes of HTTP.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::credentials::Credentials;
use crate::options::{Account, Options};

/// No-IP accepts at most this many hosts in a request.
const MOST_HOSTS: usize = 20;
const WHOLE_KEY: &str = "all.ddnskey.com";

/// The state of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) v4: Option<Ipv4Addr>,
    pub(crate) v6: Option<Ipv6Addr>,
    pub(crate) offline: bool,
}

/// One update, as requested.
pub(crate) struct Update<'a> {
    pub(crate) hostnames: &'a [String],
    pub(crate) myip: Option<&'a str>,
    pub(crate) offline: bool,
    pub(crate) peer: IpAddr,
    pub(crate) user_agent: Option<&'a str>,
}

/// A login: an account by its index, and the group that the login is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    account: usize,
    group: Option<String>,
}

pub(crate) struct Registry {
    accounts: Vec<Account>,
    hosts: HashMap<String, Host>,
    strict_agent: bool,
    line_per_member: bool,
}

impl Registry {
    pub(crate) fn new(options: &Options) -> Self {
        let hosts = options.accounts.iter().flat_map(|account| &account.hosts);
        Self {
            hosts: hosts.map(|host| (host.to_ascii_lowercase(), Host::default())).collect(),
            accounts: options.accounts.clone(),
            strict_agent: options.strict_agent,
            line_per_member: options.line_per_member,
        }
    }

    pub(crate) fn host(&self, name: &str) -> Option<Host> {
        self.hosts.get(&name.to_ascii_lowercase()).copied()
    }

    pub(crate) fn set(&mut self, name: &str, host: Host) {
        self.hosts.insert(name.to_ascii_lowercase(), host);
    }

    pub(crate) fn login(&self, credentials: &Credentials) -> Option<Login> {
        let right = |account: &&Account| credentials.password_is(&account.password);
        let found = |username: &str| {
            let position = self.accounts.iter().position(|account| account.username == username)?;
            self.accounts.get(position).filter(right).map(|account| (position, account))
        };
        if let Some((account, _)) = found(&credentials.username) {
            return Some(Login { account, group: None });
        }
        let (group, username) = credentials.username.split_once(':')?;
        let (position, account) = found(username)?;
        let group = account.groups.iter().find(|known| known.name == group)?;
        Some(Login { account: position, group: Some(group.name.clone()) })
    }

    /// The lines of the response. Registers addresses only if `commit`.
    pub(crate) fn update(&mut self, login: Option<&Login>, update: &Update<'_>, commit: bool) -> Vec<String> {
        let one = |word: &str| vec![word.to_owned()];
        if self.strict_agent && !update.user_agent.is_some_and(agent_is_in_form) {
            return one("badagent");
        }
        let Some((login, account)) = login.and_then(|login| Some((login, self.accounts.get(login.account)?)))
        else {
            return one("badauth");
        };
        if update.hostnames.is_empty() {
            return one("notfqdn");
        }
        if update.hostnames.len() > MOST_HOSTS {
            return one("numhost");
        }
        if update.offline && !account.paid {
            return one("!donator");
        }
        let targets: Vec<Option<Vec<String>>> =
            update.hostnames.iter().map(|name| members(account, login.group.as_deref(), name)).collect();
        let addresses = Addresses::of(update);
        let mut lines = Vec::new();
        for members in targets {
            let Some(members) = members else {
                lines.push("nohost".to_owned());
                continue;
            };
            let changed: Vec<bool> =
                members.iter().map(|host| self.apply(host, &addresses, update.offline, commit)).collect();
            if self.line_per_member {
                lines.extend(changed.iter().map(|changed| addresses.line(*changed)));
            } else {
                lines.push(addresses.line(changed.contains(&true)));
            }
        }
        lines
    }

    /// Whether the host changed, or would have changed without `commit`.
    fn apply(&mut self, name: &str, addresses: &Addresses, offline: bool, commit: bool) -> bool {
        let before = self.hosts.get(name).copied().unwrap_or_default();
        let after = if offline {
            Host { offline, ..before }
        } else {
            Host { v4: addresses.v4.or(before.v4), v6: addresses.v6.or(before.v6), offline }
        };
        if commit {
            self.hosts.insert(name.to_owned(), after);
        }
        // Going offline is always `good`, even if repeated.
        offline || after != before
    }
}

/// The hosts that a name stands for, in lower case; `None` if the login does not have that name.
fn members(account: &Account, group: Option<&str>, name: &str) -> Option<Vec<String>> {
    let lower = |hosts: &[String]| hosts.iter().map(|host| host.to_ascii_lowercase()).collect::<Vec<_>>();
    let named = |name: &str| account.groups.iter().find(|known| known.name == name);
    let allowed = match group {
        Some(group) => lower(&named(group)?.members),
        None => lower(&account.hosts),
    };
    if name.eq_ignore_ascii_case(WHOLE_KEY) {
        return Some(allowed);
    }
    let wanted = match named(name) {
        Some(group) => lower(&group.members),
        None => vec![name.to_ascii_lowercase()],
    };
    wanted.iter().all(|host| allowed.contains(host)).then_some(wanted)
}

/// The addresses of an update, and their original spelling.
struct Addresses {
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
    echo: String,
}

impl Addresses {
    /// Without `myip`, or with an invalid one, the client's address counts.
    fn of(update: &Update<'_>) -> Self {
        let sent = update.myip.unwrap_or_default();
        let mut parsed: Vec<IpAddr> = sent.split(',').filter_map(|address| address.parse().ok()).collect();
        let mut echo = sent.to_owned();
        if update.offline {
            echo = String::new();
        } else if parsed.is_empty() {
            let peer = update.peer.to_canonical();
            parsed.push(peer);
            echo = peer.to_string();
        }
        let mut addresses = Self { v4: None, v6: None, echo };
        for address in parsed {
            match address {
                IpAddr::V4(v4) => addresses.v4 = Some(v4),
                IpAddr::V6(v6) => addresses.v6 = Some(v6),
            }
        }
        addresses
    }

    fn line(&self, changed: bool) -> String {
        let word = if changed { "good" } else { "nochg" };
        format!("{word} {}", self.echo).trim_end().to_owned()
    }
}

/// No-IP's `Company DeviceName-Model/FirmwareVersionNumber contact`.
fn agent_is_in_form(agent: &str) -> bool {
    let words: Vec<&str> = agent.split(' ').collect();
    let [company, device, contact] = words[..] else { return false };
    let device =
        device.split_once('/').is_some_and(|(model, firmware)| !model.is_empty() && !firmware.is_empty());
    !company.is_empty() && device && (contact.contains('@') || contact.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::agent_is_in_form;

    #[test]
    fn no_ip_wants_company_device_and_contact() {
        assert!(agent_is_in_form("nicup Archer_C7/24.10.0-0.1.0 me@example.com"));
        for wrong in
            ["curl/8.5.0", "nicup Archer C7/24.10 me@example.com", "nicup Archer/ me@example.com", ""]
        {
            assert!(!agent_is_in_form(wrong), "{wrong}");
        }
    }
}
