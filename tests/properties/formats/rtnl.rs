//! Datagrams from the kernel, and the choice from their addresses.
//!
//! Does not share code with the decoder: two independent readings of the kernel's headers.

use super::{Dice, within};
use nicup::policy::address::{Observed, Rule, pick_ipv4, pick_ipv6, pick_ipv6_suffix, sendable};
use nicup::wire::rtnl::{
    Address, Body, DeviceAddresses, DeviceState, Flags, Lifetime, Link, Message, Messages, Scope,
};
use std::net::{IpAddr, Ipv6Addr};

pub(crate) fn check(data: &[u8]) {
    let count = within(data, 0, || Messages::new(data).count());
    assert!(count <= data.len().div_ceil(16));
    let all: Vec<_> = Messages::new(data).collect();
    let wrong = all.iter().position(Result::is_err);
    assert!(wrong.is_none_or(|at| at + 1 == all.len()), "nothing is read behind an error");
    let messages: Vec<Message<'_>> = all.iter().filter_map(|message| message.ok()).collect();

    let names = messages.iter().filter_map(|message| match message.body {
        Body::Link(link) | Body::LinkGone(link) => Some(link.name),
        Body::Address(_)
        | Body::AddressGone(_)
        | Body::Done(_)
        | Body::Error(_)
        | Body::Overrun
        | Body::Other(_) => None,
    });
    names.for_each(|name| assert!(!name.contains(&0), "{}", name.escape_ascii()));

    let bytes = messages.iter().fold(Vec::new(), |out, message| encode(out, message));
    let again: Vec<_> = Messages::new(&bytes).collect();
    assert_eq!(again, messages.iter().copied().map(Ok).collect::<Vec<_>>());

    let addresses: Vec<Address> = messages.iter().filter_map(|message| address(&message.body)).collect();
    let devices: Vec<u32> = addresses.iter().take(2).map(|address| address.index).collect();
    let few: Vec<_> = Messages::of_devices(data, &devices).collect();
    assert!(few.len() >= messages.len(), "what is passed over cannot be wrong");
    for (one, other) in messages.iter().zip(&few) {
        let is_ours = address(&one.body).is_none_or(|address| devices.contains(&address.index));
        if is_ours {
            assert_eq!(*other, Ok(*one));
        } else {
            assert!(matches!(other, Ok(Message { body: Body::Other(20 | 21), .. })), "{other:?}");
        }
    }
    choose(addresses);
}

fn address(body: &Body<'_>) -> Option<Address> {
    match *body {
        Body::Address(address) | Body::AddressGone(address) => Some(address),
        Body::Link(_)
        | Body::LinkGone(_)
        | Body::Done(_)
        | Body::Error(_)
        | Body::Overrun
        | Body::Other(_) => None,
    }
}

/// A chosen address was in the input, and may be sent.
fn choose(addresses: Vec<Address>) {
    let device = DeviceAddresses { device: "wan".to_owned(), state: DeviceState::Up, addresses };
    let there = |ip: IpAddr| device.addresses.iter().any(|address| address.ip == ip);
    for rule in [Rule { allow_private: false }, Rule { allow_private: true }] {
        let first = pick_ipv4(&device, rule, None);
        if let Observed::Address(ip) = first {
            assert!(there(ip.into()) && sendable(ip.into(), rule).is_ok(), "{ip}");
            assert_eq!(pick_ipv4(&device, rule, Some(ip)), first, "the registered one stays");
        }
        let first = pick_ipv6(&device, rule, None);
        if let Observed::Address(ip) = first {
            assert!(there(ip.into()) && sendable(ip.into(), rule).is_ok(), "{ip}");
            assert_eq!(pick_ipv6(&device, rule, Some(ip)), first, "the registered one stays");
        }
        let suffix = Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0x1234, 0x5678);
        if let Observed::Address(ip) = pick_ipv6_suffix(&device, rule, suffix, None) {
            let lends = |address: &Address| matches!(address.ip, IpAddr::V6(lent) if lent.segments()[..4] == ip.segments()[..4]);
            assert!(
                ip.segments()[4..] == suffix.segments()[4..] && device.addresses.iter().any(lends),
                "{ip}"
            );
        }
    }
}

fn encode(mut out: Vec<u8>, message: &Message<'_>) -> Vec<u8> {
    let (kind, payload): (u16, Vec<u8>) = match message.body {
        Body::Link(link) => (16, link_payload(&link)),
        Body::LinkGone(link) => (17, link_payload(&link)),
        Body::Address(address) => (20, address_payload(&address)),
        Body::AddressGone(address) => (21, address_payload(&address)),
        Body::Done(code) => (3, code.to_ne_bytes().to_vec()),
        Body::Error(code) => (2, code.to_ne_bytes().to_vec()),
        Body::Overrun => (4, Vec::new()),
        Body::Other(kind) => (kind, vec![0; 8]), // an address without a family
    };
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend((16 + payload.len() as u32).to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(if message.interrupted { 0x10u16 } else { 0 }.to_ne_bytes());
    out.extend(message.sequence.to_ne_bytes());
    out.extend([0; 4]);
    out.extend(payload);
    out
}

fn link_payload(link: &Link<'_>) -> Vec<u8> {
    let flags = u32::from(link.up) | u32::from(link.running) << 6;
    let head = [[0; 4], link.index.to_ne_bytes(), flags.to_ne_bytes(), [0xff; 4]].concat();
    attribute(head, 3, link.name)
}

fn address_payload(address: &Address) -> Vec<u8> {
    let scope = match address.scope {
        Scope::Global => 0,
        Scope::Site => 200,
        Scope::Link => 253,
        Scope::Host => 254,
        Scope::Other(byte) => byte,
    };
    let family = if address.ip.is_ipv4() { 2 } else { 10 };
    let mut out = vec![family, address.prefix_len, 0, scope];
    out.extend(address.index.to_ne_bytes());
    let ip = match address.ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let seconds = |lifetime| match lifetime {
        Lifetime::Forever => u32::MAX,
        Lifetime::Seconds(seconds) => seconds,
    };
    let times = [seconds(address.preferred), seconds(address.valid), 1, 2].map(u32::to_ne_bytes).concat();
    out = attribute(out, if address.ip.is_ipv4() { 2 } else { 1 }, &ip);
    out = attribute(out, 6, &times);
    attribute(out, 8, &address.flags.0.to_ne_bytes())
}

fn attribute(mut out: Vec<u8>, kind: u16, value: &[u8]) -> Vec<u8> {
    out.extend(((4 + value.len()) as u16).to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

pub(crate) fn sample(dice: &mut Dice) -> Vec<u8> {
    (0..1 + dice.roll(5)).fold(Vec::new(), |out, _| {
        let body = body(dice);
        encode(out, &Message { sequence: dice.roll(3) as u32, interrupted: dice.roll(20) == 0, body })
    })
}

fn body(dice: &mut Dice) -> Body<'static> {
    let link = Link { index: dice.roll(4) as u32, name: b"pppoe-wan", up: dice.roll(2) == 0, running: true };
    let v4 = [[203, 0, 113, 7], [192, 168, 1, 2], [100, 64, 0, 1], [203, 0, 113, 9]][dice.roll(4)];
    let v6 = ["2001:db8::7", "2001:db8::8", "fd00::1", "fe80::1"][dice.roll(4)].parse::<Ipv6Addr>().unwrap();
    let mut lifetime = || [Lifetime::Forever, Lifetime::Seconds(0), Lifetime::Seconds(1800)][dice.roll(3)];
    let (preferred, valid) = (lifetime(), lifetime());
    let address = Address {
        index: dice.roll(4) as u32,
        ip: if dice.roll(2) == 0 { v4.into() } else { v6.into() },
        prefix_len: [32, 64, 128, 24][dice.roll(4)],
        scope: [Scope::Global, Scope::Global, Scope::Link, Scope::Other(9)][dice.roll(4)],
        flags: Flags([0x80, 0, 1, 0x20, 0x40, 0x08, 0x100][dice.roll(7)]),
        preferred,
        valid,
    };
    match dice.roll(10) {
        0 | 1 => Body::Link(link),
        2 => Body::LinkGone(link),
        3..=6 => Body::Address(address),
        7 => Body::AddressGone(address),
        8 => [Body::Done(0), Body::Done(-5), Body::Error(-19)][dice.roll(3)],
        _ => [Body::Overrun, Body::Other(24), Body::Other(20)][dice.roll(3)],
    }
}

// Little-endian, like the machines that fuzz.
pub(crate) const WORDS: &[&[u8]] = &[
    b"\x10\0",
    b"\x11\0",
    b"\x14\0",
    b"\x15\0",
    b"\x02\0",
    b"\x03\0",
    b"\x04\0",
    b"\x08\0\x02\0",
    b"\x08\0\x01\0",
    b"\x14\0\x01\0",
    b"\x14\0\x06\0",
    b"\x08\0\x08\0",
    b"\x0e\0\x03\0pppoe-wan\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff",
    b"\xcb\0\x71\x07",
    b"\x02\x20\x80\0",
    b"\x0a\x40\x80\0",
    b"\x10\0\0\0",
    b"\x14\0\0\0",
];
