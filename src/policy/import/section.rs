//! Converts one section of ddns-scripts to one draft.
//!
//! Ignores other sections (join merges them).

use super::Note;
use super::intervals::{self, CHECK, FORCE};
use super::options::SectionOptions;
use super::provider::UpdateUrl;
use super::service_draft::{Draft, DraftAddress, Login, Settings};
use super::uplink;
use crate::policy::config::{Family, Secret, Source};
use crate::wire::uci::Section;

pub(super) fn read(
    section: &Section,
    allow_private: bool,
    directories: &[String],
    notes: &mut Vec<Note>,
) -> Draft {
    let mut options = SectionOptions::new(section, notes);
    let enabled = options.flag("enabled");
    let family = if options.flag("use_ipv6") { Family::Ipv6 } else { Family::Ipv4 };
    let (login, hostnames) = account(&mut options);
    let (uplink, source, bind) = uplink::read(&mut options, family);
    let check_interval = match source {
        Source::Interface => None,
        Source::Web { .. } | Source::Script(_) => intervals::take(&mut options, &CHECK),
    };
    let force_interval = intervals::take(&mut options, &FORCE);
    // LuCI writes the units without numbers into every section.
    for unit in ["check_unit", "retry_unit"] {
        if !options.has(unit.replace("unit", "interval").as_str()) {
            options.take(unit);
        }
    }
    if force_interval.as_deref() == Some("0") {
        let message = "option force_interval 0 made ddns-scripts end after one update; \
                       nicup keeps running and never sends an unchanged address again";
        options.note(section.option("force_interval").map_or(section.line, |opt| opt.line), message);
    }
    let (cacert, proxy) = transport(&mut options, directories);
    let broken = options.broken;
    options.finish();
    Draft {
        name: section.name.clone(),
        line: section.line,
        enabled: enabled && !broken,
        login,
        hostnames,
        family,
        address: DraftAddress { uplink, source },
        settings: Settings { check_interval, force_interval, allow_private, cacert, proxy, bind },
    }
}

/// The login, hostnames and server. Values in a URL have priority over options, because ddns-scripts ignores those
/// options then.
fn account(options: &mut SectionOptions<'_>) -> (Login, Vec<String>) {
    let named =
        options.take("service_name").is_some_and(|name| !matches!(name.text.as_str(), "-" | "custom"));
    let script = options.has("update_script");
    let text = if named || script { None } else { options.take("update_url") };
    let url = text.as_ref().and_then(|given| Some((given.line, UpdateUrl::parse(&given.text)?)));
    let (in_url, hostname_in_url) = match &url {
        Some((line, url)) => (endpoint_notes(options, *line, url), url.hostname().map(|name| (*line, name))),
        None => ((None, None), None),
    };

    let username = credential(options, "username", in_url.0);
    let password = credential(options, "password", in_url.1).map(Secret::new);
    let hostnames = hostnames(options, hostname_in_url);
    let port = url.as_ref().and_then(|(line, url)| Some((*line, url.port()?)));
    let port = port.and_then(|(line, port)| options.fits(line, "update_url", "port", port.to_owned()));
    (Login { username, password, port }, hostnames)
}

type InUrl = (Option<(u32, String)>, Option<(u32, String)>);

fn endpoint_notes(options: &mut SectionOptions<'_>, line: u32, url: &UpdateUrl<'_>) -> InUrl {
    if url.is_elsewhere() {
        options.note(line, "option update_url: requests go to dynupdate.no-ip.com over https, port 443");
    }
    if let Some(path) = url.other_path() {
        options.note(line, &format!("option update_url: requests go to /nic/update, not to {path}"));
    }
    if url.has_more() {
        options
            .note(line, "option update_url: only hostname and myip are sent, its other parameters are not");
    }
    let (username, password) = url.login();
    (username.map(|text| (line, text)), password.map(|text| (line, text)))
}

fn credential(options: &mut SectionOptions<'_>, name: &str, in_url: Option<(u32, String)>) -> Option<String> {
    let given = options.take(name).map(|given| (given.line, given.text));
    let Some((line, text)) = in_url.or(given) else {
        options.broken(options.section_line(), &format!("option {name} is missing"));
        return None;
    };
    options.fits(line, name, name, text)
}

fn hostnames(options: &mut SectionOptions<'_>, in_url: Option<(u32, String)>) -> Vec<String> {
    let domain = options.take("domain").map(|given| (given.line, given.text));
    let lookup = options.take("lookup_host");
    let given = match (in_url.or(domain), &lookup) {
        (Some(given), _) => Some(given),
        (None, Some(lookup)) => {
            options.note(lookup.line, "option domain is missing: lookup_host is used instead");
            Some((lookup.line, lookup.text.clone()))
        }
        (None, None) => None,
    };
    let Some((line, text)) = given else {
        options.broken(options.section_line(), "option domain is missing");
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::new();
    // No-IP accepts several, separated by commas
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if let Some(name) = options.fits(line, "domain", "hostname", name.to_owned())
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    if names.is_empty() && !options.broken {
        options.broken(line, "option domain contains no hostname");
    }
    if let Some(lookup) = lookup.filter(|lookup| !names.iter().any(|n| n.eq_ignore_ascii_case(&lookup.text)))
    {
        let message = "option lookup_host is not carried over: \
                       nicup does not look up the hostname, it remembers what No-IP confirmed";
        options.note(lookup.line, message);
    }
    names
}

/// cacert and proxy.
fn transport(options: &mut SectionOptions<'_>, directories: &[String]) -> (Option<String>, Option<Secret>) {
    let https = options.take("use_https");
    let encrypted = https.as_ref().is_some_and(|given| super::flag(&given.text));
    if let Some(given) = https.filter(|_| !encrypted) {
        options.note(given.line, "option use_https is not carried over: nicup always uses https");
    }
    let cacert = options.take("cacert").and_then(|given| {
        let text = given.text;
        let message = if text == "IGNORE" {
            "option cacert IGNORE is not carried over: the server's certificate is always verified"
        } else if !encrypted {
            "option cacert is not carried over: it had no effect without use_https; \
             nicup uses the system's bundle"
        } else if directories.contains(&text) || text.trim_end_matches('/') == "/etc/ssl/certs" {
            "option cacert is not carried over: it is a directory, and nicup needs a file; \
             nicup uses the system's bundle"
        } else {
            return options.fits(given.line, "cacert", "cacert", text);
        };
        options.note(given.line, message);
        None
    });
    let proxy = options.take("proxy").and_then(|given| {
        let text =
            if given.text.starts_with("http://") { given.text } else { format!("http://{}", given.text) };
        options.fits(given.line, "proxy", "proxy", text)
    });
    (cacert, proxy.map(Secret::new))
}
