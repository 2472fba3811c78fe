//! `nicup resume`: clears stops and nicup's own back-off, never a wait that the server ordered, and wakes the loop.

use super::format::span;
use super::plan::{self, Plan, RunOptions};
use super::publish::{self, PassResult};
use super::records::RecordStore;
use super::report::Report;
use super::session::Session;
use super::update::Deliveries;
use super::{CommandFailure, Env, Exit, pass, watch};
use crate::policy::config::Service;
use crate::policy::record::Records;
use crate::policy::time::Now;
use std::io;

/// Returns the message for the user, and a report with the states after the command.
///
/// # Errors
/// The exit status and the reason: a service that does not exist, a configuration that is wrong.
pub(super) fn run(env: &mut Env<'_>, options: &RunOptions) -> Result<(String, Report), CommandFailure> {
    let loaded = env.config();
    plan::check_services(&loaded, options, &env.config_file())?;
    let main = plan::main_of(&loaded);
    let run_dir = env.root.path(&main.run_dir);
    let cannot = |error: io::Error| CommandFailure::unwritable(&main.run_dir, &error);
    let lock = pass::take_lock(&run_dir, false).map_err(cannot)?;
    let config = match loaded {
        Ok(config) => config,
        Err(issue) => return Err(CommandFailure::new(Exit::Config, issue.to_string())),
    };
    let now = env.now();
    let plan = Plan::new(&config, options);
    let mut store = RecordStore::open(&env.root, &config.main, &now, true)?;
    store.prune(&plan);
    store.resume(plan.selected().as_deref());
    let meant = plan.selected().unwrap_or_else(|| plan.services.clone());
    store.request_queries(&meant);
    let waits = waits(store.records(), &meant, &now);
    let mut devices = pass::devices(env, &plan, options, &store, false);
    let uplinks = pass::detect(env, &plan, &mut devices, &store, &now);
    store.close_interrupted(&plan, &uplinks, &now);
    let mut issues = config.issues.clone();
    issues.append(&mut store.take_issues());
    issues.append(&mut pass::unknown_interfaces(env, &plan, &mut devices, &uplinks));
    let (session, sent) = (Session::default(), Deliveries::default());
    let outcome = PassResult { config: &config, plan, uplinks: &uplinks, store, session, sent, issues };
    let report = publish::finish(env, outcome);
    drop(lock);
    let woken = watch::wake_loop(env, &main.run_dir);
    let sentence = match (woken, waits.is_empty()) {
        (true, true) => "stops and back-off cleared: the service retries now",
        (false, true) => "stops and back-off cleared: nicup run retries",
        (_, false) => "stops and back-off cleared",
    };
    Ok((format!("{sentence}{waits}"), report))
}

/// One line for each server that ordered a wait that is not over.
fn waits(records: &Records, services: &[&Service], now: &Now) -> String {
    let mut servers: Vec<&str> = services.iter().map(|service| service.endpoint.server.as_str()).collect();
    servers.sort_unstable();
    servers.dedup();
    let line = |name: &str| {
        let ordered = records.server(name)?.wait.as_ref()?;
        let left = ordered.wait.end(now).since(now.floor());
        (left > 0).then(|| {
            let code = ordered.code;
            format!(
                "\n{name} asked nicup to wait ({code}): this cannot be skipped, the next update is in {}",
                span(left)
            )
        })
    };
    servers.into_iter().filter_map(line).collect()
}
