//! A short number that changes when the settings that a stop or a back-off hangs on change.
//!
//! Not a secure hash, on purpose: 32 bits tell that a password changed, and can never give it back.

use super::config::Service;

/// How far a stop reaches, and so which settings end it (contract section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
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

/// The settings of `service` that a stop in `scope` hangs on.
#[must_use]
pub fn of_stop(service: &Service, scope: Scope<'_>) -> u32 {
    let mut hash = Hash::new();
    let endpoint = &service.endpoint;
    hash.text(&endpoint.server).text(&endpoint.port.to_string()).text(&endpoint.path);
    hash.text(&service.username).text(service.password.reveal());
    hash.text(if service.offline { "offline" } else { "" });
    match scope {
        Scope::Host(hostname) => {
            hash.text(hostname);
        }
        Scope::Service => hash_hostnames(&mut hash, service),
        Scope::Server { contact, version } => {
            hash_hostnames(&mut hash, service);
            hash.text(contact).text(version);
        }
    }
    hash.short()
}

/// The settings of `service` that decide whether the server can be reached: changing one is a reason to try at once.
#[must_use]
pub fn of_route(service: &Service) -> u32 {
    let mut hash = Hash::new();
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

/// Any texts, in their order.
#[must_use]
pub fn of_texts(texts: impl IntoIterator<Item = impl AsRef<str>>) -> u32 {
    let mut hash = Hash::new();
    for text in texts {
        hash.text(text.as_ref());
    }
    hash.short()
}

fn hash_hostnames(hash: &mut Hash, service: &Service) {
    let mut names: Vec<&str> = service.hostnames.iter().map(String::as_str).collect();
    names.sort_unstable();
    for name in names {
        hash.text(name);
    }
}

/// FNV-1a with 64 bits, folded.
struct Hash(u64);

impl Hash {
    fn new() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    /// A text and its end, so that "ab","c" is not "a","bc".
    fn text(&mut self, text: &str) -> &mut Hash {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        self
    }

    #[allow(clippy::cast_possible_truncation)]
    fn short(&self) -> u32 {
        (self.0 ^ (self.0 >> 32)) as u32
    }
}
