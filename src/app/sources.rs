//! Addresses that no interface has: asked of a web page or of a script, for a router behind another NAT.
//!
//! Asks each page and script once in its check_interval, and not at all while a stop or a server's wait holds. A failed
//! look backs off as the network does. `--force`, `resume` and events bring the next look forward, once a minute at most.
//! What is learnt is kept with the state of this boot; observe looks it up.

use super::observe::{self, Sighting, combine};
use super::pass::Pass;
use super::{World, places};
use crate::policy::address::{self, Family, Rule, WhyAbsent, WhyUnknown};
use crate::policy::config::{Service, Source, Url};
use crate::policy::decide::Lack;
use crate::policy::record::{Book, Learnt};
use crate::policy::settle;
use crate::policy::time::{Boot, Now};
use crate::sys::https::Route;
use crate::sys::process::{self, Program, RunError};
use crate::sys::script;
use crate::wire::hotplug::{Action, Event};
use crate::wire::nic::{Answer, Request};
use std::net::IpAddr;
use std::time::Duration;

/// Bytes that a script may print.
const SCRIPT_OUTPUT: usize = 4096;

/// Asks every page and script whose time has come.
pub(super) fn refresh(pass: &mut Pass<'_>, world: &mut World<'_>, event: Option<&Event>, now: &Now) {
    let wishes: Vec<&Service> = pass.services.iter().copied().filter(|s| wishes(pass, s, event)).collect();
    look_again(&mut pass.book, &wishes);
    let is_due = |service: &Service| next_of(pass, service, now).is_some_and(|at| at <= now.floor());
    let due: Vec<&Service> = pass.services.iter().copied().filter(|service| is_due(service)).collect();
    // Where the way out is has to be known before the address is, but only for a page, and only with option bind.
    let bound: Vec<&Service> = due.iter().copied().filter(|service| service.endpoint.bind).collect();
    let mut bound = match bound.is_empty() {
        true => Vec::new(),
        false => observe::observe(world, &bound, event, &pass.book),
    }
    .into_iter();
    for service in due {
        let sighting = if service.endpoint.bind { bound.next() } else { None }.unwrap_or_default();
        for asked in all(service) {
            let source = asked.key(service);
            if next_check(service, pass.book.learnt(&source), now) > now.floor() {
                continue;
            }
            let found = match asked {
                Asked::Script(script) => run(world, service, script),
                Asked::Page(url) => fetch(pass, world, service, url, &sighting),
            };
            crate::sys::log::say(log::Level::Debug, format_args!("{}: asked {}", service.name, asked.name()));
            let at = world.now().ceil();
            let before = pass.book.learnt(&source).map_or(0, |learnt| learnt.failures);
            let failures = if found.is_err() { before.saturating_add(1) } else { 0 };
            pass.book.learn(Learnt { source, at, found, failures, again: false });
        }
    }
}

/// Whether this pass was started to look at once. An interface that goes down leads to no page.
fn wishes(pass: &Pass<'_>, service: &Service, event: Option<&Event>) -> bool {
    let forced = pass.ask.force && pass.is_chosen(service);
    forced || event.is_some_and(|event| concerns(service, event))
}

/// Whether an event is a reason to look again for a service.
pub(super) fn concerns(service: &Service, event: &Event) -> bool {
    let gone = matches!(event, Event::Interface { action: Action::Down, .. });
    service.source != Source::Interface && !gone && places::is_ours(event, &[service], Vec::new)
}

/// Brings the next look of each of these services forward.
pub(super) fn look_again(book: &mut Book, services: &[&Service]) {
    for service in services {
        for asked in all(service) {
            book.look_again(&asked.key(service));
        }
    }
}

/// Who is asked for an address.
#[derive(Clone, Copy)]
enum Asked<'s> {
    Page(&'s Url),
    Script(&'s str),
}

impl<'s> Asked<'s> {
    /// As the user knows it.
    fn name(self) -> &'s str {
        match self {
            Asked::Page(url) => &url.text,
            Asked::Script(script) => script,
        }
    }

    /// What the answer is kept under. Services share a page that they ask in the same way; a script is told which
    /// service it is run for, and a page may answer one uplink or proxy so and another otherwise.
    fn key(self, service: &Service) -> String {
        let endpoint = &service.endpoint;
        let shared = matches!(self, Asked::Page(_)) && !endpoint.bind && endpoint.proxy.is_none();
        if shared { self.name().to_owned() } else { format!("{} for {}", self.name(), service.name) }
    }
}

/// Who is asked for a service's addresses of one family.
fn asked(service: &Service, family: Family) -> Option<Asked<'_>> {
    let wanted = match family {
        Family::Ipv4 => service.family.v4(),
        Family::Ipv6 => service.family.v6(),
    };
    match &service.source {
        Source::Interface => None,
        Source::Script(script) => Some(Asked::Script(script)),
        Source::Web { url, url6 } => {
            let url = if family == Family::Ipv4 { url } else { url6 };
            url.as_ref().map(Asked::Page)
        }
    }
    .filter(|_| wanted)
}

/// Everyone who is asked for a service, each once.
fn all(service: &Service) -> Vec<Asked<'_>> {
    let mut all: Vec<Asked<'_>> =
        [Family::Ipv4, Family::Ipv6].into_iter().filter_map(|family| asked(service, family)).collect();
    all.dedup_by_key(|asked| asked.name());
    all
}

/// The names of those who are asked, for `check`.
pub(super) fn names(service: &Service) -> Vec<&str> {
    all(service).into_iter().map(Asked::name).collect()
}

/// When a source may be asked again.
fn next_check(service: &Service, learnt: Option<&Learnt>, now: &Now) -> Boot {
    learnt.map_or(now.floor(), |learnt| settle::next_look(learnt, service.check_interval))
}

/// When a source of this service is asked next; None: it has none, or nothing is to be asked.
pub(super) fn next_of(pass: &Pass<'_>, service: &Service, now: &Now) -> Option<Boot> {
    let asked = all(service);
    let asks = pass.enabled && service.enabled && !service.offline;
    if asked.is_empty() || !asks || pass.is_held(service, now) {
        return None;
    }
    let next = |asked: Asked<'_>| next_check(service, pass.book.learnt(&asked.key(service)), now);
    asked.into_iter().map(next).min()
}

/// What the sources of a service told last, as an interface's addresses would be seen.
pub(super) fn sight(service: &Service, book: &Book) -> Sighting {
    if !service.enabled || service.offline {
        return Sighting::default();
    }
    let ipv4 = told(service, Family::Ipv4, book, |ip| match ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    });
    let ipv6 = told(service, Family::Ipv6, book, |ip| match ip {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => Some(ip),
    });
    Sighting { addresses: combine(service, ipv4, ipv6), ..Sighting::default() }
}

/// The first address of one family that a source told, or why there is none.
fn told<T: Copy + Into<IpAddr>>(
    service: &Service,
    family: Family,
    book: &Book,
    of_family: impl Fn(IpAddr) -> Option<T>,
) -> Result<T, Option<Lack>> {
    let asked = asked(service, family).ok_or_else(|| {
        let option = if family == Family::Ipv4 { "source_url" } else { "source_url6" };
        Lack::Absent(format!("option {option} is not set, so nobody is asked for this family's address"))
    })?;
    let name = asked.name();
    let rule = Rule { allow_private: service.allow_private };
    let unknown = |why: &str| Lack::Unknown(WhyUnknown::Source(why.to_owned()).explain(name));
    let learnt = book.learnt(&asked.key(service));
    let learnt = learnt.ok_or_else(|| unknown("it has not been asked yet, a run asks it"))?;
    let addresses = learnt.found.as_ref().map_err(|why| unknown(why))?;
    let mut refused = None;
    for ip in addresses.iter().filter_map(|ip| of_family(*ip)) {
        match address::sendable(ip.into(), rule) {
            Ok(()) => return Ok(ip),
            Err(why) => refused = refused.or(Some(Lack::Private(why.explain(name)))),
        }
    }
    Err(Some(refused.unwrap_or_else(|| Lack::Absent(WhyAbsent::NoAddress(family).explain(name)))))
}

/// The page's body, which must be one address and nothing else.
fn fetch(
    pass: &mut Pass<'_>,
    world: &mut World<'_>,
    service: &Service,
    url: &Url,
    sighting: &Sighting,
) -> Result<Vec<IpAddr>, String> {
    if let Some(failed) = super::deliver::no_way(service, sighting) {
        return Err(failed.detail);
    }
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
        device: sighting.way.as_deref(),
        proxy: proxy.as_ref(),
    };
    let request = Request {
        target: url.path.clone(),
        authorization: None,
        user_agent: pass.user_agent(&world.root).to_owned(),
    };
    if only_pages(&pass.services) {
        pass.lock_down(world);
    }
    match world.transport.exchange(&route, &request) {
        Ok(answer) => one_address(&answer).map(|ip| vec![ip]),
        Err(failed) => Err(failed.detail),
    }
}

/// Whether addresses come from pages alone, so that neither a script nor `ubus` is still to be run.
fn only_pages(services: &[&Service]) -> bool {
    let page = |service: &&Service| matches!(service.source, Source::Web { .. }) && !service.endpoint.bind;
    services.iter().all(|service| page(service) || !service.enabled)
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
    script::is_safe(&world.root, script).map_err(|why| format!("it {why}"))?;
    let seconds = service.endpoint.timeout;
    let path = world.root.path(script);
    let environment = [("PATH", super::PROGRAMS), ("SERVICE", &service.name)];
    let program = Program { path: &path, arguments: &[], environment: Some(&environment) };
    let output = match process::run(&program, Duration::from_secs(seconds), SCRIPT_OUTPUT) {
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
