//! Converts a UCI package to a [`Config`] with all of its problems.
//!
//! Does not read files. Every [`Service`] is valid. Options and defaults: docs/reference.md#configuration.

mod build;
mod options;
mod validate;
mod value;

pub use build::build;
pub(super) use validate::{accepts, url};

use super::names::fixed_names;
use std::fmt;
use std::net::Ipv6Addr;

/// No-IP's update server.
pub const DEFAULT_SERVER: &str = "dynupdate.no-ip.com";
/// The packager's contact, from `NICUP_CONTACT` at build time.
const PACKAGER: Option<&str> = packager(option_env!("NICUP_CONTACT"));
/// The contact that No-IP requires in the User-Agent, unless `option contact` names another: the packager's, else the
/// project's issue page. With who set it.
pub const DEFAULT_CONTACT: (&str, SetBy) = match PACKAGER {
    Some(contact) => (contact, SetBy::Packager),
    None => (concat!(env!("CARGO_PKG_REPOSITORY"), "/issues"), SetBy::Project),
};

/// An empty contact counts as none.
const fn packager(contact: Option<&'static str>) -> Option<&'static str> {
    match contact {
        Some(contact) if !contact.is_empty() => Some(contact),
        Some(_) | None => None,
    }
}

/// Who set the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// `option contact`.
    Option,
    /// `NICUP_CONTACT` at build time.
    Packager,
    /// The repository's address in Cargo.toml.
    Project,
}

/// Seconds after which an unchanged address is sent again, unless `option force_interval` is set: 25 days.
pub const DEFAULT_FORCE_INTERVAL: u64 = 25 * 86_400;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Because of it, something does not run.
    Error,
    /// It runs, but probably not as meant.
    Warning,
}

fixed_names!(Level { Error = "error", Warning = "warning" });

/// One problem: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Issue {
    /// How much it matters.
    pub level: Level,
    /// The file's path without `--root`.
    pub file: String,
    /// Line in the file; None for the file as a whole.
    pub line: Option<u32>,
    /// What is wrong and what to do. No secret in it.
    pub message: String,
}

/// `FILE:LINE: LEVEL: MESSAGE`, for a terminal or the log.
impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}: {}", self.level, self.message)
    }
}

/// The whole configuration.
#[derive(Debug)]
pub struct Config {
    /// Section `nicup`.
    pub main: Main,
    /// Sections `service`, in the file's order.
    pub services: Vec<Entry>,
    /// All problems.
    pub issues: Vec<Issue>,
}

/// Section `nicup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Main {
    /// 0: all hosts are disabled.
    pub enabled: bool,
    /// Resident or started by hotplug.
    pub mode: Mode,
    /// The least important messages for syslog.
    pub log_level: LogLevel,
    /// `option contact`, if it is set.
    pub contact: Option<String>,
    /// Directory of records.json: survives a reboot.
    pub state_dir: String,
    /// Directory of status.json, state.json and the locks: tmpfs.
    pub run_dir: String,
}

impl Default for Main {
    fn default() -> Self {
        Main {
            enabled: true,
            mode: Mode::Watch,
            log_level: LogLevel::Notice,
            contact: None,
            state_dir: "/etc/nicup".to_owned(),
            run_dir: "/var/run/nicup".to_owned(),
        }
    }
}

impl Main {
    /// The contact in the User-Agent, and who set it.
    #[must_use]
    pub fn contact(&self) -> (&str, SetBy) {
        self.contact.as_deref().map_or(DEFAULT_CONTACT, |contact| (contact, SetBy::Option))
    }
}

/// `option mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A resident service.
    Watch,
    /// Nothing resident: the hotplug script starts a pass.
    Hotplug,
}

fixed_names!(Mode { Watch = "watch", Hotplug = "hotplug" });

/// `option log_level`, with syslog's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Errors.
    Err,
    /// Warnings.
    Warning,
    /// Changes of a host's state.
    Notice,
    /// What a pass does.
    Info,
    /// Repeats and details.
    Debug,
}

/// A section `service`, valid or not.
#[derive(Debug)]
pub enum Entry {
    /// Everything in it is valid.
    Valid(Box<Service>),
    /// Something is wrong; the issues explain it.
    Invalid(Invalid),
}

impl Entry {
    /// The section's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Entry::Valid(service) => &service.name,
            Entry::Invalid(invalid) => &invalid.name,
        }
    }
}

/// What the status can still show of an invalid service.
#[derive(Debug)]
pub struct Invalid {
    /// The section's name.
    pub name: String,
    /// Whether it would run if it were valid.
    pub enabled: bool,
    /// Those hostnames that are valid.
    pub hostnames: Vec<String>,
    /// The server, or the default if the server is invalid.
    pub server: String,
    /// The first error, with its line.
    pub reason: String,
}

/// One login or DDNS key, and the hostnames under it.
#[derive(Clone, Debug)]
pub struct Service {
    /// The section's name.
    pub name: String,
    /// Line of the section.
    pub line: u32,
    /// 0: its hosts are disabled.
    pub enabled: bool,
    /// Account, DDNS key or `group:account`.
    pub username: String,
    /// The password; see [`Secret`].
    pub password: Secret,
    /// Lower case, no duplicates, in the file's order, at least one.
    pub hostnames: Vec<String>,
    /// Where the addresses come from.
    pub uplink: Uplink,
    /// Which families are wanted.
    pub family: Family,
    /// Where nicup reads the address.
    pub source: Source,
    /// For web and script sources, seconds.
    pub check_interval: u64,
    /// Private, CGNAT and ULA addresses may be sent.
    pub allow_private: bool,
    /// Host part put on the interface's public /64.
    pub ip6_suffix: Option<Ipv6Addr>,
    /// Seconds after which an unchanged address is sent again; None never.
    pub force_interval: Option<u64>,
    /// Send `offline=YES` instead of an address.
    pub offline: bool,
    /// Where the request goes.
    pub endpoint: Endpoint,
}

/// Where the WAN addresses are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// netifd's logical interfaces, the first usable one counts.
    pub interfaces: Vec<String>,
    /// The interface of the IPv6 address, if given.
    pub interface6: Option<String>,
    /// A Linux device instead of interfaces.
    pub device: Option<String>,
}

/// `option family`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A record only.
    Ipv4,
    /// AAAA record only.
    Ipv6,
    /// Both, in one request.
    Both,
}

impl Family {
    /// Whether an IPv4 address is wanted.
    #[must_use]
    pub fn v4(self) -> bool {
        matches!(self, Family::Ipv4 | Family::Both)
    }

    /// Whether an IPv6 address is wanted.
    #[must_use]
    pub fn v6(self) -> bool {
        matches!(self, Family::Ipv6 | Family::Both)
    }
}

/// `option source`, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The address on the interface.
    Interface,
    /// A page whose body is the address; one for each family.
    Web {
        /// For IPv4.
        url: Option<Url>,
        /// For IPv6.
        url6: Option<Url>,
    },
    /// An executable that prints one address per line.
    Script(String),
}

/// The URL of a page that returns an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// As in the configuration.
    pub text: String,
    /// https
    pub tls: bool,
    /// Host name or address, an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path and query.
    pub path: String,
}

/// Where and how the request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or address, lower case.
    pub server: String,
    /// Path without query.
    pub path: String,
    /// TCP port.
    pub port: u16,
    /// Whether http may be used when TLS cannot be reached.
    pub plaintext: bool,
    /// PEM file; None the system's bundle.
    pub cacert: Option<String>,
    /// HTTP CONNECT proxy.
    pub proxy: Option<Proxy>,
    /// Send through the WAN device itself.
    pub bind: bool,
    /// For one request, everything included, seconds.
    pub timeout: u64,
}

/// Whether a server is No-IP's. Another one may give responses that are its own, but not those of dyndns2.
#[must_use]
pub fn is_no_ip(server: &str) -> bool {
    server.strip_suffix("no-ip.com").is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// `option proxy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// `user:password`.
    pub credentials: Option<Secret>,
}

/// A text that is never shown: not in Debug, not in Display, which it does not have.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Secret(text)
    }

    /// The text itself, for the request and the fingerprint only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests;
