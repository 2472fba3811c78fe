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

/// Events since the last pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quiet {
    span: Option<(u64, u64)>,
    pair: Option<Lacks>,
}

impl Quiet {
    /// After a pass that found `pair`.
    #[must_use]
    pub fn after(pair: Option<Lacks>) -> Quiet {
        Quiet { span: None, pair }
    }

    /// Notes an event at `now`.
    pub fn note(&mut self, now: u64, change: Change) {
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
        if let Some(lacks) = &mut self.pair {
            match change {
                Change::Came(Family::Ipv4) => lacks.ipv4 = false,
                Change::Came(Family::Ipv6) => lacks.ipv6 = false,
                Change::Went(Family::Ipv4) => lacks.ipv4 = true,
                Change::Went(Family::Ipv6) => lacks.ipv6 = true,
                Change::Device => {}
            }
        }
    }

    /// Carries on what was known of the families to after a pass that is running already.
    pub fn passed(&mut self) {
        self.span = None;
    }

    /// When a pass is due; None: nothing happened.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        let (first, last) = self.span?;
        let latest = first.saturating_add(LATEST);
        let half = self.pair.is_some_and(|lacks| lacks.ipv4 != lacks.ipv6);
        Some(if half { latest } else { latest.min(last.saturating_add(QUIET)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: Change = Change::Came(Family::Ipv4);
    const V6: Change = Change::Came(Family::Ipv6);

    fn due(pair: Option<Lacks>, events: &[(u64, Change)]) -> Option<u64> {
        let mut quiet = Quiet::after(pair);
        events.iter().for_each(|(at, change)| quiet.note(*at, *change));
        quiet.due()
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
        let none = Some(Lacks { ipv4: true, ipv6: true });
        assert_eq!(due(none, &[(1000, V4)]), Some(4000));
        assert_eq!(due(none, &[(1000, V4), (3000, V6)]), Some(3300));
        let complete = Some(Lacks::default());
        assert_eq!(due(complete, &[(1000, Change::Went(Family::Ipv4)), (1001, V4)]), Some(1301));
        assert_eq!(due(complete, &[(1000, Change::Went(Family::Ipv4))]), Some(4000));
        assert_eq!(due(complete, &[(1000, Change::Device)]), Some(1300));
    }
}
