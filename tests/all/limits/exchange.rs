//! Limits of a request and of its response.

use crate::common::{HOME, RECORDS, Router, STATE};
use noip_simulator::{Account, Options, TEST_PASSWORD, TEST_USERNAME};

const HOSTS: usize = 50;

pub(crate) fn name(at: usize) -> String {
    format!("h{at}.example.net")
}

/// A name below example.net with `bytes` bytes in all.
pub(crate) fn long_name(at: usize, bytes: usize) -> String {
    let mut name = format!("h{at}.");
    let tail = "example.net";
    while bytes - name.len() - tail.len() > 60 {
        name += &format!("{}.", "x".repeat(40));
    }
    name += &"y".repeat(bytes - name.len() - tail.len() - 1);
    name + "." + tail
}

/// An account with all of these names, so that the registry never interferes with counting.
pub(crate) fn options() -> Options {
    let mut names: Vec<String> = (0..HOSTS).map(name).collect();
    names.push(HOME.to_owned());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Options { accounts: vec![Account::new(TEST_USERNAME, TEST_PASSWORD, &names)], ..Options::default() }
}

pub(crate) fn configure(r: &Router, names: &[String]) {
    let list: String = names.iter().map(|name| format!("list hostname '{name}'\n")).collect();
    r.config(&r.service("home", &format!("option device '{}'\n{list}", r.device)));
}

/// A pass of a router without records and state.
pub(crate) fn anew(r: &Router) -> i32 {
    for file in [RECORDS, STATE] {
        let _ = std::fs::remove_file(r.root.join(file));
    }
    r.run(&["run"]).exit
}

pub(crate) fn request_hosts(r: &Router, limit: usize) {
    for (hosts, requests) in [(limit, vec![limit]), (limit + 1, vec![limit, 1])] {
        let before = r.requests();
        configure(r, &(0..hosts).map(name).collect::<Vec<_>>());
        assert_eq!(anew(r), 0);
        let sent: Vec<usize> =
            r.sim.requests()[before..].iter().map(|request| request.hostnames.len()).collect();
        assert_eq!(sent, requests);
    }
}

pub(crate) fn request_bytes(r: &Router, limit: usize) {
    const AROUND: usize = "/nic/update?hostname=&myip=203.0.113.7".len();
    const COUNT: usize = 18;
    for (surplus, requests) in [(0, 1), (1, 2)] {
        // As many names of one length as fit; the last one fills the rest.
        let room = limit + surplus - AROUND - (COUNT - 1);
        let each = room / COUNT;
        let mut names: Vec<String> = (1..COUNT).map(|at| long_name(at, each)).collect();
        names.push(long_name(0, room - each * (COUNT - 1)));
        configure(r, &names);
        // The server does not know these names; only the requests count.
        r.sim.script(vec!["words:nohost".parse().unwrap(); requests]);
        let before = r.requests();
        assert_eq!(anew(r), 4);
        let targets: Vec<usize> = r.sim.requests()[before..]
            .iter()
            .map(|request| request.request_line().split(' ').nth(1).unwrap().len())
            .collect();
        assert_eq!(targets.len(), requests, "{targets:?}");
        assert_eq!(targets[0] == limit, surplus == 0, "{targets:?}");
    }
}

/// nicup accepts a response of exactly this size, and not one with one more byte.
fn answered(r: &Router, size: usize, answer: impl Fn(usize) -> String) {
    for (surplus, exit, code) in [(0, 0, "good"), (1, 1, "unintelligible")] {
        r.answers(&[&format!("raw:{}", answer(size + surplus).replace('\r', "\\r").replace('\n', "\\n"))]);
        assert_eq!(anew(r), exit, "{} bytes", size + surplus);
        assert_eq!(r.host(HOME).code.as_deref(), Some(code), "{} bytes", size + surplus);
    }
}

const GOOD: &str = "good 203.0.113.7\n";

pub(crate) fn answer_body(r: &Router, limit: usize) {
    answered(r, limit, |size| {
        let body = format!("{GOOD}{}", "\n".repeat(size - GOOD.len()));
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    });
}

/// Headers of `size` bytes in all.
fn headers(size: usize) -> String {
    let (first, last) =
        ("HTTP/1.1 200 OK\r\nX-Filler: ", format!("\r\nContent-Length: {}\r\n\r\n", GOOD.len()));
    format!("{first}{}{last}", "x".repeat(size - first.len() - last.len()))
}

pub(crate) fn answer_headers(r: &Router, limit: usize) {
    answered(r, limit, |size| headers(size) + GOOD);
}

pub(crate) fn answer(r: &Router, limit: usize) {
    const MORE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    answered(r, limit, |size| {
        let more = MORE.repeat((size - 200) / MORE.len());
        let rest = size - more.len() - GOOD.len();
        more + &headers(rest) + GOOD
    });
}
