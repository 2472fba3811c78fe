//! Which of a device's addresses counts: [`pick_ipv4`], [`pick_ipv6`], and [`pick_ipv6_suffix`] for a host behind it.
//!
//! Does not read the addresses (sys::netlink), does not find the device (netifd knows it), and does not decide
//! whether anything is sent (policy::decide). "No address", "only a private one" and "could not detect" are three
//! different results. Source of the rules: docs/reference.md#addresses.

pub mod lifetimes;
mod reach;
#[cfg(test)]
mod tests;
mod why;

pub use lifetimes::Choice;
pub use reach::{Reach, reach};
pub use why::{WantedFamily, WhyAbsent, WhyDown, WhyUnknown};

use crate::wire::rtnl::{Address, DeviceAddresses, DeviceState, Flags, Lifetime, Scope};
use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses the user allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Private, CGNAT and unique local addresses count too. Nothing else does: a link-local, DS-Lite or special-purpose
    /// address is the same on many machines, or cannot be reached.
    pub allow_private: bool,
}

/// The result of detecting an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed<T> {
    /// The address.
    Address(T),
    /// There is none that counts.
    Absent(WhyAbsent),
    /// It could not be detected.
    Unknown(WhyUnknown),
}

impl<T> Observed<T> {
    /// The same with a better reason, if no address counts.
    #[must_use]
    pub fn reason(self, better: impl FnOnce(WhyAbsent) -> WhyAbsent) -> Observed<T> {
        match self {
            Observed::Absent(why) => Observed::Absent(better(why)),
            Observed::Address(_) | Observed::Unknown(_) => self,
        }
    }
}

/// The registered address while it is usable; else the first primary one in the kernel's order; else a secondary
/// one, if the rules exclude its primary one.
#[must_use]
pub fn pick_ipv4(device: &DeviceAddresses, rule: Rule, registered: Option<Ipv4Addr>) -> Observed<Ipv4Addr> {
    choose(device, WantedFamily::Ipv4, |address| {
        let IpAddr::V4(ip) = address.ip else { return None };
        let secondary = address.flags.any(Flags::SECONDARY_OR_TEMPORARY);
        Some(usable(address, rule).map(|()| ((Some(ip) != registered, secondary), ip)))
    })
}

/// The registered address while it is usable and no other one is preferred for much longer ([`lifetimes`]); else the one
/// with the longest preferred lifetime; among equals the lowest.
#[must_use]
pub fn pick_ipv6(device: &DeviceAddresses, rule: Rule, registered: Option<Ipv6Addr>) -> Observed<Ipv6Addr> {
    pick_host(device, rule, None, registered)
}

/// As [`pick_ipv6`], for a host behind the router, with the prefix of each address.
#[must_use]
pub fn pick_ipv6_suffix(
    device: &DeviceAddresses,
    rule: Rule,
    suffix: Ipv6Addr,
    registered: Option<Ipv6Addr>,
) -> Observed<Ipv6Addr> {
    pick_host(device, rule, Some(suffix), registered)
}

fn pick_host(
    device: &DeviceAddresses,
    rule: Rule,
    suffix: Option<Ipv6Addr>,
    registered: Option<Ipv6Addr>,
) -> Observed<Ipv6Addr> {
    let stays = |registered: &Ipv6Addr| lifetimes::stays(&choices(device, rule, suffix), *registered);
    let registered = registered.filter(stays);
    choose(device, WantedFamily::Ipv6, |address| {
        let host = host(address, rule, suffix)?;
        Some(host.map(|host| ((Some(host) != registered, Reverse(address.preferred), host), host)))
    })
}

/// All IPv6 addresses that can be chosen. `suffix` is that of a host behind the router.
#[must_use]
pub fn choices(device: &DeviceAddresses, rule: Rule, suffix: Option<Ipv6Addr>) -> Vec<Choice> {
    let choice = |address: &Address| {
        let IpAddr::V6(ip) = address.ip else { return None };
        let host = host(address, rule, suffix)?.ok()?;
        Some(Choice { ip, host, preferred: address.preferred })
    };
    let global = device.addresses.iter().filter(|address| address.scope == Scope::Global);
    global.filter_map(choice).collect()
}

/// What an address can be registered as. None: it is not IPv6.
fn host(address: &Address, rule: Rule, suffix: Option<Ipv6Addr>) -> Option<Result<Ipv6Addr, WhyAbsent>> {
    let IpAddr::V6(ip) = address.ip else { return None };
    Some(usable(address, rule).and_then(|()| match suffix {
        Some(suffix) => with_suffix(ip, address.prefix_len, suffix),
        None => Ok(ip),
    }))
}

/// The first 64 bits of `prefix`, the last 64 of `suffix`. A prefix longer than 64 leaves no room for a host, and is
/// usually the single address that the provider gives to the router itself.
pub fn with_suffix(prefix: Ipv6Addr, prefix_len: u8, suffix: Ipv6Addr) -> Result<Ipv6Addr, WhyAbsent> {
    if prefix_len > 64 {
        return Err(WhyAbsent::LongPrefix(prefix, prefix_len));
    }
    let host = u128::from(u64::MAX);
    Ok(Ipv6Addr::from_bits(prefix.to_bits() & !host | suffix.to_bits() & host))
}

/// Whether an address may be sent at all, from any source (device, web or script).
pub fn sendable(ip: IpAddr, rule: Rule) -> Result<(), WhyAbsent> {
    match reach(ip) {
        Reach::Public => Ok(()),
        Reach::Private | Reach::Shared | Reach::UniqueLocal if rule.allow_private => Ok(()),
        Reach::Private => Err(WhyAbsent::Private(ip)),
        Reach::Shared => Err(WhyAbsent::Shared(ip)),
        Reach::UniqueLocal => Err(WhyAbsent::UniqueLocal(ip)),
        Reach::DsLite => Err(WhyAbsent::DsLite(ip)),
        Reach::LinkLocal => Err(WhyAbsent::LinkLocal(ip)),
        Reach::Special(range) => Err(WhyAbsent::Special(ip, range)),
    }
}

/// Whether an address of global scope may be sent now.
///
/// An optimistic address (RFC 4429) is still tentative: if it is a duplicate, the hostname would lead to another machine,
/// and waiting for the kernel's next event takes only 1 s.
fn usable(address: &Address, rule: Rule) -> Result<(), WhyAbsent> {
    let Address { ip, flags, .. } = *address;
    sendable(ip, rule)?;
    if flags.any(Flags::DAD_FAILED) {
        Err(WhyAbsent::Duplicate(ip))
    } else if flags.any(Flags::TENTATIVE) || flags.any(Flags::OPTIMISTIC) {
        Err(WhyAbsent::Tentative(ip))
    } else if flags.any(Flags::DEPRECATED) || address.preferred == Lifetime::Seconds(0) {
        Err(WhyAbsent::Deprecated(ip))
    } else if ip.is_ipv6() && flags.any(Flags::SECONDARY_OR_TEMPORARY) {
        Err(WhyAbsent::Temporary(ip))
    } else {
        Ok(())
    }
}

/// Whether a device is a modem's or a tunnel's, so that the router behind it is the provider's. Recognises the device names
/// of OpenWrt's protocol handlers.
fn is_dialled(device: &str) -> bool {
    let handlers = ["ppp", "3g-", "l2tp-", "pptp-", "wwan", "rmnet", "mhi_", "wg", "tun", "tap", "vpn"];
    handlers.iter().any(|handler| device.starts_with(handler))
}

/// The address that `weigh` orders first, or the reason that explains most.
fn choose<T, Order: Ord>(
    device: &DeviceAddresses,
    family: WantedFamily,
    weigh: impl Fn(&Address) -> Option<Result<(Order, T), WhyAbsent>>,
) -> Observed<T> {
    match device.state {
        DeviceState::Missing => return Observed::Absent(WhyAbsent::DeviceMissing),
        DeviceState::Down => return Observed::Absent(WhyAbsent::DeviceDown),
        DeviceState::Up => {}
    }
    let mut best: Option<(Order, T)> = None;
    let mut why = WhyAbsent::NoAddress(family);
    for verdict in device.addresses.iter().filter(|address| address.scope == Scope::Global).filter_map(weigh)
    {
        match verdict {
            Ok(found) if best.as_ref().is_none_or(|best| found.0 < best.0) => best = Some(found),
            Ok(_) => {}
            Err(reason) if reason.rank() > why.rank() => why = reason,
            Err(_) => {}
        }
    }
    match (best, why) {
        (Some((_, ip)), _) => Observed::Address(ip),
        (None, WhyAbsent::Private(ip)) if is_dialled(&device.device) => {
            Observed::Absent(WhyAbsent::ProviderNat(ip))
        }
        (None, why) => Observed::Absent(why),
    }
}
