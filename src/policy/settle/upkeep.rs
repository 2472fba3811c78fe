//! What happens to the records between requests: one begins, one was lost, the user resumes, settings change.
//!
//! Judges no answer (settle does).

use super::{note, postponed};
use crate::policy::code::Code;
use crate::policy::config::Service;
use crate::policy::decide::{self, Addresses, Because};
use crate::policy::fingerprint::Scope;
use crate::policy::record::{Book, Host, Retry, Stop};
use crate::policy::time::{Boot, Now};

/// Enters that a request for these hosts begins: if nothing more is heard of it, the next pass knows.
pub fn begin(book: &mut Book, service: &Service, hosts: &[(String, Because)], now: &Now) {
    for (hostname, _) in hosts {
        let host = book.host(&service.endpoint.server, &service.username, hostname);
        host.open = Some(now.ceil());
        host.attempt = Some(now.ceil());
    }
}

/// A request that an earlier pass began and never ended (it was killed, the power failed): sent, answer lost.
pub fn close_lost(book: &mut Book, service: &Service, addresses: &Addresses, now: &Now) {
    const CUT_OFF: &str = "nicup was cut off while the request was under way";
    for hostname in &service.hostnames {
        let (server, username) = (&service.endpoint.server, &service.username);
        if book.get(server, username, hostname).is_none_or(|host| host.open.is_none()) {
            continue;
        }
        let host = book.host(server, username, hostname);
        let Some(at) = host.open.take() else { continue };
        host.unsettled = true;
        host.retry = Some(postponed(host, service, addresses, now, (at, Code::Unconfirmed, CUT_OFF)));
        note(book, service, addresses, now, hostname, Code::Unconfirmed);
    }
}

/// The address could not be found out: asked again at `next` (a page, a script), else with the network's delays. A known
/// address ends that.
pub fn settle_unknown(
    book: &mut Book,
    service: &Service,
    unknown: Option<&str>,
    next: Option<Boot>,
    now: &Now,
) {
    let nothing = Addresses::default();
    for hostname in &service.hostnames {
        let (server, username) = (&service.endpoint.server, &service.username);
        let before = book.get(server, username, hostname).and_then(|host| host.retry.as_ref());
        if unknown.is_none() && before.is_none_or(|retry| retry.code != Code::AddressUnknown) {
            continue;
        }
        let host = book.host(server, username, hostname);
        let Some(why) = unknown else {
            host.retry = None;
            continue;
        };
        if host.retry.as_ref().is_some_and(|retry| retry.until > now.floor()) {
            continue;
        }
        let outcome = (now.ceil(), Code::AddressUnknown, why);
        let retry = postponed(host, service, &nothing, now, outcome);
        host.retry = Some(Retry { until: next.unwrap_or(retry.until), ..retry });
    }
}

/// Takes [`begin`] back: the note could not be written, and nothing was sent.
pub fn never_begun(book: &mut Book, service: &Service, hosts: &[(String, Because)]) {
    for (hostname, _) in hosts {
        book.host(&service.endpoint.server, &service.username, hostname).open = None;
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
    book.touch();
    for host in &mut book.hosts {
        host.retry.take_if(|retry| retry.code == Code::Clock);
    }
}

/// Forgets stops and our own back-off of `services` (of everything if that is empty), never a server's wait.
pub fn resume(book: &mut Book, services: Option<&[&Service]>) {
    book.touch();
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

/// Drops what nothing can need any more: stops whose settings changed, and hosts and servers that are gone. A wait that
/// a server ordered stays, or naming another server for a moment would end it.
pub fn tidy(book: &mut Book, services: &[&Service], contact: &str, version: &str) {
    let mut owners = vec![None; book.hosts.len()];
    for service in services {
        for name in &service.hostnames {
            if let Some(at) = book.find(&service.endpoint.server, &service.username, name) {
                owners[at] = Some(*service);
            }
        }
    }
    let mut owners = owners.into_iter();
    let mut dropped = false;
    book.hosts.retain_mut(|host| {
        let Some(service) = owners.next().flatten() else {
            dropped = true;
            return false;
        };
        if !decide::host_stop_stands(host, service) {
            dropped |= host.stop.take().is_some();
        }
        true
    });
    book.accounts.retain(|account| {
        let mine = |s: &&&Service| s.endpoint.server == account.server && s.username == account.username;
        let kept =
            services.iter().any(|s| mine(&s)) && decide::stands(&account.stop, services, Scope::Service);
        dropped |= !kept;
        kept
    });
    book.servers.retain_mut(|record| {
        let over = |stop: &mut Stop| !decide::stands(stop, services, Scope::Server { contact, version });
        dropped |= record.stop.take_if(over).is_some();
        let kept = record.wait.is_some() || services.iter().any(|s| s.endpoint.server == record.name);
        dropped |= !kept;
        kept
    });
    if dropped {
        book.touch();
    }
}
