//! A name to addresses, within a deadline.
//!
//! Does not speak DNS: the system's resolver does, with /etc/hosts and resolv.conf. Its getaddrinfo blocks as long
//! as it likes, so it runs in a thread that is left behind when time is up. A literal address needs neither.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, OnceLock};
use std::thread;

use super::failed;
use super::tcp::{Deadline, Phase};
use crate::wire::nic::{Failed, Failure};

/// Room for glibc's getaddrinfo and its modules; only what is touched costs memory.
const STACK: usize = 256 * 1024;
const PREFIX: &str = "failed to lookup address information: ";

pub(super) fn resolve(host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, Failed> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let answer = Arc::new(OnceLock::new());
    let asked = {
        let (answer, host, asker) = (answer.clone(), host.to_string(), thread::current());
        thread::Builder::new().stack_size(STACK).spawn(move || {
            let found =
                (host.as_str(), port).to_socket_addrs().map(Vec::from_iter).map_err(|e| e.to_string());
            let _ = answer.set(found);
            asker.unpark();
        })
    };
    asked.map_err(|e| cannot(host, &e.to_string()))?;
    loop {
        match answer.get() {
            Some(Ok(addresses)) if addresses.is_empty() => return Err(cannot(host, "it has no address")),
            Some(Ok(addresses)) => return Ok(addresses.clone()),
            Some(Err(why)) => return Err(cannot(host, why.strip_prefix(PREFIX).unwrap_or(why))),
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
