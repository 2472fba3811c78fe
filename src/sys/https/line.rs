//! The open connection in ureq's form: a transport with its buffers, used once.
//!
//! Does not read HTTP, write messages or keep time: the connection below has the only deadline.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::tcp::{Deadline, Tcp};
use super::tls::{Broken, Tls};
use crate::wire::dyndns2::{ANSWER_LIMIT, BODY_LIMIT, HEADER_LIMIT};

/// An open connection, with or without TLS.
pub(super) enum Stream {
    Plain(Tcp),
    Tls(Box<Tls>),
}

impl Stream {
    pub(super) fn deadline(&self) -> Deadline {
        match self {
            Stream::Plain(tcp) => tcp.deadline,
            Stream::Tls(tls) => tls.tcp().deadline,
        }
    }

    fn send(&mut self, bytes: &[u8], sent: &mut bool) -> io::Result<()> {
        match self {
            Stream::Tls(tls) => tls.send(bytes, sent),
            Stream::Plain(tcp) => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    rest = &rest[tcp.write(rest)?..];
                    *sent = true;
                }
                Ok(())
            }
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        match self {
            Stream::Tls(tls) => tls.receive(buffer),
            Stream::Plain(tcp) => tcp.read(buffer).map_err(Broken::Cut),
        }
    }
}

/// What happened on the line, to explain a failure after ureq has given up.
#[derive(Default)]
pub(super) struct Trail {
    pub(super) sent: bool,
    pub(super) received: usize,
    /// Also the end of the connection: only ureq knows whether it came too early.
    pub(super) broken: Option<Broken>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The open connection, and the received bytes that are not used yet.
pub(super) struct Line {
    stream: Stream,
    room: Room,
    trail: Arc<Mutex<Trail>>,
}

impl Line {
    /// `request` is the room for a request in bytes. If the whole request fits, it is sent in one write.
    pub(super) fn new(stream: Stream, request: usize, trail: Arc<Mutex<Trail>>) -> Line {
        let room =
            Room { output: vec![0; request], input: Vec::new(), used: 0, filled: 0, progressed: false };
        Line { stream, room, trail }
    }
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.room
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let mut trail = lock(&self.trail);
        let sending = self.stream.send(&self.room.output[..amount], &mut trail.sent);
        sending.map_err(|e| {
            trail.broken = Some(Broken::Cut(e));
            Error::ConnectionFailed
        })
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        if self.room.input().len() > MOST_INPUT {
            return Err(Error::ConnectionFailed);
        }
        let mut trail = lock(&self.trail);
        match self.stream.receive(self.room.input_append_buf()) {
            Ok(0) => {
                trail.broken = Some(Broken::Cut(io::ErrorKind::UnexpectedEof.into()));
                Ok(false)
            }
            Ok(length) => {
                self.room.input_appended(length);
                trail.received += length;
                if trail.received > ANSWER_LIMIT { Err(Error::ConnectionFailed) } else { Ok(true) }
            }
            // Not as an io::Error: ureq takes some of these for the end of a body.
            Err(broken) => {
                trail.broken = Some(broken);
                Err(Error::ConnectionFailed)
            }
        }
    }

    fn is_open(&mut self) -> bool {
        false // for a second request
    }

    fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }
}

/// ureq requires it of each transport. The content of a line is a secret.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

/// The buffers for a request and for the response.
struct Room {
    output: Vec<u8>,
    input: Vec<u8>,
    used: usize,
    filled: usize,
    progressed: bool,
}

/// Bytes to read at a time; a whole response of No-IP has a few hundred.
const PIECE: usize = 1024;
/// The longest acceptable HTTP line in a response.
const MOST_INPUT: usize = HEADER_LIMIT + BODY_LIMIT;

impl Buffers for Room {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.used..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.input.is_empty() {
            self.input = vec![0; PIECE]; // calloc, where resize writes byte by byte
        }
        self.input.copy_within(self.used..self.filled, 0);
        self.filled -= self.used;
        self.used = 0;
        if self.filled == self.input.len() {
            self.input.resize(self.filled + PIECE, 0);
        }
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.progressed = amount > 0;
        self.used += amount;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.progressed && self.used < self.filled
    }
}

/// A connector that returns the open connection, once.
pub(super) struct Handover(Mutex<Option<Line>>);

impl Handover {
    pub(super) fn of(line: Line) -> Handover {
        Handover(Mutex::new(Some(line)))
    }
}

impl Connector for Handover {
    type Out = Line;

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Line>, Error> {
        Ok(lock(&self.0).take())
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handover")
    }
}

/// A resolver that does nothing: the connection is already open.
#[derive(Debug)]
pub(super) struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
