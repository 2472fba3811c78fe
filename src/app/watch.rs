//! The loop of `nicup watch` and `nicup run --wait`: sleep until a pass is due, run it as a child, sleep again.
//!
//! Holds no configuration, no records and no TLS: what a pass took goes back to the router when it ends, and what the
//! loop has to know of it is one line ([`Wake`]). When a pass is due after events is policy::quiet's business.

use super::child::{Child, Ended};
use super::links::Links;
use super::pass::{self, Order, valid};
use super::{World, exit};
use crate::policy::quiet::{Change, Quiet};
use crate::sys::events::{Events, Woken};
use crate::sys::file;
use crate::sys::lock::{self, Lock};
use crate::wire::wake::Wake;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::io;

/// Milliseconds after which a pass that crashed is started again: the 1st, 2nd, ... time in a row.
const CRASHED: [u64; 6] = [10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000];
/// Milliseconds between a pass and the next one that only its own due time asks for.
const PACE: u64 = 10_000;
/// Milliseconds that a running pass gets after TERM.
const GRACE: u64 = 3000;
/// Seconds that a pass may take besides its requests: locks, netifd, files.
const PASS_SECONDS: u64 = 30;
/// Seconds that a pass may take at most, however many services there are.
const PASS_LIMIT: u64 = 900;
/// Timeouts that one service can use up in a pass: two pages, and four ways to the server.
const TIMEOUTS: u64 = 6;

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
    let loaded = world.config();
    if let Some(unknown) = pass::unknown_service(&loaded, mode.order) {
        return Err((exit::USAGE, format!("no service '{unknown}' in {}", world.config_file())));
    }
    let main = pass::main_of(&loaded);
    let run_dir = world.root.path(&main.run_dir);
    let cannot = |error: io::Error| (exit::LATER, format!("{}: cannot be written: {error}", main.run_dir));
    file::make_dir(&run_dir, 0o755).map_err(cannot)?;
    let _lock: Lock = match lock::try_lock(&run_dir.join("loop.lock")).map_err(cannot)? {
        Some(mut lock) => {
            lock.sign().map_err(cannot)?;
            lock
        }
        None if mode.until_settled => {
            wake_loop(world, &main.run_dir);
            return Ok(exit::FINE);
        }
        None => {
            let pid = loop_pid(world, &main.run_dir).map_or(String::new(), |pid| format!(" (pid {pid})"));
            return Err((exit::LATER, format!("nicup is running already{pid}: nicup resume wakes it")));
        }
    };
    let timeouts: u64 = loaded.as_ref().map_or(0, |c| valid(c).iter().map(|s| s.endpoint.timeout).sum());
    let deadline = (PASS_SECONDS + TIMEOUTS * timeouts).min(PASS_LIMIT) * 1000;
    drop(loaded);
    let events = Events::open().map_err(|error| (exit::LATER, format!("cannot wait for events: {error}")))?;
    let links = Links::default();
    Loop {
        events,
        links,
        quiet: Quiet::default(),
        next: Next::Now,
        wake: Wake::default(),
        crashes: 0,
        deadline,
    }
    .turn(world, mode)
    .map_err(|error| (exit::LATER, format!("cannot wait for events: {error}")))
}

/// The process that holds `loop.lock`, if there is one.
pub(super) fn loop_pid(world: &World<'_>, run_dir: &str) -> Option<i32> {
    let path = world.root.path(&format!("{run_dir}/loop.lock"));
    let text = String::from_utf8(file::read(&path, 32).ok()?).ok()?;
    let pid = text.trim().parse().ok()?;
    // A lock that can be taken is a dead loop's: its number may be another process by now.
    matches!(lock::try_lock(&path), Ok(None)).then_some(pid)
}

/// Tells a running loop to start a pass now. False: there is none.
pub(super) fn wake_loop(world: &World<'_>, run_dir: &str) -> bool {
    let pid = loop_pid(world, run_dir).and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, Signal::USR1).is_ok())
}

/// When the next pass starts, events apart.
enum Next {
    Now,
    At(u64),
    Never,
}

struct Loop {
    events: Events,
    links: Links,
    quiet: Quiet,
    next: Next,
    /// What the last pass said.
    wake: Wake,
    crashes: usize,
    /// Milliseconds that a pass may take.
    deadline: u64,
}

impl Loop {
    fn turn(mut self, world: &mut World<'_>, mode: &Mode<'_>) -> io::Result<u8> {
        let mut first = true;
        loop {
            if self.due().is_some_and(|due| due <= now(world)) {
                let event = first && mode.order.event.is_some();
                first = false;
                let Some(last) = self.pass(world, mode, event)? else { return Ok(exit::FINE) };
                if mode.until_settled && !self.wake.open && self.crashes == 0 && self.quiet.due().is_none() {
                    return Ok(last);
                }
                continue;
            }
            let woken = self.events.sleep(self.due())?;
            if woken.stop {
                log::debug!("stopped by a signal");
                return Ok(exit::FINE);
            }
            self.take(woken, now(world))?;
        }
    }

    fn due(&self) -> Option<u64> {
        let planned = match self.next {
            Next::Now => Some(0),
            Next::At(at) => Some(at),
            Next::Never => None,
        };
        planned.into_iter().chain(self.quiet.due()).min()
    }

    /// Enters what ended a sleep.
    fn take(&mut self, woken: Woken, now: u64) -> io::Result<()> {
        if woken.wake || (woken.clock && self.wake.clock) {
            self.next = Next::Now;
        }
        if woken.kernel {
            let (links, quiet) = (&mut self.links, &mut self.quiet);
            self.events.hear(|messages| match messages {
                Some(messages) => links.read(messages, |change| quiet.note(now, change)),
                None => {
                    links.forget();
                    quiet.note(now, Change::Device);
                }
            })?;
        }
        Ok(())
    }

    /// Runs one pass. None: the loop was told to stop meanwhile. Else the exit status of the pass.
    fn pass(&mut self, world: &mut World<'_>, mode: &Mode<'_>, with_event: bool) -> io::Result<Option<u8>> {
        self.next = Next::Never;
        self.quiet.passed();
        self.links.begin();
        let mut child = Child::start(&mode.arguments, mode.order.force && self.crashes == 0, with_event)?;
        let began = now(world);
        let mut kill_at = began + self.deadline;
        let mut stopping = false;
        let ended = loop {
            if let Some(ended) = child.ended()? {
                break ended;
            }
            let now_ms = now(world);
            if now_ms >= kill_at {
                if !stopping {
                    log::error!("a pass took longer than {} s and was ended", self.deadline / 1000);
                }
                child.kill()?;
                break Ended::Crashed("did not end in time".to_owned());
            }
            let woken = self.events.sleep(Some(kill_at))?;
            if woken.stop && !stopping {
                stopping = true;
                child.terminate();
                kill_at = kill_at.min(now(world) + GRACE);
            }
            self.take(woken, now(world))?;
        };
        if stopping {
            return Ok(None);
        }
        Ok(Some(self.enter(ended, now(world))))
    }

    /// Enters how a pass ended; what happened while it ran is answered by the next one.
    fn enter(&mut self, ended: Ended, now: u64) -> u8 {
        match ended {
            Ended::Finished(wake, status) => {
                self.crashes = 0;
                if matches!(self.next, Next::Never)
                    && let Some(at) = wake.at
                {
                    let at = at.saturating_mul(1000);
                    // What is due again at once could not be sent at all: a full disk must not make a tight loop.
                    self.next = Next::At(if at <= now { now + PACE } else { at });
                }
                if self.quiet.due().is_none() {
                    self.quiet = Quiet::after(wake.pair);
                }
                if self.links.follow(&wake.devices) {
                    self.quiet.note(now, Change::Device);
                }
                self.wake = wake;
                status
            }
            Ended::Crashed(how) => {
                let pause = CRASHED[self.crashes.min(CRASHED.len() - 1)];
                self.crashes += 1;
                self.quiet.passed();
                self.next = Next::At(now + pause);
                log::error!("a pass {how}; the next one starts in {} s", pause / 1000);
                exit::LATER
            }
        }
    }
}

fn now(world: &mut World<'_>) -> u64 {
    world.clock.read().boot_ms
}
