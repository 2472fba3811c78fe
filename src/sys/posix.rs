//! Two calls of the C library, because rustix 1 gets their time wrong on 32-bit MIPS with musl: it takes for granted
//! that the libc crate has 64-bit time there, and for big-endian machines it has the nanoseconds in the wrong half.
//! Seen with rustix 1.1.6: every clock read nonsense, and waits had any length at all. The libc crate's own structures
//! are right, whatever its time has.
//!
//! The only unsafe code of the program. rustix's `Timespec` is used nowhere.

use rustix::event::PollFd;
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::time::Duration;

/// Time since boot, suspend included.
#[must_use]
pub fn since_boot() -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the pointer is to a timespec, and all of its bytes being zero is a value of it, should the call fail.
    let time = unsafe {
        libc::clock_gettime(libc::CLOCK_BOOTTIME, time.as_mut_ptr());
        time.assume_init()
    };
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Waits until one of `fds` is ready, at most for `patience`, rounded up to milliseconds: how many are.
///
/// # Errors
/// As poll(2).
pub fn poll(fds: &mut [PollFd<'_>], patience: Duration) -> rustix::io::Result<usize> {
    let millis = i32::try_from(patience.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
    let length = libc::nfds_t::try_from(fds.len()).map_err(|_| Errno::INVAL)?;
    // SAFETY: PollFd is a pollfd, as rustix documents, and `length` of them are there and ours to change.
    let ready = unsafe { libc::poll(fds.as_mut_ptr().cast(), length, millis) };
    usize::try_from(ready).map_err(|_| last_error())
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::PollFlags;
    use std::io::Write as _;
    use std::time::Instant;

    #[test]
    fn time_since_boot_is_what_the_kernel_says() {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let gap = since_boot().as_secs_f64() - uptime;
        assert!((-0.02..60.0).contains(&gap), "{gap} s from /proc/uptime");
        assert!((0..1000).any(|_| since_boot().subsec_nanos() != 0), "there are parts of a second");
    }

    #[test]
    fn a_wait_is_as_long_as_it_was_said() {
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let start = Instant::now();
        assert_eq!(poll(&mut [PollFd::new(&ours, PollFlags::IN)], Duration::from_micros(29_100)), Ok(0));
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(29) && waited < Duration::from_secs(5), "{waited:?}");
        theirs.write_all(b"x").unwrap();
        assert_eq!(poll(&mut [PollFd::new(&ours, PollFlags::IN)], Duration::MAX), Ok(1));
    }
}
