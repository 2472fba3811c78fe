//! One TCP connection, and the time that is left for it.
//!
//! Does not resolve names, does not interpret the data, and never waits past its deadline.

use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::sockopt::{set_tcp_nodelay, socket_error};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, SocketType, connect, ipproto,
    recv, send, sendmsg, socket_with,
};

use super::failed;
use crate::sys::posix::poll;
use crate::wire::dyndns2::{Failed, Failure};

/// When the whole exchange ends.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    whole: Duration,
}

/// What the exchange was waiting for.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    Name,
    Connect,
    Proxy,
    Handshake,
    Answer,
}

impl Deadline {
    pub(super) fn after(whole: Duration) -> Deadline {
        Deadline { at: Instant::now() + whole, whole }
    }

    /// None if it has passed.
    pub(super) fn left(self) -> Option<Duration> {
        self.at.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// The same end, or a share of the remaining time, so that time is left for the next address.
    pub(super) fn share(self, parts: u32) -> Deadline {
        let left = self.left().unwrap_or_default();
        Deadline { at: self.at - (left - left / parts.max(1)), whole: self.whole }
    }

    pub(super) fn missed(self, phase: Phase) -> Failed {
        let (failure, doing) = match phase {
            // Another port has the same resolver.
            Phase::Name => (Failure::Dns, "while resolving the name"),
            Phase::Connect => (Failure::Timeout, "while connecting"),
            Phase::Proxy => (Failure::Timeout, "while waiting for the proxy"),
            Phase::Handshake => {
                (Failure::Timeout, "in the TLS handshake; if it is slow, raise option timeout")
            }
            Phase::Answer => {
                (Failure::Timeout, "while waiting for the response; if it is slow, raise option timeout")
            }
        };
        let (seconds, thousandths) = (self.whole.as_secs(), self.whole.subsec_millis());
        let detail = match thousandths {
            0 => format!("timed out after {seconds} s, {doing}"),
            _ => format!("timed out after {seconds}.{thousandths:03} s, {doing}"),
        };
        failed(failure, detail)
    }
}

/// A connected socket that blocks until its deadline at most.
pub(super) struct Tcp {
    socket: OwnedFd,
    pub(super) deadline: Deadline,
}

impl Tcp {
    /// Connects to the first address that answers, each in its share of the time.
    pub(super) fn connect(
        addresses: &[SocketAddr],
        device: Option<&str>,
        deadline: Deadline,
    ) -> Result<Tcp, Failed> {
        let mut problem: Option<(SocketAddr, io::Error)> = None;
        for (index, address) in addresses.iter().enumerate() {
            let parts = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
            match Tcp::open(address, device, deadline.share(parts)) {
                Ok(socket) => return Ok(Tcp { socket, deadline }),
                // A family without a route explains less than another address's failure.
                Err(e) if problem.is_some() && is_unreachable(&e) => {}
                Err(e) => problem = Some((*address, e)),
            }
        }
        match problem {
            Some((_, e)) if e.kind() == io::ErrorKind::TimedOut => {
                let Failed { detail, .. } = deadline.missed(Phase::Connect);
                let through = device.map(|device| format!(" through {device} (option bind)"));
                Err(failed(Failure::Timeout, detail + &through.unwrap_or_default()))
            }
            Some((address, e)) => {
                Err(failed(Failure::Connect, format!("{address}: {}", describe(&e, device))))
            }
            None => Err(failed(Failure::Connect, "there is no address to connect to".into())),
        }
    }

    fn open(address: &SocketAddr, device: Option<&str>, deadline: Deadline) -> io::Result<OwnedFd> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        if let Some(device) = device {
            socket2::SockRef::from(&socket).bind_device(Some(device.as_bytes()))?;
        }
        set_tcp_nodelay(&socket, true)?;
        match connect(&socket, address) {
            Ok(()) => {}
            Err(Errno::INPROGRESS) => {
                let ready = wait(&socket, PollFlags::OUT, deadline)?;
                if ready != PollFlags::OUT {
                    socket_error(&socket)??;
                }
            }
            Err(e) => return Err(e.into()),
        }
        Ok(socket)
    }

    /// Calls until it would not block, waiting in between.
    fn until<T>(&self, flags: PollFlags, mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
        loop {
            match call() {
                Err(Errno::AGAIN) => {
                    wait(&self.socket, flags, self.deadline)?;
                }
                Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
                Ok(done) => return Ok(done),
            }
        }
    }
}

impl Read for Tcp {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Every read follows a write, so the data has almost never arrived yet.
        wait(&self.socket, PollFlags::IN, self.deadline)?;
        self.until(PollFlags::IN, || {
            recv(&self.socket, &mut *buffer, RecvFlags::empty()).map(|(_, length)| length)
        })
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until(PollFlags::OUT, || send(&self.socket, bytes, SendFlags::NOSIGNAL))
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.until(PollFlags::OUT, || {
            sendmsg(&self.socket, parts, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits for one of `flags` or an error, and returns what happened.
fn wait(socket: &OwnedFd, flags: PollFlags, deadline: Deadline) -> io::Result<PollFlags> {
    loop {
        let left = deadline.left().ok_or(io::ErrorKind::TimedOut)?;
        let mut sockets = [PollFd::new(socket, flags)];
        match poll(&mut sockets, left) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(sockets[0].revents()),
            Err(e) => return Err(e.into()),
        }
    }
}

fn is_unreachable(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::NetworkUnreachable || kind == io::ErrorKind::AddrNotAvailable
}

/// Why a connection failed or was closed, for a person.
#[allow(clippy::wildcard_enum_match_arm)] // std's enum grows
pub(super) fn describe(error: &io::Error, device: Option<&str>) -> String {
    if let Some(device) = device.filter(|_| is_unreachable(error)) {
        return format!("unreachable through {device} (option bind): check that it has an IPv4 address");
    }
    let device = device.unwrap_or_default();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "connection reset".into(),
        io::ErrorKind::HostUnreachable => "no route to host".into(),
        io::ErrorKind::NetworkUnreachable => "network is unreachable".into(),
        io::ErrorKind::NetworkDown => "network is down".into(),
        _ if error.raw_os_error() == Some(Errno::NODEV.raw_os_error()) => {
            format!("there is no device {device}")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_device_without_a_way_is_named() {
        let error = io::Error::from(io::ErrorKind::NetworkUnreachable);
        assert_eq!(describe(&error, None), "network is unreachable");
        let text = describe(&error, Some("wwan0"));
        assert_eq!(text, "unreachable through wwan0 (option bind): check that it has an IPv4 address");
        let error = io::Error::from(Errno::CONNRESET);
        assert_eq!(describe(&error, None), "connection reset");
    }

    use std::net::TcpListener;

    #[test]
    fn the_next_address_is_tried_when_one_is_dead() {
        let alive = TcpListener::bind("127.0.0.1:0").unwrap();
        let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let addresses = ["[2001:db8::1]:9".parse().unwrap(), dead, alive.local_addr().unwrap()];
        assert!(Tcp::connect(&addresses, None, Deadline::after(Duration::from_millis(400))).is_ok());
        // No route leads to a multicast address, which explains less, before or after the other one.
        let nowhere = "224.0.0.1:9".parse().unwrap();
        for addresses in [[nowhere, dead], [dead, nowhere]] {
            let failed = Tcp::connect(&addresses, None, Deadline::after(Duration::from_secs(4))).err();
            assert_eq!(failed.map(|f| f.detail), Some(format!("{dead}: connection refused")));
        }
    }
}
