//! One row for each code: what stops or waits, which hosts, what ends it, what survives a reboot.

use super::*;

/// Which hosts of a household stop or wait after the first service got this reply.
fn affected(reply: &Reply) -> [bool; 3] {
    let mut story = household();
    story.reply(reply.clone());
    [A, B, C].map(|host| !matches!(story.decide(host), Decision::Send(_)))
}

#[test]
fn each_code_applies_to_what_the_table_says() {
    let (host, service, user, server) =
        ([true, false, false], [true, false, false], [true, true, false], [true, true, true]);
    let rows = [
        (good(), host),
        (Reply::NoChange(Vec::new()), host),
        (Reply::NoHost, host),
        (Reply::NotFqdn, host),
        (Reply::NotYours, host),
        (Reply::NotActive, host),
        (Reply::Good(vec![ip("192.0.2.1")]), host),
        (Reply::BadAuth, service),
        (Reply::NotDonator, service),
        (Reply::NumHost, service),
        (Reply::Abuse, user),
        (Reply::BadAgent, server),
        (Reply::BadSys, server),
        (Reply::Good(vec![ip("127.0.0.1")]), server),
        (Reply::Outage, server),
        (Reply::DnsError, server),
        (Reply::ServerError(503), server),
        (Reply::TooManyRequests, server),
        (Reply::Forbidden(403, "HTTP 403 <p>".into()), server),
        (Reply::Unintelligible("<html>".into()), host),
        (Reply::Unanswered, host),
    ];
    for (reply, reach) in rows {
        assert_eq!(affected(&reply), reach, "{reply:?}");
    }
}

/// A change of the configuration, and its name.
type Edit = (&'static str, fn(&mut Story));

const CHANGES: [Edit; 9] = [
    ("server", |s| s.services[0].endpoint.server = "other.example".into()),
    ("port", |s| s.services[0].endpoint.port = 8443),
    ("path", |s| s.services[0].endpoint.path = "/update".into()),
    ("username", |s| s.services[0].username = "new".into()),
    ("password", |s| s.services[0].password = new_password()),
    ("offline", |s| s.services[0].offline = true),
    ("other hostname", |s| s.services[0].hostnames.push("new.example.net".into())),
    ("contact", |s| s.contact = "new@example.com"),
    ("version", |s| s.version = "0.2.0"),
];

/// The changes that end the stop which this reply earned; each is tried after a reboot too.
fn ended_by(reply: &Reply) -> Vec<&'static str> {
    let mut ending = Vec::new();
    for (name, change) in CHANGES {
        let mut story = Story::new();
        story.reply(reply.clone());
        assert!(story.stopped(A), "{reply:?}");
        story.reboot(86_400 * 365);
        assert!(story.stopped(A), "{reply:?} after a reboot");
        change(&mut story);
        let ended = !story.stopped(A);
        assert_eq!(pruned(&mut story), ended, "{name}: a stop that ended is dropped");
        assert_eq!(!story.stopped(A), ended, "{name}: and no other one");
        if ended {
            ending.push(name);
        }
    }
    ending
}

#[test]
fn a_hostnames_stop_ends_with_its_login_or_address_of_the_server_not_with_other_hostnames() {
    for reply in [Reply::NoHost, Reply::NotFqdn, Reply::NotYours, Reply::NotActive] {
        assert_eq!(ended_by(&reply), ["server", "port", "path", "username", "password", "offline"]);
    }
}

#[test]
fn badauth_stops_until_settings_change() {
    for reply in [Reply::BadAuth, Reply::NotDonator, Reply::NumHost, Reply::Abuse] {
        let ending = ["server", "port", "path", "username", "password", "offline", "other hostname"];
        assert_eq!(ended_by(&reply), ending, "{reply:?}");
    }
}

#[test]
fn a_refused_program_may_try_again_with_another_contact_or_version() {
    for reply in [Reply::BadAgent, Reply::BadSys] {
        assert_eq!(ended_by(&reply), CHANGES.map(|(name, _)| name), "{reply:?}");
    }
}

#[test]
fn other_settings_end_no_stop() {
    let mut story = Story::new();
    story.reply(Reply::BadAuth);
    let service = &mut story.services[0];
    service.name = "renamed".into();
    service.force_interval = None;
    service.endpoint.timeout = 5;
    service.endpoint.bind = true;
    service.hostnames.reverse();
    assert!(story.stopped(A));
    story.addresses = on(AWAY);
    assert!(story.stopped(A));
}

#[test]
fn an_address_that_was_not_sent_stops_the_host_and_the_message_names_both() {
    let mut story = Story::registered();
    story.addresses = on(AWAY);
    story.replies(&[Reply::Good(vec![ip("192.0.2.1")]), good()], None);
    story.reboot(60);
    let Decision::Stopped(stop) = story.decide(A) else { panic!() };
    assert_eq!(
        (stop.code, stop.detail.as_str()),
        (Code::Mismatch, "sent 198.51.100.9, registered 192.0.2.1")
    );
    assert!(!story.stopped(B));
}

#[test]
fn addresses_in_an_answer_may_be_fewer_and_in_any_order() {
    let (v4, v6) = (ip(HOME), ip("2001:db8::7"));
    for named in [vec![], vec![v4], vec![v6], vec![v6, v4]] {
        let mut story = Story::new();
        story.addresses = on(&format!("{HOME} 2001:db8::7"));
        story.reply(Reply::NoChange(named));
        assert!(matches!(story.decide(A), Decision::Leave { .. }));
    }
}

#[test]
fn a_loopback_address_is_a_refusal_wherever_it_stands() {
    let mut story = Story::new();
    story.reply(Reply::Good(vec![ip("192.0.2.1"), ip("127.0.0.1")]));
    assert!(matches!(story.decide(B), Decision::Stopped(Stop { code: Code::BadAgent, .. })));
}

#[test]
fn each_host_gets_its_own_line() {
    let mut story = Story::new();
    story.replies(&[Reply::NoHost, good()], None);
    assert!(story.stopped(A) && matches!(story.decide(B), Decision::Leave { .. }));
}

#[test]
fn a_success_in_the_same_answer_undoes_no_stop() {
    for broad in [Reply::BadAuth, Reply::Abuse, Reply::BadAgent] {
        for replies in [[broad.clone(), good()], [good(), broad.clone()]] {
            let mut story = Story::new();
            story.replies(&replies, None);
            assert!(story.stopped(A) && story.stopped(B), "{replies:?}");
            let accepted = [A, B].map(|name| story.host(name).registered.accepted.is_some());
            assert_eq!(accepted.iter().filter(|yes| **yes).count(), 1, "{replies:?}");
        }
    }
}

#[test]
fn a_wrong_hostname_stays_stopped_when_the_services_stop_ends() {
    let mut story = Story::new();
    story.replies(&[Reply::BadAuth, Reply::NoHost], None);
    story.services[0].hostnames.push(C.to_owned());
    assert!(!story.stopped(A) && story.stopped(B));
}

#[test]
fn a_block_of_a_user_at_a_server_replaces_or_ends_no_other_block() {
    let abuse = Outcome::Replied(vec![Reply::Abuse], None);
    let mut story = household_at_two_servers();
    for at in [2, 3, 0] {
        story.send_from(at, &abuse);
    }
    let old = std::mem::replace(&mut story.services[0].password, new_password());
    let stopped = |story: &Story| [A, C, D].map(|host| story.stopped(host));
    assert_eq!(stopped(&story), [false, true, true]);
    story.reply(Reply::Abuse);
    assert_eq!(stopped(&story), [true, true, true], "the later block counts");
    let new = std::mem::replace(&mut story.services[0].password, old);
    assert_eq!(stopped(&story), [false, true, true]);
    story.reply(good());
    story.services[0].password = new;
    assert_eq!(stopped(&story), [false, true, true], "accepted is no longer blocked");
}

#[test]
fn a_request_has_failed_if_one_of_its_hosts_is_to_be_retried() {
    for (replies, has_failed) in [
        ([good(), good()], false),
        ([good(), Reply::NoHost], false),
        ([good(), Reply::Unanswered], true),
        ([Reply::Unanswered, good()], true),
    ] {
        let mut story = Story::new();
        story.replies(&replies, None);
        assert_eq!(story.has_failed, has_failed, "{replies:?}");
    }
}

#[test]
fn an_outage_beside_a_success_makes_the_server_wait_and_keeps_the_success() {
    let mut story = Story::new();
    story.replies(&[good(), Reply::Outage], None);
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
    assert_eq!(story.wait_of(B), Some(1800));
}

#[test]
fn a_stop_that_ends_is_followed_by_a_request() {
    let mut story = Story::registered();
    story.ask.force = true;
    story.reply(Reply::BadAuth);
    story.ask.force = false;
    story.services[0].password = new_password();
    assert_eq!(story.decide(A), Decision::Send(SendReason::Unconfirmed));
    story.reply(good());
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
}

#[test]
fn every_outcome_is_an_event_and_32_are_kept() {
    let mut story = Story::new();
    for _ in 0..40 {
        story.send(&failed(Failure::Dns, false));
        story.pass(3600);
    }
    assert_eq!(story.records.events.len(), 32);
    story.replies(&[good(), Reply::NoHost], None);
    let newest: Vec<Code> = story.records.events.iter().take(3).map(|event| event.code).collect();
    assert_eq!(newest, [Code::NoHost, Code::Good, Code::Dns]);
}
