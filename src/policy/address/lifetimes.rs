//! The preferred lifetimes of IPv6 addresses: when one that lasts longer replaces the registered one.
//!
//! Does not know whether an address is usable (the parent module does) and reads no clock: times are milliseconds.

use crate::wire::rtnl::Lifetime;
use crate::wire::wake::{Preferred, Span};
use std::net::Ipv6Addr;

/// An address replaces the registered one if its preferred lifetime is longer by more than this, in seconds. A router renews
/// the lifetime of each prefix that it still announces at least every 1,800 s (MaxRtrAdvInterval, RFC 4861 section 6.2.1).
/// A larger difference shows that it no longer announces the prefix of the registered address.
pub const MARGIN: u32 = 1800;
/// Milliseconds that the loop adds to the margin: the kernel rounds lifetimes to seconds, and a pass that starts too early
/// decides nothing new.
const ROUNDING: u64 = 2000;

/// Whether `other` is preferred for so much longer than `own` that the router must have stopped announcing `own`.
#[must_use]
pub fn outlives(other: Lifetime, own: Lifetime) -> bool {
    match (other, own) {
        (_, Lifetime::Forever) => false,
        (Lifetime::Forever, Lifetime::Seconds(_)) => true,
        (Lifetime::Seconds(other), Lifetime::Seconds(own)) => other > own.saturating_add(MARGIN),
    }
}

/// An address that a pass can choose: the kernel's own, the one that is registered for it, and how long it is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The address of the device.
    pub ip: Ipv6Addr,
    /// The same, or the address of a host behind the router in the same network.
    pub host: Ipv6Addr,
    /// How long.
    pub preferred: Lifetime,
}

/// Whether the registered address stays, given all addresses that can be chosen.
#[must_use]
pub fn stays(choices: &[Choice], registered: Ipv6Addr) -> bool {
    let Some(own) = longest(choices, registered) else { return false };
    !choices.iter().any(|choice| outlives(choice.preferred, own.preferred))
}

/// What the loop must watch after a pass chose the address `picked` of `device` at time 0 ([`begin`] moves it);
/// None: there is no other one.
#[must_use]
pub fn to_follow(device: &str, choices: &[Choice], picked: Ipv6Addr) -> Option<Preferred> {
    let span = |choice: &Choice| Span { ip: choice.ip, until: until(choice.preferred, 0) };
    let chosen = span(longest(choices, picked)?);
    let others: Vec<Span> = choices.iter().filter(|choice| choice.host != picked).map(span).collect();
    (!others.is_empty()).then(|| Preferred { device: device.to_owned(), chosen, others })
}

/// The kernel gave the address `ip` another lifetime at `now`. True: it replaces the chosen address.
pub fn refresh(preferred: &mut Preferred, ip: Ipv6Addr, lifetime: Lifetime, now: u64) -> bool {
    let spans = std::iter::once(&mut preferred.chosen).chain(&mut preferred.others);
    for span in spans.filter(|span| span.ip == ip) {
        span.until = until(lifetime, now);
    }
    let Some(end) = preferred.chosen.until else { return false };
    let end = end.saturating_add(u64::from(MARGIN) * 1000 + ROUNDING);
    preferred.others.iter().any(|other| other.until.is_none_or(|until| until > end))
}

/// Makes `now` the time at which the address was chosen.
pub fn begin(preferred: &mut Preferred, now: u64) {
    for span in std::iter::once(&mut preferred.chosen).chain(&mut preferred.others) {
        span.until = span.until.map(|until| until.saturating_add(now));
    }
}

fn longest(choices: &[Choice], host: Ipv6Addr) -> Option<&Choice> {
    choices.iter().filter(|choice| choice.host == host).max_by_key(|choice| choice.preferred)
}

fn until(lifetime: Lifetime, now: u64) -> Option<u64> {
    match lifetime {
        Lifetime::Seconds(seconds) => Some(now.saturating_add(u64::from(seconds) * 1000)),
        Lifetime::Forever => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use Lifetime::{Forever, Seconds};

    const A: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xa, 0, 0, 0, 0, 7);
    const B: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xb, 0, 0, 0, 0, 7);
    const WEEK: u32 = 7 * 86_400;
    const MINUTE: u64 = 60_000;

    fn choice(ip: Ipv6Addr, preferred: Lifetime) -> Choice {
        Choice { ip, host: ip, preferred }
    }

    #[test]
    fn more_than_thirty_minutes_count_and_for_ever_is_longest() {
        for (other, own, expected) in [
            (Seconds(3600), Seconds(1800), false),
            (Seconds(3601), Seconds(1800), true),
            (Seconds(1800), Seconds(3600), false),
            (Seconds(1), Seconds(1), false),
            (Forever, Seconds(WEEK), true),
            (Forever, Forever, false),
            (Seconds(WEEK), Forever, false),
            (Seconds(u32::MAX - 1), Seconds(u32::MAX - 2), false),
        ] {
            assert_eq!(outlives(other, own), expected, "{other:?} {own:?}");
            assert_eq!(stays(&[choice(A, own), choice(B, other)], A), !expected, "{other:?} {own:?}");
        }
        assert!(!stays(&[choice(B, Seconds(60))], A), "it is not there");
        assert!(stays(&[choice(A, Seconds(1))], A), "there is no other one");
    }

    #[test]
    fn a_host_behind_the_router_has_the_longest_lifetime_of_its_network() {
        let host = |ip, preferred| Choice { ip, host: A, preferred };
        let choices = [host(A, Seconds(60)), host(B, Forever), choice(Ipv6Addr::LOCALHOST, Forever)];
        assert!(stays(&choices, A));
        let followed = to_follow("br-lan", &choices, A).unwrap();
        assert_eq!((followed.chosen.ip, followed.others.len()), (B, 1));
    }

    /// Both are preferred for `lifetime`, whenever they are announced.
    fn announced(lifetime: u32) -> Preferred {
        to_follow("wan", &[choice(A, Seconds(lifetime)), choice(B, Seconds(lifetime))], A).unwrap()
    }

    #[test]
    fn two_announced_prefixes_never_disturb() {
        for lifetime in [2700, 86_400, WEEK] {
            let mut wan = announced(lifetime);
            // Two routers, each at the longest interval, 29 minutes apart.
            for round in 1..100 {
                assert!(!refresh(&mut wan, A, Seconds(lifetime), round * 30 * MINUTE));
                assert!(!refresh(&mut wan, B, Seconds(lifetime), (round * 30 + 29) * MINUTE));
            }
        }
    }

    #[test]
    fn a_prefix_that_is_no_longer_announced_makes_room_within_35_minutes() {
        for interval in [1, 2, 3, 4, 5] {
            let mut wan = announced(WEEK);
            let found = (1..)
                .map(|round| round * interval * MINUTE)
                .find(|now| refresh(&mut wan, B, Seconds(WEEK), *now));
            assert!((30 * MINUTE + 1..=35 * MINUTE).contains(&found.unwrap()), "{interval}: {found:?}");
        }
    }

    #[test]
    fn a_lifetime_that_is_cut_short_makes_room_at_once() {
        let mut wan = announced(WEEK);
        assert!(refresh(&mut wan, A, Seconds(3600), MINUTE));
        assert!(!refresh(&mut wan, A, Forever, MINUTE));
        assert!(!refresh(&mut wan, B, Forever, MINUTE));
        assert!(refresh(&mut wan, A, Seconds(WEEK), MINUTE));
        assert!(!refresh(&mut announced(WEEK), Ipv6Addr::LOCALHOST, Forever, MINUTE), "not one of them");
    }

    #[test]
    fn the_loop_waits_for_half_an_hour_and_two_seconds_more() {
        let mut wan = announced(3600);
        assert!(!refresh(&mut wan, B, Seconds(3600 + 1802), 0));
        assert!(refresh(&mut wan, B, Seconds(3600 + 1802), 1));
    }

    #[test]
    fn a_lifetime_counts_from_the_moment_of_the_choice() {
        let mut wan = announced(3600);
        begin(&mut wan, 60 * MINUTE);
        assert_eq!(wan.chosen.until, Some(120 * MINUTE));
        assert!(!refresh(&mut wan, B, Seconds(3600), 60 * MINUTE), "both are as they were at that moment");
        let mut wan = to_follow("wan", &[choice(A, Forever), choice(B, Forever)], A).unwrap();
        begin(&mut wan, 60 * MINUTE);
        assert_eq!((wan.chosen.until, wan.others[0].until), (None, None), "for ever");
    }

    #[test]
    fn one_address_needs_no_following() {
        assert_eq!(to_follow("wan", &[choice(A, Seconds(60))], A), None);
        assert_eq!(to_follow("wan", &[choice(B, Seconds(60))], A), None);
    }
}
