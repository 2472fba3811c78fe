//! The privileges that a pass has dropped before it reads from the network, and what runs without this restriction.

use crate::common::{HOME, Router, finish, patience};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// CAP_DAC_OVERRIDE, CAP_FOWNER and CAP_NET_RAW of linux/capability.h.
const KEPT: u64 = 1 << 1 | 1 << 3 | 1 << 13;

/// The status that the kernel reports for a process.
fn marks(status: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(status).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

fn capabilities(marks: &BTreeMap<String, String>, set: &str) -> u64 {
    u64::from_str_radix(&marks[set], 16).unwrap()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + patience();
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn who_hears_the_server_can_start_nothing_and_has_no_power_over_the_kernel() {
    let Some(r) = Router::new("who_hears_the_server_can_start_nothing_and_has_no_power_over_the_kernel")
    else {
        return;
    };
    r.answers(&["delay:3000:normal"]);
    let pass = r.start(&["run"], &[]);
    let status = format!("/proc/{}/status", pass.id());
    until("the server got the request", || !r.sim.requests().is_empty());
    let marks = marks(Path::new(&status));
    let report = finish(pass);
    assert_eq!(report.exit, 0, "{report:?}");
    r.shows(HOME, "current", "good");
    assert_eq!((marks["NoNewPrivs"].as_str(), marks["Seccomp"].as_str()), ("1", "2"), "{marks:?}");
    for set in ["CapPrm", "CapEff", "CapInh"] {
        assert_eq!(capabilities(&marks, set) & !KEPT, 0, "{set}: {marks:?}");
    }
    // A pass without network traffic has nothing to drop, and ends too soon to be examined.
    r.pass(0);
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_page_hears_from_a_pass_that_has_given_all_that_up() {
    let Some(r) = Router::new("a_page_hears_from_a_pass_that_has_given_all_that_up") else { return };
    let page = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ip", page.local_addr().unwrap());
    // The second service needs netifd, so nicup has to start a program.
    r.config(
        &(r.service(
            "home",
            &format!("list hostname '{HOME}'\noption source web\noption source_url '{url}'"),
        ) + &r.service("office", "list hostname 'office.example.net'\noption interface wan")),
    );
    let pass = r.start(&["run"], &[]);
    let (mut asked, _) = page.accept().unwrap();
    let marks = marks(Path::new(&format!("/proc/{}/status", pass.id())));
    let _length = asked.read(&mut [0; 4096]).unwrap();
    asked.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n203.0.113.9").unwrap();
    let report = finish(pass);
    assert_eq!((report.exit, r.requests()), (0, 2), "{report:?}");
    assert_eq!((marks["NoNewPrivs"].as_str(), marks["Seccomp"].as_str()), ("1", "2"), "{marks:?}");
    assert_eq!(capabilities(&marks, "CapEff") & !KEPT, 0, "{marks:?}");
}

#[test]
fn scripts_and_hooks_run_with_all_that_they_had() {
    let Some(r) = Router::new("scripts_and_hooks_run_with_all_that_they_had") else { return };
    let executable = |name: &str, text: String| {
        r.write(name, text);
        fs::set_permissions(r.root.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    };
    let root = r.root.display();
    executable(
        "usr/bin/script",
        format!("#!/bin/sh\ncat /proc/self/status >{root}/script\necho 203.0.113.9\n"),
    );
    executable(
        "sbin/hotplug-call",
        format!("#!/bin/sh\ncat /proc/self/status >{root}/new\nmv {root}/new {root}/hook\n"),
    );
    r.write("etc/hotplug.d/nicup/10-mine", "");
    r.config(&r.service(
        "home",
        &format!("list hostname '{HOME}'\noption source script\noption source_script /usr/bin/script"),
    ));
    r.pass(0);
    assert_eq!(r.sim.requests()[0].myip.as_deref(), Some("203.0.113.9"));
    until("the hook was called", || r.exists("hook"));
    let mine = marks(Path::new("/proc/self/status"));
    for who in ["script", "hook"] {
        let theirs = marks(&r.root.join(who));
        for mark in ["NoNewPrivs", "Seccomp", "CapPrm", "CapEff"] {
            assert_eq!(theirs[mark], mine[mark], "{who}: {mark}");
        }
    }
}
