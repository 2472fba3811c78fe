//! The system's own resolver, for `check --dns`. Updates resolve their server in https.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};

/// All addresses of `hostname`.
///
/// # Errors
/// As the resolver says. That there is no such name and that no answer came are one kind of error here.
pub fn addresses(hostname: &str) -> io::Result<Vec<IpAddr>> {
    Ok((hostname, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}
