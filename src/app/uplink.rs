//! What was detected of one service's uplink: its devices, and the addresses that can be sent.
//!
//! Does not detect anything (observe and sources do).

use crate::policy::addresses::{Addresses, Missing};
use crate::policy::config::Service;
use crate::wire::dyndns2::{Failed, Failure};
use crate::wire::wake::Preferred;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The names of an uplink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UplinkName {
    /// Logical interface, unless a device is configured.
    pub(super) interface: Option<String>,
    /// Its Linux device, if one is known.
    pub(super) device: Option<String>,
}

impl UplinkName {
    /// For a person; None if it has no name.
    pub(super) fn explain(&self) -> Option<String> {
        match (&self.interface, &self.device) {
            (Some(interface), Some(device)) => Some(format!("{interface} is {device}")),
            (only, None) | (None, only) => only.clone(),
        }
    }
}

/// What was detected of one service's uplink.
#[derive(Clone, Debug, Default)]
pub(super) struct UplinkState {
    /// Where its addresses are.
    pub(super) at: UplinkName,
    /// Each device that may have one of its addresses.
    pub(super) devices: Vec<String>,
    /// With option bind: the device for requests, if it is up.
    pub(super) bind_device: Option<String>,
    /// Where the IPv6 address is, if the IPv4 address is elsewhere.
    pub(super) at_ipv6: Option<UplinkName>,
    /// The addresses that can be sent.
    pub(super) addresses: Addresses,
    /// Interfaces that netifd does not know.
    pub(super) unknown_interfaces: Vec<String>,
    /// The IPv6 addresses that it chose from, if there were several.
    pub(super) preferred: Option<Preferred>,
    /// If IPv4 is missing: netifd's dynamic interfaces that may have it.
    pub(super) beside: Vec<String>,
}

/// Why nicup cannot send through the device of option bind. It does not use another device instead.
pub(super) fn bind_error(service: &Service, bind_device: Option<&str>) -> Option<Failed> {
    if !service.endpoint.bind || bind_device.is_some() {
        return None;
    }
    let uplink = &service.uplink;
    let names = uplink.device.clone().unwrap_or_else(|| uplink.interfaces.join(" and "));
    let detail = format!("option bind: {names} is not up");
    Some(Failed { failure: Failure::Connect, connected: false, sent: false, detail })
}

/// The addresses that a service can send, and the more specific reason if a wanted family is missing.
pub(super) fn combine(
    service: &Service,
    ipv4: Result<Ipv4Addr, Option<Missing>>,
    ipv6: Result<Ipv6Addr, Option<Missing>>,
) -> Addresses {
    let both = [
        service.family.v4().then(|| ipv4.as_ref().err().cloned().flatten()).flatten(),
        service.family.v6().then(|| ipv6.as_ref().err().cloned().flatten()).flatten(),
    ];
    let missing = both.into_iter().flatten().fold(None, |old, new| Some(Missing::more_specific(old, new)));
    let mut addresses = Addresses { ipv4: ipv4.ok(), ipv6: ipv6.ok(), missing };
    // One of the other interfaces has the address of the other family.
    if !addresses.list().is_empty()
        && let Some(missing) = &mut addresses.missing
    {
        missing.others.clear();
    }
    addresses
}
