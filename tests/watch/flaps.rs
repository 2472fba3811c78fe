//! Thousands of events, and how long one takes.

use crate::common::{HOME, STATE, STATUS, patience};
use crate::place::{Running, alone, alone_with, batch, is_current, nap, say, shows, start, until, watch};
use noip_simulator::{Account, Options, TEST_PASSWORD, TEST_USERNAME};
use rustix::process::Signal;
use std::time::{Duration, Instant};

fn median(mut times: Vec<Duration>) -> u128 {
    times.sort_unstable();
    times[times.len() / 2].as_millis()
}

#[test]
fn an_address_is_at_the_server_within_a_second() {
    let Some(r) = alone("flaps::an_address_is_at_the_server_within_a_second") else { return };
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    let (mut requests, mut answers) = (Vec::new(), Vec::new());
    for last in 8..28 {
        // The state is removed because twenty changes in a row would exceed the rate limit, which is not under test
        // here.
        std::fs::remove_file(r.root.join(STATE)).unwrap();
        let (old, new) = (format!("203.0.113.{}", last - 1), format!("203.0.113.{last}"));
        r.address(&format!("del {old}/32"));
        let begun = Instant::now();
        r.address(&format!("add {new}/32"));
        assert!(r.sim.wait_for(last - 6, patience()), "{new}");
        requests.push(begun.elapsed());
        until("the answer", 5, || shows(&r, "current", &new));
        answers.push(begun.elapsed());
        until("the end of the pass", 5, || running.children().is_empty());
    }
    let (request, answer) = (median(requests), median(answers));
    say(&format!("from ip addr add to the request {request} ms, to the answer {answer} ms (medians of 20)"));
    assert!(request < 1000);
    assert_eq!(r.requests(), 21);
}

#[test]
fn ten_thousand_events_on_other_devices_start_no_pass() {
    let Some(r) = alone("flaps::ten_thousand_events_on_other_devices_start_no_pass") else { return };
    batch("link add lan0 type veth peer name lan1\nlink set lan0 up\nlink set lan1 up\n");
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    nap(500);
    let (before, cpu, begun) = (r.stamp(STATUS), running.cpu(), Instant::now());
    for tick in 0..100_u64 {
        let pair = |n| format!("addr add 192.0.2.{n}/32 dev lan0\naddr del 192.0.2.{n}/32 dev lan0\n");
        batch(&(0..50).map(pair).collect::<String>());
        nap(((tick + 1) * 100).saturating_sub(u64::try_from(begun.elapsed().as_millis()).unwrap()));
    }
    let (took, during) = (begun.elapsed(), running.cpu() - cpu);
    nap(1000);
    let after = running.cpu();
    nap(4000);
    let after = running.cpu() - after;
    assert_eq!((r.stamp(STATUS), r.requests()), (before, 1));
    say(&format!(
        "10,000 events on another device in {} ms: no pass, {} ms of processor time, {} ms in the 4 s after",
        took.as_millis(),
        during.as_millis(),
        after.as_millis()
    ));
    assert!(after <= Duration::from_millis(40), "1 %: {after:?}");
}

#[test]
fn a_thousand_devices_come_at_once() {
    let hosts: Vec<String> = (0..50).map(|n| format!("host{n}.example.net")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let account = Account::new(TEST_USERNAME, TEST_PASSWORD, &hosts);
    let options = Options { accounts: vec![account], ..Options::default() };
    let Some(r) = alone_with("flaps::a_thousand_devices_come_at_once", options) else { return };
    let service = |n: usize| {
        let lines = format!("option device 'lan{n}'\nlist hostname 'host{n}.example.net'\n");
        r.service(&format!("s{n}"), &lines)
    };
    r.config(&(0..50).map(service).collect::<String>());
    let running = watch(&r);
    until("the end of the pass", 5, || running.children().is_empty());
    let cpu = running.cpu();
    let pair = |n: usize| {
        format!(
            "link add lan{n} type veth peer name peer-lan{n}\nlink set lan{n} up\n\
             addr add 198.51.100.{}/32 dev lan{n}\n",
            n % 250
        )
    };
    batch(&(0..500).map(pair).collect::<String>());
    let all_current = || {
        let services = r.status().services;
        services.len() == 50 && services.iter().all(|service| service.hosts[0].state == "current")
    };
    until("all are current", 30, all_current);
    until("the end of the pass", 5, || running.children().is_empty());
    nap(3500);
    assert_eq!(r.requests(), 50, "one for each");
    say(&format!(
        "1,000 devices at once, 50 of them ours: {} ms of the loop's own",
        (running.cpu() - cpu).as_millis()
    ));
    assert!(running.cpu() - cpu < Duration::from_secs(1));
}

#[test]
fn a_thousand_flaps_of_the_address_are_rate_limited() {
    let Some(r) = alone("flaps::a_thousand_flaps_of_the_address_are_rate_limited") else { return };
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    let begun = Instant::now();
    let mut at = 7;
    for flap in 0..1000_u64 {
        let next = 8 + (flap % 200);
        batch(&format!(
            "addr add 203.0.113.{next}/32 dev {0}\naddr del 203.0.113.{at}/32 dev {0}\n",
            r.device
        ));
        at = next;
        nap(((flap + 1) * 10).saturating_sub(u64::try_from(begun.elapsed().as_millis()).unwrap()));
    }
    let took = begun.elapsed();
    let last = format!("203.0.113.{at}");
    until("the last address is seen", 10, || r.service_status("home").ipv4.as_deref() == Some(&last));
    // Separate changes, until the rate limit's five are used up.
    for more in 210..216 {
        r.move_to(&format!("203.0.113.{at}"), &format!("203.0.113.{more}"));
        at = more;
        let seen = format!("203.0.113.{at}");
        until("it is seen", 5, || r.service_status("home").ipv4.as_deref() == Some(&seen));
    }
    let last = format!("203.0.113.{at}");
    let host = r.host(HOME);
    assert_eq!((host.state.as_str(), host.code.as_deref()), ("waiting", Some("storm")), "{host:?}");
    assert_eq!(r.requests(), 1 + 5, "the first, and five changes");
    let wait = host.next_attempt_uptime.unwrap() - r.status().uptime;
    assert!((250..=300).contains(&wait), "{wait}");
    say(&format!("1,000 flaps in {} ms: 5 requests, then one in {wait} s", took.as_millis()));
    running.stop();
    // 5 min later, by the clock of a new process.
    let later = |seconds: &str, arguments: &[&str]| {
        let root = r.root.to_str().unwrap();
        let shift = ["--fork", "--time", "--boottime", seconds, crate::common::NICUP, "--root", root];
        r.command("/usr/bin/unshare", &[&shift, arguments].concat()).status().unwrap().code()
    };
    assert_eq!(later("240", &["run"]), Some(1));
    assert_eq!(r.requests(), 6);
    assert_eq!(later("301", &["run", "--wait"]), Some(0));
    assert_eq!((r.requests(), r.sim.registered(HOME).0), (7, last.parse().ok()));
}

#[test]
fn what_the_kernel_could_not_say_is_looked_at() {
    let Some(r) = alone("flaps::what_the_kernel_could_not_say_is_looked_at") else { return };
    batch("link add lan0 type veth peer name lan1\nlink set lan0 up\n");
    let running = watch(&r);
    is_current(&r, "203.0.113.7");
    running.signal(Signal::STOP);
    let flood = |n: usize| {
        let pair = |n: usize| {
            format!("addr add 192.0.2.{0}/32 dev lan0\naddr del 192.0.2.{0}/32 dev lan0\n", n % 250)
        };
        batch(&(0..n).map(pair).collect::<String>());
    };
    flood(3000);
    r.move_to("203.0.113.7", "203.0.113.8");
    flood(10);
    let before = r.stamp(STATUS);
    running.signal(Signal::CONT);
    is_current(&r, "203.0.113.8");
    assert_ne!(r.stamp(STATUS), before);
    // The loop also receives later events.
    r.move_to("203.0.113.8", "203.0.113.9");
    is_current(&r, "203.0.113.9");
    assert_eq!(r.requests(), 3);
}

#[test]
fn an_event_while_run_wait_ends_is_answered() {
    let Some(r) = alone("flaps::an_event_while_run_wait_ends_is_answered") else { return };
    r.pass(0);
    let mut at = 7;
    for round in 0..8_u64 {
        // The event can come at any moment of the last pass. `run --wait` handles it, or exits first.
        let _ = std::fs::remove_file(r.root.join(STATE));
        let running: Running = start(&r, &["run", "--wait"], &[]);
        nap(round * 8);
        // An address always exists: without one, `run --wait` would exit, too.
        r.address(&format!("add 203.0.113.{}/32", at + 1));
        r.address(&format!("del 203.0.113.{at}/32"));
        at += 1;
        // What a hotplug script would do for this event.
        let ifup = [("ACTION", "ifupdate"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
        let other = start(&r, &["run", "--wait", "--hotplug"], &ifup);
        assert_eq!((running.ended().exit, other.ended().exit), (0, 0));
        assert!(shows(&r, "current", &format!("203.0.113.{at}")), "round {round}: {:?}", r.host(HOME));
    }
    assert_eq!(r.requests(), 9);
}
