//! /etc/config/ddns, and the configuration that `nicup import` makes from it.

use super::{Dice, config, one, within};
use nicup::policy::config::{Level, build};
use nicup::policy::import::convert;
use nicup::wire::uci::parse;

pub(crate) fn check(data: &[u8]) {
    let Some((package, lines)) = config::text(data) else { return };
    let Some(imported) = within(data, 512, || convert(&package, &[])) else { return };
    for note in &imported.notes {
        assert!((1..=lines).contains(&note.line), "{note:?}");
        assert!(!note.message.is_empty() && note.message.len() <= 1000, "{note:?}");
    }
    let secrets = package.sections.iter().filter_map(|section| section.option("password"));
    for secret in secrets.flat_map(|option| option.value.texts()) {
        let Some(secret) = config::is_recognised(data, secret) else { continue };
        assert!(imported.notes.iter().all(|note| !note.message.contains(&secret)), "a password in a note");
    }
    // The result can be parsed, and has no errors unless there are notes.
    let written = parse(imported.text.as_bytes()).unwrap();
    let made = build(&written, "config");
    assert_eq!((made.services.len(), imported.services), (imported.services, made.services.len()));
    assert!(imported.services >= 1 && imported.sections >= imported.services);
    let wrong: Vec<_> = made.issues.iter().filter(|issue| issue.level == Level::Error).collect();
    assert!(wrong.is_empty() || !imported.notes.is_empty(), "{wrong:?}");
}

pub(crate) fn sample(dice: &mut Dice) -> Vec<u8> {
    let mut text = String::new();
    if dice.roll(3) == 0 {
        text.push_str("config ddns \"global\"\n\toption upd_privateip '1'\n");
    }
    for n in 0..1 + dice.roll(4) {
        text.push_str(&format!("config service \"{}{n}\"\n", one(dice, &["home_ipv", "myddns_ipv", "x"])));
        if dice.roll(5) > 0 {
            text.push_str("\toption service_name \"no-ip.com\"\n\toption username 'me'\n");
            text.push_str("\toption password 'secret-of-house-7'\n\toption domain 'home.ddns.net'\n");
        }
        for _ in 0..dice.roll(8) {
            text.push_str(&format!("\toption {} '{}'\n", one(dice, NAMES), one(dice, VALUES)));
        }
    }
    text.into_bytes()
}

const NAMES: &[&str] = &[
    "enabled",
    "service_name",
    "update_url",
    "update_script",
    "lookup_host",
    "domain",
    "username",
    "password",
    "use_https",
    "cacert",
    "interface",
    "ip_source",
    "ip_network",
    "ip_interface",
    "ip_url",
    "ip_script",
    "use_ipv6",
    "check_interval",
    "check_unit",
    "force_interval",
    "force_unit",
    "retry_max_count",
    "retry_interval",
    "proxy",
    "bind_network",
    "use_syslog",
    "dns_server",
    "param_enc",
    "param_opt",
    "is_glue",
];
const VALUES: &[&str] = &[
    "0",
    "1",
    "no-ip.com",
    "noip.com",
    "duckdns.org",
    "-",
    "custom",
    "network",
    "interface",
    "web",
    "script",
    "wan",
    "wan6",
    "lan",
    "eth0.2",
    "minutes",
    "hours",
    "days",
    "72",
    "99999999999",
    "-3",
    "/etc/ssl/certs",
    "IGNORE",
    "http://[USERNAME]:[PASSWORD]@dynupdate.no-ip.com/nic/update?hostname=[DOMAIN]&myip=[IP]",
    "https://dynupdate.no-ip.com:8443/x?hostname=[DOMAIN]",
    "/usr/lib/ddns/update_no-ip_com.sh",
    "gr\u{fc}n",
    "http://ip1.dynupdate.no-ip.com/",
    "user:pass-of-the-proxy@10.0.0.1:3128",
    "@home.ddns.net",
    "a b",
    "",
];

pub(crate) const WORDS: &[&[u8]] = &[
    b"config service ",
    b"config ddns 'global'\n",
    b"\toption ",
    b"\tlist ",
    b"service_name ",
    b"'no-ip.com'\n",
    b"domain ",
    b"lookup_host ",
    b"username ",
    b"password ",
    b"ip_source ",
    b"'network'\n",
    b"'interface'\n",
    b"'web'\n",
    b"'script'\n",
    b"ip_network ",
    b"ip_interface ",
    b"ip_url ",
    b"ip_script ",
    b"use_ipv6 ",
    b"use_https ",
    b"check_interval ",
    b"check_unit ",
    b"force_interval ",
    b"force_unit ",
    b"update_url ",
    b"update_script ",
    b"[USERNAME]",
    b"[PASSWORD]",
    b"[DOMAIN]",
    b"[IP]",
    b"dynupdate.no-ip.com",
    b"https://",
    b"http://",
    b"proxy ",
    b"cacert ",
    b"enabled ",
    b"'1'\n",
];
