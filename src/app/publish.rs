//! All output of a pass: the files of records, the log, status.json and the hooks.
//!
//! Does not decide their content (report does).

use super::hooks::HostChange;
use super::log_lines::{self, LogLines};
use super::plan::Plan;
use super::records::RecordStore;
use super::report::{self, Report, Scene};
use super::session::Session;
use super::update::Deliveries;
use super::uplink::UplinkState;
use super::{Env, Exit, source_results};
use crate::policy::config::{Config, Issue, Level, Main};
use crate::policy::fingerprint;
use crate::policy::status::{self, Status};
use crate::sys::file::{self, Keep};
use crate::sys::log::log_line;
use crate::wire::wake::Wake;

/// What a pass has detected and done when it ends.
pub(super) struct PassResult<'a> {
    pub(super) config: &'a Config,
    pub(super) plan: Plan<'a>,
    pub(super) uplinks: &'a [UplinkState],
    pub(super) store: RecordStore,
    pub(super) session: Session,
    pub(super) sent: Deliveries,
    pub(super) issues: Vec<Issue>,
}

/// Ends a pass: writes the records and the status, and logs what changed.
pub(super) fn finish(env: &mut Env<'_>, outcome: PassResult<'_>) -> Report {
    let PassResult { config, plan, uplinks, mut store, mut session, sent, mut issues } = outcome;
    let now = env.now();
    let unsent = report::unsent(&plan, uplinks, store.records(), &sent.tried, &sent.failed, &now);
    // The command's overrides have been carried out: the report shows the states as the next pass will find them.
    let plan = plan.without_overrides();
    let mut log = LogLines::new(store.records().log_limit, plan.hosts(), now.floor(), log::max_level());
    let scene = Scene { plan: &plan, config, uplinks, records: store.records(), now: &now };
    let found = report::build(&scene, &mut log);
    store.remember(&found.news);
    issues.append(&mut store.take_issues());
    let problems = fingerprint::of_texts(issues.iter().map(Issue::to_string));
    log.issues(&issues, store.records().problems != problems);
    log.issues(&sent.clear_text, true);
    log.write();
    store.close(problems, log.limit, &now);
    issues.extend(sent.clear_text);
    issues.append(&mut store.take_issues());

    let status = report::status(&config.main, &issues, found.services, store.records(), &now);
    let mut wake = report::wake(&plan, &status, uplinks);
    let selected = plan.services.iter().filter(|service| plan.is_selected(&service.name));
    let checks = selected.filter_map(|s| source_results::next_of(&plan, store.records(), s, &now)).min();
    wake.at = wake.at.into_iter().chain(checks.map(|at| at.0)).min();
    // NTP may set the clock at any time, and forced updates wait for that.
    wake.clock |= now.wall.is_none();
    let mut report = Report { unsent, wake, ..publish(env, &config.main, status) };
    if !sent.failed.is_empty() {
        report.exit = report.exit.max(Exit::Retry);
    }
    let changes: Vec<HostChange> = found.news.into_iter().filter_map(|news| news.for_hooks).collect();
    session.run_hooks(&env.root, &changes);
    report
}

/// The report of a pass without a usable configuration.
pub(super) fn broken(env: &mut Env<'_>, main: &Main, issue: Issue) -> Report {
    let now = env.now();
    log_line(log_lines::level(&issue), format_args!("{issue}"));
    let status = report::status(main, &[issue], Vec::new(), &Default::default(), &now);
    publish(env, main, status)
}

fn publish(env: &Env<'_>, main: &Main, mut status: Status) -> Report {
    let name = format!("{}/status.json", main.run_dir);
    status.identify();
    let text = status::write(&status);
    let path = env.root.path(&name);
    if let Err(error) = file::replace(&path, text.as_bytes(), 0o644, Keep::Volatile) {
        // Overwriting may still fit on the disk, although it is not atomic.
        let what = match file::overwrite(&path, text.as_bytes()) {
            Ok(()) => "written in place",
            Err(_) => "removed, because it was outdated",
        };
        let message = format!("cannot be replaced ({error}): free space there; it was {what}");
        log::error!("{name}: {message}");
        status.problems.push(Issue { level: Level::Warning, file: name, line: None, message }.into());
    }
    let exit = report::exit_of(&status);
    Report { status, exit, unsent: Vec::new(), wake: Wake::default() }
}
