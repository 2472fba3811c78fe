//! Changes the records between requests: a request begins or was interrupted, the user resumes, settings change.
//!
//! Does not interpret responses (outcome does).

use super::{count, note, postponed};
use crate::policy::code::Code;
use crate::policy::config::Service;
use crate::policy::decide::{self, Addresses, SendReason};
use crate::policy::fingerprint::StopScope;
use crate::policy::record::{Attempt, Host, Interrupted, Records, Retry, Stop};
use crate::policy::time::{Now, Timestamp, Uptime};

/// Records that a request for these hosts begins, and returns the note of it. If this pass is interrupted, the next pass
/// reads the note.
pub fn begin(
    records: &mut Records,
    service: &Service,
    hosts: &[(String, SendReason)],
    addresses: &Addresses,
    now: &Now,
) -> Attempt {
    records.attempts = records.attempts.saturating_add(1);
    let (at, number) = (now.ceil(), records.attempts);
    let (ipv4, ipv6) = if service.offline { (None, None) } else { (addresses.ipv4, addresses.ipv6) };
    let (server, username) = (service.endpoint.server.clone(), service.username.clone());
    for (hostname, _) in hosts {
        records.host(&server, &username, hostname).attempt = Some(at);
    }
    Attempt { server, username, number, at, hosts: hosts.to_vec(), ipv4, ipv6 }
}

/// Closes a request that an earlier pass began and did not end (the pass was killed, or the power failed). nicup writes the
/// records before it closes the note, so an outcome in the records counts. Without one, the request is `unconfirmed`.
pub fn close_interrupted(records: &mut Records, service: &Service, now: &Now) {
    const CUT_OFF: &str = "nicup was interrupted while it waited for the response";
    for hostname in &service.hostnames {
        let (server, username) = (&service.endpoint.server, &service.username);
        let Ok(at) = records.find(server, username, hostname) else { continue };
        let Some(begun) = records.end(at) else { continue };
        let recorded = recorded(records, service, &records.hosts[at], &begun, now);
        let host = &mut records.hosts[at];
        let sent = &begun.sent;
        let Some((outcome, code, at)) = recorded else {
            host.is_unconfirmed = true;
            host.retry = Some(postponed(host, service, sent, now, (begun.at, Code::Unconfirmed, CUT_OFF)));
            note(records, service, sent, now.ceil(), hostname, Code::Unconfirmed);
            continue;
        };
        host.retry = None;
        match outcome {
            Recorded::Accepted(reason) => {
                host.is_unconfirmed = false;
                count(host, reason, at);
            }
            Recorded::Rejected => host.is_unconfirmed = true,
            Recorded::Waiting => {}
        }
        note(records, service, sent, at, hostname, code);
    }
}

/// An outcome from the records.
enum Recorded {
    Accepted(SendReason),
    Rejected,
    /// The server ordered a wait.
    Waiting,
}

/// The outcome in the records of a request that seems to have none, and its time. Ignores outcomes from before the request
/// began; within the same second, the addresses decide.
fn recorded(
    records: &Records,
    service: &Service,
    host: &Host,
    begun: &Interrupted,
    now: &Now,
) -> Option<(Recorded, Code, Uptime)> {
    let since = |stamp: &Timestamp| stamp.this_boot(now).filter(|at| *at >= begun.at);
    let sent = &begun.sent;
    let registered = &host.registered;
    let offline = sent.list().is_empty();
    if registered.offline == offline
        && (offline || decide::is_registered(sent, registered))
        && let Some((code, stamp)) = &registered.accepted
        && let Some(at) = since(stamp)
    {
        return Some((Recorded::Accepted(begun.reason), *code, at));
    }
    let server = records.server(&service.endpoint.server);
    let stops = [
        server.and_then(|server| server.stop.as_ref()),
        records.account_stop(&service.endpoint.server, &service.username),
        host.stop.as_ref(),
    ];
    if let Some((stop, at)) = stops.into_iter().flatten().find_map(|stop| Some((stop, since(&stop.at)?))) {
        return Some((Recorded::Rejected, stop.code, at));
    }
    let ordered = server.and_then(|server| server.wait.as_ref())?;
    since(&ordered.wait.from).map(|at| (Recorded::Waiting, ordered.code, at))
}

/// Plans the next detection of an address that could not be detected: at `next` (a page or script), else with the delays for
/// the network. A detected address ends this. True: something changed.
#[must_use]
pub fn retry_detection(
    records: &mut Records,
    service: &Service,
    unknown: Option<&str>,
    next: Option<Uptime>,
    now: &Now,
) -> bool {
    let (nothing, mut is_changed) = (Addresses::default(), false);
    for hostname in &service.hostnames {
        let (server, username) = (&service.endpoint.server, &service.username);
        let before = records.get(server, username, hostname).and_then(|host| host.retry.as_ref());
        if unknown.is_none() && before.is_none_or(|retry| retry.code != Code::AddressUnknown) {
            continue;
        }
        let host = records.host(server, username, hostname);
        let Some(why) = unknown else {
            is_changed |= host.retry.take().is_some();
            continue;
        };
        if let Some(retry) = host.retry.as_mut().filter(|retry| retry.until > now.floor()) {
            // The user or an event may have requested an earlier query.
            if let (Code::AddressUnknown, Some(next)) = (retry.code, next) {
                is_changed |= retry.until != next;
                retry.until = next;
            }
            continue;
        }
        let outcome = (now.ceil(), Code::AddressUnknown, why);
        let retry = postponed(host, service, &nothing, now, outcome);
        host.retry = Some(Retry { until: next.unwrap_or(retry.until), ..retry });
        is_changed = true;
    }
    is_changed
}

/// Closes an attempt whose service is no longer configured: what its server has now is uncertain.
pub fn close_orphans(records: &mut Records) {
    for at in 0..records.hosts.len() {
        if records.end(at).is_some() {
            records.hosts[at].is_unconfirmed = true;
        }
    }
}

/// Whether a host of `service` waits because TLS failed.
#[must_use]
pub fn tls_failed(records: &Records, service: &Service) -> bool {
    let endpoint = &service.endpoint;
    let failed = |host: &Host| host.retry.as_ref().is_some_and(|retry| retry.code == Code::Tls);
    let mine =
        |host: &Host| service.hostnames.iter().any(|n| host.key.is(&endpoint.server, &service.username, n));
    records.hosts.iter().any(|host| failed(host) && mine(host))
}

/// Clears the waits for the clock, which is set now.
pub fn clock_was_set(records: &mut Records) {
    for host in &mut records.hosts {
        host.retry.take_if(|retry| retry.code == Code::Clock);
    }
}

/// Clears stops and nicup's own back-off of `services` (of everything if that is empty). A wait that the server ordered
/// stays. A 401 or 403 that is not from No-IP is not such an order, and the user may have removed its cause.
pub fn resume(records: &mut Records, services: Option<&[&Service]>) {
    let of_server = |name: &str| services.is_none_or(|list| list.iter().any(|s| s.endpoint.server == name));
    let of_account = |server: &str, user: &str| {
        services.is_none_or(|list| list.iter().any(|s| s.endpoint.server == server && s.username == user))
    };
    for host in &mut records.hosts {
        let named = services.is_none_or(|list| {
            let mut owners = list.iter().flat_map(|s| s.hostnames.iter().map(move |name| (s, name)));
            owners.any(|(s, name)| host.key.is(&s.endpoint.server, &s.username, name))
        });
        if named {
            host.stop = None;
            host.retry = None;
        }
    }
    records.accounts.retain(|account| !of_account(&account.server, &account.username));
    for server in records.servers.iter_mut().filter(|server| of_server(&server.name)) {
        server.stop = None;
        server.wait.take_if(|ordered| matches!(ordered.code, Code::Http(401 | 403)));
    }
}

/// Drops unneeded records: stops whose settings changed, and hosts and servers that are no longer configured. A wait
/// ordered by a server stays, so that configuring another server for a moment does not end it. True: something was dropped.
#[must_use]
pub fn prune(records: &mut Records, services: &[&Service], contact: &str, version: &str) -> bool {
    let mut owners = vec![None; records.hosts.len()];
    for service in services {
        for name in &service.hostnames {
            if let Ok(at) = records.find(&service.endpoint.server, &service.username, name) {
                owners[at] = Some(*service);
            }
        }
    }
    let (mut owners, mut dropped) = (owners.into_iter(), false);
    records.hosts.retain_mut(|host| {
        let Some(service) = owners.next().flatten() else {
            dropped = true;
            return false;
        };
        if !decide::host_stop_applies(host, service) {
            dropped |= host.stop.take().is_some();
        }
        true
    });
    records.accounts.retain(|account| {
        let kept = decide::applies(&account.stop, services, StopScope::Service);
        dropped |= !kept;
        kept
    });
    records.servers.retain_mut(|record| {
        let over = |stop: &mut Stop| !decide::applies(stop, services, StopScope::Server { contact, version });
        dropped |= record.stop.take_if(over).is_some();
        let kept = record.wait.is_some() || services.iter().any(|s| s.endpoint.server == record.name);
        dropped |= !kept;
        kept
    });
    dropped
}
