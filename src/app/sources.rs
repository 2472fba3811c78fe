//! Detects addresses through a web page or a script, for a router behind another NAT.
//!
//! Queries each page and script once in its check_interval, and not at all during a stop or a wait ordered by the server.
//! Failures back off as for the network. `--force`, `resume` and events cause an earlier query, at most once in 1 min.
//! The results are kept with the state of this boot; source_results looks them up.

use super::Env;
use super::plan::Plan;
use super::records::RecordStore;
use super::session::{Destination, Session};
use super::source_results::{QuerySource, all, next_check, next_of};
use super::uplink::bind_error;
use crate::policy::config::{Service, Url};
use crate::policy::record::{Records, SourceResult};
use crate::policy::time::Now;
use crate::sys::log::log_line;
use crate::sys::process::{self, Program, RunError};
use crate::sys::script;
use crate::wire::dyndns2::{Answer, Request};
use std::net::IpAddr;
use std::time::Duration;

/// Bytes that a script may print.
const SCRIPT_OUTPUT: usize = 4096;

/// The numbers of the services with a page or a script that is due.
pub(super) fn due(plan: &Plan<'_>, records: &Records, now: &Now) -> Vec<usize> {
    let is_due = |service: &Service| next_of(plan, records, service, now).is_some_and(|at| at <= now.floor());
    (0..plan.services.len()).filter(|at| is_due(plan.services[*at])).collect()
}

/// Whether one of the services that are `due` has a page.
pub(super) fn asks_page(plan: &Plan<'_>, due: &[usize]) -> bool {
    let is_page = |source: &QuerySource<'_>| matches!(source, QuerySource::Page(_));
    due.iter().any(|at| all(plan.services[*at]).iter().any(is_page))
}

/// Runs every script that is `due`.
pub(super) fn run_scripts(
    env: &mut Env<'_>,
    plan: &Plan<'_>,
    store: &mut RecordStore,
    due: &[usize],
    now: &Now,
) {
    for service in due.iter().map(|at| plan.services[*at]) {
        for source in all(service) {
            if let QuerySource::Script(script) = source
                && is_due(store, service, source, now)
            {
                let found = run(env, service, script);
                enter(env, store, service, source, found);
            }
        }
    }
}

/// Fetches every page that is `due`. `bind_device`: the device of a service with option bind.
pub(super) fn fetch_pages(
    env: &mut Env<'_>,
    plan: &Plan<'_>,
    store: &mut RecordStore,
    session: &mut Session,
    due: &[usize],
    now: &Now,
    bind_device: impl Fn(usize) -> Option<String>,
) {
    for at in due {
        let service = plan.services[*at];
        for source in all(service) {
            if let QuerySource::Page(url) = source
                && is_due(store, service, source, now)
            {
                let device = bind_device(*at);
                let found = fetch(session, env, plan.contact, service, url, device.as_deref());
                enter(env, store, service, source, found);
            }
        }
    }
}

/// Services share a page: nicup may have read it for another one a moment ago.
fn is_due(store: &RecordStore, service: &Service, source: QuerySource<'_>, now: &Now) -> bool {
    next_check(service, store.records().source_result(&source.key(service)), now) <= now.floor()
}

fn enter(
    env: &mut Env<'_>,
    store: &mut RecordStore,
    service: &Service,
    source: QuerySource<'_>,
    found: Result<Vec<IpAddr>, String>,
) {
    log_line(log::Level::Debug, format_args!("{}: queried {}", service.name, source.name()));
    let (key, at) = (source.key(service), env.now().ceil());
    let before = store.records().source_result(&key).map_or(0, |result| result.failures);
    let failures = if found.is_err() { before.saturating_add(1) } else { 0 };
    store.set_source_result(SourceResult { source: key, at, found, failures, again: false });
}

/// The page's body, which must be one address and nothing else.
fn fetch(
    session: &mut Session,
    env: &mut Env<'_>,
    contact: &str,
    service: &Service,
    url: &Url,
    bind_device: Option<&str>,
) -> Result<Vec<IpAddr>, String> {
    if let Some(failed) = bind_error(service, bind_device) {
        return Err(failed.detail);
    }
    let destination = Destination { server: &url.host, port: url.port, tls: url.tls, bind_device };
    let request = Request {
        target: url.path.clone(),
        authorization: None,
        user_agent: session.user_agent(&env.root, contact).to_owned(),
    };
    match session.exchange(env, service, &destination, &request) {
        Ok(answer) => one_address(&answer).map(|ip| vec![ip]),
        Err(failed) => Err(failed.detail),
    }
}

fn one_address(answer: &Answer) -> Result<IpAddr, String> {
    if answer.status != 200 {
        return Err(format!("it returned HTTP {}", answer.status));
    }
    let text = std::str::from_utf8(&answer.body).ok().filter(|_| !answer.too_long);
    let address = text.and_then(|text| text.trim().parse().ok());
    address.ok_or_else(|| "its response is not an address and nothing else".to_owned())
}

/// A script's addresses, one per line. No shell; the environment is PATH and the service's name.
fn run(env: &Env<'_>, service: &Service, script: &str) -> Result<Vec<IpAddr>, String> {
    script::is_safe(&env.root, script).map_err(|why| format!("it {why}"))?;
    let seconds = service.endpoint.timeout;
    let path = env.root.path(script);
    let environment = [("PATH", super::PROGRAMS), ("SERVICE", &service.name)];
    let program = Program { path: &path, arguments: &[], environment: Some(&environment) };
    let output = match process::run(&program, Duration::from_secs(seconds), SCRIPT_OUTPUT) {
        Ok(output) => output,
        Err(RunError::Start(error)) => return Err(format!("it could not be started: {error}")),
        Err(RunError::Deadline) => return Err(format!("it took longer than {seconds} s")),
        Err(RunError::TooMuch) => return Err(format!("it printed more than {SCRIPT_OUTPUT} bytes")),
    };
    if !output.status.success() {
        return Err(match output.status.code() {
            Some(code) => format!("it ended with status {code}"),
            None => "it was killed".to_owned(),
        });
    }
    let text = String::from_utf8(output.stdout).map_err(|_| "it did not print text".to_owned())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let addresses: Result<Vec<IpAddr>, _> = lines.map(str::parse).collect();
    addresses.map_err(|_| "it printed a line that is not an address".to_owned())
}
