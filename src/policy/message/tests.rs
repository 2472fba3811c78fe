//! What the owner of a router reads.

use super::*;
use crate::policy::address::WhyAbsent;
use crate::policy::decide::{Addresses, Missing, Why};
use crate::policy::sentence::LIMIT;
use crate::policy::tests::*;
use crate::policy::wording::identify;
use crate::wire::dyndns2::{Failure, Reply};

/// Every code, with the advice in its message.
const ADVICE: [(Code, &str); 28] = [
    (Code::Good, "accepted"),
    (Code::NoChange, "already"),
    (Code::NoHost, "create it there and resume"),
    (Code::NotFqdn, "write it with its domain"),
    (Code::NotYours, "use the login of that account"),
    (Code::NotActive, "then resume"),
    (Code::BadAuth, "create a DDNS key"),
    (Code::NotDonator, "option offline"),
    (Code::NumHost, "remove some"),
    (Code::Abuse, "support, then resume"),
    (Code::BadAgent, "option contact"),
    (Code::BadSys, "update nicup"),
    (Code::Mismatch, "then resume"),
    (Code::Outage, "retrying automatically"),
    (Code::DnsErr, "retrying automatically"),
    (Code::Http(401), "then resume"),
    (Code::Http(403), "check for a filter or firewall"),
    (Code::Http(429), "retrying automatically"),
    (Code::Http(503), "retrying automatically"),
    (Code::Unintelligible, "check for a captive portal or proxy"),
    (Code::Dns, "check the router's DNS"),
    (Code::Connect, "check the internet connection"),
    (Code::Tls, "no secure connection"),
    (Code::Timeout, "check the internet connection"),
    (Code::Proxy, "check option proxy"),
    (Code::Clock, "waiting for NTP"),
    (Code::Unconfirmed, "sent again"),
    (Code::RateLimit, "every 5 min"),
];

#[test]
fn the_longest_server_and_detail_leave_the_advice_visible() {
    let server = "s".repeat(243);
    for (code, advice) in ADVICE {
        for detail in ["why", &"d".repeat(500)] {
            let text = cut(meaning(code, detail, &format!("{server}.no-ip.com")));
            assert!(text.len() <= LIMIT && text.contains(advice), "{code}: {text}");
        }
        let text = meaning(code, "why", "dynupdate.no-ip.com");
        assert!(text.len() <= LIMIT && !text.ends_with('.'), "{text}");
    }
}

#[test]
fn eighty_characters_of_a_strange_answer_are_shown_whole() {
    let read = "x".repeat(80);
    for code in [Code::Unintelligible, Code::Http(401), Code::Http(403)] {
        assert!(cut(meaning(code, &read, "s")).contains(&read), "{code}");
        assert!(cut(meaning(code, &read, "no-ip.com")).contains(&read), "{code}");
    }
}

#[test]
fn another_server_is_named_with_advice_about_its_own_settings() {
    for (code, advice) in [
        (Code::Unintelligible, "check options server and path"),
        (Code::Http(401), "check the login and option path"),
        (Code::Http(403), "check the login and option path"),
        (Code::NoHost, "correct either"),
        (Code::NotActive, "then resume"),
        (Code::Abuse, "then resume"),
    ] {
        for server in ["update.example.org", "no-ip.com.example.org", "my-no-ip.com"] {
            let text = meaning(code, "<html>", server);
            assert!(text.contains(server) && text.contains(advice), "{code}: {text}");
            assert!(!text.contains("No-IP") && identify(Some(&text)).0.is_some(), "{code}: {text}");
            let text = cut(meaning(code, "<html>", &format!("{}{server}", "s".repeat(235))));
            assert!(text.contains(advice), "{code}: {text}");
        }
        for server in ["dynupdate.no-ip.com", "no-ip.com"] {
            let text = meaning(code, "<html>", server);
            assert!(text.contains("No-IP") && !text.contains("option path"), "{code}: {text}");
        }
    }
}

#[test]
fn a_mismatch_names_both_however_long_they_are() {
    let ip = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff";
    let detail = format!("sent 203.103.113.117 and {ip}, registered {ip}");
    assert!(cut(meaning(Code::Mismatch, &detail, &"s".repeat(253))).ends_with(ip));
}

#[test]
fn what_force_cannot_send_says_until_when_and_why() {
    let text = not_sent(
        "not sent, possible",
        &WaitReason::Server(Code::Outage, String::new()),
        &"s".repeat(253),
        "in 28 min",
    );
    assert!(text.starts_with("not sent, possible in 28 min: the server reports an outage"), "{text}");
    assert!(text.len() <= LIMIT && text.contains("retrying automatically"), "{text}");
}

/// Without a template in `wording.txt`, LuCI shows the sentence in English only.
#[test]
fn every_sentence_about_a_host_has_a_template() {
    let mut sentences: Vec<String> = ["a.b", "no-ip.com"]
        .iter()
        .flat_map(|server| ADVICE.map(|(code, _)| meaning(code, "why", server)))
        .collect();
    sentences.extend(
        [SendReason::New, SendReason::Changed, SendReason::Offline, SendReason::Unconfirmed]
            .map(|reason| format!("to be sent: {}", reason.explain())),
    );
    sentences.push(waiting(&WaitReason::JustForced, "a.b"));
    for sentence in sentences {
        assert!(identify(Some(&sentence)).0.is_some(), "{sentence}");
    }
}

fn seen(story: &Story) -> View {
    let mut records = story.records.clone();
    let host = records.host("dynupdate.no-ip.com", "me", A).clone();
    view(&story.services[0], &story.records, &host, &story.decide(A), story.now().ceil())
}

fn row(story: &Story) -> (State, Option<Code>, Option<u64>, u32) {
    let view = seen(story);
    assert!(!view.message.is_empty() && view.message.len() <= LIMIT);
    (view.state, view.code, view.next.map(|at| at.since(story.now().ceil())), view.failures)
}

#[test]
fn what_has_not_been_tried_is_waiting_and_next_is_now() {
    assert_eq!(row(&Story::new()), (State::Waiting, None, Some(0), 0));
}

#[test]
fn a_current_host_shows_its_code_after_a_reboot_and_plans_the_forced_update() {
    for (reply, code) in [(good(), Code::Good), (Reply::NoChange(Vec::new()), Code::NoChange)] {
        let mut story = Story::new();
        story.reply(reply);
        assert_eq!(row(&story), (State::Current, Some(code), Some(25 * DAY), 0));
        story.reboot(60);
        assert_eq!(row(&story).1, Some(code));
        story.services[0].force_interval = None;
        assert_eq!(row(&story), (State::Current, Some(code), None, 0));
    }
}

#[test]
fn a_current_host_says_what_the_server_accepted() {
    for (offline, reply, id, message) in [
        (false, good(), "accepted", "accepted"),
        (false, Reply::NoChange(Vec::new()), "already-registered", "was already registered"),
        (true, good(), "accepted-offline", "accepted as offline"),
        (true, Reply::NoChange(Vec::new()), "already-offline", "was already offline"),
    ] {
        let mut story = Story::new();
        story.services[0].offline = offline;
        story.reply(reply);
        assert_eq!(seen(&story).message, message);
        assert_eq!(identify(Some(message)).0.as_deref(), Some(id));
    }
}

#[test]
fn stopped_disabled_and_no_address_plan_nothing() {
    let mut story = Story::new();
    story.addresses = Addresses {
        missing: Some(Missing::new("wan", Why::Absent(WhyAbsent::Private([10, 0, 0, 2].into())))),
        ..Addresses::default()
    };
    assert_eq!(row(&story), (State::NoAddress, Some(Code::PrivateAddress), None, 0));
    story.addresses = on(HOME);
    story.reply(Reply::BadAuth);
    assert_eq!(row(&story), (State::Stopped, Some(Code::BadAuth), None, 0));
    let before = seen(&story).message;
    assert_eq!(seen(story.reboot(60)).message, before);
    story.services[0].enabled = false;
    assert_eq!(row(&story), (State::Disabled, None, None, 0));
}

#[test]
fn waiting_hosts_say_until_when_why_and_how_often() {
    let mut story = Story::new();
    story.send(&failed(Failure::Dns, false));
    story.pass(10).send(&failed(Failure::Connect, false));
    assert_eq!(row(&story), (State::Waiting, Some(Code::Connect), Some(30), 2));
    story.pass(30).reply(Reply::ServerError(503));
    assert_eq!(row(&story), (State::Waiting, Some(Code::Http(503)), Some(1800), 1));
    story.pass(1800).reply(Reply::Unintelligible("<html>".into()));
    assert_eq!(row(&story), (State::Waiting, Some(Code::Unintelligible), Some(300), 1));
    assert!(seen(&story).message.contains("<html>"));
}

#[test]
fn a_forced_update_that_fails_leaves_the_host_current_and_plans_the_next_try() {
    let mut story = Story::registered();
    story.pass(25 * DAY).send(&failed(Failure::Dns, false));
    assert_eq!(row(&story), (State::Current, Some(Code::Good), Some(10), 1));
    let message = seen(&story).message;
    assert!(
        message.starts_with("still registered, but the last update failed: the server's name was not found"),
        "{message}"
    );
    assert_eq!(identify(Some(&message)).0.as_deref(), Some("update-failed"));
    story.pass(10).reply(good());
    assert_eq!(seen(&story).message, "accepted");
}

#[test]
fn waiting_for_the_clock_is_no_failed_update() {
    let mut story = Story::registered();
    story.pass(25 * DAY).send(&failed(Failure::Clock, false));
    assert_eq!(row(&story), (State::Current, Some(Code::Good), Some(600), 0));
    assert_eq!(seen(&story).message, "accepted");
}

#[test]
fn a_failure_with_another_address_says_nothing_once_the_registered_one_is_back() {
    let mut story = Story::registered();
    story.addresses = on("203.0.113.99");
    story.send(&failed(Failure::Dns, false));
    story.addresses = on(HOME);
    assert_eq!((seen(&story).state, seen(&story).message.as_str()), (State::Current, "accepted"));
}
