//! Sections to [`Config`]: every problem with its line, one bad service apart from the others.

use super::value::{self, Wrong};
use super::{
    Config, DEFAULT_SERVER, Endpoint, Entry, Family, Invalid, Issue, Level, Main, Secret, Service, Source,
    Uplink,
};
use crate::wire::uci::{Opt, Package, Section, Text, Value};

/// Builds the configuration from `package`; `file` is the name that the issues carry.
#[must_use]
pub fn build(package: &Package, file: &str) -> Config {
    let mut issues = Issues { file, list: Vec::new() };
    let mut main: Option<Main> = None;
    let mut services: Vec<Entry> = Vec::new();
    for section in &package.sections {
        match section.kind.as_str() {
            "nicup" if main.is_some() => {
                issues.error(
                    section.line,
                    "a second section of type nicup: put its options into the first".into(),
                );
            }
            "nicup" => main = Some(build_main(section, &mut issues)),
            "service" => {
                let mut entry = build_service(section, &mut issues);
                refuse_shared_hostname(&mut entry, section.line, &services, &mut issues);
                services.push(entry);
            }
            other => {
                let message = format!(
                    "unknown section type '{}': only nicup and service are read",
                    short(other.as_bytes())
                );
                issues.warning(section.line, message);
            }
        }
    }
    if services.is_empty() {
        let message = "no section of type service: add one with username, password and hostname".to_owned();
        issues.list.push(Issue { level: Level::Warning, file: file.to_owned(), line: None, message });
    }
    Config { main: main.unwrap_or_default(), services, issues: issues.list }
}

struct Issues<'a> {
    file: &'a str,
    list: Vec<Issue>,
}

impl Issues<'_> {
    fn push(&mut self, level: Level, line: u32, message: String) {
        self.list.push(Issue { level, file: self.file.to_owned(), line: Some(line), message });
    }

    fn error(&mut self, line: u32, message: String) {
        self.push(Level::Error, line, message);
    }

    fn warning(&mut self, line: u32, message: String) {
        self.push(Level::Warning, line, message);
    }

    fn last(&self) -> String {
        self.list.last().map(|i| format!("line {}: {}", i.line.unwrap_or(0), i.message)).unwrap_or_default()
    }
}

/// The options of one section; each is taken out by the field it fills, what is left over is unknown.
struct Options<'a, 'b> {
    left: Vec<&'a Opt>,
    section_line: u32,
    issues: &'a mut Issues<'b>,
    /// The first error of this section.
    broken: Option<String>,
}

impl<'a, 'b> Options<'a, 'b> {
    fn new(section: &'a Section, issues: &'a mut Issues<'b>) -> Self {
        Options { left: section.options.iter().collect(), section_line: section.line, issues, broken: None }
    }

    fn error(&mut self, line: u32, message: String) {
        self.issues.error(line, message);
        if self.broken.is_none() {
            self.broken = Some(self.issues.last());
        }
    }

    fn take(&mut self, name: &str) -> Option<&'a Opt> {
        let at = self.left.iter().position(|opt| opt.name == name)?;
        Some(self.left.swap_remove(at))
    }

    /// A value by `parse`. `shown`: whether an error may repeat the value (not a secret's).
    fn parse<T>(
        &mut self,
        name: &str,
        text: &Text,
        shown: bool,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let wrong = match std::str::from_utf8(&text.bytes).map(parse) {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(wrong)) => wrong,
            Err(_) => "is not UTF-8 text",
        };
        let value = if shown { format!(" '{}'", short(&text.bytes)) } else { String::new() };
        self.error(text.line, format!("option {name}:{value} {wrong}"));
        None
    }

    fn one<T>(&mut self, name: &str, default: T, parse: impl Fn(&str) -> Result<T, Wrong>) -> T {
        self.maybe(name, true, parse).unwrap_or(default)
    }

    /// None: not set, set to nothing, or wrong (then the error is recorded).
    fn maybe<T>(&mut self, name: &str, shown: bool, parse: impl Fn(&str) -> Result<T, Wrong>) -> Option<T> {
        let opt = self.take(name)?;
        match &opt.value {
            Value::One(text) if text.bytes.is_empty() => None,
            Value::One(text) => self.parse(name, text, shown, parse),
            Value::List(_) => {
                self.error(opt.line, format!("option {name} takes one value: write option, not list"));
                None
            }
        }
    }

    /// A list, or a space-separated option.
    fn several<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, Wrong>) -> Vec<T> {
        let Some(opt) = self.take(name) else { return Vec::new() };
        match &opt.value {
            Value::One(text) => {
                let words = text.bytes.split(|&b| b == b' ' || b == b'\t').filter(|word| !word.is_empty());
                let words: Vec<Text> = words.map(|w| Text { bytes: w.to_vec(), line: text.line }).collect();
                words.iter().filter_map(|word| self.parse(name, word, true, &parse)).collect()
            }
            Value::List(texts) => {
                texts.iter().filter_map(|text| self.parse(name, text, true, &parse)).collect()
            }
        }
    }

    fn required<T>(
        &mut self,
        name: &str,
        shown: bool,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let before = self.issues.list.len();
        let value = self.maybe(name, shown, parse);
        if value.is_none() && self.issues.list.len() == before {
            self.error(self.section_line, format!("option {name} is missing"));
        }
        value
    }

    fn finish(self) -> Option<String> {
        let mut left = self.left;
        left.sort_by_key(|opt| opt.line);
        for opt in left {
            self.issues.warning(opt.line, format!("unknown option '{}': it has no effect", opt.name));
        }
        self.broken
    }
}

/// A value in an error message: printable, and no longer than a line can bear.
fn short(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect();
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

fn build_main(section: &Section, issues: &mut Issues<'_>) -> Main {
    let mut options = Options::new(section, issues);
    let default = Main::default();
    let main = Main {
        enabled: options.one("enabled", default.enabled, value::boolean),
        mode: options.one("mode", default.mode, value::mode),
        log_level: options.one("log_level", default.log_level, value::log_level),
        contact: options.one("contact", default.contact, value::contact),
        state_dir: options.one("state_dir", default.state_dir, value::absolute_path),
        run_dir: options.one("run_dir", default.run_dir, value::absolute_path),
    };
    options.finish();
    main
}

fn build_service(section: &Section, issues: &mut Issues<'_>) -> Entry {
    let mut options = Options::new(section, issues);
    let enabled = options.one("enabled", true, value::boolean);
    let username = options.required("username", true, value::credential);
    let password = options.required("password", false, |text| value::credential(text).map(Secret::new));
    let hostnames = hostnames(&mut options);
    let uplink = uplink(&mut options);
    let endpoint = endpoint(&mut options);
    let name = section.name.clone();
    let service = Service {
        name: name.clone(),
        line: section.line,
        enabled,
        username: username.unwrap_or_default(),
        password: password.unwrap_or_else(|| Secret::new(String::new())),
        hostnames,
        uplink,
        family: options.one("family", Family::Ipv4, value::family),
        source: source(&mut options),
        check_interval: options.one("check_interval", 600, value::check_interval),
        allow_private: options.one("allow_private", false, value::boolean),
        ip6_suffix: options.maybe("ip6_suffix", true, value::suffix),
        force_interval: options.one("force_interval", Some(25 * 86_400), value::force_interval),
        offline: options.one("offline", false, value::boolean),
        endpoint,
    };
    match options.finish() {
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
    let line = options.left.iter().find(|opt| opt.name == "hostname").map(|opt| opt.line);
    let errors = options.issues.list.len();
    let mut names: Vec<String> = Vec::new();
    for name in options.several("hostname", value::hostname) {
        if names.contains(&name) {
            options.issues.warning(line.unwrap_or(0), format!("hostname '{name}' is listed twice"));
        } else {
            names.push(name);
        }
    }
    if names.is_empty() && options.issues.list.len() == errors {
        let message = "no hostname: add list hostname with the name to update, or all.ddnskey.com";
        options.error(line.unwrap_or(options.section_line), message.to_owned());
    }
    names
}

fn uplink(options: &mut Options<'_, '_>) -> Uplink {
    let device = options.maybe("device", true, value::device);
    let interface_line = options.left.iter().find(|o| o.name == "interface").map(|o| o.line);
    let mut interfaces = options.several("interface", value::interface);
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
    let line = options.left.iter().find(|o| o.name == "source").map_or(options.section_line, |o| o.line);
    let kind = options.one("source", "interface".to_owned(), |text| match text {
        "interface" | "web" | "script" => Ok(text.to_owned()),
        _ => Err("is not a source: write interface, web or script"),
    });
    match (kind.as_str(), script) {
        ("web", _) if url.is_none() && url6.is_none() => {
            options.error(line, "source web needs option source_url or source_url6".to_owned());
            Source::Interface
        }
        ("web", _) => Source::Web { url, url6 },
        ("script", Some(script)) => Source::Script(script),
        ("script", None) => {
            options.error(line, "source script needs option source_script".to_owned());
            Source::Interface
        }
        _ => Source::Interface,
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

/// Two services would overwrite each other's address for ever: the later one is refused.
fn refuse_shared_hostname(entry: &mut Entry, line: u32, before: &[Entry], issues: &mut Issues<'_>) {
    let Entry::Valid(service) = entry else { return };
    if !service.enabled {
        return;
    }
    for other in before {
        let Entry::Valid(other) = other else { continue };
        if !other.enabled || other.endpoint.server != service.endpoint.server {
            continue;
        }
        if let Some(name) = service.hostnames.iter().find(|name| other.hostnames.contains(name)) {
            let message =
                format!("hostname '{name}' is in service '{}' too: remove it from one of them", other.name);
            issues.error(line, message);
            *entry = Entry::Invalid(Invalid {
                name: service.name.clone(),
                enabled: true,
                hostnames: service.hostnames.clone(),
                server: service.endpoint.server.clone(),
                reason: issues.last(),
            });
            return;
        }
    }
}

#[cfg(test)]
mod tests;
