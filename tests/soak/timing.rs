//! What the loop promises about the start of its passes, checked from outside: events go in, passes come out.
//!
//! Times are milliseconds of the 30 days. If the check cannot know what the loop knew, it allows more, never less.

use nicup::wire::wake::Wake;

/// The loop handles every event and every request within this time.
const LATEST: u64 = 3000;
/// Back-off after the 1st, 2nd, ... crash in a row.
const PAUSES: [u64; 6] = [10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000];
/// The least time between passes that ask for the next one at once, from the second on.
const PACE: u64 = 10_000;
/// The status rounds to seconds.
const ROUNDING: u64 = 1000;

#[derive(Debug, Default)]
pub(crate) struct Timing {
    /// The first event of the kernel that no pass has handled.
    event: Option<u64>,
    /// The first request that no pass has handled.
    request: Option<u64>,
    /// When the clock was set, if a pass waits for that.
    clock: Option<u64>,
    /// Whether something happened since the last pass ended.
    disturbed: bool,
    /// When the last pass ended, and its time for the next one.
    ended: Option<(u64, Option<u64>)>,
    waits_for_clock: bool,
    /// How many passes in a row asked for the next one at once.
    hurried: usize,
    crashes: usize,
    crashed: u64,
    /// Whether a request came during the crashed pass: the loop may handle it before the back-off ends.
    requested_meanwhile: bool,
}

impl Timing {
    pub(crate) fn event(&mut self, t: u64) {
        self.event.get_or_insert(t);
        self.disturbed = true;
    }

    pub(crate) fn request(&mut self, t: u64) {
        self.request.get_or_insert(t);
        self.disturbed = true;
    }

    pub(crate) fn clock_set(&mut self, t: u64) {
        if self.waits_for_clock {
            self.clock.get_or_insert(t);
        }
        self.disturbed = true;
    }

    fn pause_over(&self) -> u64 {
        if self.crashes == 0 { 0 } else { self.crashed + PAUSES[self.crashes.min(PAUSES.len()) - 1] }
    }

    /// Checks whether it is right that no pass has started before `t`.
    pub(crate) fn is_idle(&self, t: u64) {
        let late = |since: u64, by: u64| t > since.max(self.pause_over()) + by;
        assert!(!self.event.is_some_and(|at| late(at, LATEST)), "at {t}, an event is not answered: {self:?}");
        assert!(!self.request.is_some_and(|at| late(at, LATEST)), "at {t}, a request: {self:?}");
        assert!(!self.clock.is_some_and(|at| late(at, 0)), "at {t}, the clock was set: {self:?}");
        assert!(self.crashes == 0 || !late(0, 0), "at {t}, a crash: {self:?}");
        let Some((ended, Some(planned))) = self.ended else { return };
        assert!(t <= planned.max(ended + PACE), "at {t}, the planned pass did not begin: {self:?}");
    }

    /// Checks whether a pass may start at `t`.
    pub(crate) fn starts(&mut self, t: u64) {
        self.is_idle(t);
        let asked = self.request.is_some() || self.clock.is_some() || self.requested_meanwhile;
        assert!(asked || t >= self.pause_over(), "at {t}, too soon after a crash: {self:?}");
        if let Some((ended, planned)) = self.ended
            && !self.disturbed
            && self.crashes == 0
        {
            let planned = planned.unwrap_or_else(|| panic!("at {t}, a pass without a cause: {self:?}"));
            assert!(t + ROUNDING > planned, "at {t}, before its time: {self:?}");
            assert!(self.hurried < 2 || t >= ended + PACE, "at {t}, in haste: {self:?}");
        }
        (self.event, self.request, self.clock) = (None, None, None);
        (self.disturbed, self.requested_meanwhile) = (false, false);
    }

    /// A pass ended at `t` with `wake`. The next one handles what came meanwhile.
    pub(crate) fn ends(&mut self, t: u64, boot_at: u64, wake: &Wake) {
        self.crashes = 0;
        let planned = wake.at.map(|seconds| boot_at + seconds * 1000);
        self.hurried = if planned.is_some_and(|at| at <= t + ROUNDING) { self.hurried + 1 } else { 0 };
        self.ended = Some((t, planned));
        self.waits_for_clock = wake.clock;
        if !wake.clock {
            self.clock = None;
        }
    }

    /// A pass crashed at `t`.
    pub(crate) fn crashes(&mut self, t: u64) {
        self.crashes += 1;
        self.crashed = t;
        self.requested_meanwhile = self.request.is_some();
        (self.request, self.clock, self.ended) = (None, None, None);
    }
}
