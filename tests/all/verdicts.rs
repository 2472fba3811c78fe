//! Tests the table of responses (docs/reference.md#responses), from the response to state, code, exit status and next
//! run.

use crate::common::{HOME, OFFICE, Router};
use noip_simulator::{Account, Options, TEST_PASSWORD, TEST_USERNAME};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the next run does after nicup's own back-off would have ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It sends, because the wait was nicup's back-off.
    Sends,
    /// It sends nothing: stopped, or the server ordered a wait.
    Silent,
}

struct Row {
    story: &'static str,
    answer: &'static str,
    exit: i32,
    state: &'static str,
    code: &'static str,
    next: Next,
    says: &'static str,
    /// Seconds until the next attempt.
    wait: Option<std::ops::RangeInclusive<u64>>,
}

fn check_row(row: &Row) {
    let Some(r) = Router::new(row.story) else { return };
    r.configure("option timeout '1'");
    r.answers(&[row.answer]);
    let ran = r.pass(row.exit);
    let host = r.shows(HOME, row.state, row.code);
    let message = host.message.unwrap();
    assert!(message.contains(row.says), "{message}");
    assert!(message.len() <= 160 && !message.ends_with('.'), "{message}");
    assert!(ran.out.contains(&message), "{ran:?}");
    let status = r.status();
    let wait = host.next_attempt_uptime.map(|at| at.saturating_sub(status.uptime));
    assert_eq!(wait.is_some(), row.wait.is_some(), "{wait:?}");
    if let (Some(wait), Some(range)) = (wait, &row.wait) {
        assert!(range.contains(&wait), "{wait} is not in {range:?}");
    }
    let sent = r.requests();
    r.pass(row.exit);
    assert_eq!(r.requests(), sent, "the run after it sends nothing");
    if row.next == Next::Sends {
        r.back_off_is_over();
        r.pass(0);
        r.shows(
            HOME,
            "current",
            if r.sim.requests().last().unwrap().answer.starts_with("good") { "good" } else { "nochg" },
        );
    } else {
        // nicup does not send a new address either, and not even with --force.
        r.move_to("203.0.113.7", "203.0.113.9");
        r.pass(row.exit);
        assert_eq!(r.run(&["run", "--force"]).exit, row.exit);
        assert_eq!(r.requests(), sent);
    }
}

macro_rules! rows {
    ($($story:ident: $answer:literal => $exit:literal $state:literal $code:literal $next:ident $wait:expr, $says:literal;)+) => {$(
        #[test]
        fn $story() {
            let row = Row { story: stringify!($story), answer: $answer, exit: $exit, state: $state, code: $code,
                next: Next::$next, says: $says, wait: $wait };
            check_row(&row);
        }
    )+};
}

rows! {
    nohost_stops_the_host: "words:nohost" => 4 "stopped" "nohost" Silent None, "does not know this hostname";
    notfqdn_stops_the_host: "words:notfqdn" => 4 "stopped" "notfqdn" Silent None, "with its domain";
    not_yours_stops_the_host: "words:!yours" => 4 "stopped" "!yours" Silent None, "another account";
    not_active_stops_the_host: "words:!active" => 4 "stopped" "!active" Silent None, "confirm it";
    badauth_stops_the_service: "words:badauth" => 4 "stopped" "badauth" Silent None, "username or password";
    badauth_with_status_401: "reply:401\n\nbadauth\n" => 4 "stopped" "badauth" Silent None, "username or password";
    status_401_with_a_challenge_means_badauth: "status:401" => 4 "stopped" "badauth" Silent None, "create a DDNS key";
    status_401_of_a_filter_waits: "reply:401\n\n<html>Unauthorized</html>" => 1 "waiting" "http-401" Silent
        Some(1799..=1981), "HTTP 401 <html>Unauthorized";
    status_403_of_a_block_page_waits: "reply:403\n\nerror code: 1034" => 1 "waiting" "http-403" Silent
        Some(1799..=1981), "HTTP 403 error code: 1034";
    status_503_with_retry_after_waits_as_long_as_that: "reply:503\nRetry-After: 7200\n\nback soon" => 1 "waiting" "http-503" Silent
        Some(7199..=7201), "HTTP 503";
    badagent_stops_the_server: "words:badagent" => 4 "stopped" "badagent" Silent None, "option contact";
    badsys_stops_the_server: "words:badsys" => 4 "stopped" "badsys" Silent None, "rejects this client";
    a_loopback_address_is_badagent: "words:good 127.0.0.1" => 4 "stopped" "badagent" Silent None, "rejects this client";
    donator_stops_the_service: "words:!donator" => 4 "stopped" "!donator" Silent None, "paid feature";
    numhost_stops_the_service: "words:numhost" => 4 "stopped" "numhost" Silent None, "too many hostnames";
    abuse_stops_the_user: "words:abuse" => 4 "stopped" "abuse" Silent None, "support";
    another_address_is_a_mismatch: "words:good 198.51.100.1" => 4 "stopped" "mismatch" Silent None,
        "sent 203.0.113.7, registered 198.51.100.1";
    outage_911_waits_half_an_hour: "words:911" => 1 "waiting" "911" Silent Some(1799..=1981), "(911)";
    dnserr_waits_half_an_hour: "words:dnserr" => 1 "waiting" "dnserr" Silent Some(1799..=1981), "reports an outage (dnserr)";
    status_503_waits_half_an_hour: "status:503" => 1 "waiting" "http-503" Silent Some(1799..=1981), "HTTP 503";
    status_500_with_good_is_an_outage: "reply:500\n\ngood 203.0.113.7" => 1 "waiting" "http-500" Silent
        Some(1799..=1981), "HTTP 500";
    status_429_waits_as_long_as_retry_after: "429:7200" => 1 "waiting" "http-429" Silent Some(7199..=7201), "too many requests";
    status_429_waits_half_an_hour_at_least: "429:5" => 1 "waiting" "http-429" Silent Some(1799..=1801), "too many";
    a_redirect_is_not_followed: "redirect:https://127.0.0.1/" => 1 "waiting" "unintelligible" Sends
        Some(299..=301), "HTTP 302";
    a_portal_is_not_no_ip: "body:<html>good morning, please log in</html>" => 1 "waiting" "unintelligible" Sends
        Some(299..=301), "<html>good morning";
    good_in_prose_is_not_good: "body:good morning" => 1 "waiting" "unintelligible" Sends Some(299..=301), "good morning";
    an_empty_answer: "body:" => 1 "waiting" "unintelligible" Sends Some(299..=301), "empty response";
    a_long_answer: "huge:5000" => 1 "waiting" "unintelligible" Sends Some(299..=301), "check options server and path";
    long_headers: "headers:20000" => 1 "waiting" "unintelligible" Sends Some(299..=301), "check options server and path";
    an_unknown_word: "words:goodish 203.0.113.7" => 1 "waiting" "unintelligible" Sends Some(299..=301), "goodish";
    case_counts: "words:GOOD 203.0.113.7" => 1 "waiting" "unintelligible" Sends Some(299..=301), "GOOD";
    status_404_is_not_an_answer: "reply:404\n\nnot found" => 1 "waiting" "unintelligible" Sends Some(299..=301), "HTTP 404";
    garbage_http: "garbage-http" => 1 "waiting" "unintelligible" Sends Some(299..=301), "not HTTP";
    an_answer_cut_is_unconfirmed: "cut:20" => 1 "waiting" "unconfirmed" Sends Some(9..=11), "could not confirm";
    no_answer_is_unconfirmed: "cut-after-request:rst" => 1 "waiting" "unconfirmed" Sends Some(9..=11), "could not confirm";
    a_silent_server_is_unconfirmed: "hang:request" => 1 "waiting" "unconfirmed" Sends Some(9..=11), "timed out after 1 s";
    half_an_answer_is_unconfirmed: "hang:half" => 1 "waiting" "unconfirmed" Sends Some(9..=11), "could not confirm";
    cut_before_the_handshake: "cut-before-handshake" => 1 "waiting" "connect" Sends Some(9..=11), "no connection";
    silence_at_accept_is_a_timeout: "hang:accept" => 1 "waiting" "timeout" Sends Some(9..=11), "timed out after 1 s";
    garbage_tls: "garbage" => 1 "waiting" "tls" Sends Some(9..=11), "does not speak TLS";
    a_wrong_authority: "cert:wrong-ca" => 1 "waiting" "tls" Sends Some(9..=11),
        "issuer is not in /etc/ssl/certs/ca-certificates.crt";
    a_wrong_name: "cert:wrong-name" => 1 "waiting" "tls" Sends Some(9..=11), "wrong.example";
    an_expired_certificate: "cert:expired" => 1 "waiting" "tls" Sends Some(9..=11), "expired, 1 days ago";
    a_self_signed_certificate: "cert:self-signed" => 1 "waiting" "tls" Sends Some(9..=11), "issuer is not in";
    a_certificate_of_tomorrow: "cert:not-yet-valid" => 1 "waiting" "clock" Sends Some(599..=601), "NTP";
}

#[test]
fn a_forced_update_that_fails_exits_with_1_and_says_why() {
    for (order, says) in [
        ("cut-before-handshake", "still registered, but the last update failed: no connection"),
        ("body:<html>", "still registered, but the last update failed: unexpected response"),
        ("status:503", " min from now: the server reports an outage (HTTP 503)"),
        ("words:911", " min from now: the server reports an outage (911)"),
        ("429:3600", "the update failed, next 60 min from now: the server reports too many requests"),
    ] {
        let Some(r) = Router::new("a_forced_update_that_fails_exits_with_1_and_says_why") else { return };
        r.pass(0);
        r.answers(&[order]);
        let forced = r.run(&["run", "--force"]);
        assert_eq!(forced.exit, 1, "{order}: {forced:?}");
        assert!(forced.out.contains("the update failed, next ") || says.starts_with("still"), "{forced:?}");
        assert!(forced.out.contains(says), "{order}: {forced:?}");
        // The registered address is still correct.
        assert_eq!(r.host(HOME).state, "current", "{order}");
        assert_eq!(r.run(&["status"]).exit, 0, "{order}");
    }
}

#[test]
fn an_update_after_force_interval_that_fails_exits_with_1_and_says_why() {
    let Some(r) = Router::new("an_update_after_force_interval_that_fails_exits_with_1_and_says_why") else {
        return;
    };
    r.pass(0);
    // As if accepted in an earlier boot, more than force_interval ago.
    let records = r.read(crate::common::RECORDS);
    let (head, rest) = records.split_once("\"at\":{").unwrap();
    let tail = rest.split_once('}').unwrap().1;
    let long_ago = SystemTime::now() - Duration::from_secs(26 * 86_400);
    let wall = long_ago.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let boot_id = "00000000-0000-4000-8000-000000000000";
    r.write(
        crate::common::RECORDS,
        format!("{head}\"at\":{{\"wall\":{wall},\"boot\":1,\"boot_id\":\"{boot_id}\"}}{tail}"),
    );
    r.answers(&["words:911"]);
    let ran = r.pass(1);
    assert!(ran.out.contains("home.example.net: the update failed, next "), "{ran:?}");
    assert!(ran.out.contains("min from now: the server reports an outage (911)"), "{ran:?}");
    assert_eq!((r.host(HOME).state, r.requests()), ("current".to_owned(), 2));
    // The next run does not count a wait as its own failure.
    let ran = r.pass(0);
    assert!(!ran.out.contains("failed"), "{ran:?}");
}

#[test]
fn nochg_is_as_good() {
    let Some(r) = Router::new("nochg_is_as_good") else { return };
    r.sim.register(HOME, Some([203, 0, 113, 7].into()), None);
    r.pass(0);
    assert_eq!(r.shows(HOME, "current", "nochg").message.as_deref(), Some("was already registered"));
    r.pass(0);
    assert_eq!(r.requests(), 1);
}

#[test]
fn an_odd_but_right_answer_is_read() {
    let Some(r) = Router::new("an_odd_but_right_answer_is_read") else { return };
    for answer in ["body:good 203.0.113.7 \\r\\n\\r\\n", "chunked", "unframed", "body:good", "drip:1"] {
        r.answers(&[answer]);
        let _ = std::fs::remove_file(r.root.join(crate::common::RECORDS));
        r.pass(0);
        assert_eq!(r.host(HOME).state, "current", "{answer}");
    }
    assert_eq!(r.requests(), 5);
}

#[test]
fn a_changed_password_ends_a_stop() {
    let Some(r) = Router::new("a_changed_password_ends_a_stop") else { return };
    r.configure("option password 'wrong'");
    r.pass(4);
    r.pass(4);
    assert_eq!(r.requests(), 1);
    r.configure("");
    r.pass(0);
    assert_eq!(r.requests(), 2);
    r.shows(HOME, "current", "good");
}

#[test]
fn a_contact_ends_a_refused_agent_and_not_a_wrong_password() {
    let Some(r) = Router::new("a_contact_ends_a_refused_agent_and_not_a_wrong_password") else { return };
    let main = "config nicup 'main'\n\toption contact 'me@example.com'\n";
    for (word, exit, requests) in [("badauth", 4, 1), ("badagent", 0, 3)] {
        r.configure("");
        let _ = r.run(&["resume"]);
        r.answers(&[&format!("words:{word}")]);
        r.pass(4);
        r.config(&(main.to_owned() + &r.read(crate::common::CONFIG)));
        r.pass(exit);
        assert_eq!(r.requests(), requests, "{word}");
    }
    assert!(r.sim.requests()[2].user_agent.as_ref().unwrap().ends_with(" me@example.com"));
}

/// Two hosts in one service.
fn two_hosts(story: &str) -> Option<Router> {
    let r = Router::new(story)?;
    r.configure(&format!("list hostname '{OFFICE}'"));
    Some(r)
}

#[test]
fn one_wrong_hostname_stops_alone() {
    let Some(r) = two_hosts("one_wrong_hostname_stops_alone") else { return };
    r.answers(&["words:good 203.0.113.7|nohost"]);
    r.pass(4);
    r.shows(HOME, "current", "good");
    r.shows(OFFICE, "stopped", "nohost");
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(4);
    let requests = r.sim.requests();
    assert_eq!((requests[1].hostnames.join(","), r.requests()), (HOME.to_owned(), 2));
}

#[test]
fn one_failure_line_is_meant_for_all() {
    let Some(r) = Router::new("one_failure_line_is_meant_for_all") else { return };
    let list = format!(
        "option device '{}'\nlist hostname '{HOME}'\nlist hostname '{OFFICE}'\nlist hostname 'x.example'",
        r.device
    );
    r.config(&r.service("home", &list));
    r.answers(&["words:nohost"]);
    r.pass(4);
    for host in [HOME, OFFICE, "x.example"] {
        r.shows(host, "stopped", "nohost");
    }
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_missing_line_is_unconfirmed() {
    let Some(r) = two_hosts("a_missing_line_is_unconfirmed") else { return };
    r.answers(&["words:good 203.0.113.7"]);
    r.pass(1);
    r.shows(HOME, "current", "good");
    r.shows(OFFICE, "waiting", "unconfirmed");
    r.back_off_is_over();
    r.pass(0);
    assert_eq!(r.sim.requests()[1].hostnames, [OFFICE]);
    assert_eq!(r.requests(), 2);
}

#[test]
fn surplus_lines_are_ignored() {
    let Some(r) = two_hosts("surplus_lines_are_ignored") else { return };
    r.answers(&["words:good 203.0.113.7|good 203.0.113.7|good 203.0.113.7"]);
    r.pass(1);
    r.shows(HOME, "waiting", "unintelligible");
}

#[test]
fn the_worst_line_of_a_group_counts() {
    let account = Account::new(TEST_USERNAME, TEST_PASSWORD, &[HOME]).group("friends", &[HOME]);
    let options = Options { accounts: vec![account], ..Options::default() };
    let Some(r) = Router::with("the_worst_line_of_a_group_counts", options) else { return };
    r.config(&r.service("home", &format!("option device '{}'\nlist hostname 'friends'", r.device)));
    r.answers(&["words:good 203.0.113.7|nohost|good 203.0.113.7"]);
    r.pass(4);
    r.shows("friends", "stopped", "nohost");
}
