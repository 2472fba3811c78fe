//! Decides when the loop starts its next pass: every rule of `watch` and `run --wait`, without the loop.
//!
//! Does not start, watch or end a pass, and does not know devices. Times are milliseconds since boot.

use super::config::{Family, Service};
use super::debounce::{Change, Debounce};
use crate::wire::hotplug::{Action, Event};
use crate::wire::wake::{MissingFamilies, Wake};

/// Milliseconds after which the loop restarts a crashed pass: the 1st, 2nd, ... time in a row.
const CRASH_PAUSES: [u64; 6] = [10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000];
/// Milliseconds between passes that request the next one as soon as they end.
const PACE: u64 = 10_000;
/// A pass that is planned within this many milliseconds counts as planned at once, because the status rounds up to seconds.
const AT_ONCE: u64 = 1000;
/// Seconds that a pass may take besides its requests: locks, netifd, scripts, files.
const PASS_SECONDS: u64 = 30;
/// Seconds that a pass may take at most, however many services there are.
const PASS_LIMIT: u64 = 3600;
/// Exchanges that a service may need besides one for each host: other ports of its server, pages that show an address.
const EXCHANGES: u64 = 6;

/// An event of the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The wall clock was set.
    ClockSet,
    /// USR1: netifd, NTP or a user requests a pass now.
    PassRequested,
    /// The kernel reported something about a device that counts.
    Device(Change),
    /// A pass begins. It covers all events so far.
    PassStarted,
    /// A pass ended normally.
    PassFinished(Wake),
    /// A pass ended without a result, could not be started, or took too long.
    PassCrashed,
}

/// When the next pass starts, events apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Now,
    At(u64),
    Never,
}

/// The state of the loop between its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    next: Next,
    debounce: Debounce,
    /// After the last pass, a host still waits, for `run --wait`.
    is_open: bool,
    /// Something waits for the clock to be set, by the last pass.
    waits_for_clock: bool,
    /// The clock was set since the last pass began.
    clock_was_set: bool,
    /// The loop was started with `--force`, and no pass has carried it out yet.
    is_forced: bool,
    /// Passes in a row that requested the next one as soon as they ended.
    hurried: u32,
    crashes: Crashes,
}

/// Crashes since the last pass that ended normally.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Crashes {
    in_a_row: usize,
    /// No event of the kernel starts a pass before this.
    not_before: u64,
}

impl Schedule {
    /// A loop starts at `now`. Its first pass starts at once, except where an interface just came up whose families
    /// arrive one after the other: `missing`, see [`expected`].
    #[must_use]
    pub fn start(now: u64, missing: Option<MissingFamilies>, force: bool) -> Schedule {
        let mut debounce = Debounce::default();
        debounce.pass_finished(missing);
        let at_once = missing.is_none() || debounce.request_pass(now);
        Schedule {
            next: if at_once { Next::Now } else { Next::Never },
            debounce,
            is_open: false,
            waits_for_clock: false,
            clock_was_set: false,
            is_forced: force,
            hurried: 0,
            crashes: Crashes::default(),
        }
    }

    /// When the next pass starts; None: only after the next event.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        let planned = match self.next {
            Next::Now => Some(0),
            Next::At(at) => Some(at),
            Next::Never => None,
        };
        let not_before = if self.debounce.is_requested() { 0 } else { self.crashes.not_before };
        let after_events = self.debounce.due().map(|due| due.max(not_before));
        planned.into_iter().chain(after_events).min()
    }

    /// Notes an event at `now`.
    pub fn on(&mut self, now: u64, input: Input) {
        match input {
            Input::ClockSet => {
                self.clock_was_set = true;
                if self.waits_for_clock {
                    self.next = Next::Now;
                }
            }
            Input::PassRequested => {
                if self.debounce.request_pass(now) {
                    self.next = Next::Now;
                }
            }
            Input::Device(change) => self.debounce.note(now, change),
            Input::PassStarted => {
                (self.next, self.clock_was_set) = (Next::Never, false);
                self.debounce.pass_started();
            }
            Input::PassFinished(wake) => self.finished(now, &wake),
            Input::PassCrashed => self.crashed(now),
        }
    }

    /// Whether the next pass is the one that carries out `--force`.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.is_forced
    }

    /// Whether a `run --wait` has nothing to wait for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let idle = self.next != Next::Now && self.debounce.due().is_none();
        idle && !self.is_open && self.crashes.in_a_row == 0
    }

    /// The next pass covers what happened while this one ran.
    fn finished(&mut self, now: u64, wake: &Wake) {
        (self.crashes, self.is_forced) = (Crashes::default(), false);
        let planned = self.plan(now, wake.at);
        if self.clock_was_set && wake.clock {
            self.next = Next::Now;
        } else if self.next == Next::Never {
            self.next = planned;
        }
        self.debounce.pass_finished(wake.pair);
        (self.is_open, self.waits_for_clock) = (wake.open, wake.clock);
    }

    /// When the pass itself requests the next one. If several passes in a row request it at once, they cannot do their work
    /// (e.g. the disk is full), and must not become a tight loop.
    fn plan(&mut self, now: u64, at: Option<u64>) -> Next {
        let Some(at) = at.map(|seconds| seconds.saturating_mul(1000)) else {
            self.hurried = 0;
            return Next::Never;
        };
        self.hurried = if at > now.saturating_add(AT_ONCE) { 0 } else { self.hurried.saturating_add(1) };
        Next::At(if self.hurried > 1 { now.saturating_add(PACE) } else { at })
    }

    fn crashed(&mut self, now: u64) {
        let pause = CRASH_PAUSES[self.crashes.in_a_row.min(CRASH_PAUSES.len() - 1)];
        let not_before = now.saturating_add(pause);
        self.crashes = Crashes { in_a_row: self.crashes.in_a_row.saturating_add(1), not_before };
        self.next = Next::At(not_before);
    }
}

/// The families that a loop expects one after the other: both, if an interface's event starts it and a chosen
/// service wants both. `only`: the names of the chosen services; empty: all.
#[must_use]
pub fn expected(services: &[&Service], event: Option<&Event>, only: &[String]) -> Option<MissingFamilies> {
    let Some(Event::Interface { action: Action::Up | Action::Update, .. }) = event else { return None };
    let mut chosen = services.iter().filter(|service| only.is_empty() || only.contains(&service.name));
    let both = chosen.any(|service| service.enabled && service.family == Family::Both && !service.offline);
    both.then_some(MissingFamilies { ipv4: true, ipv6: true })
}

/// Milliseconds that a pass may take; None: the services are not known, because the configuration is broken.
#[must_use]
pub fn pass_limit(services: Option<&[&Service]>) -> u64 {
    let of = |service: &&Service| {
        let exchanges = EXCHANGES.saturating_add(u64::try_from(service.hostnames.len()).unwrap_or(u64::MAX));
        service.endpoint.timeout.saturating_mul(exchanges)
    };
    let sum = |services: &[&Service]| services.iter().map(of).fold(PASS_SECONDS, u64::saturating_add);
    services.map_or(PASS_LIMIT, |services| sum(services).min(PASS_LIMIT)).saturating_mul(1000)
}

#[cfg(test)]
mod tests;
