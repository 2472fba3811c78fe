//! Thirty days in the life of a router, in a second: the real pass and real files, with everything else simulated
//! (scene).
//!
//! Addresses come and go, servers change their moods, passes are killed between two writes, the power fails, and the
//! clock is in 1970 until NTP sets it. What must hold at each step is in ledger, which follows docs/reference.md and
//! not the code. There is one exception: if the power fails before nicup records a response, and the address then
//! changes back to the recorded one, the server has a different one until force_interval ends. Avoiding that would need
//! a write to flash before each request. One seed is one life: NICUP_SOAK_SEED=n repeats it, NICUP_SOAK_SEEDS=n runs n
//! of them.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod days;
#[allow(dead_code)]
#[path = "../libuci/src/generate.rs"]
mod generate;
mod ledger;
mod scene;
mod server;
mod timing;

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what happened, so that a soak without events cannot pass.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passes: u64,
    tries: u64,
    accepted: u64,
    stops: u64,
    waits: u64,
    failures: u64,
    reboots: u64,
    cuts: u64,
    /// Passes that carried out `--force`.
    forced: u64,
    requests: u64,
    /// Jumps of a clock that was already set.
    jumps: u64,
    hangs: u64,
    /// How often a `run --wait` exited.
    settled: u64,
    /// Hosts found up to date after a quiet hour.
    quiet: u64,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        let both = [
            (&mut self.passes, other.passes),
            (&mut self.tries, other.tries),
            (&mut self.accepted, other.accepted),
            (&mut self.stops, other.stops),
            (&mut self.waits, other.waits),
            (&mut self.failures, other.failures),
            (&mut self.reboots, other.reboots),
            (&mut self.cuts, other.cuts),
            (&mut self.forced, other.forced),
            (&mut self.requests, other.requests),
            (&mut self.jumps, other.jumps),
            (&mut self.hangs, other.hangs),
            (&mut self.settled, other.settled),
            (&mut self.quiet, other.quiet),
        ];
        both.into_iter().for_each(|(sum, more)| *sum += more);
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Prints the events when a single life is repeated.
fn trace(t: u64, what: impl FnOnce() -> String) {
    static ONE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    if *ONE.get_or_init(|| number("NICUP_SOAK_SEED").is_some()) {
        println!("{:>10}.{:03} {}", t / 1000, t % 1000, what());
    }
}

fn live(seed: u64) -> Tally {
    let lived = std::panic::catch_unwind(|| days::live(seed));
    lived.unwrap_or_else(|_| panic!("NICUP_SOAK_SEED={seed} repeats it"))
}

#[test]
fn thirty_days_lose_nothing_and_ask_for_no_more_than_is_allowed() {
    let (first, count) = match number("NICUP_SOAK_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("NICUP_SOAK_SEEDS").unwrap_or(6)),
    };
    let next = AtomicU64::new(first);
    let work = || {
        let mut sum = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return sum;
            }
            sum.add(&live(seed));
        }
    };
    let sum = std::thread::scope(|scope| {
        let others: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        let mut sum = Tally::default();
        for other in others {
            sum.add(&other.join().unwrap_or_else(|failed| std::panic::resume_unwind(failed)));
        }
        sum
    });
    let Tally { passes, tries, quiet, reboots, cuts, .. } = sum;
    println!(
        "counted: {count} seeds of 30 days: {passes} passes, {tries} requests, {cuts} passes cut off, {reboots} reboots, \
         {quiet} looks after a quiet hour"
    );
    if count > 1 {
        let everything = [
            [sum.accepted, sum.stops, sum.waits, sum.failures],
            [sum.reboots, sum.cuts, sum.quiet, sum.requests],
        ];
        assert!(everything.as_flattened().iter().all(|happened| *happened >= 10 * count.min(6)), "{sum:?}");
        let seldom = [sum.forced, sum.jumps, sum.hangs, sum.settled];
        assert!(seldom.iter().all(|happened| *happened >= count.min(6)), "{sum:?}");
    }
}

#[test]
fn a_seed_is_one_life() {
    if number("NICUP_SOAK_SEED").is_some() {
        return; // the other test repeats it
    }
    assert_eq!(days::live(77), days::live(77));
}
