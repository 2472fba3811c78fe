//! Which addresses each service has now: interface to device by netifd, device to addresses by the kernel.
//!
//! At most one question to netifd and one to the kernel for a whole pass. Does not decide what is sent, and does not
//! ask pages and scripts (sources does).

use super::{World, sources};
use crate::policy::address::{self, Observed, Rule, WhyAbsent, WhyUnknown, lifetimes};
use crate::policy::config::{Service, Source};
use crate::policy::decide::{Addresses, Lack};
use crate::policy::record::{Book, Host};
use crate::sys::ubus::{Netifd, UbusError};
use crate::wire::hotplug::{Action, Event};
use crate::wire::rtnl::DeviceAddresses;
use crate::wire::ubus::{self, Interface};
use crate::wire::wake::Preferred;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What was seen of one service's uplink.
#[derive(Clone, Debug, Default)]
pub(super) struct Sighting {
    /// Logical interface, unless a device is configured.
    pub(super) interface: Option<String>,
    /// Its Linux device, if one is known.
    pub(super) device: Option<String>,
    /// Every device that may carry one of its addresses.
    pub(super) devices: Vec<String>,
    /// With option bind: the device that requests leave through, if one is up.
    pub(super) way: Option<String>,
    /// What can be sent.
    pub(super) addresses: Addresses,
    /// Interfaces that netifd does not know.
    pub(super) unknown_interfaces: Vec<String>,
    /// The IPv6 addresses that were to choose from, if there were several.
    pub(super) preferred: Option<Preferred>,
}

/// What is known of a logical interface.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Uplink {
    Device(String),
    Down,
    Missing,
    Unknown(String),
}

impl Uplink {
    fn device(&self) -> Option<String> {
        match self {
            Uplink::Device(device) => Some(device.clone()),
            Uplink::Down | Uplink::Missing | Uplink::Unknown(_) => None,
        }
    }
}

/// Looks at the uplinks of `services`, one [`Sighting`] each.
pub(super) fn observe(
    world: &mut World<'_>,
    services: &[&Service],
    event: Option<&Event>,
    book: &Book,
) -> Vec<Sighting> {
    let place = |service: &&Service| {
        let asked = match service.source {
            Source::Interface => Places::of(service),
            Source::Web { .. } | Source::Script(_) => Places::default(),
        };
        let bound = service.enabled && service.endpoint.bind;
        Places { way: if bound { Places::uplinks(service) } else { Vec::new() }, ..asked }
    };
    let places: Vec<Places> = services.iter().map(place).collect();
    let mut names: Vec<&str> = places.iter().flat_map(Places::interfaces).collect();
    names.sort_unstable();
    names.dedup();
    let uplinks = uplinks(&names, event, world.netifd);
    let device_of = |place: &Place| match place {
        Place::Device(device) => Uplink::Device(device.clone()),
        Place::Interface(name) | Place::Sibling(name) => {
            names.binary_search(&name.as_str()).map_or(Uplink::Missing, |at| uplinks[at].clone())
        }
    };
    let resolve = |list: &[Place]| -> Vec<(Place, Uplink)> {
        list.iter().map(|place| (place.clone(), device_of(place))).collect()
    };
    let resolved: Vec<_> =
        places.iter().map(|p| [&p.ipv4, &p.ipv6, &p.way].map(|list| resolve(list))).collect();

    let mut devices: Vec<&str> = Vec::new();
    for (_, uplink) in resolved.iter().flat_map(|[v4, v6, _]| v4.iter().chain(v6)) {
        if let Uplink::Device(device) = uplink
            && !devices.contains(&device.as_str())
        {
            devices.push(device);
        }
    }
    let seen = if devices.is_empty() { Ok(Vec::new()) } else { world.kernel.addresses(&devices) };
    let seen = seen.map_err(|error| error.explain());
    services
        .iter()
        .zip(&resolved)
        .map(|(service, [v4, v6, way])| {
            let found = match service.source {
                Source::Interface => sight(service, v4, v6, seen.as_deref().map_err(String::as_str), book),
                Source::Web { .. } | Source::Script(_) => sources::sight(service, book),
            };
            let up = || way.iter().find_map(|(_, uplink)| uplink.device());
            Sighting { way: found.way.filter(|_| !way.is_empty()).or_else(up), ..found }
        })
        .collect()
}

/// Somewhere an address may be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Device(String),
    Interface(String),
    /// netifd's dynamic IPv6 interface beside one that is configured: no trouble if there is none.
    Sibling(String),
}

impl Place {
    fn name(&self) -> &str {
        match self {
            Place::Device(name) | Place::Interface(name) | Place::Sibling(name) => name,
        }
    }
}

/// Where a service's addresses may be, in the order of preference.
#[derive(Default)]
struct Places {
    ipv4: Vec<Place>,
    ipv6: Vec<Place>,
    /// What requests are bound to, where they are.
    way: Vec<Place>,
}

impl Places {
    fn of(service: &Service) -> Places {
        if !service.enabled || service.offline {
            return Places::default();
        }
        let uplink = &service.uplink;
        let ipv4 = Places::uplinks(service);
        let ipv6 = match (&uplink.interface6, &uplink.device) {
            (Some(name), _) => vec![Place::Interface(name.clone())],
            (None, Some(device)) => vec![Place::Device(device.clone())],
            (None, None) => {
                let family = |name: &String| {
                    let siblings = siblings(name).map(Place::Sibling);
                    std::iter::once(Place::Interface(name.clone())).chain(siblings)
                };
                uplink.interfaces.iter().flat_map(family).collect()
            }
        };
        Places {
            ipv4: if service.family.v4() { ipv4 } else { Vec::new() },
            ipv6: if service.family.v6() { ipv6 } else { Vec::new() },
            way: Vec::new(),
        }
    }

    /// Where a service's way to the internet is. Its IPv6 address may be elsewhere, on the LAN.
    fn uplinks(service: &Service) -> Vec<Place> {
        match &service.uplink.device {
            Some(device) => vec![Place::Device(device.clone())],
            None => service.uplink.interfaces.iter().cloned().map(Place::Interface).collect(),
        }
    }

    fn interfaces(&self) -> impl Iterator<Item = &str> {
        self.ipv4.iter().chain(&self.ipv6).chain(&self.way).filter_map(|place| match place {
            Place::Device(_) => None,
            Place::Interface(name) | Place::Sibling(name) => Some(name.as_str()),
        })
    }
}

/// The names that netifd and its users give an interface for IPv6 beside `name`.
fn siblings(name: &str) -> [String; 2] {
    [format!("{name}6"), format!("{name}_6")]
}

/// Whether a hotplug event is about one of `services` (contract section 1, "Ours").
pub(super) fn is_ours(event: &Event, services: &[&Service]) -> bool {
    let Event::Interface { interface, device, .. } = event else { return true };
    services.iter().any(|service| {
        if service.uplink.device.is_some() && service.uplink.device == *device {
            return true;
        }
        let places = Places::of(service);
        places.interfaces().any(|name| name == interface)
    })
}

/// One [`Uplink`] for each of `names`: from the event where it says so, the rest with one question to netifd.
fn uplinks(names: &[&str], event: Option<&Event>, netifd: &mut dyn Netifd) -> Vec<Uplink> {
    let told = |name: &str| match event {
        Some(Event::Interface { action, interface, device }) if interface == name => match (action, device) {
            (Action::Up | Action::Update, Some(device)) => Some(Uplink::Device(device.clone())),
            (Action::Down, _) => Some(Uplink::Down),
            (Action::Up | Action::Update, None) => None,
        },
        _ => None,
    };
    let mut found: Vec<Option<Uplink>> = names.iter().map(|name| told(name)).collect();
    if found.iter().filter(|uplink| uplink.is_none()).count() > 1 {
        // A netifd that does not answer this would not answer one question for each interface either.
        let all = list_interfaces(netifd);
        for (name, uplink) in names.iter().zip(&mut found) {
            uplink.get_or_insert_with(|| match &all {
                Ok(all) => {
                    let listed = all.iter().find(|i| i.interface.as_deref() == Some(name));
                    listed.map_or(Uplink::Missing, uplink_of)
                }
                Err(why) => Uplink::Unknown(why.clone()),
            });
        }
    }
    let ask = |(name, uplink): (&&str, Option<Uplink>)| uplink.unwrap_or_else(|| ask_netifd(name, netifd));
    names.iter().zip(found).map(ask).collect()
}

fn list_interfaces(netifd: &mut dyn Netifd) -> Result<Vec<Interface>, String> {
    match netifd.call("network.interface", "dump") {
        Ok(output) => ubus::dump(&output).ok_or_else(|| NOT_NETIFDS.to_owned()),
        Err(UbusError::Missing) => Err("netifd is not running".to_owned()),
        Err(UbusError::Failed(why)) => Err(why),
    }
}

const NOT_NETIFDS: &str = "ubus printed something that is not an interface";

fn ask_netifd(name: &str, netifd: &mut dyn Netifd) -> Uplink {
    match netifd.call(&format!("network.interface.{name}"), "status") {
        Ok(output) => match ubus::status(name, &output) {
            Some(interface) => uplink_of(&interface),
            None => Uplink::Unknown(NOT_NETIFDS.to_owned()),
        },
        Err(UbusError::Missing) => Uplink::Missing,
        Err(UbusError::Failed(why)) => Uplink::Unknown(why),
    }
}

fn uplink_of(interface: &Interface) -> Uplink {
    match &interface.l3_device {
        Some(device) if interface.up => Uplink::Device(device.clone()),
        _ => Uplink::Down,
    }
}

type Resolved = (Place, Uplink);

fn sight(
    service: &Service,
    v4: &[Resolved],
    v6: &[Resolved],
    seen: Result<&[DeviceAddresses], &str>,
    book: &Book,
) -> Sighting {
    let rule = Rule { allow_private: service.allow_private };
    let (server, user) = (&service.endpoint.server, &service.username);
    let record = |name: &String| book.get(server, user, name);
    let accepted = |host: &&Host| host.registered.accepted.is_some();
    let mut records = service.hostnames.iter().filter_map(record).filter(accepted);
    let registered = records.next().map(|host| host.registered.clone()).unwrap_or_default();
    let (ipv4, at4) = search(v4, seen, |device| address::pick_ipv4(device, rule, registered.ipv4));
    let (ipv6, at6) = search(v6, seen, |device| match service.ip6_suffix {
        Some(suffix) => address::pick_ipv6_suffix(device, rule, suffix, registered.ipv6),
        None => address::pick_ipv6(device, rule, registered.ipv6),
    });
    let preferred = ipv6.as_ref().ok().zip(at6).and_then(|(picked, at)| {
        let device = at.1.device()?;
        let addresses = seen.ok()?.iter().find(|seen| seen.device == device)?;
        let choices = address::choices(addresses, rule, service.ip6_suffix);
        lifetimes::to_follow(&device, &choices, *picked)
    });
    let at = at4.or(at6);
    let first = v4.first().or(v6.first());
    let unknown =
        |(place, uplink): &&Resolved| *uplink == Uplink::Missing && matches!(place, Place::Interface(_));
    let mut unknown_interfaces: Vec<String> =
        v4.iter().chain(v6).filter(unknown).map(|(place, _)| place.name().to_owned()).collect();
    unknown_interfaces.sort_unstable();
    unknown_interfaces.dedup();
    let shown = at.or(first);
    let devices = v4.iter().chain(v6).filter_map(|(_, uplink)| uplink.device());
    // interface6 may be the LAN, which leads nowhere.
    let outside = at4.or(at6.filter(|_| service.uplink.interface6.is_none()));
    Sighting {
        interface: shown.and_then(|(place, _)| match place {
            Place::Device(_) => None,
            Place::Interface(name) | Place::Sibling(name) => Some(name.clone()),
        }),
        device: shown.and_then(|(_, uplink)| uplink.device()),
        devices: devices.collect(),
        way: outside.and_then(|(_, uplink)| uplink.device()),
        addresses: combine(service, ipv4, ipv6),
        unknown_interfaces,
        preferred,
    }
}

/// The first place with an address that counts, or the most telling reason why there is none.
fn search<'a, T>(
    places: &'a [Resolved],
    seen: Result<&[DeviceAddresses], &str>,
    pick: impl Fn(&DeviceAddresses) -> Observed<T>,
) -> (Result<T, Option<Lack>>, Option<&'a Resolved>) {
    let mut lack: Option<Lack> = None;
    for place in places {
        let name = place.0.name();
        let observed = match (&place.1, seen) {
            (Uplink::Device(device), Ok(seen)) => match seen.iter().find(|d| d.device == *device) {
                Some(device) => pick(device),
                None => Observed::Absent(WhyAbsent::DeviceMissing),
            },
            (Uplink::Device(_), Err(why)) => Observed::Unknown(WhyUnknown::Kernel(why.to_owned())),
            (Uplink::Unknown(why), _) => Observed::Unknown(WhyUnknown::Netifd(why.clone())),
            (Uplink::Down, _) => Observed::Absent(WhyAbsent::DeviceDown),
            (Uplink::Missing, _) if matches!(place.0, Place::Sibling(_)) => continue,
            (Uplink::Missing, _) => Observed::Absent(WhyAbsent::DeviceMissing),
        };
        let found = match observed {
            Observed::Address(address) => return (Ok(address), Some(place)),
            Observed::Unknown(why) => Lack::Unknown(why.explain(name)),
            Observed::Absent(why) if why.code() == "private-address" => Lack::Private(why.explain(name)),
            Observed::Absent(why) => Lack::Absent(why.explain(name)),
        };
        lack = Some(more_telling(lack, found));
    }
    (Err(lack), None)
}

/// "Could not find out" before "only a private one" before "none"; the earlier of equals.
fn more_telling(old: Option<Lack>, new: Lack) -> Lack {
    let rank = |lack: &Lack| match lack {
        Lack::Absent(_) => 0,
        Lack::Private(_) => 1,
        Lack::Unknown(_) => 2,
    };
    match old {
        Some(old) if rank(&old) >= rank(&new) => old,
        _ => new,
    }
}

/// What a service can send, and the more telling reason where a family that it wants is missing.
pub(super) fn combine(
    service: &Service,
    ipv4: Result<Ipv4Addr, Option<Lack>>,
    ipv6: Result<Ipv6Addr, Option<Lack>>,
) -> Addresses {
    let lacks = [
        service.family.v4().then(|| ipv4.as_ref().err().cloned().flatten()).flatten(),
        service.family.v6().then(|| ipv6.as_ref().err().cloned().flatten()).flatten(),
    ];
    let lack = lacks.into_iter().flatten().fold(None, |old, new| Some(more_telling(old, new)));
    Addresses { ipv4: ipv4.ok(), ipv6: ipv6.ok(), lack }
}
