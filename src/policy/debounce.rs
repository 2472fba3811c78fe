//! Decides when a pass starts after address events: after a moment without events, and after a few seconds at the latest.
//!
//! Does not know devices or messages. Times are milliseconds since boot. Source: docs/reference.md#addresses (`family
//! both`).

use crate::wire::wake::MissingFamilies;

/// Milliseconds without an event after which a pass starts.
pub const SILENCE: u64 = 300;
/// Milliseconds after the first event at which it starts in any case; also how long nicup waits for the second family.
pub const LATEST: u64 = 3000;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpVersion {
    /// IPv4
    Ipv4,
    /// IPv6
    Ipv6,
}

/// An event on a device that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A usable address appeared.
    Came(IpVersion),
    /// An address disappeared, or is no longer usable.
    Went(IpVersion),
    /// The device itself appeared, disappeared or was switched, or events were lost.
    Device,
}

/// Events since the last pass began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Debounce {
    /// The first and the last event.
    span: Option<(u64, u64)>,
    /// A service wants both families: which of them are missing, from the last pass and the events since.
    missing: Option<MissingFamilies>,
    /// The state of each family from the events alone.
    latest: Latest,
    /// An interface came up: its two families may arrive one after the other.
    expects_both: bool,
    /// When a pass was last requested.
    requested_at: Option<u64>,
    /// A request was deferred until [`Debounce::due`].
    deferred: bool,
}

/// The latest event of each family: whether the family is missing now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Latest {
    ipv4: Option<bool>,
    ipv6: Option<bool>,
}

impl Latest {
    fn applied_to(self, missing: MissingFamilies) -> MissingFamilies {
        MissingFamilies { ipv4: self.ipv4.unwrap_or(missing.ipv4), ipv6: self.ipv6.unwrap_or(missing.ipv6) }
    }
}

impl Debounce {
    /// Notes an event at `now`.
    pub fn note(&mut self, now: u64, change: Change) {
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
        match change {
            Change::Came(IpVersion::Ipv4) => self.latest.ipv4 = Some(false),
            Change::Came(IpVersion::Ipv6) => self.latest.ipv6 = Some(false),
            Change::Went(IpVersion::Ipv4) => self.latest.ipv4 = Some(true),
            Change::Went(IpVersion::Ipv6) => self.latest.ipv6 = Some(true),
            Change::Device => {}
        }
        self.missing = self.missing.map(|missing| self.latest.applied_to(missing));
    }

    /// Requests a pass. True: it starts now. False: it is deferred until [`Debounce::due`], because a service that wants
    /// both families is about to get the second one (netifd reports an interface as soon as it has its first address), or
    /// because the last request is only a moment old (netifd may report many interfaces at once).
    #[must_use]
    pub fn request_pass(&mut self, now: u64) -> bool {
        let again = self.requested_at.replace(now).is_some_and(|last| now.saturating_sub(last) < SILENCE);
        let second_is_coming = match self.missing {
            None => false,
            Some(MissingFamilies { ipv4: true, ipv6: true }) => true,
            Some(missing) => missing.ipv4 != missing.ipv6 && self.span.is_some(),
        };
        self.expects_both |= second_is_coming;
        let defer = second_is_coming || again;
        if defer {
            self.deferred = true;
            self.note(now, Change::Device);
        }
        !defer
    }

    /// A pass begins, and covers all events so far.
    pub fn pass_started(&mut self) {
        self.span = None;
        self.latest = Latest::default();
        self.expects_both = false;
        self.deferred = false;
    }

    /// Whether a request is due, and not only an event of the kernel.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.deferred
    }

    /// A pass ended that found these families missing. It may have missed the events that came while it ran.
    pub fn pass_finished(&mut self, missing: Option<MissingFamilies>) {
        self.missing = missing.map(|missing| self.latest.applied_to(missing));
    }

    /// When a pass is due; None: nothing happened.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        let (first, last) = self.span?;
        let latest = first.saturating_add(LATEST);
        let waits = self.missing.is_some_and(|missing| match (missing.ipv4, missing.ipv6) {
            (true, false) | (false, true) => true,
            (true, true) => self.expects_both,
            (false, false) => false,
        });
        Some(if waits { latest } else { latest.min(last.saturating_add(SILENCE)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: Change = Change::Came(IpVersion::Ipv4);
    const V6: Change = Change::Came(IpVersion::Ipv6);
    const NONE: Option<MissingFamilies> = Some(MissingFamilies { ipv4: true, ipv6: true });
    const ONLY_V4: Option<MissingFamilies> = Some(MissingFamilies { ipv4: false, ipv6: true });
    const BOTH: Option<MissingFamilies> = Some(MissingFamilies { ipv4: false, ipv6: false });

    /// A pass found these families missing, and then this happened.
    fn after(missing: Option<MissingFamilies>, events: &[(u64, Change)]) -> Debounce {
        let mut debounce = Debounce::default();
        debounce.pass_finished(missing);
        events.iter().for_each(|(at, change)| debounce.note(*at, *change));
        debounce
    }

    fn due(missing: Option<MissingFamilies>, events: &[(u64, Change)]) -> Option<u64> {
        after(missing, events).due()
    }

    #[test]
    fn many_requests_at_once_get_two_passes() {
        let mut debounce = Debounce::default();
        assert!(debounce.request_pass(10_000), "the first at once");
        debounce.pass_started();
        for at in (10_050..=11_000).step_by(50) {
            assert!(!debounce.request_pass(at));
        }
        assert_eq!(debounce.due(), Some(11_300));
        debounce.pass_started();
        assert!(debounce.request_pass(11_300), "after a short silence, at once again");
        // Without an end, too, there is a pass every few seconds.
        (11_350..20_000).step_by(50).for_each(|at| assert!(!debounce.request_pass(at)));
        assert_eq!(debounce.due(), Some(14_350));
    }

    #[test]
    fn one_event_is_answered_after_a_short_silence() {
        assert_eq!(due(None, &[]), None);
        assert_eq!(due(None, &[(1000, V4)]), Some(1300));
    }

    #[test]
    fn a_burst_is_answered_once_and_never_later_than_three_seconds() {
        let burst: Vec<_> = (0..100).map(|i| (1000 + i * 100, V4)).collect();
        assert_eq!(due(None, &burst[..3]), Some(1500));
        assert_eq!(due(None, &burst), Some(4000));
    }

    #[test]
    fn with_family_both_the_first_waits_for_the_second() {
        assert_eq!(due(NONE, &[(1000, V4)]), Some(4000));
        assert_eq!(due(NONE, &[(1000, V4), (3000, V6)]), Some(3300));
        assert_eq!(due(BOTH, &[(1000, Change::Went(IpVersion::Ipv4)), (1001, V4)]), Some(1301));
        for went in [IpVersion::Ipv4, IpVersion::Ipv6] {
            assert_eq!(due(BOTH, &[(1000, Change::Went(went))]), Some(4000), "{went:?} may come back");
        }
        assert_eq!(due(BOTH, &[(1000, Change::Device)]), Some(1300));
    }

    #[test]
    fn an_address_that_came_during_a_pass_waits_for_the_second_family_too() {
        // The pass looked before, and knows for the first time that both are wanted.
        let mut debounce = Debounce::default();
        debounce.pass_started();
        debounce.note(1000, V4);
        debounce.pass_finished(NONE);
        assert_eq!(debounce.due(), Some(4000));
        // The pass looked after.
        debounce.pass_started();
        debounce.note(5000, V6);
        debounce.pass_finished(BOTH);
        assert_eq!(debounce.due(), Some(5300));
        // The result of one pass does not apply to the next.
        debounce.pass_started();
        debounce.pass_finished(NONE);
        assert_eq!(debounce.due(), None);
        debounce.note(9000, Change::Device);
        assert_eq!(debounce.due(), Some(9300));
    }

    #[test]
    fn what_a_pass_answered_says_nothing_about_the_next() {
        // The address that went is there again, or is another device's: the pass knows better.
        let mut debounce = after(BOTH, &[(1000, Change::Went(IpVersion::Ipv4))]);
        debounce.pass_started();
        debounce.pass_finished(BOTH);
        debounce.note(2000, Change::Device);
        assert_eq!(debounce.due(), Some(2300));
        // An interface that came up and brought nothing.
        let mut debounce = after(NONE, &[]);
        assert!(!debounce.request_pass(1000));
        debounce.pass_started();
        debounce.pass_finished(NONE);
        debounce.note(9000, Change::Device);
        assert_eq!(debounce.due(), Some(9300));
    }

    #[test]
    fn a_pass_now_is_now_unless_the_second_family_is_on_its_way() {
        for missing in [None, BOTH, ONLY_V4] {
            assert!(after(missing, &[]).request_pass(1000), "{missing:?}");
        }
        assert!(after(None, &[(900, V4)]).request_pass(1000));
        assert!(after(BOTH, &[(900, Change::Device)]).request_pass(1000));
        // netifd reports an interface that has its IPv4 address a moment after the kernel does.
        let mut debounce = after(NONE, &[(900, V4)]);
        assert!(!debounce.request_pass(1000));
        assert_eq!(debounce.due(), Some(3900));
        // The device was not known: then netifd's report is the first event.
        let mut debounce = after(NONE, &[]);
        assert!(!debounce.request_pass(1000));
        assert_eq!(debounce.due(), Some(4000));
        assert!(!debounce.request_pass(2000), "wan6 is up as well");
        assert_eq!(debounce.due(), Some(4000));
        debounce.note(2100, V4);
        debounce.note(2200, V6);
        assert_eq!(debounce.due(), Some(2500));
    }
}
