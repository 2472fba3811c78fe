//! The table of responses (docs/reference.md#responses): what an outcome changes in the records.
//!
//! Only this module changes a record after a request. Does not send, does not write messages. `maintenance` changes the
//! records between requests.

mod maintenance;
mod queries;

pub use maintenance::{
    begin, clock_was_set, close_interrupted, close_orphans, prune, resume, retry_detection, tls_failed,
};
pub use queries::next_query;

use super::code::{Code, Kind};
use super::config::Service;
use super::decide::{self, Addresses, CLOCK_PACE, RATE_LIMIT_CHANGES, RATE_LIMIT_WINDOW, SendReason};
use super::fingerprint::{self, StopScope};
use super::record::{Account, Host, HostEvent, Ordered, RETRY_AFTER_LIMIT, Records, Registered, Retry, Stop};
use super::time::{Now, Timestamp, Uptime, Wait};
use crate::wire::dyndns2::{Failed, Failure, Reply};
use std::net::IpAddr;

/// Seconds after the 1st, 2nd, ... network failure in a row.
const NETWORK: [u64; 9] = [10, 30, 60, 120, 300, 600, 1200, 2400, 3600];
/// Seconds after the 1st, 2nd, ... unexpected response in a row.
const UNINTELLIGIBLE: [u64; 5] = [300, 600, 1200, 2400, 3600];
/// Seconds after the 1st, 2nd, ... outage in a row.
const OUTAGE: [u64; 4] = [1800, 3600, 7200, 14_400];

/// The result of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A response: one reply for each host in the order sent, and the seconds of its Retry-After.
    Replied(Vec<Reply>, Option<u64>),
    /// No response.
    Failed(Failed),
}

impl Outcome {
    /// Whether the server accepted the update of the host with this number.
    #[must_use]
    pub fn is_accepted(&self, at: usize) -> bool {
        match self {
            Outcome::Replied(replies, _) => {
                matches!(replies.get(at), Some(Reply::Good(_) | Reply::NoChange(_)))
            }
            Outcome::Failed(_) => false,
        }
    }
}

/// One request and its circumstances.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    /// The service of the hosts.
    pub service: &'a Service,
    /// The hosts in the order sent, and why each was due.
    pub hosts: &'a [(String, SendReason)],
    /// The addresses that were sent.
    pub addresses: &'a Addresses,
    /// `option contact`.
    pub contact: &'a str,
    /// This program's version.
    pub version: &'a str,
    /// The time before the request, at which nicup verified the certificate.
    pub begun: &'a Now,
    /// The time of the outcome.
    pub now: &'a Now,
    /// A random number below 1000: how late a wait after an outage ends, in 10,000ths of it.
    pub jitter: u64,
}

/// What a reply means.
enum Verdict {
    Accepted(Code),
    StopHost(Code, String),
    StopService(Code),
    StopAccount(Code),
    StopServer(Code),
    ServerWaits(Code, String),
    TryLater(Code, String),
}

/// The table. No wildcard: a new code does not compile until it has a row.
fn verdict(reply: &Reply, sent: &Sent<'_>) -> Verdict {
    match reply {
        Reply::Good(named) => accepted(Code::Good, named, sent),
        Reply::NoChange(named) => accepted(Code::NoChange, named, sent),
        Reply::NoHost => Verdict::StopHost(Code::NoHost, String::new()),
        Reply::NotFqdn => Verdict::StopHost(Code::NotFqdn, String::new()),
        Reply::NotYours => Verdict::StopHost(Code::NotYours, String::new()),
        Reply::NotActive => Verdict::StopHost(Code::NotActive, String::new()),
        Reply::BadAuth => Verdict::StopService(Code::BadAuth),
        Reply::NotDonator => Verdict::StopService(Code::NotDonator),
        Reply::NumHost => Verdict::StopService(Code::NumHost),
        Reply::Abuse => Verdict::StopAccount(Code::Abuse),
        Reply::BadAgent => Verdict::StopServer(Code::BadAgent),
        Reply::BadSys => Verdict::StopServer(Code::BadSys),
        Reply::Outage => Verdict::ServerWaits(Code::Outage, String::new()),
        Reply::DnsError => Verdict::ServerWaits(Code::DnsErr, String::new()),
        Reply::ServerError(status) => Verdict::ServerWaits(Code::Http(*status), String::new()),
        Reply::TooManyRequests => Verdict::ServerWaits(Code::Http(429), String::new()),
        Reply::Forbidden(status, read) => Verdict::ServerWaits(Code::Http(*status), read.clone()),
        Reply::Unintelligible(text) => Verdict::TryLater(Code::Unintelligible, text.clone()),
        Reply::Unanswered => {
            Verdict::TryLater(Code::Unconfirmed, "the response has no line for this hostname".to_owned())
        }
    }
}

/// An address that was not sent: a loopback address means that the agent was rejected; any other, that the server
/// registered a different address.
fn accepted(code: Code, named: &[IpAddr], sent: &Sent<'_>) -> Verdict {
    let list = sent.addresses.list();
    let odd: Vec<&IpAddr> = named.iter().filter(|ip| !sent.service.offline && !list.contains(ip)).collect();
    match odd.first() {
        None => Verdict::Accepted(code),
        Some(_) if odd.iter().any(|ip| ip.is_loopback()) => Verdict::StopServer(Code::BadAgent),
        Some(ip) => {
            let list: Vec<String> = list.iter().map(ToString::to_string).collect();
            Verdict::StopHost(Code::Mismatch, format!("sent {}, registered {ip}", list.join(" and ")))
        }
    }
}

/// Records the outcome of a request.
pub fn apply(records: &mut Records, sent: &Sent<'_>, outcome: &Outcome) {
    match outcome {
        Outcome::Replied(replies, retry_after) => {
            let verdicts: Vec<Verdict> = replies.iter().map(|reply| verdict(reply, sent)).collect();
            if let Some((code, detail)) = verdicts.iter().find_map(Verdict::wait) {
                order_wait(records, sent, code, detail, *retry_after);
            } else if verdicts.iter().any(|verdict| !matches!(verdict, Verdict::TryLater(..))) {
                records.server_mut(&sent.service.endpoint.server).wait = None;
            }
            let mut hosts: Vec<_> = sent.hosts.iter().zip(&verdicts).collect();
            hosts.sort_by_key(|(_, verdict)| verdict.breadth());
            for ((hostname, reason), verdict) in hosts {
                apply_verdict(records, sent, hostname, *reason, verdict);
            }
        }
        Outcome::Failed(failed) => {
            let code = if failed.sent && failed.failure != Failure::NotHttp {
                Code::Unconfirmed
            } else {
                Code::from(failed.failure)
            };
            for (hostname, _) in sent.hosts {
                try_later(records, sent, hostname, code, &failed.detail);
            }
        }
    }
}

impl Verdict {
    /// Why nicup must not contact the server at all.
    fn wait(&self) -> Option<(Code, &str)> {
        match self {
            Verdict::ServerWaits(code, detail) => Some((*code, detail)),
            Verdict::Accepted(_)
            | Verdict::StopHost(..)
            | Verdict::StopService(_)
            | Verdict::StopAccount(_)
            | Verdict::StopServer(_)
            | Verdict::TryLater(..) => None,
        }
    }

    /// What it applies to. The broadest is recorded last, so that the success of another host does not undo it.
    fn breadth(&self) -> u8 {
        match self {
            Verdict::Accepted(_) | Verdict::TryLater(..) | Verdict::ServerWaits(..) => 0,
            Verdict::StopHost(..) => 1,
            Verdict::StopService(_) => 2,
            Verdict::StopAccount(_) => 3,
            Verdict::StopServer(_) => 4,
        }
    }
}

fn apply_verdict(
    records: &mut Records,
    sent: &Sent<'_>,
    hostname: &str,
    reason: SendReason,
    verdict: &Verdict,
) {
    let service = sent.service;
    let server = service.endpoint.server.as_str();
    let agent = StopScope::Server { contact: sent.contact, version: sent.version };
    match verdict {
        Verdict::Accepted(code) => accept(records, sent, hostname, reason, *code),
        Verdict::StopHost(code, detail) => {
            let stop = stop(sent, *code, detail, StopScope::Host(hostname));
            rejected(records, sent, hostname).stop = Some(stop);
        }
        Verdict::StopService(code) => {
            rejected(records, sent, hostname);
            let stop = stop(sent, *code, "", StopScope::Service);
            for name in &service.hostnames {
                let host = records.host(server, &service.username, name);
                // A stop of the hostname itself outlives the service's, e.g. if the user removes another hostname.
                if !decide::host_stop_applies(host, service) {
                    host.stop = Some(stop.clone());
                }
            }
        }
        Verdict::StopAccount(code) => {
            rejected(records, sent, hostname);
            records.accounts.retain(|a| a.server != server || a.username != service.username);
            records.accounts.push(Account {
                server: server.to_owned(),
                username: service.username.clone(),
                stop: stop(sent, *code, "", StopScope::Service),
            });
        }
        Verdict::StopServer(code) => {
            rejected(records, sent, hostname);
            records.server_mut(server).stop = Some(stop(sent, *code, "", agent));
        }
        Verdict::ServerWaits(..) => {
            closed(records, sent, hostname);
        }
        Verdict::TryLater(code, detail) => try_later(records, sent, hostname, *code, detail),
    }
    let code = match verdict {
        Verdict::Accepted(code)
        | Verdict::StopHost(code, _)
        | Verdict::StopService(code)
        | Verdict::StopAccount(code)
        | Verdict::StopServer(code)
        | Verdict::ServerWaits(code, _) => *code,
        Verdict::TryLater(..) => return, // it has noted its own event
    };
    note(records, sent.service, sent.addresses, sent.now.ceil(), hostname, code);
}

fn accept(records: &mut Records, sent: &Sent<'_>, hostname: &str, reason: SendReason, code: Code) {
    let stamp = Timestamp::of(sent.now);
    let addresses = sent.addresses;
    let host = closed(records, sent, hostname);
    count(host, reason, stamp.boot);
    let old = &host.registered;
    host.registered = Registered {
        // Users report that an update with IPv6 only also changes the A record, so its value is unknown then.
        ipv4: if addresses.ipv6.is_some() { addresses.ipv4 } else { addresses.ipv4.or(old.ipv4) },
        ipv6: addresses.ipv6.or(old.ipv6),
        offline: sent.service.offline,
        accepted: Some((code, stamp)),
    };
    host.stop = None;
    host.is_unconfirmed = false;
    // A server that accepts the update rejects neither the user nor the program: their stops were from other settings.
    let endpoint = &sent.service.endpoint;
    records.accounts.retain(|a| a.server != endpoint.server || a.username != sent.service.username);
    records.server_mut(&endpoint.server).stop = None;
}

/// Whether a request failed for one of its hosts. Only state.json contains that, not records.json.
#[must_use]
pub fn has_failed(records: &Records, sent: &Sent<'_>) -> bool {
    let endpoint = &sent.service.endpoint;
    let host = |name: &str| records.get(&endpoint.server, &sent.service.username, name);
    sent.hosts.iter().any(|(name, _)| host(name).is_some_and(|host| host.retry.is_some()))
}

/// Records what the rate limit needs: when an unchanged address was accepted, and when a registered address changed. The
/// fifth change within 10 min starts the rate limit, and 10 min without a change end it.
fn count(host: &mut Host, reason: SendReason, now: Uptime) {
    match reason {
        SendReason::Changed => {}
        SendReason::Unconfirmed | SendReason::Asked | SendReason::Interval => return host.forced = Some(now),
        SendReason::New | SendReason::Offline => return,
    }
    if host.changes.last().is_some_and(|at| now.since(*at) >= RATE_LIMIT_WINDOW) {
        host.changes.clear();
        host.is_rate_limited = false;
    }
    host.changes.push(now);
    let surplus = host.changes.len().saturating_sub(RATE_LIMIT_CHANGES);
    host.changes.drain(..surplus);
    let quick = host.changes.first().is_some_and(|at| now.since(*at) < RATE_LIMIT_WINDOW);
    host.is_rate_limited |= host.changes.len() >= RATE_LIMIT_CHANGES && quick;
}

/// The host's record, with its request ended.
fn closed<'a>(records: &'a mut Records, sent: &Sent<'_>, hostname: &str) -> &'a mut Host {
    let host = records.host(&sent.service.endpoint.server, &sent.service.username, hostname);
    host.retry = None;
    host
}

/// The host's record, with its request rejected. After the stop ends, only another response shows what is registered.
fn rejected<'a>(records: &'a mut Records, sent: &Sent<'_>, hostname: &str) -> &'a mut Host {
    let host = closed(records, sent, hostname);
    host.is_unconfirmed = true;
    host
}

fn stop(sent: &Sent<'_>, code: Code, detail: &str, scope: StopScope<'_>) -> Stop {
    let print = fingerprint::of_stop(sent.service, scope);
    Stop { code, detail: detail.to_owned(), print, at: Timestamp::of(sent.now) }
}

/// The server's wait: its Retry-After, but at least 30 min, or the next step for outages.
fn order_wait(records: &mut Records, sent: &Sent<'_>, code: Code, detail: &str, retry_after: Option<u64>) {
    let server = records.server_mut(&sent.service.endpoint.server);
    let before = server.wait.as_ref().map_or(0, |ordered| ordered.failures);
    let outage = step(&OUTAGE, before);
    let length = match (code, retry_after) {
        (Code::Http(429), asked) => asked.unwrap_or(0).clamp(OUTAGE[0], RETRY_AFTER_LIMIT),
        (Code::Http(503), Some(asked)) => asked.clamp(OUTAGE[0], RETRY_AFTER_LIMIT),
        _ => outage + outage * sent.jitter.min(999) / 10_000,
    };
    let wait = Wait { from: Timestamp::of(sent.now), length };
    server.wait = Some(Ordered { code, detail: detail.to_owned(), wait, failures: before.saturating_add(1) });
}

fn try_later(records: &mut Records, sent: &Sent<'_>, hostname: &str, code: Code, detail: &str) {
    let host = records.host(&sent.service.endpoint.server, &sent.service.username, hostname);
    let last = sent.now.ceil();
    host.is_unconfirmed |= code == Code::Unconfirmed;
    host.retry = Some(postponed(host, sent.service, sent.addresses, sent.begun, (last, code, detail)));
    note(records, sent.service, sent.addresses, last, hostname, code);
}

/// The next attempt after one that began at `begun` and ended at `last` with `code`.
fn postponed(
    host: &Host,
    service: &Service,
    addresses: &Addresses,
    begun: &Now,
    (last, code, detail): (Uptime, Code, &str),
) -> Retry {
    let strange = |code: Code| code.kind() == Kind::Unintelligible;
    let in_a_row = host.retry.as_ref().filter(|retry| strange(retry.code) == strange(code));
    let before = in_a_row.map_or(0, |retry| retry.failures);
    let (wait, failures) = if code.kind() == Kind::Clock {
        (CLOCK_PACE, before)
    } else {
        (step(if strange(code) { &UNINTELLIGIBLE } else { &NETWORK }, before), before.saturating_add(1))
    };
    Retry {
        code,
        detail: detail.to_owned(),
        failures,
        last,
        until: last.plus(wait),
        print: fingerprint::of_route(service),
        ipv4: addresses.ipv4,
        ipv6: addresses.ipv6,
        clock: decide::clock_offset(begun),
    }
}

fn note(
    records: &mut Records,
    service: &Service,
    addresses: &Addresses,
    at: Uptime,
    hostname: &str,
    code: Code,
) {
    let (service, hostname) = (service.name.clone(), hostname.to_owned());
    let (ipv4, ipv6) = (addresses.ipv4, addresses.ipv6);
    records.note(HostEvent { at, service, hostname, code, ipv4, ipv6 });
}

fn step(ladder: &[u64], failures: u32) -> u64 {
    let at = usize::try_from(failures).unwrap_or(usize::MAX).min(ladder.len() - 1);
    ladder[at]
}

#[cfg(test)]
mod tests;
