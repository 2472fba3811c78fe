//! One HTTP/1.1 request and its answer over a connection that is already open, by ureq.
//!
//! Does not connect, follow, retry, pool, log in or decompress. ureq asks a connector for a line and is handed the
//! one there is; what breaks on that line is noted as our own failure, because ureq would only pass on a text.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::http::header::RETRY_AFTER;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::{Agent, Error};

use super::explain::{Stage, cut, tls_failed};
use super::tcp::{Phase, Tcp};
use super::tls::{Broken, Tls};
use super::{Route, bracketed, failed};
use crate::wire::nic::{ANSWER_LIMIT, Answer, BODY_LIMIT, Failed, Failure, HEADER_LIMIT, Request};

/// An open connection, with or without TLS.
pub(super) enum Stream {
    Plain(Tcp),
    Tls(Box<Tls>),
}

/// Smallest room for an answer; No-IP's are a few hundred bytes. Grows up to what the headers may have.
const FIRST_ROOM: usize = 2048;
const WHOLE_ROOM: usize = HEADER_LIMIT + BODY_LIMIT;

pub(super) fn exchange(stream: Stream, route: &Route<'_>, request: &Request) -> Result<Answer, Failed> {
    let deadline = stream.tcp().deadline;
    let trail = Arc::new(Mutex::new(Trail { sent: false, received: 0, broken: None }));
    let host = bracketed(route.server);
    let (scheme, standard) = if route.tls { ("https", 443) } else { ("http", 80) };
    let authority = if route.port == standard { host.to_string() } else { format!("{host}:{}", route.port) };

    let login = request.authorization.as_deref().unwrap_or_default();
    let written = authority.len() + request.target.len() + login.len() + request.user_agent.len();
    let room = Room {
        output: vec![0; written + FIXED_TEXT],
        input: Vec::new(),
        used: 0,
        filled: 0,
        progressed: false,
    };
    let line = Line { stream, room, trail: trail.clone() };
    let config = Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent("")
        .accept("")
        .accept_encoding("")
        .max_response_header_size(HEADER_LIMIT)
        .max_idle_connections(0)
        .build();
    let agent = Agent::with_parts(config, Handover(Mutex::new(Some(line))), Nowhere);
    let mut asked = agent
        .get(format!("{scheme}://{authority}{}", request.target))
        .header_raw("Host", authority.as_bytes());
    if request.authorization.is_some() {
        asked = asked.header_raw("Authorization", login.as_bytes());
    }
    let answer = asked
        .header_raw("User-Agent", request.user_agent.as_bytes())
        .call()
        .and_then(|response| Ok(read(response)?));
    answer.map_err(|error| {
        let trail = lock(&trail);
        let failed = match &trail.broken {
            Some(Broken::Cut(e)) => cut(deadline, e, Phase::Answer),
            Some(Broken::Tls(e)) => tls_failed(e, route, Stage::Open),
            None if trail.received > ANSWER_LIMIT => {
                failed(Failure::NotHttp, "the answer is over 64 KiB".into())
            }
            None => not_an_answer(&error, trail.sent),
        };
        Failed { sent: trail.sent, ..failed }
    })
}

/// `GET`, the version, the names of the headers and the line ends: 64 bytes, and some to spare.
const FIXED_TEXT: usize = 96;

fn read(response: ureq::http::Response<ureq::Body>) -> io::Result<Answer> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_string);
    let mut body = Vec::new();
    let mut rest = response.into_body().into_reader().take(BODY_LIMIT as u64 + 1);
    rest.read_to_end(&mut body)?;
    let too_long = body.len() > BODY_LIMIT;
    body.truncate(BODY_LIMIT);
    Ok(Answer { status, retry_after, body, too_long })
}

#[allow(clippy::wildcard_enum_match_arm)] // ureq's enum grows
fn not_an_answer(error: &Error, sent: bool) -> Failed {
    let (failure, detail) = match error {
        _ if !sent => (Failure::NotHttp, "the request cannot be written as HTTP"),
        Error::Io(_) | Error::ConnectionFailed => {
            (Failure::Connect, "the connection was closed before the whole answer had come")
        }
        Error::LargeResponseHeader(..) => (Failure::NotHttp, "the headers of the answer are over 16 KiB"),
        _ => (Failure::NotHttp, "the answer is not HTTP"),
    };
    failed(failure, detail.into())
}

/// What happened on the line, for the time after ureq has given up.
struct Trail {
    sent: bool,
    received: usize,
    broken: Option<Broken>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stream {
    fn tcp(&self) -> &Tcp {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.tcp(),
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

/// The open connection, as ureq sees it.
struct Line {
    stream: Stream,
    room: Room,
    trail: Arc<Mutex<Trail>>,
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.room
    }

    fn transmit_output(&mut self, amount: usize, _timeout: NextTimeout) -> Result<(), Error> {
        let mut trail = lock(&self.trail);
        let sending = self.stream.send(&self.room.output[..amount], &mut trail.sent);
        sending.map_err(|e| {
            trail.broken = Some(Broken::Cut(e));
            Error::ConnectionFailed
        })
    }

    fn await_input(&mut self, _timeout: NextTimeout) -> Result<bool, Error> {
        let mut trail = lock(&self.trail);
        match self.stream.receive(self.room.input_append_buf()) {
            Ok(amount) => {
                trail.received += amount;
                if trail.received > ANSWER_LIMIT {
                    return Err(Error::ConnectionFailed);
                }
                self.room.input_appended(amount);
                Ok(amount > 0)
            }
            Err(broken) => {
                trail.broken = Some(broken);
                Err(Error::ConnectionFailed)
            }
        }
    }

    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        match self.stream {
            Stream::Plain(_) => false,
            Stream::Tls(_) => true,
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

/// A connector that has its connection already, once.
struct Handover(Mutex<Option<Line>>);

impl Connector for Handover {
    type Out = Line;

    fn connect(&self, _details: &ConnectionDetails<'_>, _chained: Option<()>) -> Result<Option<Line>, Error> {
        Ok(lock(&self.0).take())
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handover")
    }
}

/// A resolver with nothing left to do.
#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(
        &self,
        _uri: &ureq::http::Uri,
        _config: &ureq::config::Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Room for one request, all of it at once, and for an answer as it comes.
struct Room {
    output: Vec<u8>,
    input: Vec<u8>,
    used: usize,
    filled: usize,
    progressed: bool,
}

impl Buffers for Room {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.used..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.input.copy_within(self.used..self.filled, 0);
        self.filled -= self.used;
        self.used = 0;
        if self.filled == self.input.len() {
            self.input.resize((self.filled * 2).clamp(FIRST_ROOM, WHOLE_ROOM), 0);
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
