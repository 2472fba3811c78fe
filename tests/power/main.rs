//! Power cuts and failing system calls: kills the real program before every system call of a pass (that is, after the
//! previous one), and makes every call fail, one at a time. Checks each time that the remaining files are right.
//!
//! Nothing is sampled. A plain `cargo test` runs the kills of an update and the errors of a full disk; `--ignored` runs
//! all.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;

mod points;
mod scenes;
mod verdict;

use common::{NICUP, RECORDS, STATE, skip, tool};
use points::{ERRORS, Fault, Point};
use scenes::Scene;
use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::Mutex;

/// Concurrent passes: each one spends some time waiting for its server.
const WORKERS: usize = 3;

#[derive(Default)]
struct Tally {
    /// Faults that took effect.
    hit: usize,
    /// How many of them were kills.
    kills: usize,
    /// The call did not happen this time: data from the network can arrive in one piece or two.
    missed: usize,
    /// Hosts with two requests, because the fault prevented the record of the first.
    twice: usize,
}

fn all(story: &str, scene: Scene, faults: &[Fault]) {
    let Some(r) = scene.router(story) else { return };
    if tool("strace").is_none() || tool("timeout").is_none() {
        return skip(story, "strace or timeout is not installed");
    }
    let calls = points::of(&r, scene);
    drop(r);
    let wanted = faults
        .iter()
        .flat_map(|fault| calls.iter().filter(|call| fault.applies(call)).map(|call| (call.clone(), *fault)));
    let queue: Mutex<VecDeque<(Point, Fault)>> = Mutex::new(wanted.collect());
    let count = queue.lock().unwrap().len();
    let (tally, wrong) = (Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    std::thread::scope(|threads| {
        for _ in 0..WORKERS {
            threads.spawn(|| {
                let r = scene.router(story).unwrap();
                let image = scene.image(&r);
                loop {
                    let Some((point, fault)) = queue.lock().unwrap().pop_front() else { return };
                    match verdict::judge(&r, scene, &image, &point, fault) {
                        Ok(Some(outcome)) => {
                            let mut tally = tally.lock().unwrap();
                            tally.hit += 1;
                            tally.kills += usize::from(fault == Fault::Kill);
                            tally.twice += usize::from(outcome.sent_twice);
                        }
                        Ok(None) => tally.lock().unwrap().missed += 1,
                        Err(why) => wrong.lock().unwrap().push(format!("{fault} at {point}: {why}")),
                    }
                }
            });
        }
    });
    let (tally, wrong) = (tally.into_inner().unwrap(), wrong.into_inner().unwrap());
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tally.hit > 0 && tally.missed * 20 <= count, "{} of {count} calls did not come", tally.missed);
    let (kills, errors, twice) = (tally.kills, tally.hit - tally.kills, tally.twice);
    let _ = writeln!(
        std::io::stderr(),
        "counted: {story}: {kills} kills and {errors} failed calls, all well after; {twice} times sent once more"
    );
}

/// ENOSPC and power cuts happen to every router.
#[test]
fn an_update_is_cut_off() {
    all("an_update_is_cut_off", Scene::Update, &[Fault::Kill, Fault::Error("ENOSPC")]);
}

/// The records exist, but there is no memory to open them. Without them nicup would send updates that are stopped.
#[test]
fn a_shortage_forgets_nothing() {
    const STORY: &str = "a_shortage_forgets_nothing";
    let Some(r) = Scene::Stopped.router(STORY) else { return };
    let Some(strace) = tool("strace") else { return skip(STORY, "strace is not installed") };
    let image = Scene::Stopped.image(&r);
    let requests = r.requests();
    for file in [RECORDS, STATE] {
        for error in ["ENOMEM", "ENFILE", "EMFILE"] {
            image.restore(&r);
            let before = (r.stamp(RECORDS), r.stamp(STATE));
            let path = r.root.join(file);
            let inject = format!("inject=open,openat:error={error}");
            let mut short = r.command(&strace, &["-f", "-e", &inject, "-o", "/dev/null", "-P"]);
            let output =
                short.arg(path).args([NICUP, "--root", r.root.to_str().unwrap(), "run"]).output().unwrap();
            let printed = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{error} {file}: {printed}");
            assert!(printed.contains(&format!("nicup: /{file}: cannot be read: ")), "{printed}");
            assert_eq!(
                (before, requests),
                ((r.stamp(RECORDS), r.stamp(STATE)), r.requests()),
                "{error} {file}"
            );
            assert_eq!(r.run(&["run"]).exit, 4);
        }
    }
    assert_eq!(requests, r.requests(), "what is stopped stays so");
}

macro_rules! at_every_call {
    ($($story:ident: $scene:ident;)+) => {$(
        #[test]
        #[ignore = "a step of tests/run"]
        fn $story() {
            let errors = ERRORS.map(Fault::Error);
            let faults: Vec<Fault> = std::iter::once(Fault::Kill).chain(errors).collect();
            all(stringify!($story), Scene::$scene, &faults);
        }
    )+};
}

at_every_call! {
    every_call_of_an_update: Update;
    every_call_of_a_refused_update: Refused;
    every_call_of_a_pass_that_is_stopped: Stopped;
    every_call_of_a_pass_with_nothing_to_do: Unchanged;
    every_call_while_the_server_ordered_a_wait: Waiting;
}
