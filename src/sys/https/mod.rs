//! One blocking HTTP(S) exchange: a request out, an answer or one reason why there is none.
//!
//! Does not retry, follow redirects, keep connections or sessions, read the environment, or interpret a response.
//! Floor plan, in the order of an exchange: `roots` opens the CA file, `resolve`, `tcp`, `proxy`, `tls` (with
//! `roots` and `pem` for the chain), `http` (ureq, over the given `line`). Each step returns its own failure; `explain`
//! converts the errors of rustls.
//!
//! An answer counts only when it is whole: all of Content-Length, the last chunk, or else the end of the connection,
//! which over TLS must be a proper one (close_notify). Anything less is a [`Failed`] with `sent`.

mod explain;
mod http;
mod line;
mod pem;
mod proxy;
mod resolve;
mod roots;
mod tcp;
mod tls;

use std::borrow::Cow;
use std::io;
use std::net::Ipv6Addr;
use std::path::Path;
use std::time::Duration;

pub use proxy::ProxyServer;
pub use resolve::look_up;
pub use roots::{CA_BUNDLE, CaProblem, inspect_ca};

use super::sandbox;
use crate::wire::dyndns2::{Answer, Failed, Failure, Request};
use tcp::{Deadline, Tcp};

/// Where a request goes, and how.
pub struct Route<'a> {
    /// Name or literal address; also the name that the certificate must have.
    pub server: &'a str,
    /// TCP port.
    pub port: u16,
    /// HTTPS; else HTTP in the clear.
    pub tls: bool,
    /// PEM file with the trusted roots, as it is opened (below `--root`).
    pub ca_file: &'a Path,
    /// The same file as messages name it.
    pub ca_name: &'a str,
    /// Everything included, from resolving the name to the last byte of the body.
    pub timeout: Duration,
    /// The network device to send through (SO_BINDTODEVICE).
    pub device: Option<&'a str>,
    /// An HTTP proxy, asked to CONNECT.
    pub proxy: Option<&'a ProxyServer>,
}

/// Carries a request to a server.
pub trait Transport {
    /// One request, one response. Never retries.
    fn exchange(&mut self, route: &Route<'_>, request: &Request) -> Result<Answer, Failed>;

    /// Drops the privileges that this process does not need from its first exchange on.
    ///
    /// # Errors
    /// As [`sandbox::lock_down`]; exchanges still work.
    fn lock_down(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The time for verifying certificates.
#[derive(Clone, Copy, Debug, Default)]
pub enum CertificateClock {
    /// The system's clock.
    #[default]
    System,
    /// Always this time, in Unix seconds: for tests.
    Fixed(u64),
}

/// The real transport.
#[derive(Clone, Copy, Debug, Default)]
pub struct Https {
    /// For certificates only, not for the timeout.
    pub clock: CertificateClock,
}

impl Transport for Https {
    fn lock_down(&mut self) -> io::Result<()> {
        sandbox::lock_down()
    }

    fn exchange(&mut self, route: &Route<'_>, request: &Request) -> Result<Answer, Failed> {
        let roots = match route.tls {
            // Before anything else: without the CA file nothing can be verified, so no server is contacted.
            true => {
                Some(roots::open(route.ca_file).map_err(|p| failed(Failure::Tls, p.explain(route.ca_name)))?)
            }
            false => None,
        };
        let tcp = connect(route, Deadline::after(route.timeout))?;
        let clock = self.clock;
        let converse = move || {
            let stream = match roots {
                Some(roots) => line::Stream::Tls(Box::new(tls::Tls::start(tcp, route, roots, clock)?)),
                None => line::Stream::Plain(tcp),
            };
            http::exchange(stream, route, request)
        };
        converse().map_err(|failed| Failed { connected: true, ..failed })
    }
}

fn connect(route: &Route<'_>, deadline: Deadline) -> Result<Tcp, Failed> {
    let to = |host: &str, port| {
        resolve::resolve(host, port, deadline).and_then(|found| Tcp::connect(&found, route.device, deadline))
    };
    let Some(proxy) = route.proxy else { return to(route.server, route.port) };
    let mut tcp = to(&proxy.host, proxy.port).map_err(|failed| proxy::as_proxy_failure(proxy, failed))?;
    proxy::tunnel(&mut tcp, proxy, &bracketed(route.server), route.port)?;
    Ok(tcp)
}

/// A host in the form of a URL: IPv6 addresses in brackets.
fn bracketed(host: &str) -> Cow<'_, str> {
    match host.parse::<Ipv6Addr>() {
        Ok(_) => Cow::Owned(format!("[{host}]")),
        Err(_) => Cow::Borrowed(host),
    }
}

fn failed(failure: Failure, detail: String) -> Failed {
    Failed { failure, connected: false, sent: false, detail }
}
