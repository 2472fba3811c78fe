//! Sends what is due: hosts of one service together, an outcome for each, the record moved before the next request.
//!
//! Does not decide what is due (policy::decide) and does not judge answers (wire::nic, policy::settle).

use super::observe::Sighting;
use super::pass::Pass;
use super::{VERSION, World, store};
use crate::policy::config::{Endpoint, Issue, Level, Proxy, Service};
use crate::policy::decide::{Because, Decision};
use crate::policy::fingerprint;
use crate::policy::settle::{self, Outcome, Sent};
use crate::policy::time::Now;
use crate::sys::file::{self, Root};
use crate::sys::https::{self, Route};
use crate::sys::log::say;
use crate::sys::machine;
use crate::wire::nic::{self, Failed, Failure, Reply, Request};
use std::time::Duration;

/// Hosts in one request; more is `numhost` (No-IP).
const BATCH_HOSTS: usize = 20;
/// Bytes of path and query that stay below No-IP's 4,000 characters.
const BATCH_BYTES: usize = 4000;

/// One host that is due, and why.
type Due = (String, Because);

/// Sends everything that is due for `service`.
pub(super) fn deliver(pass: &mut Pass<'_>, world: &mut World<'_>, service: &Service, sighting: &Sighting) {
    let mut waiting: Vec<Due> = due(pass, world, service, sighting, &service.hostnames);
    while !waiting.is_empty() && !pass.halted {
        let batch = waiting.drain(..batch_length(service, sighting, &waiting)).collect::<Vec<_>>();
        // What an earlier answer stopped or postponed is no longer due.
        let names: Vec<String> = batch.into_iter().map(|(name, _)| name).collect();
        let batch = due(pass, world, service, sighting, &names);
        if !batch.is_empty() {
            send(pass, world, service, sighting, &batch);
        }
    }
}

fn due(
    pass: &mut Pass<'_>,
    world: &mut World<'_>,
    service: &Service,
    sighting: &Sighting,
    hostnames: &[String],
) -> Vec<Due> {
    let now = world.now();
    let decide = |name: &String| match pass.decide(service, name, sighting, &now) {
        Decision::Send(because) => Some((name.clone(), because)),
        Decision::Disabled
        | Decision::Stopped(_)
        | Decision::NoAddress(_)
        | Decision::WaitUntil { .. }
        | Decision::Leave { .. } => None,
    };
    hostnames.iter().filter_map(decide).collect()
}

/// How many of `due` go into the next request: a group goes alone, the others as many as fit.
fn batch_length(service: &Service, sighting: &Sighting, due: &[Due]) -> usize {
    let alone = |name: &str| name == "all.ddnskey.com" || !name.contains('.');
    if due.first().is_some_and(|(name, _)| alone(name)) {
        return 1;
    }
    let hosts = due.iter().take(BATCH_HOSTS).take_while(|(name, _)| !alone(name)).count();
    let fits = |&count: &usize| target(service, sighting, &due[..count]).len() < BATCH_BYTES;
    (1..=hosts).rev().find(fits).unwrap_or(1)
}

fn target(service: &Service, sighting: &Sighting, hosts: &[Due]) -> String {
    let names: Vec<&str> = hosts.iter().map(|(name, _)| name.as_str()).collect();
    let addresses = if service.offline { Vec::new() } else { sighting.addresses.list() };
    nic::target(&service.endpoint.path, &names, &addresses)
}

fn send(pass: &mut Pass<'_>, world: &mut World<'_>, service: &Service, sighting: &Sighting, hosts: &[Due]) {
    // A hundred services behind a dead line must not cost a hundred timeouts.
    let way = (fingerprint::of_route(service), sighting.way.clone());
    let begun = world.now();
    if let Some((_, failed)) = pass.dead_ways.iter().find(|(known, _)| *known == way) {
        let outcome = Outcome::Failed(failed.clone());
        return settle_outcome(pass, world, service, sighting, hosts, &outcome, &begun);
    }
    settle::begin(&mut pass.book, service, hosts, &sighting.addresses, &begun);
    // Without this note a crash could become a tight loop of requests: then better none at all.
    if let Err(issue) = pass.store.save_state(&pass.book, &begun, &mut pass.issues) {
        settle::never_begun(&mut pass.book, service, hosts);
        pass.issues.push(store::nothing_is_sent(issue));
        pass.halted = true;
        return;
    }
    let outcome = exchange(pass, world, service, sighting, hosts);
    if let Outcome::Failed(failed) = &outcome
        && !failed.sent
    {
        pass.dead_ways.push((way, failed.clone()));
    }
    settle_outcome(pass, world, service, sighting, hosts, &outcome, &begun);
}

fn settle_outcome(
    pass: &mut Pass<'_>,
    world: &mut World<'_>,
    service: &Service,
    sighting: &Sighting,
    hosts: &[Due],
    outcome: &Outcome,
    begun: &Now,
) {
    let now = world.now();
    let sent = Sent {
        service,
        hosts,
        addresses: &sighting.addresses,
        contact: &pass.contact,
        version: VERSION,
        begun,
        now: &now,
        jitter: jitter(now.boot_ms),
    };
    settle::settle(&mut pass.book, &sent, outcome);
    let (server, username) = (&service.endpoint.server, &service.username);
    for (hostname, _) in hosts {
        let key = pass.book.host(server, username, hostname).key.clone();
        pass.tried.push(key);
    }
    pass.store.save_records(&pass.book, &mut pass.issues);
}

fn exchange(
    pass: &mut Pass<'_>,
    world: &mut World<'_>,
    service: &Service,
    sighting: &Sighting,
    hosts: &[Due],
) -> Outcome {
    let endpoint = &service.endpoint;
    if let Some(failed) = no_way(service, sighting) {
        return Outcome::Failed(failed);
    }
    pass.lock_down(world);
    let request = Request {
        target: target(service, sighting, hosts),
        authorization: Some(nic::basic_auth(&service.username, service.password.reveal())),
        user_agent: pass.user_agent(&world.root).to_owned(),
    };
    let ca_name = ca_bundle(service);
    let ca_file = world.root.path(ca_name);
    let proxy = endpoint.proxy.as_ref().map(proxy);
    let names = hosts.iter().map(|(name, because)| format!("{name} ({})", because.explain()));
    say(
        log::Level::Debug,
        format_args!("{}: sending {}", service.name, names.collect::<Vec<_>>().join(", ")),
    );
    let mut outcome = None;
    for way in ways(endpoint) {
        let route = Route {
            server: &endpoint.server,
            port: way.port,
            tls: way.tls,
            ca_file: &ca_file,
            ca_name,
            timeout: Duration::from_secs(endpoint.timeout),
            device: sighting.way.as_deref(),
            proxy: proxy.as_ref(),
        };
        let answer = world.transport.exchange(&route, &request);
        match answer {
            Err(failed) if not_there(&failed, way, endpoint) => {
                say(log::Level::Debug, format_args!("{}: {}: {}", service.name, way.name(), failed.detail));
                // What is said of the whole is what was said of the port that the user knows.
                outcome.get_or_insert(Err(failed));
            }
            known => {
                if known.as_ref().map_or_else(|failed| failed.connected, |_| true) {
                    travelled(pass, world, service, hosts, way);
                }
                outcome = Some(known);
                break;
            }
        }
    }
    match outcome {
        Some(Ok(mut answer)) => {
            let mut replies = nic::replies(&answer, hosts.len(), service.offline);
            if replies.iter().any(|reply| matches!(reply, Reply::Unintelligible(_) | Reply::Forbidden(..))) {
                // A page that repeats the request must not put its secrets into the status, which everybody reads.
                let token = request.authorization.as_deref().unwrap_or_default().trim_start_matches("Basic ");
                mask(&mut answer.body, token.as_bytes());
                mask(&mut answer.body, service.password.reveal().as_bytes());
                replies = nic::replies(&answer, hosts.len(), service.offline);
            }
            let wall = world.now().wall;
            let retry_after = answer.retry_after.as_deref().and_then(|text| nic::retry_after(text, wall));
            Outcome::Replied(replies, retry_after)
        }
        Some(Err(failed)) => Outcome::Failed(failed),
        None => Outcome::Replied(Vec::new(), None), // there is always a first way
    }
}

/// Why nothing can leave through the device that option bind means: another one is no substitute.
pub(super) fn no_way(service: &Service, sighting: &Sighting) -> Option<Failed> {
    if !service.endpoint.bind || sighting.way.is_some() {
        return None;
    }
    let uplink = &service.uplink;
    let names = uplink.device.clone().unwrap_or_else(|| uplink.interfaces.join(" and "));
    let detail = format!("option bind: {names} is not up");
    Some(Failed { failure: Failure::Connect, connected: false, sent: false, detail })
}

/// A port, and whether TLS is spoken on it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Way {
    tls: bool,
    port: u16,
}

impl Way {
    /// As status.json names it.
    fn name(self) -> String {
        format!("{}:{}", if self.tls { "https" } else { "http" }, self.port)
    }
}

/// No-IP's other port.
const OTHER_PORT: u16 = 8245;

/// The ways to a server, in the order in which they are tried: the next one only if no connection came about.
fn ways(endpoint: &Endpoint) -> Vec<Way> {
    let mut ways = vec![Way { tls: true, port: endpoint.port }, Way { tls: true, port: OTHER_PORT }];
    if endpoint.plaintext {
        ways.extend([Way { tls: false, port: 80 }, Way { tls: false, port: OTHER_PORT }]);
    }
    ways.dedup();
    ways
}

/// Whether nobody was there, so that the next way may be tried. A server that was reached and cannot prove who it is
/// ends the search. On No-IP's other port plain HTTP is documented and TLS is not: who answers a TLS greeting with
/// something else there, or hangs up, is nobody's proof of anything, and the user chose what comes next.
fn not_there(failed: &Failed, way: Way, endpoint: &Endpoint) -> bool {
    let cut = matches!(failed.failure, Failure::Connect | Failure::Timeout);
    if !failed.connected {
        return cut;
    }
    let a_guess = way.tls && way.port == OTHER_PORT && endpoint.port != OTHER_PORT;
    a_guess && !failed.sent && (cut || failed.failure == Failure::NotTls)
}

/// Remembers the way that a request took, and warns each time that a password was readable on it.
fn travelled(pass: &mut Pass<'_>, world: &World<'_>, service: &Service, hosts: &[Due], way: Way) {
    let usual = way.tls && way.port == service.endpoint.port;
    for (hostname, _) in hosts {
        let host = pass.book.host(&service.endpoint.server, &service.username, hostname);
        host.transport = (!usual).then(|| way.name());
    }
    if !way.tls {
        let message = format!(
            "the password of service '{}' was sent in clear over {}, because option plaintext is 1 and TLS was not reached",
            service.name,
            way.name()
        );
        let (file, line) = (world.config_file(), Some(service.line));
        pass.clear_text.push(Issue { level: Level::Warning, file, line, message });
    }
}

/// Makes every `secret` within `text` unreadable.
fn mask(text: &mut [u8], secret: &[u8]) {
    let mut at = 0;
    while let Some(rest) = text.get_mut(at..).filter(|rest| !secret.is_empty() && rest.len() >= secret.len())
    {
        if rest.starts_with(secret) {
            rest[..secret.len()].fill(b'*');
            at += secret.len();
        } else {
            at += 1;
        }
    }
}

pub(super) fn proxy(proxy: &Proxy) -> https::Proxy {
    let authorization = proxy.credentials.as_ref().map(|both| {
        let (user, password) = both.reveal().split_once(':').unwrap_or((both.reveal(), ""));
        nic::basic_auth(user, password)
    });
    https::Proxy { host: proxy.host.clone(), port: proxy.port, authorization }
}

/// The certificates that a service trusts: where they are, and how messages name them.
pub(super) fn ca_bundle(service: &Service) -> &str {
    service.endpoint.cacert.as_deref().unwrap_or(https::CA_BUNDLE)
}

/// The User-Agent that No-IP wants, from what the router says of itself.
pub(super) fn user_agent(root: &Root, contact: &str) -> String {
    // Each byte that is no ASCII becomes one character, whatever text it was meant to be.
    let ascii = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { '?' };
    let text = |name: &str| file::head(&root.path(name), 4096).iter().map(ascii).collect::<String>();
    let mut model = text("/tmp/sysinfo/model");
    if model.trim().is_empty() {
        model = machine::kind();
    }
    let release = text("/etc/openwrt_release");
    let release = release.lines().find_map(|line| line.trim().strip_prefix("DISTRIB_RELEASE="));
    let release = release.map_or("unknown", |value| value.trim_matches(['\'', '"']));
    nic::user_agent(&model, release, VERSION, contact)
}

/// Below 1000, by the moment's milliseconds: routers that lost their server at the same second need not return so.
fn jitter(boot_ms: u64) -> u64 {
    boot_ms % 1000
}
