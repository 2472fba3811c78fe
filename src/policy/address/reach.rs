//! From where an address can be reached, by its number alone: IANA's special-purpose registries as one table.
//!
//! Does not know the device, and does not decide whether such an address is sent. Documentation ranges are public here,
//! because tests and manuals use them like public addresses. Sources: iana-ipv4-special-registry and
//! iana-ipv6-special-registry, and for what is not in them (multicast, site-local, IPv4-compatible) the registries of the
//! two address spaces.

use Reach::{DsLite, LinkLocal, Private, Shared, Special, UniqueLocal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// From where an address can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everywhere, judging by its number.
    Public,
    /// RFC 1918: behind a router that translates addresses.
    Private,
    /// 100.64.0.0/10 (RFC 6598): behind the provider's CGNAT.
    Shared,
    /// 192.0.0.0/24 (RFC 7335): the router's end of a DS-Lite or 464XLAT tunnel, the same everywhere.
    DsLite,
    /// fc00::/7 (RFC 4193): within the user's own networks.
    UniqueLocal,
    /// 169.254.0.0/16 and fe80::/10: on one link. For IPv4, no DHCP server has answered.
    LinkLocal,
    /// A special-purpose range that no host on the internet has, with the registry's name.
    Special(&'static str),
}

/// The first address of a range, the length of its prefix, and from where it can be reached.
type Range<Bits> = (Bits, u32, Reach);

const fn v4(a: u8, b: u8, c: u8) -> u32 {
    Ipv4Addr::new(a, b, c, 0).to_bits()
}

const IPV4: [Range<u32>; 12] = [
    (v4(0, 0, 0), 8, Special("This network")),
    (v4(10, 0, 0), 8, Private),
    (v4(100, 64, 0), 10, Shared),
    (v4(127, 0, 0), 8, Special("Loopback")),
    (v4(169, 254, 0), 16, LinkLocal),
    (v4(172, 16, 0), 12, Private),
    (v4(192, 0, 0), 24, DsLite),
    (v4(192, 88, 99), 24, Special("6to4 Relay Anycast")),
    (v4(192, 168, 0), 16, Private),
    (v4(198, 18, 0), 15, Special("Benchmarking")),
    (v4(224, 0, 0), 4, Special("Multicast")),
    (v4(240, 0, 0), 4, Special("Reserved")),
];

/// Groups 0, 1, 2 and 5: no range needs another one.
const fn v6(a: u16, b: u16, c: u16, f: u16) -> u128 {
    Ipv6Addr::new(a, b, c, 0, 0, f, 0, 0).to_bits()
}

/// A range within another one comes first.
const IPV6: [Range<u128>; 16] = [
    (0, 128, Special("Unspecified Address")),
    (1, 128, Special("Loopback Address")),
    // The kernel adds one to each 6rd and 6to4 device, with global scope.
    (0, 96, Special("IPv4-compatible Address")),
    (v6(0, 0, 0, 0xffff), 96, Special("IPv4-mapped Address")),
    (v6(0x64, 0xff9b, 0, 0), 96, Special("IPv4-IPv6 Translat.")),
    (v6(0x64, 0xff9b, 1, 0), 48, Special("IPv4-IPv6 Translat.")),
    (v6(0x100, 0, 0, 0), 64, Special("Discard-Only Address Block")),
    (v6(0x2001, 0, 0, 0), 32, Special("TEREDO")),
    (v6(0x2001, 2, 0, 0), 48, Special("Benchmarking")),
    (v6(0x2001, 0x10, 0, 0), 28, Special("ORCHID")),
    (v6(0x2001, 0x20, 0, 0), 28, Special("ORCHIDv2")),
    (v6(0x5f00, 0, 0, 0), 16, Special("Segment Routing (SRv6) SIDs")),
    (v6(0xfc00, 0, 0, 0), 7, UniqueLocal),
    (v6(0xfe80, 0, 0, 0), 10, LinkLocal),
    (v6(0xfec0, 0, 0, 0), 10, Special("Site-Local")),
    (v6(0xff00, 0, 0, 0), 8, Special("Multicast")),
];

/// Finds the range of an address.
#[must_use]
pub fn reach(ip: IpAddr) -> Reach {
    let found = match ip {
        IpAddr::V4(ip) => {
            let within = |range: &&Range<u32>| (ip.to_bits() ^ range.0) >> (32 - range.1) == 0;
            IPV4.iter().find(within).map(|range| range.2)
        }
        IpAddr::V6(ip) => {
            let within = |range: &&Range<u128>| (ip.to_bits() ^ range.0) >> (128 - range.1) == 0;
            IPV6.iter().find(within).map(|range| range.2)
        }
    };
    found.unwrap_or(Reach::Public)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn both_ends(first: &str, last: &str, expected: Reach) {
        assert_eq!(reach(first.parse().unwrap()), expected, "{first}");
        assert_eq!(reach(last.parse().unwrap()), expected, "{last}");
    }

    #[test]
    fn each_ipv4_range_from_its_first_to_its_last_address() {
        for (first, last, expected) in [
            ("0.0.0.0", "0.255.255.255", Special("This network")),
            ("1.0.0.0", "9.255.255.255", Reach::Public),
            ("10.0.0.0", "10.255.255.255", Private),
            ("11.0.0.0", "100.63.255.255", Reach::Public),
            ("100.64.0.0", "100.127.255.255", Shared),
            ("100.128.0.0", "126.255.255.255", Reach::Public),
            ("127.0.0.0", "127.255.255.255", Special("Loopback")),
            ("128.0.0.0", "169.253.255.255", Reach::Public),
            ("169.254.0.0", "169.254.255.255", LinkLocal),
            ("169.255.0.0", "172.15.255.255", Reach::Public),
            ("172.16.0.0", "172.31.255.255", Private),
            ("172.32.0.0", "191.255.255.255", Reach::Public),
            ("192.0.0.0", "192.0.0.255", DsLite),
            ("192.0.1.0", "192.88.98.255", Reach::Public),
            ("192.88.99.0", "192.88.99.255", Special("6to4 Relay Anycast")),
            ("192.88.100.0", "192.167.255.255", Reach::Public),
            ("192.168.0.0", "192.168.255.255", Private),
            ("192.169.0.0", "198.17.255.255", Reach::Public),
            ("198.18.0.0", "198.19.255.255", Special("Benchmarking")),
            ("198.20.0.0", "223.255.255.255", Reach::Public),
            ("224.0.0.0", "239.255.255.255", Special("Multicast")),
            ("240.0.0.0", "255.255.255.255", Special("Reserved")),
        ] {
            both_ends(first, last, expected);
        }
    }

    #[test]
    fn each_ipv6_range_from_its_first_to_its_last_address() {
        let translated = Special("IPv4-IPv6 Translat.");
        for (first, last, expected) in [
            ("::", "::", Special("Unspecified Address")),
            ("::1", "::1", Special("Loopback Address")),
            ("::2", "::255.255.255.255", Special("IPv4-compatible Address")),
            ("::1:0:0", "::fffe:ffff:ffff", Reach::Public),
            ("::ffff:0.0.0.0", "::ffff:255.255.255.255", Special("IPv4-mapped Address")),
            ("::1:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("64:ff9b::", "64:ff9b::255.255.255.255", translated),
            ("64:ff9b::1:0:0", "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", translated),
            ("64:ff9b:2::", "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("100::", "100::ffff:ffff:ffff:ffff", Special("Discard-Only Address Block")),
            ("100:0:0:1::", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Special("TEREDO")),
            ("2001:1::", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Special("Benchmarking")),
            ("2001:2:1::", "2001:f:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", Special("ORCHID")),
            ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", Special("ORCHIDv2")),
            ("2001:30::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special("Segment Routing (SRv6) SIDs")),
            ("5f01::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UniqueLocal),
            ("fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", LinkLocal),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special("Site-Local")),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special("Multicast")),
        ] {
            both_ends(first, last, expected);
        }
    }

    #[test]
    fn documentation_ranges_and_6to4_are_public() {
        for ip in ["192.0.2.1", "198.51.100.1", "203.0.113.7", "2001:db8::7", "3fff::7", "2002:cb00:7107::1"]
        {
            assert_eq!(reach(ip.parse().unwrap()), Reach::Public, "{ip}");
        }
    }
}
