//! kill -9 of the loop, of its pass, or of both, at any moment.

use crate::common::{ATTEMPTS, HOME, NICUP, RECORDS, Router, STATE, STATUS, skip, tool};
use crate::place::{Running, alone, is_alive, is_current, long, nap, say, send, shows, start, until, watch};
use rustix::process::Signal;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    Loop,
    Pass,
    Both,
}

fn kill(running: &Running, victim: Victim) {
    let passes = if victim == Victim::Loop { Vec::new() } else { running.children() };
    passes.iter().for_each(|pid| send(*pid, Signal::KILL));
    if victim != Victim::Pass {
        running.signal(Signal::KILL);
    }
    until("the pass is dead", 5, || !passes.iter().any(|pid| is_alive(*pid)));
}

/// Whether nicup recorded an accepted address.
fn is_recorded(r: &Router) -> bool {
    r.exists(RECORDS) && r.read(RECORDS).contains("203.0.113.7")
}

/// After a restart the record is right, and if nicup sent twice, 10 s lie between the requests.
fn is_right_after_all(r: &Router, recorded: bool, what: &str) -> usize {
    until(what, 30, || shows(r, "current", "203.0.113.7"));
    assert!(r.read(RECORDS).contains("203.0.113.7"), "{what}");
    let requests = r.sim.requests();
    assert_eq!(r.requests(), requests.len());
    if let [first, second] = requests.as_slice() {
        assert!(!recorded, "{what}: it was recorded already");
        let gap = second.at.saturating_sub(first.at);
        // The wait began before the request was sent.
        assert!(gap > Duration::from_secs(9), "{what}: {gap:?}");
    }
    assert!((1..=2).contains(&requests.len()), "{what}: {} requests", requests.len());
    requests.len()
}

#[test]
fn at_any_moment() {
    let Some(r) = alone("kills::at_any_moment") else { return };
    drop(r);
    let moments: Vec<u64> =
        if long() { (0..60).map(|n| n * 7).collect() } else { vec![0, 20, 45, 70, 110, 160] };
    let (mut twice, mut all) = (0, 0);
    // After an interruption nicup waits 10 s, so several run at once.
    for some in moments.chunks(6) {
        let threads: Vec<_> = some
            .iter()
            .flat_map(|millis| [Victim::Loop, Victim::Pass, Victim::Both].map(|victim| (victim, *millis)))
            .map(|(victim, millis)| std::thread::spawn(move || one(victim, millis)))
            .collect();
        for thread in threads {
            twice += usize::from(thread.join().unwrap() == 2);
            all += 1;
        }
    }
    say(&format!("{all} kills at different moments: {twice} led to one more request"));
}

fn one(victim: Victim, millis: u64) -> usize {
    let what = format!("{victim:?} after {millis} ms");
    let r = Router::new("kills::at_any_moment").unwrap();
    r.answers(&["delay:40:normal"]);
    let mut running = start(&r, &["watch"], &[]);
    nap(millis);
    kill(&running, victim);
    let recorded = is_recorded(&r);
    if victim != Victim::Pass {
        running.ended();
        running = watch(&r);
    } else {
        assert!(running.is_running(), "{what}");
    }
    let requests = is_right_after_all(&r, recorded, &what);
    until("no child is left", 5, || running.children().is_empty());
    requests
}

/// Whether a file exists and contains the text.
fn says(r: &Router, file: &str, text: &str) -> bool {
    r.exists(file) && r.read(file).contains(text)
}

#[test]
fn between_the_request_and_the_record() {
    let Some(r) = alone("kills::between_the_request_and_the_record") else { return };
    drop(r);
    let threads = [Victim::Pass, Victim::Both, Victim::Loop].map(|victim| {
        std::thread::spawn(move || {
            let what = format!("{victim:?}");
            let r = Router::new("kills::between_the_request_and_the_record").unwrap();
            r.answers(&["delay:1000:normal"]);
            let mut running = start(&r, &["watch"], &[]);
            assert!(r.sim.wait_for(1, Duration::from_secs(10)));
            kill(&running, victim);
            if victim != Victim::Pass {
                running.ended();
                running = watch(&r);
            }
            if victim != Victim::Loop {
                until("it is said", 5, || says(&r, STATE, "unconfirmed") || victim == Victim::Pass);
            }
            // A pass whose loop was killed goes on, and the next one waits for it.
            let requests = is_right_after_all(&r, false, &what);
            assert_eq!(requests, if victim == Victim::Loop { 1 } else { 2 }, "{what}");
            until("no child is left", 5, || running.children().is_empty());
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn between_the_record_and_the_end_of_the_attempt() {
    const STORY: &str = "kills::between_the_record_and_the_end_of_the_attempt";
    let Some(r) = alone(STORY) else { return };
    let Some(strace) = tool("strace") else { return skip(STORY, "no strace") };
    // A pass replaces attempts.json, sends, replaces records.json and state.json, removes attempts.json, and replaces
    // status.json. strace kills it before the Nth replacement.
    let killed = |call: &str, when: usize| {
        let kill = format!("inject={call}:error=EIO:signal=KILL:when={when}");
        let program = ["--root", r.root.to_str().unwrap(), "run"];
        let arguments = [&["-qq", "-o", "/dev/null", "-e", &kill, NICUP], program.as_slice()].concat();
        r.command(&strace, &arguments).status().unwrap();
    };
    let killed_before = |replaced| killed("?rename,?renameat,?renameat2", replaced);
    let under_way = || r.exists(ATTEMPTS);
    killed_before(3);
    assert!(is_recorded(&r) && under_way() && !r.exists(STATUS));
    r.pass(0);
    r.shows(HOME, "current", "good");
    assert_eq!((r.requests(), r.status().events.len()), (1, 1));
    // Now the next address, and a loop after the kill.
    r.move_to("203.0.113.7", "203.0.113.8");
    killed_before(3);
    assert!(r.read(RECORDS).contains("203.0.113.8") && under_way());
    let running = watch(&r);
    assert!(shows(&r, "current", "203.0.113.8"), "{:?}", r.host(HOME));
    running.stop();
    assert_eq!(r.requests(), 2);
    // Before the record, the outcome is unknown: nicup sends once more, after 10 s.
    r.move_to("203.0.113.8", "203.0.113.9");
    killed_before(2);
    assert!(!r.read(RECORDS).contains("203.0.113.9") && under_way());
    r.pass(1);
    let host = r.shows(HOME, "waiting", "unconfirmed");
    let wait = host.next_attempt_uptime.unwrap() - r.status().uptime;
    assert!((7..=11).contains(&wait), "{wait}");
    // After the attempt is closed, only status.json is outdated.
    r.back_off_is_over();
    killed_before(4);
    assert!(!under_way());
    r.pass(0);
    assert_eq!((r.requests(), r.host(HOME).registered_ipv4.as_deref()), (4, Some("203.0.113.9")));
    // Once the state is written, the note in attempts.json adds nothing.
    r.move_to("203.0.113.9", "203.0.113.10");
    killed("?unlink,?unlinkat", 1);
    assert!(under_way());
    let state = r.read(STATE);
    r.pass(0);
    assert_eq!((r.requests(), r.status().events.len(), under_way()), (5, 5, false));
    assert_eq!(r.read(STATE), state);
}

#[test]
fn after_the_record() {
    let Some(r) = alone("kills::after_the_record") else { return };
    for victim in [Victim::Loop, Victim::Both] {
        let running = watch(&r);
        is_current(&r, "203.0.113.7");
        kill(&running, victim);
        running.ended();
    }
    let running = watch(&r);
    nap(500);
    r.shows(HOME, "current", "good");
    drop(running);
    assert_eq!(r.requests(), 1);
}
