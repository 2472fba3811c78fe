//! Why there is no address: which reason, and its sentence.

use super::*;

fn on(device: &str, addresses: &[Address]) -> Observed<Ipv4Addr> {
    pick_ipv4(&DeviceAddresses { device: device.to_owned(), ..up(addresses) }, STRICT, None)
}

#[test]
fn the_most_specific_reason_is_given() {
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
fn of_two_equal_reasons_the_first_address_is_named() {
    let private = [address("192.168.1.2"), address("10.0.0.2")];
    assert_eq!(first_v4(&private), absent(WhyAbsent::Private(ip("192.168.1.2"))));
    assert_eq!(on("pppoe-wan", &private), absent(WhyAbsent::ProviderNat(ip("192.168.1.2"))));
}

#[test]
fn a_private_address_of_a_modem_or_a_tunnel_is_behind_the_providers_nat() {
    let private = [address("10.0.0.2")];
    for device in ["pppoe-wan", "3g-wan", "wwan0", "rmnet_data0", "mhi_hwip0", "wg0", "tun0", "l2tp-vpn"] {
        assert_eq!(on(device, &private), absent(WhyAbsent::ProviderNat(ip("10.0.0.2"))), "{device}");
    }
    for device in ["wan", "eth0.2", "br-lan"] {
        assert_eq!(on(device, &private), absent(WhyAbsent::Private(ip("10.0.0.2"))), "{device}");
    }
    let shared = [address("100.64.0.2")];
    assert_eq!(on("pppoe-wan", &shared), absent(WhyAbsent::Shared(ip("100.64.0.2"))), "known to be CGNAT");
    let public = [address("10.0.0.2"), address("203.0.113.7")];
    assert_eq!(on("pppoe-wan", &public), Observed::Address(v4("203.0.113.7")));
}

/// From netifd's `up`, `autostart`, `available` and `pending`, and its latest error.
#[test]
fn netifd_says_why_an_interface_is_down() {
    const IDLE: [Option<bool>; 3] = [Some(true), Some(true), Some(false)];
    const SET_UP: [Option<bool>; 3] = [Some(true), Some(true), Some(true)];
    const STOPPED: [Option<bool>; 3] = [Some(false), Some(true), Some(false)];
    const UNPLUGGED: [Option<bool>; 3] = [Some(true), Some(false), Some(false)];
    let rows = [
        (true, IDLE, None, WhyDown::Deviceless),
        (true, STOPPED, Some("AUTH_FAILED"), WhyDown::Deviceless),
        (false, STOPPED, None, WhyDown::Stopped),
        (false, STOPPED, Some("NO_DEVICE"), WhyDown::Stopped),
        (false, SET_UP, Some("AUTH_FAILED"), WhyDown::LoginRejected),
        (false, IDLE, Some("PIN_FAILED"), WhyDown::LoginRejected),
        (false, UNPLUGGED, Some("NO_DEVICE"), WhyDown::NoDevice),
        (false, IDLE, Some("MODEM_DISABLED"), WhyDown::NoDevice),
        (false, SET_UP, Some("CONNECT_FAILED"), WhyDown::CannotConnect),
        (false, UNPLUGGED, None, WhyDown::NoCarrier),
        (false, SET_UP, None, WhyDown::SettingUp),
        (false, IDLE, None, WhyDown::Unexplained),
        (false, [None; 3], None, WhyDown::Unexplained),
    ];
    for (up, flags, error, why) in rows {
        assert_eq!(WhyDown::of(up, flags, error), why, "{up} {flags:?} {error:?}");
    }
}

#[test]
fn every_reason_has_a_sentence_of_at_most_160_bytes_and_a_code() {
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
fn an_unknown_address_has_a_message_with_its_cause() {
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
