//! No-IP's update protocol (dyndns2): a request to bytes, an answer to one [`Reply`] per host.
//!
//! Does not decide what a reply means for the next attempt (policy::settle), and opens no connection (sys::https).
//! Source: No-IP, "Dynamic DNS Update API" (request, response codes).

/// One update request, ready to be sent: nothing in it needs escaping any more.
#[derive(Clone)]
pub struct Request {
    /// Path and query, as it stands in the request line.
    pub target: String,
    /// Value of `Authorization`. Secret: never printed.
    pub authorization: String,
    /// Value of `User-Agent`.
    pub user_agent: String,
}

/// What came back over HTTP, before anyone looks at the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// Value of `Retry-After`, if it was there and printable.
    pub retry_after: Option<String>,
    /// At most [`BODY_LIMIT`] bytes of the body.
    pub body: Vec<u8>,
    /// The body went on after [`BODY_LIMIT`].
    pub too_long: bool,
}

/// Bytes of the answer's body that are read (contract section 3).
pub const BODY_LIMIT: usize = 4096;
/// Bytes of the answer's headers that are read (contract section 3).
pub const HEADER_LIMIT: usize = 16 * 1024;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server's name could not be resolved.
    Dns,
    /// No route, refused, unreachable, or the connection was cut before the request was sent.
    Connect,
    /// TLS failed, for any reason but [`Failure::Clock`].
    Tls,
    /// The certificate is not yet valid: the clock is not set yet.
    Clock,
    /// The time for the whole request ran out.
    Timeout,
    /// The proxy could not be reached or refused.
    Proxy,
    /// What came back is not HTTP, or its headers are over [`HEADER_LIMIT`].
    NotHttp,
}

/// A request that got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Which step failed.
    pub failure: Failure,
    /// Whether bytes of the request had left, so that the server may have acted on it.
    pub sent: bool,
    /// The cause for a person, e.g. `connection refused`. No secret, no Debug text, lower case, no final period.
    pub detail: String,
}
