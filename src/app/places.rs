//! Which interfaces and devices may have a service's addresses, and which hotplug events concern them.
//!
//! Does not ask netifd or the kernel (observe does).

use crate::policy::config::{Service, Source};
use crate::wire::hotplug::{Action, Event};
use crate::wire::ubus::Interface;

/// An interface or device that may have an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    Device(String),
    Interface(String),
    /// netifd's dynamic IPv6 interface of a configured one. It is not an error if there is none.
    Sibling(String),
}

impl Candidate {
    pub(super) fn name(&self) -> &str {
        match self {
            Candidate::Device(name) | Candidate::Interface(name) | Candidate::Sibling(name) => name,
        }
    }
}

/// The interfaces and devices that may have a service's addresses, in order of preference.
#[derive(Default)]
pub(super) struct Places {
    pub(super) ipv4: Vec<Candidate>,
    pub(super) ipv6: Vec<Candidate>,
    /// What requests are bound to, with option bind.
    pub(super) bound: Vec<Candidate>,
}

impl Places {
    /// All of them: for the addresses, and with option bind for the requests.
    pub(super) fn with_bound(service: &Service) -> Places {
        let asked = match service.source {
            Source::Interface => Places::of(service),
            Source::Web { .. } | Source::Script(_) => Places::default(),
        };
        let bound = service.enabled && service.endpoint.bind;
        Places { bound: if bound { Places::uplinks(service) } else { Vec::new() }, ..asked }
    }

    fn of(service: &Service) -> Places {
        if !service.enabled || service.offline {
            return Places::default();
        }
        let uplink = &service.uplink;
        let ipv4 = Places::uplinks(service);
        let ipv6 = match (&uplink.interface6, &uplink.device) {
            (Some(name), _) => vec![Candidate::Interface(name.clone())],
            (None, Some(device)) => vec![Candidate::Device(device.clone())],
            (None, None) => {
                let family = |name: &String| {
                    let siblings = siblings(name).map(Candidate::Sibling);
                    std::iter::once(Candidate::Interface(name.clone())).chain(siblings)
                };
                uplink.interfaces.iter().flat_map(family).collect()
            }
        };
        Places {
            ipv4: if service.family.v4() { ipv4 } else { Vec::new() },
            ipv6: if service.family.v6() { ipv6 } else { Vec::new() },
            bound: Vec::new(),
        }
    }

    /// The uplinks of a service. Its IPv6 address may be elsewhere, on the LAN.
    fn uplinks(service: &Service) -> Vec<Candidate> {
        match &service.uplink.device {
            Some(device) => vec![Candidate::Device(device.clone())],
            None => service.uplink.interfaces.iter().cloned().map(Candidate::Interface).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.ipv4.is_empty() && self.ipv6.is_empty()
    }

    pub(super) fn interfaces(&self) -> impl Iterator<Item = &str> {
        self.ipv4.iter().chain(&self.ipv6).chain(&self.bound).filter_map(|place| match place {
            Candidate::Device(_) => None,
            Candidate::Interface(name) | Candidate::Sibling(name) => Some(name.as_str()),
        })
    }
}

/// The usual names of the IPv6 interface that belongs to `name`.
fn siblings(name: &str) -> [String; 2] {
    [format!("{name}6"), format!("{name}_6")]
}

/// The dynamic interfaces that netifd creates for the addresses of `name`, e.g. for a mobile modem.
pub(super) fn dynamic(name: &str) -> [String; 2] {
    [format!("{name}_4"), format!("{name}_6")]
}

/// Whether `name` is one of several interfaces of a service: mwan3's reports choose among those.
pub(super) fn is_listed(service: &Service, name: &str) -> bool {
    let uplink = &service.uplink;
    uplink.device.is_none() && uplink.interfaces.len() > 1 && uplink.interfaces.iter().any(|i| i == name)
}

/// What to write instead of an interface that netifd does not have, in `option`. `all` are its interfaces, if they are known.
pub(super) fn explain_unknown(option: &str, name: &str, all: &[Interface]) -> String {
    let named = |interface: &&Interface| {
        let known = interface.interface.as_deref().unwrap_or_default();
        known.eq_ignore_ascii_case(name.trim_start_matches('@'))
    };
    let device = Some(name);
    let has_device = |i: &&Interface| i.l3_device.as_deref() == device || i.device.as_deref() == device;
    let list = || all.iter().filter_map(|interface| interface.interface.as_deref()).collect::<Vec<_>>();
    let remedy = match (all.iter().find(named), all.iter().find(has_device)) {
        (Some(Interface { interface: Some(right), .. }), _) => format!("write option {option} '{right}'"),
        (_, Some(Interface { interface: Some(of), .. })) if option == "interface" => {
            format!("it is a device, so write option device '{name}', or option interface '{of}'")
        }
        (_, Some(Interface { interface: Some(of), .. })) => format!("write option {option} '{of}'"),
        _ if all.is_empty() => format!("correct option {option}"),
        _ => format!("correct option {option} (netifd has {})", list().join(", ")),
    };
    format!("netifd has no interface '{name}': {remedy}")
}

/// Whether a hotplug event concerns one of `services` (docs/reference.md#events). `found` are the devices of the last
/// pass, read only if they decide.
pub(super) fn is_ours(event: &Event, services: &[&Service], found: impl FnOnce() -> Vec<String>) -> bool {
    let Event::Interface { action, interface, device } = event else { return true };
    let places = || services.iter().map(|service| (service, Places::of(service)));
    match action {
        Action::Connected | Action::Disconnected => {
            return places().any(|(s, places)| !places.is_empty() && is_listed(s, interface));
        }
        Action::Up | Action::Update | Action::Down => {}
    }
    let names = |places: &Places| {
        places.interfaces().any(|name| name == interface || dynamic(name).contains(interface))
    };
    let by_name = |(service, places): (&&Service, Places)| {
        service.uplink.device.is_some() && service.uplink.device == *device || names(&places)
    };
    let uses_uplinks = || places().any(|(_, places)| !places.is_empty());
    places().any(by_name) || device.as_ref().is_some_and(|device| uses_uplinks() && found().contains(device))
}
