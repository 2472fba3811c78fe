//! What the kernel says, in the order in which it says it, and which of it starts a pass.

use super::*;
use crate::wire::wake::Span;
use std::cell::RefCell;

thread_local! {
    /// The devices that there are, in place of the kernel.
    static KERNEL: RefCell<Vec<(String, u32)>> = const { RefCell::new(Vec::new()) };
}

fn kernel(devices: &[(&str, u32)]) {
    let devices = devices.iter().map(|(name, index)| ((*name).to_owned(), *index)).collect();
    KERNEL.with(|kernel| *kernel.borrow_mut() = devices);
}

fn index(name: &str) -> Option<u32> {
    KERNEL.with(|kernel| kernel.borrow().iter().find(|(known, _)| known == name).map(|(_, index)| *index))
}

/// A loop whose first pass named `wan`.
fn following(devices: &[(&str, u32)]) -> Links {
    kernel(devices);
    let mut links = Links { index, ..Links::default() };
    links.begin();
    assert!(!links.follow(&["wan".to_owned()]));
    links
}

fn link(name: &str, index: u32, up: bool) -> Body<'_> {
    Body::Link(Link { index, name: name.as_bytes(), up, running: up })
}

fn gone(name: &str, index: u32) -> Body<'_> {
    Body::LinkGone(Link { index, name: name.as_bytes(), up: false, running: false })
}

fn address(index: u32, ip: &str, flags: Flags) -> Address {
    let (preferred, valid) = (Lifetime::Forever, Lifetime::Forever);
    let ip = ip.parse().unwrap();
    Address { index, ip, prefix_len: 32, scope: Scope::Global, flags, preferred, valid }
}

fn add(index: u32, ip: &str) -> Body<'static> {
    Body::Address(address(index, ip, Flags::PERMANENT))
}

fn del(index: u32, ip: &str) -> Body<'static> {
    Body::AddressGone(address(index, ip, Flags::PERMANENT))
}

const CAME: Option<Change> = Some(Change::Came(IpVersion::Ipv4));
const WENT: Option<Change> = Some(Change::Went(IpVersion::Ipv4));
const DEVICE: Option<Change> = Some(Change::Device);

#[test]
fn an_address_matters_once_and_others_never() {
    let mut links = following(&[("wan", 7), ("lan", 3)]);
    assert_eq!(links.apply(&add(7, "203.0.113.7")), CAME);
    assert_eq!(links.apply(&add(7, "203.0.113.7")), None, "its lifetime was renewed");
    assert_eq!(links.apply(&add(3, "192.0.2.1")), None);
    assert_eq!(links.apply(&link("lan", 3, true)), None);
    assert_eq!(links.apply(&del(3, "192.0.2.1")), None);
    assert_eq!(links.apply(&del(7, "203.0.113.7")), WENT);
    assert_eq!(
        links.apply(&del(7, "203.0.113.7")),
        WENT,
        "an address that was never seen may have been usable"
    );
}

#[test]
fn an_ipv6_address_matters_when_it_can_be_used() {
    let mut links = following(&[("wan", 7)]);
    let mut say = |flags: Flags| links.apply(&Body::Address(address(7, "2001:db8::7", flags)));
    let both = Flags(Flags::TENTATIVE.0 | Flags::DAD_FAILED.0);
    for (flags, change) in [
        (Flags::TENTATIVE, None),
        (Flags(0), Some(Change::Came(IpVersion::Ipv6))),
        (Flags(0), None),
        (Flags::DEPRECATED, Some(Change::Went(IpVersion::Ipv6))),
        (both, None),
        (Flags::SECONDARY_OR_TEMPORARY, None),
    ] {
        assert_eq!(say(flags), change, "{flags:?}");
    }
    let tentative = address(7, "2001:db8::8", Flags::TENTATIVE);
    assert_eq!(links.apply(&Body::Address(tentative)), None);
    assert_eq!(links.apply(&Body::AddressGone(tentative)), None, "it was never of use");
    let local = Address { scope: Scope::Link, ..address(7, "fe80::1", Flags::PERMANENT) };
    assert_eq!(links.apply(&Body::Address(local)), None);
}

#[test]
fn an_address_that_is_first_heard_of_when_it_cannot_be_used_any_more_counts_once() {
    let deprecated = |ip| address(7, ip, Flags::DEPRECATED);
    let expired = |ip| Address { preferred: Lifetime::Seconds(0), ..address(7, ip, Flags(0)) };
    let duplicate = |ip| address(7, ip, Flags(Flags::DAD_FAILED.0 | Flags::TENTATIVE.0));
    for (ip, family) in [("203.0.113.7", IpVersion::Ipv4), ("2001:db8::7", IpVersion::Ipv6)] {
        for event in [deprecated(ip), expired(ip), duplicate(ip)].map(Body::Address) {
            let mut links = following(&[("wan", 7)]);
            assert_eq!(links.apply(&event), Some(Change::Went(family)), "it may be the registered one");
            assert_eq!(links.apply(&event), None, "the next router advertisement repeats it");
            links.reset();
            assert_eq!(links.apply(&event), Some(Change::Went(family)), "events were missed");
            assert_eq!(links.apply(&add(7, ip)), Some(Change::Came(family)));
            assert_eq!(links.apply(&event), Some(Change::Went(family)));
        }
    }
}

#[test]
fn a_deprecated_address_that_was_forgotten_costs_a_pass() {
    let mut links = following(&[("wan", 7)]);
    let event = Body::Address(address(7, "203.0.113.250", Flags::DEPRECATED));
    assert_eq!(links.apply(&event), WENT);
    for last in 0..LIMIT {
        assert_eq!(links.apply(&event), None);
        assert_eq!(links.apply(&add(7, &format!("203.0.113.{last}"))), CAME);
    }
    assert_eq!(links.apply(&event), WENT);
}

#[test]
fn a_second_ipv4_address_counts() {
    let mut links = following(&[("wan", 7)]);
    let second = address(7, "203.0.113.8", Flags::SECONDARY_OR_TEMPORARY);
    assert_eq!(links.apply(&Body::Address(second)), CAME);
    assert_eq!(links.apply(&Body::AddressGone(second)), WENT);
}

#[test]
fn a_device_that_comes_back_has_another_number() {
    let mut links = following(&[("wan", 7)]);
    assert_eq!(links.apply(&add(7, "203.0.113.7")), CAME);
    assert_eq!(links.apply(&del(7, "203.0.113.7")), WENT);
    kernel(&[]);
    assert_eq!(links.apply(&gone("wan", 7)), DEVICE);
    kernel(&[("other", 7)]);
    assert_eq!(links.apply(&link("other", 7, true)), None, "the number may go to another device");
    assert_eq!(links.apply(&add(7, "203.0.113.7")), None);
    kernel(&[("other", 7), ("wan", 9)]);
    assert_eq!(links.apply(&link("wan", 9, true)), DEVICE);
    assert_eq!(links.apply(&add(9, "203.0.113.7")), CAME);
}

#[test]
fn a_number_that_another_device_had_brings_no_old_addresses_with_it() {
    let mut links = following(&[("wan", 7)]);
    assert_eq!(links.apply(&add(7, "203.0.113.7")), CAME);
    kernel(&[]);
    assert_eq!(links.apply(&gone("wan", 7)), DEVICE, "without an event about its addresses");
    kernel(&[("wan", 7)]);
    assert_eq!(links.apply(&link("wan", 7, true)), DEVICE);
    assert_eq!(links.apply(&add(7, "203.0.113.7")), CAME);
}

#[test]
fn a_device_can_be_renamed_away_and_back() {
    let mut links = following(&[("wan", 7)]);
    kernel(&[("old", 7)]);
    assert_eq!(links.apply(&link("old", 7, false)), DEVICE);
    assert_eq!(links.apply(&add(7, "203.0.113.7")), None);
    kernel(&[("old", 7), ("wan", 8)]);
    assert_eq!(links.apply(&link("wan", 8, true)), DEVICE);
    assert_eq!(links.apply(&add(8, "203.0.113.7")), CAME);
}

#[test]
fn a_device_may_be_known_by_another_name() {
    let mut links = following(&[("wan", 7), ("enp1s0", 7)]);
    assert_eq!(links.apply(&link("enp1s0", 7, true)), None);
    assert_eq!(links.apply(&add(7, "203.0.113.7")), CAME);
}

#[test]
fn a_port_that_leaves_a_bridge_is_still_there() {
    let mut links = following(&[("wan", 7)]);
    assert_eq!(links.apply(&gone("wan", 7)), None);
    assert_eq!(links.apply(&add(7, "203.0.113.7")), CAME);
}

#[test]
fn a_device_that_was_down_when_the_loop_began_is_noticed_when_it_comes_up() {
    let mut links = following(&[("wan", 7)]);
    assert_eq!(links.apply(&link("wan", 7, true)), DEVICE, "the pass may have found it down");
    assert_eq!(links.apply(&link("wan", 7, true)), None);
    assert_eq!(links.apply(&link("wan", 7, false)), DEVICE);
}

#[test]
fn what_happens_before_a_new_device_is_named_is_answered_by_another_pass() {
    for first in [add(7, "203.0.113.7"), del(7, "203.0.113.7"), link("wan", 7, false), gone("wan", 7)] {
        kernel(&[("wan", 7)]);
        let mut links = Links { index, ..Links::default() };
        links.begin();
        assert_eq!(links.apply(&first), None);
        assert!(links.follow(&["wan".to_owned()]), "{first:?}");
        links.begin();
        assert!(!links.follow(&["wan".to_owned()]));
    }
}

#[test]
fn a_device_that_changed_unheard_is_answered_by_another_pass() {
    // The events of its removal and return have not arrived yet, and the pass may have read the addresses before.
    let mut links = following(&[("wan", 7)]);
    links.begin();
    kernel(&[("wan", 9)]);
    assert!(links.follow(&["wan".to_owned()]));
    assert_eq!(links.apply(&del(7, "203.0.113.7")), None);
    assert_eq!(links.apply(&gone("wan", 7)), None);
    assert_eq!(links.apply(&add(9, "203.0.113.8")), CAME);
    assert!(!links.follow(&["wan".to_owned()]));
}

#[test]
fn after_an_overrun_everything_is_new() {
    let mut links = following(&[("wan", 7)]);
    assert_eq!(links.apply(&add(7, "203.0.113.7")), CAME);
    kernel(&[("wan", 9)]);
    links.reset();
    assert_eq!(links.apply(&add(7, "203.0.113.7")), None);
    assert_eq!(links.apply(&add(9, "203.0.113.7")), CAME);
}

#[test]
fn every_device_that_a_pass_names_is_followed_and_some_that_earlier_ones_named() {
    let names: Vec<String> = (0..200).map(|number| format!("ppp{number}")).collect();
    let devices: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(100..).collect();
    let mut links = following(&devices);
    links.follow(&names);
    assert_eq!((links.apply(&add(100, "203.0.113.7")), links.apply(&add(299, "203.0.113.8"))), (CAME, CAME));
    links.follow(&names[150..]);
    assert_eq!(links.apply(&del(299, "203.0.113.8")), WENT, "named");
    assert_eq!(links.apply(&add(249, "203.0.113.9")), CAME, "netifd may only be between two of its names");
    assert_eq!(links.apply(&add(100, "203.0.113.10")), None, "long forgotten");
    assert!(links.devices.len() <= 50 + LIMIT);
}

#[test]
fn a_forgotten_address_costs_a_pass_and_nothing_else() {
    let mut links = following(&[("wan", 7)]);
    for last in 0..100 {
        assert_eq!(links.apply(&add(7, &format!("203.0.113.{last}"))), CAME);
    }
    assert_eq!(links.addresses.len(), LIMIT);
    assert_eq!(links.apply(&add(7, "203.0.113.99")), None);
    assert_eq!(links.apply(&add(7, "203.0.113.0")), CAME);
    assert_eq!(links.apply(&del(7, "203.0.113.1")), WENT);
}

#[test]
fn a_prefix_that_is_no_longer_announced_is_noticed_by_the_other_ones_lifetime() {
    const WEEK: u32 = 7 * 86_400;
    const LIFETIME: Lifetime = Lifetime::Seconds(WEEK);
    let span = |ip: &str, seconds: u64| Span { ip: ip.parse().unwrap(), until: Some(seconds * 1000) };
    let chosen = span("2001:db8:a::7", WEEK.into());
    let others = vec![span("2001:db8:b::7", WEEK.into())];
    let mut links = following(&[("wan", 7), ("lan", 3)]);
    links.compare(&[Preferred { device: "wan".to_owned(), chosen, others }]);
    let mut apply = |index, ip: &str, minutes: u64| {
        links.now = minutes * 60_000;
        links.apply(&Body::Address(Address { preferred: LIFETIME, ..address(index, ip, Flags(0)) }))
    };
    let (old, new) = ("2001:db8:a::7", "2001:db8:b::7");
    assert_eq!(
        (apply(7, old, 0), apply(7, new, 0)),
        (Some(Change::Came(IpVersion::Ipv6)), Some(Change::Came(IpVersion::Ipv6)))
    );
    for minutes in (10..100).step_by(10) {
        assert_eq!((apply(7, old, minutes), apply(7, new, minutes)), (None, None), "both are announced");
    }
    for (minutes, change) in [(100, None), (110, None), (115, None), (120, None), (121, DEVICE)] {
        assert_eq!(apply(3, new, minutes), None, "another device");
        assert_eq!(apply(7, new, minutes), change, "{minutes}");
    }
}

#[test]
fn a_longer_lifetime_counts_only_on_the_device_of_the_chosen_address() {
    let span = |ip: &str| Span { ip: ip.parse().unwrap(), until: Some(60_000) };
    let (chosen, others) = (span("2001:db8:a::7"), vec![span("2001:db8:b::7")]);
    let mut links = following(&[("wan", 7), ("lan", 3)]);
    links.follow(&["wan".to_owned(), "lan".to_owned()]);
    links.compare(&[Preferred { device: "wan".to_owned(), chosen, others }]);
    let came = Some(Change::Came(IpVersion::Ipv6));
    for (index, expected) in [(3, [came, None]), (7, [came, DEVICE])] {
        let renewed =
            Address { preferred: Lifetime::Seconds(7 * 86_400), ..address(index, "2001:db8:b::7", Flags(0)) };
        assert_eq!([0, 1].map(|_| links.apply(&Body::Address(renewed))), expected, "{index}");
    }
}
