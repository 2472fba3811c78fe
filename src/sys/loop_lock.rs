//! The lock of the one loop of a run_dir: the file `loop.lock`, locked as long as the loop runs.
//!
//! A record lock (fcntl(2)), not flock(2), because the kernel reports its owner to any process that asks, without taking
//! the lock. A process ID in a file may be that of a dead loop, and belong to another process by now.

use super::file;
use rustix::fs::{FlockOperation, Mode, OFlags, fcntl_lock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, Pid, Signal, fcntl_getlk, kill_process};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Dropping it releases the lock. The process must not open the file a second time: closing it would end the lock.
#[derive(Debug)]
pub struct LoopLock {
    /// A record lock ends with the descriptor.
    _held: File,
}

/// The second line of the file while a `run --wait` has the lock, which ends for a `watch`.
const TEMPORARY: &str = "run --wait";

impl LoopLock {
    /// Takes the lock, and writes this process's ID into the file for people to read. None: another loop has it.
    ///
    /// # Errors
    /// An error of the system.
    pub fn take(path: &Path, is_temporary: bool) -> io::Result<Option<LoopLock>> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?);
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::AGAIN | Errno::ACCESS) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        }
        let pid = std::process::id();
        let text = if is_temporary { format!("{pid}\n{TEMPORARY}\n") } else { format!("{pid}\n") };
        // A full disk must not prevent a loop from starting.
        let _ = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
        Ok(Some(LoopLock { _held: file }))
    }
}

/// The process of the loop that has the lock.
#[must_use]
pub fn holder(path: &Path) -> Option<i32> {
    owner(path).map(|pid| pid.as_raw_nonzero().get())
}

/// Requests a pass of the loop that has the lock. False: there is none, or it ended meanwhile and may have missed the
/// request.
#[must_use]
pub fn request_pass(path: &Path) -> bool {
    let Some(pid) = owner(path) else { return false };
    // A loop that ends checks for signals once more after it has released the lock.
    kill_process(pid, Signal::USR1).is_ok() && owner(path) == Some(pid)
}

/// Asks a `run --wait` that has the lock to stop, for a resident loop. False: the loop that has it is also resident.
#[must_use]
pub fn ask_to_stop(path: &Path) -> bool {
    let Some(pid) = owner(path) else { return true };
    let number = pid.as_raw_nonzero();
    let text = file::read(path, 64).unwrap_or_default();
    if text == format!("{number}\n{TEMPORARY}\n").as_bytes() {
        let _ = kill_process(pid, Signal::TERM);
    }
    text != format!("{number}\n").as_bytes() // neither of both: it is about to be written, or the disk is full
}

fn owner(path: &Path) -> Option<Pid> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).ok()??.pid
}
