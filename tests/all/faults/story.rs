//! Tests a row: 203.0.113.7 is registered, nicup should update to 203.0.113.8, and there is a fault.

use super::aid;
use super::bytes;
use super::circumstances::{self, Scene, TIMEOUT};
use super::table::{self, Row};
use crate::common::status::HostStatus;
use crate::common::{HOME, RECORDS, Router, STATE, STATUS, slack};
use nicup::policy::record;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

const OLD: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
const NEW: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 8);
/// KiB that a fault may cost beyond an ordinary update of the same router: room for the longest response that nicup
/// reads, and for variations in the C library.
const ROOM: u64 = 512;

pub(crate) fn check_row(name: &str) {
    let row = table::row(name);
    let Some(r) = Router::with(name, circumstances::options(name)) else { return };
    circumstances::prepare(name, &r);
    let (ran, ordinary) = aid::run(&r, &["run"], None);
    assert_eq!((ran.exit, r.requests(), recorded(&r)), (0, 1, Some(OLD)), "{ran:?}");

    // Before anything else: the kernel removes a device's routes together with its last address.
    r.move_to(&OLD.to_string(), &NEW.to_string());
    let mut scene = circumstances::begin(name, &r);
    if name.ends_with("_at_every_byte") {
        return bytes::check_row(&row, &r);
    }
    if let Some(behaviour) = &row.server {
        r.sim.script([behaviour.clone()]);
    }
    let peak = faulty(&row, &r, &scene);
    assert!(peak < ordinary + ROOM, "{peak} KiB, an ordinary update had {ordinary}");
    at_once(&row, &r, &scene);

    // The fault has ended, and so has its wait.
    circumstances::end(name, &r, &mut scene);
    if !row.is_harmless() {
        r.back_off_is_over();
        r.set(STATE, "last", 0);
    }
    r.pass(0);
    assert_eq!((r.host(HOME).state.as_str(), recorded(&r)), ("current", Some(NEW)));
    assert_eq!(r.sim.registered(HOME).0, Some(NEW));
}

/// The pass with the fault does what the row says, and nothing else. Returns its peak memory in KiB.
fn faulty(row: &Row, r: &Router, scene: &Scene) -> u64 {
    let before = r.sim.requests().len();
    let begun = Instant::now();
    let (ran, peak) = aid::run(r, &["run"], scene.clock.as_deref());
    let took = begun.elapsed();
    // Two transports, each with its own timeout, and a busy machine.
    assert!(took < Duration::from_secs(2 * TIMEOUT) + slack(4000), "{took:?}");
    let host = is_as_the_row_says(row, r, ran.exit);
    let message = host.message.unwrap_or_default();
    assert!(message.contains(&row.says), "{message}");
    assert!(message.len() <= 160 && !message.ends_with('.'), "{message}");
    assert_eq!(r.sim.requests().len() - before, row.sent, "requests that reached the server");
    assert!(ran.err.lines().all(|line| line.starts_with('/') && line.contains(": warning: ")), "{}", ran.err);
    assert!(!ran.out.contains(noip_simulator::TEST_PASSWORD) && !r.read(STATUS).contains("test-password"));
    peak
}

/// Compares state, code, exit status, failures, next attempt and record with the row.
pub(crate) fn is_as_the_row_says(row: &Row, r: &Router, exit: i32) -> HostStatus {
    let (status, host) = (r.status(), r.host(HOME));
    let state = if row.is_harmless() { "current" } else { "waiting" };
    let shown = (host.state.as_str(), host.code.as_deref().unwrap_or("-"), exit, host.failures);
    assert_eq!(shown, (state, row.code.as_str(), row.exit, row.failures), "{host:#?}");
    let next = host.next_attempt_uptime.unwrap().saturating_sub(status.uptime);
    // After a failure the pass examines the certificates, which takes part of the wait on a busy machine.
    assert!((row.next.saturating_sub(3)..=row.next + 1).contains(&next), "next attempt in {next} s");
    assert_eq!(recorded(r), Some(if row.recorded { NEW } else { OLD }));
    host
}

/// Another pass at once makes no connection and leaves everything as it was.
fn at_once(row: &Row, r: &Router, scene: &Scene) {
    let before = (r.sim.requests().len(), r.sim.connections().accepted);
    let (ran, _) = aid::run(r, &["run"], scene.clock.as_deref());
    assert_eq!((r.sim.requests().len(), r.sim.connections().accepted), before, "{ran:?}");
    let host = r.host(HOME);
    assert_eq!((ran.exit, host.code.as_deref()), (row.exit, Some(row.code.as_str())));
    assert_eq!(host.failures, row.failures);
}

/// The recorded address.
fn recorded(r: &Router) -> Option<Ipv4Addr> {
    let records = record::read_records(&r.read(RECORDS)).unwrap();
    assert_eq!(records.hosts.len(), 1);
    records.hosts[0].registered.ipv4
}
