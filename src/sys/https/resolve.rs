//! A name to addresses, within a deadline.
//!
//! Does not speak DNS: the system's resolver does, with /etc/hosts and resolv.conf. It blocks as long as it likes: where
//! less time is left than that may be, it runs in a thread that is left behind when time is up. A literal address needs
//! neither.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::failed;
use super::tcp::{Deadline, Phase};
use crate::wire::nic::{Failed, Failure};

/// musl's resolver gives a name up after 5 seconds (resolv.conf(5), `options timeout`). Twice that is time enough to do
/// without a thread, which costs 20 system calls.
const PATIENCE: Duration = Duration::from_secs(10);
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
        Some(left) if left > PATIENCE => look_up(host, port),
        Some(_) | None => look_up_aside(host, port, deadline)?,
    };
    // Who told the resolver to be patient for longer has waited for longer: that is what to hear of.
    deadline.left().ok_or_else(|| deadline.missed(Phase::Name))?;
    match found {
        Ok(addresses) if addresses.is_empty() => Err(cannot(host, "it has no address")),
        Ok(addresses) => Ok(addresses),
        Err(why) => Err(cannot(host, why.strip_prefix(PREFIX).unwrap_or(&why))),
    }
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
