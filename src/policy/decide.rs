//! What to do about one host now: send, leave, wait or stay stopped, and why.
//!
//! Does not send and does not change a record (policy::outcome does, once the outcome is known). The waits are
//! in `wait`.

mod wait;

pub use super::addresses::{Addresses, Missing, Why};
pub use super::reason::SendReason;
pub use wait::clock_offset;

use super::code::{Code, Kind};
use super::config::Service;
use super::fingerprint::{self, StopScope};
use super::record::{Host, Records, Registered, Stop};
use super::time::{Now, Uptime, Wait};

/// Changes of a registered address that nicup sends at once ([`RATE_LIMIT_WINDOW`]).
pub const RATE_LIMIT_CHANGES: usize = 5;
/// Seconds in which nicup counts them, and after which the rate limit ends.
pub const RATE_LIMIT_WINDOW: u64 = 600;
/// Seconds between changes during the rate limit.
pub const RATE_LIMIT_PACE: u64 = 300;
/// Seconds between two forced updates of an unchanged address.
pub const FORCE_PACE: u64 = 600;
/// Seconds between two attempts, even for a new address.
pub const SETTLE: u64 = 10;
/// Seconds between attempts while the clock is not set.
pub const CLOCK_PACE: u64 = 600;

/// What a pass does beyond the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--force`.
    pub force: bool,
    /// NTP has set the clock.
    pub clock_set: bool,
}

/// How this program identifies itself to servers, because a server's stop depends on it.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// The contact in the User-Agent.
    pub contact: &'a str,
    /// This program's version.
    pub version: &'a str,
}

/// The input for a decision about one host.
#[derive(Clone, Copy)]
pub struct HostContext<'a> {
    /// All valid services: a stop of one can apply to others.
    pub services: &'a [&'a Service],
    /// The host's service.
    pub service: &'a Service,
    /// The program's identity.
    pub client: Client<'a>,
    /// All records.
    pub records: &'a Records,
    /// The host's record.
    pub host: &'a Host,
    /// The addresses that nicup could send.
    pub addresses: &'a Addresses,
    /// The moment.
    pub now: &'a Now,
    /// The options of this run.
    pub ask: Overrides,
}

/// What to do.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, it is switched off.
    Disabled,
    /// Nothing, until the user acts.
    Stopped(Stop),
    /// Nothing, there is no address.
    NoAddress(Missing),
    /// Nothing before `until`.
    WaitUntil {
        /// When.
        until: Uptime,
        /// Why.
        cause: WaitReason,
    },
    /// A request now.
    Send(SendReason),
    /// Nothing: registered as it is.
    Leave {
        /// When nicup sends it again; None: never.
        forced: Option<Uptime>,
        /// Why `--force` does not send it now.
        wait: Option<(Uptime, WaitReason)>,
    },
}

/// Why a request that is due waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// The server ordered it; with the response's text if it is not from No-IP.
    Server(Code, String),
    /// After a failure.
    Retry(Code, String),
    /// Too many changes.
    RateLimit,
    /// The address could not be detected.
    Unknown(Missing),
    /// An unchanged address was sent a short time ago.
    JustForced,
}

/// Decides about one host. A stop has priority over a missing address, and a missing address over a wait
/// (docs/reference.md#statusjson).
pub fn decide(case: &HostContext<'_>) -> Decision {
    if !case.service.enabled {
        return Decision::Disabled;
    }
    if let Some(stop) = active_stop(case) {
        return Decision::Stopped(stop.clone());
    }
    if !case.service.offline && case.addresses.list().is_empty() {
        return match &case.addresses.missing {
            Some(missing) if missing.is_unknown() => {
                let until = case.host.retry.as_ref().map(|retry| retry.until);
                let until = until.unwrap_or(Uptime(0)).max(case.now.ceil());
                Decision::WaitUntil { until, cause: WaitReason::Unknown(missing.clone()) }
            }
            Some(missing) => Decision::NoAddress(missing.clone()),
            None => Decision::NoAddress(Missing::new("", Why::Nothing)),
        };
    }
    match due(case) {
        Due::Now(reason) => match wait::wait(case, reason) {
            Some((until, cause)) => Decision::WaitUntil { until, cause },
            None => Decision::Send(reason),
        },
        Due::Not(forced) if case.ask.force => match wait::wait(case, SendReason::Asked) {
            Some(wait) => Decision::Leave { forced, wait: Some(wait) },
            None => Decision::Send(SendReason::Asked),
        },
        Due::Not(forced) => Decision::Leave { forced, wait: None },
        Due::Forced(at) => match wait::wait(case, SendReason::Interval) {
            Some((until, cause)) => {
                Decision::Leave { forced: Some(until.max(at)), wait: Some((until, cause)) }
            }
            None => Decision::Send(SendReason::Interval),
        },
    }
}

/// Whether nicup can send nothing for this host, with any address. Then it queries no page or script.
#[must_use]
pub fn is_blocked(case: &HostContext<'_>) -> bool {
    !case.service.enabled || active_stop(case).is_some() || wait::by_server(case)
}

/// The stop of this host, if the settings that caused it are unchanged.
fn active_stop<'a>(case: &HostContext<'a>) -> Option<&'a Stop> {
    let service = case.service;
    let server = &service.endpoint.server;
    let agent = StopScope::Server { contact: case.client.contact, version: case.client.version };
    let of_server = case.records.server(server).and_then(|record| record.stop.as_ref());
    let of_account = case.records.account_stop(server, &service.username);
    let of_host = case.host.stop.as_ref().filter(|_| host_stop_applies(case.host, service));
    let of_account = of_account.filter(|stop| applies(stop, case.services, StopScope::Service));
    of_server.filter(|stop| applies(stop, case.services, agent)).or(of_account).or(of_host)
}

/// Whether a stop still applies: a service that it depends on has the settings that caused it.
pub(super) fn applies(stop: &Stop, services: &[&Service], scope: StopScope<'_>) -> bool {
    services.iter().any(|service| fingerprint::of_stop(service, scope) == stop.print)
}

/// Whether a stop applies to a host. It depends on the hostname alone, or on its service.
pub(super) fn host_stop_applies(host: &Host, service: &Service) -> bool {
    host.stop.as_ref().is_some_and(|stop| {
        let alone = stop.code.kind() == Kind::StopsHost;
        let scope = if alone { StopScope::Host(&host.key.hostname) } else { StopScope::Service };
        applies(stop, &[service], scope)
    })
}

enum Due {
    Now(SendReason),
    Forced(Uptime),
    Not(Option<Uptime>),
}

fn due(case: &HostContext<'_>) -> Due {
    let registered = &case.host.registered;
    if registered.accepted.is_none() {
        return Due::Now(SendReason::New);
    }
    if case.service.offline != registered.offline {
        return Due::Now(SendReason::Offline);
    }
    if !case.service.offline && !is_registered(case.addresses, registered) {
        return Due::Now(if is_change(case.addresses, registered) {
            SendReason::Changed
        } else {
            SendReason::New
        });
    }
    // The address may have changed back while the server may have the unconfirmed one.
    if case.host.is_unconfirmed {
        return Due::Now(SendReason::Unconfirmed);
    }
    let now = case.now;
    match forced_at(case) {
        Some(at) if now.wall.is_none() => Due::Not(Some(at.max(now.ceil().plus(CLOCK_PACE)))),
        Some(at) if at <= now.floor() => Due::Forced(at),
        forced => Due::Not(forced),
    }
}

pub(super) fn is_registered(addresses: &Addresses, registered: &Registered) -> bool {
    addresses.ipv4.is_none_or(|ip| registered.ipv4 == Some(ip))
        && addresses.ipv6.is_none_or(|ip| registered.ipv6 == Some(ip))
}

/// Whether the update would replace a registered address.
fn is_change(addresses: &Addresses, registered: &Registered) -> bool {
    let differs4 = addresses.ipv4.is_some_and(|ip| registered.ipv4.is_some_and(|old| old != ip));
    let differs6 = addresses.ipv6.is_some_and(|ip| registered.ipv6.is_some_and(|old| old != ip));
    differs4 || differs6
}

/// When force_interval is over, on this boot's clock.
fn forced_at(case: &HostContext<'_>) -> Option<Uptime> {
    let length = case.service.force_interval?;
    let (_, from) = case.host.registered.accepted.clone()?;
    Some(Wait { from, length }.end(case.now))
}

#[cfg(test)]
mod tests;
