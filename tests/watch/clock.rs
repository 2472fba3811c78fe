//! Suspend: boot time goes on while the processor is stopped. Each test has a time namespace, where boot time differs
//! from the time awake. Setting the wall clock needs a machine (tests/vm): no namespace has one.

use crate::common::{HOME, NICUP, Router, skip, slack};
use crate::place::{Running, alone, is_current, start, until};
use std::process::{Command, Stdio};
use std::time::Duration;

const UNSHARE: &str = "/usr/bin/unshare";

/// `nicup watch` after a suspend of so many seconds.
fn watch_after(r: &Router, suspended: u64) -> Running {
    let seconds = suspended.to_string();
    let shift = ["--fork", "--kill-child", "--time", "--boottime", &seconds, NICUP];
    let arguments = [&shift, ["--root", r.root.to_str().unwrap(), "watch"].as_slice()].concat();
    let mut command = r.command(UNSHARE, &arguments);
    Running::of(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// A router whose first request gets no response, so nicup waits 10 s.
fn waiting(story: &str) -> Option<Router> {
    let r = alone(story)?;
    if !Command::new(UNSHARE)
        .args(["--fork", "--time", "--boottime", "9", "true"])
        .status()
        .unwrap()
        .success()
    {
        skip(story, "no time namespace");
        return None;
    }
    r.answers(&["hang:handshake"]);
    r.configure("option timeout '1'");
    Some(r)
}

/// The time from a failure to the next request, by the real clock.
fn until_the_next(r: &Router, begun: std::time::Instant) -> Duration {
    is_current(r, "203.0.113.7");
    assert_eq!(r.requests(), 1);
    begun.elapsed()
}

#[test]
fn a_suspend_counts_as_waiting() {
    let Some(r) = waiting("clock::a_suspend_counts_as_waiting") else { return };
    let awake = start(&r, &["watch"], &[]);
    until("a failure", 10, || r.exists(crate::common::STATUS));
    let begun = std::time::Instant::now();
    awake.stop();
    let _awake = watch_after(&r, 6);
    let waited = until_the_next(&r, begun);
    assert!(
        (Duration::from_secs(3)..Duration::from_secs(4) + slack(2000)).contains(&waited),
        "{waited:?} in place of 4 s"
    );
}

#[test]
fn after_a_suspend_a_wait_is_as_long_as_before() {
    let Some(r) = waiting("clock::after_a_suspend_a_wait_is_as_long_as_before") else { return };
    let _awake = watch_after(&r, 1_000_000);
    until("a failure", 10, || r.exists(crate::common::STATUS));
    let begun = std::time::Instant::now();
    assert!(r.host(HOME).next_attempt_uptime.unwrap() > 1_000_000);
    let waited = until_the_next(&r, begun);
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(10) + slack(3000)).contains(&waited),
        "{waited:?} in place of 10 s"
    );
}
