//! What a pass reports: each host's status and log line, what changed, and the exit status. A pure function of values.
//!
//! Writes nothing (publish does).

use super::hooks::HostChange;
use super::log_lines::LogLines;
use super::plan::{Plan, unknown_host};
use super::uplink::UplinkState;
use super::{Exit, VERSION};
use crate::policy::addresses::Missing;
use crate::policy::code::{Code, State};
use crate::policy::config::{Config, Entry, Family, Invalid, Issue, Level, Main, Service};
use crate::policy::decide::{Decision, WaitReason};
use crate::policy::message::{self, View};
use crate::policy::record::{Host, HostEvent, Key, LastReported, Records};
use crate::policy::sentence;
use crate::policy::status::{EventStatus, HostStatus, Problem, ServiceStatus, Status};
use crate::policy::time::{Now, Uptime};
use crate::wire::wake::{MissingFamilies, Wake};

/// The results of a pass.
pub struct Report {
    /// As in status.json.
    pub status: Status,
    /// The exit status of the command.
    pub exit: Exit,
    /// What `--force` did not send, and why.
    pub unsent: Vec<String>,
    /// What the loop needs.
    pub wake: Wake,
}

/// The input of a report.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) config: &'a Config,
    pub(super) uplinks: &'a [UplinkState],
    pub(super) records: &'a Records,
    pub(super) now: &'a Now,
}

/// The states of all hosts, and which of them changed.
pub(super) struct Findings {
    pub(super) services: Vec<ServiceStatus>,
    pub(super) news: Vec<StateChange>,
}

/// What changed for a host since the last pass.
pub(super) struct StateChange {
    pub(super) key: Key,
    pub(super) shown: LastReported,
    pub(super) for_hooks: Option<HostChange>,
    /// What no request has recorded yet.
    pub(super) event: Option<HostEvent>,
}

/// When the loop must start the next pass, from the numbers that the status shows. Ignores services that `--service` leaves
/// out.
pub(super) fn wake(plan: &Plan<'_>, status: &Status, uplinks: &[UplinkState]) -> Wake {
    let hosts =
        || status.services.iter().filter(|s| plan.is_selected(&s.name)).flat_map(|service| &service.hosts);
    let seen: Vec<_> = plan.services.iter().zip(uplinks).filter(|(s, _)| plan.is_selected(&s.name)).collect();
    let wants_both =
        |service: &Service| service.enabled && service.family == Family::Both && !service.offline;
    let pairs = seen.iter().filter(|(service, _)| wants_both(service));
    let pair = pairs.fold(None, |pair: Option<MissingFamilies>, (_, uplink)| {
        let before = pair.unwrap_or_default();
        Some(MissingFamilies {
            ipv4: before.ipv4 || uplink.addresses.ipv4.is_none(),
            ipv6: before.ipv6 || uplink.addresses.ipv6.is_none(),
        })
    });
    let mut devices: Vec<String> = seen.iter().flat_map(|(_, uplink)| uplink.devices.clone()).collect();
    devices.sort_unstable();
    devices.dedup();
    let mut preferred: Vec<_> = seen.iter().filter_map(|(_, uplink)| uplink.preferred.clone()).collect();
    preferred.dedup();
    Wake {
        at: hosts().filter_map(|host| host.next_attempt_uptime).min(),
        open: hosts().any(|host| host.state == State::Waiting),
        clock: hosts().any(|host| host.code == Some(Code::Clock)),
        pair,
        devices,
        preferred,
    }
}

/// The exit status for a status file (docs/reference.md#exit-status): the largest that applies.
pub(super) fn exit_of(status: &Status) -> Exit {
    let wrong = status.problems.iter().any(|problem| problem.level == Level::Error);
    let hosts = status.services.iter().flat_map(|service| &service.hosts);
    let states = hosts.map(|host| Exit::of(host.state));
    states.chain(wrong.then_some(Exit::Config)).max().unwrap_or(Exit::Success)
}

/// What `--force` did not send, and why; and for hosts that stay current, which update the server did not accept.
pub(super) fn unsent(
    plan: &Plan<'_>,
    uplinks: &[UplinkState],
    records: &Records,
    tried: &[Key],
    failed: &[Key],
    now: &Now,
) -> Vec<String> {
    let (mut unsent, is_forced) = (Vec::new(), plan.overrides.force);
    if !is_forced && failed.is_empty() {
        return unsent;
    }
    for (service, uplink) in plan.services.iter().zip(uplinks).filter(|(s, _)| plan.is_selected(&s.name)) {
        let (server, user) = (&service.endpoint.server, &service.username);
        for hostname in &service.hostnames {
            let is_in = |list: &[Key]| list.iter().any(|key| key.is(server, user, hostname));
            let line = match plan.decide(records, service, hostname, &uplink.addresses, now) {
                Decision::Leave { wait: Some((until, cause)), .. } | Decision::WaitUntil { until, cause }
                    if is_forced && !is_in(tried) =>
                {
                    not_sent("not sent, possible", &cause, service, until, now)
                }
                // The summary has every other failure.
                Decision::Leave { wait: Some((until, cause @ WaitReason::Server(..))), .. }
                    if is_in(failed) =>
                {
                    not_sent("the update failed, next", &cause, service, until, now)
                }
                Decision::Leave { .. }
                | Decision::WaitUntil { .. }
                | Decision::Send(_)
                | Decision::Stopped(_)
                | Decision::NoAddress(_)
                | Decision::Disabled => continue,
            };
            unsent.push(format!("{hostname}: {line}"));
        }
    }
    unsent
}

/// One entry for each service of the configuration, and a line for each host in `log`.
pub(super) fn build(scene: &Scene<'_>, log: &mut LogLines) -> Findings {
    let mut uplinks = scene.uplinks.iter();
    let mut found = Findings { services: Vec::with_capacity(scene.config.services.len()), news: Vec::new() };
    for entry in &scene.config.services {
        match entry {
            Entry::Invalid(invalid) => found.services.push(invalid_service(invalid, scene.plan.enabled)),
            Entry::Valid(service) => {
                let Some(uplink) = uplinks.next() else { continue };
                let mut hosts = Vec::with_capacity(service.hostnames.len());
                for hostname in &service.hostnames {
                    let (host, news) = host_status(scene, service, hostname, uplink, log);
                    hosts.push(host);
                    found.news.extend(news);
                }
                found.services.push(service_status(scene, service, uplink, hosts));
            }
        }
    }
    found
}

fn not_sent(what: &str, cause: &WaitReason, service: &Service, until: Uptime, now: &Now) -> String {
    let minutes = (until.since(now.floor()) + 30) / 60;
    message::not_sent(what, cause, &service.endpoint.server, &format!("{} min from now", minutes.max(1)))
}

fn service_status(
    scene: &Scene<'_>,
    service: &Service,
    uplink: &UplinkState,
    hosts: Vec<HostStatus>,
) -> ServiceStatus {
    let enabled = scene.plan.enabled && service.enabled;
    let missing = uplink.addresses.missing.as_ref().filter(|_| enabled);
    let (server, username) = (&service.endpoint.server, &service.username);
    let known = scene.records.get(server, username, &service.hostnames[0]);
    let transport = known.and_then(|host| host.transport.clone());
    ServiceStatus {
        name: service.name.clone(),
        enabled,
        server: service.endpoint.server.clone(),
        transport: transport.unwrap_or_else(|| format!("https:{}", service.endpoint.port)),
        interface: uplink.at.interface.clone(),
        device: uplink.at.device.clone(),
        ipv4: uplink.addresses.ipv4,
        ipv6: uplink.addresses.ipv6,
        address_note: missing.map(Missing::explain),
        hosts,
        ..ServiceStatus::default()
    }
}

fn invalid_service(invalid: &Invalid, main_enabled: bool) -> ServiceStatus {
    let enabled = main_enabled && invalid.enabled;
    let host = |hostname: &String| HostStatus {
        hostname: hostname.clone(),
        state: if enabled { State::Invalid } else { State::Disabled },
        message: Some(sentence::cut(format!("the configuration is wrong, {}", invalid.reason))),
        ..HostStatus::default()
    };
    ServiceStatus {
        name: invalid.name.clone(),
        enabled,
        server: invalid.server.clone(),
        transport: "https:443".to_owned(),
        hosts: invalid.hostnames.iter().map(host).collect(),
        ..ServiceStatus::default()
    }
}

fn host_status(
    scene: &Scene<'_>,
    service: &Service,
    hostname: &str,
    uplink: &UplinkState,
    log: &mut LogLines,
) -> (HostStatus, Option<StateChange>) {
    let Scene { plan, records, now, .. } = *scene;
    let decision = plan.decide(records, service, hostname, &uplink.addresses, now);
    let fresh;
    let host = match records.get(&service.endpoint.server, &service.username, hostname) {
        Some(host) => host,
        None => {
            fresh = unknown_host(service, hostname);
            &fresh
        }
    };
    let view = message::view(service, records, host, &decision, now.ceil());
    let news = news(service, host, uplink, &view, now, log);
    let shown = news.as_ref().map(|news| &news.shown).or(host.shown.as_ref());
    let registered = &host.registered;
    let status = HostStatus {
        hostname: hostname.to_owned(),
        state: view.state,
        registered_ipv4: registered.ipv4,
        registered_ipv6: registered.ipv6,
        code: view.code,
        message: Some(view.message),
        last_attempt: host.attempt.and_then(|at| now.wall_of(at)),
        last_success: registered.accepted.as_ref().and_then(|(_, at)| at.wall(now)),
        changed: shown.and_then(|shown| now.wall_of(shown.since)),
        next_attempt: view.next.and_then(|at| now.wall_of(at)),
        next_attempt_uptime: view.next.map(|at| at.0),
        failures: view.failures,
        ..HostStatus::default()
    };
    (status, news)
}

/// One log line: at notice if the state changed, else at debug. None: nothing changed.
fn news(
    service: &Service,
    host: &Host,
    uplink: &UplinkState,
    view: &View,
    now: &Now,
    log: &mut LogLines,
) -> Option<StateChange> {
    let (ipv4, ipv6) = (host.registered.ipv4, host.registered.ipv6);
    let was = host.shown.as_ref();
    let same_story = was.is_some_and(|was| (was.state, was.code) == (view.state, view.code));
    let same_address = was.is_some_and(|was| (was.ipv4, was.ipv6) == (ipv4, ipv6));
    let level = if same_story && same_address { log::Level::Debug } else { log.news(log::Level::Info) };
    log.push(level, || {
        let addresses: Vec<String> = uplink.addresses.list().iter().map(ToString::to_string).collect();
        let addresses = addresses.join(" ");
        let line = [&service.name, &host.key.hostname, view.state.as_str(), &addresses].join(" ");
        format!("{}: {}", line.trim_end(), view.message)
    });
    if same_story && same_address {
        return None;
    }
    let since = was.filter(|_| same_story).map_or(now.ceil(), |was| was.since);
    let moved = !same_address || was.is_none_or(|was| was.state != view.state);
    let hostname = host.key.hostname.clone();
    let for_hooks = moved.then(|| HostChange {
        state: view.state,
        service: service.name.clone(),
        hostname: hostname.clone(),
        ipv4,
        ipv6,
        code: view.code,
    });
    let of_no_request = [Code::NoAddress, Code::PrivateAddress, Code::AddressUnknown, Code::RateLimit]
        .map(Some)
        .contains(&view.code);
    let event = view.code.filter(|_| of_no_request && !same_story).map(|code| {
        let service = service.name.clone();
        HostEvent { at: now.ceil(), service, hostname, code, ipv4: None, ipv6: None }
    });
    let shown = LastReported { state: view.state, code: view.code, since, ipv4, ipv6 };
    Some(StateChange { key: host.key.clone(), shown, for_hooks, event })
}

fn event_status(event: &HostEvent, now: &Now) -> EventStatus {
    EventStatus {
        time: now.wall_of(event.at),
        uptime: event.at.0,
        service: event.service.clone(),
        hostname: event.hostname.clone(),
        code: event.code,
        ipv4: event.ipv4,
        ipv6: event.ipv6,
    }
}

pub(super) fn status(
    main: &Main,
    issues: &[Issue],
    services: Vec<ServiceStatus>,
    records: &Records,
    now: &Now,
) -> Status {
    Status {
        version: 1,
        program: format!("nicup {VERSION}"),
        time: now.wall,
        uptime: now.ceil().0,
        mode: main.mode,
        problems: issues.iter().cloned().map(Problem::from).collect(),
        services,
        events: records.events.iter().map(|event| event_status(event, now)).collect(),
    }
}
