//! `nicup check`: what a run would send and why, or what is wrong. No request to No-IP, no file written, no lock.

use super::deliver;
use super::dns;
use super::observe::Sighting;
use super::pass::{self, Order, Pass};
use super::store::Store;
use super::view::{plain, span};
use super::{World, exit, sources};
use crate::policy::config::{DEFAULT_FORCE_INTERVAL, Entry, Family, Issue, Level, Mode, Service, Source};
use crate::policy::decide::{Decision, Lack};
use crate::policy::message;
use crate::policy::time::{Boot, Now};
use std::fmt::Write as _;
use std::net::IpAddr;

/// What `check` found.
pub(super) struct Checked {
    /// One line for each problem, as `run` words it.
    pub(super) problems: Vec<String>,
    /// What a run would send.
    pub(super) text: String,
    pub(super) exit: u8,
}

/// Looks at everything that a run would.
///
/// # Errors
/// A service that does not exist.
pub(super) fn run(world: &mut World<'_>, order: &Order, dns: bool) -> Result<Checked, (u8, String)> {
    let loaded = world.config();
    if let Some(unknown) = pass::unknown_service(&loaded, order) {
        return Err((exit::USAGE, format!("no service '{unknown}' in {}", world.config_file())));
    }
    let config = match loaded {
        Ok(config) => config,
        Err(issue) => {
            let problems = vec![issue.sentence()];
            return Ok(Checked { problems, text: String::new(), exit: exit::CONFIG });
        }
    };
    let now = world.now();
    let mut store = Store::new(&world.root, &config.main);
    let mut issues = config.issues.clone();
    let book = store.load(&now, false, &mut issues)?;
    let mut pass = Pass::new(&config, book, store, issues, order);
    let sightings = pass.look(world, None, &now);
    pass.complain(world, &config, &sightings);
    pass.inspect_certificates(world, |_, _| true);
    pass.store.inspect(&mut pass.issues);

    let (mut text, mut exit) = (String::new(), exit::FINE);
    if pass.issues.iter().any(|issue| issue.level == Level::Error) {
        exit = exit::CONFIG;
    }
    if !config.main.enabled {
        let _ = writeln!(text, "option enabled of section nicup is 0: nothing is sent");
    }
    let chosen = |name: &str| order.services.is_empty() || order.services.iter().any(|s| s == name);
    for (service, sighting) in pass.services.iter().zip(&sightings).filter(|(s, _)| chosen(&s.name)) {
        describe(&mut text, service, sighting);
        advise(&mut text, service, sighting, config.main.mode);
        for hostname in &service.hostnames {
            let decision = pass.decide(service, hostname, sighting, &now);
            exit = exit.max(exit_of(&decision));
            let would = would(&pass, service, hostname, sighting, &decision, &now);
            let _ = writeln!(text, "  {hostname}: {}", plain(&would));
            if dns {
                let registered = registered(&pass, service, hostname);
                let _ = writeln!(text, "    {}", plain(&dns::compare(hostname, &registered)));
            }
        }
    }
    for entry in &config.services {
        if let Entry::Invalid(invalid) = entry
            && chosen(&invalid.name)
        {
            let _ = writeln!(text, "{}: is not run: {}", invalid.name, plain(&invalid.reason));
            if config.main.enabled && invalid.enabled {
                exit = exit.max(exit::CONFIG);
            }
        }
    }
    let problems = pass.issues.iter().map(Issue::sentence).collect();
    Ok(Checked { problems, text, exit })
}

/// The exit status of a host that a run would leave so (docs/reference.md#exit-status).
fn exit_of(decision: &Decision) -> u8 {
    match decision {
        Decision::Send(_) | Decision::Leave { .. } | Decision::Disabled => exit::FINE,
        Decision::WaitUntil { .. } | Decision::NoAddress(_) => exit::LATER,
        Decision::Stopped(_) => exit::STOPPED,
    }
}

/// One line about the service: where its addresses come from and where a request would go.
fn describe(text: &mut String, service: &Service, sighting: &Sighting) {
    let addresses: Vec<String> = sighting.addresses.list().iter().map(ToString::to_string).collect();
    let place = match (&sighting.interface, &sighting.device) {
        (Some(interface), Some(device)) => format!("{interface} is {device}"),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) => match sources::names(service).join(" and ") {
            none if none.is_empty() => "no address needed".to_owned(),
            asked => asked,
        },
    };
    let addresses =
        if addresses.is_empty() { String::new() } else { format!(", {}", addresses.join(" and ")) };
    let endpoint = &service.endpoint;
    let _ = writeln!(
        text,
        "{}: {place}{addresses}; to https://{}:{}{}",
        service.name,
        endpoint.server,
        endpoint.port,
        if endpoint.plaintext { ", else in clear to port 80 or 8245" } else { "" }
    );
    if let Some(lack) = sighting.addresses.lack.as_ref().filter(|_| !sighting.addresses.list().is_empty()) {
        let _ = writeln!(text, "  {}", plain(lack.explain()));
    }
}

/// What the options of a service ask for and cannot have, or should.
fn advise(text: &mut String, service: &Service, sighting: &Sighting, mode: Mode) {
    if !service.enabled {
        return;
    }
    let mut say = |advice: &str| {
        let _ = writeln!(text, "  {}", plain(advice));
    };
    let asks = service.source != Source::Interface;
    let addresses = &sighting.addresses;
    if mode == Mode::Hotplug {
        if asks && !service.offline {
            say(
                "mode hotplug: source web and script raise no event, so a change is missed; set mode to watch",
            );
        }
        if service.force_interval.is_some_and(|interval| interval != DEFAULT_FORCE_INTERVAL) {
            say("mode hotplug: force_interval needs the resident loop: set option mode to watch");
        }
    }
    for name in &sighting.beside {
        say(&format!(
            "netifd also has {name}, which may have the IPv4 address: if so, set option interface to it"
        ));
    }
    if service.family == Family::Ipv6 {
        say("No-IP is said to set the A record too, to the request's source, when only IPv6 is sent");
    }
    if let Some(Lack::Private(_)) = &addresses.lack
        && !asks
    {
        say(
            "if a router in front forwards ports to this one, set option source to web, and option source_url to",
        );
        say(
            "No-IP's page http://ip1.dynupdate.no-ip.com/ (source_url6: http://ip1.dynupdate6.no-ip.com/); anyone on",
        );
        say("the network path can forge an answer over http; behind a provider's CGNAT no port leads here");
    }
    if asks && addresses.lack.is_none() {
        say("this address is not the router's own: the router that has it must forward ports to this one");
    }
    if service.ip6_suffix.is_some() {
        if asks || !service.family.v6() {
            say("option ip6_suffix is not used: it needs source interface and family ipv6 or both");
        } else if addresses.ipv6.is_none() && service.uplink.interface6.is_none() {
            say("option ip6_suffix needs a public /64, which is on the LAN mostly: set interface6 to lan");
        }
    }
    if let Some(failed) = deliver::no_way(service, sighting) {
        say(&format!("{}, so nothing can be sent", failed.detail));
    }
}

/// The addresses that the server accepted last.
fn registered(pass: &Pass<'_>, service: &Service, hostname: &str) -> Vec<IpAddr> {
    let key = (&service.endpoint.server, &service.username);
    let host = pass.book.get(key.0, key.1, hostname);
    let addresses = host.map(|host| (host.registered.ipv4, host.registered.ipv6)).unwrap_or_default();
    addresses.0.map(IpAddr::V4).into_iter().chain(addresses.1.map(IpAddr::V6)).collect()
}

/// What a run would do for one host, and why.
fn would(
    pass: &Pass<'_>,
    service: &Service,
    hostname: &str,
    sighting: &Sighting,
    decision: &Decision,
    now: &Now,
) -> String {
    let key = (&service.endpoint.server, &service.username);
    let host = pass.book.get(key.0, key.1, hostname);
    let view = host.map(|host| message::view(service, &pass.book, host, decision, now.ceil()));
    let message = view.map(|view| view.message).unwrap_or_default();
    let later = |until: Boot| format!("in {}", span(until.since(now.floor())));
    let from_now = |until: Boot| format!("{} from now", span(until.since(now.floor())));
    match decision {
        Decision::Send(because) if service.offline => {
            format!("would send offline=YES: {}", because.explain())
        }
        Decision::Send(because) => {
            let addresses: Vec<String> = sighting.addresses.list().iter().map(ToString::to_string).collect();
            format!("would send {}: {}", addresses.join(","), because.explain())
        }
        Decision::Leave { held: Some((until, cause)), .. } => {
            message::held(cause, &service.endpoint.server, &from_now(*until))
        }
        Decision::Leave { forced: Some(at), .. } => format!("current, sent again {}", later(*at)),
        Decision::Leave { forced: None, .. } => "current, not sent again while it is unchanged".to_owned(),
        Decision::WaitUntil { until, .. } => format!("waits, tried again {}: {message}", later(*until)),
        Decision::Stopped(_) => format!("stopped: {message}"),
        Decision::NoAddress(lack) => format!("nothing to send: {}", lack.explain()),
        Decision::Disabled => "disabled".to_owned(),
    }
}
