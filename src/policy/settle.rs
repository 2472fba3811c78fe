//! The verdict table (contract section 3): what an outcome does to the records.
//!
//! The only place where a record moves, and only on a known outcome. Does not send, does not word messages.

use super::code::Code;
use super::config::Service;
use super::decide::{self, Addresses, Because, STORM_BURST, STORM_WINDOW};
use super::fingerprint::{self, Scope};
use super::record::{Account, Book, Event, Host, Ordered, Registered, Retry, Stop};
use super::time::{Now, Stamp, Wait};
use crate::wire::nic::{Failed, Failure, Reply};
use std::net::IpAddr;

/// Seconds after the 1st, 2nd, ... network failure in a row.
const NETWORK: [u64; 9] = [10, 30, 60, 120, 300, 600, 1200, 2400, 3600];
/// Seconds after the 1st, 2nd, ... answer in a row that is not No-IP's.
const UNINTELLIGIBLE: [u64; 5] = [300, 600, 1200, 2400, 3600];
/// Seconds after the 1st, 2nd, ... outage in a row.
const OUTAGE: [u64; 4] = [1800, 3600, 7200, 14_400];
/// Seconds between tries while the clock is not set.
const CLOCK: u64 = 600;
/// The longest wait that a Retry-After can order: 30 days, so that one bad header cannot mean never.
const RETRY_AFTER_LIMIT: u64 = 30 * 86_400;

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer, one reply for each host in the order sent, and the seconds of its Retry-After.
    Replied(Vec<Reply>, Option<u64>),
    /// No answer.
    Failed(Failed),
}

/// One request and its circumstances.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    /// Whose hosts they are.
    pub service: &'a Service,
    /// The hosts in the order sent, with what made each due.
    pub hosts: &'a [(String, Because)],
    /// What was sent.
    pub addresses: &'a Addresses,
    /// `option contact`.
    pub contact: &'a str,
    /// This program's version.
    pub version: &'a str,
    /// The moment of the outcome.
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
    ServerWaits(Code),
    TryLater(Code, String),
}

/// The table. No wildcard: a new word does not compile until it has a row.
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
        Reply::Outage => Verdict::ServerWaits(Code::Outage),
        Reply::DnsError => Verdict::ServerWaits(Code::DnsErr),
        Reply::ServerError(status) => Verdict::ServerWaits(Code::Http(*status)),
        Reply::TooManyRequests => Verdict::ServerWaits(Code::Http(429)),
        Reply::Unintelligible(text) => Verdict::TryLater(Code::Unintelligible, text.clone()),
        Reply::Unanswered => Verdict::TryLater(Code::Unconfirmed, "the answer has no line for it".to_owned()),
    }
}

/// An address that was not sent: a loopback one means a refused agent, any other that something else was registered.
fn accepted(code: Code, named: &[IpAddr], sent: &Sent<'_>) -> Verdict {
    let list = sent.addresses.list();
    let odd = named.iter().find(|ip| !sent.service.offline && !list.contains(ip));
    match odd {
        None => Verdict::Accepted(code),
        Some(ip) if ip.is_loopback() => Verdict::StopServer(Code::BadAgent),
        Some(ip) => {
            let list: Vec<String> = list.iter().map(ToString::to_string).collect();
            Verdict::StopHost(Code::Mismatch, format!("sent {}, registered {ip}", list.join(" and ")))
        }
    }
}

/// Enters the outcome of a request.
pub fn settle(book: &mut Book, sent: &Sent<'_>, outcome: &Outcome) {
    match outcome {
        Outcome::Replied(replies, retry_after) => {
            let verdicts: Vec<Verdict> = replies.iter().map(|reply| verdict(reply, sent)).collect();
            match verdicts.iter().find_map(Verdict::wait) {
                Some(code) => order_wait(book, sent, code, *retry_after),
                None => book.server_mut(&sent.service.endpoint.server).wait = None,
            }
            for ((hostname, because), verdict) in sent.hosts.iter().zip(&verdicts) {
                apply(book, sent, hostname, *because, verdict);
            }
        }
        Outcome::Failed(failed) => {
            let code = if failed.sent && failed.failure != Failure::NotHttp {
                Code::Unconfirmed
            } else {
                Code::from(failed.failure)
            };
            for (hostname, _) in sent.hosts {
                try_later(book, sent, hostname, code, &failed.detail);
            }
        }
    }
}

impl Verdict {
    /// What the whole server has to be left alone for.
    fn wait(&self) -> Option<Code> {
        match self {
            Verdict::ServerWaits(code) => Some(*code),
            Verdict::Accepted(_)
            | Verdict::StopHost(..)
            | Verdict::StopService(_)
            | Verdict::StopAccount(_)
            | Verdict::StopServer(_)
            | Verdict::TryLater(..) => None,
        }
    }
}

fn apply(book: &mut Book, sent: &Sent<'_>, hostname: &str, because: Because, verdict: &Verdict) {
    let service = sent.service;
    let server = service.endpoint.server.as_str();
    let agent = Scope::Server { contact: sent.contact, version: sent.version };
    match verdict {
        Verdict::Accepted(code) => accept(book, sent, hostname, because, *code),
        Verdict::StopHost(code, detail) => {
            let stop = stop(sent, *code, detail, Scope::Host(hostname));
            closed(book, sent, hostname).stop = Some(stop);
        }
        Verdict::StopService(code) => {
            let stop = stop(sent, *code, "", Scope::Service);
            for name in &service.hostnames {
                book.host(server, &service.username, name).stop = Some(stop.clone());
            }
            closed(book, sent, hostname);
        }
        Verdict::StopAccount(code) => {
            let stop = stop(sent, *code, "", Scope::Service);
            book.accounts.retain(|a| a.server != server || a.username != service.username);
            book.accounts.push(Account {
                server: server.to_owned(),
                username: service.username.clone(),
                stop,
            });
            closed(book, sent, hostname);
        }
        Verdict::StopServer(code) => {
            book.server_mut(server).stop = Some(stop(sent, *code, "", agent));
            closed(book, sent, hostname);
        }
        Verdict::ServerWaits(_) => {
            closed(book, sent, hostname);
        }
        Verdict::TryLater(code, detail) => try_later(book, sent, hostname, *code, detail),
    }
    let code = match verdict {
        Verdict::Accepted(code)
        | Verdict::StopHost(code, _)
        | Verdict::StopService(code)
        | Verdict::StopAccount(code)
        | Verdict::StopServer(code)
        | Verdict::ServerWaits(code) => *code,
        Verdict::TryLater(..) => return, // it has noted its own event
    };
    note(book, sent, hostname, code);
}

fn accept(book: &mut Book, sent: &Sent<'_>, hostname: &str, because: Because, code: Code) {
    let stamp = Stamp::of(sent.now);
    let addresses = sent.addresses;
    let host = closed(book, sent, hostname);
    if because == Because::Changed {
        if host.changes.last().is_some_and(|at| sent.now.floor().since(*at) >= STORM_WINDOW) {
            host.changes.clear();
            host.storming = false;
        }
        host.storming |= decide::changes_in_window(host, sent.now) >= STORM_BURST;
        host.changes.push(stamp.boot);
        let surplus = host.changes.len().saturating_sub(STORM_BURST);
        host.changes.drain(..surplus);
    }
    if matches!(because, Because::Asked | Because::Interval) {
        host.forced = Some(stamp.boot);
    }
    let old = &host.registered;
    host.registered = Registered {
        // An update with IPv6 alone is reported to change the A record too: what it is then is not known.
        ipv4: if addresses.ipv6.is_some() { addresses.ipv4 } else { addresses.ipv4.or(old.ipv4) },
        ipv6: addresses.ipv6.or(old.ipv6),
        offline: sent.service.offline,
        accepted: Some((code, stamp)),
    };
    host.stop = None;
    // A server that accepts refuses neither the user nor the program: what stood there was of other settings.
    let endpoint = &sent.service.endpoint;
    book.accounts.retain(|a| a.server != endpoint.server || a.username != sent.service.username);
    book.server_mut(&endpoint.server).stop = None;
}

/// The host's record, its request ended.
fn closed<'a>(book: &'a mut Book, sent: &Sent<'_>, hostname: &str) -> &'a mut Host {
    let host = book.host(&sent.service.endpoint.server, &sent.service.username, hostname);
    host.open = None;
    host.retry = None;
    host
}

fn stop(sent: &Sent<'_>, code: Code, detail: &str, scope: Scope<'_>) -> Stop {
    let print = fingerprint::of_stop(sent.service, scope);
    Stop { code, detail: detail.to_owned(), print, at: Stamp::of(sent.now) }
}

/// The server's wait: as long as its Retry-After says but at least 30 minutes, or the next step of the outages.
fn order_wait(book: &mut Book, sent: &Sent<'_>, code: Code, retry_after: Option<u64>) {
    let server = book.server_mut(&sent.service.endpoint.server);
    let before = server.wait.as_ref().map_or(0, |ordered| ordered.failures);
    let outage = step(&OUTAGE, before);
    let length = match (code, retry_after) {
        (Code::Http(429), asked) => asked.unwrap_or(0).clamp(OUTAGE[0], RETRY_AFTER_LIMIT),
        _ => outage + outage * sent.jitter.min(999) / 10_000,
    };
    let wait = Wait { from: Stamp::of(sent.now), length };
    server.wait = Some(Ordered { code, wait, failures: before + 1 });
}

fn try_later(book: &mut Book, sent: &Sent<'_>, hostname: &str, code: Code, detail: &str) {
    let now = sent.now.ceil();
    let host = book.host(&sent.service.endpoint.server, &sent.service.username, hostname);
    let same_kind = |retry: &&Retry| (retry.code == Code::Unintelligible) == (code == Code::Unintelligible);
    let before = host.retry.as_ref().filter(same_kind).map_or(0, |retry| retry.failures);
    let (wait, failures) = match code {
        Code::Clock => (CLOCK, before),
        Code::Unintelligible => (step(&UNINTELLIGIBLE, before), before + 1),
        _ => (step(&NETWORK, before), before + 1),
    };
    host.open = None;
    host.retry = Some(Retry {
        code,
        detail: detail.to_owned(),
        failures,
        last: now,
        until: now.plus(wait),
        print: fingerprint::of_route(sent.service),
        ipv4: sent.addresses.ipv4,
        ipv6: sent.addresses.ipv6,
        clock: decide::clock_offset(sent.now),
    });
    note(book, sent, hostname, code);
}

fn note(book: &mut Book, sent: &Sent<'_>, hostname: &str, code: Code) {
    book.note(Event {
        at: sent.now.ceil(),
        service: sent.service.name.clone(),
        hostname: hostname.to_owned(),
        code,
        ipv4: sent.addresses.ipv4,
        ipv6: sent.addresses.ipv6,
    });
}

fn step(ladder: &[u64], failures: u32) -> u64 {
    let at = usize::try_from(failures).unwrap_or(usize::MAX).min(ladder.len() - 1);
    ladder[at]
}

/// Enters that a request for these hosts begins: if nothing more is heard of it, the next pass knows.
pub fn begin(book: &mut Book, service: &Service, hosts: &[(String, Because)], now: &Now) {
    for (hostname, _) in hosts {
        let host = book.host(&service.endpoint.server, &service.username, hostname);
        host.open = Some(now.ceil());
        host.attempt = Some(now.ceil());
    }
}

/// Takes [`begin`] back: the note could not be written, and nothing was sent.
pub fn never_begun(book: &mut Book, service: &Service, hosts: &[(String, Because)]) {
    for (hostname, _) in hosts {
        book.host(&service.endpoint.server, &service.username, hostname).open = None;
    }
}

/// A request that an earlier pass began and never ended (it was killed, the power failed): sent, answer lost.
pub fn close_lost(book: &mut Book, service: &Service, addresses: &Addresses, now: &Now) {
    for hostname in &service.hostnames {
        let host = book.host(&service.endpoint.server, &service.username, hostname);
        let Some(at) = host.open.take() else { continue };
        let failures = host.retry.as_ref().map_or(0, |retry| retry.failures);
        host.retry = Some(Retry {
            code: Code::Unconfirmed,
            detail: "nicup was cut off while the request was under way".to_owned(),
            failures: failures + 1,
            last: at,
            until: at.plus(step(&NETWORK, failures)),
            print: fingerprint::of_route(service),
            ipv4: addresses.ipv4,
            ipv6: addresses.ipv6,
            clock: decide::clock_offset(now),
        });
    }
}

/// The address could not be found out: asked again with the network's delays. A known one ends that.
pub fn settle_unknown(book: &mut Book, service: &Service, unknown: Option<&str>, now: &Now) {
    for hostname in &service.hostnames {
        let host = book.host(&service.endpoint.server, &service.username, hostname);
        let unknown_before = host.retry.as_ref().is_some_and(|retry| retry.code == Code::AddressUnknown);
        let Some(why) = unknown else {
            host.retry.take_if(|_| unknown_before);
            continue;
        };
        if host.retry.as_ref().is_some_and(|retry| retry.until > now.floor()) {
            continue;
        }
        let failures = host.retry.as_ref().map_or(0, |retry| retry.failures);
        host.retry = Some(Retry {
            code: Code::AddressUnknown,
            detail: why.to_owned(),
            failures: failures + 1,
            last: now.ceil(),
            until: now.ceil().plus(step(&NETWORK, failures)),
            print: fingerprint::of_route(service),
            ipv4: None,
            ipv6: None,
            clock: 0,
        });
    }
}

/// Whether a host of `service` waits because TLS failed.
#[must_use]
pub fn tls_failed(book: &Book, service: &Service) -> bool {
    let endpoint = &service.endpoint;
    let failed = |host: &Host| host.retry.as_ref().is_some_and(|retry| retry.code == Code::Tls);
    let mine =
        |host: &Host| service.hostnames.iter().any(|n| host.key.is(&endpoint.server, &service.username, n));
    book.hosts.iter().any(|host| failed(host) && mine(host))
}

/// Forgets the waits for a clock that is set now.
pub fn clock_was_set(book: &mut Book) {
    for host in &mut book.hosts {
        host.retry.take_if(|retry| retry.code == Code::Clock);
    }
}

/// Forgets stops and our own back-off of `services` (of everything if that is empty), never a server's wait.
pub fn resume(book: &mut Book, services: Option<&[&Service]>) {
    let of_server = |name: &str| services.is_none_or(|list| list.iter().any(|s| s.endpoint.server == name));
    let of_account = |server: &str, user: &str| {
        services.is_none_or(|list| list.iter().any(|s| s.endpoint.server == server && s.username == user))
    };
    for host in &mut book.hosts {
        let named = services.is_none_or(|list| {
            let mut owners = list.iter().flat_map(|s| s.hostnames.iter().map(move |name| (s, name)));
            owners.any(|(s, name)| host.key.is(&s.endpoint.server, &s.username, name))
        });
        if named {
            host.stop = None;
            host.retry = None;
        }
    }
    book.accounts.retain(|account| !of_account(&account.server, &account.username));
    for server in book.servers.iter_mut().filter(|server| of_server(&server.name)) {
        server.stop = None;
    }
}

/// Drops what nothing can need any more: stops whose settings changed, and hosts and servers that are gone.
pub fn tidy(book: &mut Book, services: &[&Service], contact: &str, version: &str) {
    book.hosts.retain_mut(|host| {
        let owns =
            |s: &&&Service| s.hostnames.iter().any(|n| host.key.is(&s.endpoint.server, &s.username, n));
        let Some(service) = services.iter().find(owns) else { return false };
        let (key, stop) = (&host.key, &mut host.stop);
        stop.take_if(|stop| !decide::stands(stop, &[service], decide::scope_of_host_stop(stop, key)));
        true
    });
    book.accounts.retain(|account| {
        let mine = |s: &&&Service| s.endpoint.server == account.server && s.username == account.username;
        services.iter().any(|s| mine(&s)) && decide::stands(&account.stop, services, Scope::Service)
    });
    book.servers.retain_mut(|record| {
        record.stop.take_if(|stop| !decide::stands(stop, services, Scope::Server { contact, version }));
        services.iter().any(|s| s.endpoint.server == record.name)
    });
}

#[cfg(test)]
mod tests;
