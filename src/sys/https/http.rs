//! One HTTP/1.1 request and its answer over a connection that is already open, by ureq.
//!
//! ureq writes the request and reads the response on the given `line`; its other functions are off. The line records what
//! fails on it, because ureq would only pass on a text. Does not connect, follow, retry, pool, log in or decompress.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use ureq::http::Response;
use ureq::http::header::{HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use ureq::{Agent, Body, Error};

use super::explain::{Stage, cut, tls_failed};
use super::line::{Handover, Line, Nowhere, Stream, Trail, lock};
use super::tcp::{Deadline, Phase};
use super::tls::Broken;
use super::{Route, bracketed, failed};
use crate::wire::dyndns2::{ANSWER_LIMIT, Answer, BODY_LIMIT, Failed, Failure, HEADER_LIMIT, Request};

pub(super) fn exchange(stream: Stream, route: &Route<'_>, request: &Request) -> Result<Answer, Failed> {
    let deadline = stream.deadline();
    let (scheme, standard) = if route.tls { ("https", 443) } else { ("http", 80) };
    let mut host = bracketed(route.server).into_owned();
    if route.port != standard {
        host.push_str(&format!(":{}", route.port));
    }
    let login = request.authorization.as_deref();
    let headers =
        [("Host", Some(&*host)), ("Authorization", login), ("User-Agent", Some(&request.user_agent))];
    let values: usize = headers.iter().filter_map(|header| header.1).map(str::len).sum();

    let trail = Arc::new(Mutex::new(Trail::default()));
    let line = Line::new(stream, FIXED_TEXT + request.target.len() + values, trail.clone());
    let mut asked = agent(line).get(format!("{scheme}://{host}{}", request.target));
    for (name, value) in headers {
        if let Some(value) = value {
            asked = asked.header_raw(name, value.as_bytes());
        }
    }
    let answer = asked.call().and_then(|response| Ok(read(response, route.tls)?));
    answer.map_err(|error| {
        let trail = lock(&trail);
        Failed { sent: trail.sent, ..why(&error, &trail, route, deadline) }
    })
}

/// `GET`, the version, the names of the headers and the line ends: 64 bytes, and some to spare.
const FIXED_TEXT: usize = 96;

/// ureq with this one line, and without its automatic functions.
fn agent(line: Line) -> Agent {
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
    Agent::with_parts(config, Handover::of(line), Nowhere)
}

/// The answer, with no more of its body than is needed to see that it is over [`BODY_LIMIT`].
fn read(response: Response<Body>, verified: bool) -> io::Result<Answer> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_string);
    let asks_basic = asks_basic(response.headers());
    let mut rest = response.into_body().into_reader();
    let mut body = Vec::new();
    let mut piece = [0; 256];
    while body.len() <= BODY_LIMIT {
        match rest.read(&mut piece)? {
            0 => break,
            length => body.extend_from_slice(&piece[..length]),
        }
    }
    let too_long = body.len() > BODY_LIMIT;
    body.truncate(BODY_LIMIT);
    Ok(Answer { status, retry_after, body, too_long, verified, asks_basic })
}

/// Whether one of the challenges has the scheme Basic (RFC 9110, 11.6.1).
fn asks_basic(headers: &HeaderMap) -> bool {
    let challenges =
        headers.get_all(WWW_AUTHENTICATE).iter().flat_map(|v| v.as_bytes().split(|b| *b == b','));
    challenges
        .filter_map(|c| c.trim_ascii().split(|b| *b == b' ').next())
        .any(|s| s.eq_ignore_ascii_case(b"basic"))
}

/// Why ureq gave up: what happened on the line, or else what ureq could not parse.
fn why(error: &Error, trail: &Trail, route: &Route<'_>, deadline: Deadline) -> Failed {
    let detail = match &trail.broken {
        Some(Broken::Cut(error)) => return cut(deadline, error, Phase::Answer),
        Some(Broken::Tls(error)) => return tls_failed(error, route, Stage::Open),
        None if !trail.sent => "the request cannot be written as HTTP",
        None if trail.received > ANSWER_LIMIT => "the response is larger than 64 KiB",
        None if matches!(error, Error::LargeResponseHeader(..)) => {
            "the headers of the response are larger than 16 KiB"
        }
        None => "the response is not HTTP",
    };
    failed(Failure::NotHttp, detail.into())
}
