//! Passes that crash, hang or cannot do their work: the loop reports it once, and never becomes a tight loop.

use crate::common::{ATTEMPTS, CONFIG, Router, STATUS, patience, slack};
use crate::place::{alone, is_current, left_out, long, nap, send, start, until, watch};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// Waits for a log line with these words.
fn reported(r: &Router, words: &str) {
    until(words, 5, || r.syslog.take().iter().any(|line| line.contains(words)));
}

#[test]
fn the_log_can_be_read_while_others_write_to_it() {
    let Some(r) = alone("crashes::the_log_can_be_read_while_others_write_to_it") else { return };
    let socket = r.root.join("dev/log");
    let others = std::thread::spawn(move || {
        let sender = std::os::unix::net::UnixDatagram::unbound().unwrap();
        for n in 0..20_000 {
            sender.send_to(n.to_string().as_bytes(), &socket).unwrap();
        }
    });
    let mut read = Vec::new();
    while !others.is_finished() {
        read.extend(r.syslog.take());
    }
    read.extend(r.syslog.take());
    assert_eq!(read, (0..20_000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_crash_is_reported_with_its_signal_and_backed_off() {
    let Some(r) = alone("crashes::a_crash_is_reported_with_its_signal_and_backed_off") else { return };
    r.answers(&["hang:request"]);
    r.configure("option timeout '30'");
    let mut running = start(&r, &["watch"], &[]);
    assert!(r.sim.wait_for(1, patience()));
    let begun = Instant::now();
    running.children().into_iter().for_each(|pid| send(pid, Signal::ABORT));
    reported(&r, "a pass was ended by signal 6; the next one starts in 10 s");
    // Events do not shorten the back-off.
    for last in 8..13 {
        r.move_to(&format!("203.0.113.{}", last - 1), &format!("203.0.113.{last}"));
        nap(400);
        assert!(running.children().is_empty() && running.is_running());
    }
    is_current(&r, "203.0.113.12");
    assert!(begun.elapsed() > Duration::from_secs(9), "{:?}", begun.elapsed());
    assert_eq!(r.requests(), 2);
    // After a successful pass, the back-off no longer applies.
    r.move_to("203.0.113.12", "203.0.113.13");
    let begun = Instant::now();
    is_current(&r, "203.0.113.13");
    assert!(begun.elapsed() < slack(2000));
}

#[test]
fn a_user_may_hurry_a_pass_that_crashed() {
    let Some(r) = alone("crashes::a_user_may_hurry_a_pass_that_crashed") else { return };
    // The configuration names a directory that cannot be created.
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    r.write("var/block", "");
    let usual = r.read(CONFIG);
    r.config(&format!("config nicup 'main'\n\toption run_dir '/var/block/nicup'\n{usual}"));
    running.signal(Signal::USR1);
    reported(&r, "a pass ended early with status 1; the next one starts in 10 s");
    r.config(&usual);
    let before = r.stamp(STATUS);
    running.signal(Signal::USR1);
    until("a pass", 2, || r.stamp(STATUS) != before);
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_disk_that_is_full_makes_no_tight_loop() {
    let Some(r) = alone("crashes::a_disk_that_is_full_makes_no_tight_loop") else { return };
    // No user, not even root, can replace a folder with a file.
    let aside = "etc/nicup/attempts.json";
    [ATTEMPTS, aside].iter().for_each(|file| r.write(&format!("{file}/in-the-way"), ""));
    let running = watch(&r);
    let (mut passes, mut last) = (0, None);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(11) {
        let stamp = Some(r.stamp(STATUS));
        passes += usize::from(stamp != last);
        last = stamp;
        nap(20);
    }
    assert!((2..=4).contains(&passes), "{passes} passes in 11 s");
    assert!(r.problems().iter().any(|problem| problem.contains("attempts.json")), "{:?}", r.problems());
    [ATTEMPTS, aside].iter().for_each(|file| std::fs::remove_dir_all(r.root.join(file)).unwrap());
    is_current(&r, "203.0.113.7");
    drop(running);
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_pass_that_hangs_is_ended_and_reported() {
    const STORY: &str = "crashes::a_pass_that_hangs_is_ended_and_reported";
    let Some(r) = alone(STORY) else { return };
    if !long() {
        return left_out(STORY, "its deadline is 37 s; told with NICUP_LONG=1");
    }
    r.configure("option timeout '1'");
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    r.answers(&["hang:request"]);
    r.move_to("203.0.113.7", "203.0.113.8");
    assert!(r.sim.wait_for(2, patience()));
    running.children().into_iter().for_each(|pid| send(pid, Signal::STOP));
    until("its end", 50, || running.children().is_empty());
    reported(&r, "a pass took longer than 37 s and was killed; the next one starts in 10 s");
    is_current(&r, "203.0.113.8");
}
