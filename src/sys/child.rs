//! A process that this one has started.
//!
//! Does not read its output. Dropped, it runs on.

use super::posix::{Spawn, spawn};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

/// A process whose end has perhaps not been seen yet.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    /// Seen once: from then on the number may be that of another process.
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// As [`spawn`].
    pub(super) fn spawn(what: &Spawn<'_>) -> io::Result<Process> {
        spawn(what).map(|pid| Process { pid, status: None })
    }

    /// How it ended; None: it still runs.
    ///
    /// # Errors
    /// As waitpid(2).
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.wait_as(WaitOptions::NOHANG)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// As waitpid(2).
    pub(super) fn wait(&mut self) -> io::Result<()> {
        self.wait_as(WaitOptions::empty()).map(drop)
    }

    fn wait_as(&mut self, options: WaitOptions) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            let ended = rustix::io::retry_on_intr(|| waitpid(Some(self.pid), options))?;
            self.status = ended.map(|(_, status)| ExitStatus::from_raw(status.as_raw()));
        }
        Ok(self.status)
    }

    /// Sends it a signal, if it still runs.
    ///
    /// # Errors
    /// As kill(2).
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.status.is_none() { Ok(kill_process(self.pid, signal)?) } else { Ok(()) }
    }

    /// Kills the process group that it leads, and waits for its end.
    pub(super) fn kill_group(&mut self) {
        if self.status.is_none() {
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = self.wait();
        }
    }
}

/// /dev/null, to read from and to write to.
///
/// # Errors
/// As open(2).
pub(super) fn null() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/null")
}

/// A pipe: its end to read from, and its end to write to. Started programs get no more of it than they are given.
///
/// # Errors
/// As pipe2(2).
pub(super) fn pipe() -> io::Result<(File, File)> {
    let (output, input) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    Ok((output.into(), input.into()))
}
