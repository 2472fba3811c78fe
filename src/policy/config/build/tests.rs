//! What a user may write, and the problems that nicup reports about the rest.

use super::*;
use crate::policy::config::{Issue, Level};
use crate::policy::config::{LogLevel, Mode};
use crate::wire::uci;

mod limits;

/// A right service; lines that are added begin at line 5.
const HOME: &str = "config service 'home'\n option username 'me'\n option password 'geheim'\n list hostname 'a.example.net'\n";

fn read(text: &str) -> Config {
    build(&uci::parse(text.as_bytes()).unwrap(), "/etc/config/nicup")
}

fn with(lines: &str) -> Config {
    read(&format!("{HOME}{lines}\n"))
}

fn valid(config: &Config, at: usize) -> &Service {
    match &config.services[at] {
        Entry::Valid(service) => service,
        Entry::Invalid(invalid) => panic!("{}", invalid.reason),
    }
}

/// Level, line and message of every issue.
fn problems_of(config: &Config) -> Vec<(Level, u32, &str)> {
    config.issues.iter().map(|i| (i.level, i.line.unwrap_or(0), i.message.as_str())).collect()
}

#[test]
fn a_login_and_a_hostname_are_enough_and_the_rest_has_defaults() {
    let config = read(HOME);
    assert!(config.issues.is_empty(), "{:?}", config.issues);
    let service = valid(&config, 0);
    assert_eq!((service.name.as_str(), service.line, service.enabled), ("home", 1, true));
    assert_eq!((service.username.as_str(), service.password.reveal()), ("me", "geheim"));
    assert_eq!(service.hostnames, ["a.example.net"]);
    assert_eq!(service.uplink, Uplink { interfaces: vec!["wan".into()], interface6: None, device: None });
    assert_eq!((service.family, &service.source), (Family::Ipv4, &Source::Interface));
    assert_eq!((service.check_interval, service.force_interval), (600, Some(25 * 86_400)));
    assert!(!service.allow_private && !service.offline && service.ip6_suffix.is_none());
    let endpoint = &service.endpoint;
    assert_eq!((endpoint.server.as_str(), endpoint.path.as_str()), ("dynupdate.no-ip.com", "/nic/update"));
    assert_eq!((endpoint.port, endpoint.timeout), (443, 30));
    assert!(!endpoint.plaintext && !endpoint.bind && endpoint.cacert.is_none() && endpoint.proxy.is_none());
    let main = &config.main;
    assert_eq!((main.enabled, main.mode, main.log_level), (true, Mode::Watch, LogLevel::Notice));
    assert_eq!((main.state_dir.as_str(), main.run_dir.as_str()), ("/etc/nicup", "/var/run/nicup"));
}

#[test]
fn every_option_of_section_nicup_is_read() {
    let config = read(&format!(
        "config nicup 'main'\n option enabled 0\n option mode hotplug\n option log_level debug\n \
         option contact you@example.org\n option state_dir /srv/nicup/\n option run_dir /tmp/n\n{HOME}"
    ));
    assert!(config.issues.is_empty(), "{:?}", config.issues);
    let main = Main {
        enabled: false,
        mode: Mode::Hotplug,
        log_level: LogLevel::Debug,
        contact: Some("you@example.org".into()),
        state_dir: "/srv/nicup".into(),
        run_dir: "/tmp/n".into(),
    };
    assert_eq!(config.main, main);
}

#[test]
fn every_option_of_a_service_is_read() {
    let config = with(
        " list hostname B.example.net\n list interface wanb\n list interface wan\n option interface6 wan6\n \
         option family both\n option allow_private on\n option ip6_suffix ::1:2\n option force_interval 0\n \
         option offline yes\n option server DynUpdate.example\n option path /up\n option port 8443\n \
         option cacert /etc/ca.pem\n option proxy http://u:p@proxy:3128\n option bind true\n option timeout 10\n \
         option enabled off",
    );
    assert!(config.issues.is_empty(), "{:?}", config.issues);
    let service = valid(&config, 0);
    assert_eq!(service.hostnames, ["a.example.net", "b.example.net"]);
    assert_eq!(service.uplink.interfaces, ["wanb", "wan"]);
    assert_eq!(service.uplink.interface6.as_deref(), Some("wan6"));
    assert!(service.family.v4() && service.family.v6() && service.allow_private && service.offline);
    assert_eq!((service.ip6_suffix, service.force_interval), ("::1:2".parse().ok(), None));
    assert_eq!((service.endpoint.server.as_str(), service.endpoint.port), ("dynupdate.example", 8443));
    assert_eq!(service.endpoint.proxy.as_ref().unwrap().port, 3128);
    assert!(service.endpoint.bind && !service.enabled && service.endpoint.timeout == 10);
}

#[test]
fn each_wrong_value_is_an_error_with_its_line() {
    let wrong = [
        "enabled maybe",
        "hostname 'a b/c'",
        "interface 'w/an'",
        "interface6 -x",
        "device sixteen-chars-xxx",
        "family ipv5",
        "source dns",
        "source_url ftp://x",
        "source_script relative",
        "check_interval 4m",
        "allow_private 2",
        "ip6_suffix 2001:db8::1",
        "force_interval 1h",
        "offline perhaps",
        "server http://x/",
        "path nic",
        "port 0",
        "plaintext x",
        "cacert ca.pem",
        "proxy proxy:1",
        "bind x",
        "timeout 0",
    ];
    for line in wrong {
        let config = with(&format!("\n option {line}"));
        let name = line.split(' ').next().unwrap();
        let problems = problems_of(&config);
        let error = problems.iter().find(|(level, ..)| *level == Level::Error).unwrap();
        assert!(error.1 == 6 && error.2.starts_with(&format!("option {name}:")), "{line}: {problems:?}");
        let Entry::Invalid(invalid) = &config.services[0] else { panic!("{line}") };
        assert_eq!(invalid.reason, format!("line 6: {}", error.2));
    }
    for line in ["enabled x", "mode x", "log_level loud", "contact 'a b'", "state_dir x", "run_dir x"] {
        let config = read(&format!("config nicup main\n option {line}\n{HOME}"));
        assert_eq!(problems_of(&config)[0].1, 2, "{line}");
        assert_eq!(config.issues[0].level, Level::Error);
        assert_eq!((&config.main, valid(&config, 0).line), (&Main::default(), 3));
    }
}

#[test]
fn what_must_be_there_is_missed() {
    for name in ["username", "password", "hostname"] {
        let lines = HOME.lines().filter(|line| !line.contains(&format!(" {name} ")));
        let config = read(&lines.collect::<Vec<_>>().join("\n"));
        let problems = problems_of(&config);
        assert!(problems.len() == 1 && problems[0].1 == 1 && problems[0].2.contains(name), "{problems:?}");
        assert!(matches!(&config.services[0], Entry::Invalid(_)));
    }
    assert_eq!(problems_of(&with(" option password ''\n option server ''")).len(), 0, "empty is not set");
}

#[test]
fn all_problems_are_reported_at_once_and_the_other_service_runs() {
    let bad = "config service 'bad'\n option password 'x'\n option port 'x'\n option family 'x'\n option colour red\n";
    let config = read(&format!("{bad}{HOME}"));
    let lines: Vec<u32> = problems_of(&config).iter().map(|(_, line, _)| *line).collect();
    assert_eq!(lines, [1, 1, 3, 4, 5]);
    assert!(matches!(&config.services[0], Entry::Invalid(_)));
    assert_eq!(valid(&config, 1).name, "home");
}

#[test]
fn unknown_options_and_sections_are_warnings() {
    let config = with(" option colour red\nconfig ddns x\n option y z");
    let expected = [
        (Level::Warning, 5, "unknown option 'colour': it has no effect"),
        (Level::Warning, 6, "unknown section type 'ddns': only nicup and service are read"),
    ];
    assert_eq!(problems_of(&config), expected);
    valid(&config, 0);
}

#[test]
fn a_name_of_any_length_makes_no_message_of_any_length() {
    let long = "o".repeat(100_000);
    let again = format!(
        "config service '{long}'\n option username u\n option password p\n list hostname b.example\n"
    );
    let config = with(&format!(" option {long} 1\n{again}{}", again.replace(&long, "c")));
    let longest = config.issues.iter().map(|issue| issue.message.len()).max();
    assert_eq!((config.issues.len(), longest), (2, Some(112)), "{:.500?}", config.issues);
}

#[test]
fn one_value_is_an_option_and_several_are_a_list_or_separated_by_blanks() {
    let config = with(" list family ipv4");
    assert_eq!(
        problems_of(&config),
        [(Level::Error, 5, "option family takes one value: write option, not list")]
    );
    let config = read(
        "config service x\n option username u\n option password p\n option hostname 'a.example b.example group'\n",
    );
    assert_eq!(valid(&config, 0).hostnames, ["a.example", "b.example", "group"]);
    // No-IP's own form, and what a copied line leaves behind.
    for written in
        ["list hostname 'b.example.,Group , c@label,'", "option hostname 'b.example,  Group, c@label '"]
    {
        let config = with(&format!(" {written}"));
        let hostnames = &valid(&config, 0).hostnames;
        assert!(
            hostnames.ends_with(&["b.example".into(), "group".into(), "c@label".into()]),
            "{hostnames:?}"
        );
    }
    let config = with(" list interface ' wan'\n list interface 'wanb,wanc'");
    assert_eq!(valid(&config, 0).uplink.interfaces, ["wan", "wanb", "wanc"]);
}

#[test]
fn a_blank_at_the_end_of_a_credential_is_a_warning_that_keeps_it() {
    for (name, text) in [("username", "me "), ("password", "geheim\u{a0}"), ("password", " geheim")] {
        let right = format!("option {name} '{}'", text.trim());
        let config = read(&HOME.replace(&right, &format!("option {name} '{text}'")));
        let message = format!("option {name} begins or ends with a blank: remove it if it is a typo");
        let line = if name == "username" { 2 } else { 3 };
        assert_eq!(problems_of(&config), [(Level::Warning, line, message.as_str())]);
        let service = valid(&config, 0);
        assert!([service.username.as_str(), service.password.reveal()].contains(&text));
    }
}

#[test]
fn a_disabled_service_may_be_incomplete_and_its_mistakes_are_warnings() {
    let config = read("config service\n option enabled 0\n option source web\n");
    assert!(config.issues.is_empty(), "{:?}", config.issues);
    let [Entry::Invalid(Invalid { enabled: false, reason, .. })] = &config.services[..] else { panic!() };
    assert_eq!(reason, "line 1: option username is missing");

    let config = read("config service\n option enabled 0\n option port 0\n option password 'a\tb'\n");
    let levels: Vec<_> = problems_of(&config).iter().map(|(level, line, _)| (*level, *line)).collect();
    assert_eq!(levels, [(Level::Warning, 4), (Level::Warning, 3)]);

    for enabled in ["", " option enabled 1\n", " option enabled maybe\n"] {
        let config = read(&format!("config service\n{enabled}"));
        assert!(config.issues.iter().any(|issue| issue.level == Level::Error), "{enabled}");
    }
}

#[test]
fn a_hostname_listed_twice_is_a_warning_with_its_own_line() {
    let config = with(" list hostname b.example\n list hostname A.example.net");
    assert_eq!(problems_of(&config), [(Level::Warning, 6, "hostname 'a.example.net' is listed twice")]);
    assert_eq!(valid(&config, 0).hostnames.len(), 2);
}

#[test]
fn a_hostname_in_two_services_of_a_server_is_an_error() {
    let second = HOME.replace("'home'", "'two'").replace("'me'", "'you'");
    let config = read(&format!("{HOME}{second}"));
    let message = "hostname 'a.example.net' is in service 'home' too: remove it from one of them";
    assert_eq!(problems_of(&config), [(Level::Error, 5, message)]);
    valid(&config, 0);
    assert!(matches!(&config.services[1], Entry::Invalid(invalid) if invalid.hostnames == ["a.example.net"]));
    for apart in [" option server other.example\n", " option enabled 0\n"] {
        assert!(read(&format!("{HOME}{second}{apart}")).issues.is_empty(), "{apart}");
    }
}

#[test]
fn a_group_and_all_ddnskey_com_are_other_hosts_under_another_login() {
    for name in ["group", "all.ddnskey.com"] {
        let home = HOME.replace("a.example.net", name);
        let second = home.replace("'home'", "'two'");
        let message = format!("hostname '{name}' is in service 'home' too: remove it from one of them");
        assert_eq!(problems_of(&read(&format!("{home}{second}"))), [(Level::Error, 5, message.as_str())]);
        let other_login = second.replace("'me'", "'you'");
        assert!(read(&format!("{home}{other_login}")).issues.is_empty(), "{name}");
    }
}

#[test]
fn a_wrong_value_is_one_problem_and_not_missing_too() {
    for (right, wrong) in [("'me'", "'m\te'"), ("geheim", "ge\theim"), ("a.example.net", "a/b")] {
        let config = read(&HOME.replace(right, wrong));
        assert_eq!(config.issues.len(), 1, "{:?}", problems_of(&config));
    }
}

#[test]
fn a_second_section_nicup_is_an_error() {
    let config = read(&format!("config nicup a\n option mode hotplug\nconfig nicup b\n{HOME}"));
    assert_eq!((config.issues[0].level, config.issues[0].line), (Level::Error, Some(3)));
    assert_eq!(config.main.mode, Mode::Hotplug);
}

#[test]
fn a_file_without_a_service_says_so() {
    let config = read("");
    assert_eq!((config.issues[0].level, config.issues[0].line), (Level::Warning, None));
}

#[test]
fn no_message_holds_a_secret() {
    let lines = [
        "list password geheim",
        "option password 'ge\theim'",
        "option proxy http://u:geheim@",
        "option proxy ftp://u:geheim@p:1",
        "option source_url http://u:geheim@h/",
        "option server u:geheim@h",
        "option server https://u:geheim@h/",
        "option source_url6 x://u:geheim@h/",
        "option geheim_option x",
    ];
    for line in lines {
        let text = format!(
            "config service h\n option username u\n option hostname a.example\n option password x\n {line}\n"
        );
        let config = read(&text);
        assert!(!config.issues.is_empty(), "{line}");
        let reported = config.issues.iter().map(Issue::to_string).collect::<String>();
        assert!(!reported.contains("geheim") || line.contains("geheim_option"), "{reported}");
        assert!(!format!("{config:?}").contains("geheim") || line.contains("geheim_option"), "{line}");
    }
}

#[test]
fn a_wrong_value_is_repeated_unless_it_may_hold_a_login() {
    let shown = |value: &str| {
        let config = with(&format!(" option server '{value}'"));
        config.issues[0].message.starts_with(&format!("option server: '{value}' is not a server name"))
    };
    assert!(shown("example.net:443") && shown("me@example.net") && shown("a b"));
    assert!(!shown("me:geheim@example.net") && !shown("https://me:geheim@example.net/"));
}

#[test]
fn what_is_sent_unencrypted_is_warned_about() {
    let rows = [
        ("plaintext 1", "sends the password unencrypted"),
        ("source web\n option source_url http://h/", "http lets anyone"),
        ("source web\n option source_url6 http://h/", "http lets anyone"),
    ];
    for (line, reported) in rows {
        let config = with(&format!(" option {line}"));
        assert!(
            matches!(problems_of(&config).as_slice(), [(Level::Warning, _, text)] if text.contains(reported)),
            "{line}"
        );
        valid(&config, 0);
    }
    let config = with(" option source web\n option source_url https://h:444/ip?x");
    assert!(config.issues.is_empty());
    let Source::Web { url: Some(url), url6: None } = &valid(&config, 0).source else {
        panic!("no web source")
    };
    assert_eq!((url.host.as_str(), url.port, url.path.as_str(), url.tls), ("h", 444, "/ip?x", true));
}

#[test]
fn a_source_needs_what_belongs_to_it() {
    for (source, missing) in [("web", "source_url"), ("script", "source_script")] {
        let config = with(&format!("\n option source {source}"));
        let problems = problems_of(&config);
        assert!(
            problems.iter().any(|(l, n, t)| *l == Level::Error && *n == 6 && t.contains(missing)),
            "{problems:?}"
        );
    }
}

#[test]
fn a_device_makes_the_interface_unused() {
    let config = with(" option device pppoe-wan\n option interface wan");
    let message = "option interface is not used, because option device is set";
    assert_eq!(problems_of(&config), [(Level::Warning, 6, message)]);
}
