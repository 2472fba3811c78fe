//! The loop of `nicup watch` and `nicup run --wait`: sleep until a pass is due, run it as a child, sleep again.
//!
//! Keeps no configuration, records or TLS in memory: a pass is a child process, and reports to the loop with one line
//! ([`Wake`](crate::wire::wake::Wake)). policy::schedule decides when a pass is due.

use super::device_events::Links;
use super::plan::{self, RunOptions, valid};
use super::{CommandFailure, Env, Exit};
use crate::policy::debounce::Change;
use crate::policy::schedule::{self, Input, Schedule};
use crate::sys::events::{Events, Woken};
use crate::sys::file;
use crate::sys::loop_lock::{self, LoopLock};
use crate::sys::subprocess::{Child, Ended};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Milliseconds for a running pass to end after the loop received TERM, and again after the pass received it. procd
/// sends KILL after 5 s.
const GRACE: [u64; 2] = [3000, 1000];
/// Milliseconds that the loop itself takes to end.
const LEAVING: u64 = 1000;
/// Milliseconds between two attempts to take over the lock of a loop that is about to stop.
const LOOK: u64 = 50;
/// Attempts to take the lock of a loop that is ending.
const ATTEMPTS: usize = 5;

/// How the loop was started.
pub(super) struct LoopMode<'a> {
    /// `run --wait`: ends when no host is waiting.
    pub(super) until_done: bool,
    /// The options of its passes; the event is for the first one only.
    pub(super) options: &'a RunOptions,
    /// The options that every pass is given: `--config`, `--root`, `--service`, `--verbose`.
    pub(super) arguments: Vec<OsString>,
}

/// Runs the loop.
///
/// # Errors
/// The exit status and the message for the user: another loop is running, or a system call failed.
pub(super) fn run(env: &mut Env<'_>, mode: &LoopMode<'_>) -> Result<Exit, CommandFailure> {
    let cannot_wait =
        |error: io::Error| CommandFailure::new(Exit::Retry, format!("cannot wait for events: {error}"));
    // Catches signals before another process can find and wake this one, because an uncaught signal would end it.
    let mut events = Events::open().map_err(cannot_wait)?;
    let loaded = env.config();
    plan::check_services(&loaded, mode.options, &env.config_file())?;
    let main = plan::main_of(&loaded);
    let services = loaded.as_ref().map(valid).unwrap_or_default();
    // A configuration that is broken now may be correct by the time of a pass.
    let pass_limit = schedule::pass_limit(loaded.is_ok().then_some(services.as_slice()));
    let missing = schedule::expected(&services, mode.options.event.as_ref(), &mode.options.services);
    let run_dir = env.root.path(&main.run_dir);
    let cannot = |error: io::Error| CommandFailure::unwritable(&main.run_dir, &error);
    file::make_dir(&run_dir).map_err(cannot)?;
    let path = run_dir.join("loop.lock");
    let mut lock = None;
    for _ in 0..ATTEMPTS {
        lock = LoopLock::take(&path, mode.until_done).map_err(cannot)?;
        if lock.is_some() || !mode.until_done {
            break;
        }
        if wake_loop(env, &main.run_dir) {
            return Ok(Exit::Success);
        }
    }
    if lock.is_none() && !mode.until_done {
        let stopped;
        (lock, stopped) = take_over(env, &path, &mut events).map_err(cannot)?;
        if stopped {
            return Ok(Exit::Success);
        }
    }
    if lock.is_none() {
        let pid = loop_pid(env, &main.run_dir).map_or(String::new(), |pid| format!(" (pid {pid})"));
        let message = format!("nicup is running already{pid}: nicup resume wakes it");
        return Err(CommandFailure::new(Exit::Retry, message));
    }
    drop(loaded);
    let schedule = Schedule::start(now(env), missing, mode.options.force);
    let turn = Loop { events, path, lock, links: Links::default(), schedule, pass_limit };
    turn.turn(env, mode).map_err(cannot_wait)
}

/// Takes over the lock of a `run --wait` and asks it to stop. None: another loop stays. The second value: this loop
/// received a request to stop meanwhile.
fn take_over(env: &mut Env<'_>, path: &Path, events: &mut Events) -> io::Result<(Option<LoopLock>, bool)> {
    let end = now(env) + GRACE[0] + GRACE[1] + LEAVING;
    while loop_lock::ask_to_stop(path) && now(env) < end {
        let woken = events.sleep(Some(now(env) + LOOK), None)?;
        events.receive(|_| ())?; // the first pass sees all that was before it
        let lock = if woken.stop { None } else { LoopLock::take(path, false)? };
        if woken.stop || lock.is_some() {
            return Ok((lock, woken.stop));
        }
    }
    Ok((None, false))
}

/// The process of the loop, if there is one.
pub(super) fn loop_pid(env: &Env<'_>, run_dir: &str) -> Option<i32> {
    loop_lock::holder(&lock_path(env, run_dir))
}

/// Requests a pass of the running loop. False: there is none, or it ended meanwhile and may have missed the request.
pub(super) fn wake_loop(env: &Env<'_>, run_dir: &str) -> bool {
    loop_lock::request_pass(&lock_path(env, run_dir))
}

fn lock_path(env: &Env<'_>, run_dir: &str) -> PathBuf {
    env.root.path(&format!("{run_dir}/loop.lock"))
}

/// How a running pass ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By itself, in time.
    Itself,
    /// By itself, soon: the loop received TERM.
    Soon,
    /// It was sent TERM.
    Terminated,
}

struct Loop {
    events: Events,
    path: PathBuf,
    lock: Option<LoopLock>,
    links: Links,
    schedule: Schedule,
    /// Milliseconds that a pass may take.
    pass_limit: u64,
}

impl Loop {
    fn turn(mut self, env: &mut Env<'_>, mode: &LoopMode<'_>) -> io::Result<Exit> {
        let mut last = None;
        let is_stopped = loop {
            if self.schedule.due().is_some_and(|due| due <= now(env)) {
                let with_event = last.is_none() && mode.options.event.is_some();
                let (status, is_stopped) = self.pass(env, mode, with_event)?;
                last = status.or(last);
                if is_stopped || mode.until_done && self.schedule.is_done() && self.leave(env)? {
                    break is_stopped;
                }
                continue;
            }
            let woken = self.events.sleep(self.schedule.due(), None)?;
            if woken.stop {
                break true;
            }
            self.take(woken, now(env))?;
        };
        if is_stopped {
            crate::sys::log::log_line(log::Level::Debug, format_args!("stopped by a signal"));
        }
        Ok(last.filter(|_| mode.until_done).unwrap_or(Exit::Success))
    }

    /// Releases the lock for good, unless another process passed an event or a request to this loop meanwhile.
    fn leave(&mut self, env: &mut Env<'_>) -> io::Result<bool> {
        self.lock = None;
        let woken = self.events.sleep(Some(0), None)?;
        self.take(woken, now(env))?;
        if woken.stop || self.schedule.is_done() {
            return Ok(true);
        }
        self.lock = LoopLock::take(&self.path, true)?;
        Ok(self.lock.is_none()) // another loop has begun, and sees what this one would
    }

    /// Handles a wake-up.
    fn take(&mut self, woken: Woken, now: u64) -> io::Result<()> {
        let (links, schedule) = (&mut self.links, &mut self.schedule);
        if woken.clock {
            schedule.on(now, Input::ClockSet);
        }
        if woken.kernel {
            self.events.receive(|messages| match messages {
                Some(messages) => links.read(messages, now, |change| schedule.on(now, Input::Device(change))),
                None => {
                    links.reset();
                    schedule.on(now, Input::Device(Change::Device));
                }
            })?;
        }
        if woken.wake {
            schedule.on(now, Input::PassRequested);
        }
        Ok(())
    }

    /// Runs one pass. Its exit status, None if it was cut short; and whether the loop received a request to stop meanwhile.
    fn pass(
        &mut self,
        env: &mut Env<'_>,
        mode: &LoopMode<'_>,
        with_event: bool,
    ) -> io::Result<(Option<Exit>, bool)> {
        self.schedule.on(now(env), Input::PassStarted);
        self.links.begin();
        let mut child = match Child::start(&mode.arguments, self.schedule.is_forced(), with_event) {
            Ok(child) => child,
            Err(error) => {
                let crashed = Ended::Crashed(format!("could not be started: {error}"));
                return Ok((Some(self.enter(crashed, now(env))), false));
            }
        };
        let mut end_at = now(env) + self.pass_limit;
        let mut end = End::Itself;
        let ended = loop {
            if let Some(ended) = child.ended()? {
                break ended;
            }
            let moment = now(env);
            if moment >= end_at && end == End::Soon {
                child.terminate();
                (end, end_at) = (End::Terminated, moment + GRACE[1]);
            } else if moment >= end_at {
                child.kill()?;
                break Ended::Crashed(format!(
                    "took longer than {} s and was killed",
                    self.pass_limit / 1000
                ));
            }
            let woken = self.events.sleep(Some(end_at), child.output())?;
            if woken.other {
                child.listen();
            }
            if woken.stop && end == End::Itself {
                (end, end_at) = (End::Soon, end_at.min(now(env) + GRACE[0]));
            }
            self.take(woken, now(env))?;
        };
        let is_stopped = end != End::Itself;
        let is_cut = is_stopped && matches!(ended, Ended::Crashed(_));
        let status = if is_cut { None } else { Some(self.enter(ended, now(env))) };
        Ok((status, is_stopped))
    }

    /// Handles the end of a pass: its exit status.
    fn enter(&mut self, ended: Ended, now: u64) -> Exit {
        match ended {
            Ended::Finished(wake, status) => {
                let missed = self.links.follow(&wake.devices);
                self.links.compare(&wake.preferred);
                self.schedule.on(now, Input::PassFinished(wake));
                if missed {
                    self.schedule.on(now, Input::Device(Change::Device));
                }
                Exit::of_pass(status)
            }
            Ended::Crashed(how) => {
                self.schedule.on(now, Input::PassCrashed);
                let pause = self.schedule.due().unwrap_or(now).saturating_sub(now);
                log::error!("a pass {how}; the next one starts in {} s", pause / 1000);
                Exit::Retry
            }
        }
    }
}

fn now(env: &mut Env<'_>) -> u64 {
    env.clock.read().boot_ms
}
