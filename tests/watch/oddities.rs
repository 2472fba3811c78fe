//! Unlikely situations: full and missing folders, a configuration that breaks, conflicting options, a pass that ignores
//! signals.

use crate::common::{CONFIG, HOME, OFFICE, RECORDS, Router, STATUS, patience, slack};
use crate::place::{
    Running, alone, is_alive, is_current, left_out, long, nap, send, shows, start, until, watch,
};
use rustix::process::Signal;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

/// Mounts a full tmpfs of 64 KiB over a folder. Returns the file that fills it.
fn full(r: &Router, dir: &str) -> String {
    let path = r.root.join(dir);
    std::fs::create_dir_all(&path).unwrap();
    let options = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
    assert!(Command::new("mount").args(options).arg(path).status().unwrap().success());
    let filler = format!("{dir}/filler");
    assert!(std::fs::write(r.root.join(&filler), vec![0; 1 << 20]).is_err(), "it is full");
    filler
}

/// Its exit status, if it exits soon.
fn ends(mut running: Running) -> Option<i32> {
    let begun = Instant::now();
    while running.is_running() {
        if begun.elapsed() > slack(5000) {
            return None;
        }
        nap(20);
    }
    Some(running.ended().exit)
}

#[test]
fn a_full_tmpfs_keeps_no_loop_from_starting() {
    let Some(r) = alone("oddities::a_full_tmpfs_keeps_no_loop_from_starting") else { return };
    let filler = full(&r, "var/run/nicup");
    let flash = full(&r, "etc/nicup");
    let mut running = start(&r, &["watch"], &[]);
    nap(1500);
    assert!(running.is_running(), "{:?}", running.ended());
    assert_eq!(r.requests(), 0, "nothing is sent that could not be noted");
    // A second loop finds this one, which continues once there is space.
    let second = r.run(&["watch"]).err;
    assert_eq!(
        second,
        format!("nicup: nicup is running already (pid {}): nicup resume wakes it\n", running.pid)
    );
    for filler in [filler, flash] {
        std::fs::remove_file(r.root.join(filler)).unwrap();
    }
    is_current(&r, "203.0.113.7");
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_flash_that_is_full_or_gone_stops_no_update() {
    let Some(r) = alone("oddities::a_flash_that_is_full_or_gone_stops_no_update") else { return };
    let filler = full(&r, "etc/nicup");
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    assert!(r.problems().iter().any(|problem| problem.contains("records.json")), "{:?}", r.problems());
    std::fs::remove_file(r.root.join(filler)).unwrap();
    r.move_to("203.0.113.7", "203.0.113.8");
    is_current(&r, "203.0.113.8");
    assert!(r.read(RECORDS).contains("203.0.113.8"));
    assert_eq!(r.problems(), Vec::<String>::new());
    // The folder disappears.
    assert!(Command::new("umount").arg(r.root.join("etc/nicup")).status().unwrap().success());
    std::fs::remove_dir_all(r.root.join("etc/nicup")).unwrap();
    r.move_to("203.0.113.8", "203.0.113.9");
    is_current(&r, "203.0.113.9");
    assert!(r.read(RECORDS).contains("203.0.113.9"));
    running.stop();
    assert_eq!(r.requests(), 3);
}

#[test]
fn a_loop_for_one_service_does_not_wait_for_the_others() {
    let Some(r) = alone("oddities::a_loop_for_one_service_does_not_wait_for_the_others") else { return };
    let service = |name: &str, host: &str| {
        r.service(name, &format!("option device '{}'\nlist hostname '{host}'\n", r.device))
    };
    r.config(&(service("home", HOME) + &service("office", OFFICE)));
    let ended = ends(start(&r, &["run", "--wait", "--service", "home"], &[]));
    assert!(ended.is_some(), "it goes on, though home is settled");
    is_current(&r, "203.0.113.7");
    assert_eq!((r.host(OFFICE).state.as_str(), r.requests()), ("waiting", 1));
    // A resident loop for one service does not wait for the others either.
    let _running = start(&r, &["watch", "--service", "home"], &[]);
    nap(1000);
    r.move_to("203.0.113.7", "203.0.113.8");
    is_current(&r, "203.0.113.8");
    assert_eq!(r.requests(), 2);
}

#[test]
fn without_a_service_there_is_nothing_to_wait_for() {
    let Some(r) = alone("oddities::without_a_service_there_is_nothing_to_wait_for") else { return };
    for config in ["", "config nicup 'main'\n", "config nicup 'main'\n\toption enabled '0'\n"] {
        r.config(config);
        assert_eq!(ends(start(&r, &["run", "--wait"], &[])), Some(0), "{config}");
        let running = watch(&r);
        until("the end of the pass", 5, || running.children().is_empty());
        let (before, switches, cpu) = (r.stamp(STATUS), running.switches(), running.cpu());
        r.move_to("203.0.113.7", "203.0.113.7");
        nap(700);
        assert_eq!(r.stamp(STATUS), before, "{config}");
        assert!(running.switches() <= switches + 4, "{config}: two events are heard, and that is all");
        assert!(running.cpu() - cpu < Duration::from_millis(100), "{config}");
    }
    assert_eq!(r.requests(), 0);
}

#[test]
fn a_configuration_that_breaks_is_reported_and_a_correct_one_is_used() {
    let Some(r) = alone("oddities::a_configuration_that_breaks_is_reported_and_a_correct_one_is_used") else {
        return;
    };
    let mut running = watch(&r);
    is_current(&r, "203.0.113.7");
    let usual = r.read(CONFIG);
    r.config("config service 'home\n");
    r.move_to("203.0.113.7", "203.0.113.8");
    until("it is told", 5, || r.problems().iter().any(|problem| problem.contains("parse error")));
    assert!(running.is_running());
    // The devices are the same as before, and the loop handles the next event.
    r.config(&usual);
    r.move_to("203.0.113.8", "203.0.113.9");
    is_current(&r, "203.0.113.9");
    assert_eq!((r.requests(), r.problems()), (2, Vec::new()));
}

#[test]
fn a_loop_that_began_with_a_broken_configuration_gives_the_right_one_its_time() {
    const STORY: &str =
        "oddities::a_loop_that_began_with_a_broken_configuration_gives_the_right_one_its_time";
    let Some(r) = alone(STORY) else { return };
    if !long() {
        return left_out(STORY, "takes 33 s; told with NICUP_LONG=1");
    }
    r.config("config service 'home\n");
    let running = watch(&r);
    // Longer than the 30 s that the loop allows for a pass without requests.
    r.answers(&["delay:33000:normal"]);
    r.configure("option timeout '60'");
    running.signal(Signal::USR1);
    assert!(r.sim.wait_for(1, patience()));
    until("current", 45, || shows(&r, "current", "203.0.113.7"));
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_pass_that_ignores_signals_is_ended_after_a_stop_request() {
    let Some(r) = alone("oddities::a_pass_that_ignores_signals_is_ended_after_a_stop_request") else {
        return;
    };
    r.configure("option timeout '30'");
    r.answers(&["hang:request"]);
    let running = start(&r, &["watch"], &[]);
    assert!(r.sim.wait_for(1, patience()));
    let passes = running.children();
    assert_eq!(passes.len(), 1);
    send(passes[0], Signal::STOP); // the pass cannot handle TERM while it is stopped
    let (ran, took) = running.stop();
    assert_eq!(ran.exit, 0);
    assert!((Duration::from_millis(3900)..Duration::from_millis(4900)).contains(&took), "{took:?}");
    assert!(!is_alive(passes[0]));
}

#[test]
fn a_log_daemon_that_starts_again_hears_the_loop() {
    let Some(r) = alone("oddities::a_log_daemon_that_starts_again_hears_the_loop") else { return };
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    // The loop itself logs that its passes fail, because their directory cannot be created.
    r.write("var/block", "");
    r.config(&format!("config nicup 'main'\n\toption run_dir '/var/block/nicup'\n{}", r.read(CONFIG)));
    running.signal(Signal::USR1);
    until("the first word", 5, || r.syslog.take().iter().any(|line| line.contains("starts in 10 s")));
    let socket = r.root.join("dev/log");
    r.syslog.stop();
    until("its end", 5, || UnixDatagram::unbound().unwrap().send_to(b"", &socket).is_err());
    std::fs::remove_file(&socket).unwrap();
    let daemon = UnixDatagram::bind(&socket).unwrap();
    daemon.set_read_timeout(Some(slack(5000))).unwrap();
    running.signal(Signal::USR1);
    let mut line = [0; 1000];
    let length = daemon.recv(&mut line).unwrap();
    let line = String::from_utf8_lossy(&line[..length]);
    assert!(line.contains("the next one starts in 30 s"), "{line}");
}

#[test]
fn another_process_with_the_pid_of_a_dead_loop_gets_no_signal() {
    let Some(r) = alone("oddities::another_process_with_the_pid_of_a_dead_loop_gets_no_signal") else {
        return;
    };
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    running.signal(Signal::KILL);
    running.ended();
    let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
    let ifup = [("ACTION", "ifup"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
    for (arguments, event) in [
        (["run", "--wait"].as_slice(), [].as_slice()),
        (&["run", "--wait", "--hotplug"], &ifup),
        (&["run", "--hotplug"], &ifup),
        (&["resume"], &[]),
    ] {
        r.write("var/run/nicup/loop.lock", format!("{}\n", stranger.id()));
        let before = r.stamp(STATUS);
        assert_eq!(start(&r, arguments, event).ended().exit, 0);
        assert_ne!(r.stamp(STATUS), before, "{arguments:?} did it itself");
    }
    // USR1 would have killed it.
    assert_eq!(stranger.try_wait().unwrap(), None);
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_reader_of_the_log_that_goes_away_ends_no_pass() {
    let Some(r) = alone("oddities::a_reader_of_the_log_that_goes_away_ends_no_pass") else { return };
    let mut run = r.start(&["run", "--verbose"], &[]);
    drop(run.stderr.take());
    assert_eq!(run.wait().unwrap().code(), Some(0));
    let mut running = r.start(&["watch", "--verbose"], &[]);
    drop(running.stderr.take());
    let running = Running::of(running);
    r.move_to("203.0.113.7", "203.0.113.8");
    is_current(&r, "203.0.113.8");
    running.stop();
    assert_eq!((r.requests(), r.problems()), (2, Vec::new()));
}
