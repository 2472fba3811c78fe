//! The C library's resolver, whose timeouts nicup does not control.

use super::common::{self, HOME, Router, patience, slack};
use super::fresh_run;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// resolv.conf and port 53 belong to the whole namespace, so only one test uses them at a time.
static RESOLVER: Mutex<()> = Mutex::new(());

/// The duration of a run.
fn run(r: &Router) -> Duration {
    let began = Instant::now();
    let ran = common::finish(fresh_run(r));
    assert_eq!(ran.exit, 1, "{ran:?}");
    began.elapsed()
}

/// A test's own resolv.conf, until it is dropped.
struct ResolvConf(PathBuf);

impl ResolvConf {
    fn new(r: &Router, lines: &str) -> ResolvConf {
        let conf = r.root.with_file_name("resolv.conf");
        std::fs::write(&conf, lines).unwrap();
        let mut mount = Command::new("mount");
        assert!(mount.arg("--bind").arg(&conf).arg("/etc/resolv.conf").status().unwrap().success());
        ResolvConf(conf)
    }
}

impl Drop for ResolvConf {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("/etc/resolv.conf").status();
    }
}

/// How a name server responds to an AAAA query (RFC 1035, 4.1.1: RCODE), or not at all.
const WITHOUT_AAAA: [Option<u8>; 6] = [Some(1), Some(2), Some(3), Some(4), Some(5), None];
const AAAA: [u8; 2] = [0, 28];

/// Answers each A query with `address`, and each AAAA query with an RCODE, or not at all.
fn answer(server: &UdpSocket, address: [u8; 4], rcode: Option<u8>) {
    let mut packet = [0; 512];
    let Ok((length, asker)): Result<(usize, SocketAddr), _> = server.recv_from(&mut packet) else { return };
    let name = packet[12..length].iter().position(|byte| *byte == 0).unwrap() + 13;
    let question = &packet[12..name + 4];
    let (rcode, answers) = match (question[question.len() - 4..].starts_with(&AAAA), rcode) {
        (true, None) => return,
        (true, Some(rcode)) => (rcode, 0),
        (false, _) => (0, 1),
    };
    // A response, recursion desired and available, one question, `answers` answers.
    let mut reply = [&packet[..2], &[0x81, 0x80 | rcode, 0, 1, 0, answers, 0, 0, 0, 0], question].concat();
    if answers == 1 {
        // The question's name, A, IN, 60 s, four bytes.
        reply.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend_from_slice(&address);
    }
    server.send_to(&reply, asker).unwrap();
}

/// The name server's socket. A program that another test starts holds the previous socket between fork and exec, on a
/// busy machine longer than it takes to get here.
fn port_53() -> UdpSocket {
    let end = Instant::now() + patience();
    loop {
        match UdpSocket::bind("127.0.0.1:53") {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < end => {
                thread::sleep(Duration::from_millis(5));
            }
            bound => return bound.unwrap(),
        }
    }
}

/// Runs `act` while a name server responds like this.
fn served<T>(address: [u8; 4], rcode: Option<u8>, act: impl FnOnce() -> T) -> T {
    let server = port_53();
    server.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                answer(&server, address, rcode);
            }
        });
        let acted = act();
        done.store(true, Ordering::Relaxed);
        acted
    })
}

/// musl's getaddrinfo fails completely if one of its two queries gets an error.
#[test]
fn a_name_server_that_knows_no_aaaa_does_not_hide_the_a_record() {
    let Some(r) = Router::new("names::a_name_server_that_knows_no_aaaa_does_not_hide_the_a_record") else {
        return;
    };
    let _alone = RESOLVER.lock().unwrap_or_else(PoisonError::into_inner);
    let _conf = ResolvConf::new(&r, "nameserver 127.0.0.1\n");
    // glibc waits 10 s for a missing response, and needs no test for it.
    let all = std::env::var_os("NICUP_PROGRAM").is_some();
    for rcode in WITHOUT_AAAA.into_iter().filter(|rcode| all || rcode.is_some()) {
        // Port 9 of the router's own address: a refused connection proves that the name was resolved.
        r.configure("option server 'update.example.net'\noption port '9'\noption timeout '40'");
        let ran = served([203, 0, 113, 7], rcode, || common::finish(fresh_run(&r)));
        assert_eq!(ran.exit, 1, "{rcode:?}: {ran:?}");
        let message = r.host(HOME).message.unwrap();
        assert!(!message.contains("cannot resolve"), "RCODE {rcode:?}: {message}");
    }
}

#[test]
fn a_silent_name_server_is_given_up_in_time() {
    let Some(r) = Router::new("names::a_silent_name_server_is_given_up_in_time") else { return };
    let _alone = RESOLVER.lock().unwrap_or_else(PoisonError::into_inner);
    let _silent = port_53();
    let conf = ResolvConf::new(&r, "nameserver 127.0.0.1\noptions timeout:60 attempts:1\n");
    // Even with plain HTTP as another transport, nicup makes one DNS query.
    r.configure("option server 'silent.example.net'\noption timeout '11'\noption plaintext '1'");
    let took = run(&r);
    let limits = Duration::from_secs(11)..Duration::from_secs(11) + slack(4000);
    assert!(limits.contains(&took), "{took:?}, where the resolver would wait for 60 s");
    let message = r.shows(HOME, "waiting", "dns").message.unwrap();
    assert!(message.contains("timed out after 11 s, while resolving the name"), "{message}");
    // The resolver itself gives up after 5 s in musl, and after 10 s in glibc.
    std::fs::write(&conf.0, "nameserver 127.0.0.1\n").unwrap();
    let took = run(&r);
    let limits = Duration::from_secs(4)..Duration::from_secs(10) + slack(5000);
    assert!(limits.contains(&took), "{took:?}");
    r.shows(HOME, "waiting", "dns");
}

#[test]
fn an_ad_blocker_in_place_of_the_server_is_named_and_not_connected() {
    let Some(r) = Router::new("names::an_ad_blocker_in_place_of_the_server_is_named_and_not_connected")
    else {
        return;
    };
    let _alone = RESOLVER.lock().unwrap_or_else(PoisonError::into_inner);
    let _conf = ResolvConf::new(&r, "nameserver 127.0.0.1\n");
    for address in [[0, 0, 0, 0], [127, 0, 0, 1]] {
        let port = r.sim.port();
        r.configure(&format!(
            "option server 'update.example.net'\noption port '{port}'\noption timeout '40'"
        ));
        assert_eq!(served(address, Some(0), || common::finish(fresh_run(&r))).exit, 1);
        let message = r.shows(HOME, "waiting", "dns").message.unwrap();
        assert!(message.contains("check for an ad blocker"), "{message}");
        assert_eq!(r.sim.connections().accepted, 0);
    }
}
