//! The bytes of responses, valid and invalid. No sockets here.

use crate::behaviour::Behaviour;

/// How a client recognises the end of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    Connection,
}

/// A response that is not bytes yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// The bytes to send: a start, then possibly many repetitions of a block.
pub(crate) struct Bytes {
    pub(crate) first: Vec<u8>,
    pub(crate) block: Vec<u8>,
    /// How many bytes of repeated blocks follow; `None`: endless.
    pub(crate) repeated: Option<u64>,
    /// What follows the blocks.
    pub(crate) last: Vec<u8>,
    /// Whether the connection must end after it.
    pub(crate) ends: bool,
}

const BLOCK: usize = 64 * 1024;

impl Answer {
    pub(crate) fn text(status: u16, body: String) -> Self {
        let mut headers = Vec::new();
        if !body.is_empty() {
            headers.push(("Content-Type".to_owned(), "text/plain; charset=UTF-8".to_owned()));
        }
        if status == 401 {
            headers.push(("WWW-Authenticate".to_owned(), "Basic realm=\"No-IP\"".to_owned()));
        }
        Self { status, headers, body }
    }

    /// No-IP ends every line with CR LF.
    pub(crate) fn lines(status: u16, lines: &[String]) -> Self {
        Self::text(status, lines.iter().map(|line| format!("{line}\r\n")).collect())
    }

    fn head(&self, framing: Option<&str>, close: bool) -> String {
        let mut head =
            format!("HTTP/1.1 {} {}\r\nServer: noip-simulator\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(framing) = framing {
            head.push_str(framing);
            head.push_str("\r\n");
        }
        if close {
            head.push_str("Connection: close\r\n");
        }
        head + "\r\n"
    }

    pub(crate) fn bytes(&self, framing: Framing, close: bool) -> Bytes {
        let first = match framing {
            Framing::Length => {
                self.head(Some(&format!("Content-Length: {}", self.body.len())), close) + &self.body
            }
            Framing::Connection => self.head(None, true) + &self.body,
            Framing::Chunked => {
                let chunks =
                    self.body.split_inclusive('\n').map(|part| format!("{:x}\r\n{part}\r\n", part.len()));
                self.head(Some("Transfer-Encoding: chunked"), close)
                    + &chunks.collect::<String>()
                    + "0\r\n\r\n"
            }
        };
        Bytes::just(first.into_bytes(), close || framing == Framing::Connection)
    }
}

impl Bytes {
    /// All of it, in order; endless if `repeated` is `None`.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let size = self.block.len() as u64;
        let whole = self.repeated.map_or(u64::MAX, |bytes| bytes.checked_div(size).unwrap_or(0));
        let blocks = (0..whole).map(|_| self.block.as_slice());
        let rest = self.repeated.and_then(|bytes| bytes.checked_rem(size)).unwrap_or(0);
        let rest = self.block.get(..usize::try_from(rest).unwrap_or(0)).unwrap_or_default();
        let pieces = std::iter::once(self.first.as_slice()).chain(blocks);
        pieces.chain([rest, self.last.as_slice()]).filter(|piece| !piece.is_empty())
    }

    fn just(first: Vec<u8>, ends: bool) -> Self {
        Self { first, block: Vec::new(), repeated: Some(0), last: Vec::new(), ends }
    }

    fn repeat(first: String, line: &str, repeated: Option<u64>, last: &str, ends: bool) -> Self {
        let block = line.repeat(BLOCK / line.len().max(1)).into_bytes();
        Self { first: first.into_bytes(), block, repeated, last: last.as_bytes().to_vec(), ends }
    }
}

/// The response of a behaviour without an inner one; `normal` is No-IP's response.
pub(crate) fn bytes_of(behaviour: &Behaviour, normal: Answer, framing: Framing, close: bool) -> Bytes {
    let answer = match behaviour {
        Behaviour::Body(body) => Answer::text(200, body.clone()),
        Behaviour::Words(lines) => Answer::lines(200, lines),
        Behaviour::Reply { status, headers, body } => {
            Answer { status: *status, headers: headers.clone(), body: body.clone() }
        }
        Behaviour::Status(status) => Answer::text(*status, String::new()),
        Behaviour::TooManyRequests(after) => header(429, "Retry-After", after),
        Behaviour::Redirect(location) => header(302, "Location", location),
        Behaviour::HugeBody(length) => {
            let head =
                Answer::text(200, "x".to_owned()).head(Some(&format!("Content-Length: {length}")), close);
            return Bytes::repeat(head, "good 203.0.113.7\r\n", Some(*length), "", close);
        }
        Behaviour::HugeHeaders(length) => {
            let first = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n".to_owned();
            // A header of 64 bytes. Lengths are rounded up to a multiple of that.
            let line = format!("X-Filler: {}\r\n", "x".repeat(52));
            let whole = length.map(|length| length.div_ceil(64) * 64);
            return Bytes::repeat(first, &line, whole, "Connection: close\r\n\r\n", true);
        }
        Behaviour::BadChunks => {
            let head = Answer::lines(200, &[]).head(Some("Transfer-Encoding: chunked"), true);
            return Bytes::just((head + "5\r\ngood \r\nzz\r\n203.0.113.7\r\n0\r\n\r\n").into_bytes(), true);
        }
        Behaviour::Raw(text) => return Bytes::just(text.clone().into_bytes(), true),
        Behaviour::Flood(first, again) => return Bytes::repeat(first.clone(), again, None, "", true),
        Behaviour::Garbage | Behaviour::GarbageHttp => return Bytes::just(GARBAGE.to_vec(), true),
        Behaviour::Normal
        | Behaviour::Delay(..)
        | Behaviour::CutAfter(..)
        | Behaviour::CutBeforeHandshake(_)
        | Behaviour::CutAfterRequest(_)
        | Behaviour::Hang(_)
        | Behaviour::SlowDrip(..)
        | Behaviour::Chunked(_)
        | Behaviour::Unframed(_)
        | Behaviour::Hello(_)
        | Behaviour::Certificate(_) => normal,
    };
    answer.bytes(framing, close)
}

/// Neither TLS nor HTTP: contains NUL, a lone CR and invalid UTF-8.
pub(crate) const GARBAGE: &[u8] = b"\x00\xff\xfeSSH-2.0-nothing\rgood 203.0.113.7\x80\r\n\r\n\x00\x00";

fn header(status: u16, name: &str, value: &str) -> Answer {
    Answer { status, headers: vec![(name.to_owned(), value.to_owned())], body: String::new() }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
