//! The end of a pass: state.json, status.json, a log line for each host whose story changed, the exit status.

use super::hooks::{Change, Runner};
use super::lines::{log_issues, within};
use super::observe::Sighting;
use super::pass::Pass;
use super::{VERSION, World, exit, sources};
use crate::policy::code::{Code, State};
use crate::policy::config::{Config, Entry, Family, Invalid, Issue, Level, Main, Service};
use crate::policy::decide::{Ask, Cause, Decision};
use crate::policy::fingerprint;
use crate::policy::message::{self, View};
use crate::policy::record::{Event, Host, Key, Shown};
use crate::policy::status::{self, EventStatus, HostStatus, Problem, ServiceStatus, Status};
use crate::policy::time::{Boot, Now};
use crate::sys::file::{self, Keep};
use crate::sys::log::say;
use crate::wire::wake::{Lacks, Wake};

/// What a pass leaves behind.
pub struct Report {
    /// As in status.json.
    pub status: Status,
    /// The exit status of the command.
    pub exit: u8,
    /// What `--force` did not send, and why.
    pub held: Vec<String>,
    /// What the loop has to know.
    pub wake: Wake,
}

/// Ends a pass: everything that it learnt is written, and what changed is logged.
pub(super) fn finish(
    mut pass: Pass<'_>,
    world: &mut World<'_>,
    config: &Config,
    sightings: &[Sighting],
) -> Report {
    let now = world.now();
    let held = held(&pass, sightings, &now);
    // What was asked for has been done: the states are told as the next pass will find them.
    pass.ask = Ask::default();
    let services = services(&mut pass, config, sightings, &now);
    if pass.book.is_touched() {
        pass.store.save_records(&pass.book, &mut pass.issues);
    }
    let problems = fingerprint::of_texts(pass.issues.iter().map(Issue::sentence));
    let (hosts, repeated) = (pass.hosts, pass.book.problems == problems);
    log_issues(&pass.issues, |level| match repeated {
        true => log::Level::Debug,
        false => within(&mut pass.chatter, level, hosts, &now),
    });
    if pass.book.problems != problems {
        pass.book.problems = problems;
        pass.book.touch();
    }
    log_issues(&pass.clear_text, |level| within(&mut pass.chatter, level, hosts, &now));
    pass.book.chatter = pass.chatter;
    pass.issues.append(&mut pass.clear_text);
    if pass.book.is_touched()
        && let Err(issue) = pass.store.save_state(&pass.book, &now, &mut pass.issues)
        && !pass.halted
    {
        pass.issues.push(issue);
    }
    let events = pass.book.events.iter().map(|event| event_status(event, &now)).collect();
    let status = status(&config.main, &pass.issues, services, events, &now);
    let chosen = pass.services.iter().filter(|service| pass.is_chosen(service));
    let checks = chosen.filter_map(|service| sources::next_of(&pass, service, &now)).min();
    let mut wake = wake(&pass, &status, sightings);
    wake.at = wake.at.into_iter().chain(checks.map(|at| at.0)).min();
    // NTP may set the clock at any moment, and forced updates wait for that.
    wake.clock |= now.wall.is_none();
    let report = Report { held, wake, ..publish(world, &config.main, status) };
    if !pass.changes.is_empty() {
        let runner = if pass.locked { pass.runner.take() } else { Runner::start(&world.root) };
        runner.into_iter().for_each(|runner| runner.tell(&pass.changes));
    }
    report
}

/// When the loop has to start the next pass, from the very numbers that the status shows. Services that no pass of it may
/// send for are none of its business.
fn wake(pass: &Pass<'_>, status: &Status, sightings: &[Sighting]) -> Wake {
    let chosen = |name: &String| pass.only.is_empty() || pass.only.contains(name);
    let hosts = || status.services.iter().filter(|s| chosen(&s.name)).flat_map(|service| &service.hosts);
    let seen: Vec<_> = pass.services.iter().zip(sightings).filter(|(s, _)| chosen(&s.name)).collect();
    let wants_both =
        |service: &Service| service.enabled && service.family == Family::Both && !service.offline;
    let pairs = seen.iter().filter(|(service, _)| wants_both(service));
    let pair = pairs.fold(None, |pair: Option<Lacks>, (_, sighting)| {
        let before = pair.unwrap_or_default();
        Some(Lacks {
            ipv4: before.ipv4 || sighting.addresses.ipv4.is_none(),
            ipv6: before.ipv6 || sighting.addresses.ipv6.is_none(),
        })
    });
    let mut devices: Vec<String> = seen.iter().flat_map(|(_, sighting)| sighting.devices.clone()).collect();
    devices.sort_unstable();
    devices.dedup();
    let mut preferred: Vec<_> = seen.iter().filter_map(|(_, sighting)| sighting.preferred.clone()).collect();
    preferred.dedup();
    Wake {
        at: hosts().filter_map(|host| host.next_attempt_uptime).min(),
        open: hosts().any(|host| host.state == State::Waiting.word()),
        clock: hosts().any(|host| host.code.as_deref() == Some("clock")),
        pair,
        devices,
        preferred,
    }
}

/// The report of a pass that found no configuration to work with.
pub(super) fn broken(world: &mut World<'_>, main: &Main, issue: Issue) -> Report {
    let now = world.now();
    log_issues(std::slice::from_ref(&issue), |level| level);
    publish(world, main, status(main, &[issue], Vec::new(), Vec::new(), &now))
}

fn publish(world: &World<'_>, main: &Main, mut status: Status) -> Report {
    let name = format!("{}/status.json", main.run_dir);
    status.identify();
    let text = status::write(&status);
    let path = world.root.path(&name);
    if let Err(error) = file::replace(&path, text.as_bytes(), 0o644, Keep::Volatile) {
        // In place it may fit still, without a moment in which it is whole.
        let what = match file::overwrite(&path, text.as_bytes()) {
            Ok(()) => "written in place",
            Err(_) => "removed, so that no old status is taken for the present",
        };
        let message = format!("cannot be replaced ({error}): free space there; it was {what}");
        log::error!("{name}: {message}");
        status.problems.push(Problem {
            level: "warning".to_owned(),
            file: name,
            line: None,
            message,
            ..Problem::default()
        });
    }
    let exit = exit_of(&status);
    Report { status, exit, held: Vec::new(), wake: Wake::default() }
}

/// The exit status that a status file stands for (contract section 1): the largest that applies.
pub(super) fn exit_of(status: &Status) -> u8 {
    let wrong = status.problems.iter().any(|problem| problem.level == Level::Error.word());
    let hosts = status.services.iter().flat_map(|service| &service.hosts);
    let states = hosts.map(|host| State::parse(&host.state).map_or(exit::LATER, State::exit));
    states.chain(wrong.then_some(exit::CONFIG)).max().unwrap_or(exit::FINE)
}

/// What `--force` did not send, and why.
fn held(pass: &Pass<'_>, sightings: &[Sighting], now: &Now) -> Vec<String> {
    let mut held = Vec::new();
    if !pass.ask.force {
        return held;
    }
    for (service, sighting) in pass.services.iter().zip(sightings).filter(|(s, _)| pass.is_chosen(s)) {
        let (server, user) = (&service.endpoint.server, &service.username);
        for hostname in &service.hostnames {
            if pass.tried.iter().any(|key| key.is(server, user, hostname)) {
                continue;
            }
            match pass.decide(service, hostname, sighting, now) {
                Decision::Leave { held: Some((until, cause)), .. } | Decision::WaitUntil { until, cause } => {
                    held.push(format!("{hostname}: {}", not_sent(&cause, service, until, now)));
                }
                Decision::Leave { held: None, .. }
                | Decision::Send(_)
                | Decision::Stopped(_)
                | Decision::NoAddress(_)
                | Decision::Disabled => {}
            }
        }
    }
    held
}

/// One entry for each service of the configuration.
fn services(pass: &mut Pass<'_>, config: &Config, sightings: &[Sighting], now: &Now) -> Vec<ServiceStatus> {
    let mut sightings = sightings.iter();
    let mut list = Vec::with_capacity(config.services.len());
    for entry in &config.services {
        match entry {
            Entry::Invalid(invalid) => list.push(invalid_service(invalid, config.main.enabled)),
            Entry::Valid(service) => {
                let Some(sighting) = sightings.next() else { continue };
                let enabled = config.main.enabled && service.enabled;
                let hosts = service.hostnames.iter().map(|hostname| {
                    let decision = pass.decide(service, hostname, sighting, now);
                    host_status(pass, service, hostname, sighting, &decision, now)
                });
                let hosts = hosts.collect();
                list.push(service_status(pass, service, enabled, sighting, hosts));
            }
        }
    }
    list
}

fn not_sent(cause: &Cause, service: &Service, until: Boot, now: &Now) -> String {
    let minutes = (until.since(now.floor()) + 30) / 60;
    message::held(cause, &service.endpoint.server, &format!("{} min from now", minutes.max(1)))
}

fn service_status(
    pass: &Pass<'_>,
    service: &Service,
    enabled: bool,
    sighting: &Sighting,
    hosts: Vec<HostStatus>,
) -> ServiceStatus {
    let lack = sighting.addresses.lack.as_ref().filter(|_| enabled);
    let (server, username) = (&service.endpoint.server, &service.username);
    let known = pass.book.get(server, username, &service.hostnames[0]);
    let transport = known.and_then(|host| host.transport.clone());
    ServiceStatus {
        name: service.name.clone(),
        enabled,
        server: service.endpoint.server.clone(),
        transport: transport.unwrap_or_else(|| format!("https:{}", service.endpoint.port)),
        interface: sighting.interface.clone(),
        device: sighting.device.clone(),
        ipv4: sighting.addresses.ipv4.map(|ip| ip.to_string()),
        ipv6: sighting.addresses.ipv6.map(|ip| ip.to_string()),
        address_note: lack.map(|lack| lack.explain().to_owned()),
        hosts,
        ..ServiceStatus::default()
    }
}

fn invalid_service(invalid: &Invalid, main_enabled: bool) -> ServiceStatus {
    let enabled = main_enabled && invalid.enabled;
    let host = |hostname: &String| HostStatus {
        hostname: hostname.clone(),
        state: if enabled { State::Invalid } else { State::Disabled }.word().to_owned(),
        message: Some(message::cut(format!("the configuration is wrong, {}", invalid.reason))),
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
    pass: &mut Pass<'_>,
    service: &Service,
    hostname: &str,
    sighting: &Sighting,
    decision: &Decision,
    now: &Now,
) -> HostStatus {
    let (server, username) = (&service.endpoint.server, &service.username);
    let hosts = pass.hosts;
    let fresh;
    let host = match pass.book.get(server, username, hostname) {
        Some(host) => host,
        None => {
            let (server, username) = (server.clone(), username.clone());
            fresh = Host::new(Key { server, username, hostname: hostname.to_owned() });
            &fresh
        }
    };
    let view = message::view(service, &pass.book, host, decision, now.ceil());
    let mut level = || within(&mut pass.chatter, log::Level::Info, hosts, now);
    let news = tell(service, host, sighting, &view, now, &mut level);
    let shown = news.as_ref().map(|news| &news.shown).or(host.shown.as_ref());
    let registered = &host.registered;
    let status = HostStatus {
        hostname: hostname.to_owned(),
        state: view.state.word().to_owned(),
        registered_ipv4: registered.ipv4.map(|ip| ip.to_string()),
        registered_ipv6: registered.ipv6.map(|ip| ip.to_string()),
        code: view.code.map(|code| code.to_string()),
        message: Some(view.message),
        last_attempt: host.attempt.and_then(|at| now.wall_of(at)),
        last_success: registered.accepted.as_ref().and_then(|(_, at)| at.wall(now)),
        changed: shown.and_then(|shown| now.wall_of(shown.since)),
        next_attempt: view.next.and_then(|at| now.wall_of(at)),
        next_attempt_uptime: view.next.map(|at| at.0),
        failures: view.failures,
        ..HostStatus::default()
    };
    if let Some(news) = news {
        pass.changes.extend(news.for_hooks);
        if let Some(code) = news.event {
            let (service, hostname) = (service.name.clone(), hostname.to_owned());
            pass.book.note(Event { at: now.ceil(), service, hostname, code, ipv4: None, ipv6: None });
        }
        pass.book.host(server, username, hostname).shown = Some(news.shown);
    }
    status
}

/// What is new of a host since the last pass.
struct News {
    shown: Shown,
    for_hooks: Option<Change>,
    /// What no request has noted yet.
    event: Option<Code>,
}

/// One log line: at notice where the story changed, else at debug. None: it did not.
fn tell(
    service: &Service,
    host: &Host,
    sighting: &Sighting,
    view: &View,
    now: &Now,
    news: &mut dyn FnMut() -> log::Level,
) -> Option<News> {
    let (ipv4, ipv6) = (host.registered.ipv4, host.registered.ipv6);
    let was = host.shown.as_ref();
    let same_story = was.is_some_and(|was| (was.state, was.code) == (view.state, view.code));
    let same_address = was.is_some_and(|was| (was.ipv4, was.ipv6) == (ipv4, ipv6));
    let level = if same_story && same_address { log::Level::Debug } else { news() };
    if level <= log::max_level() {
        let addresses: Vec<String> = sighting.addresses.list().iter().map(ToString::to_string).collect();
        let addresses = addresses.join(" ");
        let line = [&service.name, &host.key.hostname, view.state.word(), &addresses].join(" ");
        say(level, format_args!("{}: {}", line.trim_end(), view.message));
    }
    if same_story && same_address {
        return None;
    }
    let since = was.filter(|_| same_story).map_or(now.ceil(), |was| was.since);
    let moved = !same_address || was.is_none_or(|was| was.state != view.state);
    let for_hooks = moved.then(|| Change {
        state: view.state,
        service: service.name.clone(),
        hostname: host.key.hostname.clone(),
        ipv4,
        ipv6,
        code: view.code,
    });
    let of_no_request = [Code::NoAddress, Code::PrivateAddress, Code::AddressUnknown, Code::Storm]
        .map(Some)
        .contains(&view.code);
    let event = view.code.filter(|_| of_no_request && !same_story);
    Some(News { shown: Shown { state: view.state, code: view.code, since, ipv4, ipv6 }, for_hooks, event })
}

fn event_status(event: &Event, now: &Now) -> EventStatus {
    EventStatus {
        time: now.wall_of(event.at),
        uptime: event.at.0,
        service: event.service.clone(),
        hostname: event.hostname.clone(),
        code: event.code.to_string(),
        ipv4: event.ipv4.map(|ip| ip.to_string()),
        ipv6: event.ipv6.map(|ip| ip.to_string()),
    }
}

pub(super) fn status(
    main: &Main,
    issues: &[Issue],
    services: Vec<ServiceStatus>,
    events: Vec<EventStatus>,
    now: &Now,
) -> Status {
    let problem = |issue: &Issue| Problem {
        level: issue.level.word().to_owned(),
        file: issue.file.clone(),
        line: issue.line,
        message: issue.message.clone(),
        ..Problem::default()
    };
    Status {
        version: 1,
        program: format!("nicup {VERSION}"),
        time: now.wall,
        uptime: now.ceil().0,
        mode: main.mode.word().to_owned(),
        problems: issues.iter().map(problem).collect(),
        services,
        events,
    }
}
