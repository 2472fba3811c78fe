//! Which addresses each service has now: netifd maps interfaces to devices, and the kernel maps devices to addresses.
//!
//! Queries netifd and the kernel at most once per pass. Does not decide what nicup sends, and does not query pages and
//! scripts (sources does).

use super::places::{Candidate, Places, is_listed};
use super::uplink::{UplinkName, UplinkState, combine};
use super::{Env, source_results};
use crate::policy::address::{self, Observed, Rule, WantedFamily, WhyAbsent, WhyDown, WhyUnknown, lifetimes};
use crate::policy::addresses::{Missing, Why};
use crate::policy::config::{Service, Source};
use crate::policy::record::{Host, Records};
use crate::sys::ubus::{Netifd, UbusError};
use crate::wire::hotplug::{Action, Event};
use crate::wire::rtnl::DeviceAddresses;
use crate::wire::ubus::{self, Interface};
use std::net::Ipv4Addr;

/// What is known of a logical interface.
#[derive(Clone, Debug, PartialEq, Eq)]
enum InterfaceState {
    Device(String),
    Down(WhyDown),
    /// Up, and mwan3 reported it disconnected.
    Disconnected,
    Missing,
    Unknown(String),
}

impl InterfaceState {
    fn device(&self) -> Option<String> {
        match self {
            InterfaceState::Device(device) => Some(device.clone()),
            InterfaceState::Down(_)
            | InterfaceState::Disconnected
            | InterfaceState::Missing
            | InterfaceState::Unknown(_) => None,
        }
    }
}

/// The devices of each service, as netifd names them.
pub(super) struct Devices<'e> {
    /// For each service: the states of its IPv4, IPv6 and uplink interfaces.
    resolved: Vec<[Vec<Resolved>; 3]>,
    /// All interfaces of netifd, after a query for all.
    all: Option<Vec<Interface>>,
    event: Option<&'e Event>,
}

/// Queries netifd for the devices of `services`. `whole`: no later query is possible, so this one covers everything.
pub(super) fn devices<'e>(
    netifd: &mut dyn Netifd,
    services: &[&Service],
    event: Option<&'e Event>,
    records: &Records,
    whole: bool,
) -> Devices<'e> {
    let places: Vec<Places> = services.iter().map(|service| Places::with_bound(service)).collect();
    let mut names: Vec<&str> = places.iter().flat_map(Places::interfaces).collect();
    names.sort_unstable();
    names.dedup();
    let (uplinks, mut all) = uplinks(&names, event, netifd);
    if whole && !names.is_empty() && all.is_none() {
        all = Some(list_interfaces(netifd).unwrap_or_default());
    }
    let device_of = |place: &Candidate| match place {
        Candidate::Device(device) => InterfaceState::Device(device.clone()),
        Candidate::Interface(name) | Candidate::Sibling(name) => {
            names.binary_search(&name.as_str()).map_or(InterfaceState::Missing, |at| uplinks[at].clone())
        }
    };
    let resolve = |service: &Service, list: &[Candidate]| -> Vec<(Candidate, InterfaceState)> {
        let uplink = |place: &Candidate| match place {
            Candidate::Interface(name) if is_listed(service, name) && records.disconnected.contains(name) => {
                InterfaceState::Disconnected
            }
            Candidate::Interface(_) | Candidate::Sibling(_) | Candidate::Device(_) => device_of(place),
        };
        list.iter().map(|place| (place.clone(), uplink(place))).collect()
    };
    let resolve_all =
        |(service, p): (&&Service, &Places)| [&p.ipv4, &p.ipv6, &p.bound].map(|list| resolve(service, list));
    Devices { resolved: services.iter().zip(&places).map(resolve_all).collect(), all, event }
}

impl Devices<'_> {
    /// The device that requests of the service with this number are bound to, if nicup does not read its addresses.
    pub(super) fn bind_device(&self, at: usize) -> Option<String> {
        self.resolved.get(at)?[2].iter().find_map(|(_, uplink)| uplink.device())
    }

    /// All interfaces of netifd.
    pub(super) fn all(&mut self, netifd: &mut dyn Netifd) -> &[Interface] {
        self.all.get_or_insert_with(|| list_interfaces(netifd).unwrap_or_default())
    }

    /// Reads the addresses of the devices: one [`UplinkState`] for each of `services`.
    pub(super) fn detect(
        &mut self,
        env: &mut Env<'_>,
        services: &[&Service],
        records: &Records,
    ) -> Vec<UplinkState> {
        let resolved = std::mem::take(&mut self.resolved);
        let mut devices: Vec<&str> = Vec::new();
        for (_, uplink) in resolved.iter().flat_map(|[v4, v6, _]| v4.iter().chain(v6)) {
            if let InterfaceState::Device(device) = uplink
                && !devices.contains(&device.as_str())
            {
                devices.push(device);
            }
        }
        let seen = if devices.is_empty() { Ok(Vec::new()) } else { env.kernel.addresses(&devices) };
        let seen = seen.map_err(|error| error.explain());
        let detect = |(service, [v4, v6, bound]): (&&Service, &[Vec<Resolved>; 3])| {
            let found = match service.source {
                Source::Interface => {
                    let found =
                        detect_uplink(service, v4, v6, seen.as_deref().map_err(String::as_str), records);
                    self.look_beside(env, service, v4, v6, records, found)
                }
                Source::Web { .. } | Source::Script(_) => source_results::uplink_state(service, records),
            };
            let up = || bound.iter().find_map(|(_, uplink)| uplink.device());
            let bind_device = found.bind_device.filter(|_| !bound.is_empty()).or_else(up);
            UplinkState { bind_device, ..found }
        };
        services.iter().zip(&resolved).map(detect).collect()
    }

    /// If an IPv4 address is missing, netifd's dynamic interfaces beside a service's interfaces may have it. Only then
    /// does this query netifd again.
    fn look_beside(
        &mut self,
        env: &mut Env<'_>,
        service: &Service,
        v4: &[Resolved],
        v6: &[Resolved],
        records: &Records,
        found: UplinkState,
    ) -> UplinkState {
        let lacks = found.addresses.ipv4.is_none()
            && !found.addresses.missing.as_ref().is_some_and(Missing::is_unknown);
        let is_down = matches!(self.event, Some(Event::Interface { action: Action::Down, .. }));
        let interfaces = &service.uplink.interfaces;
        if !lacks || is_down || v4.is_empty() || service.uplink.device.is_some() {
            return found;
        }
        let all = self.all(env.netifd);
        let siblings = interfaces.iter().map(|name| format!("{name}_4"));
        let known = |name: String| {
            let interface = all.iter().find(|i| i.interface.as_deref() == Some(&name))?;
            Some((Candidate::Sibling(name), uplink_of(interface)))
        };
        let more: Vec<Resolved> = v4.iter().cloned().chain(siblings.filter_map(known)).collect();
        let mut found = if more.len() == v4.len() {
            found
        } else {
            let devices: Vec<String> =
                more.iter().chain(v6).filter_map(|(_, uplink)| uplink.device()).collect();
            let mut devices: Vec<&str> = devices.iter().map(String::as_str).collect();
            devices.sort_unstable();
            devices.dedup();
            let seen = env.kernel.addresses(&devices).map_err(|error| error.explain());
            detect_uplink(service, &more, v6, seen.as_deref().map_err(String::as_str), records)
        };
        if found.addresses.ipv4.is_none() {
            found.beside = dynamic_beside(interfaces, all);
        }
        found
    }
}

/// The dynamic interfaces that are up beside `interfaces`: DS-Lite, MAP-E and 464xlat put IPv4 on `wan6_4` and the like.
fn dynamic_beside(interfaces: &[String], all: &[Interface]) -> Vec<String> {
    let up = all.iter().filter(|interface| interface.up && interface.dynamic == Some(true));
    let names = up.filter_map(|interface| interface.interface.clone());
    names.filter(|name| interfaces.iter().any(|of| name != of && name.starts_with(of.as_str()))).collect()
}

/// One [`InterfaceState`] for each of `names`, from the event if it contains it, else with one query to netifd. Also all
/// interfaces of netifd, if the query was for all.
fn uplinks(
    names: &[&str],
    event: Option<&Event>,
    netifd: &mut dyn Netifd,
) -> (Vec<InterfaceState>, Option<Vec<Interface>>) {
    let from_event = |name: &str| match event {
        Some(Event::Interface { action, interface, device }) if interface == name => match (action, device) {
            (Action::Up | Action::Update, Some(device)) => Some(InterfaceState::Device(device.clone())),
            (Action::Down, _) => Some(InterfaceState::Down(WhyDown::Unexplained)),
            (Action::Up | Action::Update, None) => None,
            // mwan3's reports are in the records, and do not concern the device.
            (Action::Connected | Action::Disconnected, _) => None,
        },
        _ => None,
    };
    let mut found: Vec<Option<InterfaceState>> = names.iter().map(|name| from_event(name)).collect();
    let mut dumped = None;
    if found.iter().filter(|uplink| uplink.is_none()).count() > 1 {
        // If this query fails, a query for each interface would also fail.
        let all = list_interfaces(netifd);
        for (name, uplink) in names.iter().zip(&mut found) {
            uplink.get_or_insert_with(|| match &all {
                Ok(all) => {
                    let listed = all.iter().find(|i| i.interface.as_deref() == Some(name));
                    listed.map_or(InterfaceState::Missing, uplink_of)
                }
                Err(why) => InterfaceState::Unknown(why.clone()),
            });
        }
        dumped = Some(all.unwrap_or_default());
    }
    let ask =
        |(name, uplink): (&&str, Option<InterfaceState>)| uplink.unwrap_or_else(|| ask_netifd(name, netifd));
    (names.iter().zip(found).map(ask).collect(), dumped)
}

/// Everything that netifd has.
fn list_interfaces(netifd: &mut dyn Netifd) -> Result<Vec<Interface>, String> {
    match netifd.call("network.interface", "dump") {
        Ok(output) => ubus::dump(&output).ok_or_else(|| NOT_NETIFDS.to_owned()),
        Err(UbusError::Missing) => Err("netifd is not running".to_owned()),
        Err(UbusError::Failed(why)) => Err(why),
    }
}

const NOT_NETIFDS: &str = "ubus printed something that is not an interface";

fn ask_netifd(name: &str, netifd: &mut dyn Netifd) -> InterfaceState {
    match netifd.call(&format!("network.interface.{name}"), "status") {
        Ok(output) => match ubus::status(name, &output) {
            Some(interface) => uplink_of(&interface),
            None => InterfaceState::Unknown(NOT_NETIFDS.to_owned()),
        },
        Err(UbusError::Missing) => InterfaceState::Missing,
        Err(UbusError::Failed(why)) => InterfaceState::Unknown(why),
    }
}

fn uplink_of(interface: &Interface) -> InterfaceState {
    match &interface.l3_device {
        Some(device) if interface.up => InterfaceState::Device(device.clone()),
        _ => {
            let mut errors = interface.errors.iter().flatten();
            let error = errors.next_back().and_then(|error| error.code.as_deref());
            let flags = [interface.autostart, interface.available, interface.pending];
            InterfaceState::Down(WhyDown::of(interface.up, flags, error))
        }
    }
}

type Resolved = (Candidate, InterfaceState);

fn detect_uplink(
    service: &Service,
    v4: &[Resolved],
    v6: &[Resolved],
    seen: Result<&[DeviceAddresses], &str>,
    records: &Records,
) -> UplinkState {
    let rule = Rule { allow_private: service.allow_private };
    let (server, user) = (&service.endpoint.server, &service.username);
    let record = |name: &String| records.get(server, user, name);
    let accepted = |host: &&Host| host.registered.accepted.is_some();
    let mut records = service.hostnames.iter().filter_map(record).filter(accepted);
    let registered = records.next().map(|host| host.registered.clone()).unwrap_or_default();
    let (ipv4, at4) = search(v4, seen, |device| pick_ipv4(service, device, rule, registered.ipv4));
    let on_uplink = service.uplink.interface6.is_none() && service.uplink.device.is_none();
    let (ipv6, at6) = search(v6, seen, |device| {
        let picked = match service.ip6_suffix {
            Some(suffix) => address::pick_ipv6_suffix(device, rule, suffix, registered.ipv6),
            None => address::pick_ipv6(device, rule, registered.ipv6),
        };
        let nothing = WhyAbsent::NoAddress(WantedFamily::Ipv6);
        picked.reason(|why| if why == nothing && on_uplink { WhyAbsent::NoUplinkIpv6 } else { why })
    });
    let preferred = ipv6.as_ref().ok().zip(at6).and_then(|(picked, at)| {
        let device = at.1.device()?;
        let addresses = seen.ok()?.iter().find(|seen| seen.device == device)?;
        let choices = address::choices(addresses, rule, service.ip6_suffix);
        lifetimes::to_follow(&device, &choices, *picked)
    });
    let at = at4.or(at6);
    let first = v4.first().or(v6.first());
    let names = |(place, uplink): &Resolved| {
        let interface = match place {
            Candidate::Device(_) => None,
            Candidate::Interface(name) | Candidate::Sibling(name) => Some(name.clone()),
        };
        UplinkName { interface, device: uplink.device() }
    };
    let shown = at.or(first).map(names).unwrap_or_default();
    let devices = v4.iter().chain(v6).filter_map(|(_, uplink)| uplink.device());
    // interface6 may be the LAN, which does not lead to the internet.
    let outside = at4.or(at6.filter(|_| service.uplink.interface6.is_none()));
    UplinkState {
        at_ipv6: at4.and(at6).map(names).filter(|at| *at != shown),
        at: shown,
        devices: devices.collect(),
        bind_device: outside.and_then(|(_, uplink)| uplink.device()),
        addresses: combine(service, ipv4, ipv6),
        unknown_interfaces: unknown_interfaces(v4, v6),
        preferred,
        beside: Vec::new(),
    }
}

/// The IPv4 address of a device; if it is missing, whether the device has IPv6 only.
fn pick_ipv4(
    service: &Service,
    device: &DeviceAddresses,
    rule: Rule,
    registered: Option<Ipv4Addr>,
) -> Observed<Ipv4Addr> {
    let only_ipv4 = !service.family.v6();
    // DS-Lite and its like.
    address::pick_ipv4(device, rule, registered).reason(|why| {
        match (why, address::pick_ipv6(device, rule, None)) {
            (WhyAbsent::NoAddress(_), Observed::Address(ip)) if only_ipv4 => WhyAbsent::OnlyIpv6(ip),
            (why, _) => why,
        }
    })
}

/// The configured interfaces that netifd does not have.
fn unknown_interfaces(v4: &[Resolved], v6: &[Resolved]) -> Vec<String> {
    let unknown = |(place, uplink): &&Resolved| {
        *uplink == InterfaceState::Missing && matches!(place, Candidate::Interface(_))
    };
    let mut names: Vec<String> =
        v4.iter().chain(v6).filter(unknown).map(|(place, _)| place.name().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The first interface or device with an address that counts, or the reason that explains most.
fn search<'a, T>(
    places: &'a [Resolved],
    seen: Result<&[DeviceAddresses], &str>,
    pick: impl Fn(&DeviceAddresses) -> Observed<T>,
) -> (Result<T, Option<Missing>>, Option<&'a Resolved>) {
    let mut missing: Option<Missing> = None;
    let mut absent: Vec<&str> = Vec::new();
    for place in places {
        let observed = match (&place.1, seen) {
            (InterfaceState::Device(device), Ok(seen)) => {
                let picked = seen.iter().find(|d| d.device == *device).map(&pick);
                let picked = picked.unwrap_or(Observed::Absent(WhyAbsent::DeviceMissing));
                let named = matches!(place.0, Candidate::Device(_));
                let gone = |why| !named && why == WhyAbsent::DeviceMissing;
                picked.reason(|why| if gone(why) { WhyAbsent::DeviceGone } else { why })
            }
            (InterfaceState::Device(_), Err(why)) => Observed::Unknown(WhyUnknown::Kernel(why.to_owned())),
            (InterfaceState::Unknown(why), _) => Observed::Unknown(WhyUnknown::Netifd(why.clone())),
            (InterfaceState::Down(why), _) => Observed::Absent(WhyAbsent::InterfaceDown(*why)),
            (InterfaceState::Disconnected, _) => Observed::Absent(WhyAbsent::Disconnected),
            (InterfaceState::Missing, _) if matches!(place.0, Candidate::Sibling(_)) => continue,
            (InterfaceState::Missing, _) => Observed::Absent(WhyAbsent::DeviceMissing),
        };
        let why = match observed {
            Observed::Address(address) => return (Ok(address), Some(place)),
            Observed::Unknown(why) => Why::Unknown(why),
            Observed::Absent(why) => {
                if matches!(place.0, Candidate::Interface(_)) {
                    absent.push(place.0.name());
                }
                Why::Absent(why)
            }
        };
        missing = Some(Missing::more_specific(missing, Missing::new(place.0.name(), why)));
    }
    // Of a list, the message explains one interface and names the others.
    if let Some(missing) = missing.as_mut().filter(|missing| !missing.is_unknown() && absent.len() > 1) {
        let others = absent.into_iter().filter(|name| *name != missing.at);
        missing.others = others.map(str::to_owned).collect();
    }
    (Err(missing), None)
}
