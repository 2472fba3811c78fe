//! What a pass costs: instructions, memory, round trips, and time without a response.
//!
//! The numbers count only for a release build: NICUP_RELEASE is its path, NICUP_STATIC the path of a static one.

use crate::common::{CA, HOME, NICUP, Router, STATUS, say, skip, tool};
use noip_simulator::{Account, Options, TEST_PASSWORD, TEST_USERNAME, TlsOptions, TlsVersions};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Instructions of an unchanged pass over 500 hosts on a router with 1,000 addresses.
const INSTRUCTIONS: u64 = 45_000_000;
/// Peak memory of an unchanged pass of a static build, in KiB.
const MEMORY: u64 = 4096;

/// A large router: 200 links with 1,000 addresses, 100 services of 5 hosts, and a CA bundle as large as a router's.
fn large(story: &str) -> Option<Router> {
    let names: Vec<String> = (0..500).map(|i| format!("host{i}.example.net")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let accounts = vec![Account::new(TEST_USERNAME, TEST_PASSWORD, &hosts)];
    let r = Router::with(story, Options { accounts, ..Options::default() })?;
    let mut lines = String::new();
    for pair in 0..100 {
        lines += &format!("link add {story:.4}a{pair} type veth peer name {story:.4}b{pair}\n");
        for host in 1..=10 {
            let side = if host % 2 == 0 { 'a' } else { 'b' };
            lines += &format!("addr add 10.{pair}.0.{host}/24 dev {story:.4}{side}{pair}\n");
        }
    }
    let mut batch = Command::new("ip");
    let mut batch = batch.args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    batch.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(batch.wait().unwrap().success());
    let service = |(number, names): (usize, &[String])| {
        let list: String = names.iter().map(|name| format!("\tlist hostname '{name}'\n")).collect();
        r.service(&format!("s{number}"), &format!("\toption device '{}'\n{list}", r.device))
    };
    r.config(&names.chunks(5).enumerate().map(service).collect::<String>());
    if let Ok(roots) = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt") {
        r.write(CA, roots + r.sim.ca_pem());
    }
    Some(r)
}

/// A value from /proc/PID/status in KiB; None after the process has exited.
fn memory(pid: u32, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The peak memory of a pass, in KiB.
fn peak(r: &Router, program: &str) -> u64 {
    let run = ["--root", r.root.to_str().unwrap(), "run"];
    let mut child = r.command(program, &run).stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = memory(child.id(), "VmHWM").unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_micros(200));
    }
    peak
}

#[test]
fn a_large_router_costs_little() {
    const STORY: &str = "a_large_router_costs_little";
    let Some(r) = large(STORY) else { return };
    let Ok(nicup) = std::env::var("NICUP_RELEASE") else {
        return skip(STORY, "NICUP_RELEASE does not name a release build");
    };
    let Some(valgrind) = tool("valgrind") else { return skip(STORY, "valgrind is not installed") };
    let root = r.root.to_str().unwrap();

    let sending = peak(&r, &nicup);
    assert_eq!(r.requests(), 100);
    say(&format!("a pass that sends 100 requests: {sending} KiB at its peak"));
    match std::env::var("NICUP_STATIC") {
        Ok(program) => {
            let unchanged = peak(&r, &program);
            say(&format!("an unchanged pass of a static build: {unchanged} KiB at its peak"));
            assert!((1..MEMORY).contains(&unchanged), "{unchanged} KiB");
        }
        Err(_) => skip(STORY, "NICUP_STATIC does not name a static release build, so memory is not judged"),
    }

    let out = format!("--callgrind-out-file={root}/callgrind");
    let mut counted = r.command(&valgrind, &["--tool=callgrind", &out]);
    let output = counted.args([&nicup, "--root", root, "run"]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    assert_eq!(r.requests(), 100, "nothing was sent");
    let line = text.lines().find(|line| line.contains("Collected")).unwrap();
    let count: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    say(&format!("an unchanged pass over 500 hosts and 1,000 addresses: {count} instructions"));
    assert!(count < INSTRUCTIONS, "{count}");
    assert!(r.read(STATUS).len() < 256 * 1024, "LuCI could not read the status");
}

/// The calls that send on the connection, from strace.
fn sends(story: &str, versions: TlsVersions) -> Option<Vec<String>> {
    let tls = TlsOptions { versions, ..TlsOptions::default() };
    let r = Router::with(story, Options { tls, ..Options::default() })?;
    let Some(strace) = tool("strace") else {
        skip(story, "strace is not installed");
        return None;
    };
    let log = r.root.join("trace");
    let mut traced = r.command(&strace, &["-f", "-e", "trace=network", "-o"]);
    traced.arg(&log).args([NICUP, "--root", r.root.to_str().unwrap(), "run"]);
    assert!(traced.output().unwrap().status.success());
    assert_eq!(r.requests(), 1);
    let text = std::fs::read_to_string(log).unwrap();
    assert!(text.contains("TCP_NODELAY, [1]"), "{text}");
    let connection =
        text.lines().find(|line| line.contains("connect(") && line.contains("AF_INET,")).unwrap();
    let (_, socket) = connection.split_once("connect(").unwrap();
    let (socket, _) = socket.split_once(',').unwrap();
    let calls = ["sendto", "sendmsg"].map(|call| format!(" {call}({socket},"));
    Some(
        text.lines().filter(|line| calls.iter().any(|call| line.contains(call))).map(str::to_owned).collect(),
    )
}

#[test]
fn tls_13_takes_two_flights_and_no_more_writes() {
    let story = "tls_13_takes_two_flights_and_no_more_writes";
    let Some(sends) = sends(story, TlsVersions::Only13) else { return };
    assert_eq!(sends.len(), 2, "the hello, then the rest of the handshake with the request: {sends:#?}");
}

#[test]
fn tls_12_takes_three_flights_and_no_more_writes() {
    let story = "tls_12_takes_three_flights_and_no_more_writes";
    let Some(sends) = sends(story, TlsVersions::Only12) else { return };
    assert_eq!(sends.len(), 3, "hello, key exchange, request: {sends:#?}");
}

#[test]
fn a_black_hole_costs_no_more_than_the_timeout() {
    let Some(r) = Router::new("a_black_hole_costs_no_more_than_the_timeout") else { return };
    crate::common::ip(&format!("route add 198.51.100.0/24 dev {}", r.device));
    crate::common::ip(&format!("neigh add 198.51.100.1 lladdr 02:00:00:00:00:01 dev {}", r.device));
    r.configure("option server '198.51.100.1'\noption timeout '1'");
    let begun = Instant::now();
    r.pass(1);
    let took = begun.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_millis(2500)).contains(&took), "{took:?}");
    assert!(r.shows(HOME, "waiting", "timeout").message.unwrap().contains("while connecting"));
}
