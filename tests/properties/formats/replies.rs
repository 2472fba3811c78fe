//! A server's response, from its bytes to the next decision.
//!
//! Four bytes choose the circumstances, and the rest is the body. Retry-After comes before a NUL byte.

use super::{Dice, one, within};
use nicup::policy::config::{Config, Entry, Service, build};
use nicup::policy::decide::{Addresses, Client, Decision, HostContext, Overrides, SendReason, decide};
use nicup::policy::outcome::{self, Outcome, Sent};
use nicup::policy::record::{
    RETRY_AFTER_LIMIT, Records, read_records, read_state, write_records, write_state,
};
use nicup::policy::time::{Now, RELEASED};
use nicup::wire::dyndns2::{Answer, BODY_LIMIT, Reply, SHORT_LIMIT, replies, retry_after};
use nicup::wire::uci::parse;

const STATUS: [u16; 14] = [200, 200, 200, 200, 200, 201, 302, 401, 403, 404, 429, 500, 503, 599];

pub(crate) fn check(data: &[u8]) {
    let Some(([status, hosts, flags, jitter], rest)) = data.split_first_chunk::<4>() else { return };
    let status = STATUS[usize::from(*status) % STATUS.len()];
    let hosts = 1 + usize::from(*hosts) % 20;
    let (offline, too_long) = (flags & 1 != 0, flags & 2 != 0);
    let (header, body) = match rest.iter().position(|byte| *byte == 0) {
        Some(at) => (std::str::from_utf8(&rest[..at]).ok().map(str::to_owned), &rest[at + 1..]),
        None => (None, rest),
    };
    let body = body[..body.len().min(BODY_LIMIT)].to_vec();
    let (verified, asks_basic) = (flags & 4 != 0, flags & 8 != 0);
    let answer = Answer { status, retry_after: header, body, too_long, verified, asks_basic };
    let read = within(&[data, &[0; 1024]].concat(), 64, || replies(&answer, hosts, offline));
    assert_eq!(read.len(), hosts);
    read.iter().for_each(|reply| plausible(reply, &answer));
    if let Some(text) = encode(&read) {
        let body = text.into_bytes();
        let again = Answer { status: 200, body, ..Answer::default() };
        assert_eq!(replies(&again, hosts, false), read, "{:?}", String::from_utf8_lossy(&again.body));
    }
    let now = Now::new(5_000_000, RELEASED + 5, "boot".to_owned());
    let wait = answer.retry_after.as_deref().and_then(|text| retry_after(text, now.wall));
    consequences(&config(hosts, offline), Outcome::Replied(read, wait), &now, u64::from(*jitter) * 4);
}

/// nicup accepts an address only if a valid response says so in the first word of a line.
fn plausible(reply: &Reply, answer: &Answer) {
    let begins = |word: &[u8]| {
        let mut lines = answer.body.split(|byte| *byte == b'\n');
        lines.any(|line| line.split(u8::is_ascii_whitespace).next() == Some(word))
    };
    let counts = !answer.too_long && answer.status != 429 && answer.status < 500;
    match reply {
        Reply::Good(_) => assert!(counts && begins(b"good"), "{answer:?}"),
        Reply::NoChange(_) => assert!(counts && begins(b"nochg"), "{answer:?}"),
        Reply::Unintelligible(text) | Reply::Forbidden(_, text) => {
            assert!(
                text.len() <= SHORT_LIMIT && text.bytes().all(|b| (b' '..=b'~').contains(&b)),
                "{text:?}"
            );
        }
        Reply::Unanswered | Reply::ServerError(_) | Reply::TooManyRequests => {}
        Reply::NoHost | Reply::NotFqdn | Reply::NotYours | Reply::NotActive | Reply::BadAuth => {}
        Reply::BadAgent | Reply::BadSys | Reply::NotDonator | Reply::NumHost | Reply::Abuse => {}
        Reply::Outage | Reply::DnsError => {}
    }
}

/// The response with this meaning. None: there is none.
fn encode(replies: &[Reply]) -> Option<String> {
    let named = |word: &str, list: &[std::net::IpAddr]| {
        let list: Vec<String> = list.iter().map(ToString::to_string).collect();
        format!("{word} {}\r\n", list.join(","))
    };
    let line = |reply: &Reply| {
        Some(match reply {
            Reply::Good(list) => named("good", list),
            Reply::NoChange(list) => named("nochg", list),
            Reply::NoHost => "nohost\n".to_owned(),
            Reply::NotFqdn => "notfqdn\n".to_owned(),
            Reply::NotYours => "!yours\n".to_owned(),
            Reply::NotActive => "!active \n".to_owned(),
            Reply::BadAuth => "badauth\n".to_owned(),
            Reply::BadAgent => "badagent\n".to_owned(),
            Reply::BadSys => "badsys\n".to_owned(),
            Reply::NotDonator => "!donator\n".to_owned(),
            Reply::NumHost => "numhost\n".to_owned(),
            Reply::Abuse => "abuse\n".to_owned(),
            Reply::Outage => "911\n".to_owned(),
            Reply::DnsError => "dnserr\n".to_owned(),
            Reply::Unanswered | Reply::ServerError(_) | Reply::TooManyRequests => return None,
            Reply::Unintelligible(_) | Reply::Forbidden(..) => return None,
        })
    };
    replies.iter().map(line).collect()
}

/// A service with this many hosts.
fn config(hosts: usize, offline: bool) -> Config {
    let names: String = (0..hosts).map(|n| format!("list hostname 'h{n}.example.net'\n")).collect();
    let offline = if offline { "option offline 1\n" } else { "" };
    let text = format!("config service 'home'\noption username u\noption password p\n{offline}{names}");
    build(&parse(text.as_bytes()).unwrap(), "config")
}

/// After any response, nicup sends nothing again at once, a wait ends within 30 days, and the written files lead to the
/// same decision.
fn consequences(config: &Config, outcome: Outcome, now: &Now, jitter: u64) {
    let Entry::Valid(service) = &config.services[0] else { panic!("{:?}", config.issues) };
    let addresses = Addresses { ipv4: Some([203, 0, 113, 7].into()), ..Addresses::default() };
    let hosts: Vec<_> = service.hostnames.iter().map(|name| (name.clone(), SendReason::New)).collect();
    let mut records = Records::default();
    outcome::begin(&mut records, service, &hosts, &addresses, now);
    let contact = config.main.contact().0;
    let (version, begun) = ("1", now);
    let sent = Sent { service, hosts: &hosts, addresses: &addresses, contact, version, begun, now, jitter };
    outcome::apply(&mut records, &sent, &outcome);

    let read = read_records(&write_records(&records)).unwrap();
    let read = read_state(&write_state(&records, now), now, read).unwrap();
    for name in &service.hostnames {
        let decision = ask(&records, service, contact, name, &addresses, now);
        assert_eq!(ask(&read, service, contact, name, &addresses, now), decision);
        match &decision {
            Decision::Stopped(_) | Decision::Leave { wait: None, .. } => {}
            Decision::WaitUntil { until, .. } => {
                let seconds = until.since(now.ceil());
                assert!((10..=RETRY_AFTER_LIMIT).contains(&seconds), "{seconds} s: {outcome:?}");
            }
            Decision::Send(_) | Decision::Leave { .. } | Decision::Disabled | Decision::NoAddress(_) => {
                panic!("{decision:?} after {outcome:?}")
            }
        }
    }
}

fn ask(
    records: &Records,
    service: &Service,
    contact: &str,
    name: &str,
    addresses: &Addresses,
    now: &Now,
) -> Decision {
    let host = records.get(&service.endpoint.server, &service.username, name).unwrap();
    let (services, client) = (&[service], Client { contact, version: "1" });
    decide(&HostContext {
        services,
        service,
        client,
        records,
        host,
        addresses,
        now,
        ask: Overrides::default(),
    })
}

pub(crate) fn sample(dice: &mut Dice) -> Vec<u8> {
    let mut bytes =
        vec![dice.roll(14) as u8, dice.roll(20) as u8, [0, 0, 0, 1, 2][dice.roll(5)], dice.roll(250) as u8];
    if dice.roll(4) == 0 {
        let retry: &str =
            one(dice, &["120", "86400", "99999999999", "Fri, 27 Nov 2026 10:00:00 GMT", "-1", "soon"]);
        bytes.extend_from_slice(retry.as_bytes());
        bytes.push(0);
    }
    for _ in 0..dice.roll(5) {
        bytes.extend_from_slice(one(dice, WORDS));
        bytes.extend_from_slice(one(
            dice,
            &[b"\n".as_slice(), b" 203.0.113.7\r\n", b" ", b"\r\n", b" 127.0.0.1\n"],
        ));
    }
    bytes
}

pub(crate) const WORDS: &[&[u8]] = &[
    b"good",
    b"nochg",
    b"nohost",
    b"notfqdn",
    b"!yours",
    b"!active",
    b"badauth",
    b"badagent",
    b"badsys",
    b"!donator",
    b"numhost",
    b"abuse",
    b"911",
    b"dnserr",
    b"good 203.0.113.7",
    b"nochg 203.0.113.7,2001:db8::7",
    b"good 127.0.0.1",
    b"GOOD 203.0.113.7",
    b"good morning, please log in",
    b"<html>",
    b"\n",
    b"\r\n",
    b" ",
    b",",
    b"\0",
    b"\xff",
    b"\t",
    b"Fri, 27 Nov 2026 10:00:00 GMT",
    b"120",
];
