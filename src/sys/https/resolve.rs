//! A name to addresses, within a deadline.
//!
//! Uses the system's resolver, with /etc/hosts and resolv.conf. The resolver can block for any time, so it runs in a thread
//! that nicup abandons at the deadline, unless the resolver is known to return before. A literal address needs neither.
//!
//! nicup queries both families at once. musl's resolver fails as a whole if one of the two queries gets an error or no
//! response, as with small resolvers and filters for AAAA. Then nicup queries each family alone.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::failed;
use super::tcp::{Deadline, Phase};
use crate::sys::file;
use crate::sys::posix::{AddressFamily, getaddrinfo};
use crate::wire::dyndns2::{Failed, Failure};

/// musl's resolver gives up a query after 5 s, unless resolv.conf has `options` (musl, src/network/resolvconf.c). If more
/// time is left than three queries take, nicup starts no thread, which would cost 20 system calls.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of resolv.conf to search for options.
const RESOLV_CONF: usize = 1024;
/// Stack for glibc's getaddrinfo and its modules; only used pages cost memory.
const STACK: usize = 256 * 1024;
const BOTH: &[AddressFamily] = &[AddressFamily::Any];
/// IPv4 first: No-IP's server has nothing else.
const EACH: &[AddressFamily] = &[AddressFamily::Ipv4, AddressFamily::Ipv6];

/// Addresses, or the resolver's message.
type Found = Result<Vec<IpAddr>, String>;

pub(super) fn resolve(host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, Failed> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = match deadline.left() {
        Some(left) if left > PATIENCE && ends_by_itself(host) => look_up(host),
        Some(_) | None => look_up_aside(host, deadline)?,
    };
    let addresses = found.map_err(|why| cannot(host, &why))?;
    match addresses.iter().find(|ip| is_void(**ip)) {
        Some(ip) if addresses.iter().all(|ip| is_void(*ip)) && !is_local(host) => {
            Err(cannot(host, &format!("DNS returns {ip}: check for an ad blocker")))
        }
        _ => Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()),
    }
}

/// All addresses of a name, without a deadline.
pub fn look_up(host: &str) -> Found {
    ask(host, BOTH).or_else(|why| ask(host, EACH).map_err(|_| why))
}

/// What a filter returns instead of an address. No server can be reached there.
fn is_void(ip: IpAddr) -> bool {
    ip.is_unspecified() || ip.to_canonical().is_loopback()
}

/// Names that no public server has: RFC 6761, RFC 6762, RFC 8375, and OpenWrt's own domain.
const LOCAL: [&str; 7] = ["localhost", "test", "local", "lan", "home", "internal", "arpa"];

/// Whether a name may refer to this machine: it has no dot, is below a local domain, or is in /etc/hosts.
fn is_local(host: &str) -> bool {
    let of_hosts = |line: &[u8]| {
        let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
        line.split(u8::is_ascii_whitespace).skip(1).any(|name| name.eq_ignore_ascii_case(host.as_bytes()))
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    !host.contains('.')
        || LOCAL.iter().any(|domain| last.eq_ignore_ascii_case(domain))
        || file::head(Path::new("/etc/hosts"), HOSTS).split(|byte| *byte == b'\n').any(of_hosts)
}

/// Bytes of /etc/hosts to search.
const HOSTS: usize = 64 * 1024;

/// Whether the resolver queries this name only, and for no longer than musl does by default.
fn ends_by_itself(host: &str) -> bool {
    if cfg!(not(target_env = "musl")) || !host.contains('.') {
        return false;
    }
    let conf = file::head(Path::new("/etc/resolv.conf"), RESOLV_CONF);
    conf.len() < RESOLV_CONF && !conf.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"options"))
}

/// The addresses of the first of `families` that has any; else the first reason why there are none.
fn ask(host: &str, families: &[AddressFamily]) -> Found {
    let mut problem = None;
    for family in families {
        match getaddrinfo(host, *family) {
            Ok(found) if !found.is_empty() => return Ok(found),
            Ok(_) => {}
            Err(why) => problem = problem.or(Some(why)),
        }
    }
    Err(problem.unwrap_or_else(|| "it has no address".to_owned()))
}

/// The same within a deadline. If there is no response for both families after half of the time, queries each alone.
fn look_up_aside(host: &str, deadline: Deadline) -> Result<Found, Failed> {
    let both = Aside::start(host, BOTH)?;
    if let Some(Ok(found)) = both.wait(deadline.share(2)) {
        return Ok(Ok(found));
    }
    let each = Aside::start(host, EACH)?;
    loop {
        match (both.answer.get(), each.answer.get()) {
            (Some(Ok(found)), _) | (_, Some(Ok(found))) => return Ok(Ok(found.clone())),
            (Some(Err(why)), Some(Err(_))) => return Ok(Err(why.clone())),
            (None, _) | (_, None) => {
                thread::park_timeout(deadline.left().ok_or_else(|| deadline.missed(Phase::Name))?);
            }
        }
    }
}

/// A query in another thread, which wakes this one.
struct Aside {
    answer: Arc<OnceLock<Found>>,
}

impl Aside {
    fn start(host: &str, families: &'static [AddressFamily]) -> Result<Aside, Failed> {
        let answer = Arc::new(OnceLock::new());
        let (ours, name, asker) = (answer.clone(), host.to_owned(), thread::current());
        let started = thread::Builder::new().stack_size(STACK).spawn(move || {
            let _ = ours.set(ask(&name, families));
            asker.unpark();
        });
        started.map(|_| Aside { answer }).map_err(|e| cannot(host, &e.to_string()))
    }

    fn wait(&self, deadline: Deadline) -> Option<Found> {
        loop {
            match self.answer.get() {
                Some(found) => return Some(found.clone()),
                None => thread::park_timeout(deadline.left()?),
            }
        }
    }
}

fn cannot(host: &str, why: &str) -> Failed {
    let mut letters = why.chars();
    // `DNS` and its like stay as they are.
    let capital = why.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase());
    let first = letters.next().map(|c| if capital { c } else { c.to_ascii_lowercase() });
    let why: String = first.into_iter().chain(letters).collect();
    failed(Failure::Dns, format!("cannot resolve {host}: {why}"))
}
