//! Where a section of ddns-scripts finds its address: ip_source and what belongs to it.
//!
//! Does not check whether the interface, page or script exists.

use super::options::SectionOptions;
use super::service_draft::DraftUplink;
use crate::policy::config::{self, Family, Source};

/// Reads ip_source, ip_network, ip_interface, ip_url, ip_script, interface and bind_network.
pub(super) fn read(options: &mut SectionOptions<'_>, family: Family) -> (DraftUplink, Source, bool) {
    let kind = options.take("ip_source");
    let event = options.take("interface");
    let mut source = Source::Interface;
    let mut uplink = DraftUplink::default();
    match kind.as_ref().map_or("network", |given| given.text.as_str()) {
        "interface" => match options.take("ip_interface") {
            // ddns-scripts names a logical interface here
            Some(given) => match given.text.strip_prefix('@') {
                Some(name) => {
                    uplink.interface = options.fits(given.line, "ip_interface", "interface", name.to_owned());
                }
                None => uplink.device = options.fits(given.line, "ip_interface", "device", given.text),
            },
            None => options.broken(line(options, kind.as_ref()), "option ip_interface is missing"),
        },
        "web" => source = web(options, family, line(options, kind.as_ref())),
        "script" => source = script(options, line(options, kind.as_ref())),
        other => {
            if other != "network" {
                options.broken(line(options, kind.as_ref()), "option ip_source names an unknown source");
            }
            uplink.interface = options.same("ip_network", "interface");
        }
    }
    let nowhere = uplink.interface.is_none() && uplink.device.is_none();
    match event {
        Some(given) if nowhere => {
            uplink.interface = options.fits(given.line, "interface", "interface", given.text);
        }
        // the LuCI page writes the address's interface here, for any kind of source
        Some(given) if uplink.interface.as_ref().or(uplink.device.as_ref()) != Some(&given.text) => {
            let message = "option interface is not carried over: \
                           nicup watches the interface that the address is read from";
            options.note(given.line, message);
        }
        // ddns-scripts' own default
        None if nowhere && source == Source::Interface => {
            uplink.interface = Some(if family.v4() { "wan" } else { "wan6" }.to_owned());
        }
        Some(_) | None => {}
    }
    let bind = bind(options, &uplink);
    (uplink, source, bind)
}

fn line(options: &SectionOptions<'_>, given: Option<&super::options::GivenOption>) -> u32 {
    given.map_or(options.section_line(), |given| given.line)
}

fn web(options: &mut SectionOptions<'_>, family: Family, line: u32) -> Source {
    let given = options.take("ip_url");
    // without ip_url, ddns-scripts uses a page of dyndns.com
    let is_page = |text: &str| {
        let host =
            text.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//")?.split(['/', ':']).next());
        host.is_none_or(|host| {
            ["dyndns.com", "dyndns.org", "dyn.com"]
                .iter()
                .any(|domain| host.to_ascii_lowercase().ends_with(domain))
        })
    };
    let Some(given) = given.filter(|given| !is_page(&given.text)) else {
        let message = "option ip_source web is not carried over: nicup uses the address of the interface; behind \
                       another router, set source web and a source_url whose body is the address and nothing else";
        options.note(line, message);
        return Source::Interface;
    };
    let at = given.line;
    let target = if family.v4() { "source_url" } else { "source_url6" };
    let fitting = options.fits(at, "ip_url", target, given.text);
    let Some(url) = fitting.and_then(|text| config::url(&text).ok()) else { return Source::Interface };
    let message =
        format!("option ip_url is {target} now: the page's body must be the address and nothing else");
    options.note(at, &message);
    if family.v4() {
        Source::Web { url: Some(url), url6: None }
    } else {
        Source::Web { url: None, url6: Some(url) }
    }
}

fn script(options: &mut SectionOptions<'_>, line: u32) -> Source {
    let Some(given) = options.take("ip_script") else {
        options.broken(line, "option ip_script is missing");
        return Source::Interface;
    };
    let mut parts = given.text.split_whitespace();
    let program = parts.next().unwrap_or_default().to_owned();
    if parts.next().is_some() {
        options.broken(given.line, "option ip_script has parameters, which source_script cannot have");
    }
    match options.fits(given.line, "ip_script", "source_script", program) {
        Some(program) => Source::Script(program),
        None => Source::Interface,
    }
}

fn bind(options: &mut SectionOptions<'_>, uplink: &DraftUplink) -> bool {
    let Some(given) = options.take("bind_network") else { return false };
    let same = uplink.interface.as_ref() == Some(&given.text);
    if !same {
        let message = "option bind_network is not carried over: \
                       nicup follows the routes or, with option bind, uses the interface that has the address";
        options.note(given.line, message);
    }
    same
}
