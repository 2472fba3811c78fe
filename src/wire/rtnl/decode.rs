//! Walks a datagram from the kernel, message by message.
//!
//! Does not join datagrams, keeps nothing but what it borrows, and trusts no length: an impossible one is
//! [`Malformed`], never a panic. Skips unknown messages and attributes, because rtnetlink adds new ones.

use super::{
    ADDRESS_HEADER, AF_INET, AF_INET6, ATTRIBUTE_HEADER, Address, Flags, HEADER, IFA_ADDRESS, IFA_CACHEINFO,
    IFA_FLAGS, IFA_LOCAL, IFF_RUNNING, IFF_UP, IFLA_IFNAME, LINK_HEADER, Lifetime, Link, NLM_F_DUMP_INTR,
    NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN, RTM_DELADDR, RTM_DELLINK, RTM_NEWADDR, RTM_NEWLINK, Scope,
    aligned,
};
use std::net::IpAddr;

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Number of the request that it answers; 0 for an event.
    pub sequence: u32,
    /// The tables changed during the dump (NLM_F_DUMP_INTR): something may be missing or present twice.
    pub interrupted: bool,
    /// Its content.
    pub body: Body<'a>,
}

/// The content of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// An existing or new link (RTM_NEWLINK).
    Link(Link<'a>),
    /// The link is gone (RTM_DELLINK).
    LinkGone(Link<'a>),
    /// An existing or new address (RTM_NEWADDR).
    Address(Address),
    /// The address is gone (RTM_DELADDR).
    AddressGone(Address),
    /// End of a dump: 0, or the error that ended it as a negative errno.
    Done(i32),
    /// The request failed, with a negative errno; 0 would be an acknowledgement.
    Error(i32),
    /// Data was lost (NLMSG_OVERRUN).
    Overrun,
    /// Something else, e.g. an address of another family or device than requested.
    Other(u16),
}

/// Why bytes are not rtnetlink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Fewer bytes than a message's header are left.
    Header,
    /// A message claims to be longer than what is left, or shorter than its header.
    MessageLength,
    /// A message is too short for the fixed part of its kind.
    FixedPart,
    /// An attribute claims to be longer than what is left, or shorter than its header.
    AttributeLength,
    /// An attribute's value has the wrong size for its kind.
    Value,
}

impl Malformed {
    /// For a person.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Header => "a message was cut within its header",
            Self::MessageLength => "a message has an impossible length",
            Self::FixedPart => "a message is too short for its kind",
            Self::AttributeLength => "an attribute has an impossible length",
            Self::Value => "an attribute has a value of the wrong size",
        }
    }
}

/// The messages of one datagram. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
    devices: Option<&'a [u32]>,
}

impl<'a> Messages<'a> {
    /// Begins at the first message.
    #[must_use]
    pub const fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram, devices: None }
    }

    /// The same, but addresses of other devices are [`Body::Other`] and not decoded: of a thousand addresses, a caller
    /// usually wants two.
    #[must_use]
    pub const fn of_devices(datagram: &'a [u8], devices: &'a [u32]) -> Self {
        Self { rest: datagram, devices: Some(devices) }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let taken = split(self.rest, HEADER, u32_at(self.rest, 0).map(|length| length as usize));
        let Some((message, rest)) = taken else {
            let short = self.rest.len() < HEADER;
            self.rest = &[];
            return Some(Err(if short { Malformed::Header } else { Malformed::MessageLength }));
        };
        self.rest = rest;
        let decoded = decode(message, self.devices);
        if decoded.is_err() {
            self.rest = &[];
        }
        Some(decoded)
    }
}

fn decode<'a>(message: &'a [u8], devices: Option<&[u32]>) -> Result<Message<'a>, Malformed> {
    let kind = u16_at(message, 4).ok_or(Malformed::Header)?;
    let flags = u16_at(message, 6).ok_or(Malformed::Header)?;
    let sequence = u32_at(message, 8).ok_or(Malformed::Header)?;
    let payload = message.get(HEADER..).unwrap_or_default();
    let body = match kind {
        RTM_NEWLINK => Body::Link(link(payload)?),
        RTM_DELLINK => Body::LinkGone(link(payload)?),
        RTM_NEWADDR => address(payload, devices)?.map_or(Body::Other(kind), Body::Address),
        RTM_DELADDR => address(payload, devices)?.map_or(Body::Other(kind), Body::AddressGone),
        // Some dumps of old kernels end without a code.
        NLMSG_DONE if payload.is_empty() => Body::Done(0),
        NLMSG_DONE => Body::Done(i32_at(payload, 0).ok_or(Malformed::FixedPart)?),
        NLMSG_ERROR => Body::Error(i32_at(payload, 0).ok_or(Malformed::FixedPart)?),
        NLMSG_OVERRUN => Body::Overrun,
        other => Body::Other(other),
    };
    Ok(Message { sequence, interrupted: flags & NLM_F_DUMP_INTR != 0, body })
}

/// `struct ifinfomsg`: family 1, padding 1, type 2, index 4, flags 4, change 4.
fn link(payload: &[u8]) -> Result<Link<'_>, Malformed> {
    let index = u32_at(payload, 4).ok_or(Malformed::FixedPart)?;
    let flags = u32_at(payload, 8).ok_or(Malformed::FixedPart)?;
    let attributes = payload.get(LINK_HEADER..).ok_or(Malformed::FixedPart)?;
    let mut link = Link { index, name: &[], up: flags & IFF_UP != 0, running: flags & IFF_RUNNING != 0 };
    for attribute in Attributes(attributes) {
        let (kind, value) = attribute?;
        if kind == IFLA_IFNAME {
            link.name = value.split(|byte| *byte == 0).next().unwrap_or_default();
            // nicup does not need the rest.
            break;
        }
    }
    Ok(link)
}

/// `struct ifaddrmsg`: family 1, prefix length 1, flags 1, scope 1, index 4. None: not an IP
/// address, or not of the wanted devices.
fn address(payload: &[u8], devices: Option<&[u32]>) -> Result<Option<Address>, Malformed> {
    let Some((&[family, prefix_len, short_flags, scope], _)) = payload.split_first_chunk::<4>() else {
        return Err(Malformed::FixedPart);
    };
    let index = u32_at(payload, 4).ok_or(Malformed::FixedPart)?;
    let attributes = payload.get(ADDRESS_HEADER..).ok_or(Malformed::FixedPart)?;
    let wanted = devices.is_none_or(|devices| devices.contains(&index));
    if !wanted || family != AF_INET && family != AF_INET6 {
        return Ok(None);
    }
    let mut flags = u32::from(short_flags);
    let (mut preferred, mut valid) = (Lifetime::Forever, Lifetime::Forever);
    let (mut local, mut other) = (None, None);
    for attribute in Attributes(attributes) {
        let (kind, value) = attribute?;
        match kind {
            IFA_LOCAL => local = Some(ip(family, value)?),
            IFA_ADDRESS => other = Some(ip(family, value)?),
            IFA_FLAGS => flags = u32_at(value, 0).ok_or(Malformed::Value)?,
            IFA_CACHEINFO => {
                preferred = Lifetime::from_seconds(u32_at(value, 0).ok_or(Malformed::Value)?);
                valid = Lifetime::from_seconds(u32_at(value, 4).ok_or(Malformed::Value)?);
            }
            _ => {}
        }
    }
    // IPv6 sends IFA_LOCAL only if there is a peer. IPv4 always sends it, except for 0.0.0.0: there,
    // IFA_ADDRESS would be the peer alone.
    let local = if family == AF_INET { local } else { local.or(other) };
    Ok(local.map(|ip| Address {
        index,
        ip,
        prefix_len,
        scope: Scope::from_byte(scope),
        flags: Flags(flags),
        preferred,
        valid,
    }))
}

fn ip(family: u8, value: &[u8]) -> Result<IpAddr, Malformed> {
    if family == AF_INET {
        <[u8; 4]>::try_from(value).map(IpAddr::from).map_err(|_| Malformed::Value)
    } else {
        <[u8; 16]>::try_from(value).map(IpAddr::from).map_err(|_| Malformed::Value)
    }
}

/// Kind (without the encoding bits) and value of each attribute.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(u16, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let taken = split(self.0, ATTRIBUTE_HEADER, u16_at(self.0, 0).map(usize::from));
        let fields = taken.and_then(|(attribute, rest)| {
            Some((u16_at(attribute, 2)? & 0x3fff, attribute.get(ATTRIBUTE_HEADER..)?, rest))
        });
        let Some((kind, value, rest)) = fields else {
            self.0 = &[];
            return Some(Err(Malformed::AttributeLength));
        };
        self.0 = rest;
        Some(Ok((kind, value)))
    }
}

/// The first `length` bytes, and the rest from the next multiple of four on. The last one may have no padding.
fn split(bytes: &[u8], least: usize, length: Option<usize>) -> Option<(&[u8], &[u8])> {
    let length = length.filter(|length| *length >= least && *length <= bytes.len())?;
    Some((bytes.get(..length)?, bytes.get(aligned(length)..).unwrap_or_default()))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

fn i32_at(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..)?.first_chunk().copied().map(i32::from_ne_bytes)
}
