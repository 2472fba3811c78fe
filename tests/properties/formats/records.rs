//! records.json and, after NUL bytes, state.json and attempts.json, as a crash, flash corruption or another version may
//! leave them.

use super::{Dice, one, within};
use nicup::policy::config::{Config, Entry, build};
use nicup::policy::decide::{Addresses, Client, Decision, HostContext, Overrides, decide};
use nicup::policy::outcome;
use nicup::policy::record::{
    EVENT_LIMIT, Host, Key, RETRY_AFTER_LIMIT, Records, read_attempts, read_records, read_state,
    write_attempts, write_records, write_state,
};
use nicup::policy::time::{Now, RELEASED, Uptime};
use nicup::wire::uci::parse;

/// The login and host of the seed files.
const CONFIG: &[u8] =
    b"config service 'home'\noption username u\noption password p\nlist hostname h.example\n\
    option server s.example\n";

pub(crate) fn check(data: &[u8]) {
    let mut parts =
        data.splitn(3, |byte| *byte == 0).map(|part| std::str::from_utf8(part).unwrap_or_default());
    let (records, state, attempts) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let now = Now::new(100_000_000, RELEASED + 200_000, "boot".to_owned());
    let mut records = match within(data, 96, || read_records(records)) {
        Ok(records) => {
            let written = write_records(&records);
            assert_eq!(read_records(&written).map(|records| write_records(&records)).as_ref(), Ok(&written));
            records
        }
        Err(error) => {
            assert!(!error.explain().is_empty());
            Records::default()
        }
    };
    if let Some(state) = state {
        let before = records.clone();
        if let Ok(read) = within(data, 128, || read_state(state, &now, before.clone())) {
            let written = write_state(&read, &now);
            assert_eq!(
                read_state(&written, &now, before).map(|records| write_state(&records, &now)).as_ref(),
                Ok(&written)
            );
            records = read;
        }
    }
    if let Some(attempts) = attempts
        && let Ok(read) = within(data, 128, || read_attempts(attempts, &now))
    {
        assert_eq!(read_attempts(&write_attempts(&read, &now), &now).as_ref(), Ok(&read));
        records.reopen(read);
    }
    assert!(records.events.len() <= EVENT_LIMIT);
    let config = build(&parse(CONFIG).unwrap(), "config");
    decides(&config, records, &now);
}

/// Any files lead to a decision, no wait exceeds the longest possible one, and a stop counts only if these settings
/// caused it.
fn decides(config: &Config, mut records: Records, now: &Now) {
    let Entry::Valid(service) = &config.services[0] else { panic!("{:?}", config.issues) };
    let contact = config.main.contact().0;
    let _ = outcome::prune(&mut records, &[service], contact, "1");
    outcome::close_interrupted(&mut records, service, now);
    outcome::close_orphans(&mut records);
    let (server, username, hostname) = (&service.endpoint.server, &service.username, &service.hostnames[0]);
    let key = Key { server: server.clone(), username: username.clone(), hostname: hostname.clone() };
    let fresh = Host::new(key);
    let host = records.get(server, username, hostname).unwrap_or(&fresh);
    let addresses = Addresses { ipv4: Some([203, 0, 113, 7].into()), ..Addresses::default() };
    let (services, client) = (&[service.as_ref()], Client { contact, version: "1" });
    let (records, addresses) = (&records, &addresses);
    for force in [false, true] {
        let ask = Overrides { force, clock_set: false };
        let case = HostContext { services, service, client, records, host, addresses, now, ask };
        let most = now.ceil().plus(RETRY_AFTER_LIMIT);
        let soon = |at: Uptime| assert!(at <= most, "{at:?} is later than {most:?}");
        match decide(&case) {
            Decision::WaitUntil { until, .. } => soon(until),
            Decision::Leave { forced, wait } => {
                forced.into_iter().chain(wait.map(|(until, _)| until)).for_each(soon);
            }
            Decision::Send(_) | Decision::Stopped(_) => {}
            Decision::Disabled | Decision::NoAddress(_) => panic!("it is enabled, and has an address"),
        }
    }
}

pub(crate) fn sample(dice: &mut Dice) -> Vec<u8> {
    let code = |dice: &mut Dice| {
        one(dice, &["good", "nochg", "badauth", "911", "http-503", "mismatch", "timeout"]).to_owned()
    };
    let wall = |dice: &mut Dice| ["null", "1793691200", "0", "-5"][dice.roll(4)];
    let boot = |dice: &mut Dice| ["boot", "boot", "other", ""][dice.roll(4)];
    let stamp = |dice: &mut Dice| {
        format!(r#"{{"wall":{},"boot":{},"boot_id":"{}"}}"#, wall(dice), dice.roll(100_001), boot(dice))
    };
    let stop = |dice: &mut Dice| {
        let (code, at) = (code(dice), stamp(dice));
        let stop = format!(r#"{{"code":"{code}","detail":"","settings":{},"at":{at}}}"#, dice.roll(9));
        if dice.roll(2) == 0 { stop } else { "null".to_owned() }
    };
    let host = |dice: &mut Dice| {
        let (at, word, stop) = (stamp(dice), code(dice), stop(dice));
        format!(
            r#"{{"server":"s.example","username":"u","hostname":"h.example","ipv4":"203.0.113.{}","ipv6":null,"offline":false,"code":"{word}","at":{at},"stop":{stop}}}"#,
            dice.roll(300)
        )
    };
    let server = |dice: &mut Dice| {
        let (from, word, stop) = (stamp(dice), code(dice), stop(dice));
        let seconds = ["1800", "0", "18446744073709551615"][dice.roll(3)];
        format!(
            r#"{{"server":"s.example","stop":{stop},"wait":{{"code":"{word}","detail":"<p>","failures":{},"seconds":{seconds},"from":{from}}}}}"#,
            dice.roll(9)
        )
    };
    let (h, s) = (host(dice), server(dice));
    let mut text = format!(r#"{{"version":1,"hosts":[{h}],"accounts":[],"servers":[{s}]}}"#);
    if dice.roll(2) == 0 {
        let (word, id) = (code(dice), boot(dice));
        let numbers: [usize; 6] = std::array::from_fn(|_| dice.roll(100_010));
        let [known, attempt, forced, change, last, until] = numbers;
        text.push_str(&format!(
            "\0{}{}{}",
            format_args!(r#"{{"version":1,"boot_id":"{id}","problems":7,"attempts":{known},"hosts":[{{"server":"s.example","username":"u","hostname":"h.example","unsettled":true,"attempt":{attempt},"forced":{forced},"changes":[{change}],"storming":true,"retry":"#),
            format_args!(r#"{{"code":"{word}","detail":"","failures":2,"last":{last},"until":{until},"settings":5,"ipv4":null,"ipv6":"::1","clock":-9}},"transport":null,"state":"current","code":null,"since":1,"shown_ipv4":null,"shown_ipv6":null}}],"#),
            r#""sources":[{"source":"/bin/a","at":5,"addresses":["203.0.113.7"],"problem":null,"failures":0,"again":false}],"events":[{"at":4,"service":"home","hostname":"h.example","code":"good","ipv4":null,"ipv6":null}]}"#,
        ));
        if dice.roll(2) == 0 {
            let (number, at, due) =
                (dice.roll(100_010), dice.roll(100_010), ["new", "changed", "?"][dice.roll(3)]);
            text.push_str(&format!(
                "\0{}",
                format_args!(r#"{{"version":1,"boot_id":"{id}","attempts":[{{"server":"s.example","username":"u","number":{number},"at":{at},"ipv4":"203.0.113.7","ipv6":null,"hosts":[{{"hostname":"h.example","reason":"{due}"}}]}}]}}"#)
            ));
        }
    }
    text.into_bytes()
}

pub(crate) const WORDS: &[&[u8]] = &[
    b"\"version\":1",
    b"\"version\":2",
    b"\"hosts\":[",
    b"\"accounts\":[]",
    b"\"servers\":[]",
    b"\"server\":\"s.example\"",
    b"\"username\":\"u\"",
    b"\"hostname\":\"h.example\"",
    b"\"ipv4\":null",
    b"\"203.0.113.7\"",
    b"\"at\":",
    b"\"stop\":null",
    b"\"wait\":",
    b"\"boot_id\":\"boot\"",
    b"\"boot\":",
    b"\"wall\":",
    b"18446744073709551615",
    b"-1",
    b"null",
    b"true",
    b"\"retry\":",
    b"\"until\":",
    b"\"last\":",
    b"\"changes\":[1,2,3,4,5]",
    b"\"storming\":true",
    b"\"events\":[]",
    b"\0",
    b"\"sources\":[]",
    b"\"attempts\":",
    b"\"number\":",
    b"\"reason\":\"changed\"",
    b"\"code\":\"clock\"",
    b"\"code\":\"abuse\"",
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b"\\u0000",
];
