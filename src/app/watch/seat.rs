//! The one loop of a run_dir: whoever has `loop.lock` locked.
//!
//! A record lock (fcntl(2)), not flock(2), because of it the kernel tells whose it is, without anybody taking it to find
//! out: a number in a file may be that of a loop that is dead, and of another process by now.

use crate::sys::file;
use rustix::fs::{FlockOperation, Mode, OFlags, fcntl_lock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, Pid, Signal, fcntl_getlk, kill_process};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Held until it is dropped. The process must not open the file a second time: closing that would end the lock.
#[derive(Debug)]
pub(super) struct Seat(#[allow(dead_code)] File); // kept open

/// The second line of the file while it is a `run --wait` that has the seat.
const LEAVES: &str = "run --wait";

/// Takes the seat, and writes this process's number into the file for people to read. None: another loop has it.
pub(super) fn take(path: &Path, until_settled: bool) -> io::Result<Option<Seat>> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?);
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::AGAIN | Errno::ACCESS) => return Ok(None),
        Err(errno) => return Err(errno.into()),
    }
    let pid = std::process::id();
    let text = if until_settled { format!("{pid}\n{LEAVES}\n") } else { format!("{pid}\n") };
    // A full disk keeps no loop from starting.
    let _ = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
    Ok(Some(Seat(file)))
}

/// The process that has the seat.
pub(super) fn holder(path: &Path) -> Option<Pid> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).ok()??.pid
}

/// Tells a `run --wait` that has the seat to stop, for a loop that stays. False: a loop has it that stays, too.
pub(super) fn ask_for(path: &Path) -> bool {
    let Some(pid) = holder(path) else { return true };
    let number = pid.as_raw_nonzero();
    let text = file::read(path, 64).unwrap_or_default();
    if text == format!("{number}\n{LEAVES}\n").as_bytes() {
        let _ = kill_process(pid, Signal::TERM);
    }
    text != format!("{number}\n").as_bytes() // what is none of both is about to be written, or the disk is full
}
