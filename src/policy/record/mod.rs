//! What nicup remembers: of each host, account and server, what was registered, stopped or postponed.
//!
//! Does not read or write files (app::store does); `json` turns it into the files' texts and back.
//! Keyed by server, username and hostname, so that renaming a section forgets nothing.

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
use super::time::{Boot, Stamp, Wait};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Everything that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// One for each hostname, ordered by hostname, server and login.
    pub hosts: Vec<Host>,
    /// Accounts that No-IP blocked.
    pub accounts: Vec<Account>,
    /// Servers that refuse this program or ordered a wait.
    pub servers: Vec<Server>,
    /// Newest first, at most [`EVENT_LIMIT`].
    pub events: Vec<Event>,
    /// What web pages and scripts told last.
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

/// Seconds of the longest wait of our own accord (docs/reference.md#responses: 60 min).
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
    /// Network trouble, an unintelligible answer, an unset clock.
    pub retry: Option<Retry>,
    /// When the last changes of a registered address were sent, oldest first.
    pub changes: Vec<Boot>,
    /// More changes than may be sent at once.
    pub storming: bool,
    /// When an unchanged address was sent last.
    pub forced: Option<Boot>,
    /// The request of a pass that was interrupted, until its outcome is found in the records, or missed.
    pub interrupted: Option<Interrupted>,
    /// The last request was refused, or its answer was lost: what the server has now is not certain.
    pub unsettled: bool,
    /// When the last request was begun.
    pub attempt: Option<Boot>,
    /// How the server was reached last, where that was not option port: `https:8245`, `http:80`.
    pub transport: Option<String>,
    /// What was shown last: state and code, and since when.
    pub shown: Option<Shown>,
}

/// A request of which the state knows no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: Boot,
    /// What it sends.
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
    pub accepted: Option<(Code, Stamp)>,
}

/// Stopped until the user acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Which answer.
    pub code: Code,
    /// What is to be said besides, e.g. the addresses of a mismatch.
    pub detail: String,
    /// Fingerprint of the settings it hangs on.
    pub print: u32,
    /// When it was earned.
    pub at: Stamp,
}

/// Tried again later, of our own accord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// What went wrong.
    pub code: Code,
    /// The cause, for a person.
    pub detail: String,
    /// Failures in a row that lengthen the wait.
    pub failures: u32,
    /// When the last try was.
    pub last: Boot,
    /// When the next one may be.
    pub until: Boot,
    /// Fingerprint of the route; another route is tried at once.
    pub print: u32,
    /// The address tried.
    pub ipv4: Option<Ipv4Addr>,
    /// The address tried.
    pub ipv6: Option<Ipv6Addr>,
    /// Wall time minus boot time then, seconds: tells whether the clock was set since.
    pub clock: i64,
}

/// What a status showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The state.
    pub state: State,
    /// The code, if any.
    pub code: Option<Code>,
    /// Since when.
    pub since: Boot,
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
    /// It refuses this program.
    pub stop: Option<Stop>,
    /// It ordered a wait; kept after its end, so that the next one is longer.
    pub wait: Option<Ordered>,
}

/// A wait that the server ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// Which answer.
    pub code: Code,
    /// What was read, where it was not No-IP's.
    pub detail: String,
    /// How long, from when.
    pub wait: Wait,
    /// Outages in a row.
    pub failures: u32,
}

/// Something that happened to a host, for the page's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Boot,
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
    /// A host of which nothing is known.
    #[must_use]
    pub fn new(key: Key) -> Host {
        Host {
            key,
            registered: Registered::default(),
            stop: None,
            retry: None,
            changes: Vec::new(),
            storming: false,
            forced: None,
            interrupted: None,
            unsettled: false,
            attempt: None,
            transport: None,
            shown: None,
        }
    }
}

impl Records {
    /// Where a host's record is, or where it would be.
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

    /// Whether nothing is remembered at all.
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

    /// A host's record, to be changed; a new one is made if there is none.
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

    /// A server's record; a new one is made if there is none.
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

    /// Puts an event first and forgets the oldest.
    pub fn note(&mut self, event: Event) {
        self.events.insert(0, event);
        self.events.truncate(EVENT_LIMIT);
    }
}

impl Key {
    /// What records are ordered by: the hostname first, which tells most of them apart.
    fn parts(&self) -> (&str, &str, &str) {
        (&self.hostname, &self.server, &self.username)
    }

    /// Whether it is this host's.
    #[must_use]
    pub fn is(&self, server: &str, username: &str, hostname: &str) -> bool {
        self.hostname == hostname && self.server == server && self.username == username
    }
}
