//! Whose record it is, and what the records keep.

use super::*;

fn stop() -> Stop {
    let at = Timestamp { wall: None, boot: Uptime(1), boot_id: "boot".to_owned() };
    Stop { code: Code::Abuse, detail: String::new(), print: 7, at }
}

fn event(at: u64) -> HostEvent {
    let (service, hostname) = ("home".to_owned(), "h.example".to_owned());
    HostEvent { at: Uptime(at), service, hostname, code: Code::Good, ipv4: None, ipv6: None }
}

#[test]
fn records_are_empty_until_there_is_one_of_any_kind() {
    assert!(Records::default().is_empty());
    let fill: [fn(&mut Records); 6] = [
        |records| records.host("s", "u", "h.example").is_unconfirmed = false,
        |records| {
            records.accounts.push(Account { server: "s".to_owned(), username: "u".to_owned(), stop: stop() });
        },
        |records| records.server_mut("s").stop = None,
        |records| records.note(event(1)),
        |records| {
            let (source, found) = ("/bin/a".to_owned(), Ok(Vec::new()));
            records.set_source_result(SourceResult {
                source,
                at: Uptime(1),
                found,
                failures: 0,
                again: false,
            });
        },
        |records| records.problems = 1,
    ];
    for (at, fill) in fill.iter().enumerate() {
        let mut records = Records::default();
        fill(&mut records);
        assert!(!records.is_empty(), "{at}");
    }
}

#[test]
fn a_record_belongs_to_one_hostname_of_one_login_at_one_server() {
    let key = Key { server: "s".to_owned(), username: "u".to_owned(), hostname: "h".to_owned() };
    for (server, username, hostname, same) in
        [("s", "u", "h", true), ("r", "u", "h", false), ("s", "t", "h", false), ("s", "u", "i", false)]
    {
        assert_eq!(key.is(server, username, hostname), same, "{server} {username} {hostname}");
    }
}

#[test]
fn a_block_applies_to_one_login_at_one_server() {
    let mut records = Records::default();
    records.accounts.push(Account { server: "s".to_owned(), username: "u".to_owned(), stop: stop() });
    for (server, username, stop) in [("s", "u", Some(&stop())), ("s", "t", None), ("r", "u", None)] {
        assert_eq!(records.account_stop(server, username), stop, "{server} {username}");
    }
}

#[test]
fn a_server_has_one_record() {
    let mut records = Records::default();
    for (name, print) in [("s", 1), ("r", 2), ("s", 3)] {
        records.server_mut(name).stop = Some(Stop { print, ..stop() });
    }
    let print = |name| records.server(name).and_then(|server| server.stop.as_ref()).map(|stop| stop.print);
    assert_eq!((print("s"), print("r"), print("q"), records.servers.len()), (Some(3), Some(2), None, 2));
}

#[test]
fn the_newest_events_are_kept() {
    let mut records = Records::default();
    for at in 0..40 {
        records.note(event(at));
    }
    let kept: Vec<u64> = records.events.iter().map(|event| event.at.0).collect();
    assert_eq!(kept, (8..40).rev().collect::<Vec<u64>>());
}

#[test]
fn only_an_attempt_after_the_last_known_outcome_is_interrupted() {
    for (number, is_interrupted) in [(4, false), (5, false), (6, true)] {
        let mut records = Records { attempts: 5, ..Records::default() };
        let (server, username, at) = ("s".to_owned(), "u".to_owned(), Uptime(9));
        let hosts = vec![("h.example".to_owned(), SendReason::Changed)];
        records.reopen(vec![Attempt { server, username, number, at, hosts, ipv4: None, ipv6: None }]);
        let host = records.get("s", "u", "h.example");
        assert_eq!(host.is_some_and(|host| host.interrupted.is_some()), is_interrupted, "{number}");
    }
}
