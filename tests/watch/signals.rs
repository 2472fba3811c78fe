//! Starting, stopping and waking: TERM, INT, USR1, a second loop, `run --wait`, hotplug.

use crate::common::{HOME, OFFICE, RECORDS, Router, STATUS, patience, slack};
use crate::place::{alone, is_current, nap, say, shows, start, until, watch};
use noip_simulator::CertKind;
use rustix::process::Signal;
use std::time::{Duration, Instant};

#[test]
fn the_loop_sends_at_its_start_and_stops_at_once() {
    let Some(r) = alone("signals::the_loop_sends_at_its_start_and_stops_at_once") else { return };
    for signal in [Signal::TERM, Signal::INT] {
        let running = watch(&r);
        is_current(&r, "203.0.113.7");
        assert_eq!(r.read("var/run/nicup/loop.lock"), format!("{}\n", running.pid));
        let begun = Instant::now();
        running.signal(signal);
        let ran = running.ended();
        assert_eq!((ran.exit, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
        assert!(begun.elapsed() < slack(500), "{:?}", begun.elapsed());
    }
    assert_eq!((r.requests(), r.status().mode.as_str()), (1, "watch"));
}

#[test]
fn next_attempt_is_what_the_loop_sleeps_on() {
    let Some(r) = alone("signals::next_attempt_is_what_the_loop_sleeps_on") else { return };
    r.answers(&["cut-before-handshake:rst"]);
    let running = watch(&r);
    until("a failure", 10, || r.host(HOME).state == "waiting");
    let next = r.host(HOME).next_attempt_uptime.unwrap();
    is_current(&r, "203.0.113.7");
    let now = r.status().uptime;
    assert!((next..=next + 2).contains(&now), "at {now} in place of {next}");
    drop(running);
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_pass_now() {
    let Some(r) = alone("signals::a_pass_now") else { return };
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    for _ in 0..3 {
        let before = r.stamp(STATUS);
        running.signal(Signal::USR1);
        let begun = Instant::now();
        until("another pass", 5, || r.stamp(STATUS) != before);
        assert!(begun.elapsed() < slack(1000), "{:?}", begun.elapsed());
    }
    // While a pass runs, the one after it handles the signal.
    r.answers(&["delay:1000:normal"]);
    r.move_to("203.0.113.7", "203.0.113.8");
    assert!(r.sim.wait_for(2, patience()));
    r.configure(&format!("list hostname '{OFFICE}'"));
    running.signal(Signal::USR1);
    assert!(r.sim.wait_for(3, slack(3000)));
    let sent: Vec<_> = r.sim.requests().into_iter().map(|request| request.hostnames.join(",")).collect();
    assert_eq!((sent, r.requests()), (vec![HOME.to_owned(), HOME.to_owned(), OFFICE.to_owned()], 3));
    is_current(&r, "203.0.113.8");
}

#[test]
fn a_pass_that_is_about_to_end_may_end_after_a_stop_request() {
    let Some(r) = alone("signals::a_pass_that_is_about_to_end_may_end_after_a_stop_request") else { return };
    r.answers(&["delay:1500:normal"]);
    let running = start(&r, &["watch"], &[]);
    assert!(r.sim.wait_for(1, patience()));
    let (ran, took) = running.stop();
    assert_eq!(ran.exit, 0);
    assert!((Duration::from_millis(800)..Duration::from_secs(3)).contains(&took), "{took:?}");
    assert!(shows(&r, "current", "203.0.113.7") && r.read(RECORDS).contains("203.0.113.7"));
    r.pass(0);
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_pass_that_hangs_is_ended_after_a_stop_request() {
    let Some(r) = alone("signals::a_pass_that_hangs_is_ended_after_a_stop_request") else { return };
    r.configure("option timeout '30'");
    r.answers(&["hang:request"]);
    let running = start(&r, &["watch"], &[]);
    assert!(r.sim.wait_for(1, patience()));
    let (ran, took) = running.stop();
    assert_eq!(ran.exit, 0);
    // procd kills after 5 s.
    assert!((Duration::from_millis(2900)..Duration::from_millis(4800)).contains(&took), "{took:?}");
    // The outcome of the request is unknown: the next pass reports that, and waits.
    r.pass(1);
    let host = r.shows(HOME, "waiting", "unconfirmed");
    assert!(host.next_attempt.is_some());
    assert_eq!(r.requests(), 1);
}

/// The number of processes that run for this router.
fn processes(r: &Router) -> usize {
    let root = r.root.to_str().unwrap();
    let lines = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = lines.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(root)).count()
}

#[test]
fn the_loop_obeys_a_stop_request_at_any_moment_of_its_start() {
    let Some(r) = alone("signals::the_loop_obeys_a_stop_request_at_any_moment_of_its_start") else { return };
    r.answers(&["delay:40:normal"; 40]);
    let (mut early, mut all) = (0, 0);
    for micros in (0..60_000).step_by(1500) {
        let mut running = start(&r, &["watch"], &[]);
        std::thread::sleep(Duration::from_micros(micros));
        running.signal(Signal::TERM);
        let end = Instant::now() + slack(2000);
        while running.is_running() {
            assert!(Instant::now() < end, "after {micros} µs");
        }
        assert_eq!(processes(&r), 0, "after {micros} µs");
        // Before nicup installs its handler, the signal kills it.
        let ran = running.ended();
        assert!(ran.exit == 0 || ran.exit == -1, "{ran:?} after {micros} µs");
        early += usize::from(ran.exit == -1);
        all += 1;
    }
    assert!(early < all, "none of them listened");
    let _running = watch(&r);
    is_current(&r, "203.0.113.7");
    assert_eq!(r.requests(), 1, "what was begun was ended, and written down");
}

#[test]
fn there_is_one_loop() {
    let Some(r) = alone("signals::there_is_one_loop") else { return };
    let mut running = watch(&r);
    is_current(&r, "203.0.113.7");
    let second = r.run(&["watch"]);
    assert_eq!(second.exit, 1);
    let wanted = format!("nicup: nicup is running already (pid {}): nicup resume wakes it\n", running.pid);
    assert_eq!(second.err, wanted);
    let mut wakes = |arguments: &[&str], event: &[(&str, &str)], wakes: bool| {
        let before = r.stamp(STATUS);
        let ran = start(&r, arguments, event).ended();
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""), "{arguments:?} {event:?}");
        if wakes {
            until("a pass", 5, || r.stamp(STATUS) != before);
        } else {
            nap(500);
            assert_eq!(r.stamp(STATUS), before, "{arguments:?} {event:?}");
        }
        assert!(running.is_running());
    };
    let ifup = |device| [("ACTION", "ifup"), ("INTERFACE", "wan"), ("DEVICE", device)];
    wakes(&["run", "--wait"], &[], true);
    wakes(&["run", "--hotplug"], &ifup(&r.device), true);
    wakes(&["run", "--wait", "--hotplug"], &ifup(&r.device), true);
    wakes(&["run", "--wait", "--hotplug"], &[("ACTION", "stratum")], true);
    nap(500);
    wakes(&["run", "--wait", "--hotplug"], &ifup("br-lan"), false);
    wakes(&["run", "--hotplug"], &[("ACTION", "connected"), ("DEVICE", &r.device)], false);
    wakes(&["resume"], &[], true);
    // A killed loop no longer counts, even if its lock file remains.
    running.signal(Signal::KILL);
    running.ended();
    let ran = r.run(&["run", "--wait"]);
    assert_eq!((ran.exit, r.requests()), (0, 1));
}

#[test]
fn watch_takes_over_from_run_wait() {
    let Some(r) = alone("signals::watch_takes_over_from_run_wait") else { return };
    // As at boot: the WAN's event comes before the service, and the clock is not set yet.
    r.sim.use_certificate(CertKind::NotYetValid).unwrap();
    let waiting = start(&r, &["run", "--wait"], &[]);
    until("the clock", 10, || r.exists(STATUS) && r.host(HOME).code.as_deref() == Some("clock"));
    assert_eq!(r.read("var/run/nicup/loop.lock"), format!("{}\nrun --wait\n", waiting.pid));
    let mut running = watch(&r);
    assert_eq!(waiting.ended().exit, 1, "something was to be tried again");
    assert_eq!(r.read("var/run/nicup/loop.lock"), format!("{}\n", running.pid));
    assert!(running.is_running() && r.status().mode == "watch");
    r.sim.use_certificate(CertKind::Good).unwrap();
    assert_eq!(start(&r, &["run", "--wait", "--hotplug"], &[("ACTION", "step")]).ended().exit, 0);
    is_current(&r, "203.0.113.7");
}

#[test]
fn twenty_events_in_a_second_are_two_passes() {
    let Some(r) = alone("signals::twenty_events_in_a_second_are_two_passes") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    nap(400);
    // Each pass makes one call of ubus.
    let before = r.netifd.calls().len();
    let update = [("ACTION", "ifupdate"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
    let mut slow = 0;
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(start(&r, &["run", "--wait", "--hotplug"], &update).ended().exit, 0);
        nap(10);
        // On a busy machine, the pause between two events can exceed the debounce time.
        slow += usize::from(begun.elapsed() > Duration::from_millis(200));
    }
    nap(1000);
    let passes = r.netifd.calls().len() - before;
    assert!((1..=2 + slow).contains(&passes), "{passes} passes, {slow} times slow");
    drop(running);
    assert_eq!(r.requests(), 1);
}

#[test]
fn looking_for_a_loop_does_not_keep_one_from_starting() {
    let Some(r) = alone("signals::looking_for_a_loop_does_not_keep_one_from_starting") else { return };
    r.pass(0);
    let ifup = [("ACTION", "ifup"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
    for _ in 0..10 {
        // Each of them looks for a loop. One of them becomes the loop, and the others find it or its result.
        let all: Vec<_> = (0..6).map(|_| start(&r, &["run", "--wait", "--hotplug"], &ifup)).collect();
        for one in all {
            let ran = one.ended();
            assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
        }
        // A loop that starts among them is woken by them, and not stopped.
        let mut running = start(&r, &["watch"], &[]);
        let some: Vec<_> = (0..4).map(|_| start(&r, &["run", "--wait", "--hotplug"], &ifup)).collect();
        some.into_iter().for_each(|one| assert_eq!(one.ended().exit, 0));
        // One of the four may have become the loop first; then the watch took over.
        assert!(running.is_running());
        let ran = running.stop().0;
        assert_eq!(ran.exit, 0, "{ran:?}");
    }
    assert_eq!(r.requests(), 1);
}

#[test]
fn run_wait_ends_when_nothing_is_open() {
    let Some(r) = alone("signals::run_wait_ends_when_nothing_is_open") else { return };
    assert_eq!(r.run(&["run", "--wait"]).exit, 0);
    is_current(&r, "203.0.113.7");
    // Without an address there is nothing to wait for: the event of a new address starts nicup again.
    r.address("del 203.0.113.7/32");
    assert_eq!(r.run(&["run", "--wait"]).exit, 1);
    // `run --wait` waits after a failure, and handles events meanwhile.
    r.address("add 203.0.113.8/32");
    r.answers(&["cut-before-handshake:rst"]);
    let begun = Instant::now();
    assert_eq!(r.run(&["run", "--wait"]).exit, 0);
    let took = begun.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(10) + slack(3000)).contains(&took), "{took:?}");
    assert_eq!((r.requests(), r.host(HOME).registered_ipv4.as_deref()), (2, Some("203.0.113.8")));
    // `run --wait` does not wait for the end of a stop, but it does for the end of an outage.
    r.answers(&["body:nohost", "body:911"]);
    r.move_to("203.0.113.8", "203.0.113.9");
    assert_eq!(r.run(&["run", "--wait"]).exit, 4);
    assert_eq!(r.run(&["resume"]).exit, 0);
    let mut running = start(&r, &["run", "--wait"], &[]);
    until("the outage", 5, || r.host(HOME).code.as_deref() == Some("911"));
    nap(300);
    assert!(running.is_running());
    assert_eq!(running.stop().0.exit, 1);
}

#[test]
fn run_wait_that_an_event_started_waits_for_the_other_family() {
    let Some(r) = alone("signals::run_wait_that_an_event_started_waits_for_the_other_family") else { return };
    r.configure("option family 'both'");
    let ifup = [("ACTION", "ifup"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
    let running = start(&r, &["run", "--wait", "--hotplug"], &ifup);
    nap(2000);
    r.address("add 2001:db8::7/64 nodad");
    assert_eq!(running.ended().exit, 0);
    let sent: Vec<_> = r.sim.requests().into_iter().map(|request| request.myip.unwrap()).collect();
    assert_eq!((sent, r.requests()), (vec!["203.0.113.7,2001:db8::7".to_owned()], 1));
}

#[test]
fn ntp_wakes_what_waits_for_the_clock() {
    let Some(r) = alone("signals::ntp_wakes_what_waits_for_the_clock") else { return };
    r.sim.use_certificate(CertKind::NotYetValid).unwrap();
    let running = watch(&r);
    r.shows(HOME, "waiting", "clock");
    r.sim.use_certificate(CertKind::Good).unwrap();
    running.signal(Signal::USR1);
    nap(500);
    r.shows(HOME, "waiting", "clock");
    let begun = Instant::now();
    assert_eq!(start(&r, &["run", "--wait", "--hotplug"], &[("ACTION", "stratum")]).ended().exit, 0);
    is_current(&r, "203.0.113.7");
    say(&format!("from NTP's event to the answer: {} ms", begun.elapsed().as_millis()));
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_broken_configuration_is_reported_and_waited_for() {
    let Some(r) = alone("signals::a_broken_configuration_is_reported_and_waited_for") else { return };
    r.config("config service 'home\n");
    let mut running = watch(&r);
    assert!(r.problems()[0].starts_with("error /etc/config/nicup:1: parse error"), "{:?}", r.problems());
    assert_eq!(r.run(&["run", "--wait"]).exit, 0, "it woke the loop");
    assert!(running.is_running());
    r.configure("");
    running.signal(Signal::USR1);
    is_current(&r, "203.0.113.7");
    drop(running);
    r.config("config service 'home\n");
    assert_eq!(r.run(&["run", "--wait"]).exit, 3);
}
