//! Converts sections to [`Config`]: each problem has its line, and one invalid service does not affect the others.

use super::options::{Issues, Options, short};
use super::value;
use super::{
    Config, DEFAULT_FORCE_INTERVAL, DEFAULT_SERVER, Endpoint, Entry, Family, Invalid, Main, Secret, Service,
    Source, Uplink,
};
use crate::policy::digest;
use crate::wire::uci::{Package, Section};

/// Builds the configuration from `package`; `file` is the file name in the issues.
#[must_use]
pub fn build(package: &Package, file: &str) -> Config {
    let mut issues = Issues::new(file);
    let mut main: Option<Main> = None;
    let mut services: Vec<Entry> = Vec::new();
    let mut taken = Taken::default();
    let mut surplus = false;
    for section in &package.sections {
        match section.kind.as_str() {
            "nicup" if main.is_some() => {
                issues.error(
                    section.line,
                    "a second section of type nicup: put its options into the first".into(),
                );
            }
            "nicup" => main = Some(build_main(section, &mut issues)),
            "service" if services.len() < SERVICES => {
                let mut entry = build_service(section, &mut issues);
                taken.reject_shared(&mut entry, section.line, &services, &mut issues);
                taken.reject_surplus(&mut entry, section.line, &mut issues);
                services.push(entry);
            }
            "service" if !surplus => {
                surplus = true;
                let message = format!(
                    "more than {SERVICES} services: this one and those after it do not run, remove some"
                );
                issues.error(section.line, message);
                // One marks them all: while a service is invalid, nicup drops no record as unused.
                services.push(Entry::Invalid(Invalid {
                    name: section.name.clone(),
                    enabled: true,
                    hostnames: Vec::new(),
                    server: DEFAULT_SERVER.to_owned(),
                    reason: issues.last(),
                }));
            }
            "service" => {}
            other => {
                let message = format!(
                    "unknown section type '{}': only nicup and service are read",
                    short(other.as_bytes())
                );
                issues.warning(section.line, message);
            }
        }
    }
    let none = "no section of type service: add one with username, password and hostname".to_owned();
    let issues = issues.finish(services.is_empty().then_some(none));
    Config { main: main.unwrap_or_default(), services, issues }
}

fn build_main(section: &Section, issues: &mut Issues<'_>) -> Main {
    let mut options = Options::new(section, issues);
    let default = Main::default();
    let main = Main {
        enabled: options.one("enabled", default.enabled, value::boolean),
        mode: options.one("mode", default.mode, value::mode),
        log_level: options.one("log_level", default.log_level, value::log_level),
        contact: options.maybe("contact", true, value::contact),
        state_dir: options.one("state_dir", default.state_dir, value::absolute_path),
        run_dir: options.one("run_dir", default.run_dir, value::absolute_path),
    };
    options.finish();
    main
}

fn build_service(section: &Section, issues: &mut Issues<'_>) -> Entry {
    let mut options = Options::new(section, issues);
    let enabled = options.one("enabled", true, value::boolean);
    options.enabled = enabled;
    let username = options.required("username", true);
    let password = options.required("password", false);
    let hostnames = hostnames(&mut options);
    let uplink = uplink(&mut options);
    let endpoint = endpoint(&mut options);
    let name = section.name.clone();
    let service = Service {
        name: name.clone(),
        line: section.line,
        enabled,
        username: username.unwrap_or_default(),
        password: Secret::new(password.unwrap_or_default()),
        hostnames,
        uplink,
        family: options.one("family", Family::Ipv4, value::family),
        source: source(&mut options),
        check_interval: options.one("check_interval", 600, value::check_interval),
        allow_private: options.one("allow_private", false, value::boolean),
        ip6_suffix: options.maybe("ip6_suffix", true, value::suffix),
        force_interval: options.one("force_interval", Some(DEFAULT_FORCE_INTERVAL), value::force_interval),
        offline: options.one("offline", false, value::boolean),
        endpoint,
    };
    let broken = options.finish();
    warn_of_clear_text(section, &service.source, service.endpoint.plaintext, issues);
    match broken {
        None => Entry::Valid(Box::new(service)),
        Some(reason) => Entry::Invalid(Invalid {
            name,
            enabled,
            hostnames: service.hostnames,
            server: service.endpoint.server,
            reason,
        }),
    }
}

fn hostnames(options: &mut Options<'_, '_>) -> Vec<String> {
    let line = options.line_of("hostname").unwrap_or(options.section_line);
    let errors = options.issues.count();
    let mut names: Vec<String> = Vec::new();
    for (name, line) in options.several("hostname", value::hostname) {
        if names.contains(&name) {
            options.issues.warning(line, format!("hostname '{name}' is listed twice"));
        } else {
            names.push(name);
        }
    }
    if names.is_empty() && options.issues.count() == errors {
        let message = "no hostname: add list hostname with the name to update, or all.ddnskey.com";
        options.missing(line, message.to_owned());
    }
    names
}

fn uplink(options: &mut Options<'_, '_>) -> Uplink {
    let device = options.maybe("device", true, value::device);
    let interface_line = options.line_of("interface");
    let interfaces = options.several("interface", value::interface);
    let mut interfaces: Vec<String> = interfaces.into_iter().map(|(name, _)| name).collect();
    if let (Some(_), Some(line)) = (&device, interface_line) {
        options.issues.warning(line, "option interface is not used, because option device is set".to_owned());
    }
    if interfaces.is_empty() {
        interfaces.push("wan".to_owned());
    }
    Uplink { interfaces, interface6: options.maybe("interface6", true, value::interface), device }
}

fn source(options: &mut Options<'_, '_>) -> Source {
    let url = options.maybe("source_url", true, value::url);
    let url6 = options.maybe("source_url6", true, value::url);
    let script = options.maybe("source_script", true, value::absolute_path);
    let line = options.line_of("source").unwrap_or(options.section_line);
    let kind = options.one("source", "interface".to_owned(), |text| match text {
        "interface" | "web" | "script" => Ok(text.to_owned()),
        _ => Err("is not a source: write interface, web or script"),
    });
    match (kind.as_str(), script) {
        ("web", _) if url.is_none() && url6.is_none() => {
            options.missing(line, "source web needs option source_url or source_url6".to_owned());
            Source::Interface
        }
        ("web", _) => Source::Web { url, url6 },
        ("script", Some(script)) => Source::Script(script),
        ("script", None) => {
            options.missing(line, "source script needs option source_script".to_owned());
            Source::Interface
        }
        _ => Source::Interface,
    }
}

/// Warnings about settings that are allowed, but risky.
fn warn_of_clear_text(section: &Section, source: &Source, plaintext: bool, issues: &mut Issues<'_>) {
    let line = |name: &str| section.option(name).map_or(section.line, |option| option.line);
    if plaintext {
        let message =
            "option plaintext: if no TLS connection is possible, nicup sends the password unencrypted";
        issues.warning(line("plaintext"), message.to_owned());
    }
    let Source::Web { url, url6 } = source else { return };
    for (name, url) in [("source_url", url), ("source_url6", url6)] {
        if url.as_ref().is_some_and(|url| !url.tls) {
            let message = format!(
                "option {name}: http lets anyone on the network path change the address: use https if the page has it"
            );
            issues.warning(line(name), message);
        }
    }
}

fn endpoint(options: &mut Options<'_, '_>) -> Endpoint {
    Endpoint {
        server: options.one("server", DEFAULT_SERVER.to_owned(), value::server),
        path: options.one("path", "/nic/update".to_owned(), value::path),
        port: options.one("port", 443, value::port),
        plaintext: options.one("plaintext", false, value::boolean),
        cacert: options.maybe("cacert", true, value::absolute_path),
        proxy: options.maybe("proxy", false, value::proxy),
        bind: options.one("bind", false, value::boolean),
        timeout: options.one("timeout", 30, value::timeout),
    }
}

/// The largest number of services that nicup runs.
const SERVICES: usize = 250;
/// The largest number of hostnames of all services: all can change state in one pass, and the status has room for these.
const HOSTS: usize = 1000;

/// The hostnames of the services so far.
#[derive(Default)]
struct Taken {
    /// Their hashes.
    names: Vec<u32>,
    count: usize,
}

impl Taken {
    /// Rejects a hostname that an earlier service has: the two would overwrite each other's address for ever. A group's
    /// name and
    /// `all.ddnskey.com` mean other hosts with another login.
    fn reject_shared(&mut self, entry: &mut Entry, line: u32, before: &[Entry], issues: &mut Issues<'_>) {
        let Entry::Valid(service) = entry else { return };
        if !service.enabled {
            return;
        }
        for name in &service.hostnames {
            // Compares hashes first: comparing all names would take longer than reading them.
            let print = digest::of_texts([&service.endpoint.server, name]);
            let shared = |other: &&Service| shares(other, service, name);
            if self.names.contains(&print)
                && let Some(other) = valid(before).find(shared)
            {
                let other = short(other.name.as_bytes());
                let message =
                    format!("hostname '{name}' is in service '{other}' too: remove it from one of them");
                issues.error(line, message);
                *entry = invalid(service, issues);
                return;
            }
            self.names.push(print);
        }
    }

    /// Rejects a service that exceeds the limit of hostnames.
    fn reject_surplus(&mut self, entry: &mut Entry, line: u32, issues: &mut Issues<'_>) {
        let Entry::Valid(service) = entry else { return };
        if self.count + service.hostnames.len() <= HOSTS {
            self.count += service.hostnames.len();
            return;
        }
        issues.error(line, format!("with this service there are more than {HOSTS} hostnames: remove some"));
        *entry = invalid(service, issues);
    }
}

/// An invalid service, with the last issue as its reason.
fn invalid(service: &Service, issues: &Issues<'_>) -> Entry {
    Entry::Invalid(Invalid {
        name: service.name.clone(),
        enabled: service.enabled,
        hostnames: service.hostnames.clone(),
        server: service.endpoint.server.clone(),
        reason: issues.last(),
    })
}

fn valid(entries: &[Entry]) -> impl Iterator<Item = &Service> {
    entries.iter().filter_map(|entry| match entry {
        Entry::Valid(service) => Some(&**service),
        Entry::Invalid(_) => None,
    })
}

fn shares(one: &Service, other: &Service, name: &String) -> bool {
    let of_login = !name.contains('.') || name == "all.ddnskey.com";
    one.enabled
        && one.endpoint.server == other.endpoint.server
        && one.hostnames.contains(name)
        && (!of_login || one.username == other.username)
}

#[cfg(test)]
mod tests;
