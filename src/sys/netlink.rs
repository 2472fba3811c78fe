//! Asks the kernel which addresses devices have, over rtnetlink.
//!
//! Does not decode (wire::rtnl), does not choose (policy::address), does not listen for events, and never sleeps.
//! Two system calls per device, two or three for all addresses, two for the socket. Queries a link by its name: a dump
//! of 200 links is 300 KB and took the kernel 609 µs, and two links by name took 16 µs (x86_64).

use super::posix::poll;
use crate::wire::rtnl::{self, Address, Body, DeviceAddresses, DeviceState, Link, Malformed, Messages};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::OwnedFd;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recvfrom, sendto, socket_with,
};
use std::time::Duration;

/// The kernel usually answers a dump while nicup reads it. This limit is for a kernel that does not.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of one datagram. For a dump, the kernel makes none longer than 32 KiB.
const DATAGRAM: usize = 32 * 1024;
/// Dumps in a row that changes may interrupt before nicup gives up.
const ATTEMPTS: usize = 10;
/// Datagrams in a row from other senders that nicup ignores. The limit prevents a process from keeping a pass busy.
const FOREIGN: usize = 100;

/// A source of the devices' addresses.
pub trait AddressSource {
    /// One entry for each of `devices`, in their order.
    fn addresses(&mut self, devices: &[&str]) -> Result<Vec<DeviceAddresses>, NetlinkError>;
}

/// Why there is no answer from the kernel. Numbers are errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetlinkError {
    /// No socket could be opened.
    Open(i32),
    /// The request could not be sent.
    Send(i32),
    /// The answer could not be received.
    Receive(i32),
    /// No answer came in time.
    Silent,
    /// The kernel rejected the request.
    Rejected(i32),
    /// A part of the answer was longer than the buffer.
    Truncated,
    /// The answer could not be read.
    Malformed(Malformed),
    /// Too many datagrams came from other senders.
    Crowded,
    /// Links or addresses changed during each of the attempts, or parts of the answers were lost.
    Changing,
}

impl NetlinkError {
    /// For a person.
    #[must_use]
    pub fn explain(&self) -> String {
        let system = |code: i32| std::io::Error::from_raw_os_error(code);
        match self {
            Self::Open(code) => format!("no netlink socket: {}", system(*code)),
            Self::Send(code) => format!("could not ask the kernel: {}", system(*code)),
            Self::Receive(code) => format!("could not receive from the kernel: {}", system(*code)),
            Self::Silent => format!("the kernel did not answer in {} s", PATIENCE.as_secs()),
            Self::Rejected(code) => format!("the kernel rejected the request: {}", system(*code)),
            Self::Truncated => "the kernel's answer is too long".to_owned(),
            Self::Malformed(why) => format!("the kernel's answer is unreadable: {}", why.explain()),
            Self::Crowded => "other programs answer instead of the kernel".to_owned(),
            Self::Changing => {
                format!("the addresses changed during each of {ATTEMPTS} attempts to read them")
            }
        }
    }
}

/// The kernel of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Netlink;

impl AddressSource for Netlink {
    fn addresses(&mut self, devices: &[&str]) -> Result<Vec<DeviceAddresses>, NetlinkError> {
        let mut buffer = Vec::with_capacity(DATAGRAM);
        settled(|| {
            // A socket for each attempt: closing it discards the rest of an interrupted dump.
            let mut kernel =
                RouteSocket { socket: open()?, buffer: &mut buffer, sequence: 0, patience: PATIENCE };
            read(&mut kernel, devices)
        })
    }
}

/// The kernel's number of a device; None: there is no such device.
#[must_use]
pub fn index(device: &str) -> Option<u32> {
    let socket = open().ok()?;
    rustix::net::netdevice::name_to_index(&socket, device).ok()
}

/// Repeats an interrupted query.
fn settled<T>(mut attempt: impl FnMut() -> Result<T, NetlinkError>) -> Result<T, NetlinkError> {
    for _ in 0..ATTEMPTS {
        match attempt() {
            Err(NetlinkError::Changing) => {}
            known => return known,
        }
    }
    Err(NetlinkError::Changing)
}

/// One attempt.
fn read(kernel: &mut RouteSocket<'_>, devices: &[&str]) -> Result<Vec<DeviceAddresses>, NetlinkError> {
    let mut found = Vec::with_capacity(devices.len());
    for device in devices {
        let link = kernel.link(device)?;
        let state = match link {
            None => DeviceState::Missing,
            Some(LinkEntry { up: false, .. }) => DeviceState::Down,
            Some(LinkEntry { up: true, .. }) => DeviceState::Up,
        };
        let addresses = DeviceAddresses { device: (*device).to_owned(), state, addresses: Vec::new() };
        found.push((link.map(|known| known.index), addresses));
    }
    let indices: Vec<u32> = found.iter().filter_map(|(index, _)| *index).collect();
    if !indices.is_empty() {
        kernel.addresses(&indices, |address| {
            for (_, entry) in found.iter_mut().filter(|(index, _)| *index == Some(address.index)) {
                entry.addresses.push(address);
            }
        })?;
    }
    Ok(found.into_iter().map(|(_, entry)| entry).collect())
}

fn open() -> Result<OwnedFd, NetlinkError> {
    let failed = |errno: Errno| NetlinkError::Open(errno.raw_os_error());
    // Protocol 0 is NETLINK_ROUTE.
    socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None).map_err(failed)
}

/// A socket to the kernel, and the number of its last request.
struct RouteSocket<'a> {
    socket: OwnedFd,
    buffer: &'a mut Vec<u8>,
    sequence: u32,
    patience: Duration,
}

/// What is kept of a link.
#[derive(Clone, Copy)]
struct LinkEntry {
    index: u32,
    up: bool,
}

/// Whether more of the answer is wanted.
#[derive(PartialEq, Eq)]
enum Wanted {
    More,
    Nothing,
}

impl RouteSocket<'_> {
    /// None: there is no such device.
    fn link(&mut self, device: &str) -> Result<Option<LinkEntry>, NetlinkError> {
        self.sequence += 1;
        let Some(question) = rtnl::link(device, self.sequence) else {
            return Ok(None);
        };
        let mut known = None;
        let asked = self.ask(&question, &[], |body| {
            let Body::Link(Link { index, up, .. }) = body else {
                return Wanted::More;
            };
            known = Some(LinkEntry { index, up });
            Wanted::Nothing
        });
        match asked {
            Err(NetlinkError::Rejected(code)) if code == Errno::NODEV.raw_os_error() => Ok(None),
            asked => asked.map(|()| known),
        }
    }

    /// Those of `devices`.
    fn addresses(&mut self, devices: &[u32], mut each: impl FnMut(Address)) -> Result<(), NetlinkError> {
        self.sequence += 1;
        let question = rtnl::addresses(self.sequence);
        self.ask(&question, devices, |body| {
            if let Body::Address(address) = body {
                each(address);
            }
            Wanted::More
        })
    }

    /// Sends a request and passes on each message of the answer, until its end or until the caller wants no more. Passes on
    /// addresses of `devices` only.
    fn ask(
        &mut self,
        question: &[u8],
        devices: &[u32],
        mut show: impl FnMut(Body<'_>) -> Wanted,
    ) -> Result<(), NetlinkError> {
        let kernel = SocketAddrNetlink::new(0, 0);
        retry_on_intr(|| sendto(&self.socket, question, SendFlags::empty(), &kernel))
            .map_err(|errno| NetlinkError::Send(errno.raw_os_error()))?;
        loop {
            self.receive_from_kernel()?;
            for message in Messages::of_devices(self.buffer, devices) {
                let message = message.map_err(NetlinkError::Malformed)?;
                if message.sequence != self.sequence {
                    continue;
                }
                if message.interrupted {
                    return Err(NetlinkError::Changing);
                }
                match message.body {
                    Body::Done(0) => return Ok(()),
                    Body::Done(code) | Body::Error(code) => {
                        return Err(NetlinkError::Rejected(code.saturating_neg()));
                    }
                    Body::Overrun => return Err(NetlinkError::Changing),
                    body @ (Body::Link(_)
                    | Body::LinkGone(_)
                    | Body::Address(_)
                    | Body::AddressGone(_)
                    | Body::Other(_)) => {
                        if show(body) == Wanted::Nothing {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    /// Fills the buffer with the kernel's next datagram.
    fn receive_from_kernel(&mut self) -> Result<(), NetlinkError> {
        for _ in 0..=FOREIGN {
            if self.receive()? {
                return Ok(());
            }
        }
        Err(NetlinkError::Crowded)
    }

    /// Fills the buffer with the next datagram. False: it is not the kernel's.
    fn receive(&mut self) -> Result<bool, NetlinkError> {
        // TRUNC: the datagram's whole length comes back, even if it had no room. DONTWAIT: rtnetlink answers during
        // the request, so there is almost never anything to wait for.
        let flags = RecvFlags::TRUNC | RecvFlags::DONTWAIT;
        let failed = |errno: Errno| NetlinkError::Receive(errno.raw_os_error());
        let (_, length, sender) = loop {
            self.buffer.clear();
            match recvfrom(&self.socket, spare_capacity(self.buffer), flags) {
                Ok(datagram) => break datagram,
                Err(Errno::AGAIN) => {
                    match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], self.patience) {
                        Ok(0) => return Err(NetlinkError::Silent),
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(errno) => return Err(failed(errno)),
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::NOBUFS) => return Err(NetlinkError::Changing),
                Err(errno) => return Err(failed(errno)),
            }
        };
        let from_kernel = sender
            .and_then(|sender| SocketAddrNetlink::try_from(sender).ok())
            .is_some_and(|sender| sender.pid() == 0);
        if from_kernel && length > self.buffer.len() {
            return Err(NetlinkError::Truncated);
        }
        Ok(from_kernel)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn an_interrupted_dump_is_repeated() {
        let mut attempts = 0;
        let read = settled(|| {
            attempts += 1;
            if attempts < ATTEMPTS { Err(NetlinkError::Changing) } else { Ok(attempts) }
        });
        assert_eq!(read, Ok(ATTEMPTS));
    }

    #[test]
    fn a_dump_that_is_always_interrupted_is_given_up() {
        let mut attempts = 0;
        let read: Result<(), _> = settled(|| {
            attempts += 1;
            Err(NetlinkError::Changing)
        });
        assert_eq!((read, attempts), (Err(NetlinkError::Changing), ATTEMPTS));
    }

    #[test]
    fn another_error_is_not_repeated() {
        let mut attempts = 0;
        let read: Result<(), _> = settled(|| {
            attempts += 1;
            Err(NetlinkError::Silent)
        });
        assert_eq!((read, attempts), (Err(NetlinkError::Silent), 1));
    }

    #[test]
    fn only_the_kernels_answers_count_and_silence_ends() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        theirs.send(&[0; 64]).unwrap();
        let mut buffer = Vec::with_capacity(DATAGRAM);
        let patience = Duration::from_millis(1);
        let mut kernel = RouteSocket { socket: ours.into(), buffer: &mut buffer, sequence: 1, patience };
        assert_eq!(kernel.receive(), Ok(false));
        assert_eq!(kernel.receive(), Err(NetlinkError::Silent));
    }

    #[test]
    fn each_request_has_another_number() {
        let mut buffer = Vec::with_capacity(DATAGRAM);
        let socket = open().unwrap();
        let mut kernel = RouteSocket { socket, buffer: &mut buffer, sequence: 0, patience: PATIENCE };
        let Some(lo) = kernel.link("lo").unwrap() else { panic!("there is no lo") };
        assert_eq!(kernel.sequence, 1);
        kernel.addresses(&[lo.index], |_| {}).unwrap();
        assert_eq!(kernel.sequence, 2);
    }

    #[test]
    fn a_crowd_of_other_senders_ends_a_read() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let crowd = std::thread::spawn(move || (0..=FOREIGN).for_each(|_| drop(theirs.send(&[0; 64]))));
        let mut buffer = Vec::with_capacity(DATAGRAM);
        let patience = Duration::from_secs(10);
        let mut kernel = RouteSocket { socket: ours.into(), buffer: &mut buffer, sequence: 1, patience };
        assert_eq!(kernel.receive_from_kernel(), Err(NetlinkError::Crowded));
        crowd.join().unwrap();
        kernel.patience = Duration::from_millis(1);
        assert!(kernel.receive().is_err(), "it has read each of them");
    }

    #[test]
    fn every_error_has_a_sentence() {
        let all = [
            NetlinkError::Open(1),
            NetlinkError::Send(1),
            NetlinkError::Receive(1),
            NetlinkError::Silent,
            NetlinkError::Rejected(1),
            NetlinkError::Truncated,
            NetlinkError::Malformed(Malformed::FixedPart),
            NetlinkError::Crowded,
            NetlinkError::Changing,
        ];
        for error in all {
            let sentence = error.explain();
            assert!(!sentence.is_empty() && sentence.len() <= 160 && !sentence.ends_with('.'), "{sentence}");
        }
    }
}
