//! When a pass starts after address events: once it has been quiet for a moment, or at the latest after a few.
//!
//! Does not know devices or messages; time is milliseconds since boot. Source: contract section 3 (`family both`).

use crate::wire::wake::Lacks;

/// Milliseconds of quiet after which a pass starts.
pub const QUIET: u64 = 300;
/// Milliseconds after the first event at which it starts in any case; also how long the second family is waited for.
pub const LATEST: u64 = 3000;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4
    Ipv4,
    /// IPv6
    Ipv6,
}

/// Something that happened on a device that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An address that can be used came.
    Came(Family),
    /// An address went, or can no longer be used.
    Went(Family),
    /// The device itself came, went or was switched, or nobody knows what was missed.
    Device,
}

/// Events since the last pass began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quiet {
    /// The first and the last.
    span: Option<(u64, u64)>,
    /// Some service wants both families: which of them it lacks, as far as the last pass and the events tell.
    pair: Option<Lacks>,
    /// What the events alone tell.
    news: News,
    /// Somebody said that an interface came up: its addresses may come one after the other.
    expecting: bool,
    /// When somebody last asked for a pass.
    asked: Option<u64>,
    /// Somebody asked, and was put off.
    put_off: bool,
}

/// The last word on each family: whether it is lacking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct News {
    ipv4: Option<bool>,
    ipv6: Option<bool>,
}

impl News {
    fn added_to(self, lacks: Lacks) -> Lacks {
        Lacks { ipv4: self.ipv4.unwrap_or(lacks.ipv4), ipv6: self.ipv6.unwrap_or(lacks.ipv6) }
    }
}

impl Quiet {
    /// Notes an event at `now`.
    pub fn note(&mut self, now: u64, change: Change) {
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
        match change {
            Change::Came(Family::Ipv4) => self.news.ipv4 = Some(false),
            Change::Came(Family::Ipv6) => self.news.ipv6 = Some(false),
            Change::Went(Family::Ipv4) => self.news.ipv4 = Some(true),
            Change::Went(Family::Ipv6) => self.news.ipv6 = Some(true),
            Change::Device => {}
        }
        self.pair = self.pair.map(|lacks| self.news.added_to(lacks));
    }

    /// Somebody asks for a pass now. False: it waits for [`Quiet::due`], because a service that wants both families is
    /// about to get them. netifd tells of an interface as soon as it has its first address. Or because somebody asked a
    /// moment ago: netifd may tell of many things at a time, and each of them asks.
    #[must_use]
    pub fn asked(&mut self, now: u64) -> bool {
        let again = self.asked.replace(now).is_some_and(|last| now.saturating_sub(last) < QUIET);
        let coming = match self.pair {
            None => false,
            Some(Lacks { ipv4: true, ipv6: true }) => true,
            Some(lacks) => lacks.ipv4 != lacks.ipv6 && self.span.is_some(),
        };
        self.expecting |= coming;
        let put_off = coming || again;
        if put_off {
            self.put_off = true;
            self.note(now, Change::Device);
        }
        !put_off
    }

    /// A pass begins: what happened so far is its business.
    pub fn begin(&mut self) {
        self.span = None;
        self.news = News::default();
        self.expecting = false;
        self.put_off = false;
    }

    /// Whether it is somebody's wish that is due, and not only the kernel's word.
    #[must_use]
    pub fn is_wish(&self) -> bool {
        self.put_off
    }

    /// A pass ended which found `pair`; it may not have seen what happened while it ran.
    pub fn found(&mut self, pair: Option<Lacks>) {
        self.pair = pair.map(|lacks| self.news.added_to(lacks));
    }

    /// When a pass is due; None: nothing happened.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        let (first, last) = self.span?;
        let latest = first.saturating_add(LATEST);
        let waits = self.pair.is_some_and(|lacks| match (lacks.ipv4, lacks.ipv6) {
            (true, false) | (false, true) => true,
            (true, true) => self.expecting,
            (false, false) => false,
        });
        Some(if waits { latest } else { latest.min(last.saturating_add(QUIET)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: Change = Change::Came(Family::Ipv4);
    const V6: Change = Change::Came(Family::Ipv6);
    const NONE: Option<Lacks> = Some(Lacks { ipv4: true, ipv6: true });
    const ONLY_V4: Option<Lacks> = Some(Lacks { ipv4: false, ipv6: true });
    const BOTH: Option<Lacks> = Some(Lacks { ipv4: false, ipv6: false });

    /// A pass found `pair`, and then this happened.
    fn after(pair: Option<Lacks>, events: &[(u64, Change)]) -> Quiet {
        let mut quiet = Quiet::default();
        quiet.found(pair);
        events.iter().for_each(|(at, change)| quiet.note(*at, *change));
        quiet
    }

    fn due(pair: Option<Lacks>, events: &[(u64, Change)]) -> Option<u64> {
        after(pair, events).due()
    }

    #[test]
    fn who_asks_again_and_again_gets_two_passes() {
        let mut quiet = Quiet::default();
        assert!(quiet.asked(10_000), "the first at once");
        quiet.begin();
        for at in (10_050..=11_000).step_by(50) {
            assert!(!quiet.asked(at));
        }
        assert_eq!(quiet.due(), Some(11_300));
        quiet.begin();
        assert!(quiet.asked(11_300), "after a moment of quiet, at once again");
        // Without an end, too, there is a pass every few seconds.
        (11_350..20_000).step_by(50).for_each(|at| assert!(!quiet.asked(at)));
        assert_eq!(quiet.due(), Some(14_350));
    }

    #[test]
    fn one_event_is_answered_after_a_moment_of_quiet() {
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
        assert_eq!(due(BOTH, &[(1000, Change::Went(Family::Ipv4)), (1001, V4)]), Some(1301));
        assert_eq!(due(BOTH, &[(1000, Change::Went(Family::Ipv4))]), Some(4000));
        assert_eq!(due(BOTH, &[(1000, Change::Device)]), Some(1300));
    }

    #[test]
    fn an_address_that_came_during_a_pass_waits_for_the_second_family_too() {
        // The pass looked before, and knows for the first time that both are wanted.
        let mut quiet = Quiet::default();
        quiet.begin();
        quiet.note(1000, V4);
        quiet.found(NONE);
        assert_eq!(quiet.due(), Some(4000));
        // The pass looked after.
        quiet.begin();
        quiet.note(5000, V6);
        quiet.found(BOTH);
        assert_eq!(quiet.due(), Some(5300));
        // What one pass has dealt with says nothing about the next.
        quiet.begin();
        quiet.found(NONE);
        assert_eq!(quiet.due(), None);
        quiet.note(9000, Change::Device);
        assert_eq!(quiet.due(), Some(9300));
    }

    #[test]
    fn a_pass_now_is_now_unless_the_second_family_is_on_its_way() {
        for pair in [None, BOTH, ONLY_V4] {
            assert!(after(pair, &[]).asked(1000), "{pair:?}");
        }
        assert!(after(None, &[(900, V4)]).asked(1000));
        assert!(after(BOTH, &[(900, Change::Device)]).asked(1000));
        // netifd's word for an interface that has its IPv4 address comes a moment after the kernel's.
        let mut quiet = after(NONE, &[(900, V4)]);
        assert!(!quiet.asked(1000));
        assert_eq!(quiet.due(), Some(3900));
        // Nobody knew the device: then its word is the first event.
        let mut quiet = after(NONE, &[]);
        assert!(!quiet.asked(1000));
        assert_eq!(quiet.due(), Some(4000));
        assert!(!quiet.asked(2000), "wan6 is up as well");
        assert_eq!(quiet.due(), Some(4000));
        quiet.note(2100, V4);
        quiet.note(2200, V6);
        assert_eq!(quiet.due(), Some(2500));
    }
}
