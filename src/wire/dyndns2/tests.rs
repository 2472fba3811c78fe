use super::*;

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, body: body.as_bytes().to_vec(), verified: true, ..Answer::default() }
}

fn one(body: &str) -> Reply {
    replies(&answer(200, body), 1, false).remove(0)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn every_code_of_the_protocol_is_known() {
    let rows = [
        ("nohost", Reply::NoHost),
        ("notfqdn", Reply::NotFqdn),
        ("!yours", Reply::NotYours),
        ("!active", Reply::NotActive),
        ("badauth", Reply::BadAuth),
        ("badagent", Reply::BadAgent),
        ("badsys", Reply::BadSys),
        ("!donator", Reply::NotDonator),
        ("numhost", Reply::NumHost),
        ("abuse", Reply::Abuse),
        ("911", Reply::Outage),
        ("dnserr", Reply::DnsError),
        ("good", Reply::Good(vec![])),
        ("nochg", Reply::NoChange(vec![])),
        ("good 203.0.113.7", Reply::Good(vec![ip("203.0.113.7")])),
        ("nochg 203.0.113.7,2001:DB8::7", Reply::NoChange(vec![ip("203.0.113.7"), ip("2001:db8::7")])),
        ("good 203.0.113.7 \r\n\r\n\n", Reply::Good(vec![ip("203.0.113.7")])),
        ("nohost whatever", Reply::NoHost),
        ("good 203.0.113.7 ok", Reply::Good(vec![ip("203.0.113.7")])),
        (
            "nochg 203.0.113.7, 2001:db8::7 no change, thanks",
            Reply::NoChange(vec![ip("203.0.113.7"), ip("2001:db8::7")]),
        ),
        ("\u{feff}good 203.0.113.7", Reply::Good(vec![ip("203.0.113.7")])),
        ("\r\n \n\nbadauth", Reply::BadAuth),
        ("\u{feff}\r\n911", Reply::Outage),
    ];
    for (body, reply) in rows {
        assert_eq!(one(body), reply, "{body}");
    }
}

#[test]
fn nothing_is_searched_for_in_a_body_that_is_not_no_ips() {
    for body in [
        "<html>good 203.0.113.7</html>",
        "Good 203.0.113.7",
        "GOOD",
        "goodbye",
        " good",
        "good morning, please log in",
        "good 203.0.113.7\n<p>",
        "",
        "\r\n\r\n",
        "good 203.0.113.7\n\ngood 203.0.113.8",
        "good 203.0.113.7,2001:db8",
        "good 203.0.113.7 <html>",
        "good ok 203.0.113.7",
        "\n good",
        "\u{feff}\u{feff}good",
    ] {
        assert!(matches!(one(body), Reply::Unintelligible(_)), "{body:?}");
    }
    let mut long = answer(200, "good 203.0.113.7");
    long.too_long = true;
    assert!(matches!(&replies(&long, 1, false)[0], Reply::Unintelligible(_)));
}

#[test]
fn status_counts_before_codes_only_for_5xx_and_429() {
    assert_eq!(replies(&answer(503, "good"), 1, false), [Reply::ServerError(503)]);
    assert_eq!(replies(&answer(429, "abuse"), 2, false), [Reply::TooManyRequests, Reply::TooManyRequests]);
    assert_eq!(replies(&answer(401, "badauth"), 1, false), [Reply::BadAuth]);
    assert_eq!(replies(&answer(401, "nohost"), 1, false), [Reply::NoHost]);
    assert_eq!(replies(&answer(404, "nochg"), 1, false), [Reply::NoChange(vec![])]);
    assert_eq!(
        replies(&answer(302, ""), 1, false),
        [Reply::Unintelligible("HTTP 302 empty response".to_owned())]
    );
}

#[test]
fn a_401_without_a_code_is_no_ips_only_over_tls_and_with_its_challenge() {
    let reply = |status, body: &str, verified, asks_basic| {
        let answer = Answer { verified, asks_basic, ..answer(status, body) };
        replies(&answer, 2, false).remove(0)
    };
    assert_eq!(reply(401, "<html>", true, true), Reply::BadAuth);
    let read = |status: u16, body: &str| Reply::Forbidden(status, format!("HTTP {status} {body}"));
    assert_eq!(reply(401, "<html>", true, false), read(401, "<html>"));
    assert_eq!(reply(401, "no", false, true), read(401, "no"));
    assert_eq!(reply(403, "error code: 1034", true, true), read(403, "error code: 1034"));
    assert_eq!(reply(403, "", false, false), read(403, "empty response"));
    for status in [401, 403] {
        assert_eq!(reply(status, "badauth", false, false), Reply::BadAuth);
    }
}

#[test]
fn a_page_over_plaintext_is_a_portals_with_any_status() {
    for status in [200, 302, 401, 403, 429, 500, 503, 511] {
        let page = answer(status, "\u{feff}\n <!DOCTYPE html><p>log in");
        let plain = Answer { verified: false, ..page.clone() };
        assert!(matches!(replies(&plain, 1, false)[0], Reply::Unintelligible(_)), "{status}");
        assert_eq!(status >= 500, replies(&page, 1, false) == [Reply::ServerError(status)], "{status}");
    }
    let plain = Answer { verified: false, ..answer(511, "log in") };
    assert!(matches!(replies(&plain, 1, false)[0], Reply::Unintelligible(_)));
    let plain = Answer { verified: false, ..answer(503, "back soon") };
    assert_eq!(replies(&plain, 1, false), [Reply::ServerError(503)]);
}

#[test]
fn lines_belong_to_the_hosts_in_the_order_sent() {
    let got = replies(&answer(200, "good 203.0.113.7\r\nnohost\r\nnochg\r\n"), 3, false);
    assert_eq!(got, [Reply::Good(vec![ip("203.0.113.7")]), Reply::NoHost, Reply::NoChange(vec![])]);
}

#[test]
fn one_failure_line_is_for_all_and_one_success_line_for_the_first() {
    assert_eq!(replies(&answer(200, "badauth"), 3, false), vec![Reply::BadAuth; 3]);
    assert_eq!(replies(&answer(200, "good"), 2, false), [Reply::Good(vec![]), Reply::Unanswered]);
    assert_eq!(
        replies(&answer(200, "nohost\nnohost"), 3, false),
        [Reply::NoHost, Reply::NoHost, Reply::Unanswered]
    );
    assert!(matches!(&replies(&answer(200, "good\ngood\ngood"), 2, false)[0], Reply::Unintelligible(_)));
}

#[test]
fn the_worst_line_of_a_group_counts() {
    assert_eq!(one("good 203.0.113.7\nnohost\nbadauth"), Reply::BadAuth);
    assert_eq!(one("nochg 203.0.113.7\ngood 203.0.113.7"), Reply::Good(vec![ip("203.0.113.7")]));
}

#[test]
fn an_unintelligible_answer_is_kept_short_and_printable() {
    let Reply::Unintelligible(text) = one(&format!("<html>\u{1b}[31m\n\n  {}", "x".repeat(200))) else {
        panic!("not unintelligible");
    };
    assert!(text.starts_with("<html>?[31m xxx"), "{text}");
    assert_eq!(text.len(), SHORT_LIMIT);
}

#[test]
fn offline_accepts_any_address_text() {
    assert_eq!(replies(&answer(200, "good offline"), 1, true), [Reply::Good(vec![])]);
    // Latin-1
    let answer = Answer { body: b"good d\xe9connect\xe9".to_vec(), ..answer(200, "") };
    assert_eq!(replies(&answer, 1, true), [Reply::Good(vec![])]);
    assert!(matches!(replies(&answer, 1, false)[..], [Reply::Unintelligible(_)]));
}

#[test]
fn the_longest_body_fits_in_a_response_of_one_byte_a_chunk() {
    let chunk = "1\r\nx\r\n".len();
    assert_eq!((HEADER_LIMIT + BODY_LIMIT * chunk, ANSWER_LIMIT), (40 * 1024, 64 * 1024));
}

#[test]
fn the_request_is_written_as_the_api_has_it() {
    let addresses = [ip("203.0.113.7"), ip("2001:db8::7")];
    assert_eq!(
        target("/nic/update", &["a.example.net", "b.example.net"], &addresses),
        "/nic/update?hostname=a.example.net,b.example.net&myip=203.0.113.7,2001:db8::7"
    );
    assert_eq!(
        target("/nic/update", &["a.example.net"], &[]),
        "/nic/update?hostname=a.example.net&offline=YES"
    );
    // group:account:secret, the first colon escaped
    assert_eq!(basic_auth("group:account", "secret"), "Basic Z3JvdXAlM0FhY2NvdW50OnNlY3JldA==");
    assert_eq!(
        user_agent("TP-Link Archer/C7 \u{fc}\n", "23.05.3", "0.1.0", "me@example.com"),
        "nicup TP-Link_Archer_C7___/23.05.3-0.1.0 me@example.com"
    );
    assert_eq!(user_agent("", "", "0.1.0", "x"), "nicup unknown/unknown-0.1.0 x");
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    assert_eq!(retry_after("7200", None), Some(7200));
    assert_eq!(retry_after("99999999999999999999999", None), Some(u64::MAX));
    assert_eq!(retry_after("Mon, 23 Nov 2026 01:00:00 GMT", Some(1_795_392_000)), Some(3600));
    assert_eq!(retry_after("Mon, 23 Nov 2026 01:00:00 GMT", None), None);
    assert_eq!(retry_after("Mon, 23 Nov 2020 01:00:00 GMT", Some(1_795_392_000)), None);
    assert_eq!(retry_after("soon", Some(0)), None);
    assert_eq!(retry_after("", Some(0)), None);
}
