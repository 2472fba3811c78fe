//! A fingerprint of the settings that a stop or a back-off depends on: it changes when they do.
//!
//! Does not hash (policy::digest).

pub use super::digest::of_texts;

use super::config::Service;
use super::digest::Digest;

/// What a stop applies to, and so which settings end it (docs/reference.md#waits-and-stops).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopScope<'a> {
    /// One hostname.
    Host(&'a str),
    /// All hostnames of a service.
    Service,
    /// Everything for a server; contact and program version count too.
    Server {
        /// Maintainer contact.
        contact: &'a str,
        /// This program's version.
        version: &'a str,
    },
}

/// The settings of `service` that a stop in `scope` depends on.
#[must_use]
pub fn of_stop(service: &Service, scope: StopScope<'_>) -> u32 {
    let mut hash = Digest::new();
    let endpoint = &service.endpoint;
    hash.text(&endpoint.server).text(&endpoint.port.to_string()).text(&endpoint.path);
    hash.text(&service.username).text(service.password.reveal());
    hash.text(if service.offline { "offline" } else { "" });
    match scope {
        StopScope::Host(hostname) => {
            hash.text(hostname);
        }
        StopScope::Service => hash_hostnames(&mut hash, service),
        StopScope::Server { contact, version } => {
            hash_hostnames(&mut hash, service);
            hash.text(contact).text(version);
        }
    }
    hash.short()
}

/// The settings of `service` that decide whether the server can be reached: after a change of one, nicup tries at once.
#[must_use]
pub fn of_route(service: &Service) -> u32 {
    let mut hash = Digest::new();
    let endpoint = &service.endpoint;
    let proxy = endpoint.proxy.as_ref();
    hash.text(&endpoint.server).text(&endpoint.port.to_string()).text(&endpoint.path);
    hash.text(proxy.map_or("", |p| &p.host)).text(&proxy.map_or(0, |p| p.port).to_string());
    hash.text(proxy.and_then(|p| p.credentials.as_ref()).map_or("", |c| c.reveal()));
    hash.text(endpoint.cacert.as_deref().unwrap_or("")).text(&endpoint.timeout.to_string());
    hash.text(if endpoint.plaintext { "plaintext" } else { "" }).text(if endpoint.bind {
        "bind"
    } else {
        ""
    });
    hash.short()
}

fn hash_hostnames(hash: &mut Digest, service: &Service) {
    let mut names: Vec<&str> = service.hostnames.iter().map(String::as_str).collect();
    names.sort_unstable();
    for name in names {
        hash.text(name);
    }
}
