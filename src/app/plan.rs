//! The plan of a run: the configuration's services, and the options of the command line. Immutable.
//!
//! Calls policy for the decision about one host. Uses neither files nor the network.

use super::{CommandFailure, Exit, VERSION};
use crate::policy::addresses::Addresses;
use crate::policy::config::{Config, Entry, Issue, Main, Service};
use crate::policy::decide::{self, Client, Decision, HostContext, Overrides};
use crate::policy::record::{Host, Key, Records};
use crate::policy::time::Now;
use crate::wire::hotplug::Event;

/// The options of a run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Only these services; all if empty.
    pub services: Vec<String>,
    /// `--force`.
    pub force: bool,
    /// `--hotplug`: the event.
    pub event: Option<Event>,
    /// A loop waits for this pass, so it must not leave its work to another pass.
    pub in_loop: bool,
}

/// The plan of a run.
#[derive(Clone)]
pub(super) struct Plan<'a> {
    /// The services that are valid.
    pub(super) services: Vec<&'a Service>,
    /// Whether these are all services, so that nicup drops records without a service.
    pub(super) is_whole: bool,
    pub(super) contact: &'a str,
    /// `option enabled` of section `nicup`.
    pub(super) enabled: bool,
    /// Only these services; all if empty.
    only: &'a [String],
    pub(super) overrides: Overrides,
}

impl<'a> Plan<'a> {
    pub(super) fn new(config: &'a Config, options: &'a RunOptions) -> Plan<'a> {
        Plan {
            services: valid(config),
            is_whole: config.services.iter().all(|entry| matches!(entry, Entry::Valid(_))),
            contact: config.main.contact().0,
            enabled: config.main.enabled,
            only: &options.services,
            overrides: Overrides { force: options.force, clock_set: options.event == Some(Event::Clock) },
        }
    }

    /// The same without one-time options such as `--force`: for the states as the next pass will find them.
    pub(super) fn without_overrides(&self) -> Plan<'a> {
        Plan { overrides: Overrides::default(), ..self.clone() }
    }

    pub(super) fn is_selected(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// The services that `--service` names; None: all of them.
    pub(super) fn selected(&self) -> Option<Vec<&'a Service>> {
        let selected = self.services.iter().copied().filter(|service| self.is_selected(&service.name));
        (!self.only.is_empty()).then(|| selected.collect())
    }

    /// Hostnames of all services.
    pub(super) fn hosts(&self) -> usize {
        self.services.iter().map(|service| service.hostnames.len()).sum()
    }

    /// Whether nothing can be sent for a service, with any address.
    pub(super) fn is_blocked(&self, records: &Records, service: &Service, now: &Now) -> bool {
        let nothing = Addresses::default();
        let blocked = |name: &String| self.ask(records, service, name, &nothing, now, decide::is_blocked);
        service.hostnames.iter().all(blocked)
    }

    /// Decides about one host of a service.
    pub(super) fn decide(
        &self,
        records: &Records,
        service: &Service,
        hostname: &str,
        addresses: &Addresses,
        now: &Now,
    ) -> Decision {
        if !self.enabled {
            return Decision::Disabled;
        }
        self.ask(records, service, hostname, addresses, now, decide::decide)
    }

    fn ask<T>(
        &self,
        records: &Records,
        service: &Service,
        hostname: &str,
        addresses: &Addresses,
        now: &Now,
        question: impl Fn(&HostContext<'_>) -> T,
    ) -> T {
        let fresh;
        let host = match records.get(&service.endpoint.server, &service.username, hostname) {
            Some(host) => host,
            None => {
                fresh = unknown_host(service, hostname);
                &fresh
            }
        };
        question(&HostContext {
            services: &self.services,
            service,
            client: Client { contact: self.contact, version: VERSION },
            records,
            host,
            addresses,
            now,
            ask: self.overrides,
        })
    }
}

/// The record of a host that has none yet.
pub(super) fn unknown_host(service: &Service, hostname: &str) -> Host {
    let (server, username) = (service.endpoint.server.clone(), service.username.clone());
    Host::new(Key { server, username, hostname: hostname.to_owned() })
}

/// The valid services.
pub(super) fn valid(config: &Config) -> Vec<&Service> {
    let entries = config.services.iter();
    entries
        .filter_map(|entry| match entry {
            Entry::Valid(service) => Some(service.as_ref()),
            Entry::Invalid(_) => None,
        })
        .collect()
}

/// Section `nicup`; the defaults if there is no configuration.
pub(super) fn main_of(loaded: &Result<Config, Issue>) -> Main {
    loaded.as_ref().map(|config| config.main.clone()).unwrap_or_default()
}

/// Checks that each service of `--service` exists. If the configuration cannot be read, it may exist.
///
/// # Errors
/// One does not exist.
pub(super) fn check_services(
    loaded: &Result<Config, Issue>,
    options: &RunOptions,
    file: &str,
) -> Result<(), CommandFailure> {
    let Ok(config) = loaded else { return Ok(()) };
    let known = |name: &&String| config.services.iter().any(|entry| entry.name() == name.as_str());
    match options.services.iter().find(|name| !known(name)) {
        Some(unknown) => Err(CommandFailure::new(Exit::Usage, format!("no service '{unknown}' in {file}"))),
        None => Ok(()),
    }
}
