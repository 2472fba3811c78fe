//! What the server does with one connection or one request. No sockets here, and no text: see `behaviour_text`.

use std::time::Duration;

use crate::certificate::CertKind;

/// One entry of the script, or the default.
///
/// When an entry is used up: those that act before a request can be read ([`Behaviour::at_accept`]) are taken when a
/// connection is accepted, all others when a well-formed request has been read. An entry stays at the head of the
/// queue until its moment comes; while the head waits for the other moment, the default applies. A connection whose
/// handshake fails and a request with faults use up nothing but what was taken at accept.
///
/// Everything that carries the normal answer, or would (cut, hang, drip, delay, chunked, unframed), registers the
/// addresses: the server did its work, only the answer suffers. A canned answer registers nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// As No-IP answers.
    Normal,
    /// Status 200 with this body.
    Body(String),
    /// This status, with these headers besides Content-Length, and this body.
    Reply {
        /// The status code.
        status: u16,
        /// Name and value, in order.
        headers: Vec<(String, String)>,
        /// The body, as it is.
        body: String,
    },
    /// Status 200 with one line for each of these.
    Words(Vec<String>),
    /// This status with an empty body.
    Status(u16),
    /// Status 429 with this Retry-After: seconds, or an HTTP date.
    TooManyRequests(String),
    /// Status 302 to this location.
    Redirect(String),
    /// Waits, then does the inner one.
    Delay(Duration, Box<Behaviour>),
    /// Ends the connection after so many bytes of the HTTP answer, without TLS close_notify.
    CutAfter(usize, Cut, Box<Behaviour>),
    /// Ends the connection when it is accepted.
    CutBeforeHandshake(Cut),
    /// Ends the connection when the request has been read: the same as cutting the answer at byte 0.
    CutAfterRequest(Cut),
    /// Says nothing more from this point on, and keeps the connection open.
    Hang(Stage),
    /// Sends the inner answer byte by byte, with this pause after each.
    SlowDrip(Duration, Box<Behaviour>),
    /// Status 200 with a body of so many bytes.
    HugeBody(u64),
    /// A header section of so many bytes, that then ends; `None`: it never ends.
    HugeHeaders(Option<u64>),
    /// The inner answer in chunks of HTTP/1.1.
    Chunked(Box<Behaviour>),
    /// A chunked answer whose second chunk has no valid length.
    BadChunks,
    /// The inner answer without a length: the end of the connection is its end.
    Unframed(Box<Behaviour>),
    /// Bytes that are no TLS, in place of the handshake; on a plain listener, in place of any answer.
    Garbage,
    /// Bytes that are no HTTP, as the answer.
    GarbageHttp,
    /// Exactly these bytes as the answer, and then the end of the connection.
    Raw(String),
    /// The first bytes, and then the second ones again and again without end.
    Flood(String, String),
    /// A ServerHello that a client must not go on with, and silence.
    Hello(Hello),
    /// This connection shows another certificate. Its requests take entries of their own.
    Certificate(CertKind),
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// An orderly end of the TCP stream.
    Fin,
    /// A reset. What the kernel has not sent yet is lost: exact on a loopback, not over a slow line.
    Rst,
}

/// What a ServerHello offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hello {
    /// TLS 1.0, the only version that this server would have.
    Tls10,
    /// TLS 1.2 with the mark of a server that has TLS 1.3: somebody took that out of the client's offer on the way
    /// (RFC 8446, 4.1.3).
    Downgrade,
}

/// Where a hanging server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// After accept: no ServerHello comes.
    Accept,
    /// After the handshake: the request is not read.
    Handshake,
    /// After the request: no answer comes.
    Request,
    /// After half of the normal answer's bytes.
    Half,
}

impl Behaviour {
    /// Whether this one is taken when a connection is accepted, rather than when a request was read.
    #[must_use]
    pub fn at_accept(&self) -> bool {
        match self {
            Self::Garbage | Self::CutBeforeHandshake(_) | Self::Hello(_) | Self::Certificate(_) => true,
            Self::Hang(stage) => matches!(stage, Stage::Accept | Stage::Handshake),
            Self::Delay(_, inner) => inner.at_accept(),
            Self::Normal
            | Self::Body(_)
            | Self::Reply { .. }
            | Self::Words(_)
            | Self::Status(_)
            | Self::TooManyRequests(_)
            | Self::Redirect(_)
            | Self::CutAfter(..)
            | Self::CutAfterRequest(_)
            | Self::SlowDrip(..)
            | Self::HugeBody(_)
            | Self::HugeHeaders(_)
            | Self::Chunked(_)
            | Self::BadChunks
            | Self::Unframed(_)
            | Self::GarbageHttp
            | Self::Raw(_)
            | Self::Flood(..) => false,
        }
    }

    /// Whether the addresses in the request are registered: the answer is the normal one, however it travels.
    #[must_use]
    pub fn registers(&self) -> bool {
        match self {
            Self::Normal | Self::CutAfterRequest(_) | Self::Hang(Stage::Request | Stage::Half) => true,
            Self::Delay(_, inner)
            | Self::CutAfter(_, _, inner)
            | Self::SlowDrip(_, inner)
            | Self::Chunked(inner)
            | Self::Unframed(inner) => inner.registers(),
            Self::Body(_)
            | Self::Reply { .. }
            | Self::Words(_)
            | Self::Status(_)
            | Self::TooManyRequests(_)
            | Self::Redirect(_)
            | Self::CutBeforeHandshake(_)
            | Self::Hang(Stage::Accept | Stage::Handshake)
            | Self::HugeBody(_)
            | Self::HugeHeaders(_)
            | Self::BadChunks
            | Self::Garbage
            | Self::GarbageHttp
            | Self::Raw(_)
            | Self::Flood(..)
            | Self::Hello(_)
            | Self::Certificate(_) => false,
        }
    }
}
