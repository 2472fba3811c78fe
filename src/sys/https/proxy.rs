//! A tunnel through an HTTP proxy: CONNECT, and nothing else.
//!
//! Does not read proxies from the environment, and answers no challenge: it sends credentials at once or never.

use std::io::{self, Read, Write};

use super::failed;
use super::tcp::{Phase, Tcp, describe};
use crate::wire::dyndns2::{Failed, Failure};

/// Where a proxy listens. No Debug: it contains a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyServer {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Value of `Proxy-Authorization`, e.g. `Basic` and base64. Secret: never printed.
    pub authorization: Option<String>,
}

/// Bytes to read of the proxy's response.
const ANSWER_LIMIT: usize = 8 * 1024;

/// Requests a tunnel to `host` (in the form of a URL) and `port` over a connection to the proxy.
pub(super) fn tunnel(tcp: &mut Tcp, proxy: &ProxyServer, host: &str, port: u16) -> Result<(), Failed> {
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some(authorization) = &proxy.authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    tcp.write_all(request.as_bytes()).map_err(|e| broken(tcp, proxy, &e))?;

    let mut answer = Vec::new();
    let mut piece = [0; 512];
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < ANSWER_LIMIT {
        match tcp.read(&mut piece).map_err(|e| broken(tcp, proxy, &e))? {
            0 => break,
            length => answer.extend_from_slice(&piece[..length]),
        }
    }
    match status(&answer) {
        // The server does not speak first, so bytes after the headers are not from it.
        Some([b'2', ..]) if answer.ends_with(b"\r\n\r\n") => Ok(()),
        Some(b"407") if proxy.authorization.is_some() => {
            Err(problem(proxy, "rejected the credentials (407)"))
        }
        Some(b"407") => Err(problem(proxy, "requires credentials (407)")),
        Some([first @ b'3'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9']) => {
            let code: String = [first, second, third].map(|digit| char::from(*digit)).iter().collect();
            Err(problem(proxy, &format!("rejected a connection to {host}:{port} ({code})")))
        }
        Some(_) | None if answer.is_empty() => Err(problem(proxy, "closed the connection")),
        Some(_) | None => Err(problem(proxy, "does not answer as an HTTP proxy")),
    }
}

/// The three digits of a status line.
fn status(answer: &[u8]) -> Option<&[u8]> {
    let rest = answer.strip_prefix(b"HTTP/1.0 ").or_else(|| answer.strip_prefix(b"HTTP/1.1 "))?;
    let code = rest.get(..3)?;
    matches!(rest.get(3), Some(b' ' | b'\r')).then_some(code)
}

/// Any failure of the connection to the proxy counts as a proxy failure.
pub(super) fn as_proxy_failure(proxy: &ProxyServer, failed: Failed) -> Failed {
    match failed.failure {
        Failure::Dns | Failure::Connect => problem(proxy, &format!("cannot be reached: {}", failed.detail)),
        Failure::NotTls
        | Failure::Tls
        | Failure::Clock
        | Failure::Timeout
        | Failure::Proxy
        | Failure::NotHttp => failed,
    }
}

#[allow(clippy::wildcard_enum_match_arm)] // std's enum grows
fn broken(tcp: &Tcp, proxy: &ProxyServer, error: &io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::TimedOut => tcp.deadline.missed(Phase::Proxy),
        _ => problem(proxy, &describe(error, None)),
    }
}

fn problem(proxy: &ProxyServer, what: &str) -> Failed {
    failed(Failure::Proxy, format!("the proxy {}:{} {what}", proxy.host, proxy.port))
}
