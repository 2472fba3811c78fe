//! The C library's resolver, whose patience is not ours.

use super::common::{self, HOME, Router};
use super::fresh_run;
use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};

/// A run, and how long it took.
fn run(r: &Router) -> Duration {
    let began = Instant::now();
    let ran = common::finish(fresh_run(r));
    assert_eq!(ran.exit, 1, "{ran:?}");
    began.elapsed()
}

#[test]
fn a_silent_name_server_is_given_up_in_time() {
    let Some(r) = Router::new("names::a_silent_name_server_is_given_up_in_time") else { return };
    let _silent = UdpSocket::bind("127.0.0.1:53").unwrap();
    let conf = r.root.with_file_name("resolv.conf");
    std::fs::write(&conf, "nameserver 127.0.0.1\noptions timeout:60 attempts:1\n").unwrap();
    let mut mount = Command::new("mount");
    assert!(mount.arg("--bind").arg(&conf).arg("/etc/resolv.conf").status().unwrap().success());
    // Plain HTTP would be a fourth way; the resolver is asked once.
    r.configure("option server 'silent.example.net'\noption timeout '11'\noption plaintext '1'");
    let took = run(&r);
    assert!((11..15).contains(&took.as_secs()), "{took:?}, where the resolver would wait for 60 s");
    let said = r.shows(HOME, "waiting", "dns").message.unwrap();
    assert!(said.contains("timed out after 11 s, while resolving the name"), "{said}");
    // musl gives up after 5 seconds by itself, glibc after 10.
    std::fs::write(&conf, "nameserver 127.0.0.1\n").unwrap();
    let took = run(&r);
    assert!((4..15).contains(&took.as_secs()), "{took:?}");
    r.shows(HOME, "waiting", "dns");
}
