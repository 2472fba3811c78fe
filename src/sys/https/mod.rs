//! One blocking HTTP(S) exchange: a request out, an answer or one reason why there is none.
//!
//! Does not try again, follow redirects, keep connections or sessions, read the environment, or judge an answer.
//! Floor plan, in the order of an exchange: `roots` opens the CA file, `resolve`, `tcp`, `proxy`, `tls` (which asks
//! `roots` and `pem` about the chain), `http` (ureq, over the `line` that is handed to it). Each step fails by itself;
//! `explain` words what rustls says.
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

pub use proxy::Proxy;
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
    /// The network device that is sent through (SO_BINDTODEVICE).
    pub device: Option<&'a str>,
    /// An HTTP proxy, asked to CONNECT.
    pub proxy: Option<&'a Proxy>,
}

/// Carries a request to a server.
pub trait Transport {
    /// One request, one answer. Never tries twice.
    fn exchange(&mut self, route: &Route<'_>, request: &Request) -> Result<Answer, Failed>;

    /// Gives up what this process needs no more from its first exchange on.
    ///
    /// # Errors
    /// As [`sandbox::lock_down`]; exchanges go on all the same.
    fn lock_down(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What certificates are held against.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// Always this time, in Unix seconds: for tests.
    Fixed(u64),
}

/// The real transport.
#[derive(Clone, Copy, Debug, Default)]
pub struct Https {
    /// Only certificates look at it; the timeout does not.
    pub clock: Clock,
}

impl Transport for Https {
    fn lock_down(&mut self) -> io::Result<()> {
        sandbox::lock_down()
    }

    fn exchange(&mut self, route: &Route<'_>, request: &Request) -> Result<Answer, Failed> {
        let roots = match route.tls {
            // Before anything else: without it nothing could be trusted, so nobody is bothered.
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
    let mut tcp = to(&proxy.host, proxy.port).map_err(|failed| proxy::on_the_way(proxy, failed))?;
    proxy::tunnel(&mut tcp, proxy, &bracketed(route.server), route.port)?;
    Ok(tcp)
}

/// A host as it stands in a URL: IPv6 addresses in brackets.
fn bracketed(host: &str) -> Cow<'_, str> {
    match host.parse::<Ipv6Addr>() {
        Ok(_) => Cow::Owned(format!("[{host}]")),
        Err(_) => Cow::Borrowed(host),
    }
}

fn failed(failure: Failure, detail: String) -> Failed {
    Failed { failure, connected: false, sent: false, detail }
}
