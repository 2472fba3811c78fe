//! The network of one process: drops privileges once, before its first exchange, and remembers routes that failed.
//!
//! Does not know what a request contains and does not interpret responses (update does).

use super::hooks::{HostChange, Runner};
use super::{Env, VERSION};
use crate::policy::config::{Proxy, Service};
use crate::policy::fingerprint;
use crate::sys::file::{self, Root};
use crate::sys::https::{self, Route};
use crate::sys::log::log_line;
use crate::sys::machine;
use crate::wire::dyndns2::{self, Answer, Failed, Request};
use std::time::Duration;

/// The server of a request, and its device.
pub(super) struct Destination<'a> {
    pub(super) server: &'a str,
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) bind_device: Option<&'a str>,
}

/// A route's fingerprint, and the device it is bound to.
type RouteKey = (u32, Option<String>);

/// The network of one process.
#[derive(Default)]
pub(super) struct Session {
    user_agent: Option<String>,
    /// The process that runs the hooks, started before this one drops its privileges.
    runner: Option<Runner>,
    is_confined: bool,
    /// Routes that failed before anything was sent.
    failed_routes: Vec<(RouteKey, Failed)>,
}

impl Session {
    /// One exchange for `service`. Drops privileges first: nothing can be started afterwards.
    pub(super) fn exchange(
        &mut self,
        env: &mut Env<'_>,
        service: &Service,
        destination: &Destination<'_>,
        request: &Request,
    ) -> Result<Answer, Failed> {
        self.confine(env);
        let ca_name = ca_bundle(service);
        let ca_file = env.root.path(ca_name);
        let proxy = service.endpoint.proxy.as_ref().map(proxy);
        let route = Route {
            server: destination.server,
            port: destination.port,
            tls: destination.tls,
            ca_file: &ca_file,
            ca_name,
            timeout: Duration::from_secs(service.endpoint.timeout),
            device: destination.bind_device,
            proxy: proxy.as_ref(),
        };
        env.transport.exchange(&route, request)
    }

    /// Drops privileges. Starts the process that runs the hooks first: nothing can be started afterwards.
    fn confine(&mut self, env: &mut Env<'_>) {
        if self.is_confined {
            return;
        }
        self.is_confined = true;
        self.runner = Runner::start(&env.root);
        if let Err(error) = env.transport.lock_down() {
            log_line(log::Level::Debug, format_args!("could not drop all privileges: {error}"));
        }
    }

    /// Hands `changes` to the hooks.
    pub(super) fn run_hooks(&mut self, root: &Root, changes: &[HostChange]) {
        if !changes.is_empty() {
            let runner = if self.is_confined { self.runner.take() } else { Runner::start(root) };
            runner.into_iter().for_each(|runner| runner.report(changes));
        }
    }

    /// How the route of `service` failed in this process, if it did: a hundred services on a dead line must not take a
    /// hundred timeouts.
    pub(super) fn failed_route(&self, service: &Service, bind_device: Option<&str>) -> Option<&Failed> {
        let route = fingerprint::of_route(service);
        let is_known = |(known, device): &RouteKey| *known == route && device.as_deref() == bind_device;
        self.failed_routes.iter().find(|(known, _)| is_known(known)).map(|(_, failed)| failed)
    }

    pub(super) fn note_failed_route(
        &mut self,
        service: &Service,
        bind_device: Option<&str>,
        failed: &Failed,
    ) {
        let route = (fingerprint::of_route(service), bind_device.map(str::to_owned));
        self.failed_routes.push((route, failed.clone()));
    }

    pub(super) fn user_agent(&mut self, root: &Root, contact: &str) -> &str {
        self.user_agent.get_or_insert_with(|| user_agent(root, contact))
    }
}

fn proxy(proxy: &Proxy) -> https::ProxyServer {
    let authorization = proxy.credentials.as_ref().map(|both| {
        let (user, password) = both.reveal().split_once(':').unwrap_or((both.reveal(), ""));
        dyndns2::basic_auth(user, password)
    });
    https::ProxyServer { host: proxy.host.clone(), port: proxy.port, authorization }
}

/// The CA file of a service: its path, and its name in messages.
pub(super) fn ca_bundle(service: &Service) -> &str {
    service.endpoint.cacert.as_deref().unwrap_or(https::CA_BUNDLE)
}

/// The User-Agent that No-IP requires, from the router's model and release.
fn user_agent(root: &Root, contact: &str) -> String {
    // Each byte that is not ASCII becomes one character.
    let ascii = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { '?' };
    let text = |name: &str| file::head(&root.path(name), 4096).iter().map(ascii).collect::<String>();
    let mut model = text("/tmp/sysinfo/model");
    if model.trim().is_empty() {
        model = machine::kind();
    }
    let release = text("/etc/openwrt_release");
    let release = release.lines().find_map(|line| line.trim().strip_prefix("DISTRIB_RELEASE="));
    let release = release.map_or("unknown", |value| value.trim_matches(['\'', '"']));
    dyndns2::user_agent(&model, release, VERSION, contact)
}

/// Redacts each `secret` in `text`.
pub(super) fn redact(text: &mut [u8], secret: &[u8]) {
    let mut at = 0;
    while let Some(rest) = text.get_mut(at..).filter(|rest| !secret.is_empty() && rest.len() >= secret.len())
    {
        if rest.starts_with(secret) {
            rest[..secret.len()].fill(b'*');
            at += secret.len();
        } else {
            at += 1;
        }
    }
}
