//! The rules of docs/reference.md#addresses, one story each.
#![allow(clippy::unwrap_used)]

use super::*;

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
fn the_most_telling_reason_is_given() {
    let tentative = flagged("2001:db8::7", Flags::TENTATIVE);
    let temporary = flagged("2001:db8::8", Flags::SECONDARY_OR_TEMPORARY);
    let (local, own) = (address("fd00::2"), address("fe80::1"));
    assert_eq!(first_v6(&[own, local]), absent(WhyAbsent::UniqueLocal(ip("fd00::2"))));
    assert_eq!(first_v6(&[temporary, local]), absent(WhyAbsent::Temporary(ip("2001:db8::8"))));
    assert_eq!(first_v6(&[tentative, temporary]), absent(WhyAbsent::Tentative(ip("2001:db8::7"))));
    let checked_for_nothing = flagged("fd00::2", Flags::TENTATIVE);
    assert_eq!(first_v6(&[checked_for_nothing]), absent(WhyAbsent::UniqueLocal(ip("fd00::2"))));
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
    // An address that lasts longer and cannot be sent is none: local, deprecated, temporary, or on no network of its own.
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

#[test]
fn every_reason_has_a_sentence_of_at_most_160_bytes_and_a_word() {
    let longest = ip("fd00:1111:2222:3333:4444:5555:6666:7777");
    let IpAddr::V6(long) = longest else { unreachable!() };
    let short = ip("255.255.255.255");
    let reasons = [
        WhyAbsent::DeviceMissing,
        WhyAbsent::DeviceDown,
        WhyAbsent::Disconnected,
        WhyAbsent::NoAddress(WantedFamily::Ipv4),
        WhyAbsent::NoAddress(WantedFamily::Ipv6),
        WhyAbsent::Special(longest, "Segment Routing (SRv6) SIDs"),
        WhyAbsent::LinkLocal(longest),
        WhyAbsent::UniqueLocal(longest),
        WhyAbsent::DsLite(short),
        WhyAbsent::Shared(short),
        WhyAbsent::Private(short),
        WhyAbsent::Temporary(longest),
        WhyAbsent::Deprecated(longest),
        WhyAbsent::Duplicate(longest),
        WhyAbsent::LongPrefix(long, 128),
        WhyAbsent::Tentative(longest),
    ];
    for why in reasons {
        let sentence = why.explain("fifteen-letters");
        assert!(sentence.len() < 160, "nothing was cut: {sentence}");
        assert!(!sentence.ends_with('.') && sentence.contains("fifteen-letters"), "{sentence}");
        assert!(["no-address", "private-address"].contains(&why.code().as_str()));
    }
    assert_eq!(WhyAbsent::NoAddress(WantedFamily::Ipv6).explain("wan6"), "wan6 has no public IPv6 address");
}

#[test]
fn not_knowing_is_said_with_its_cause() {
    let cause = || "no answer".to_owned();
    for why in [WhyUnknown::Kernel(cause()), WhyUnknown::Netifd(cause()), WhyUnknown::Source(cause())] {
        assert!(why.explain("wan").ends_with("wan: no answer"));
        assert_eq!(why.code().as_str(), "address-unknown");
    }
    let long = WhyUnknown::Source("ä".repeat(200)).explain("web");
    assert!(long.len() <= 160 && long.len() > 157, "cut between two letters");
}

/// Without a template in `wording.txt`, LuCI shows the sentence in English only.
#[test]
fn every_reason_has_a_template() {
    let (v4, v6) = (IpAddr::from([10, 0, 0, 2]), Ipv6Addr::LOCALHOST);
    let absent = [
        WhyAbsent::DeviceMissing,
        WhyAbsent::DeviceDown,
        WhyAbsent::DeviceGone,
        WhyAbsent::InterfaceDown(WhyDown::Stopped),
        WhyAbsent::InterfaceDown(WhyDown::NoDevice),
        WhyAbsent::InterfaceDown(WhyDown::LoginRejected),
        WhyAbsent::InterfaceDown(WhyDown::CannotConnect),
        WhyAbsent::InterfaceDown(WhyDown::NoCarrier),
        WhyAbsent::InterfaceDown(WhyDown::SettingUp),
        WhyAbsent::InterfaceDown(WhyDown::Deviceless),
        WhyAbsent::InterfaceDown(WhyDown::Unexplained),
        WhyAbsent::NoUplinkIpv6,
        WhyAbsent::OnlyIpv6(v6),
        WhyAbsent::ProviderNat(v4),
        WhyAbsent::Disconnected,
        WhyAbsent::NoAddress(WantedFamily::Ipv4),
        WhyAbsent::NoAddress(WantedFamily::Ipv6),
        WhyAbsent::Special(v4, "benchmarking"),
        WhyAbsent::LinkLocal(v4),
        WhyAbsent::UniqueLocal(v6.into()),
        WhyAbsent::DsLite(v4),
        WhyAbsent::Shared(v4),
        WhyAbsent::Private(v4),
        WhyAbsent::Temporary(v6.into()),
        WhyAbsent::Deprecated(v6.into()),
        WhyAbsent::Duplicate(v4),
        WhyAbsent::LongPrefix(v6, 128),
        WhyAbsent::Tentative(v4),
    ];
    let unknown =
        [WhyUnknown::Kernel, WhyUnknown::Netifd, WhyUnknown::Source].map(|why| why("cause".to_owned()));
    let sentences = absent.iter().map(|why| why.explain("wan"));
    for sentence in sentences.chain(unknown.iter().map(|why| why.explain("wan"))) {
        assert!(crate::policy::wording::identify(Some(&sentence)).0.is_some(), "{sentence}");
    }
}
