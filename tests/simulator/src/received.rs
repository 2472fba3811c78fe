//! The received requests, for tests and for the log.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::credentials::Secret;
use crate::json::Object;

/// Whether a request's credentials were right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// They belong to an account.
    Ok,
    /// They do not, or are not Basic.
    Wrong,
    /// There was no Authorization header.
    Missing,
}

impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Wrong => "wrong",
            Self::Missing => "missing",
        })
    }
}

/// The negotiated TLS parameters of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// `1.2` or `1.3`.
    pub version: &'static str,
    /// The cipher suite, by rustls's name.
    pub cipher: String,
    /// The server name that the client sent.
    pub sni: Option<String>,
}

/// One request. `Debug` prints the line of the log. Neither contains a password.
#[derive(Clone)]
pub struct Received {
    /// Every byte as received, except that `[ok]` or `[wrong]` replaces the value of Authorization.
    pub raw: Vec<u8>,
    /// The index of the listener, from 0.
    pub listener: usize,
    /// The index of the connection, from 0: requests with the same number shared one.
    pub connection: usize,
    /// `None` on a plain listener.
    pub tls: Option<TlsFacts>,
    /// The client's address.
    pub peer: SocketAddr,
    /// When its last byte arrived, since the start of the simulator.
    pub at: Duration,
    /// As written.
    pub method: String,
    /// As written.
    pub path: String,
    /// In order, percent-decoded.
    pub query: Vec<(String, String)>,
    /// In order, names as written.
    pub headers: Vec<(String, String)>,
    /// `hostname`, split at commas.
    pub hostnames: Vec<String>,
    /// As written.
    pub myip: Option<String>,
    /// The username in Authorization, with `%3A` decoded.
    pub username: Option<String>,
    /// As written.
    pub user_agent: Option<String>,
    /// Whether the credentials were right.
    pub authorization: Authorization,
    /// Everything wrong with the request.
    pub faults: Vec<String>,
    /// The behaviour that responds to it, in its text form.
    pub behaviour: String,
    /// The body of No-IP's normal response, without the last end of line; empty if a canned response replaces it.
    pub answer: String,
    pub(crate) secret: Secret,
}

impl Received {
    /// Whether Authorization is, byte for byte, the Basic encoding of these credentials. A colon in the username counts
    /// as `%3A`.
    #[must_use]
    pub fn authorization_is(&self, username: &str, password: &str) -> bool {
        self.secret.is(username, password)
    }

    /// The value of the first header with that name, ignoring case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first line, as received.
    #[must_use]
    pub fn request_line(&self) -> String {
        let line = self.raw.split(|byte| *byte == b'\n').next().unwrap_or_default();
        String::from_utf8_lossy(line).trim_end_matches('\r').to_owned()
    }

    /// One line of JSON without its end.
    #[must_use]
    pub fn json(&self) -> String {
        let tls = self.tls.as_ref();
        Object::new()
            .text("event", "request")
            .raw("time", &format!("{:.3}", self.at.as_secs_f64()))
            .raw("listener", &self.listener.to_string())
            .raw("connection", &self.connection.to_string())
            .text("peer", &self.peer.to_string())
            .raw("tls", if tls.is_some() { "true" } else { "false" })
            .maybe("tls_version", tls.map(|tls| tls.version))
            .maybe("cipher", tls.map(|tls| tls.cipher.as_str()))
            .maybe("sni", tls.and_then(|tls| tls.sni.as_deref()))
            .text("method", &self.method)
            .text("path", &self.path)
            .pairs("query", &self.query)
            .texts("hostnames", &self.hostnames)
            .maybe("myip", self.myip.as_deref())
            .maybe("username", self.username.as_deref())
            .maybe("user_agent", self.user_agent.as_deref())
            .text("authorization", &self.authorization.to_string())
            .texts("faults", &self.faults)
            .text("behaviour", &self.behaviour)
            .text("answer", &self.answer)
            .text("raw", &String::from_utf8_lossy(&self.raw))
            .end()
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json())
    }
}
