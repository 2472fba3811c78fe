//! From where an address can be reached, by its number alone.
//!
//! Does not know the device, and does not say whether such an address is sent. Documentation ranges are public here:
//! tests and manuals use them as users use theirs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// From where an address can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everywhere, as far as its number tells.
    Public,
    /// RFC 1918: behind a router that translates addresses.
    Private,
    /// 100.64.0.0/10 (RFC 6598): behind the provider's CGNAT.
    Shared,
    /// 192.0.0.0/24 (RFC 7335): the router's end of a DS-Lite or 464XLAT tunnel, the same for everybody.
    DsLite,
    /// fc00::/7 (RFC 4193): within the user's own networks.
    UniqueLocal,
    /// 169.254.0.0/16 and fe80::/10: on one link; no DHCP server has answered.
    LinkLocal,
    /// No machine of the internet: this host (0/8, ::), loopback, multicast, reserved (240/4, with broadcast),
    /// IPv4-mapped, and IPv6's former site-local fec0::/10.
    Special,
}

/// Tells them apart.
#[must_use]
pub const fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(ip) => reach_ipv4(ip),
        IpAddr::V6(ip) => reach_ipv6(ip),
    }
}

const fn reach_ipv4(ip: Ipv4Addr) -> Reach {
    match ip.octets() {
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Reach::Private,
        [100, 64..=127, ..] => Reach::Shared,
        [192, 0, 0, _] => Reach::DsLite,
        [169, 254, ..] => Reach::LinkLocal,
        [0 | 127 | 224..=255, ..] => Reach::Special,
        _ => Reach::Public,
    }
}

const fn reach_ipv6(ip: Ipv6Addr) -> Reach {
    match ip.segments() {
        [0xfc00..=0xfdff, ..] => Reach::UniqueLocal,
        [0xfe80..=0xfebf, ..] => Reach::LinkLocal,
        [0xfec0..=0xffff, ..] | [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Reach::Special,
        _ => Reach::Public,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_range_from_its_first_to_its_last_address() {
        for (first, last, expected) in [
            ("0.0.0.0", "0.255.255.255", Reach::Special),
            ("1.0.0.0", "9.255.255.255", Reach::Public),
            ("10.0.0.0", "10.255.255.255", Reach::Private),
            ("11.0.0.0", "100.63.255.255", Reach::Public),
            ("100.64.0.0", "100.127.255.255", Reach::Shared),
            ("100.128.0.0", "126.255.255.255", Reach::Public),
            ("127.0.0.0", "127.255.255.255", Reach::Special),
            ("128.0.0.0", "169.253.255.255", Reach::Public),
            ("169.254.0.0", "169.254.255.255", Reach::LinkLocal),
            ("169.255.0.0", "172.15.255.255", Reach::Public),
            ("172.16.0.0", "172.31.255.255", Reach::Private),
            ("172.32.0.0", "191.255.255.255", Reach::Public),
            ("192.0.0.0", "192.0.0.255", Reach::DsLite),
            ("192.0.1.0", "192.167.255.255", Reach::Public),
            ("192.168.0.0", "192.168.255.255", Reach::Private),
            ("192.169.0.0", "223.255.255.255", Reach::Public),
            ("224.0.0.0", "239.255.255.255", Reach::Special),
            ("240.0.0.0", "255.255.255.255", Reach::Special),
            ("::", "::1", Reach::Special),
            ("::2", "::fffe:ffff:ffff", Reach::Public),
            ("::ffff:0.0.0.0", "::ffff:255.255.255.255", Reach::Special),
            ("::1:0:0:0", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::UniqueLocal),
            ("fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Public),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::LinkLocal),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Special),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reach::Special),
        ] {
            assert_eq!(reach(first.parse().unwrap()), expected, "{first}");
            assert_eq!(reach(last.parse().unwrap()), expected, "{last}");
        }
    }

    #[test]
    fn documentation_ranges_are_public() {
        for ip in ["192.0.2.1", "198.51.100.1", "203.0.113.7", "2001:db8::7", "3fff::7"] {
            assert_eq!(reach(ip.parse().unwrap()), Reach::Public, "{ip}");
        }
    }
}
