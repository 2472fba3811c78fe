//! What was detected of one service's uplink: its devices, and the addresses that can be sent.
//!
//! Does not detect anything (observe and sources do).

use crate::policy::addresses::{Addresses, Missing};
use crate::policy::config::Service;
use crate::wire::dyndns2::{Failed, Failure};
use crate::wire::wake::Preferred;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What was detected of one service's uplink.
#[derive(Clone, Debug, Default)]
pub(super) struct UplinkState {
    /// Logical interface, unless a device is configured.
    pub(super) interface: Option<String>,
    /// Its Linux device, if one is known.
    pub(super) device: Option<String>,
    /// Every device that may carry one of its addresses.
    pub(super) devices: Vec<String>,
    /// With option bind: the device that requests leave through, if one is up.
    pub(super) bind_device: Option<String>,
    /// What can be sent.
    pub(super) addresses: Addresses,
    /// Interfaces that netifd does not know.
    pub(super) unknown_interfaces: Vec<String>,
    /// The IPv6 addresses that were to choose from, if there were several.
    pub(super) preferred: Option<Preferred>,
    /// Where IPv4 is missing: netifd's dynamic interfaces that may have it.
    pub(super) beside: Vec<String>,
}

/// Why nothing can leave through the device that option bind means: another one is no substitute.
pub(super) fn bind_error(service: &Service, bind_device: Option<&str>) -> Option<Failed> {
    if !service.endpoint.bind || bind_device.is_some() {
        return None;
    }
    let uplink = &service.uplink;
    let names = uplink.device.clone().unwrap_or_else(|| uplink.interfaces.join(" and "));
    let detail = format!("option bind: {names} is not up");
    Some(Failed { failure: Failure::Connect, connected: false, sent: false, detail })
}

/// What a service can send, and the more telling reason where a family that it wants is missing.
pub(super) fn combine(
    service: &Service,
    ipv4: Result<Ipv4Addr, Option<Missing>>,
    ipv6: Result<Ipv6Addr, Option<Missing>>,
) -> Addresses {
    let both = [
        service.family.v4().then(|| ipv4.as_ref().err().cloned().flatten()).flatten(),
        service.family.v6().then(|| ipv6.as_ref().err().cloned().flatten()).flatten(),
    ];
    let missing = both.into_iter().flatten().fold(None, |old, new| Some(Missing::more_telling(old, new)));
    Addresses { ipv4: ipv4.ok(), ipv6: ipv6.ok(), missing }
}
