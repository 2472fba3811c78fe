//! Which web pages and scripts a service has, when nicup queries them, and their last results.
//!
//! Does not query them (sources does).

use super::places;
use super::plan::Plan;
use super::uplink::{UplinkState, combine};
use crate::policy::address::{self, Rule, WantedFamily, WhyAbsent, WhyUnknown};
use crate::policy::addresses::{Missing, Why};
use crate::policy::config::{Service, Source, Url};
use crate::policy::outcome;
use crate::policy::record::{Records, SourceResult};
use crate::policy::time::{Now, Uptime};
use crate::wire::hotplug::{Action, Event};
use std::net::IpAddr;

/// A page or script that returns an address.
#[derive(Clone, Copy)]
pub(super) enum QuerySource<'s> {
    Page(&'s Url),
    Script(&'s str),
}

impl<'s> QuerySource<'s> {
    /// Its name in messages.
    pub(super) fn name(self) -> &'s str {
        match self {
            QuerySource::Page(url) => &url.text,
            QuerySource::Script(script) => script,
        }
    }

    /// The key of its result. Services share a page if they query it through the same uplink and proxy, because its
    /// response may depend on them. A script gets the service's name, so services do not share it.
    pub(super) fn key(self, service: &Service) -> String {
        let endpoint = &service.endpoint;
        let shared = matches!(self, QuerySource::Page(_)) && !endpoint.bind && endpoint.proxy.is_none();
        if shared { self.name().to_owned() } else { format!("{} for {}", self.name(), service.name) }
    }
}

/// The source of a service's addresses of one family.
fn source_of(service: &Service, family: WantedFamily) -> Option<QuerySource<'_>> {
    let wanted = match family {
        WantedFamily::Ipv4 => service.family.v4(),
        WantedFamily::Ipv6 => service.family.v6(),
    };
    match &service.source {
        Source::Interface => None,
        Source::Script(script) => Some(QuerySource::Script(script)),
        Source::Web { url, url6 } => {
            let url = if family == WantedFamily::Ipv4 { url } else { url6 };
            url.as_ref().map(QuerySource::Page)
        }
    }
    .filter(|_| wanted)
}

/// All sources of a service, each once.
pub(super) fn all(service: &Service) -> Vec<QuerySource<'_>> {
    let mut all: Vec<QuerySource<'_>> = [WantedFamily::Ipv4, WantedFamily::Ipv6]
        .into_iter()
        .filter_map(|family| source_of(service, family))
        .collect();
    all.dedup_by_key(|source| source.name());
    all
}

/// The names of the sources, for `check`.
pub(super) fn names(service: &Service) -> Vec<&str> {
    all(service).into_iter().map(QuerySource::name).collect()
}

/// Whether this pass was started to query sources at once. An interface that goes down is no reason: no page can be reached.
pub(super) fn is_query_requested(plan: &Plan<'_>, service: &Service, event: Option<&Event>) -> bool {
    let forced = plan.overrides.force && plan.is_selected(&service.name);
    forced || event.is_some_and(|event| concerns(service, event))
}

/// Whether an event is a reason to query a service's sources again.
pub(super) fn concerns(service: &Service, event: &Event) -> bool {
    let gone = matches!(event, Event::Interface { action: Action::Down, .. });
    service.source != Source::Interface && !gone && places::is_ours(event, &[service], Vec::new)
}

/// When nicup may query a source again.
pub(super) fn next_check(service: &Service, result: Option<&SourceResult>, now: &Now) -> Uptime {
    result.map_or(now.floor(), |result| outcome::next_query(result, service.check_interval))
}

/// When nicup queries a source of this service next; None: it has none, or no query is planned.
pub(super) fn next_of(plan: &Plan<'_>, records: &Records, service: &Service, now: &Now) -> Option<Uptime> {
    let sources = all(service);
    let asks = plan.enabled && service.enabled && !service.offline;
    if sources.is_empty() || !asks || plan.is_blocked(records, service, now) {
        return None;
    }
    let next =
        |source: QuerySource<'_>| next_check(service, records.source_result(&source.key(service)), now);
    sources.into_iter().map(next).min()
}

/// The last results of a service's sources, in the form of an interface's addresses.
pub(super) fn uplink_state(service: &Service, records: &Records) -> UplinkState {
    if !service.enabled || service.offline {
        return UplinkState::default();
    }
    let ipv4 = result_of(service, WantedFamily::Ipv4, records, |ip| match ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    });
    let ipv6 = result_of(service, WantedFamily::Ipv6, records, |ip| match ip {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => Some(ip),
    });
    UplinkState { addresses: combine(service, ipv4, ipv6), ..UplinkState::default() }
}

/// The first address of one family in a source's result, or why it is missing.
fn result_of<T: Copy + Into<IpAddr>>(
    service: &Service,
    family: WantedFamily,
    records: &Records,
    of_family: impl Fn(IpAddr) -> Option<T>,
) -> Result<T, Option<Missing>> {
    let source = source_of(service, family).ok_or_else(|| {
        let option = if family == WantedFamily::Ipv4 { "source_url" } else { "source_url6" };
        Missing::new(option, Why::NoSource)
    })?;
    let name = source.name();
    let rule = Rule { allow_private: service.allow_private };
    let missing = |why| Missing::new(name, why);
    let unknown = |why: &str| missing(Why::Unknown(WhyUnknown::Source(why.to_owned())));
    let result = records.source_result(&source.key(service));
    let result = result.ok_or_else(|| unknown("not queried yet: nicup run queries it"))?;
    let addresses = result.found.as_ref().map_err(|why| unknown(why))?;
    let mut rejected = None;
    for ip in addresses.iter().filter_map(|ip| of_family(*ip)) {
        match address::sendable(ip.into(), rule) {
            Ok(()) => return Ok(ip),
            Err(why) => rejected = rejected.or(Some(missing(Why::Absent(why)))),
        }
    }
    Err(Some(rejected.unwrap_or_else(|| missing(Why::Absent(WhyAbsent::NoAddress(family))))))
}
