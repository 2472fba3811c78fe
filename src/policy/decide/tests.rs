//! When a host is due, and what waits, one story each.

use super::*;
use crate::policy::address::{WhyAbsent, WhyUnknown};
use crate::policy::record::{Attempt, read_attempts, write_attempts};
use crate::policy::tests::*;
use crate::wire::dyndns2::{Failure, Reply};

mod rate_limit;

fn is_send(decision: &Decision, reason: SendReason) -> bool {
    *decision == Decision::Send(reason)
}

fn forced(story: &Story) -> u64 {
    let decision = story.decide(A);
    let Decision::Leave { forced: Some(at), .. } = decision else { panic!("{decision:?}") };
    at.since(story.now().ceil())
}

#[test]
fn a_host_is_sent_once_and_again_when_its_address_changes() {
    let mut story = Story::new();
    assert!(is_send(&story.decide(A), SendReason::New));
    story.reply(good());
    assert!(matches!(story.decide(A), Decision::Leave { wait: None, .. }));
    story.addresses = on(AWAY);
    assert!(is_send(&story.decide(A), SendReason::Changed));
}

#[test]
fn a_disabled_service_sends_nothing_even_if_stopped() {
    let mut story = Story::new();
    story.reply(Reply::BadAuth);
    story.services[0].enabled = false;
    assert_eq!(story.decide(A), Decision::Disabled);
}

#[test]
fn none_only_private_and_unknown_are_three_things_and_none_sends() {
    let mut story = Story::registered();
    let missing = [
        Missing::new("wan", Why::Absent(WhyAbsent::DeviceMissing)),
        Missing::new("wan", Why::Absent(WhyAbsent::Private([10, 0, 0, 2].into()))),
    ];
    for missing in missing {
        story.addresses = Addresses { missing: Some(missing.clone()), ..Addresses::default() };
        assert_eq!(story.decide(A), Decision::NoAddress(missing));
    }
    story.addresses.missing =
        Some(Missing::new("wan", Why::Unknown(WhyUnknown::Netifd("ubus is silent".into()))));
    let Decision::WaitUntil { until, cause: WaitReason::Unknown(why) } = story.decide(A) else { panic!() };
    assert!(
        why.explain() == "could not find the device of wan: ubus is silent" && until >= story.now().ceil()
    );
}

#[test]
fn a_stop_wins_over_no_address_and_that_over_a_wait() {
    let mut story = Story::new();
    story.reply(Reply::Outage);
    story.addresses = Addresses {
        missing: Some(Missing::new("wan", Why::Absent(WhyAbsent::DeviceMissing))),
        ..Addresses::default()
    };
    assert!(matches!(story.decide(A), Decision::NoAddress(_)));
    let mut story = Story::new();
    story.reply(Reply::NoHost);
    story.addresses = Addresses::default();
    assert!(story.stopped(A));
}

#[test]
fn both_with_one_family_sends_that_one_and_both_when_the_other_arrives() {
    let mut story = Story::registered();
    story.services[0].family = config_family("both");
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
    story.addresses = on(&format!("{HOME} 2001:db8::7"));
    assert!(is_send(&story.decide(A), SendReason::New));
    story.reply(good());
    let registered = story.host(A).registered.clone();
    assert!(registered.ipv4.is_some() && registered.ipv6.is_some());
    story.addresses = on(HOME);
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
}

#[test]
fn ipv6_alone_makes_the_a_record_unknown() {
    let mut story = Story::registered();
    story.addresses = on("2001:db8::7");
    story.reply(good());
    assert_eq!(story.host(A).registered.ipv4, None);
    story.addresses = on(&format!("{HOME} 2001:db8::7"));
    assert!(is_send(&story.decide(A), SendReason::New));
}

#[test]
fn ipv4_alone_keeps_the_aaaa_record() {
    let mut story = Story::new();
    story.addresses = on(&format!("{HOME} 2001:db8::7"));
    story.reply(good());
    story.addresses = on(AWAY);
    story.reply(good());
    assert_eq!(story.host(A).registered.ipv6, "2001:db8::7".parse().ok());
}

#[test]
fn offline_is_sent_without_an_address_and_ends_with_the_next_update() {
    let mut story = Story::registered();
    story.services[0].offline = true;
    story.addresses = Addresses::default();
    assert!(is_send(&story.decide(A), SendReason::Offline));
    story.reply(Reply::Good(vec!["0.0.0.0".parse().unwrap()]));
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
    story.reboot(60);
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
    story.services[0].offline = false;
    story.addresses = on(HOME);
    assert!(is_send(&story.decide(A), SendReason::Offline));
}

#[test]
fn force_sends_an_unchanged_address_once_in_ten_minutes() {
    let mut story = Story::registered();
    story.ask.force = true;
    assert!(is_send(&story.decide(A), SendReason::Asked));
    story.reply(Reply::NoChange(Vec::new()));
    story.pass(599);
    let Decision::Leave { wait: Some((until, WaitReason::JustForced)), .. } = story.decide(A) else {
        panic!()
    };
    assert_eq!(until.since(story.now().floor()), 1);
    story.restart().pass(1);
    assert!(is_send(&story.decide(A), SendReason::Asked));
}

#[test]
fn force_overrides_no_wait_and_no_stop_and_says_which() {
    let mut story = Story::registered();
    story.ask.force = true;
    story.reply(Reply::Outage);
    let Decision::Leave { wait: Some((_, cause)), .. } = story.decide(A) else { panic!() };
    assert_eq!(cause, WaitReason::Server(Code::Outage, String::new()));
    story.pass(1801).send(&failed(Failure::Connect, false));
    let Decision::Leave { wait: Some((_, cause)), .. } = story.decide(A) else { panic!() };
    assert!(matches!(cause, WaitReason::Retry(Code::Connect, _)));
    story.pass(10).reply(Reply::Abuse);
    assert!(matches!(story.decide(A), Decision::Stopped(Stop { code: Code::Abuse, .. })));
}

#[test]
fn an_unchanged_address_is_sent_again_after_force_interval() {
    let mut story = Story::registered();
    assert_eq!(forced(&story), 25 * DAY);
    story.pass(25 * DAY - 1);
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
    story.pass(2);
    assert!(is_send(&story.decide(A), SendReason::Interval));
    story.reply(Reply::NoChange(Vec::new()));
    assert_eq!(forced(&story), 25 * DAY);
}

#[test]
fn force_interval_0_is_never() {
    let mut story = Story::registered();
    story.services[0].force_interval = None;
    story.pass(900 * DAY);
    assert_eq!(story.decide(A), Decision::Leave { forced: None, wait: None });
}

#[test]
fn force_interval_goes_on_over_a_reboot() {
    let mut story = Story::registered();
    story.pass(10 * DAY).reboot(5 * 86_400);
    assert_eq!(forced(&story), 10 * DAY - 20);
    story.reboot(30 * 86_400);
    assert!(is_send(&story.decide(A), SendReason::Interval));
}

#[test]
fn a_forced_update_waits_for_a_set_clock() {
    let mut story = Story::registered();
    story.reboot(40 * 86_400);
    let real = story.wall;
    story.wall = 0;
    assert!(forced(&story) >= 600);
    story.pass(30 * DAY);
    assert!(forced(&story) >= 600, "a next attempt is never past");
    story.wall = real;
    assert!(is_send(&story.decide(A), SendReason::Interval));
}

#[test]
fn a_clock_that_jumps_neither_hurries_nor_delays_force_interval_for_ever() {
    let mut story = Story::registered();
    story.wall += 400 * 86_400;
    assert_eq!(forced(&story), 25 * DAY);
    story.reply(good());
    story.wall -= 300 * 86_400;
    story.reboot(60);
    story.addresses = on(AWAY);
    story.wall += 3_000 * 86_400; // accepted while the clock was years ahead
    story.reply(good());
    story.wall -= 3_000 * 86_400;
    story.reboot(60);
    assert!(forced(&story) <= 25 * DAY);
    story.pass(25 * DAY);
    assert!(is_send(&story.decide(A), SendReason::Interval));
}

#[test]
fn a_failed_forced_update_keeps_the_host_current_and_waits_the_ladder() {
    let mut story = Story::registered();
    story.pass(25 * DAY + 1).send(&failed(Failure::Dns, false));
    let Decision::Leave { forced: Some(at), wait: Some((until, WaitReason::Retry(..))) } = story.decide(A)
    else {
        panic!()
    };
    assert_eq!((at, until.since(story.now().ceil())), (until, 10));
    story.pass(10);
    assert!(is_send(&story.decide(A), SendReason::Interval));
}

#[test]
fn another_address_ends_a_network_wait_but_not_within_ten_seconds() {
    let mut story = Story::new();
    for wait in [10, 30, 60] {
        assert_eq!(story.send(&failed(Failure::Connect, false)), [A, B]);
        assert_eq!(story.wait_of(A), Some(wait));
        story.pass(if wait == 60 { 4 } else { wait });
    }
    story.addresses = on(AWAY);
    assert_eq!(story.wait_of(A), Some(6));
    story.pass(6);
    assert!(matches!(story.decide(A), Decision::Send(_)));
}

#[test]
fn another_address_does_not_end_the_wait_for_a_captive_portal_or_the_clock() {
    for (outcome, wait) in [(Failure::NotHttp, 300), (Failure::Clock, 600)] {
        let mut story = Story::new();
        story.send(&failed(outcome, false));
        story.addresses = on(AWAY);
        assert_eq!(story.wait_of(A), Some(wait));
    }
}

#[test]
fn another_way_to_the_server_is_tried_at_once() {
    let mut story = Story::new();
    story.send(&failed(Failure::NotHttp, false));
    story.services[0].endpoint.bind = true;
    assert_eq!(story.wait_of(A), Some(10));
    story.services[0].endpoint.bind = false;
    assert_eq!(story.wait_of(A), Some(300));
}

#[test]
fn a_clock_that_was_set_while_a_request_was_under_way_is_not_waited_for() {
    let mut story = Story::new();
    // By the old clock the certificate was not valid yet; by the time that was known, it is.
    story.set_meanwhile = 300 * 86_400;
    assert_eq!(story.send(&failed(Failure::Clock, false)), [A, B]);
    story.set_meanwhile = 0;
    assert_eq!(story.wait_of(A), Some(0));
    // If the new clock is no better, that is for later.
    story.send(&failed(Failure::Clock, false));
    assert_eq!(story.wait_of(A), Some(600));
}

#[test]
fn an_unset_clock_waits_for_ntp_or_a_jump_or_ten_minutes_and_counts_no_failure() {
    let mut story = Story::new();
    story.wall = 1_000_000;
    for _ in 0..3 {
        story.send(&failed(Failure::Clock, false));
        assert_eq!((story.wait_of(A), story.host(A).retry.as_ref().unwrap().failures), (Some(600), 0));
        story.pass(600);
        assert_eq!(story.wait_of(A), Some(0));
    }
    story.send(&failed(Failure::Clock, false));
    story.ask.clock_set = true;
    assert_eq!(story.wait_of(A), Some(0));
    story.ask.clock_set = false;
    assert_eq!(story.wait_of(A), Some(600));
    story.wall = RELEASED_NOW;
    assert_eq!(story.wait_of(A), Some(0));
    story.send(&failed(Failure::Clock, false));
    story.wall += 60;
    assert_eq!(story.wait_of(A), Some(600), "NTP slews so much");
    story.wall += 1;
    assert_eq!(story.wait_of(A), Some(0));
}

const RELEASED_NOW: i64 = crate::policy::time::RELEASED + 77_000_000;

#[test]
fn a_lost_answer_is_asked_again_even_if_the_address_came_back() {
    let mut story = Story::registered();
    story.addresses = on(AWAY);
    story.send(&failed(Failure::Timeout, true));
    story.addresses = on(HOME);
    let Decision::WaitUntil { cause: WaitReason::Retry(Code::Unconfirmed, _), .. } = story.decide(A) else {
        panic!()
    };
    story.pass(10).send(&failed(Failure::Connect, false));
    story.restart().pass(30);
    assert!(is_send(&story.decide(A), SendReason::Unconfirmed));
    story.reply(good());
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
}

#[test]
fn of_two_waits_the_later_is_shown_and_of_equal_ones_the_servers() {
    let mut story = Story::new();
    for wait in [10, 30, 60, 120, 300, 600, 1200, 2400, 0] {
        story.send(&failed(Failure::Connect, false));
        story.pass(wait);
    }
    let retry = WaitReason::Retry(Code::Connect, "why".to_owned());
    let server = WaitReason::Server(Code::Http(429), String::new());
    for (asked, wait, reason) in [(1800, 3600, retry), (3600, 3600, server.clone()), (3601, 3601, server)] {
        let mut other = Story { boot_ms: story.boot_ms, wall: story.wall, ..Story::new() };
        other.replies(&[Reply::TooManyRequests, Reply::TooManyRequests], Some(asked));
        story.records.servers = other.records.servers;
        let until = story.now().ceil().plus(wait);
        assert_eq!(story.decide(A), Decision::WaitUntil { until, cause: reason });
    }
}

#[test]
fn a_host_is_blocked_while_no_address_would_be_sent() {
    let mut story = Story::registered();
    story.addresses = on(AWAY);
    assert!(!story.is_blocked(A));
    story.send(&failed(Failure::Connect, false));
    assert!(!story.is_blocked(A), "another address would be sent soon");
    story.pass(10).reply(Reply::Outage);
    story.pass(1799);
    assert!(story.is_blocked(A), "the server's wait");
    story.pass(1);
    assert!(!story.is_blocked(A));
    story.services[0].enabled = false;
    assert!(story.is_blocked(A));
    story.services[0].enabled = true;
    story.reply(Reply::NoHost);
    assert!(story.is_blocked(A), "a stop");
}

#[test]
fn no_number_in_a_state_file_can_stop_a_host_for_ever_or_panic() {
    let mut story = Story::registered();
    story.addresses = on(AWAY);
    story.send(&failed(Failure::Connect, false));
    let host = story.records.host("dynupdate.no-ip.com", "me", A);
    let retry = host.retry.as_mut().unwrap();
    (retry.last, retry.until, retry.failures, retry.clock) =
        (Uptime(u64::MAX), Uptime(u64::MAX), u32::MAX, i64::MIN);
    retry.code = Code::Clock;
    (host.changes, host.is_rate_limited) = (vec![Uptime(u64::MAX); 9], true);
    (host.attempt, host.forced) = (Some(Uptime(u64::MAX)), Some(Uptime(u64::MAX)));
    story.restart();
    let attempt = Attempt {
        server: "dynupdate.no-ip.com".to_owned(),
        username: "me".to_owned(),
        number: u64::MAX,
        at: Uptime(u64::MAX),
        hosts: vec![(A.to_owned(), SendReason::Changed)],
        ipv4: None,
        ipv6: None,
    };
    let note = write_attempts(&[attempt], &story.now());
    story.records.reopen(read_attempts(&note, &story.now()).unwrap());
    assert!(story.wait_of(A).is_some_and(|wait| wait <= 3600));
    let (service, now) = (story.services[0].clone(), story.now());
    crate::policy::outcome::close_interrupted(&mut story.records, &service, &now);
    story.pass(3600).send(&failed(Failure::Connect, false));
    story.pass(3600).reply(Reply::Outage);
    story.pass(1800).reply(good());
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
}

fn config_family(word: &str) -> crate::policy::config::Family {
    service("x", &format!(" option hostname {A}\n option family {word}")).family
}
