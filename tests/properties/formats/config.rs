//! /etc/config/nicup: UCI text, and the configuration that policy makes from it.

use super::export::{Names, export};
use super::{Dice, generate, one, within};
use nicup::policy::config::{Config, Entry, Service, build};
use nicup::wire::dyndns2;
use nicup::wire::uci::{Package, Text, Value, parse};

const FILE: &str = "/etc/config/nicup";
/// The most bytes of a message, because it is for one log line.
const MESSAGE: usize = 400;

pub(crate) fn check(data: &[u8]) {
    let Some((package, lines)) = text(data) else { return };
    // Two bytes can be an unknown option, whose warning takes a hundred.
    let config = within(data, 256, || build(&package, FILE));
    for issue in &config.issues {
        assert_eq!(issue.file, FILE);
        assert!(issue.line.is_none_or(|line| (1..=lines).contains(&line)), "{issue:?}");
        assert!(!issue.message.is_empty() && issue.message.len() <= MESSAGE, "{issue:?}");
        assert!(!issue.message.ends_with('.') && !issue.message.contains('\n'), "{issue:?}");
    }
    no_message_contains_a_secret(data, &package, &config);
    let services = package.sections.iter().filter(|section| section.kind == "service").count();
    assert_eq!(config.services.len(), services);
    for entry in &config.services {
        match entry {
            Entry::Valid(service) => valid(service, &config),
            Entry::Invalid(invalid) => assert!(!invalid.reason.is_empty()),
        }
    }
}

/// Properties of every UCI text. None: a parse error. Otherwise the package and the number of lines.
pub(crate) fn text(data: &[u8]) -> Option<(Package, u32)> {
    let lines = u32::try_from(data.iter().filter(|byte| **byte == b'\n').count()).unwrap() + 1;
    let package = match within(data, 128, || parse(data)) {
        Ok(package) => package,
        Err(error) => {
            assert!((1..=lines).contains(&error.line) && error.byte as usize <= data.len(), "{error}");
            return None;
        }
    };
    for section in &package.sections {
        let options = section.options.iter();
        let places =
            options.flat_map(|o| std::iter::once(o.line).chain(o.value.texts().iter().map(|t| t.line)));
        assert!(places.chain([section.line]).all(|line| (1..=lines).contains(&line)));
        for option in &section.options {
            assert!(
                matches!(&option.value, Value::One(text) if !text.bytes.is_empty())
                    || !option.value.texts().is_empty()
            );
        }
    }
    // uci does not quote a type.
    if !package.sections.iter().any(|section| section.kind.contains(['\'', '"', '\\', '#', ';'])) {
        let written = export(&package, Names::Given);
        let again = parse(&written).map(|package| export(&package, Names::Given));
        assert!(again.is_ok_and(|again| again == written), "{}", written.escape_ascii());
    }
    Some((package, lines))
}

/// No message contains a password.
fn no_message_contains_a_secret(data: &[u8], package: &Package, config: &Config) {
    let options = package.sections.iter().flat_map(|section| &section.options);
    let secrets = options.filter(|option| option.name == "password").flat_map(|option| option.value.texts());
    for secret in secrets {
        let Some(secret) = is_recognised(data, secret) else { continue };
        assert!(
            config.issues.iter().all(|issue| !issue.message.contains(&secret)),
            "a password in a message"
        );
        assert!(!format!("{config:?}").contains(&secret), "a password in Debug");
    }
}

/// A password that occurs nowhere else in the file and in nicup's own texts, in the form that a message would show:
/// without control characters.
pub(crate) fn is_recognised(data: &[u8], secret: &Text) -> Option<String> {
    let count = |text: &[u8]| data.windows(text.len()).filter(|window| *window == text).count();
    let strange =
        |text: &str| text.contains(|c: char| c.is_ascii_digit()) && !text.contains([' ', '.', ':', '/', '_']);
    let long = secret.as_str().filter(|text| text.len() >= 12 && strange(text))?;
    let once = count(long.as_bytes()) == 1 && count(format!("password '{long}'").as_bytes()) == 1;
    let shown = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    // Control characters may split another occurrence of the same text.
    let everything = shown(&String::from_utf8_lossy(data));
    let long = shown(long);
    // Messages show hostnames in lower case.
    let alone = everything.to_ascii_lowercase().matches(&long.to_ascii_lowercase()).count() == 1;
    (once && alone && long.len() >= 12).then_some(long)
}

/// A valid service fits into a request unchanged, and cannot inject another header.
fn valid(service: &Service, config: &Config) {
    let names: Vec<&str> = service.hostnames.iter().map(String::as_str).collect();
    assert!(!names.is_empty() && names.iter().all(|name| !name.is_empty()));
    let endpoint = &service.endpoint;
    let target = dyndns2::target(&endpoint.path, &names, &[]);
    assert!(target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic()), "{target:?}");
    assert!(names.iter().all(|name| !name.contains([',', '&', '#', '%', '?', '+'])), "{names:?}");
    let login = dyndns2::basic_auth(&service.username, service.password.reveal());
    let agent = dyndns2::user_agent("m", "r", "v", config.main.contact().0);
    assert!([&login, &agent, &endpoint.server].iter().all(|text| !text.contains(char::is_control)));
    assert!(endpoint.port > 0 && endpoint.timeout > 0 && !endpoint.server.is_empty());
}

pub(crate) fn sample(dice: &mut Dice) -> Vec<u8> {
    if dice.roll(4) == 0 {
        return generate::file(dice);
    }
    let mut text = Vec::new();
    if dice.roll(3) == 0 {
        text.extend_from_slice(b"config nicup 'main'\n");
        (0..dice.roll(4)).for_each(|_| line(dice, &mut text));
    }
    for _ in 0..1 + dice.roll(3) {
        text.extend_from_slice(b"config service 'home'\n\toption username 'rv7sc9a'\n");
        let mark = one(dice, &["", "", "", "\u{1}", "\u{7f}"]);
        text.extend_from_slice(format!("\toption password 'secret-of-house-7{mark}'\n").as_bytes());
        text.extend_from_slice(b"\tlist hostname 'home.example.net'\n");
        (0..dice.roll(6)).for_each(|_| line(dice, &mut text));
    }
    text
}

fn line(dice: &mut Dice, text: &mut Vec<u8>) {
    let name = one(dice, NAMES);
    text.extend_from_slice(one(dice, &["\toption ", "\toption ", "\tlist "]).as_bytes());
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(format!(" '{}'\n", one(dice, VALUES)).as_bytes());
}

const NAMES: &[&str] = &[
    "enabled",
    "mode",
    "log_level",
    "contact",
    "state_dir",
    "run_dir",
    "username",
    "password",
    "hostname",
    "interface",
    "interface6",
    "device",
    "family",
    "source",
    "source_url",
    "source_url6",
    "source_script",
    "check_interval",
    "allow_private",
    "ip6_suffix",
    "force_interval",
    "offline",
    "server",
    "path",
    "port",
    "plaintext",
    "cacert",
    "proxy",
    "bind",
    "timeout",
    "colour",
];
const VALUES: &[&str] = &[
    "0",
    "1",
    "yes",
    "off",
    "watch",
    "hotplug",
    "debug",
    "wan",
    "wan6",
    "lan",
    "pppoe-wan",
    "ipv4",
    "ipv6",
    "both",
    "web",
    "script",
    "http://ip1.dynupdate.no-ip.com/",
    "https://u:p@[2001:db8::1]:8443/x?y#z",
    "10m",
    "25d",
    "5",
    "99999999999999999999",
    "::1234:5678",
    "2001:db8::7",
    "443",
    "65536",
    "/etc/x.pem",
    "x",
    "http://user:pass-of-the-proxy@10.0.0.1:3128",
    "a.example.net b.example.net",
    "all.ddnskey.com",
    "gr\u{fc}n",
    "A.EXAMPLE.net.",
    "a..b",
    "-a.example.net",
    "a\r\nX-Evil: 1",
    "group:account",
    "",
    " ",
    "me@example.com",
    "friends",
    "host@label",
    "/nic/update",
    "/nic/up date",
    "/a/../b",
    "../x",
    "30",
    "1h",
    "-1",
];

pub(crate) const WORDS: &[&[u8]] = &[
    b"config ",
    b"service ",
    b"nicup ",
    b"option ",
    b"list ",
    b"package ",
    b"'",
    b"\"",
    b"\\",
    b"\\\n",
    b"\n",
    b"#",
    b";",
    b"\x0b",
    b"enabled ",
    b"username ",
    b"password ",
    b"hostname ",
    b"interface ",
    b"interface6 ",
    b"device ",
    b"family ",
    b"source ",
    b"source_url ",
    b"source_url6 ",
    b"source_script ",
    b"check_interval ",
    b"force_interval ",
    b"ip6_suffix ",
    b"offline ",
    b"server ",
    b"path ",
    b"port ",
    b"plaintext ",
    b"cacert ",
    b"proxy ",
    b"bind ",
    b"timeout ",
    b"contact ",
    b"state_dir ",
    b"mode ",
    b"log_level ",
    b"https://",
    b"http://",
    b"@",
    b"[2001:db8::1]",
    b"all.ddnskey.com",
    b".example.net",
    b"web",
    b"script",
    b"both",
    b"25d",
    b"\xc3\xbc",
    b"\xff",
    b"config service\n",
];
