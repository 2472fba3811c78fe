//! The rules of docs/reference.md#addresses, one story each.
#![allow(clippy::unwrap_used)]

use super::*;

mod reasons;

const STRICT: Rule = Rule { allow_private: false };
const LENIENT: Rule = Rule { allow_private: true };
const DAY: Lifetime = Lifetime::Seconds(86_400);

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// An address as the kernel has it once everything is settled.
fn address(text: &str) -> Address {
    let prefix_len = if text.contains(':') { 64 } else { 24 };
    let (flags, preferred, valid) = (Flags(0), DAY, DAY);
    Address { index: 3, ip: ip(text), prefix_len, scope: Scope::Global, flags, preferred, valid }
}

fn flagged(text: &str, flags: Flags) -> Address {
    Address { flags, ..address(text) }
}

fn preferred(text: &str, preferred: Lifetime) -> Address {
    Address { preferred, ..address(text) }
}

fn up(addresses: &[Address]) -> DeviceAddresses {
    DeviceAddresses { device: "wan".to_owned(), state: DeviceState::Up, addresses: addresses.to_vec() }
}

fn first_v4(addresses: &[Address]) -> Observed<Ipv4Addr> {
    pick_ipv4(&up(addresses), STRICT, None)
}

fn first_v6(addresses: &[Address]) -> Observed<Ipv6Addr> {
    pick_ipv6(&up(addresses), STRICT, None)
}

fn absent<T>(why: WhyAbsent) -> Observed<T> {
    Observed::Absent(why)
}

#[test]
fn each_family_is_picked_by_itself() {
    let both = [address("2001:db8::7"), address("203.0.113.7")];
    assert_eq!(first_v4(&both), Observed::Address(v4("203.0.113.7")));
    assert_eq!(first_v6(&both), Observed::Address(v6("2001:db8::7")));
    assert_eq!(first_v4(&both[..1]), absent(WhyAbsent::NoAddress(WantedFamily::Ipv4)));
    assert_eq!(first_v6(&both[1..]), absent(WhyAbsent::NoAddress(WantedFamily::Ipv6)));
}

#[test]
fn pppoe_peer_uses_local() {
    // The decoder has put IFA_LOCAL into `ip`; the /32 is the peer's and says nothing.
    let local = Address { prefix_len: 32, ..flagged("203.0.113.7", Flags::PERMANENT) };
    assert_eq!(first_v4(&[local]), Observed::Address(v4("203.0.113.7")));
}

#[test]
fn a_missing_device_a_device_that_is_down_and_no_address_are_three_answers() {
    let static_address = [address("203.0.113.7")];
    let state = |state| pick_ipv4(&DeviceAddresses { state, ..up(&static_address) }, STRICT, None);
    assert_eq!(state(DeviceState::Missing), absent(WhyAbsent::DeviceMissing));
    assert_eq!(state(DeviceState::Down), absent(WhyAbsent::DeviceDown));
    assert_eq!(state(DeviceState::Up), Observed::Address(v4("203.0.113.7")));
    assert_eq!(first_v4(&[]), absent(WhyAbsent::NoAddress(WantedFamily::Ipv4)));
}

#[test]
fn only_global_scope_counts() {
    for scope in [Scope::Site, Scope::Link, Scope::Host, Scope::Other(7)] {
        let near = Address { scope, ..address("203.0.113.7") };
        assert_eq!(first_v4(&[near]), absent(WhyAbsent::NoAddress(WantedFamily::Ipv4)), "{scope:?}");
    }
    let every_device_has_one = Address { scope: Scope::Link, ..address("fe80::1") };
    assert_eq!(first_v6(&[every_device_has_one]), absent(WhyAbsent::NoAddress(WantedFamily::Ipv6)));
}

#[test]
fn temporary_ipv6_is_never_sent() {
    let temporary = flagged("2001:db8::bad", Flags::SECONDARY_OR_TEMPORARY);
    assert_eq!(first_v6(&[temporary]), absent(WhyAbsent::Temporary(ip("2001:db8::bad"))));
    let registered = pick_ipv6(&up(&[temporary, address("2001:db8::c")]), LENIENT, Some(v6("2001:db8::bad")));
    assert_eq!(registered, Observed::Address(v6("2001:db8::c")));
}

#[test]
fn secondary_ipv4_is_the_second_choice() {
    let secondary = flagged("203.0.113.8", Flags::SECONDARY_OR_TEMPORARY);
    assert_eq!(first_v4(&[secondary, address("203.0.113.7")]), Observed::Address(v4("203.0.113.7")));
    let over = flagged("203.0.113.7", Flags::DEPRECATED);
    assert_eq!(first_v4(&[over, secondary]), Observed::Address(v4("203.0.113.8")));
}

#[test]
fn tentative_is_not_sent_and_optimistic_is_tentative() {
    for flags in [Flags::TENTATIVE, Flags::OPTIMISTIC] {
        let tentative = flagged("2001:db8::7", flags);
        assert_eq!(first_v6(&[tentative]), absent(WhyAbsent::Tentative(ip("2001:db8::7"))));
    }
}

#[test]
fn a_duplicate_is_not_sent() {
    let failed = flagged("2001:db8::7", Flags(Flags::DAD_FAILED.0 | Flags::TENTATIVE.0));
    assert_eq!(first_v6(&[failed]), absent(WhyAbsent::Duplicate(ip("2001:db8::7"))));
}

#[test]
fn deprecated_is_not_sent_by_flag_or_by_lifetime() {
    let flag = flagged("2001:db8::7", Flags::DEPRECATED);
    let lifetime = preferred("2001:db8::7", Lifetime::Seconds(0));
    assert_eq!(first_v6(&[flag]), absent(WhyAbsent::Deprecated(ip("2001:db8::7"))));
    assert_eq!(first_v6(&[lifetime]), absent(WhyAbsent::Deprecated(ip("2001:db8::7"))));
}

#[test]
fn a_private_address_is_only_sent_if_allowed() {
    for (text, why) in [
        ("192.168.1.2", WhyAbsent::Private as fn(IpAddr) -> WhyAbsent),
        ("10.0.0.2", WhyAbsent::Private),
        ("100.64.0.2", WhyAbsent::Shared),
    ] {
        assert_eq!(first_v4(&[address(text)]), absent(why(ip(text))));
        assert_eq!(pick_ipv4(&up(&[address(text)]), LENIENT, None), Observed::Address(v4(text)));
    }
    let ula = up(&[address("fd00::2")]);
    assert_eq!(pick_ipv6(&ula, STRICT, None), absent(WhyAbsent::UniqueLocal(ip("fd00::2"))));
    assert_eq!(pick_ipv6(&ula, LENIENT, None), Observed::Address(v6("fd00::2")));
}

#[test]
fn ds_lite_192_0_0_2_is_private() {
    let why = WhyAbsent::DsLite(ip("192.0.0.2"));
    assert_eq!(first_v4(&[address("192.0.0.2")]), absent(why));
    assert_eq!(why.code().as_str(), "private-address");
}

#[test]
fn some_addresses_are_not_even_sent_if_private_ones_are_allowed() {
    for text in [
        "192.0.0.2",
        "169.254.7.7",
        "127.0.0.1",
        "0.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "240.0.0.1",
        "192.88.99.1",
    ] {
        assert!(matches!(pick_ipv4(&up(&[address(text)]), LENIENT, None), Observed::Absent(_)), "{text}");
    }
    for text in [
        "fe80::1",
        "::1",
        "::",
        "ff02::1",
        "::ffff:203.0.113.7",
        "::203.0.113.7",
        "::192.168.1.2",
        "64:ff9b::203.0.113.7",
        "64:ff9b:1::7",
        "100::7",
        "2001:0:cb00:7107::7",
        "2001:10::7",
        "2001:20::7",
        "fec0::7",
        "5f00::7",
    ] {
        assert!(matches!(pick_ipv6(&up(&[address(text)]), LENIENT, None), Observed::Absent(_)), "{text}");
    }
}

#[test]
fn the_ipv4_address_of_a_6rd_device_is_not_its_ipv6_address() {
    // What the kernel has on a sit device: both permanent, both for ever, and the wrong one is the lower.
    let forever = |text, prefix_len| Address {
        prefix_len,
        flags: Flags::PERMANENT,
        ..preferred(text, Lifetime::Forever)
    };
    let compatible = forever("::203.0.113.153", 96);
    let real = forever("2001:db8:cb00:7199::1", 64);
    for addresses in [[compatible, real], [real, compatible]] {
        let device = up(&addresses);
        let picked = Observed::Address(v6("2001:db8:cb00:7199::1"));
        assert_eq!(pick_ipv6(&device, LENIENT, None), picked);
        assert_eq!(pick_ipv6(&device, LENIENT, Some(v6("::203.0.113.153"))), picked, "registered by mistake");
    }
    let why = WhyAbsent::Special(ip("::203.0.113.153"), "IPv4-compatible Address");
    assert_eq!(first_v6(&[compatible]), absent(why));
}

#[test]
fn a_public_address_next_to_private_ones_is_sent() {
    let ips = [address("192.168.1.2"), address("100.64.0.2"), address("203.0.113.7")];
    assert_eq!(first_v4(&ips), Observed::Address(v4("203.0.113.7")));
    assert_eq!(first_v6(&[address("fd00::2"), address("2001:db8::7")]), Observed::Address(v6("2001:db8::7")));
}

#[test]
fn the_first_primary_ipv4_in_the_kernels_order() {
    let ips = [address("203.0.113.9"), address("203.0.113.7")];
    assert_eq!(first_v4(&ips), Observed::Address(v4("203.0.113.9")));
}

#[test]
fn the_ipv6_with_the_longest_preferred_lifetime_then_the_lowest() {
    let short = preferred("2001:db8::1", Lifetime::Seconds(60));
    let long = preferred("2001:db8::3", DAY);
    let other = preferred("2001:db8::2", DAY);
    let forever = preferred("2001:db8::9", Lifetime::Forever);
    assert_eq!(first_v6(&[short, long]), Observed::Address(v6("2001:db8::3")));
    assert_eq!(first_v6(&[short, long, other]), Observed::Address(v6("2001:db8::2")));
    assert_eq!(first_v6(&[short, long, other, forever]), Observed::Address(v6("2001:db8::9")));
}

#[test]
fn the_registered_address_stays_while_it_is_usable() {
    let device = up(&[address("203.0.113.9"), flagged("203.0.113.7", Flags::SECONDARY_OR_TEMPORARY)]);
    let stays = pick_ipv4(&device, STRICT, Some(v4("203.0.113.7")));
    assert_eq!(stays, Observed::Address(v4("203.0.113.7")));
    let gone = pick_ipv4(&device, STRICT, Some(v4("203.0.113.1")));
    assert_eq!(gone, Observed::Address(v4("203.0.113.9")));

    let nearly = Lifetime::Seconds(86_400 - lifetimes::MARGIN);
    let device = up(&[preferred("2001:db8::7", nearly), address("2001:db8::1")]);
    let stays = pick_ipv6(&device, STRICT, Some(v6("2001:db8::7")));
    assert_eq!(stays, Observed::Address(v6("2001:db8::7")));
    let device = up(&[preferred("2001:db8::7", Lifetime::Seconds(0)), address("2001:db8::1")]);
    let over = pick_ipv6(&device, STRICT, Some(v6("2001:db8::7")));
    assert_eq!(over, Observed::Address(v6("2001:db8::1")));
}

#[test]
fn a_host_behind_the_router_gets_the_routers_prefix() {
    let suffix = v6("::1234:5678");
    for (prefix, length) in [("2001:db8:0:42::1", 64), ("2001:db8:0:42::1", 60), ("2001:db8:0:42::1", 0)] {
        assert_eq!(with_suffix(v6(prefix), length, suffix), Ok(v6("2001:db8:0:42::1234:5678")), "/{length}");
    }
    let all_bits = v6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    assert_eq!(with_suffix(v6("2001:db8::1"), 64, all_bits), Ok(v6("2001:db8::ffff:ffff:ffff:ffff")));
}

#[test]
fn a_prefix_longer_than_64_has_no_room_for_a_host() {
    for length in [65, 80, 128] {
        let why = WhyAbsent::LongPrefix(v6("2001:db8::1"), length);
        assert_eq!(with_suffix(v6("2001:db8::1"), length, v6("::7")), Err(why));
    }
    let only = Address { prefix_len: 128, ..address("2001:db8::1") };
    let picked = |ips: &[Address]| pick_ipv6_suffix(&up(ips), STRICT, v6("::7"), None);
    assert_eq!(picked(&[only]), absent(WhyAbsent::LongPrefix(v6("2001:db8::1"), 128)));
    assert_eq!(picked(&[only, address("2001:db8:1::1")]), Observed::Address(v6("2001:db8:1::7")));
}

#[test]
fn the_registered_host_stays_while_its_prefix_is_usable() {
    let nearly = Lifetime::Seconds(86_400 - lifetimes::MARGIN);
    let device = up(&[preferred("2001:db8:1::1", nearly), address("2001:db8:2::1")]);
    let picked = |registered| pick_ipv6_suffix(&device, STRICT, v6("::7"), registered);
    assert_eq!(picked(None), Observed::Address(v6("2001:db8:2::7")));
    assert_eq!(picked(Some(v6("2001:db8:1::7"))), Observed::Address(v6("2001:db8:1::7")));
}

#[test]
fn a_prefix_that_is_no_longer_announced_makes_room_for_one_that_is() {
    let silent = Lifetime::Seconds(86_400 - lifetimes::MARGIN - 1);
    let old = Some(v6("2001:db8:1::7"));
    let device = up(&[preferred("2001:db8:1::7", silent), address("2001:db8:2::7")]);
    assert_eq!(pick_ipv6(&device, STRICT, old), Observed::Address(v6("2001:db8:2::7")));
    assert_eq!(pick_ipv6_suffix(&device, STRICT, v6("::7"), old), Observed::Address(v6("2001:db8:2::7")));
    // A longer preferred lifetime does not count for an address that cannot be sent.
    for other in [
        address("fd00::7"),
        flagged("2001:db8:2::7", Flags::DEPRECATED),
        flagged("2001:db8:2::7", Flags::SECONDARY_OR_TEMPORARY),
        flagged("2001:db8:2::7", Flags::TENTATIVE),
        Address { scope: Scope::Link, ..address("fe80::7") },
    ] {
        let device = up(&[preferred("2001:db8:1::7", silent), other]);
        assert_eq!(pick_ipv6(&device, STRICT, old), Observed::Address(v6("2001:db8:1::7")), "{other:?}");
    }
    let long = Address { prefix_len: 128, ..address("2001:db8:2::7") };
    let device = up(&[preferred("2001:db8:1::1", silent), long]);
    assert_eq!(pick_ipv6_suffix(&device, STRICT, v6("::7"), old), Observed::Address(v6("2001:db8:1::7")));
    // A second address of the same network keeps its host.
    let device =
        up(&[preferred("2001:db8:1::1", silent), address("2001:db8:1::2"), address("2001:db8:2::1")]);
    assert_eq!(pick_ipv6_suffix(&device, STRICT, v6("::7"), old), Observed::Address(v6("2001:db8:1::7")));
}
