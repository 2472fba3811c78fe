//! What nicup keeps about each host, account and server: what is registered, stopped or postponed.
//!
//! Does not read or write files (app::store does); `json` turns it into the files' texts and back.
//! Keyed by server, username and hostname, so that renaming a section loses nothing.

mod attempt;
mod json;
mod sources;
mod uplinks;

pub use attempt::Attempt;
pub use json::{
    ReadError, read_attempts, read_records, read_state, write_attempts, write_records, write_state,
};
pub use sources::SourceResult;

use super::addresses::Addresses;
use super::code::{Code, State};
use super::log_limit::LogLimit;
use super::reason::SendReason;
use super::time::{Timestamp, Uptime, Wait};
use std::net::{Ipv4Addr, Ipv6Addr};

/// All records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// One for each hostname, ordered by hostname, server and login.
    pub hosts: Vec<Host>,
    /// Accounts that No-IP blocked.
    pub accounts: Vec<Account>,
    /// Servers that reject this program or ordered a wait.
    pub servers: Vec<Server>,
    /// Newest first, at most [`EVENT_LIMIT`].
    pub events: Vec<HostEvent>,
    /// The last results of web pages and scripts.
    pub sources: Vec<SourceResult>,
    /// Fingerprint of the problems that were logged last.
    pub problems: u32,
    /// Lines in the log.
    pub log_limit: LogLimit,
    /// Requests that were begun in this boot.
    pub attempts: u64,
    /// Devices that the last pass found, if any.
    pub devices: Vec<String>,
    /// Interfaces that mwan3 reported disconnected, and not connected since.
    pub disconnected: Vec<String>,
}

/// Events that are kept (docs/reference.md#statusjson).
pub const EVENT_LIMIT: usize = 32;

/// Seconds of nicup's longest back-off (docs/reference.md#responses: 60 min).
pub const RETRY_LIMIT: u64 = 3600;
/// Seconds of the longest wait that a Retry-After can order: 30 days, so that one bad header cannot mean never.
pub const RETRY_AFTER_LIMIT: u64 = 30 * 86_400;

/// What identifies a host's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The server's name.
    pub server: String,
    /// The login.
    pub username: String,
    /// The hostname.
    pub hostname: String,
}

/// One hostname.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Whose record it is.
    pub key: Key,
    /// What the server accepted last. Survives a reboot.
    pub registered: Registered,
    /// Stopped until the settings change. Survives a reboot.
    pub stop: Option<Stop>,
    /// Back-off after a network failure, an unexpected response, or a clock that is not set.
    pub retry: Option<Retry>,
    /// When the last changes of a registered address were sent, oldest first.
    pub changes: Vec<Uptime>,
    /// The rate limit applies.
    pub is_rate_limited: bool,
    /// When an unchanged address was sent last.
    pub forced: Option<Uptime>,
    /// The request of an interrupted pass, until its outcome is known.
    pub interrupted: Option<Interrupted>,
    /// The last request was rejected or unconfirmed: what the server has now is uncertain.
    pub is_unconfirmed: bool,
    /// When the last request began.
    pub attempt: Option<Uptime>,
    /// The last transport, if that was not option port: `https:8245`, `http:80`.
    pub transport: Option<String>,
    /// The state and code that were reported last, and since when.
    pub shown: Option<LastReported>,
}

/// A request without an outcome in the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: Uptime,
    /// The addresses in it.
    pub sent: Addresses,
    /// Why it was due.
    pub reason: SendReason,
}

/// What the server accepted last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// A record.
    pub ipv4: Option<Ipv4Addr>,
    /// AAAA record.
    pub ipv6: Option<Ipv6Addr>,
    /// `offline=YES` was accepted last.
    pub offline: bool,
    /// `good` or `nochg`, and when.
    pub accepted: Option<(Code, Timestamp)>,
}

/// Stopped until the user acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The code of the response.
    pub code: Code,
    /// A detail for the message, e.g. the addresses of a mismatch.
    pub detail: String,
    /// Fingerprint of the settings that it depends on.
    pub print: u32,
    /// When it began.
    pub at: Timestamp,
}

/// nicup's back-off after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// What went wrong.
    pub code: Code,
    /// The cause, for a person.
    pub detail: String,
    /// Failures in a row that lengthen the wait.
    pub failures: u32,
    /// When the last attempt ended.
    pub last: Uptime,
    /// When the next attempt may begin.
    pub until: Uptime,
    /// Fingerprint of the route; nicup tries another route at once.
    pub print: u32,
    /// The address tried.
    pub ipv4: Option<Ipv4Addr>,
    /// The address tried.
    pub ipv6: Option<Ipv6Addr>,
    /// Wall time minus boot time then, in seconds: shows whether the clock was set since.
    pub clock: i64,
}

/// The content of the last status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastReported {
    /// The state.
    pub state: State,
    /// The code, if any.
    pub code: Option<Code>,
    /// Since when.
    pub since: Uptime,
    /// The registered addresses.
    pub ipv4: Option<Ipv4Addr>,
    /// The registered addresses.
    pub ipv6: Option<Ipv6Addr>,
}

/// A user that No-IP blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The server's name.
    pub server: String,
    /// The login.
    pub username: String,
    /// Why.
    pub stop: Stop,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// It rejects this program.
    pub stop: Option<Stop>,
    /// It ordered a wait; kept after its end, so that the next one is longer.
    pub wait: Option<Ordered>,
}

/// A wait that the server ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// The code of the response.
    pub code: Code,
    /// What was read, if it was not from No-IP.
    pub detail: String,
    /// Its length and start.
    pub wait: Wait,
    /// Outages in a row.
    pub failures: u32,
}

/// Something that happened to a host, for the page's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEvent {
    /// When.
    pub at: Uptime,
    /// The section's name.
    pub service: String,
    /// The hostname.
    pub hostname: String,
    /// What.
    pub code: Code,
    /// With which address.
    pub ipv4: Option<Ipv4Addr>,
    /// With which address.
    pub ipv6: Option<Ipv6Addr>,
}

impl Host {
    /// The record of a host without any information.
    #[must_use]
    pub fn new(key: Key) -> Host {
        Host {
            key,
            registered: Registered::default(),
            stop: None,
            retry: None,
            changes: Vec::new(),
            is_rate_limited: false,
            forced: None,
            interrupted: None,
            is_unconfirmed: false,
            attempt: None,
            transport: None,
            shown: None,
        }
    }
}

impl Records {
    /// The position of a host's record, or where to insert it.
    pub(in crate::policy) fn find(
        &self,
        server: &str,
        username: &str,
        hostname: &str,
    ) -> Result<usize, usize> {
        self.hosts.binary_search_by(|host| host.key.parts().cmp(&(hostname, server, username)))
    }

    /// A host's record, if there is one.
    #[must_use]
    pub fn get(&self, server: &str, username: &str, hostname: &str) -> Option<&Host> {
        self.find(server, username, hostname).ok().map(|at| &self.hosts[at])
    }

    /// Whether there are no records at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Records { hosts, accounts, servers, events, sources, problems, .. } = self;
        hosts.is_empty()
            && accounts.is_empty()
            && servers.is_empty()
            && events.is_empty()
            && sources.is_empty()
            && *problems == 0
    }

    /// A host's record for a change; creates it if there is none.
    pub fn host(&mut self, server: &str, username: &str, hostname: &str) -> &mut Host {
        let at = self.find(server, username, hostname).unwrap_or_else(|at| {
            let (server, username, hostname) = (server.to_owned(), username.to_owned(), hostname.to_owned());
            self.hosts.insert(at, Host::new(Key { server, username, hostname }));
            at
        });
        &mut self.hosts[at]
    }

    /// A server's record, if there is one.
    #[must_use]
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }

    /// A server's record; creates it if there is none.
    pub fn server_mut(&mut self, name: &str) -> &mut Server {
        let at = self.servers.iter().position(|server| server.name == name).unwrap_or_else(|| {
            self.servers.push(Server { name: name.to_owned(), stop: None, wait: None });
            self.servers.len() - 1
        });
        &mut self.servers[at]
    }

    /// The block of a user, if there is one.
    #[must_use]
    pub fn account_stop(&self, server: &str, username: &str) -> Option<&Stop> {
        let mut accounts = self.accounts.iter();
        accounts.find(|a| a.server == server && a.username == username).map(|account| &account.stop)
    }

    /// Puts an event first and drops the oldest.
    pub fn note(&mut self, event: HostEvent) {
        self.events.insert(0, event);
        self.events.truncate(EVENT_LIMIT);
    }
}

impl Key {
    /// The order of records: by hostname first, because it distinguishes most of them.
    fn parts(&self) -> (&str, &str, &str) {
        (&self.hostname, &self.server, &self.username)
    }

    /// Whether it is this host's.
    #[must_use]
    pub fn is(&self, server: &str, username: &str, hostname: &str) -> bool {
        self.hostname == hostname && self.server == server && self.username == username
    }
}

#[cfg(test)]
mod tests;
