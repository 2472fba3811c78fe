//! Decides which of the kernel's events concern a device that a service uses. Ignores all other devices.
//!
//! Does not choose addresses: a pass does. After a missed event nicup would not send an address, so each unclear event
//! counts as a change.

use crate::policy::address::lifetimes;
use crate::policy::debounce::{Change, IpVersion};
use crate::sys::netlink;
use crate::wire::rtnl::{Address, Body, Flags, Lifetime, Link, Messages, Scope};
use crate::wire::wake::Preferred;
use std::net::IpAddr;

/// The largest number of addresses to remember, and of devices that no pass names any more. Beyond that, nicup may run
/// a needless pass.
const LIMIT: usize = 64;

/// The devices that services use.
#[derive(Debug)]
pub(super) struct Links {
    devices: Vec<Device>,
    addresses: Vec<SeenAddress>,
    /// Something happened to devices that no pass has named. The running pass may be about to name one of them.
    unfollowed_events: bool,
    /// Where the last pass chose one of several IPv6 addresses.
    preferred: Vec<Preferred>,
    /// When the events were read, milliseconds since boot.
    now: u64,
    /// The kernel's number of a device; None: there is no such device.
    index: fn(&str) -> Option<u32>,
}

#[derive(Debug)]
struct Device {
    name: String,
    /// The kernel's number; None while there is no such device.
    index: Option<u32>,
    /// Whether it is up; None: no event yet.
    up: Option<bool>,
    /// The last pass named it.
    named: bool,
}

/// An address of a device that counts.
#[derive(Debug)]
struct SeenAddress {
    index: u32,
    ip: IpAddr,
    /// Whether its flags allow nicup to send it.
    usable: bool,
}

impl Default for Links {
    fn default() -> Links {
        Links {
            devices: Vec::new(),
            addresses: Vec::new(),
            unfollowed_events: false,
            preferred: Vec::new(),
            now: 0,
            index: netlink::index,
        }
    }
}

impl Links {
    /// A pass begins, and will name the devices that services use.
    pub(super) fn begin(&mut self) {
        self.unfollowed_events = false;
    }

    /// Watches the devices that a pass named, and earlier ones too, because netifd names no device while it is down.
    /// True: the pass may have missed an event of one of them.
    pub(super) fn follow(&mut self, names: &[String]) -> bool {
        let mut missed = false;
        for device in &mut self.devices {
            device.named = names.contains(&device.name);
        }
        for name in names {
            if !self.devices.iter().any(|device| device.name == *name) {
                let (name, index) = (name.clone(), (self.index)(name));
                self.devices.push(Device { name, index, up: None, named: true });
                missed = self.unfollowed_events;
            }
        }
        let surplus = self.devices.iter().filter(|device| !device.named).count().saturating_sub(LIMIT);
        for _ in 0..surplus {
            if let Some(oldest) = self.devices.iter().position(|device| !device.named) {
                self.devices.remove(oldest);
            }
        }
        self.look_again() || missed
    }

    /// What a pass chose from: the loop also watches the lifetimes of these addresses.
    pub(super) fn compare(&mut self, preferred: &[Preferred]) {
        self.preferred = preferred.to_vec();
    }

    /// Events were lost, so the known state may be wrong.
    pub(super) fn reset(&mut self) {
        self.addresses.clear();
        self.devices.iter_mut().for_each(|device| device.up = None);
        self.look_again();
    }

    /// Asks the kernel for the devices' numbers. True: one of them differs from what the events reported.
    fn look_again(&mut self) -> bool {
        let mut changed = false;
        for device in &mut self.devices {
            changed |= device.is_now((self.index)(&device.name));
        }
        self.drop_unfollowed_events();
        changed
    }

    /// Drops the addresses of numbers that no device has any more, because another device may get the number.
    fn drop_unfollowed_events(&mut self) {
        let devices = &self.devices;
        self.addresses.retain(|known| devices.iter().any(|device| device.index == Some(known.index)));
    }

    /// Calls back for each change that matters.
    pub(super) fn read(&mut self, messages: Messages<'_>, now: u64, mut change: impl FnMut(Change)) {
        self.now = now;
        for message in messages {
            let Ok(message) = message else { return change(Change::Device) };
            if let Some(what) = self.apply(&message.body) {
                change(what);
            }
        }
    }

    fn apply(&mut self, body: &Body<'_>) -> Option<Change> {
        match body {
            Body::Link(link) => self.is_there(link).then_some(Change::Device),
            Body::LinkGone(link) => self.is_gone(link).then_some(Change::Device),
            Body::Address(address) => self.came(address),
            Body::AddressGone(address) => self.went(address),
            Body::Overrun => Some(Change::Device),
            Body::Done(_) | Body::Error(_) | Body::Other(_) => None,
        }
    }

    fn is_there(&mut self, link: &Link<'_>) -> bool {
        let mut changed = false;
        for device in &mut self.devices {
            if device.name.as_bytes() == link.name {
                changed |= (device.index, device.up) != (Some(link.index), Some(link.up));
                (device.index, device.up) = (Some(link.index), Some(link.up));
            } else if device.index == Some(link.index) {
                // It was renamed, unless the kernel still knows it by its other name as well.
                changed |= device.is_now((self.index)(&device.name));
            }
        }
        self.unfollowed_events |= !self.follows(link.index);
        self.drop_unfollowed_events();
        changed
    }

    /// A bridge also reports this for a port that leaves it. Only the kernel knows whether the device is gone.
    fn is_gone(&mut self, link: &Link<'_>) -> bool {
        if !self.follows(link.index) {
            self.unfollowed_events = true;
            return false;
        }
        self.look_again()
    }

    /// A new address, or one whose flags or lifetimes changed. The kernel repeats IPv6 addresses with every router
    /// advertisement: only a change of usability matters. If the first event about an address reports that it is
    /// unusable, it may have been usable and registered before: that is also a change. A uniqueness check that has just
    /// begun is not: it starts on a new address, or after the device was down, which is a separate event.
    fn came(&mut self, address: &Address) -> Option<Change> {
        if !self.counts(address) {
            return None;
        }
        let lost = address.flags.any(Flags::DEPRECATED)
            || address.flags.any(Flags::DAD_FAILED)
            || address.preferred == Lifetime::Seconds(0);
        let usable = !lost && !address.flags.any(Flags::TENTATIVE);
        let before = self.known(address).map(|at| std::mem::replace(&mut self.addresses[at].usable, usable));
        if before.is_none() {
            if self.addresses.len() >= LIMIT {
                self.addresses.remove(0);
            }
            self.addresses.push(SeenAddress { index: address.index, ip: address.ip, usable });
        }
        match (before.unwrap_or(lost), usable) {
            (false, true) => Some(Change::Came(family(address.ip))),
            (true, false) => Some(Change::Went(family(address.ip))),
            (true, true) if self.makes_room(address) => Some(Change::Device),
            (true, true) | (false, false) => None,
        }
    }

    /// Whether a router advertisement extended an IPv6 address so much that a pass would now choose it.
    fn makes_room(&mut self, address: &Address) -> bool {
        let IpAddr::V6(ip) = address.ip else { return false };
        let is_here = |name: &String| {
            self.devices.iter().any(|device| device.index == Some(address.index) && device.name == *name)
        };
        let mut makes_room = false;
        for preferred in self.preferred.iter_mut().filter(|preferred| is_here(&preferred.device)) {
            makes_room |= lifetimes::refresh(preferred, ip, address.preferred, self.now);
        }
        makes_room
    }

    fn went(&mut self, address: &Address) -> Option<Change> {
        if !self.counts(address) {
            return None;
        }
        let known = self.known(address).map(|at| self.addresses.remove(at));
        // nicup may have sent an address without having seen an event for it.
        known.is_none_or(|known| known.usable).then(|| Change::Went(family(address.ip)))
    }

    /// Whether it is an address of a watched device that nicup may send. Temporary IPv6 addresses never are;
    /// the same flag of an IPv4 address means that it is not the device's first one.
    fn counts(&mut self, address: &Address) -> bool {
        let temporary = address.ip.is_ipv6() && address.flags.any(Flags::SECONDARY_OR_TEMPORARY);
        if address.scope != Scope::Global || temporary {
            return false;
        }
        let follows = self.follows(address.index);
        self.unfollowed_events |= !follows;
        follows
    }

    fn follows(&self, index: u32) -> bool {
        self.devices.iter().any(|device| device.index == Some(index))
    }

    fn known(&self, address: &Address) -> Option<usize> {
        self.addresses.iter().position(|known| (known.index, known.ip) == (address.index, address.ip))
    }
}

impl Device {
    /// Stores the kernel's number. True: it changed.
    fn is_now(&mut self, index: Option<u32>) -> bool {
        let changed = self.index != index;
        if changed {
            (self.index, self.up) = (index, None);
        }
        changed
    }
}

fn family(ip: IpAddr) -> IpVersion {
    if ip.is_ipv4() { IpVersion::Ipv4 } else { IpVersion::Ipv6 }
}

#[cfg(test)]
mod tests;
