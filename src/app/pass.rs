//! One pass over all services: lock, read, detect, decide, send, record, report. Read it top to bottom.
//!
//! Does not wait for anything but the lock and the one request it is sending.

use super::env::Loaded;
use super::observe::{self, Devices};
use super::plan::{self, Plan, main_of, valid};
use super::publish::{self, PassResult};
use super::records::RecordStore;
use super::report::Report;
use super::session::{self, Session};
use super::update::{Deliveries, Delivery};
use super::uplink::UplinkState;
use super::{CommandFailure, Env, places, source_results, sources};
use crate::policy::address::lifetimes;
use crate::policy::config::{Config, Issue, Level, Service};
use crate::policy::outcome;
use crate::policy::time::Now;
use crate::sys::https;
use crate::sys::lock::{self, Lock};
use crate::wire::hotplug::Event;
use std::io;

pub use super::plan::RunOptions;

/// Runs a pass and returns the report; None if there was nothing to do.
///
/// # Errors
/// The exit status and the message for the user, if even the status file cannot be written.
pub fn run(env: &mut Env<'_>, options: &RunOptions) -> Result<Option<Report>, CommandFailure> {
    let loaded = env.config();
    run_with(env, options, loaded)
}

/// The same, with a configuration that was just read.
///
/// # Errors
/// As [`run`].
pub(super) fn run_with(
    env: &mut Env<'_>,
    options: &RunOptions,
    mut loaded: Loaded,
) -> Result<Option<Report>, CommandFailure> {
    // The process that woke the loop has checked this already.
    if let Some(event) = options.event.as_ref().filter(|_| !options.in_loop)
        && !concerns(env, &loaded, event)
    {
        return Ok(None);
    }
    plan::check_services(&loaded, options, &env.config_file())?;
    let main = main_of(&loaded);
    let run_dir = env.root.path(&main.run_dir);
    let cannot = |error: io::Error| CommandFailure::unwritable(&main.run_dir, &error);
    let lock = take_lock(&run_dir, options.event.is_some() && !options.in_loop).map_err(cannot)?;
    let Some((_lock, waited)) = lock else { return Ok(None) };
    if waited {
        loaded = env.config(); // the pass before this one may have taken long
    }
    match loaded {
        Ok(config) => pass(env, options, &config).map(Some),
        Err(issue) => Ok(Some(publish::broken(env, &main, issue))),
    }
}

/// Whether a hotplug event concerns a configured service, or the device that the last pass found for one. If the
/// configuration cannot be read, every event counts. Takes no lock and writes nothing.
pub(super) fn concerns(env: &mut Env<'_>, loaded: &Loaded, event: &Event) -> bool {
    let Ok(config) = loaded else { return true };
    places::is_ours(event, &valid(config), || {
        let now = env.now();
        let store = RecordStore::open(&env.root, &config.main, &now, false);
        store.map(|store| store.records().devices.clone()).unwrap_or_default()
    })
}

/// Records an event that a pass needs even if another process starts that pass: NTP set the clock, which ends the waits
/// for it; mwan3 reported an interface connected or disconnected; pages and scripts are to be queried again.
pub(super) fn note_event(env: &mut Env<'_>, loaded: &Loaded, event: &Event) -> io::Result<()> {
    let services = loaded.as_ref().map(valid).unwrap_or_default();
    let asked: Vec<&Service> =
        services.into_iter().filter(|service| source_results::concerns(service, event)).collect();
    let is_report = matches!(event, Event::Interface { action, .. } if action.is_report());
    if *event != Event::Clock && !is_report && asked.is_empty() {
        return Ok(());
    }
    let main = main_of(loaded);
    let Some((_lock, _)) = take_lock(&env.root.path(&main.run_dir), false)? else { return Ok(()) };
    let now = env.now();
    let store = RecordStore::open(&env.root, &main, &now, false);
    let mut store = store.map_err(|failure| io::Error::other(failure.message))?;
    store.request_queries(&asked);
    store.note_event(event, &now).map_err(|issue| io::Error::other(issue.message))
}

fn pass(env: &mut Env<'_>, options: &RunOptions, config: &Config) -> Result<Report, CommandFailure> {
    let begun = env.now();
    let plan = Plan::new(config, options);
    let mut store = RecordStore::open(&env.root, &config.main, &begun, true)?;
    store.prune(&plan);
    let mut session = Session::default();
    let is_requested =
        |service: &&Service| source_results::is_query_requested(&plan, service, options.event.as_ref());
    store.request_queries(&plan.services.iter().copied().filter(is_requested).collect::<Vec<_>>());
    let due = sources::due(&plan, store.records(), &begun);
    let mut devices = devices(env, &plan, options, &store, sources::asks_page(&plan, &due));
    sources::run_scripts(env, &plan, &mut store, &due, &begun);
    let bind_device = |at| devices.bind_device(at);
    sources::fetch_pages(env, &plan, &mut store, &mut session, &due, &begun, bind_device);
    let uplinks = detect(env, &plan, &mut devices, &store, &begun);
    store.close_interrupted(&plan, &uplinks, &begun);
    store.keep_interrupted(&begun);
    let mut issues = config.issues.clone();
    issues.append(&mut store.take_issues());
    issues.append(&mut unknown_interfaces(env, &plan, &mut devices, &uplinks));

    let done = Deliveries::default();
    let mut delivery = Delivery { env, plan: &plan, store: &mut store, session: &mut session, done };
    for (service, uplink) in plan.services.iter().zip(&uplinks) {
        if plan.is_selected(&service.name) {
            delivery.send_due(service, uplink);
        }
    }
    let sent = delivery.done;
    issues.append(&mut store.take_issues());
    // Reading a bundle costs more than the rest of an unchanged pass, so nicup reads it only after TLS failed.
    let has_failed = |service: &Service| outcome::tls_failed(store.records(), service);
    issues.append(&mut certificates(env, &plan, has_failed));
    let outcome = PassResult { config, plan, uplinks: &uplinks, store, session, sent, issues };
    Ok(publish::finish(env, outcome))
}

/// The devices of all services. `whole`: netifd cannot be queried later.
pub(super) fn devices<'o>(
    env: &mut Env<'_>,
    plan: &Plan<'_>,
    options: &'o RunOptions,
    store: &RecordStore,
    whole: bool,
) -> Devices<'o> {
    let services = if plan.enabled { plan.services.as_slice() } else { &[] };
    observe::devices(env.netifd, services, options.event.as_ref(), store.records(), whole)
}

/// The addresses now.
pub(super) fn detect(
    env: &mut Env<'_>,
    plan: &Plan<'_>,
    devices: &mut Devices<'_>,
    store: &RecordStore,
    now: &Now,
) -> Vec<UplinkState> {
    if !plan.enabled {
        return vec![UplinkState::default(); plan.services.len()];
    }
    let mut uplinks = devices.detect(env, &plan.services, store.records());
    let preferred = uplinks.iter_mut().filter_map(|uplink| uplink.preferred.as_mut());
    preferred.for_each(|preferred| lifetimes::begin(preferred, now.boot_ms));
    uplinks
}

/// An issue for each configured interface that netifd does not have.
pub(super) fn unknown_interfaces(
    env: &mut Env<'_>,
    plan: &Plan<'_>,
    devices: &mut Devices<'_>,
    uplinks: &[UplinkState],
) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (service, uplink) in plan.services.iter().zip(uplinks) {
        if !plan.enabled || !service.enabled {
            continue;
        }
        for name in &uplink.unknown_interfaces {
            let option = if service.uplink.interfaces.contains(name) { "interface" } else { "interface6" };
            let message = places::explain_unknown(option, name, devices.all(env.netifd));
            let (file, line) = (env.config_file(), Some(service.line));
            issues.push(Issue { level: Level::Warning, file, line, message });
        }
    }
    issues
}

/// An issue for each CA bundle that is unusable, of the services that `asks` selects.
pub(super) fn certificates(env: &Env<'_>, plan: &Plan<'_>, asks: impl Fn(&Service) -> bool) -> Vec<Issue> {
    let (mut seen, mut issues): (Vec<&str>, Vec<Issue>) = (Vec::new(), Vec::new());
    for service in plan.services.iter().filter(|service| service.enabled && asks(service)) {
        let name = session::ca_bundle(service);
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        if let Err(problem) = https::inspect_ca(&env.root.path(name)) {
            let (file, line) = (env.config_file(), Some(service.line));
            let message = problem.explain(name);
            issues.push(Issue { level: Level::Warning, file, line, message });
        }
    }
    issues
}

/// The pass lock, and whether this process waited for it. None: with `or_leave`, another process waits for it already,
/// and will see the same state.
pub(super) fn take_lock(run_dir: &std::path::Path, or_leave: bool) -> io::Result<Option<(Lock, bool)>> {
    let path = run_dir.join("pass.lock");
    if let Some(lock) = lock::try_lock(&path)? {
        return Ok(Some((lock, false)));
    }
    let wait_lock = run_dir.join("wait.lock");
    let _seat = if or_leave {
        match lock::try_lock(&wait_lock)? {
            Some(wait_lock) => wait_lock,
            None => return Ok(None),
        }
    } else {
        lock::lock(&wait_lock)?
    };
    Ok(Some((lock::lock(&path)?, true)))
}
