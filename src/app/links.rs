//! Which of the kernel's events concern a device that counts. Keeps a few numbers of each, and nothing of the others.

use crate::policy::quiet::{Change, Family};
use crate::sys::netlink;
use crate::wire::rtnl::{Address, Body, Flags, Messages, Scope};
use std::net::IpAddr;

/// Devices and addresses that are remembered; beyond that, what is forgotten only costs a needless pass.
const LIMIT: usize = 64;

/// The devices that count.
#[derive(Debug, Default)]
pub(super) struct Links {
    devices: Vec<Device>,
    addresses: Vec<(u32, IpAddr, Usable)>,
    /// There were addresses of other devices: one of them may be about to be named by the pass that is running.
    strangers: bool,
}

#[derive(Debug)]
struct Device {
    name: String,
    /// The kernel's number; None while there is no such device.
    index: Option<u32>,
    up: bool,
}

/// Whether an address can be sent as far as its flags tell.
type Usable = bool;

impl Links {
    /// A pass begins, and will name the devices that count.
    pub(super) fn begin(&mut self) {
        self.strangers = false;
    }

    /// Devices that a pass named are followed; earlier ones too, since netifd names no device while it is down.
    /// True: one of them is new, and may have changed while nobody knew of it.
    pub(super) fn follow(&mut self, names: &[String]) -> bool {
        let mut new = false;
        for name in names {
            if !self.devices.iter().any(|device| device.name == *name) {
                if self.devices.len() >= LIMIT {
                    self.devices.remove(0);
                }
                self.devices.push(Device { name: name.clone(), index: None, up: false });
                new = true;
            }
        }
        for device in &mut self.devices {
            let index = netlink::index(&device.name);
            device.up |= device.index != index;
            device.index = index;
        }
        new && self.strangers
    }

    /// Something was missed: what is known may be wrong.
    pub(super) fn forget(&mut self) {
        self.addresses.clear();
    }

    /// Shows each change that matters.
    pub(super) fn read(&mut self, messages: Messages<'_>, mut change: impl FnMut(Change)) {
        for message in messages {
            let Ok(message) = message else { return change(Change::Device) };
            match message.body {
                Body::Link(link) => {
                    let known = self.devices.iter_mut().find(|device| device.name.as_bytes() == link.name);
                    if let Some(device) = known
                        && (device.index, device.up) != (Some(link.index), link.up)
                    {
                        (device.index, device.up) = (Some(link.index), link.up);
                        change(Change::Device);
                    }
                }
                Body::LinkGone(link) => {
                    let known = self.devices.iter_mut().find(|device| device.index == Some(link.index));
                    if let Some(device) = known {
                        device.index = None;
                        change(Change::Device);
                    }
                }
                Body::Address(address) => self.came(&address, &mut change),
                Body::AddressGone(address) => self.went(&address, &mut change),
                Body::Overrun => change(Change::Device),
                Body::Done(_) | Body::Error(_) | Body::Other(_) => {}
            }
        }
    }

    fn follows(&mut self, index: u32) -> bool {
        let follows = self.devices.iter().any(|device| device.index == Some(index));
        self.strangers |= !follows;
        follows
    }

    /// A new address, or one whose flags or lifetimes changed. The kernel repeats IPv6 addresses with every router
    /// advertisement: only a change of usability matters.
    fn came(&mut self, address: &Address, change: &mut impl FnMut(Change)) {
        if address.scope != Scope::Global || !self.follows(address.index) {
            return;
        }
        let bad = [Flags::TENTATIVE, Flags::DEPRECATED, Flags::DAD_FAILED];
        let usable = !bad.into_iter().any(|flag| address.flags.any(flag));
        let known =
            self.addresses.iter_mut().find(|(index, ip, _)| (*index, *ip) == (address.index, address.ip));
        let before = known.map(|(_, _, known)| std::mem::replace(known, usable));
        if before.is_none() {
            if self.addresses.len() >= LIMIT {
                self.addresses.remove(0);
            }
            self.addresses.push((address.index, address.ip, usable));
        }
        let family = family(address.ip);
        match (before.unwrap_or(false), usable) {
            (false, true) => change(Change::Came(family)),
            (true, false) => change(Change::Went(family)),
            (true, true) | (false, false) => {}
        }
    }

    fn went(&mut self, address: &Address, change: &mut impl FnMut(Change)) {
        if address.scope == Scope::Global && self.follows(address.index) {
            self.addresses.retain(|(index, ip, _)| (*index, *ip) != (address.index, address.ip));
            change(Change::Went(family(address.ip)));
        }
    }
}

fn family(ip: IpAddr) -> Family {
    if ip.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 }
}
