//! A name to addresses, within a deadline.
//!
//! Does not speak DNS: the system's resolver does, with /etc/hosts and resolv.conf. It blocks as long as it likes, so it
//! runs in a thread that is left behind when time is up, unless it is known to end by itself before. A literal address
//! needs neither.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::failed;
use super::tcp::{Deadline, Phase};
use crate::sys::file;
use crate::wire::nic::{Failed, Failure};

/// musl's resolver gives a name up after 5 seconds, unless resolv.conf has `options` (musl, src/network/resolvconf.c). With
/// more than twice that left there is no thread, which costs 20 system calls.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of resolv.conf that are looked at for options.
const RESOLV_CONF: usize = 1024;
/// Room for glibc's getaddrinfo and its modules; only what is touched costs memory.
const STACK: usize = 256 * 1024;
const PREFIX: &str = "failed to lookup address information: ";

/// Addresses, or the resolver's words.
type Found = Result<Vec<SocketAddr>, String>;

pub(super) fn resolve(host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, Failed> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = match deadline.left() {
        Some(left) if left > PATIENCE && ends_by_itself(host) => look_up(host, port),
        Some(_) | None => look_up_aside(host, port, deadline)?,
    };
    match found {
        Ok(addresses) if addresses.is_empty() => Err(cannot(host, "it has no address")),
        Ok(addresses) => Ok(addresses),
        Err(why) => Err(cannot(host, why.strip_prefix(PREFIX).unwrap_or(&why))),
    }
}

/// Whether the resolver asks for this name only, and for no longer than musl does by default.
fn ends_by_itself(host: &str) -> bool {
    if cfg!(not(target_env = "musl")) || !host.contains('.') {
        return false;
    }
    let conf = file::head(Path::new("/etc/resolv.conf"), RESOLV_CONF);
    conf.len() < RESOLV_CONF && !conf.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"options"))
}

fn look_up(host: &str, port: u16) -> Found {
    (host, port).to_socket_addrs().map(Vec::from_iter).map_err(|e| e.to_string())
}

fn look_up_aside(host: &str, port: u16, deadline: Deadline) -> Result<Found, Failed> {
    let answer = Arc::new(OnceLock::new());
    let asked = {
        let (answer, host, asker) = (answer.clone(), host.to_string(), thread::current());
        thread::Builder::new().stack_size(STACK).spawn(move || {
            let _ = answer.set(look_up(&host, port));
            asker.unpark();
        })
    };
    asked.map_err(|e| cannot(host, &e.to_string()))?;
    loop {
        match answer.get() {
            Some(found) => return Ok(found.clone()),
            None => thread::park_timeout(deadline.left().ok_or_else(|| deadline.missed(Phase::Name))?),
        }
    }
}

fn cannot(host: &str, why: &str) -> Failed {
    let mut letters = why.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    let why: String = first.into_iter().chain(letters).collect();
    failed(Failure::Dns, format!("cannot resolve {host}: {why}"))
}
