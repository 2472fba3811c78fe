//! Calls the C library where rustix or std cannot be used: time on 32-bit MIPS with musl, the resolver, and to start a
//! program.
//!
//! rustix 1.1.6 assumes 64-bit time in the libc crate there, and puts the nanoseconds into the wrong half on big-endian
//! machines, so clocks and waits were wrong. The libc crate's structures are right. std's resolver cannot query one
//! family alone, and std's `Command` brings 20 KB of code: fork beside posix_spawn, pidfds, and a map of the environment.
//!
//! The only unsafe code of the program, with `c_heap`. rustix's `Timespec` is used nowhere.

use rustix::event::PollFd;
use rustix::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use rustix::io::Errno;
use rustix::process::Pid;
use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt as _;
use std::ptr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(all(target_env = "musl", not(test)))]
mod c_heap;

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

/// Leaves threads without a name. std sets one even if none is given, and musl's own function needs printf
/// (src/thread/pthread_setname_np.c), which is 16 KB of code.
#[cfg(target_env = "musl")]
// SAFETY: it has the signature of pthread_setname_np(3), and touches nothing.
#[unsafe(no_mangle)]
extern "C" fn pthread_setname_np(_: libc::pthread_t, _: *const libc::c_char) -> libc::c_int {
    0
}

/// Waits until one of `fds` is ready, for at most `patience`, rounded up to milliseconds. Returns how many are ready.
///
/// # Errors
/// As poll(2).
pub fn poll(fds: &mut [PollFd<'_>], patience: Duration) -> rustix::io::Result<usize> {
    let rounded = patience.saturating_add(Duration::from_nanos(999_999));
    let millis = i32::try_from(rounded.as_millis()).unwrap_or(i32::MAX);
    let length = libc::nfds_t::try_from(fds.len()).map_err(|_| Errno::INVAL)?;
    // SAFETY: PollFd is a pollfd, as rustix documents, and `length` of them are there and ours to change.
    let ready = unsafe { libc::poll(fds.as_mut_ptr().cast(), length, millis) };
    usize::try_from(ready).map_err(|_| last_error())
}

/// Which addresses of a name to query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFamily {
    /// IPv4 and IPv6, with one answer for both.
    Any,
    /// A records alone.
    Ipv4,
    /// AAAA records alone.
    Ipv6,
}

/// The addresses of `host` by the C library's resolver (getaddrinfo(3)), in its order.
///
/// # Errors
/// The resolver's reason.
pub fn getaddrinfo(host: &str, family: AddressFamily) -> Result<Vec<IpAddr>, String> {
    let host = CString::new(host).map_err(|_| "there is a NUL in it".to_owned())?;
    let mut found = ptr::null_mut();
    // SAFETY: all of its bytes being zero is a value of an addrinfo, and name and hints live as long as the call. What
    // it fills in is a list of which each address has the length of its family, and is freed once, after the last use.
    unsafe {
        let mut hints = MaybeUninit::<libc::addrinfo>::zeroed().assume_init();
        hints.ai_socktype = libc::SOCK_STREAM;
        hints.ai_family = match family {
            AddressFamily::Any => libc::AF_UNSPEC,
            AddressFamily::Ipv4 => libc::AF_INET,
            AddressFamily::Ipv6 => libc::AF_INET6,
        };
        match libc::getaddrinfo(host.as_ptr(), ptr::null(), &raw const hints, &raw mut found) {
            0 => {}
            libc::EAI_SYSTEM => return Err(io::Error::last_os_error().to_string()),
            code => return Err(CStr::from_ptr(libc::gai_strerror(code)).to_string_lossy().into_owned()),
        }
        let mut addresses = Vec::new();
        let mut next = found;
        while let Some(entry) = next.as_ref() {
            match entry.ai_family {
                libc::AF_INET => {
                    let address = entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned().sin_addr.s_addr;
                    addresses.push(IpAddr::from(address.to_ne_bytes()));
                }
                libc::AF_INET6 => {
                    let address =
                        entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned().sin6_addr.s6_addr;
                    addresses.push(IpAddr::from(address));
                }
                _ => {}
            }
            next = entry.ai_next;
        }
        libc::freeaddrinfo(found);
        Ok(addresses)
    }
}

/// A program to start.
#[derive(Debug)]
pub struct Spawn<'a> {
    /// Its file; a name without a slash is looked up in PATH.
    pub program: &'a OsStr,
    /// Its arguments, without its name.
    pub arguments: &'a [&'a OsStr],
    /// Its whole environment, `NAME=value` each; None: that of this process.
    pub environment: Option<&'a [String]>,
    /// Its standard input, output and errors.
    pub streams: [BorrowedFd<'a>; 3],
    /// Whether it leads a new process group.
    pub own_group: bool,
}

unsafe extern "C" {
    /// The environment of this process (environ(7)).
    static environ: *const *mut libc::c_char;
}

/// Starts a program (posix_spawn(3)) with no signal blocked, and with SIGPIPE, which std ignores, as it is by default.
///
/// # Errors
/// An error of the system; InvalidInput if a text contains a NUL.
pub fn spawn(what: &Spawn<'_>) -> io::Result<Pid> {
    let arguments = c_strings([what.program].iter().chain(what.arguments).map(|text| text.as_bytes()))?;
    let environment = what.environment.map(|variables| c_strings(variables.iter().map(String::as_bytes)));
    let environment = environment.transpose()?;
    let (argv, envp) = (pointers(&arguments), environment.as_deref().map(pointers));
    let flags = libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF;
    let flags = if what.own_group { flags | libc::POSIX_SPAWN_SETPGROUP } else { flags };
    let (mut actions, mut attributes) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    let (actions, attributes) = (actions.as_mut_ptr(), attributes.as_mut_ptr());
    let (mut signals, mut pid) = (MaybeUninit::uninit(), 0);
    // SAFETY: actions, attributes and signals are initialised before they are read, and live as long as the calls; argv and
    // envp end with a null pointer, and the strings before it live until the end. Nothing changes `environ`: nicup
    // never sets a variable in its own environment.
    let error = unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        libc::posix_spawnattr_init(attributes);
        libc::posix_spawnattr_setsigmask(attributes, signals.as_ptr());
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGPIPE);
        libc::posix_spawnattr_setsigdefault(attributes, signals.as_ptr());
        libc::posix_spawnattr_setpgroup(attributes, 0);
        libc::posix_spawnattr_setflags(attributes, flags as libc::c_short);
        libc::posix_spawn_file_actions_init(actions);
        let mut error = 0;
        for (number, stream) in (0..).zip(what.streams) {
            error |= libc::posix_spawn_file_actions_adddup2(actions, stream.as_raw_fd(), number);
        }
        if error == 0 {
            let envp = envp.as_ref().map_or(environ, |envp| envp.as_ptr());
            error = libc::posix_spawnp(
                &raw mut pid,
                arguments[0].as_ptr(),
                actions,
                attributes,
                argv.as_ptr(),
                envp,
            );
        }
        libc::posix_spawn_file_actions_destroy(actions);
        libc::posix_spawnattr_destroy(attributes);
        error
    };
    Pid::from_raw(pid).filter(|_| error == 0).ok_or_else(|| io::Error::from_raw_os_error(error))
}

fn c_strings<'a>(texts: impl Iterator<Item = &'a [u8]>) -> io::Result<Vec<CString>> {
    texts.map(|text| CString::new(text).map_err(io::Error::from)).collect()
}

/// As C wants a list of texts: a null pointer ends it.
fn pointers(texts: &[CString]) -> Vec<*mut libc::c_char> {
    texts.iter().map(|text| text.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

/// A timer to poll (timerfd_create(2)), not yet running.
#[derive(Debug)]
pub struct Timer(OwnedFd);

/// Which clock a [`Timer`] follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Time since boot, suspend included.
    Boot,
    /// The wall clock: the timer becomes ready only when the clock is set.
    ClockSet,
}

/// The year 2255, near the end of the kernel's nanoseconds; the end of time_t if that has 32 bits.
const NEVER: i64 = 9_000_000_000;

impl Timer {
    /// Opens a timer.
    ///
    /// # Errors
    /// An error of the system.
    pub fn open(follows: Follows) -> rustix::io::Result<Timer> {
        let clock = match follows {
            Follows::Boot => libc::CLOCK_BOOTTIME,
            Follows::ClockSet => libc::CLOCK_REALTIME,
        };
        // SAFETY: the call takes no pointer, and no other code owns the returned descriptor.
        unsafe {
            match libc::timerfd_create(clock, libc::TFD_CLOEXEC | libc::TFD_NONBLOCK) {
                -1 => Err(last_error()),
                fd => Ok(Timer(OwnedFd::from_raw_fd(fd))),
            }
        }
    }

    /// Makes a timer on boot time ready at `at` milliseconds since boot; None: never.
    ///
    /// # Errors
    /// An error of the system.
    pub fn ready_at(&self, at: Option<u64>) -> rustix::io::Result<()> {
        // Zero would switch it off: an overdue timer is ready after the first millisecond of the boot.
        let at = at.map(|at| Duration::from_millis(at.max(1))).unwrap_or_default();
        let seconds = i64::try_from(at.as_secs()).unwrap_or(NEVER).min(NEVER);
        self.set(seconds, at.subsec_nanos(), 0)
    }

    /// Makes a timer on the wall clock ready when that is set, from now on.
    ///
    /// # Errors
    /// An error of the system.
    pub fn ready_when_set(&self) -> rustix::io::Result<()> {
        // Reading a cancelled timer reports the cancellation once more and resets it.
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
        // A clock beyond the range of this time_t would make the timer ready for ever. So nicup does not notice a jump then.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let beyond = libc::time_t::try_from(wall).map_or(true, |wall| wall == libc::time_t::MAX);
        match self.set(if beyond { 0 } else { NEVER }, 0, libc::TFD_TIMER_CANCEL_ON_SET) {
            Err(Errno::CANCELED) => Ok(()), // set meanwhile, and armed all the same
            armed => armed,
        }
    }

    fn set(&self, seconds: i64, nanos: u32, more: libc::c_int) -> rustix::io::Result<()> {
        let mut once = MaybeUninit::<libc::itimerspec>::zeroed();
        // SAFETY: all of its bytes being zero is a value of an itimerspec, and it lives as long as the call.
        let set = unsafe {
            let once = once.assume_init_mut();
            once.it_value.tv_sec = libc::time_t::try_from(seconds).unwrap_or(libc::time_t::MAX);
            once.it_value.tv_nsec = nanos as libc::c_long; // below a thousand million
            libc::timerfd_settime(self.0.as_raw_fd(), libc::TFD_TIMER_ABSTIME | more, once, ptr::null_mut())
        };
        if set == -1 { Err(last_error()) } else { Ok(()) }
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Makes the kernel filter each system call of this thread, and of those that it starts, with `program` (seccomp(2)).
///
/// # Errors
/// As prctl(2); EINVAL where the kernel has no seccomp.
pub fn filter_system_calls(program: &[libc::sock_filter]) -> rustix::io::Result<()> {
    let len = libc::c_ushort::try_from(program.len()).map_err(|_| Errno::INVAL)?;
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    let mode = libc::c_ulong::from(libc::SECCOMP_MODE_FILTER);
    // SAFETY: the kernel copies `len` instructions, which are there as long as the call, and changes none.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) };
    if set == -1 { Err(last_error()) } else { Ok(()) }
}

fn last_error() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::INVAL)
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
    fn each_family_of_a_name_is_found_alone() {
        let literals = [("127.0.0.9", AddressFamily::Ipv4), ("2001:db8::7", AddressFamily::Ipv6)];
        for (text, family) in literals {
            for asked in [AddressFamily::Any, family] {
                assert_eq!(getaddrinfo(text, asked), Ok(vec![text.parse().unwrap()]));
            }
        }
        assert!(getaddrinfo("127.0.0.9", AddressFamily::Ipv6).is_err());
        assert!(getaddrinfo("a\0b", AddressFamily::Any).is_err());
        assert!(getaddrinfo("localhost", AddressFamily::Any).unwrap().iter().all(IpAddr::is_loopback));
    }

    #[test]
    fn a_timer_is_ready_at_its_time_of_the_boot_and_not_before() {
        let timer = Timer::open(Follows::Boot).unwrap();
        let ready =
            |patience| poll(&mut [PollFd::new(&timer, PollFlags::IN)], Duration::from_millis(patience));
        let now = || u64::try_from(since_boot().as_millis()).unwrap();
        let at = now() + 40;
        timer.ready_at(Some(at)).unwrap();
        assert_eq!(ready(5000), Ok(1));
        assert!((at..at + 4000).contains(&now()), "{at} {}", now());
        timer.ready_at(None).unwrap();
        assert_eq!(ready(20), Ok(0));
        timer.ready_at(Some(0)).unwrap();
        assert_eq!(ready(5000), Ok(1), "what is overdue is ready at once");
    }

    #[test]
    fn a_timer_on_the_wall_clock_is_not_ready_until_the_clock_is_set() {
        let timer = Timer::open(Follows::ClockSet).unwrap();
        timer.ready_when_set().unwrap();
        assert_eq!(poll(&mut [PollFd::new(&timer, PollFlags::IN)], Duration::from_millis(20)), Ok(0));
    }

    #[test]
    fn a_wait_has_the_requested_length() {
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let start = Instant::now();
        assert_eq!(poll(&mut [PollFd::new(&ours, PollFlags::IN)], Duration::from_micros(29_100)), Ok(0));
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(29) && waited < Duration::from_secs(5), "{waited:?}");
        theirs.write_all(b"x").unwrap();
        assert_eq!(poll(&mut [PollFd::new(&ours, PollFlags::IN)], Duration::MAX), Ok(1));
    }
}
