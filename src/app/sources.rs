//! Addresses that no interface has: asked of a web page or of a script, for a router behind another NAT.
//!
//! Asks each page and script at most once in its check_interval, and not at all while a stop or a server's wait holds.
//! What is learnt is kept with the state of this boot; observe looks it up.

use super::World;
use super::observe::{Sighting, combine};
use super::pass::Pass;
use crate::policy::address::{self, Family, Rule, WhyAbsent, WhyUnknown};
use crate::policy::config::{Service, Source, Url};
use crate::policy::decide::Lack;
use crate::policy::record::{Book, Learnt};
use crate::policy::time::{Boot, Now};
use crate::sys::https::Route;
use crate::sys::process::{self, RunError};
use crate::wire::nic::{Answer, Request};
use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

/// Bytes that a script may print.
const SCRIPT_OUTPUT: usize = 4096;
/// The directories that a script finds programs in.
const SCRIPT_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Asks every page and script whose time has come.
pub(super) fn refresh(pass: &mut Pass<'_>, world: &mut World<'_>, now: &Now) {
    for service in pass.services.clone() {
        if next_of(pass, service, now).is_none() {
            continue;
        }
        for key in keys(service) {
            if next_check(service, pass.book.learnt(key), now) <= now.floor() {
                let found = match &service.source {
                    Source::Script(script) => run(world, service, script),
                    Source::Web { url, url6 } => {
                        let url = url.iter().chain(url6).find(|url| url.text == key);
                        url.map_or(Ok(Vec::new()), |url| fetch(pass, world, service, url))
                    }
                    Source::Interface => continue,
                };
                log::debug!("{}: asked {key}", service.name);
                let (source, at) = (key.to_owned(), world.now().ceil());
                pass.book.learn(Learnt { source, at, found });
            }
        }
    }
}

/// What the sources of a service are kept under: their URLs or the script's path.
fn keys(service: &Service) -> Vec<&str> {
    match &service.source {
        Source::Interface => Vec::new(),
        Source::Script(script) => vec![script],
        Source::Web { url, url6 } => {
            let wanted = url.iter().filter(|_| service.family.v4());
            wanted.chain(url6.iter().filter(|_| service.family.v6())).map(|url| url.text.as_str()).collect()
        }
    }
}

/// When a source may be asked again.
fn next_check(service: &Service, learnt: Option<&Learnt>, now: &Now) -> Boot {
    learnt.map_or(now.floor(), |learnt| learnt.at.plus(service.check_interval))
}

/// When a source of this service is asked next; None: it has none, or nothing is to be asked.
pub(super) fn next_of(pass: &Pass<'_>, service: &Service, now: &Now) -> Option<Boot> {
    let keys = keys(service);
    let asks = pass.enabled && service.enabled && !service.offline;
    if keys.is_empty() || !asks || pass.is_held(service, now) {
        return None;
    }
    keys.into_iter().map(|key| next_check(service, pass.book.learnt(key), now)).min()
}

/// What the sources of a service told last, as an interface's addresses would be seen.
pub(super) fn sight(service: &Service, book: &Book) -> Sighting {
    if !service.enabled || service.offline {
        return Sighting::default();
    }
    let (key4, key6) = match &service.source {
        Source::Interface => (None, None),
        Source::Script(script) => (Some(script), Some(script)),
        Source::Web { url, url6 } => (url.as_ref().map(|u| &u.text), url6.as_ref().map(|u| &u.text)),
    };
    let rule = Rule { allow_private: service.allow_private };
    let ipv4 = told(key4, Family::Ipv4, rule, book, |ip| match ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    });
    let ipv6 = told(key6, Family::Ipv6, rule, book, |ip| match ip {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => Some(ip),
    });
    Sighting { addresses: combine(service, ipv4, ipv6), ..Sighting::default() }
}

/// The first address of one family that a source told, or why there is none.
fn told<T: Copy + Into<IpAddr>>(
    key: Option<&String>,
    family: Family,
    rule: Rule,
    book: &Book,
    of_family: impl Fn(IpAddr) -> Option<T>,
) -> Result<T, Option<Lack>> {
    let key = key.ok_or_else(|| {
        let option = if family == Family::Ipv4 { "source_url" } else { "source_url6" };
        Lack::Absent(format!("option {option} is not set, so nobody is asked for this family's address"))
    })?;
    let unknown = |why: &str| Lack::Unknown(WhyUnknown::Source(why.to_owned()).explain(key));
    let learnt = book.learnt(key).ok_or_else(|| unknown("it has not been asked yet, a run asks it"))?;
    let addresses = learnt.found.as_ref().map_err(|why| unknown(why))?;
    let found = addresses.iter().find_map(|ip| of_family(*ip));
    let ip = found.ok_or_else(|| Lack::Absent(WhyAbsent::NoAddress(family).explain(key)))?;
    address::sendable(ip.into(), rule).map_err(|why| Lack::Private(why.explain(key)))?;
    Ok(ip)
}

/// The page's body, which must be one address and nothing else.
fn fetch(
    pass: &mut Pass<'_>,
    world: &mut World<'_>,
    service: &Service,
    url: &Url,
) -> Result<Vec<IpAddr>, String> {
    let ca_name = super::deliver::ca_bundle(service);
    let ca_file = world.root.path(ca_name);
    let proxy = service.endpoint.proxy.as_ref().map(super::deliver::proxy);
    let route = Route {
        server: &url.host,
        port: url.port,
        tls: url.tls,
        ca_file: &ca_file,
        ca_name,
        timeout: Duration::from_secs(service.endpoint.timeout),
        device: None,
        proxy: proxy.as_ref(),
    };
    let request = Request {
        target: url.path.clone(),
        authorization: None,
        user_agent: pass.user_agent(&world.root).to_owned(),
    };
    match world.transport.exchange(&route, &request) {
        Ok(answer) => one_address(&answer).map(|ip| vec![ip]),
        Err(failed) => Err(failed.detail),
    }
}

fn one_address(answer: &Answer) -> Result<IpAddr, String> {
    if answer.status != 200 {
        return Err(format!("it answered with HTTP {}", answer.status));
    }
    let text = std::str::from_utf8(&answer.body).ok().filter(|_| !answer.too_long);
    let address = text.and_then(|text| text.trim().parse().ok());
    address.ok_or_else(|| "its answer is not an address and nothing else".to_owned())
}

/// A script's addresses, one a line. No shell, and no environment but PATH and the service's name.
fn run(world: &World<'_>, service: &Service, script: &str) -> Result<Vec<IpAddr>, String> {
    let seconds = service.endpoint.timeout;
    let mut command = Command::new(world.root.path(script));
    command.env_clear().env("PATH", SCRIPT_PATH).env("SERVICE", &service.name);
    let output = match process::run(&mut command, Duration::from_secs(seconds), SCRIPT_OUTPUT) {
        Ok(output) => output,
        Err(RunError::Start(error)) => return Err(format!("it could not be started: {error}")),
        Err(RunError::Deadline) => return Err(format!("it took longer than {seconds} s")),
        Err(RunError::TooMuch) => return Err(format!("it printed more than {SCRIPT_OUTPUT} bytes")),
    };
    if !output.status.success() {
        return Err(match output.status.code() {
            Some(code) => format!("it ended with status {code}"),
            None => "it was killed".to_owned(),
        });
    }
    let text = String::from_utf8(output.stdout).map_err(|_| "it did not print text".to_owned())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let addresses: Result<Vec<IpAddr>, _> = lines.map(str::parse).collect();
    addresses.map_err(|_| "it printed a line that is not an address".to_owned())
}
