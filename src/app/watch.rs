//! The loop of `nicup watch` and `nicup run --wait`: sleep until a pass is due, run it as a child, sleep again.
//!
//! Holds no configuration, no records and no TLS: what a pass took goes back to the router when it ends, and what the
//! loop has to know of it is one line ([`Wake`]). When a pass is due after events is policy::debounce's business.

mod seat;

use super::child::{Child, Ended};
use super::links::Links;
use super::pass::{self, Order, valid};
use super::{World, exit};
use crate::policy::config::{Family, Service};
use crate::policy::debounce::{Change, Debounce};
use crate::sys::events::{Events, Woken};
use crate::sys::file;
use crate::wire::hotplug::{Action, Event};
use crate::wire::wake::{Lacks, Wake};
use rustix::process::{Signal, kill_process};
use seat::Seat;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Milliseconds after which a pass that crashed is started again: the 1st, 2nd, ... time in a row.
const CRASHED: [u64; 6] = [10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000];
/// Milliseconds between passes that are due again as soon as they end.
const PACE: u64 = 10_000;
/// What is due within so many milliseconds is due at once: the status rounds up to seconds.
const AT_ONCE: u64 = 1000;
/// Milliseconds that a running pass gets when the loop is told to stop, and again after its own TERM. procd kills after
/// five seconds.
const GRACE: [u64; 2] = [3000, 1000];
/// Seconds that a pass may take besides its requests: locks, netifd, scripts, files.
const PASS_SECONDS: u64 = 30;
/// Seconds that a pass may take at most, however many services there are.
const PASS_LIMIT: u64 = 3600;
/// Exchanges that a service may need besides one for each host: other ports of its server, pages that tell an address.
const EXCHANGES: u64 = 6;
/// Milliseconds after which the seat of a loop that was told to stop is looked at again.
const LOOK: u64 = 50;
/// Attempts to take the seat of a loop that ends at this moment.
const ATTEMPTS: usize = 5;

/// How the loop was started.
pub(super) struct Mode<'a> {
    /// `run --wait`: end when nothing is open any more.
    pub(super) until_settled: bool,
    /// What is asked of its passes; the event is the first one's.
    pub(super) order: &'a Order,
    /// The options that every pass is given: `--config`, `--root`, `--service`, `--verbose`.
    pub(super) arguments: Vec<OsString>,
}

/// Runs the loop.
///
/// # Errors
/// The exit status and the sentence for the user: another loop is running, or the system refuses what it needs.
pub(super) fn run(world: &mut World<'_>, mode: &Mode<'_>) -> Result<u8, (u8, String)> {
    let cannot_wait = |error: io::Error| (exit::LATER, format!("cannot wait for events: {error}"));
    // Before anybody can find this process to wake it: a signal that nothing catches would end it.
    let mut events = Events::open().map_err(cannot_wait)?;
    let loaded = world.config();
    if let Some(unknown) = pass::unknown_service(&loaded, mode.order) {
        return Err((exit::USAGE, format!("no service '{unknown}' in {}", world.config_file())));
    }
    let main = pass::main_of(&loaded);
    let services = loaded.as_ref().map(valid).unwrap_or_default();
    // A configuration that is broken now may be any by the time of a pass.
    let deadline = loaded.as_ref().map_or(PASS_LIMIT * 1000, |_| deadline(&services));
    let pair = awaited(&services, mode.order);
    let run_dir = world.root.path(&main.run_dir);
    let cannot = |error: io::Error| (exit::LATER, format!("{}: cannot be written: {error}", main.run_dir));
    file::make_dir(&run_dir).map_err(cannot)?;
    let place = run_dir.join("loop.lock");
    let mut seat = None;
    for _ in 0..ATTEMPTS {
        seat = seat::take(&place, mode.until_settled).map_err(cannot)?;
        if seat.is_some() || !mode.until_settled {
            break;
        }
        if wake_loop(world, &main.run_dir) {
            return Ok(exit::FINE);
        }
    }
    if seat.is_none() && !mode.until_settled {
        let stopped;
        (seat, stopped) = succeed(world, &place, &mut events).map_err(cannot)?;
        if stopped {
            return Ok(exit::FINE);
        }
    }
    if seat.is_none() {
        let pid = loop_pid(world, &main.run_dir).map_or(String::new(), |pid| format!(" (pid {pid})"));
        return Err((exit::LATER, format!("nicup is running already{pid}: nicup resume wakes it")));
    }
    drop(loaded);
    let mut debounce = Debounce::default();
    debounce.pass_finished(pair);
    let next = if pair.is_none() || debounce.request_pass(now(world)) { Next::Now } else { Next::Never };
    let turn = Loop {
        events,
        place,
        seat,
        links: Links::default(),
        debounce,
        next,
        wake: Wake::default(),
        jumped: false,
        forced: false,
        hurried: 0,
        crashes: 0,
        not_before: 0,
        deadline,
    };
    turn.turn(world, mode).map_err(cannot_wait)
}

/// The seat of a `run --wait`, which is told to stop, or none because another loop stays; and whether this loop was told
/// to stop meanwhile.
fn succeed(world: &mut World<'_>, place: &Path, events: &mut Events) -> io::Result<(Option<Seat>, bool)> {
    let end = now(world) + GRACE[0] + GRACE[1] + AT_ONCE;
    while seat::ask_for(place) && now(world) < end {
        let woken = events.sleep(Some(now(world) + LOOK), None)?;
        events.hear(|_| ())?; // the first pass sees all that was before it
        let seat = if woken.stop { None } else { seat::take(place, false)? };
        if woken.stop || seat.is_some() {
            return Ok((seat, woken.stop));
        }
    }
    Ok((None, false))
}

/// Milliseconds that a pass may take.
fn deadline(services: &[&Service]) -> u64 {
    let of = |service: &&Service| {
        let exchanges = EXCHANGES.saturating_add(u64::try_from(service.hostnames.len()).unwrap_or(u64::MAX));
        service.endpoint.timeout.saturating_mul(exchanges)
    };
    let seconds = services.iter().map(of).fold(PASS_SECONDS, u64::saturating_add);
    seconds.min(PASS_LIMIT) * 1000
}

/// What a loop that an interface's event starts has to expect: both families one after the other, if a service wants
/// both.
fn awaited(services: &[&Service], order: &Order) -> Option<Lacks> {
    let Some(Event::Interface { action: Action::Up | Action::Update, .. }) = order.event else { return None };
    let chosen = |s: &&&Service| order.services.is_empty() || order.services.contains(&s.name);
    let mut services = services.iter().filter(chosen);
    let both = services.any(|s| s.enabled && s.family == Family::Both && !s.offline);
    both.then_some(Lacks { ipv4: true, ipv6: true })
}

/// The process of the loop, if there is one.
pub(super) fn loop_pid(world: &World<'_>, run_dir: &str) -> Option<i32> {
    seat::holder(&place(world, run_dir)).map(|pid| pid.as_raw_nonzero().get())
}

/// Tells a running loop to start a pass now. False: there is none, or it ended meanwhile and may not have heard.
pub(super) fn wake_loop(world: &World<'_>, run_dir: &str) -> bool {
    let place = place(world, run_dir);
    let Some(pid) = seat::holder(&place) else { return false };
    // A loop that ends looks for signals once more after it has given up its seat.
    kill_process(pid, Signal::USR1).is_ok() && seat::holder(&place) == Some(pid)
}

fn place(world: &World<'_>, run_dir: &str) -> PathBuf {
    world.root.path(&format!("{run_dir}/loop.lock"))
}

/// When the next pass starts, events apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Now,
    At(u64),
    Never,
}

/// Who ends a running pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Itself, in time.
    Itself,
    /// Itself, soon: the loop was told to stop.
    Soon,
    /// It was sent TERM.
    Terminated,
}

struct Loop {
    events: Events,
    place: PathBuf,
    seat: Option<Seat>,
    links: Links,
    debounce: Debounce,
    next: Next,
    /// What the last pass said.
    wake: Wake,
    /// The wall clock was set since the last pass began.
    jumped: bool,
    /// `--force` was carried out.
    forced: bool,
    /// Passes in a row that were due again as soon as they ended.
    hurried: u32,
    /// Passes in a row that crashed.
    crashes: usize,
    /// Milliseconds since boot before which no event starts a pass, because the last one crashed.
    not_before: u64,
    /// Milliseconds that a pass may take.
    deadline: u64,
}

impl Loop {
    fn turn(mut self, world: &mut World<'_>, mode: &Mode<'_>) -> io::Result<u8> {
        let mut last = None;
        loop {
            if self.due().is_some_and(|due| due <= now(world)) {
                let with_event = last.is_none() && mode.order.event.is_some();
                let Some(status) = self.pass(world, mode, with_event)? else { break };
                last = Some(status);
                if mode.until_settled && self.is_settled() && self.leave(world)? {
                    return Ok(status);
                }
                continue;
            }
            let woken = self.events.sleep(self.due(), None)?;
            if woken.stop {
                break;
            }
            self.take(woken, now(world))?;
        }
        crate::sys::log::say(log::Level::Debug, format_args!("stopped by a signal"));
        Ok(last.filter(|_| mode.until_settled).unwrap_or(exit::FINE))
    }

    fn due(&self) -> Option<u64> {
        let planned = match self.next {
            Next::Now => Some(0),
            Next::At(at) => Some(at),
            Next::Never => None,
        };
        let not_before = if self.debounce.is_requested() { 0 } else { self.not_before };
        let answering = self.debounce.due().map(|due| due.max(not_before));
        planned.into_iter().chain(answering).min()
    }

    fn is_settled(&self) -> bool {
        !self.wake.open && self.crashes == 0 && self.next != Next::Now && self.debounce.due().is_none()
    }

    /// Gives the seat up for good, unless something came in until then from somebody who relies on this loop.
    fn leave(&mut self, world: &mut World<'_>) -> io::Result<bool> {
        self.seat = None;
        let woken = self.events.sleep(Some(0), None)?;
        self.take(woken, now(world))?;
        if woken.stop || self.is_settled() {
            return Ok(true);
        }
        self.seat = seat::take(&self.place, true)?;
        Ok(self.seat.is_none()) // another loop has begun, and sees what this one would
    }

    /// Enters what ended a sleep.
    fn take(&mut self, woken: Woken, now: u64) -> io::Result<()> {
        self.jumped |= woken.clock;
        if woken.clock && self.wake.clock {
            self.next = Next::Now;
        }
        if woken.kernel {
            let (links, debounce) = (&mut self.links, &mut self.debounce);
            self.events.hear(|messages| match messages {
                Some(messages) => links.read(messages, |change| debounce.note(now, change)),
                None => {
                    links.forget();
                    debounce.note(now, Change::Device);
                }
            })?;
        }
        if woken.wake && self.debounce.request_pass(now) {
            self.next = Next::Now;
        }
        Ok(())
    }

    /// Runs one pass. None: the loop was told to stop meanwhile. Else the exit status of the pass.
    fn pass(&mut self, world: &mut World<'_>, mode: &Mode<'_>, with_event: bool) -> io::Result<Option<u8>> {
        self.next = Next::Never;
        self.jumped = false;
        self.debounce.pass_started();
        self.links.begin();
        let force = mode.order.force && !self.forced;
        let mut child = match Child::start(&mode.arguments, force, with_event) {
            Ok(child) => child,
            Err(error) => {
                let crashed = Ended::Crashed(format!("could not be started: {error}"));
                return Ok(Some(self.enter(crashed, now(world))));
            }
        };
        let mut end_at = now(world) + self.deadline;
        let mut end = End::Itself;
        let ended = loop {
            if let Some(ended) = child.ended()? {
                break ended;
            }
            let moment = now(world);
            if moment >= end_at && end == End::Soon {
                child.terminate();
                (end, end_at) = (End::Terminated, moment + GRACE[1]);
            } else if moment >= end_at {
                child.kill()?;
                break Ended::Crashed(format!("took longer than {} s and was ended", self.deadline / 1000));
            }
            let woken = self.events.sleep(Some(end_at), child.output())?;
            if woken.other {
                child.listen();
            }
            if woken.stop && end == End::Itself {
                (end, end_at) = (End::Soon, end_at.min(now(world) + GRACE[0]));
            }
            self.take(woken, now(world))?;
        };
        if end != End::Itself {
            return Ok(None);
        }
        Ok(Some(self.enter(ended, now(world))))
    }

    /// Enters how a pass ended; what happened while it ran is answered by the next one.
    fn enter(&mut self, ended: Ended, now: u64) -> u8 {
        match ended {
            Ended::Finished(wake, status) => {
                (self.crashes, self.not_before, self.forced) = (0, 0, true);
                let planned = self.plan(wake.at, now);
                if self.jumped && wake.clock {
                    self.next = Next::Now;
                } else if self.next == Next::Never {
                    self.next = planned;
                }
                self.debounce.pass_finished(wake.pair);
                if self.links.follow(&wake.devices) {
                    self.debounce.note(now, Change::Device);
                }
                self.wake = wake;
                status
            }
            Ended::Crashed(how) => {
                let pause = CRASHED[self.crashes.min(CRASHED.len() - 1)];
                self.crashes += 1;
                self.not_before = now + pause;
                self.next = Next::At(self.not_before);
                log::error!("a pass {how}; the next one starts in {} s", pause / 1000);
                exit::LATER
            }
        }
    }

    /// The pass's own next attempt. One that is due again at once, and then again, cannot do what it wants (the disk is
    /// full, say): it must not become a tight loop.
    fn plan(&mut self, at: Option<u64>, now: u64) -> Next {
        let Some(at) = at.map(|seconds| seconds.saturating_mul(1000)) else {
            self.hurried = 0;
            return Next::Never;
        };
        self.hurried = if at > now + AT_ONCE { 0 } else { self.hurried.saturating_add(1) };
        Next::At(if self.hurried > 1 { now + PACE } else { at })
    }
}

fn now(world: &mut World<'_>) -> u64 {
    world.clock.read().boot_ms
}

#[cfg(test)]
mod tests;
