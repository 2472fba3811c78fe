//! Converts rtnetlink's messages about links and addresses to values.
//!
//! Does not open a socket (sys::netlink), does not decide which address counts (policy::address), and knows no
//! routes, neighbours or statistics. Sources: linux/netlink.h, linux/rtnetlink.h, linux/if_link.h and
//! linux/if_addr.h. Everything but the addresses themselves is in the byte order of the machine.

mod decode;
#[cfg(test)]
mod encode;
mod request;
#[cfg(test)]
mod tests;

pub use decode::{Body, Malformed, Message, Messages};
pub use request::{NAME_LIMIT, addresses, link};

use std::net::IpAddr;

/// Multicast groups for events of links and addresses, as bits of `nl_groups`: RTNLGRP_LINK (1),
/// RTNLGRP_IPV4_IFADDR (5) and RTNLGRP_IPV6_IFADDR (9).
pub const EVENT_GROUPS: u32 = 1 | 1 << 4 | 1 << 8;

const HEADER: usize = 16;
const LINK_HEADER: usize = 16;
const ADDRESS_HEADER: usize = 8;
const ATTRIBUTE_HEADER: usize = 4;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;

const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_DUMP_INTR: u16 = 0x10;
/// NLM_F_ROOT and NLM_F_MATCH.
const NLM_F_DUMP: u16 = 0x300;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

const IFF_UP: u32 = 0x01;
const IFF_RUNNING: u32 = 0x40;
const IFLA_IFNAME: u16 = 3;
const IFLA_EXT_MASK: u16 = 29;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_CACHEINFO: u16 = 6;
const IFA_FLAGS: u16 = 8;

/// Attributes and messages begin at multiples of four bytes.
const fn aligned(length: usize) -> usize {
    (length + 3) & !3
}

/// A network device. Its name is borrowed from the message, so that reading many copies none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// The kernel's number for it. A PPPoE device gets a new one with every connection.
    pub index: u32,
    /// At most [`NAME_LIMIT`] bytes, not always UTF-8. Empty if the kernel gave none.
    pub name: &'a [u8],
    /// It is up (IFF_UP).
    pub up: bool,
    /// It has a carrier (IFF_RUNNING).
    pub running: bool,
}

/// An address assigned to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The device's number.
    pub index: u32,
    /// This machine's end: IFA_LOCAL, if there is one. With a peer, IFA_ADDRESS is the other end.
    pub ip: IpAddr,
    /// Bits of the network part, of the peer's network if there is a peer.
    pub prefix_len: u8,
    /// How far the address reaches.
    pub scope: Scope,
    /// The kernel's flags for it.
    pub flags: Flags,
    /// How long new connections should use it.
    pub preferred: Lifetime,
    /// How long it stays.
    pub valid: Lifetime,
}

/// How far an address reaches (`rt_scope_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// RT_SCOPE_UNIVERSE: everywhere; private addresses too, because the kernel does not distinguish them.
    Global,
    /// RT_SCOPE_SITE: IPv6's old fec0::/10.
    Site,
    /// RT_SCOPE_LINK: this link only.
    Link,
    /// RT_SCOPE_HOST: this machine only.
    Host,
    /// A number that users may define.
    Other(u8),
}

impl Scope {
    fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Global,
            200 => Self::Site,
            253 => Self::Link,
            254 => Self::Host,
            other => Self::Other(other),
        }
    }
}

/// `ifa_flags`, all 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    /// IFA_F_SECONDARY for IPv4, which is the same bit as IFA_F_TEMPORARY for IPv6.
    pub const SECONDARY_OR_TEMPORARY: Self = Self(0x01);
    /// Usable although its uniqueness is not yet proven; comes with [`Flags::TENTATIVE`].
    pub const OPTIMISTIC: Self = Self(0x04);
    /// Another machine on the link has this address.
    pub const DAD_FAILED: Self = Self(0x08);
    /// Its preferred lifetime is over.
    pub const DEPRECATED: Self = Self(0x20);
    /// Its uniqueness is not yet proven.
    pub const TENTATIVE: Self = Self(0x40);
    /// Permanent: it has no lifetime.
    pub const PERMANENT: Self = Self(0x80);

    /// Whether any bit of `other` is set.
    #[must_use]
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// How long something stays. A longer one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifetime {
    /// Seconds from now.
    Seconds(u32),
    /// 0xffffffff in the message, or no lifetime in it.
    Forever,
}

impl Lifetime {
    fn from_seconds(seconds: u32) -> Self {
        if seconds == u32::MAX { Self::Forever } else { Self::Seconds(seconds) }
    }
}

/// What the kernel has under a device's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAddresses {
    /// The requested name.
    pub device: String,
    /// Whether the device exists, and whether it is up.
    pub state: DeviceState,
    /// Its addresses of both families, in the kernel's order.
    pub addresses: Vec<Address>,
}

/// Whether a device exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// No device has this name. A PPPoE device, for example, exists only while the connection is up.
    Missing,
    /// It exists and is down.
    Down,
    /// It exists and is up; it may have no carrier.
    Up,
}
