//! `nicup check`: what a run would send and why, or what is wrong. No request to No-IP, no file written, no lock.

use super::format::{plain, span};
use super::plan::{self, Plan};
use super::records::RecordStore;
use super::uplink::{UplinkState, bind_error};
use super::{CommandFailure, Env, Exit, RunOptions, dns, pass, source_results};
use crate::policy::address::WhyAbsent;
use crate::policy::config::{
    DEFAULT_FORCE_INTERVAL, Entry, Family, Issue, Level, Main, Mode, Service, SetBy, Source, is_no_ip,
};
use crate::policy::decide::{Decision, Missing, Why};
use crate::policy::message;
use crate::policy::record::Records;
use crate::policy::time::{Now, Uptime};
use crate::wire::rtnl::DeviceAddresses;
use std::fmt::Write as _;
use std::net::IpAddr;

/// The result of `check`.
pub(super) struct Checked {
    /// One line for each problem, as in `run`.
    pub(super) problems: Vec<String>,
    /// What a run would send.
    pub(super) text: String,
    pub(super) exit: Exit,
}

/// Checks everything that a run uses.
///
/// # Errors
/// A service that does not exist.
pub(super) fn run(env: &mut Env<'_>, options: &RunOptions, dns: bool) -> Result<Checked, CommandFailure> {
    let loaded = env.config();
    plan::check_services(&loaded, options, &env.config_file())?;
    let config = match loaded {
        Ok(config) => config,
        Err(issue) => {
            let problems = vec![issue.to_string()];
            return Ok(Checked { problems, text: String::new(), exit: Exit::Config });
        }
    };
    let now = env.now();
    let plan = Plan::new(&config, options);
    let mut store = RecordStore::open(&env.root, &config.main, &now, false)?;
    store.prune(&plan);
    let mut devices = pass::devices(env, &plan, options, &store, false);
    let uplinks = pass::detect(env, &plan, &mut devices, &store, &now);
    store.close_interrupted(&plan, &uplinks, &now);
    let mut issues = config.issues.clone();
    issues.append(&mut store.take_issues());
    issues.append(&mut pass::unknown_interfaces(env, &plan, &mut devices, &uplinks));
    issues.append(&mut pass::certificates(env, &plan, |_| true));
    store.inspect();
    issues.append(&mut store.take_issues());

    let (mut text, mut exit) = (String::new(), Exit::Success);
    if issues.iter().any(|issue| issue.level == Level::Error) {
        exit = Exit::Config;
    }
    if !config.main.enabled {
        let _ = writeln!(text, "option enabled of section nicup is 0: nothing is sent");
    }
    let _ = writeln!(text, "{}", contact(&config.main));
    for (service, uplink) in plan.services.iter().zip(&uplinks).filter(|(s, _)| plan.is_selected(&s.name)) {
        describe(&mut text, service, uplink);
        advise(&mut text, service, uplink, config.main.mode);
        warn_of_bind(&mut text, env, service, uplink);
        for hostname in &service.hostnames {
            let decision = plan.decide(store.records(), service, hostname, &uplink.addresses, &now);
            exit = exit.max(exit_of(&decision));
            let would = would(store.records(), service, hostname, uplink, &decision, &now);
            let _ = writeln!(text, "  {hostname}: {}", plain(&would));
            if dns {
                let registered = registered(store.records(), service, hostname);
                let _ = writeln!(text, "    {}", plain(&dns::compare(hostname, &registered)));
            }
        }
    }
    for entry in &config.services {
        if let Entry::Invalid(invalid) = entry
            && plan.is_selected(&invalid.name)
        {
            let _ = writeln!(text, "{}: does not run: {}", invalid.name, plain(&invalid.reason));
            if config.main.enabled && invalid.enabled {
                exit = exit.max(Exit::Config);
            }
        }
    }
    let problems = issues.iter().map(Issue::to_string).collect();
    Ok(Checked { problems, text, exit })
}

/// The contact for No-IP, and where it is set.
fn contact(main: &Main) -> String {
    let (contact, set_by) = main.contact();
    let from = match set_by {
        SetBy::Option => "from option contact",
        SetBy::Packager => "the package's default: set option contact to your email address",
        SetBy::Project => "the project's default: set option contact to your email address",
    };
    format!("contact sent to the server: {contact} ({from})")
}

/// For a router behind another one.
const BEHIND_A_ROUTER: [&str; 3] = [
    "the other router must forward ports to this one: if it does, set option source to web, and option source_url to",
    "No-IP's page http://ip1.dynupdate.no-ip.com/ (for IPv6: source_url6, http://ip1.dynupdate6.no-ip.com/)",
    "the page has no https, so anyone on the network path can change the address",
];

/// The exit status for a host in this state (docs/reference.md#exit-status).
fn exit_of(decision: &Decision) -> Exit {
    match decision {
        Decision::Send(_) | Decision::Leave { .. } | Decision::Disabled => Exit::Success,
        Decision::WaitUntil { .. } | Decision::NoAddress(_) => Exit::Retry,
        Decision::Stopped(_) => Exit::Stopped,
    }
}

/// One line about the service: where its addresses come from and where a request would go.
fn describe(text: &mut String, service: &Service, uplink: &UplinkState) {
    let mut from =
        uplink.at.explain().unwrap_or_else(|| match source_results::names(service).join(" and ") {
            none if none.is_empty() => "no address needed".to_owned(),
            names => names,
        });
    for (at, address) in uplink.addresses.list().iter().enumerate() {
        from += &match &uplink.at_ipv6 {
            Some(place) if address.is_ipv6() => {
                format!("; {}, {address}", place.explain().unwrap_or_default())
            }
            _ if at == 0 => format!(", {address}"),
            _ => format!(" and {address}"),
        };
    }
    let endpoint = &service.endpoint;
    let _ = writeln!(
        text,
        "{}: {from}; to https://{}:{}{}",
        service.name,
        endpoint.server,
        endpoint.port,
        if endpoint.plaintext { ", else unencrypted to port 80 or 8245" } else { "" }
    );
    if let Some(missing) = uplink.addresses.missing.as_ref().filter(|_| !uplink.addresses.list().is_empty()) {
        let _ = writeln!(text, "  {}", plain(&missing.explain()));
    }
}

/// Names the device that requests are bound to, if it has no IPv4 address. Another provider's server may have IPv6.
fn warn_of_bind(text: &mut String, env: &mut Env<'_>, service: &Service, uplink: &UplinkState) {
    let endpoint = &service.endpoint;
    let is_bound = endpoint.bind && is_no_ip(&endpoint.server) && service.enabled;
    let bound = uplink.bind_device.as_deref().filter(|_| is_bound);
    let Some(device) = bound else { return };
    let has_ipv4 = |seen: &DeviceAddresses| seen.addresses.iter().any(|address| address.ip.is_ipv4());
    if env.kernel.addresses(&[device]).is_ok_and(|seen| !seen.iter().any(has_ipv4)) {
        let line =
            format!("option bind: {device} has no IPv4 address, but No-IP's server has no IPv6 address");
        let _ = writeln!(text, "  {line}");
    }
}

/// Options of a service that have no effect here, and options that it needs.
fn advise(text: &mut String, service: &Service, uplink: &UplinkState, mode: Mode) {
    if !service.enabled {
        return;
    }
    let mut note = |advice: &str| {
        let _ = writeln!(text, "  {}", plain(advice));
    };
    let asks = service.source != Source::Interface;
    let addresses = &uplink.addresses;
    if mode == Mode::Hotplug {
        if asks && !service.offline {
            note(
                "mode hotplug: source web and script raise no event, so nicup would miss a change: set option mode to watch",
            );
        }
        if service.force_interval.is_some_and(|interval| interval != DEFAULT_FORCE_INTERVAL) {
            note("mode hotplug: force_interval needs the resident loop: set option mode to watch");
        }
    }
    for name in &uplink.beside {
        note(&format!(
            "netifd also has {name}, which may have the IPv4 address: if so, set option interface to it"
        ));
    }
    if service.family == Family::Ipv6 && is_no_ip(&service.endpoint.server) {
        note(
            "users report that an update with IPv6 only also sets the A record, to the address that the request came from",
        );
    }
    let private = |missing: &Missing| matches!(missing.why, Why::Absent(WhyAbsent::Private(_)));
    if addresses.missing.as_ref().is_some_and(private) && !asks {
        BEHIND_A_ROUTER.into_iter().for_each(&mut note);
    }
    if asks && addresses.missing.is_none() {
        note("this router does not have this address: the router that has it must forward ports to this one");
    }
    if service.ip6_suffix.is_some() {
        if asks || !service.family.v6() {
            note("option ip6_suffix is not used: it needs source interface and family ipv6 or both");
        } else if addresses.ipv6.is_none() && service.uplink.interface6.is_none() {
            note("option ip6_suffix needs a public /64, which is usually on the LAN: set interface6 to lan");
        }
    }
    if let Some(failed) = bind_error(service, uplink.bind_device.as_deref()) {
        note(&format!("{}, so nothing can be sent", failed.detail));
    }
}

/// The addresses that the server last accepted.
fn registered(records: &Records, service: &Service, hostname: &str) -> Vec<IpAddr> {
    let key = (&service.endpoint.server, &service.username);
    let host = records.get(key.0, key.1, hostname);
    let addresses = host.map(|host| (host.registered.ipv4, host.registered.ipv6)).unwrap_or_default();
    addresses.0.map(IpAddr::V4).into_iter().chain(addresses.1.map(IpAddr::V6)).collect()
}

/// What a run would do for one host, and why.
fn would(
    records: &Records,
    service: &Service,
    hostname: &str,
    uplink: &UplinkState,
    decision: &Decision,
    now: &Now,
) -> String {
    let key = (&service.endpoint.server, &service.username);
    let host = records.get(key.0, key.1, hostname);
    let view = host.map(|host| message::view(service, records, host, decision, now.ceil()));
    let message = view.map(|view| view.message).unwrap_or_default();
    let later = |until: Uptime| format!("in {}", span(until.since(now.floor())));
    let from_now = |until: Uptime| format!("{} from now", span(until.since(now.floor())));
    match decision {
        Decision::Send(reason) if service.offline => {
            format!("would send offline=YES: {}", reason.explain())
        }
        Decision::Send(reason) => {
            let addresses: Vec<String> = uplink.addresses.list().iter().map(ToString::to_string).collect();
            format!("would send {}: {}", addresses.join(","), reason.explain())
        }
        Decision::Leave { wait: Some((until, cause)), .. } => {
            message::not_sent("not sent, possible", cause, &service.endpoint.server, &from_now(*until))
        }
        Decision::Leave { forced: Some(at), .. } => format!("current, sent again {}", later(*at)),
        Decision::Leave { forced: None, .. } => "current, not sent again while it is unchanged".to_owned(),
        Decision::WaitUntil { until, .. } => format!("waiting, retry {}: {message}", later(*until)),
        Decision::Stopped(_) => format!("stopped: {message}"),
        Decision::NoAddress(missing) => format!("nothing to send: {}", missing.explain()),
        Decision::Disabled => "disabled".to_owned(),
    }
}
