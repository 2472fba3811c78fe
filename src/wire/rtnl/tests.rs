//! What the kernel sends, as bytes and as values; and what it would never send.
#![allow(clippy::unwrap_used)]

use super::encode::{encode, put};
use super::*;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What a kernel sent for `ip addr add 203.0.113.7 peer 10.64.0.1 dev pppoe-wan`: on a little-endian machine, and
/// the same fields as a big-endian one has them.
#[cfg(target_endian = "little")]
const PPPOE: [u8; 84] = *b"\x54\0\0\0\x14\0\x02\0\x05\0\0\0\0\x32\x10\0\
    \x02\x20\x80\0\x03\0\0\0\x08\0\x01\0\x0a\x40\0\x01\x08\0\x02\0\xcb\0\x71\x07\
    \x0e\0\x03\0pppoe-wan\0\0\0\x08\0\x08\0\x80\0\0\0\
    \x14\0\x06\0\xff\xff\xff\xff\xff\xff\xff\xff\xc2\x84\x04\0\xc2\x84\x04\0";
#[cfg(target_endian = "big")]
const PPPOE: [u8; 84] = *b"\0\0\0\x54\0\x14\0\x02\0\0\0\x05\0\x10\x32\0\
    \x02\x20\x80\0\0\0\0\x03\0\x08\0\x01\x0a\x40\0\x01\0\x08\0\x02\xcb\0\x71\x07\
    \0\x0e\0\x03pppoe-wan\0\0\0\0\x08\0\x08\0\0\0\x80\
    \0\x14\0\x06\xff\xff\xff\xff\xff\xff\xff\xff\0\x04\x84\xc2\0\x04\x84\xc2";

fn only(datagram: &[u8]) -> Result<Message<'_>, Malformed> {
    let mut messages = Messages::new(datagram);
    let first = messages.next().unwrap();
    assert_eq!(messages.next(), None);
    first
}

fn pppoe() -> Address {
    Address {
        index: 3,
        ip: Ipv4Addr::new(203, 0, 113, 7).into(),
        prefix_len: 32,
        scope: Scope::Global,
        flags: Flags::PERMANENT,
        preferred: Lifetime::Forever,
        valid: Lifetime::Forever,
    }
}

fn message(body: Body<'_>) -> Message<'_> {
    Message { sequence: 5, interrupted: false, body }
}

fn encoded(body: Body<'_>, stray: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = vec![];
    encode(&message(body), stray, &mut out);
    out
}

/// Xorshift: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }

    fn lifetime(&mut self) -> Lifetime {
        if self.below(3) == 0 { Lifetime::Forever } else { Lifetime::Seconds(self.next() & 0x7fff_ffff) }
    }

    fn address(&mut self) -> Address {
        let v4 = self.below(2) == 0;
        Address {
            index: self.next(),
            ip: if v4 { self.bytes::<4>().into() } else { self.bytes::<16>().into() },
            prefix_len: self.next() as u8,
            scope: Scope::from_byte([0, 0, 200, 253, 254, 7][self.below(6) as usize]),
            flags: Flags(self.next()),
            preferred: self.lifetime(),
            valid: self.lifetime(),
        }
    }

    fn link<'a>(&mut self, name: &'a [u8]) -> Link<'a> {
        Link { index: self.next(), name, up: self.below(2) == 0, running: self.below(2) == 0 }
    }

    fn body<'a>(&mut self, name: &'a [u8]) -> Body<'a> {
        match self.below(8) {
            0 => Body::Link(self.link(name)),
            1 => Body::LinkGone(self.link(name)),
            2 | 3 => Body::Address(self.address()),
            4 => Body::AddressGone(self.address()),
            5 => Body::Done(-(self.below(100) as i32)),
            6 => Body::Error(-(self.below(100) as i32)),
            _ => [Body::Overrun, Body::Other(1), Body::Other(24)][self.below(3) as usize],
        }
    }
}

#[test]
fn a_pppoe_address_is_the_local_end() {
    assert_eq!(only(&PPPOE), Ok(message(Body::Address(pppoe()))));
}

#[test]
fn what_was_encoded_is_decoded_again() {
    let mut numbers = Numbers(0x6e69_6375_7021);
    let stray: [(u16, &[u8]); 3] = [(0x4003, b"label"), (77, b""), (11, &[1, 2, 3, 4])];
    for _ in 0..2_000 {
        let name = numbers.bytes::<15>().map(|byte| b'a' + byte % 26);
        let sent: Vec<_> = (0..numbers.below(6))
            .map(|_| {
                let length = numbers.below(16) as usize;
                let (sequence, interrupted) = (numbers.next(), numbers.below(4) == 0);
                Message { sequence, interrupted, body: numbers.body(&name[..length]) }
            })
            .collect();
        let mut datagram = vec![];
        for message in &sent {
            // A stray IFA_LABEL has the number of IFLA_IFNAME, so links get none.
            let plain = matches!(message.body, Body::Link(_) | Body::LinkGone(_));
            encode(message, if plain { &[] } else { &stray }, &mut datagram);
        }
        assert_eq!(Messages::new(&datagram).collect::<Result<Vec<_>, _>>(), Ok(sent));
    }
}

#[test]
fn a_datagram_cut_anywhere_is_malformed() {
    let mut numbers = Numbers(7);
    for body in [Body::Address(numbers.address()), Body::Link(numbers.link(b"eth0")), Body::Done(0)] {
        let whole = encoded(body, &[]);
        for end in 1..whole.len() {
            let expected = if end < HEADER { Malformed::Header } else { Malformed::MessageLength };
            assert_eq!(only(&whole[..end]), Err(expected), "cut to {end} of {}", whole.len());
        }
    }
}

#[test]
fn a_message_that_ends_early_is_malformed() {
    let whole = encoded(Body::Address(pppoe()), &[]);
    for end in HEADER..whole.len() {
        let mut short = whole[..end].to_vec();
        short[..4].copy_from_slice(&(end as u32).to_ne_bytes());
        let decoded = only(&short);
        match end {
            16..24 => assert_eq!(decoded, Err(Malformed::FixedPart), "{end}"),
            // Between two attributes nothing is missing that could be missed.
            _ if end % 4 == 0 && decoded.is_ok() => {}
            _ => assert_eq!(decoded, Err(Malformed::AttributeLength), "{end}"),
        }
    }
}

#[test]
fn bytes_flipped_anywhere_never_panic() {
    let mut numbers = Numbers(99);
    let stray: [(u16, &[u8]); 1] = [(9, &[0; 4])];
    for _ in 0..20_000 {
        let mut datagram = encoded(numbers.body(b"pppoe-wan"), &stray);
        datagram.extend(encoded(numbers.body(b"wan"), &[]));
        for _ in 0..=numbers.below(3) {
            let at = numbers.below(datagram.len() as u32) as usize;
            datagram[at] = numbers.next() as u8;
        }
        assert!(Messages::new(&datagram).count() <= datagram.len() / HEADER + 1);
    }
}

#[test]
fn lengths_that_would_never_end_the_walk_are_refused() {
    for length in [0u32, 1, 15, 17, u32::MAX] {
        let mut bytes = encoded(Body::Overrun, &[]);
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        assert_eq!(only(&bytes), Err(Malformed::MessageLength), "{length}");
    }
    for length in [0u16, 3, u16::MAX] {
        let mut bytes = PPPOE;
        bytes[24..26].copy_from_slice(&length.to_ne_bytes());
        assert_eq!(only(&bytes), Err(Malformed::AttributeLength), "{length}");
    }
}

#[test]
fn a_value_of_the_wrong_size_is_malformed() {
    for (kind, value) in [(IFA_LOCAL, 16), (IFA_ADDRESS, 3), (IFA_FLAGS, 2), (IFA_CACHEINFO, 4)] {
        let stray: [(u16, &[u8]); 1] = [(kind, &[0; 16][..value])];
        let bytes = encoded(Body::Address(pppoe()), &stray);
        assert_eq!(only(&bytes), Err(Malformed::Value), "{kind}");
    }
}

#[test]
fn ifa_flags_override_the_byte_in_the_header() {
    let mut bytes = PPPOE;
    let wide = Flags::PERMANENT.0 | 0x200;
    bytes[60..64].copy_from_slice(&wide.to_ne_bytes());
    bytes[18] = 0xff;
    assert_eq!(only(&bytes), Ok(message(Body::Address(Address { flags: Flags(wide), ..pppoe() }))));
}

#[test]
fn without_ifa_flags_the_byte_in_the_header_counts() {
    let mut bytes = PPPOE;
    bytes[58..60].copy_from_slice(&99u16.to_ne_bytes());
    bytes[18] = 0x21;
    assert_eq!(only(&bytes), Ok(message(Body::Address(Address { flags: Flags(0x21), ..pppoe() }))));
}

#[test]
fn an_ipv6_address_with_a_peer_is_the_local_end() {
    let ip = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);
    let address = Address { ip: ip.into(), prefix_len: 128, ..pppoe() };
    let mut bytes = encoded(Body::Address(address), &[(IFA_LOCAL, &ip.octets())]);
    // The first of the two is IFA_LOCAL; what follows becomes the peer.
    bytes[48 + 15] = 0x99;
    assert_eq!(only(&bytes), Ok(message(Body::Address(address))));
}

#[test]
fn an_ipv4_address_without_a_local_end_is_not_the_peer() {
    let mut bytes = PPPOE;
    bytes[34..36].copy_from_slice(&99u16.to_ne_bytes());
    assert_eq!(only(&bytes), Ok(message(Body::Other(RTM_NEWADDR))));
}

#[test]
fn an_address_of_another_family_is_passed_over() {
    let mut bytes = PPPOE;
    bytes[16] = 28;
    assert_eq!(only(&bytes), Ok(message(Body::Other(RTM_NEWADDR))));
}

#[test]
fn addresses_of_other_devices_are_passed_over() {
    let mut datagram = PPPOE.to_vec();
    encode(
        &message(Body::Address(Address { index: 4, ..pppoe() })),
        &[(IFA_LOCAL, b"unread")],
        &mut datagram,
    );
    let bodies = |devices| {
        let messages = Messages::of_devices(&datagram, devices);
        messages.map(|message| message.map(|message| message.body)).collect::<Result<Vec<_>, _>>()
    };
    let other = Body::Other(RTM_NEWADDR);
    assert_eq!(bodies(&[3, 9]), Ok(vec![Body::Address(pppoe()), other]));
    assert_eq!(bodies(&[]), Ok(vec![other, other]));
    assert_eq!(bodies(&[4]), Err(Malformed::Value));
}

#[test]
fn a_dump_that_changed_meanwhile_says_so() {
    let mut bytes = PPPOE;
    bytes[6..8].copy_from_slice(&0x12u16.to_ne_bytes());
    assert!(only(&bytes).unwrap().interrupted);
}

#[test]
fn a_dump_that_ends_without_a_code_ended_well() {
    let mut bytes = encoded(Body::Done(0), &[]);
    bytes.truncate(HEADER);
    bytes[..4].copy_from_slice(&(HEADER as u32).to_ne_bytes());
    assert_eq!(only(&bytes), Ok(message(Body::Done(0))));
}

#[test]
fn a_name_ends_at_its_nul_and_what_follows_is_not_read() {
    let mut bytes = encoded(Body::Link(Link { index: 6, name: b"wan", up: true, running: false }), &[]);
    put(&mut bytes, IFLA_IFNAME, b"other");
    let length = bytes.len() as u32;
    bytes[..4].copy_from_slice(&length.to_ne_bytes());
    let link = Link { index: 6, name: b"wan", up: true, running: false };
    assert_eq!(only(&bytes), Ok(message(Body::Link(link))));
}

#[test]
fn forever_is_longer_than_any_number_of_seconds() {
    assert!(Lifetime::Forever > Lifetime::Seconds(u32::MAX - 1));
    assert!(Lifetime::Seconds(2) > Lifetime::Seconds(1));
}

#[test]
fn every_malformed_message_has_a_sentence() {
    let all = [
        Malformed::Header,
        Malformed::MessageLength,
        Malformed::FixedPart,
        Malformed::AttributeLength,
        Malformed::Value,
    ];
    assert!(all.iter().all(|why| !why.explain().is_empty() && !why.explain().ends_with('.')));
}

#[test]
fn events_are_those_of_links_and_of_addresses_of_both_families() {
    assert_eq!(EVENT_GROUPS, 0b1_0001_0001);
}

#[test]
fn a_flag_is_there_if_any_of_its_bits_is() {
    let both = Flags(Flags::TENTATIVE.0 | Flags::OPTIMISTIC.0);
    assert!(both.any(Flags::TENTATIVE) && Flags::OPTIMISTIC.any(both));
    assert!(!both.any(Flags::DEPRECATED) && !Flags(0).any(both) && !both.any(Flags(0)));
}

#[test]
fn each_malformation_says_what_is_wrong() {
    for (malformed, text) in [
        (Malformed::Header, "a message was cut within its header"),
        (Malformed::MessageLength, "a message has an impossible length"),
        (Malformed::FixedPart, "a message is too short for its kind"),
        (Malformed::AttributeLength, "an attribute has an impossible length"),
        (Malformed::Value, "an attribute has a value of the wrong size"),
    ] {
        assert_eq!(malformed.explain(), text);
    }
}
