//! What a response changes beyond its own host: for other hosts, logins and servers, and for later waits.

use crate::common::{HOME, OFFICE, Router, STATE};
use noip_simulator::{Account, Options, TEST_PASSWORD, TEST_USERNAME};
use std::time::{Duration, Instant};

/// Two services with separate logins. A response to the first may concern the second.
fn two_services(story: &str, second_user: &str) -> Option<Router> {
    let accounts = vec![
        Account::new(TEST_USERNAME, TEST_PASSWORD, &[HOME, OFFICE]),
        Account::new("key2", TEST_PASSWORD, &[OFFICE]),
    ];
    let r = Router::with(story, Options { accounts, ..Options::default() })?;
    let device = format!("option device '{}'", r.device);
    let first = r.service("home", &format!("{device}\nlist hostname '{HOME}'"));
    let second = format!("{device}\nlist hostname '{OFFICE}'\noption username '{second_user}'");
    r.config(&(first + &r.service("work", &second)));
    Some(r)
}

#[test]
fn badauth_leaves_the_other_login_alone() {
    let Some(r) = two_services("badauth_leaves_the_other_login_alone", "key2") else { return };
    r.answers(&["words:badauth"]);
    r.pass(4);
    r.shows(HOME, "stopped", "badauth");
    r.shows(OFFICE, "current", "good");
}

#[test]
fn abuse_stops_every_service_of_the_user() {
    let Some(r) = two_services("abuse_stops_every_service_of_the_user", TEST_USERNAME) else { return };
    r.answers(&["words:abuse"]);
    r.pass(4);
    r.shows(HOME, "stopped", "abuse");
    r.shows(OFFICE, "stopped", "abuse");
    assert_eq!(r.requests(), 1);
}

#[test]
fn abuse_leaves_another_user_alone() {
    let Some(r) = two_services("abuse_leaves_another_user_alone", "key2") else { return };
    r.answers(&["words:abuse"]);
    r.pass(4);
    r.shows(OFFICE, "current", "good");
}

#[test]
fn an_outage_and_a_refused_agent_hold_every_login_of_the_server() {
    let Some(r) = two_services("an_outage_and_a_refused_agent_hold_every_login_of_the_server", "key2") else {
        return;
    };
    r.answers(&["words:911"]);
    r.pass(1);
    assert_eq!(r.requests(), 1);
    assert_eq!(r.shows(HOME, "waiting", "911").next_attempt, r.shows(OFFICE, "waiting", "911").next_attempt);
    let _ = std::fs::remove_file(r.root.join(crate::common::RECORDS));
    r.answers(&["words:badagent"]);
    r.pass(4);
    assert_eq!(r.requests(), 2);
    r.shows(HOME, "stopped", "badagent");
    r.shows(OFFICE, "stopped", "badagent");
}

#[test]
fn a_server_that_is_down_leaves_another_one_alone() {
    let Some(r) = Router::new("a_server_that_is_down_leaves_another_one_alone") else { return };
    let device = format!("option device '{}'", r.device);
    let down = r.service("home", &format!("{device}\nlist hostname '{HOME}'\noption port '1'"));
    r.config(&(down + &r.service("work", &format!("{device}\nlist hostname '{OFFICE}'"))));
    r.pass(1);
    r.shows(HOME, "waiting", "connect");
    r.shows(OFFICE, "current", "good");
}

#[test]
fn a_second_outage_waits_longer() {
    let Some(r) = Router::new("a_second_outage_waits_longer") else { return };
    for (failures, least) in [(1, 1800), (2, 3600), (3, 7200), (4, 14_400), (5, 14_400)] {
        r.answers(&["status:502"]);
        r.pass(1);
        let host = r.shows(HOME, "waiting", "http-502");
        let wait = host.next_attempt_uptime.unwrap() - r.status().uptime;
        assert!((least - 1..=least * 11 / 10 + 1).contains(&wait), "{wait}");
        assert_eq!(host.failures, failures);
        r.set(crate::common::RECORDS, "boot", 0);
        r.set(crate::common::RECORDS, "seconds", 1);
    }
    r.pass(0);
    r.shows(HOME, "current", "good");
}

#[test]
fn network_failures_wait_longer_and_longer() {
    let Some(r) = Router::new("network_failures_wait_longer_and_longer") else { return };
    for (failures, wait) in [(1, 10), (2, 30), (3, 60), (4, 120), (5, 300), (6, 600)] {
        r.answers(&["cut-before-handshake"]);
        r.pass(1);
        let host = r.shows(HOME, "waiting", "connect");
        assert!(host.next_attempt_uptime.unwrap().abs_diff(r.status().uptime + wait) <= 1, "{host:?}");
        assert_eq!(host.failures, failures);
        r.back_off_is_over();
    }
    r.pass(0);
    assert_eq!(r.host(HOME).failures, 0);
}

#[test]
fn a_new_address_is_tried_at_once_after_a_failure_but_not_within_ten_seconds() {
    const STORY: &str = "a_new_address_is_tried_at_once_after_a_failure_but_not_within_ten_seconds";
    let Some(r) = Router::new(STORY) else { return };
    r.answers(&["cut-before-handshake", "cut-before-handshake", "cut-before-handshake"]);
    for _ in 0..3 {
        r.pass(1);
        r.back_off_is_over();
    }
    let uptime = i64::try_from(r.status().uptime).unwrap();
    r.set(STATE, "until", uptime + 60);
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(1);
    assert_eq!(r.requests(), 0);
    r.set(STATE, "last", uptime - 11);
    r.pass(0);
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_refused_connection() {
    let Some(r) = Router::new("a_refused_connection") else { return };
    r.configure("option port '1'");
    r.pass(1);
    let host = r.shows(HOME, "waiting", "connect");
    assert!(host.message.unwrap().contains("127.0.0.1:1: connection refused"));
    // Another port is another transport: nicup tries it at once, but not within 10 s.
    r.configure("");
    r.pass(1);
    r.set(STATE, "last", 0);
    r.pass(0);
}

#[test]
fn a_name_that_is_not_known() {
    let Some(r) = Router::new("a_name_that_is_not_known") else { return };
    r.configure("option server 'no-such-name.invalid'\noption timeout '10'");
    r.pass(1);
    let host = r.shows(HOME, "waiting", "dns");
    assert!(host.message.unwrap().contains("check the router's DNS"));
}

#[test]
fn a_dead_server_costs_one_timeout_for_all_services() {
    let Some(r) = two_services("a_dead_server_costs_one_timeout_for_all_services", "key2") else { return };
    r.config(&r.read(crate::common::CONFIG).replace("timeout '5'", "timeout '1'"));
    r.answers(&["hang:accept", "hang:accept"]);
    let begun = Instant::now();
    r.pass(1);
    assert!(begun.elapsed() < Duration::from_millis(1900), "{:?}", begun.elapsed());
    r.shows(HOME, "waiting", "timeout");
    r.shows(OFFICE, "waiting", "timeout");
}
