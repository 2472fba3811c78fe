//! Sends the updates that are due, the hosts of one service together, and saves each outcome before the next request.
//!
//! Does not decide what is due (policy::decide) and does not interpret responses (wire::dyndns2, policy::outcome).

use super::plan::Plan;
use super::records::RecordStore;
use super::session::{Destination, Session, redact};
use super::uplink::{UplinkState, bind_error};
use super::{Env, VERSION};
use crate::policy::config::{Endpoint, Issue, Level, Service};
use crate::policy::decide::{Decision, SendReason};
use crate::policy::outcome::{Outcome, Sent};
use crate::policy::record::Key;
use crate::policy::time::Now;
use crate::sys::log::log_line;
use crate::wire::dyndns2::{self, Answer, Failed, Failure, Reply, Request};

/// Hosts in one request. No-IP answers more with `numhost`.
const BATCH_HOSTS: usize = 20;
/// Bytes of path and query that stay below No-IP's 4,000 characters.
const BATCH_BYTES: usize = 4000;

/// One host that is due, and why.
type DueHost = (String, SendReason);

/// The results of a pass's requests.
#[derive(Default)]
pub(super) struct Deliveries {
    /// The hosts that a request contained.
    pub(super) tried: Vec<Key>,
    /// The hosts whose update the server did not accept, or that nicup could not send.
    pub(super) failed: Vec<Key>,
    /// Passwords that were sent unencrypted in this pass.
    pub(super) clear_text: Vec<Issue>,
}

/// The requests of a pass: what they need, and their results.
pub(super) struct Delivery<'p, 'w> {
    pub(super) env: &'p mut Env<'w>,
    pub(super) plan: &'p Plan<'p>,
    pub(super) store: &'p mut RecordStore,
    pub(super) session: &'p mut Session,
    pub(super) done: Deliveries,
}

/// The content of a request: a service and its addresses.
#[derive(Clone, Copy)]
struct Update<'s> {
    service: &'s Service,
    uplink: &'s UplinkState,
}

impl Delivery<'_, '_> {
    /// Sends everything that is due for `service`.
    pub(super) fn send_due(&mut self, service: &Service, uplink: &UplinkState) {
        let update = Update { service, uplink };
        let mut waiting = self.due(update, &service.hostnames);
        while !waiting.is_empty() && !self.store.is_halted() {
            let batch = waiting.drain(..batch_length(update, &waiting)).collect::<Vec<_>>();
            // An earlier response of this pass may have stopped or postponed a host.
            let names: Vec<String> = batch.into_iter().map(|(name, _)| name).collect();
            let batch = self.due(update, &names);
            if !batch.is_empty() {
                self.send(update, &batch);
            }
        }
    }

    fn due(&mut self, update: Update<'_>, hostnames: &[String]) -> Vec<DueHost> {
        let now = self.env.now();
        let (plan, records, addresses) = (self.plan, self.store.records(), &update.uplink.addresses);
        let decide = |name: &String| match plan.decide(records, update.service, name, addresses, &now) {
            Decision::Send(reason) => Some((name.clone(), reason)),
            Decision::Disabled
            | Decision::Stopped(_)
            | Decision::NoAddress(_)
            | Decision::WaitUntil { .. }
            | Decision::Leave { .. } => None,
        };
        hostnames.iter().filter_map(decide).collect()
    }

    fn send(&mut self, update: Update<'_>, hosts: &[DueHost]) {
        let (service, bind_device) = (update.service, update.uplink.bind_device.as_deref());
        let begun = self.env.now();
        if let Some(failed) = self.session.failed_route(service, bind_device) {
            let outcome = Outcome::Failed(failed.clone());
            return self.finish(update, hosts, &outcome, &begun);
        }
        if !self.store.begin(service, hosts, &update.uplink.addresses, &begun) {
            self.done.failed.extend(hosts.iter().map(|(hostname, _)| key(service, hostname)));
            return;
        }
        let outcome = match bind_error(service, bind_device) {
            Some(failed) => Outcome::Failed(failed),
            None => self.exchange(update, hosts),
        };
        if let Outcome::Failed(failed) = &outcome
            && !failed.sent
        {
            self.session.note_failed_route(service, bind_device, failed);
        }
        self.finish(update, hosts, &outcome, &begun);
    }

    fn finish(&mut self, update: Update<'_>, hosts: &[DueHost], outcome: &Outcome, begun: &Now) {
        let (now, service) = (self.env.now(), update.service);
        let sent = Sent {
            service,
            hosts,
            addresses: &update.uplink.addresses,
            contact: self.plan.contact,
            version: VERSION,
            begun,
            now: &now,
            jitter: jitter(now.boot_ms),
        };
        self.store.finish(&sent, outcome);
        for (at, (hostname, _)) in hosts.iter().enumerate() {
            if !outcome.is_accepted(at) {
                self.done.failed.push(key(service, hostname));
            }
            self.done.tried.push(key(service, hostname));
        }
    }

    fn exchange(&mut self, update: Update<'_>, hosts: &[DueHost]) -> Outcome {
        let service = update.service;
        let names = hosts.iter().map(|(name, reason)| format!("{name} ({})", reason.explain()));
        log_line(
            log::Level::Debug,
            format_args!("{}: sending {}", service.name, names.collect::<Vec<_>>().join(", ")),
        );
        let request = Request {
            target: target(update, hosts),
            authorization: Some(dyndns2::basic_auth(&service.username, service.password.reveal())),
            user_agent: self.session.user_agent(&self.env.root, self.plan.contact).to_owned(),
        };
        match self.by_any_transport(update, hosts, &request) {
            Some(Ok(answer)) => {
                let replies = replies(&answer, &request, service, hosts.len());
                let wall = self.env.now().wall;
                let retry_after =
                    answer.retry_after.as_deref().and_then(|text| dyndns2::retry_after(text, wall));
                Outcome::Replied(replies, retry_after)
            }
            Some(Err(failed)) => Outcome::Failed(failed),
            None => Outcome::Replied(Vec::new(), None), // there is always a first transport
        }
    }

    /// Tries one transport after the other until one connects.
    fn by_any_transport(
        &mut self,
        update: Update<'_>,
        hosts: &[DueHost],
        request: &Request,
    ) -> Option<Result<Answer, Failed>> {
        let (service, endpoint) = (update.service, &update.service.endpoint);
        let mut outcome = None;
        for transport in transports(endpoint) {
            let destination = Destination {
                server: &endpoint.server,
                port: transport.port,
                tls: transport.tls,
                bind_device: update.uplink.bind_device.as_deref(),
            };
            match self.session.exchange(self.env, service, &destination, request) {
                Err(failed) if may_try_next(&failed, transport, endpoint) => {
                    let name = transport.name();
                    log_line(log::Level::Debug, format_args!("{}: {name}: {}", service.name, failed.detail));
                    // The message names the port from the configuration.
                    outcome.get_or_insert(Err(failed));
                }
                known => {
                    if known.as_ref().map_or_else(|failed| failed.connected, |_| true) {
                        self.note_transport(service, hosts, transport);
                    }
                    return Some(known);
                }
            }
        }
        outcome
    }

    /// Records the transport that a request used, and warns each time that it sent a password unencrypted.
    fn note_transport(&mut self, service: &Service, hosts: &[DueHost], transport: TransportChoice) {
        let usual = transport.tls && transport.port == service.endpoint.port;
        for (hostname, _) in hosts {
            self.store.note_transport(service, hostname, (!usual).then(|| transport.name()));
        }
        if !transport.tls {
            let message = format!(
                "nicup sent the password of service '{}' unencrypted over {}, because option plaintext is 1 and no TLS connection was possible",
                service.name,
                transport.name()
            );
            let (file, line) = (self.env.config_file(), Some(service.line));
            self.done.clear_text.push(Issue { level: Level::Warning, file, line, message });
        }
    }
}

fn key(service: &Service, hostname: &str) -> Key {
    let (server, username) = (service.endpoint.server.clone(), service.username.clone());
    Key { server, username, hostname: hostname.to_owned() }
}

/// One reply for each host. A page that repeats the request must not put its secrets into the status, which all users
/// can read.
fn replies(answer: &Answer, request: &Request, service: &Service, hosts: usize) -> Vec<Reply> {
    let replies = dyndns2::replies(answer, hosts, service.offline);
    if !replies.iter().any(|reply| matches!(reply, Reply::Unintelligible(_) | Reply::Forbidden(..))) {
        return replies;
    }
    let mut answer = answer.clone();
    let token = request.authorization.as_deref().unwrap_or_default().trim_start_matches("Basic ");
    redact(&mut answer.body, token.as_bytes());
    redact(&mut answer.body, service.password.reveal().as_bytes());
    dyndns2::replies(&answer, hosts, service.offline)
}

/// How many of `due` go into the next request: a group alone, or as many other hosts as fit.
fn batch_length(update: Update<'_>, due: &[DueHost]) -> usize {
    let alone = |name: &str| name == "all.ddnskey.com" || !name.contains('.');
    if due.first().is_some_and(|(name, _)| alone(name)) {
        return 1;
    }
    let hosts = due.iter().take(BATCH_HOSTS).take_while(|(name, _)| !alone(name)).count();
    let fits = |&count: &usize| target(update, &due[..count]).len() < BATCH_BYTES;
    (1..=hosts).rev().find(fits).unwrap_or(1)
}

fn target(update: Update<'_>, hosts: &[DueHost]) -> String {
    let names: Vec<&str> = hosts.iter().map(|(name, _)| name.as_str()).collect();
    let addresses = if update.service.offline { Vec::new() } else { update.uplink.addresses.list() };
    dyndns2::target(&update.service.endpoint.path, &names, &addresses)
}

/// A port, and whether nicup uses TLS on it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct TransportChoice {
    tls: bool,
    port: u16,
}

impl TransportChoice {
    /// As status.json names it.
    fn name(self) -> String {
        format!("{}:{}", if self.tls { "https" } else { "http" }, self.port)
    }
}

/// No-IP's other port.
const OTHER_PORT: u16 = 8245;

/// The transports to a server, in the order of the attempts. nicup uses the next one only if no connection was established.
fn transports(endpoint: &Endpoint) -> Vec<TransportChoice> {
    let mut list = vec![
        TransportChoice { tls: true, port: endpoint.port },
        TransportChoice { tls: true, port: OTHER_PORT },
    ];
    if endpoint.plaintext {
        list.extend([
            TransportChoice { tls: false, port: 80 },
            TransportChoice { tls: false, port: OTHER_PORT },
        ]);
    }
    list.dedup();
    list
}

/// Whether nicup may try the next transport: only if no connection was established, so a certificate error ends the
/// search. Exception: No-IP documents plain HTTP on its other port, but not TLS. If that port does not speak TLS, nicup
/// goes on, because the next transport is there only if the user allowed plain HTTP.
fn may_try_next(failed: &Failed, transport: TransportChoice, endpoint: &Endpoint) -> bool {
    let cut = matches!(failed.failure, Failure::Connect | Failure::Timeout);
    if !failed.connected {
        return cut;
    }
    let a_guess = transport.tls && transport.port == OTHER_PORT && endpoint.port != OTHER_PORT;
    a_guess && !failed.sent && (cut || failed.failure == Failure::NotTls)
}

/// Below 1000, from the milliseconds of the time: routers that lost their server in the same second should not all
/// return in the same second.
fn jitter(boot_ms: u64) -> u64 {
    boot_ms % 1000
}

#[cfg(test)]
mod tests {
    #[test]
    fn routers_that_lost_their_server_together_do_not_return_together() {
        let of = |boot_ms| super::jitter(boot_ms);
        assert_eq!([of(61_000), of(61_001), of(61_999), of(62_000)], [0, 1, 999, 0]);
    }
}
