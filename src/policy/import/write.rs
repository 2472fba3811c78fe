//! Writes drafts as text, in the form of `uci export`.
//!
//! Leaves out nicup's defaults, except enabled and family, because users look for them.

use super::service_draft::Draft;
use crate::policy::config::{Family, Secret, Source, Url};
use crate::wire::uci::{list_line, option_line, section_line};

/// The name of the section of type nicup.
pub(super) const MAIN: &str = "main";

const HEAD: &str = "\
# /etc/config/nicup, made by `nicup import` from the No-IP sections of ddns-scripts.
# It contains passwords: chmod 600 /etc/config/nicup
# `nicup check` prints what nicup would send. Disable these services in ddns-scripts before nicup runs.
";

/// `sources`: the names of all sections that the drafts were made from. LuCI's page disables these.
pub(super) fn text(drafts: &[Draft], sources: &[&str]) -> String {
    let mut out = HEAD.as_bytes().to_vec();
    out.extend(format!("# Sections: {}\n", sources.join(" ")).into_bytes());
    out.extend(section_line("nicup", Some(MAIN)));
    out.extend(option_line("enabled", b"1"));
    for draft in drafts {
        service(&mut out, draft);
    }
    // every value came as UTF-8
    String::from_utf8_lossy(&out).into_owned()
}

fn service(out: &mut Vec<u8>, draft: &Draft) {
    out.extend(section_line("service", Some(&draft.name)));
    let mut option = |name: &str, value: Option<&str>| {
        out.extend(value.map(|value| option_line(name, value.as_bytes())).unwrap_or_default());
    };
    let yes = |set: bool| set.then_some("1");
    let (login, uplink, settings) = (&draft.login, &draft.address.uplink, &draft.settings);
    let text = |url: &'_ Option<Url>| url.as_ref().map(|url| url.text.clone());
    let (source, url, url6, script) = match &draft.address.source {
        Source::Interface => (None, None, None, None),
        Source::Web { url, url6 } => (Some("web"), text(url), text(url6), None),
        Source::Script(script) => (Some("script"), None, None, Some(script.as_str())),
    };
    option("enabled", Some(if draft.enabled { "1" } else { "0" }));
    option("username", login.username.as_deref());
    option("password", login.password.as_ref().map(Secret::reveal));
    option("interface6", uplink.interface6.as_deref());
    option("device", uplink.device.as_deref());
    option(
        "family",
        Some(match draft.family {
            Family::Ipv4 => "ipv4",
            Family::Ipv6 => "ipv6",
            Family::Both => "both",
        }),
    );
    option("source", source);
    option("source_url", url.as_deref());
    option("source_url6", url6.as_deref());
    option("source_script", script);
    option("check_interval", settings.check_interval.as_deref());
    option("allow_private", yes(settings.allow_private));
    option("force_interval", settings.force_interval.as_deref());
    option("port", draft.login.port.as_deref());
    option("cacert", settings.cacert.as_deref());
    option("proxy", settings.proxy.as_ref().map(Secret::reveal));
    option("bind", yes(settings.bind));
    for name in &draft.hostnames {
        out.extend(list_line("hostname", name.as_bytes()));
    }
    if let Some(interface) = &uplink.interface {
        out.extend(list_line("interface", interface.as_bytes()));
    }
}
