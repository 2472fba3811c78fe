//! What the loop costs while nothing happens, and after 1,000 passes (50 without NICUP_LONG=1).

use crate::common::{HOME, NICUP, Router, STATUS};
use crate::place::{Running, alone, is_current, left_out, long, nap, say, until, watch};
use rustix::process::Signal;
use std::process::Stdio;

/// The most private memory of a resident loop, in KiB.
const BUDGET: u64 = 200;

/// The loop, run with another build.
fn watch_with(r: &Router, program: &str) -> Running {
    let arguments = ["--root", r.root.to_str().unwrap(), "watch"];
    let mut command = r.command(program, &arguments);
    let running = Running::of(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    until("the first pass", 20, || r.exists(STATUS));
    running
}

fn settled(r: &Router, running: &Running) {
    is_current(r, "203.0.113.7");
    until("the end of the pass", 5, || running.children().is_empty());
    nap(200);
}

#[test]
fn nothing_wakes_the_loop_while_nothing_happens() {
    let Some(r) = alone("idle::nothing_wakes_the_loop_while_nothing_happens") else { return };
    let running = watch(&r);
    settled(&r, &running);
    let seconds = if long() { 60 } else { 20 };
    let (switches, cpu) = (running.switches(), running.cpu());
    nap(seconds * 1000);
    assert_eq!((running.switches(), running.cpu()), (switches, cpu));
    say(&format!("no wake-up in {seconds} s"));
    drop(running);
    assert_eq!((r.requests(), r.host(HOME).state.as_str()), (1, "current"));
}

#[test]
fn a_thousand_passes_leave_nothing_behind() {
    const STORY: &str = "idle::a_thousand_passes_leave_nothing_behind";
    let Some(r) = alone(STORY) else { return };
    let fixed = std::env::var("NICUP_STATIC").ok().filter(|program| !program.is_empty());
    let running = watch_with(&r, fixed.as_deref().unwrap_or(NICUP));
    settled(&r, &running);
    // Every fourth pass is for an address that is new.
    let once = |n: usize| {
        let before = r.stamp(STATUS);
        if n.is_multiple_of(4) {
            r.address(&format!("add 2001:db8::{n:x}/64 nodad"));
            r.address(&format!("del 2001:db8::{n:x}/64"));
        } else {
            running.signal(Signal::USR1);
        }
        until("a pass", 10, || r.stamp(STATUS) != before);
        until("its end", 5, || running.children().is_empty());
    };
    (1..9).for_each(once);
    let (first, descriptors) = (running.private(), running.descriptors());
    let passes = if long() { 1000 } else { 50 };
    (9..9 + passes).for_each(once);
    nap(100);
    let last = running.private();
    assert_eq!((running.descriptors(), running.children()), (descriptors, Vec::new()));
    assert!(last <= first + 4, "{first} KiB before {passes} passes, {last} KiB after");
    let build = if fixed.is_some() { "static" } else { "dynamic" };
    say(&format!(
        "{build} build: {first} KiB private, after {passes} passes {last} KiB, {descriptors} descriptors"
    ));
    if fixed.is_some() {
        assert!(last <= BUDGET, "{last} KiB");
    } else {
        left_out(STORY, "NICUP_STATIC names no static build: its memory is not judged");
    }
    drop(running);
    assert_eq!(r.requests(), 1);
}
