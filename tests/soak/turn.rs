//! When the loop starts its next pass: the rules of app::watch, with the real policy::debounce.
//!
//! Does not start one.

use nicup::policy::debounce::Debounce;
use nicup::wire::wake::Wake;

const CRASHED: [u64; 6] = [10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000];
const PACE: u64 = 10_000;

/// When the next pass starts, as app::watch has it; milliseconds since boot.
#[derive(Default)]
pub(crate) struct Loop {
    pub(crate) next: Option<u64>,
    pub(crate) debounce: Debounce,
    pub(crate) wake: Wake,
    hurried: u32,
    crashes: usize,
    pub(crate) not_before: u64,
}

impl Loop {
    pub(crate) fn starting(uptime: u64) -> Loop {
        Loop { next: Some(uptime), ..Loop::default() }
    }

    pub(crate) fn due(&self) -> Option<u64> {
        self.next.into_iter().chain(self.debounce.due().map(|due| due.max(self.not_before))).min()
    }

    pub(crate) fn ended(&mut self, wake: Wake, now: u64) {
        (self.crashes, self.not_before) = (0, 0);
        let at = wake.at.map(|seconds| seconds.saturating_mul(1000));
        self.hurried = if at.is_some_and(|at| at <= now + 1000) { self.hurried + 1 } else { 0 };
        self.next = if self.hurried > 1 { Some(now + PACE) } else { at };
        self.debounce.pass_finished(wake.pair);
        self.wake = wake;
    }

    pub(crate) fn crashed(&mut self, now: u64) {
        self.not_before = now + CRASHED[self.crashes.min(5)];
        self.crashes += 1;
        self.next = Some(self.not_before);
    }
}
