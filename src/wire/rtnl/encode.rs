//! Messages as the kernel would send them, for tests only: nothing here runs on a router.

use super::{
    AF_INET, AF_INET6, Address, Body, HEADER, IFA_ADDRESS, IFA_CACHEINFO, IFA_FLAGS, IFA_LOCAL, IFF_RUNNING,
    IFF_UP, IFLA_IFNAME, Lifetime, Link, Message, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN,
    RTM_DELADDR, RTM_DELLINK, RTM_NEWADDR, RTM_NEWLINK, Scope, aligned,
};
use std::net::{IpAddr, Ipv4Addr};

/// Appends one message. `stray` attributes go before those that matter.
pub(super) fn encode(message: &Message<'_>, stray: &[(u16, &[u8])], out: &mut Vec<u8>) {
    let (kind, payload) = match message.body {
        Body::Link(link) => (RTM_NEWLINK, link_payload(&link, stray)),
        Body::LinkGone(link) => (RTM_DELLINK, link_payload(&link, stray)),
        Body::Address(address) => (RTM_NEWADDR, address_payload(&address, stray)),
        Body::AddressGone(address) => (RTM_DELADDR, address_payload(&address, stray)),
        Body::Done(code) => (NLMSG_DONE, code.to_ne_bytes().to_vec()),
        Body::Error(code) => (NLMSG_ERROR, [code.to_ne_bytes().as_slice(), &[0; HEADER]].concat()),
        Body::Overrun => (NLMSG_OVERRUN, vec![]),
        Body::Other(kind) => (kind, vec![]),
    };
    out.extend(((HEADER + payload.len()) as u32).to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(if message.interrupted { NLM_F_DUMP_INTR } else { 0 }.to_ne_bytes());
    out.extend(message.sequence.to_ne_bytes());
    out.extend([0; 4]);
    out.extend(payload);
    out.resize(aligned(out.len()), 0);
}

fn link_payload(link: &Link<'_>, stray: &[(u16, &[u8])]) -> Vec<u8> {
    let up = if link.up { IFF_UP } else { 0 };
    let running = if link.running { IFF_RUNNING } else { 0 };
    let mut out = vec![0; 4];
    out.extend(link.index.to_ne_bytes());
    out.extend((up | running).to_ne_bytes());
    out.extend([0xff; 4]);
    put_all(&mut out, stray);
    put(&mut out, IFLA_IFNAME, &[link.name, &[0]].concat());
    out
}

fn address_payload(address: &Address, stray: &[(u16, &[u8])]) -> Vec<u8> {
    let scope = match address.scope {
        Scope::Global => 0,
        Scope::Site => 200,
        Scope::Link => 253,
        Scope::Host => 254,
        Scope::Other(byte) => byte,
    };
    let family = if address.ip.is_ipv4() { AF_INET } else { AF_INET6 };
    let mut out = vec![family, address.prefix_len, address.flags.0 as u8, scope];
    out.extend(address.index.to_ne_bytes());
    put_all(&mut out, stray);
    match address.ip {
        IpAddr::V4(ip) => {
            put(&mut out, IFA_ADDRESS, &Ipv4Addr::new(10, 64, 0, 1).octets());
            put(&mut out, IFA_LOCAL, &ip.octets());
        }
        IpAddr::V6(ip) => put(&mut out, IFA_ADDRESS, &ip.octets()),
    }
    let seconds = |lifetime| match lifetime {
        Lifetime::Forever => u32::MAX.to_ne_bytes(),
        Lifetime::Seconds(seconds) => seconds.to_ne_bytes(),
    };
    let lifetimes = [seconds(address.preferred), seconds(address.valid), [1; 4], [2; 4]].concat();
    put(&mut out, IFA_CACHEINFO, &lifetimes);
    put(&mut out, IFA_FLAGS, &address.flags.0.to_ne_bytes());
    out
}

fn put_all(out: &mut Vec<u8>, attributes: &[(u16, &[u8])]) {
    for (kind, value) in attributes {
        put(out, *kind, value);
    }
}

/// Appends one attribute with its padding.
pub(super) fn put(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend(((4 + value.len()) as u16).to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(value);
    out.resize(aligned(out.len()), 0);
}
