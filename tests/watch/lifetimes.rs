//! Addresses whose preferred lifetime ends while the loop runs, with the kernel's own events.

use crate::common::{HOME, Router, STATUS};
use crate::place::{alone, is_current, nap, until, watch};

const OLD: &str = "2001:db8:a::7";
const NEW: &str = "2001:db8:b::7";

fn registered(r: &Router, address: &str) -> bool {
    r.host(HOME).registered_ipv6.as_deref() == Some(address)
}

/// `OLD` is registered, and all addresses exist before the loop starts to listen, as after a restart.
fn with_ipv6(story: &str) -> Option<Router> {
    let r = alone(story)?;
    r.configure("option family 'ipv6'");
    r.address(&format!("add {OLD}/64 nodad"));
    r.pass(0);
    assert!(registered(&r, OLD));
    Some(r)
}

#[test]
fn a_deprecated_ipv6_address_is_replaced_although_its_first_event_is_its_end() {
    const STORY: &str =
        "lifetimes::a_deprecated_ipv6_address_is_replaced_although_its_first_event_is_its_end";
    let Some(r) = with_ipv6(STORY) else { return };
    r.address(&format!("add {NEW}/64 nodad"));
    let _running = watch(&r);
    nap(2000);
    assert_eq!(r.requests(), 1, "the registered address stays while it is usable");
    r.address(&format!("change {OLD}/64 preferred_lft 0"));
    until("the new address", 5, || registered(&r, NEW));
    // Router advertisements repeat the deprecated prefix again and again.
    nap(1000);
    let before = r.stamp(STATUS);
    for _ in 0..10 {
        r.address(&format!("change {OLD}/64 preferred_lft 0"));
        nap(100);
    }
    nap(1000);
    assert_eq!((r.requests(), r.stamp(STATUS)), (2, before), "nothing starts a pass any more");
}

#[test]
fn a_preferred_lifetime_that_runs_out_by_itself_is_noticed() {
    const STORY: &str = "lifetimes::a_preferred_lifetime_that_runs_out_by_itself_is_noticed";
    let Some(r) = with_ipv6(STORY) else { return };
    r.address(&format!("add {NEW}/64 nodad preferred_lft 600 valid_lft 3600"));
    r.address(&format!("change {OLD}/64 preferred_lft 8 valid_lft 3600"));
    // A separate rule prefers an address that stays preferred for 30 min longer. It does not apply to 10 min.
    let _running = watch(&r);
    assert!(registered(&r, OLD));
    until("the new address", 20, || registered(&r, NEW));
    assert_eq!(r.requests(), 2);
}

#[test]
fn a_deprecated_ipv4_address_is_replaced_although_its_first_event_is_its_end() {
    const STORY: &str =
        "lifetimes::a_deprecated_ipv4_address_is_replaced_although_its_first_event_is_its_end";
    let Some(r) = alone(STORY) else { return };
    r.address("add 203.0.113.8/32");
    r.pass(0);
    let _running = watch(&r);
    nap(1000);
    r.address("change 203.0.113.7/32 preferred_lft 0 valid_lft 3600");
    is_current(&r, "203.0.113.8");
    assert_eq!(r.requests(), 2);
}

/// Acts like a router advertisement: the kernel resets both lifetimes and sends an event.
fn announced(r: &Router, address: &str, preferred: u32) {
    r.address(&format!("change {address}/64 preferred_lft {preferred} valid_lft 2592000"));
}

const WEEK: u32 = 7 * 86_400;

#[test]
fn a_prefix_that_is_no_longer_announced_is_replaced_and_two_announced_ones_are_left_alone() {
    const STORY: &str =
        "lifetimes::a_prefix_that_is_no_longer_announced_is_replaced_and_two_announced_ones_are_left_alone";
    let Some(r) = with_ipv6(STORY) else { return };
    announced(&r, OLD, WEEK);
    r.address(&format!("add {NEW}/64 nodad preferred_lft {WEEK} valid_lft 2592000"));
    let _running = watch(&r);
    // The first events of both addresses that the loop receives for the device cause passes.
    nap(1000);
    announced(&r, OLD, WEEK);
    announced(&r, NEW, WEEK);
    nap(2000);
    let before = r.stamp(STATUS);
    // Each prefix is announced at least every 30 min, so their lifetimes differ by less than 30 min.
    for (old, new) in
        [(WEEK, WEEK), (WEEK - 1780, WEEK), (WEEK, WEEK), (WEEK, WEEK - 1780), (WEEK - 1700, WEEK)]
    {
        announced(&r, OLD, old);
        announced(&r, NEW, new);
        nap(400);
    }
    assert_eq!((r.requests(), r.stamp(STATUS)), (1, before), "no pass, and no update");
    // The old prefix was last announced 35 min ago.
    announced(&r, OLD, WEEK - 2100);
    announced(&r, NEW, WEEK);
    until("the new address", 5, || registered(&r, NEW));
    // It is announced again: the new one stays, and no pass is needed.
    nap(1000);
    let before = r.stamp(STATUS);
    announced(&r, OLD, WEEK);
    nap(1000);
    assert_eq!((r.requests(), r.stamp(STATUS)), (2, before));
}

#[test]
fn the_host_behind_the_router_follows_the_announced_prefix() {
    let Some(r) = with_ipv6("lifetimes::the_host_behind_the_router_follows_the_announced_prefix") else {
        return;
    };
    r.configure("option family 'ipv6'\noption ip6_suffix '::1234'");
    announced(&r, OLD, WEEK);
    r.address(&format!("add {NEW}/64 nodad preferred_lft 3600 valid_lft 2592000"));
    let _running = watch(&r);
    until("the old prefix", 5, || registered(&r, "2001:db8:a::1234"));
    for preferred in [3600, WEEK - 600, WEEK] {
        announced(&r, NEW, preferred);
        nap(700);
        assert!(registered(&r, "2001:db8:a::1234"), "{preferred}");
    }
    announced(&r, OLD, WEEK - 2100);
    until("the new prefix", 5, || registered(&r, "2001:db8:b::1234"));
}
