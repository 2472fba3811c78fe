//! What happens to the records between requests.

use super::*;

/// A request begins, and its pass is killed: what there is then are the files of before, and its note.
fn lose(story: &mut Story) {
    lose_with(story, SendReason::Changed, |_| {});
}

/// The same, with what the pass has written besides.
fn lose_with(story: &mut Story, reason: SendReason, more: impl FnOnce(&mut Story)) {
    let (service, now, state) =
        (story.services[0].clone(), story.now(), record::write_state(&story.records, &story.now()));
    let attempt = begin(&mut story.records, &service, &[(A.to_owned(), reason)], &story.addresses, &now);
    let note = record::write_attempts(&[attempt], &now);
    more(story);
    let records = record::read_records(&record::write_records(&story.records)).unwrap();
    story.records = record::read_state(&state, &story.now(), records).unwrap();
    story.records.reopen(record::read_attempts(&note, &story.now()).unwrap());
    assert!(story.host(A).interrupted.is_some());
}

fn close(story: &mut Story) {
    let (service, now) = (story.services[0].clone(), story.now());
    close_interrupted(&mut story.records, &service, &now);
}

/// Whether that changed anything, which must be true of the records.
fn unknown(story: &mut Story, why: Option<&str>) -> bool {
    unknown_until(story, why, None)
}

/// The same, with the time of the next query.
fn unknown_until(story: &mut Story, why: Option<&str>, next: Option<Uptime>) -> bool {
    let (service, now, before) = (story.services[0].clone(), story.now(), story.records.clone());
    let is_changed = retry_detection(&mut story.records, &service, why, next, &now);
    assert_eq!(is_changed, story.records != before);
    is_changed
}

#[test]
fn a_crash_in_a_request_is_a_lost_answer_and_no_tight_loop() {
    let mut story = Story::new();
    for wait in [10, 30, 60] {
        lose(&mut story);
        story.pass(3);
        close(&mut story);
        assert_eq!((story.wait_of(A), story.wait_of(B)), (Some(wait - 3), Some(0)));
        assert_eq!(story.host(A).retry.as_ref().unwrap().code, Code::Unconfirmed);
        close(&mut story);
        assert_eq!(story.wait_of(A), Some(wait - 3), "closed once");
        story.pass(wait);
    }
    assert_eq!(story.records.events[0].code, Code::Unconfirmed);
}

/// What is due is sent, and after the records are written the state is what it was before the answer.
fn cut_off_after_the_records(story: &mut Story, reply: Reply) {
    let Decision::Send(reason) = story.decide(A) else { panic!("{:?}", story.decide(A)) };
    lose_with(story, reason, |story| {
        story.boot_ms += 800; // the answer comes in the same second, or in the next
        story.reply(reply);
    });
    story.pass(3);
    close(story);
    close(story);
}

#[test]
fn a_crash_after_the_record_repeats_nothing() {
    for begun in [0, 1, 500, 900] {
        let mut story = Story::registered();
        story.boot_ms += begun;
        story.addresses = on(AWAY);
        cut_off_after_the_records(&mut story, good());
        assert_eq!(story.decide(A), Decision::Leave { forced: Some(forced(&story)), wait: None }, "{begun}");
        assert_eq!((story.host(A).is_unconfirmed, &story.host(A).retry), (false, &None));
        assert_eq!(story.records.events[0].code, Code::Good);
        // It came back at once: that is another change, and nothing says that it waits.
        story.addresses = on(HOME);
        assert_eq!(story.decide(A), Decision::Send(SendReason::Changed));
    }
}

fn forced(story: &Story) -> Uptime {
    let (_, at) = story.host(A).registered.accepted.clone().unwrap();
    at.boot.plus(25 * DAY)
}

#[test]
fn a_crash_after_each_record_does_not_hide_the_rate_limit() {
    let mut story = Story::registered();
    for n in 0..5 {
        story.addresses = on(if n % 2 == 0 { AWAY } else { HOME });
        cut_off_after_the_records(&mut story, good());
    }
    story.addresses = on(HOME);
    assert_eq!(story.wait_of(A), Some(296 + 1), "one every five minutes");
}

#[test]
fn a_crash_after_a_forced_update_does_not_allow_another_at_once() {
    let mut story = Story::registered();
    story.ask.force = true;
    cut_off_after_the_records(&mut story, good());
    assert!(matches!(
        story.decide(A),
        Decision::Leave { wait: Some((_, decide::WaitReason::JustForced)), .. }
    ));
}

#[test]
fn a_crash_after_a_refusal_or_an_outage_is_no_lost_answer() {
    for (reply, code) in [
        (Reply::NoHost, Code::NoHost),
        (Reply::BadAuth, Code::BadAuth),
        (Reply::Abuse, Code::Abuse),
        (Reply::BadAgent, Code::BadAgent),
        (Reply::Outage, Code::Outage),
    ] {
        let mut story = Story::registered();
        story.addresses = on(AWAY);
        cut_off_after_the_records(&mut story, reply.clone());
        assert_eq!((story.records.events[0].code, &story.host(A).retry), (code, &None));
        // After a rejection only another response shows what is registered; an outage changed nothing.
        assert_eq!(story.host(A).is_unconfirmed, reply != Reply::Outage);
    }
}

#[test]
fn what_the_records_had_before_says_nothing_of_a_request() {
    // Accepted and sent within one second: it is another address.
    let mut story = Story::registered();
    story.addresses = on(AWAY);
    lose(&mut story);
    close(&mut story);
    assert_eq!((story.wait_of(A), story.host(A).is_unconfirmed), (Some(10), true));
    // The same address, an hour later.
    let mut story = Story::registered();
    story.pass(3600);
    lose(&mut story);
    close(&mut story);
    assert_eq!(story.host(A).retry.as_ref().unwrap().code, Code::Unconfirmed);
}

#[test]
fn an_attempt_that_the_state_knows_is_over() {
    let mut story = Story::registered();
    story.addresses = on(AWAY);
    let (service, now) = (story.services[0].clone(), story.now());
    let attempt =
        begin(&mut story.records, &service, &[(A.to_owned(), SendReason::Changed)], &story.addresses, &now);
    story.reply(good());
    let records = story.restart().records.clone();
    story.records.reopen(vec![attempt.clone()]);
    assert_eq!(story.records, records);
    story.records.reopen(vec![record::Attempt { number: story.records.attempts + 1, ..attempt }]);
    assert!(story.host(A).interrupted.is_some());
}

#[test]
fn an_attempt_whose_service_is_not_there_leaves_open_what_is_registered() {
    let mut story = Story::registered();
    lose(&mut story);
    let at = story.host(A).interrupted.as_ref().unwrap().at;
    close_orphans(&mut story.records);
    let host = story.host(A);
    assert_eq!((&host.interrupted, host.attempt, host.is_unconfirmed), (&None, Some(at), true));
    assert!(!story.host(B).is_unconfirmed);
}

#[test]
fn a_lost_answer_is_about_what_was_sent_and_not_about_what_is_there_now() {
    let mut story = Story::registered();
    story.addresses = on(AWAY);
    lose(&mut story);
    story.pass(30).addresses = on("203.0.113.99");
    close(&mut story);
    let retry = story.host(A).retry.clone().unwrap();
    assert_eq!((retry.ipv4, retry.ipv6), (on(AWAY).ipv4, None));
    assert_eq!(story.records.events[0].ipv4, on(AWAY).ipv4);
}

#[test]
fn a_crash_with_a_changed_address_is_settled_even_if_the_address_came_back() {
    let mut story = Story::registered();
    story.addresses = on(AWAY);
    lose(&mut story);
    story.addresses = on(HOME);
    close(&mut story);
    assert_eq!(story.wait_of(A), Some(10));
    story.pass(10);
    assert_eq!(story.decide(A), Decision::Send(SendReason::Unconfirmed));
    assert!(matches!(story.decide(B), Decision::Leave { .. }));
}

#[test]
fn an_unknown_address_is_asked_for_as_the_network_is_and_a_known_one_ends_that() {
    let mut story = Story::registered();
    let known = std::mem::take(&mut story.addresses);
    story.addresses.missing = Some(decide::Missing::new(
        "wan",
        decide::Why::Unknown(crate::policy::address::WhyUnknown::Netifd("ubus is silent".into())),
    ));
    for wait in [10, 30, 60] {
        assert!(unknown(&mut story, Some("ubus is silent")));
        assert_eq!(story.wait_of(A), Some(wait));
        assert!(!unknown(&mut story, Some("ubus is silent")));
        assert_eq!(story.wait_of(A), Some(wait), "not asked again, not longer");
        story.pass(wait);
    }
    story.addresses = known;
    unknown(&mut story, None);
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
}

#[test]
fn an_unknown_address_of_a_page_waits_for_the_next_query() {
    let mut story = Story::registered();
    let why = decide::Why::Unknown(crate::policy::address::WhyUnknown::Netifd("no address".into()));
    let missing = Some(decide::Missing::new("https://ip.example/", why));
    story.addresses = Addresses { missing, ..Addresses::default() };
    // The second is what a user requested, the last what the page's interval says.
    for (seconds, is_changed) in [(300, true), (60, true), (60, false), (900, true)] {
        let next = story.now().ceil().plus(seconds);
        assert_eq!(unknown_until(&mut story, Some("no address"), Some(next)), is_changed, "{seconds}");
        assert_eq!(story.wait_of(A), Some(seconds));
    }
}

#[test]
fn an_unknown_address_forgets_no_wait_and_no_lost_answer() {
    let mut story = Story::registered();
    story.addresses = on(AWAY);
    story.send(&failed(Failure::Timeout, true));
    unknown(&mut story, Some("ubus is silent"));
    unknown(&mut story, None);
    assert_eq!(story.wait_of(A), Some(10));
    story.pass(10);
    unknown(&mut story, Some("ubus is silent"));
    unknown(&mut story, None);
    story.addresses = on(HOME);
    assert_eq!(story.decide(A), Decision::Send(SendReason::Unconfirmed));
}

#[test]
fn resume_of_all_ends_stops_and_back_off_but_no_wait_of_the_server() {
    for reply in [Reply::NoHost, Reply::BadAuth, Reply::Abuse, Reply::BadAgent] {
        let mut story = household();
        story.reply(reply);
        resume(&mut story.records, None);
        assert_eq!([A, B, C].map(|host| story.wait_of(host)), [Some(0); 3]);
    }
    let mut story = Story::new();
    story.send(&failed(Failure::Connect, false));
    resume(&mut story.records, None);
    assert_eq!(story.wait_of(A), Some(0));
    for reply in [Reply::Outage, Reply::DnsError, Reply::ServerError(502), Reply::TooManyRequests] {
        let mut story = Story::new();
        story.reply(reply);
        resume(&mut story.records, None);
        assert_eq!(story.wait_of(A), Some(1800));
    }
    // A filter or firewall that the user removed ordered nothing.
    let mut story = Story::new();
    story.reply(Reply::Forbidden(403, "HTTP 403 <p>".into()));
    assert_eq!(story.wait_of(A), Some(1800));
    resume(&mut story.records, None);
    assert_eq!(story.wait_of(A), Some(0));
}

#[test]
fn resume_of_one_service_leaves_the_others_stopped() {
    let mut story = household();
    for at in 0..3 {
        story.send_from(at, &Outcome::Replied(vec![Reply::BadAuth], None));
    }
    let chosen = story.services[1].clone();
    resume(&mut story.records, Some(&[&chosen]));
    assert_eq!([A, B, C].map(|host| story.stopped(host)), [true, false, true]);
}

#[test]
fn resume_of_one_service_ends_the_block_of_its_user_and_server() {
    for (reply, stopped) in [(Reply::Abuse, [A, B].as_slice()), (Reply::BadAgent, &[A, B, C])] {
        let mut story = household();
        story.reply(reply);
        assert!(stopped.iter().all(|host| story.stopped(host)));
        let chosen = story.services[1].clone();
        resume(&mut story.records, Some(&[&chosen]));
        assert!(stopped.iter().all(|host| !story.stopped(host)));
    }
    let mut story = household();
    story.reply(Reply::Abuse);
    let chosen = story.services[2].clone();
    resume(&mut story.records, Some(&[&chosen]));
    assert!(story.stopped(A) && story.stopped(B));
}

#[test]
fn a_clock_that_is_set_ends_the_waits_for_it_and_no_other() {
    for (failure, wait) in [(Failure::Clock, 0), (Failure::Connect, 10), (Failure::NotHttp, 300)] {
        let mut story = Story::new();
        story.send(&failed(failure, false));
        clock_was_set(&mut story.records);
        assert_eq!(story.wait_of(A), Some(wait));
    }
}

#[test]
fn tls_has_failed_for_a_service_if_one_of_its_hosts_waits_for_that() {
    let mut story = household();
    story.send_from(1, &failed(Failure::Connect, false));
    let tls = |story: &Story| [0, 1, 2].map(|at| tls_failed(&story.records, &story.services[at]));
    assert_eq!(tls(&story), [false; 3]);
    story.send_from(0, &failed(Failure::Tls, false));
    assert_eq!(tls(&story), [true, false, false]);
    story.pass(10).reply(good());
    assert_eq!(tls(&story), [false; 3]);
}
