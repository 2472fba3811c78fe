//! What is written is read back, and nothing else is.

use super::*;
use crate::policy::code::{Code, State};
use crate::policy::reason::SendReason;
use std::net::Ipv4Addr;

const ID: &str = "boot";

fn now() -> Now {
    Now::new(100_000, crate::policy::time::RELEASED + 5, ID.to_owned())
}

fn full() -> Records {
    let at = Timestamp::of(&now());
    let stop = Stop { code: Code::Mismatch, detail: "a \"b\" \u{fc}".to_owned(), print: 7, at: at.clone() };
    let mut records = Records { problems: 3, ..Records::default() };
    let host = records.host("s", "u", "h.example");
    host.registered = Registered {
        ipv4: Some(Ipv4Addr::new(203, 0, 113, 7)),
        ipv6: "2001:db8::7".parse().ok(),
        offline: false,
        accepted: Some((Code::Good, at.clone())),
    };
    host.stop = Some(stop.clone());
    host.changes = vec![Uptime(3), Uptime(9)];
    host.retry = Some(Retry {
        code: Code::Http(503),
        detail: "x".to_owned(),
        failures: 3,
        last: Uptime(90),
        until: Uptime(120),
        print: 9,
        ipv4: None,
        ipv6: None,
        clock: -5,
    });
    host.shown = Some(LastReported {
        state: State::Stopped,
        code: Some(Code::Abuse),
        since: Uptime(1),
        ipv4: None,
        ipv6: "2001:db8::7".parse().ok(),
    });
    records.accounts.push(Account { server: "s".to_owned(), username: "u".to_owned(), stop });
    records.server_mut("s").wait = Some(Ordered {
        code: Code::Http(403),
        detail: "HTTP 403 <p>".to_owned(),
        wait: Wait { from: at, length: 1800 },
        failures: 1,
    });
    let found = Ok(vec!["203.0.113.7".parse().unwrap(), "2001:db8::7".parse().unwrap()]);
    records.set_source_result(SourceResult {
        source: "/bin/a".to_owned(),
        at: Uptime(5),
        found,
        failures: 0,
        again: true,
    });
    let found = Err("it is away".to_owned());
    records.set_source_result(SourceResult {
        source: "http://b/".to_owned(),
        at: Uptime(6),
        found,
        failures: 3,
        again: false,
    });
    let _ = records.found(vec!["pppoe-wan".to_owned()]);
    records.track("lte", false);
    let (service, hostname) = ("home".to_owned(), "h.example".to_owned());
    records.note(HostEvent {
        at: Uptime(4),
        service,
        hostname,
        code: Code::NoChange,
        ipv4: None,
        ipv6: None,
    });
    records
}

#[test]
fn what_is_written_is_read_back() {
    let records = full();
    let read = read_records(&write_records(&records)).unwrap();
    let read = read_state(&write_state(&records, &now()), &now(), read).unwrap();
    assert_eq!(read, records);
}

#[test]
fn every_reason_for_a_request_is_read_back() {
    for reason in SendReason::ALL {
        assert_eq!(reason.as_str().parse(), Ok(*reason));
    }
    let text = write_attempts(&attempts(), &now()).replace("\"reason\":\"changed\"", "\"reason\":\"\"");
    assert_eq!(read_attempts(&text, &now()), Err(ReadError::Garbage));
}

fn attempts() -> Vec<Attempt> {
    let attempt = Attempt {
        server: "s".to_owned(),
        username: "u".to_owned(),
        number: 7,
        at: Uptime(99),
        hosts: vec![("h.example".to_owned(), SendReason::Changed), ("i.example".to_owned(), SendReason::New)],
        ipv4: Some(Ipv4Addr::new(203, 0, 113, 8)),
        ipv6: None,
    };
    vec![attempt.clone(), Attempt { number: 8, ipv4: None, hosts: Vec::new(), ..attempt }]
}

#[test]
fn attempts_are_read_back_in_the_boot_that_they_are_of() {
    let text = write_attempts(&attempts(), &now());
    assert_eq!(read_attempts(&text, &now()), Ok(attempts()));
    let other = Now { boot_id: "other".to_owned(), ..now() };
    assert_eq!(read_attempts(&text, &other), Ok(Vec::new()));
    let later = text.replace("\"at\":99", "\"at\":18446744073709551615");
    assert_eq!(read_attempts(&later, &now()).unwrap()[0].at, Uptime(100));
    assert_eq!(
        read_attempts(&text.replace("\"version\":1", "\"version\":2"), &now()),
        Err(ReadError::Newer(2))
    );
    for cut in 0..text.len() {
        assert_eq!(read_attempts(&text[..cut], &now()), Err(ReadError::Garbage));
    }
}

#[test]
fn records_are_in_the_order_in_which_they_are_looked_for() {
    let mut records = Records::default();
    let names = [("s", "u", "b"), ("s", "u", "a"), ("r", "u", "b"), ("s", "t", "b"), ("s", "u", "c")];
    for (server, username, hostname) in names {
        records.host(server, username, hostname).is_unconfirmed = true;
    }
    for (server, username, hostname) in names {
        assert!(
            records
                .get(server, username, hostname)
                .is_some_and(|host| host.key.is(server, username, hostname))
        );
        records.host(server, username, hostname);
    }
    assert!(records.hosts.is_sorted_by_key(|host| host.key.parts().0.to_owned()));
    assert_eq!(
        (records.hosts.len(), records.get("s", "u", "d"), records.get("q", "u", "b")),
        (5, None, None)
    );
}

#[test]
fn the_state_of_another_boot_counts_for_nothing() {
    let later = Now { boot_id: "other".to_owned(), ..now() };
    let read = read_state(&write_state(&full(), &now()), &later, Records::default()).unwrap();
    assert_eq!(read, Records::default());
}

#[test]
fn garbage_and_newer_files_give_different_errors() {
    let text = write_records(&full());
    assert_eq!(read_records("{\"version\":2,\"new\":[]}"), Err(ReadError::Newer(2)));
    for cut in 0..text.len() {
        if let Some(part) = text.get(..cut) {
            assert_eq!(read_records(part), Err(ReadError::Garbage), "{part}");
        }
    }
    assert_eq!(read_records(&text.replace("203.0.113.7", "203.0.113")), Err(ReadError::Garbage));
    assert_eq!(read_records(&text.replace("mismatch", "new-word")), Err(ReadError::Garbage));
}

#[test]
fn a_file_of_another_version_is_never_read() {
    let records = full();
    for (written, read) in [(2, ReadError::Newer(2)), (0, ReadError::Garbage)] {
        let other = |text: String| text.replace("\"version\":1", &format!("\"version\":{written}"));
        assert_eq!(read_records(&other(write_records(&records))), Err(read));
        let state = other(write_state(&records, &now()));
        assert_eq!(read_state(&state, &now(), Records::default()), Err(read));
        assert_eq!(read_attempts(&other(write_attempts(&attempts(), &now())), &now()), Err(read));
    }
    assert_eq!(ReadError::Newer(2).explain(), "is of a newer nicup (format 2, this one reads 1)");
    assert_eq!(ReadError::Garbage.explain(), "is damaged");
}

#[test]
fn only_what_must_survive_a_reboot_is_in_the_records() {
    let mut records = full();
    let (stop, wait) = (records.hosts[0].stop.clone(), records.servers[0].wait.clone());
    let registered = records.hosts[0].registered.clone();
    records = Records::default();
    records.host("s", "u", "registered.example").registered = registered;
    records.host("s", "u", "stopped.example").stop = stop.clone();
    records.host("s", "u", "unsettled.example").is_unconfirmed = true;
    records.server_mut("stopped").stop = stop;
    records.server_mut("waiting").wait = wait;
    records.server_mut("fine");
    let read = read_records(&write_records(&records)).unwrap();
    let hosts: Vec<&str> = read.hosts.iter().map(|host| host.key.hostname.as_str()).collect();
    let servers: Vec<&str> = read.servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(hosts, ["registered.example", "stopped.example"]);
    assert_eq!(servers, ["stopped", "waiting"]);
}

#[test]
fn numbers_that_cannot_be_are_read_as_the_nearest_that_can() {
    let text = write_records(&full()).replace("\"seconds\":1800", "\"seconds\":18446744073709551615");
    let read = read_records(&text).unwrap();
    assert_eq!(read.servers[0].wait.as_ref().unwrap().wait.length, 30 * 24 * 60 * 60);
    let text = write_state(&full(), &now()).replace("\"until\":120", "\"until\":18446744073709551615");
    let records = read_state(&text, &now(), Records::default()).unwrap();
    let host = &records.hosts[0];
    assert_eq!(host.retry.as_ref().unwrap().until, Uptime(90 + RETRY_LIMIT));
    for not_a_number in ["-1", "18446744073709551616", "1.5", "null"] {
        let text = write_records(&full()).replace("\"seconds\":1800", &format!("\"seconds\":{not_a_number}"));
        assert_eq!(read_records(&text), Err(ReadError::Garbage), "{not_a_number}");
    }
}
