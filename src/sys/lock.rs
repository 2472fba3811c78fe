//! Locks between processes: flock(2) on a file. The kernel releases the lock when its process ends.

use super::file;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::path::Path;

/// A lock; dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    /// flock(2) ends with the descriptor.
    _held: File,
}

/// Takes the lock if it is free. Like [`lock`], creates its directory if that is missing.
///
/// # Errors
/// An error of the system. `Ok(None)`: another process has it.
pub fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Lock { _held: file })),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Waits for the lock.
///
/// # Errors
/// An error of the system.
pub fn lock(path: &Path) -> io::Result<Lock> {
    let file = open(path)?;
    rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))?;
    Ok(Lock { _held: file })
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    file::with_dir(path, || Ok(File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?)))
}
