//! One HTTP/1.1 request and its answer over a connection that is already open, by ureq-proto.
//!
//! ureq-proto is ureq's protocol engine: it writes requests and reads answers, from buffer to buffer. What ureq puts
//! around it (agent, pool, middleware, connectors) is left out: connecting, proxies and TLS are done next door.
//! Does not connect, follow, retry, pool, log in or decompress.

use std::io::{self, Read, Write};

use ureq_proto::BodyMode;
use ureq_proto::client::state::{RecvBody, RecvResponse};
use ureq_proto::client::{Call, RecvResponseResult, SendRequestResult, header_raw};
use ureq_proto::http;
use ureq_proto::http::header::{HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use ureq_proto::http::uri::PathAndQuery;

use super::explain::{Stage, cut, tls_failed};
use super::tcp::{Phase, Tcp};
use super::tls::{Broken, Tls};
use super::{Route, bracketed, failed};
use crate::wire::dyndns2::{ANSWER_LIMIT, Answer, BODY_LIMIT, Failed, Failure, HEADER_LIMIT, Request};

/// An open connection, with or without TLS.
pub(super) enum Stream {
    Plain(Tcp),
    Tls(Box<Tls>),
}

pub(super) fn exchange(stream: Stream, route: &Route<'_>, request: &Request) -> Result<Answer, Failed> {
    let mut line = Line { stream, route, received: 0, input: Vec::new() };
    let (call, text) = written(route, request)
        .ok_or_else(|| failed(Failure::NotHttp, "the request cannot be written as HTTP".into()))?;
    let mut sent = false;
    let sending = line.stream.send(&text, &mut sent).map_err(|e| line.broken(&Broken::Cut(e)));
    sending.and_then(|()| read(call, &mut line)).map_err(|failed| Failed { sent, ..failed })
}

/// The whole request in one piece. None if something in it has no place in HTTP.
fn written(route: &Route<'_>, request: &Request) -> Option<(Call<RecvResponse>, Vec<u8>)> {
    let mut host = bracketed(route.server).into_owned();
    if route.port != if route.tls { 443 } else { 80 } {
        host.push_str(&format!(":{}", route.port));
    }
    let mut asked = http::Request::get(PathAndQuery::try_from(request.target.as_str()).ok()?);
    let login = request.authorization.as_deref();
    let headers =
        [("Host", Some(&*host)), ("Authorization", login), ("User-Agent", Some(&request.user_agent))];
    for (name, value) in headers {
        if let Some(value) = value {
            asked = header_raw(asked, name, value.as_bytes());
        }
    }
    let mut call = Call::new(asked.body(()).ok()?).ok()?.proceed();

    let mut text = vec![
        0;
        FIXED_TEXT
            + request.target.len()
            + headers.iter().filter_map(|h| h.1).map(str::len).sum::<usize>()
    ];
    let length = call.write(&mut text).ok()?;
    text.truncate(length);
    match call.proceed() {
        Ok(Some(SendRequestResult::RecvResponse(call))) => Some((call, text)),
        Ok(None | Some(SendRequestResult::Await100(_) | SendRequestResult::SendBody(_))) | Err(_) => None,
    }
}

/// `GET`, the version, the names of the headers and the line ends: 64 bytes, and some to spare.
const FIXED_TEXT: usize = 96;

fn read(mut call: Call<RecvResponse>, line: &mut Line<'_>) -> Result<Answer, Failed> {
    let response = loop {
        let (used, response) = call.try_response(&line.input, false).map_err(|_| not_http())?;
        let head = if response.is_some() { used } else { line.input.len() };
        if head > HEADER_LIMIT {
            return Err(failed(Failure::NotHttp, "the headers of the answer are over 16 KiB".into()));
        }
        line.input.drain(..used);
        match response {
            Some(response) => break response,
            // 100 Continue or its like, and perhaps the answer right behind it.
            None if used > 0 => {}
            None if line.more()? => {}
            None => return Err(line.closed()),
        }
    };
    let mut body = match call.proceed() {
        Some(RecvResponseResult::RecvBody(call)) => read_body(call, line)?,
        Some(RecvResponseResult::Redirect(_) | RecvResponseResult::Cleanup(_)) | None => Vec::new(),
    };
    let too_long = body.len() > BODY_LIMIT;
    body.truncate(BODY_LIMIT);
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_string);
    let asks_basic = asks_basic(response.headers());
    let verified = matches!(line.stream, Stream::Tls(_));
    Ok(Answer { status: response.status().as_u16(), retry_after, body, too_long, verified, asks_basic })
}

/// Whether one of the challenges has the scheme Basic (RFC 9110, 11.6.1).
fn asks_basic(headers: &HeaderMap) -> bool {
    let challenges =
        headers.get_all(WWW_AUTHENTICATE).iter().flat_map(|v| v.as_bytes().split(|b| *b == b','));
    challenges
        .filter_map(|c| c.trim_ascii().split(|b| *b == b' ').next())
        .any(|s| s.eq_ignore_ascii_case(b"basic"))
}

/// The body, or more of it than [`BODY_LIMIT`].
fn read_body(mut call: Call<RecvBody>, line: &mut Line<'_>) -> Result<Vec<u8>, Failed> {
    let until_closed = call.body_mode() == BodyMode::CloseDelimited;
    let mut body = Vec::new();
    let mut piece = [0; 256];
    while body.len() <= BODY_LIMIT && (until_closed || !call.can_proceed()) {
        let (used, got) = call.read(&line.input, &mut piece).map_err(|_| not_http())?;
        line.input.drain(..used);
        body.extend_from_slice(&piece[..got]);
        if used > 0 || line.more()? {
            continue;
        }
        // Some servers leave out the empty line behind the last chunk.
        if until_closed || call.is_ended_chunked() {
            break;
        }
        return Err(line.closed());
    }
    Ok(body)
}

fn not_http() -> Failed {
    failed(Failure::NotHttp, "the answer is not HTTP".into())
}

/// The open connection, and what has come over it and is not used yet.
struct Line<'a> {
    stream: Stream,
    route: &'a Route<'a>,
    received: usize,
    input: Vec<u8>,
}

/// Bytes that are read at a time; No-IP's whole answers are a few hundred.
const PIECE: usize = 1024;
/// No line of HTTP in an answer that can be meant for us is longer.
const MOST_INPUT: usize = HEADER_LIMIT + BODY_LIMIT;

impl Line<'_> {
    /// Waits for more input. False if the server has ended the connection properly.
    fn more(&mut self) -> Result<bool, Failed> {
        let before = self.input.len();
        if before > MOST_INPUT {
            return Err(not_http());
        }
        if before == 0 {
            self.input = vec![0; PIECE]; // calloc, where resize writes byte by byte
        } else {
            self.input.resize(before + PIECE, 0);
        }
        let received =
            self.stream.receive(&mut self.input[before..]).map_err(|broken| self.broken(&broken))?;
        self.input.truncate(before + received);
        self.received += received;
        if self.received > ANSWER_LIMIT {
            return Err(failed(Failure::NotHttp, "the answer is over 64 KiB".into()));
        }
        Ok(received > 0)
    }

    fn broken(&self, broken: &Broken) -> Failed {
        match broken {
            Broken::Cut(error) => cut(self.stream.tcp().deadline, error, Phase::Answer),
            Broken::Tls(error) => tls_failed(error, self.route, Stage::Open),
        }
    }

    /// The end of a connection came too early.
    fn closed(&self) -> Failed {
        self.broken(&Broken::Cut(io::ErrorKind::UnexpectedEof.into()))
    }
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
