//! How the server handles a connection or a request. No sockets here, and no text form: see `behaviour_text`.

use std::time::Duration;

use crate::certificate::CertKind;

/// One entry of the script, or the default.
///
/// When an entry is used up: entries that act before a request can be read ([`Behaviour::at_accept`]) are taken when
/// the server accepts a connection, all others when it has read a well-formed request. An entry stays at the head of
/// the queue until its moment comes; while the head waits for the other moment, the default applies. A connection with
/// a failed handshake or a request with faults uses up nothing except what was taken at accept.
///
/// Everything that sends the normal response, or would send it (cut, hang, drip, delay, chunked, unframed), registers
/// the addresses: the server did its work, and only the response is damaged. A canned response registers nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Responds like No-IP.
    Normal,
    /// Status 200 with this body.
    Body(String),
    /// This status, with these headers besides Content-Length, and this body.
    Reply {
        /// The status code.
        status: u16,
        /// Name and value, in order.
        headers: Vec<(String, String)>,
        /// The body, unchanged.
        body: String,
    },
    /// Status 200 with these lines.
    Words(Vec<String>),
    /// This status with an empty body.
    Status(u16),
    /// Status 429 with this Retry-After: seconds, or an HTTP date.
    TooManyRequests(String),
    /// Status 302 to this location.
    Redirect(String),
    /// Waits, then does the inner behaviour.
    Delay(Duration, Box<Behaviour>),
    /// Ends the connection after so many bytes of the HTTP response, without TLS close_notify.
    CutAfter(usize, Cut, Box<Behaviour>),
    /// Ends the connection on accept.
    CutBeforeHandshake(Cut),
    /// Ends the connection after reading the request: the same as cutting the response at byte 0.
    CutAfterRequest(Cut),
    /// Sends nothing more from this point on, and keeps the connection open.
    Hang(Stage),
    /// Sends the inner response byte by byte, with this pause after each.
    SlowDrip(Duration, Box<Behaviour>),
    /// Status 200 with a body of so many bytes.
    HugeBody(u64),
    /// A header section of so many bytes; `None`: endless.
    HugeHeaders(Option<u64>),
    /// The inner response in HTTP/1.1 chunks.
    Chunked(Box<Behaviour>),
    /// A chunked response whose second chunk has an invalid length.
    BadChunks,
    /// The inner response without a length: it ends with the connection.
    Unframed(Box<Behaviour>),
    /// Bytes that are not TLS, instead of the handshake; on a plain listener, instead of any response.
    Garbage,
    /// Bytes that are not HTTP, as the response.
    GarbageHttp,
    /// Exactly these bytes as the response, then the end of the connection.
    Raw(String),
    /// The first bytes, then the second ones repeated endlessly.
    Flood(String, String),
    /// A ServerHello that a client must not accept, then silence.
    Hello(Hello),
    /// This connection presents another certificate. Its requests take separate entries.
    Certificate(CertKind),
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// An orderly end of the TCP stream.
    Fin,
    /// A reset. Data that the kernel has not sent yet is lost: exact on a loopback, but not over a slow line.
    Rst,
}

/// What a ServerHello offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hello {
    /// TLS 1.0, as if the server supported nothing else.
    Tls10,
    /// TLS 1.2 with the mark of a server that supports TLS 1.3: an attacker removed 1.3 from the client's offer (RFC
    /// 8446, 4.1.3).
    Downgrade,
}

/// Where a hanging server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// After accept: sends no ServerHello.
    Accept,
    /// After the handshake: does not read the request.
    Handshake,
    /// After the request: sends no response.
    Request,
    /// After half of the normal response's bytes.
    Half,
}

impl Behaviour {
    /// Whether it is taken when the server accepts a connection, and not when it has read a request.
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

    /// Whether the addresses in the request are registered: the response is the normal one, even if it arrives damaged.
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
