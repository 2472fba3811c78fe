//! Requests that have begun: a killed pass leaves them for the next pass.

use super::{Interrupted, Records};
use crate::policy::addresses::Addresses;
use crate::policy::reason::SendReason;
use crate::policy::time::Uptime;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A request that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The server's name.
    pub server: String,
    /// The login.
    pub username: String,
    /// Its number in this boot. The state contains the number of the last request whose outcome it has.
    pub number: u64,
    /// When.
    pub at: Uptime,
    /// Its hostnames, and why each was due.
    pub hosts: Vec<(String, SendReason)>,
    /// The address in it.
    pub ipv4: Option<Ipv4Addr>,
    /// The address in it.
    pub ipv6: Option<Ipv6Addr>,
}

impl Records {
    /// Adds the attempts of an interrupted pass whose outcomes are unknown.
    pub fn reopen(&mut self, attempts: Vec<Attempt>) {
        let known = self.attempts;
        for attempt in attempts.into_iter().filter(|attempt| attempt.number > known) {
            let Attempt { server, username, number, at, hosts, ipv4, ipv6 } = attempt;
            for (hostname, reason) in hosts {
                let sent = Addresses { ipv4, ipv6, missing: None };
                let host = self.host(&server, &username, &hostname);
                host.interrupted = Some(Interrupted { number, at, sent, reason });
            }
        }
    }

    /// Ends an interrupted request, and returns it.
    pub(in crate::policy) fn end(&mut self, at: usize) -> Option<Interrupted> {
        let host = &mut self.hosts[at];
        let begun = host.interrupted.take()?;
        host.attempt = Some(begun.at);
        self.attempts = self.attempts.max(begun.number);
        Some(begun)
    }
}
