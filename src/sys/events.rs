//! The events that wake the loop: rtnetlink's multicast groups, signals, and timers on boot time and on clock jumps.
//!
//! Does not decide which event matters.

use super::posix::{Follows, Timer};
use crate::wire::rtnl::{EVENT_GROUPS, Messages};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use signal_hook::consts::signal::{SIGCHLD, SIGINT, SIGTERM, SIGUSR1};
use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Everything that can end the loop's sleep.
pub struct Events {
    kernel: OwnedFd,
    timer: Timer,
    clock: Timer,
    signals: UnixStream,
    stop: Arc<AtomicBool>,
    wake: Arc<AtomicBool>,
    buffer: Box<[u8]>,
}

/// What ended the sleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Woken {
    /// TERM or INT.
    pub stop: bool,
    /// USR1: a pass now.
    pub wake: bool,
    /// The wall clock was set.
    pub clock: bool,
    /// The kernel has events to read: [`Events::receive`].
    pub kernel: bool,
    /// The descriptor of [`Events::sleep`] is readable, or at its end.
    pub other: bool,
}

/// Bytes of one datagram: the kernel's events are a few hundred, a link of many attributes a few thousand.
const DATAGRAM: usize = 8 * 1024;
/// Datagrams to read at a time: continuous events must not delay a signal.
const STRETCH: usize = 1000;

impl Events {
    /// Opens everything.
    ///
    /// # Errors
    /// An error of the system.
    pub fn open() -> io::Result<Events> {
        let kernel = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        bind(&kernel, &SocketAddrNetlink::new(0, EVENT_GROUPS))?;
        let (timer, clock) = (Timer::open(Follows::Boot)?, Timer::open(Follows::ClockSet)?);
        clock.ready_when_set()?;
        let (signals, sender) = UnixStream::pair()?;
        signals.set_nonblocking(true)?;
        let (stop, wake) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        signal_hook::flag::register(SIGUSR1, Arc::clone(&wake))?;
        for signal in [SIGTERM, SIGINT, SIGUSR1, SIGCHLD] {
            signal_hook::low_level::pipe::register(signal, sender.try_clone()?)?;
        }
        let buffer = vec![0; DATAGRAM].into_boxed_slice();
        Ok(Events { kernel, timer, clock, signals, stop, wake, buffer })
    }

    /// Sleeps until something happens, here or on `other`, at the latest at `until`, milliseconds since boot.
    ///
    /// # Errors
    /// An error of the system.
    pub fn sleep(&mut self, until: Option<u64>, other: Option<BorrowedFd<'_>>) -> io::Result<Woken> {
        self.timer.ready_at(until)?;
        let fd = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        let mut fds = [
            fd(self.kernel.as_fd()),
            fd(self.timer.as_fd()),
            fd(self.clock.as_fd()),
            fd(self.signals.as_fd()),
            fd(other.unwrap_or(self.timer.as_fd())),
        ];
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let [kernel, _, clock, signals, readable] = fds.map(|fd| !fd.revents().is_empty());
        if signals {
            let mut drained = [0; 64];
            while matches!((&self.signals).read(&mut drained), Ok(n) if n > 0) {}
        }
        if clock {
            self.clock.ready_when_set()?;
        }
        Ok(Woken {
            stop: self.stop.load(Ordering::SeqCst),
            wake: self.wake.swap(false, Ordering::SeqCst),
            clock,
            kernel,
            other: readable && other.is_some(),
        })
    }

    /// Passes each datagram from the kernel to `each`; None: events were lost. If datagrams remain, the next sleep ends at
    /// once.
    ///
    /// # Errors
    /// An error of the system.
    pub fn receive(&mut self, mut each: impl FnMut(Option<Messages<'_>>)) -> io::Result<()> {
        for _ in 0..STRETCH {
            match recv(&self.kernel, &mut *self.buffer, RecvFlags::TRUNC) {
                Ok((read, length)) if length > read => each(None),
                Ok((read, _)) => each(Some(Messages::new(self.buffer.get(..read).unwrap_or_default()))),
                Err(Errno::INTR) => {}
                Err(Errno::NOBUFS) => each(None),
                Err(Errno::AGAIN) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::clock::{Clock as _, System};

    fn now() -> u64 {
        System::default().read().boot_ms
    }

    #[test]
    fn without_an_event_a_sleep_has_the_requested_length() {
        let mut events = Events::open().unwrap();
        let begun = now();
        let mut quiet = 0;
        for _ in 0..100 {
            // Other tests may cause signals and link events in between.
            quiet += usize::from(events.sleep(Some(begun + 60), None).unwrap() == Woken::default());
            let _ = events.receive(|_| ());
            if now() >= begun + 60 {
                break;
            }
        }
        assert!(quiet > 0 && (begun + 60..begun + 2000).contains(&now()), "{} ms", now() - begun);
        // A past time is due at once.
        for past in [0, 1, 999, begun] {
            events.sleep(Some(past), None).unwrap();
        }
        assert!(now() < begun + 4000);
    }

    #[test]
    fn another_descriptor_that_can_be_read_ends_a_sleep() {
        let mut events = Events::open().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        assert!(events.sleep(None, Some(ours.as_fd())).unwrap().other, "its end, too");
        assert!(!events.sleep(Some(0), None).unwrap().other, "no request was made");
    }
}
