//! Bad input: nicup prints one clear message with place and remedy, exits with the right status, and keeps everything
//! valid.

use crate::common::{CA, CONFIG, HOME, OFFICE, RECORDS, Router, STATE, STATUS};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// nicup cannot use this configuration at all: exit 3, no host, and one problem, worded the same in every output.
fn useless(r: &Router, problem: &str) {
    let _ = r.syslog.take();
    let ran = r.pass(3);
    assert_eq!(r.problems(), [problem]);
    let (level, rest) = problem.split_once(' ').unwrap();
    assert_eq!(r.status().services.len(), 0);
    let (place, message) = rest.split_once(": ").unwrap();
    let line = format!("{place}: {level}: {message}\n");
    assert_eq!((ran.out.as_str(), &ran.err), ("", &line));
    let lines = r.syslog.take();
    assert!(lines.iter().any(|line| line.contains(&format!("{place}: error: {message}"))), "{lines:?}");
    let check = r.run(&["check"]);
    assert_eq!((check.exit, check.out.as_str(), check.err), (3, "", line));
    assert_eq!(r.run(&["status"]).exit, 3);
}

#[test]
fn no_configuration() {
    let Some(r) = Router::new("no_configuration") else { return };
    r.pass(0);
    let records = r.read(RECORDS);
    std::fs::remove_file(r.root.join(CONFIG)).unwrap();
    useless(
        &r,
        "error /etc/config/nicup: there is no such file: create it with a section of type service, see the README",
    );
    std::fs::create_dir(r.root.join(CONFIG)).unwrap();
    useless(&r, "error /etc/config/nicup: cannot be read: not a regular file");
    assert_eq!(r.read(RECORDS), records);
    std::fs::remove_dir(r.root.join(CONFIG)).unwrap();
    r.configure("");
    r.pass(0);
    assert_eq!(r.requests(), 1, "what was registered is still known");
}

#[test]
fn no_uci_text() {
    let Some(r) = Router::new("no_uci_text") else { return };
    for (text, problem) in [
        ("config service home\n\toption username 'x\n", "2: parse error: EOF with unterminated '"),
        ("option username x\n", "1: parse error: option/list command found before the first section"),
        ("config service\n\tfoo bar\n", "2: parse error: invalid command"),
        ("config service\n\toption 'a b' x\n", "2: parse error: invalid character in name field"),
    ] {
        r.config(text);
        r.pass(3);
        let problems = r.problems();
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].starts_with(&format!("error /etc/config/nicup:{problem}")),
            "{problems:?} {problem}"
        );
    }
    r.config("config service\n\toption a '\0'\n");
    r.pass(3);
    assert!(r.problems()[0].contains("/etc/config/nicup:2: "), "{:?}", r.problems());
    assert_eq!(r.requests(), 0);
}

/// One service is wrong, and the other one still runs.
fn one_is_wrong(story: &str, more: &str, problem: &str) {
    let Some(r) = Router::new(story) else { return };
    let device = format!("\toption device '{}'\n", r.device);
    let good = r.service("good", &format!("{device}\tlist hostname '{HOME}'"));
    r.config(&(good + "config service 'bad'\n" + more + &device));
    r.pass(3);
    r.shows(HOME, "current", "good");
    let problems: Vec<String> = r.problems().into_iter().filter(|p| p.starts_with("error ")).collect();
    assert_eq!(problems, [format!("error /etc/config/nicup:{problem}")]);
    for host in r.service_status("bad").hosts {
        assert_eq!((host.state.as_str(), host.code), ("invalid", None));
        assert!(host.message.unwrap().starts_with("the configuration is wrong, line "));
    }
    let check = r.run(&["check"]);
    assert!(check.out.contains("bad: does not run: line ") && check.exit == 3, "{check:?}");
    r.pass(3);
    assert_eq!(r.requests(), 1);
}

const LOGIN: &str = "\toption username 'u'\n\toption password 'p'\n";

#[test]
fn no_hostname() {
    let problem = "9: no hostname: add list hostname with the name to update, or all.ddnskey.com";
    one_is_wrong("no_hostname", LOGIN, problem);
}

#[test]
fn a_hostname_with_a_slash() {
    let more = format!("{LOGIN}\tlist hostname 'fine.example.net'\n\tlist hostname 'a/b'\n");
    let problem = "13: option hostname: 'a/b' has a scheme, port or path in it: write only the hostname";
    one_is_wrong_starts("a_hostname_with_a_slash", &more, problem);
}

#[test]
fn a_hostname_with_a_blank_in_a_list() {
    let more = format!("{LOGIN}\tlist hostname 'a b'\n");
    one_is_wrong_starts(
        "a_hostname_with_a_blank_in_a_list",
        &more,
        "12: option hostname: 'a b' has a blank in it: write one line `list hostname`",
    );
}

/// Like [`one_is_wrong`], but compares only the beginning of the problem.
fn one_is_wrong_starts(story: &str, more: &str, problem: &str) {
    let Some(r) = Router::new(story) else { return };
    let device = format!("\toption device '{}'\n", r.device);
    let good = r.service("good", &format!("{device}\tlist hostname '{HOME}'"));
    r.config(&(good + "config service 'bad'\n" + more + &device));
    r.pass(3);
    r.shows(HOME, "current", "good");
    let problems = r.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with(&format!("error /etc/config/nicup:{problem}")), "{problems:?}");
}

#[test]
fn a_disabled_service_stays_disabled_with_a_wrong_option() {
    let Some(r) = Router::new("a_disabled_service_stays_disabled_with_a_wrong_option") else { return };
    let bad = |name: &str, host: &str, more: &str| {
        r.service(name, &format!("list hostname '{host}'\noption port 'x'\n{more}"))
    };
    r.config(&(bad("home", HOME, "") + &bad("off", OFFICE, "option enabled '0'")));
    r.run(&["run"]);
    r.shows(HOME, "invalid", "-");
    r.shows(OFFICE, "disabled", "-");
    r.config(&("config nicup\n\toption enabled '0'\n".to_owned() + &bad("home", HOME, "")));
    r.run(&["run"]);
    r.shows(HOME, "disabled", "-");
}

#[test]
fn a_hostname_in_two_services() {
    let Some(r) = Router::new("a_hostname_in_two_services") else { return };
    let device = format!("option device '{}'", r.device);
    let one = |name: &str| r.service(name, &format!("{device}\nlist hostname '{HOME}'"));
    r.config(&(one("home") + &one("work")));
    r.pass(3);
    assert_eq!(
        r.problems(),
        [
            "error /etc/config/nicup:9: hostname 'home.example.net' is in service 'home' too: remove it from one of them"
        ]
    );
    assert_eq!(r.requests(), 1);
}

#[test]
fn an_unknown_option_is_a_warning() {
    let Some(r) = Router::new("an_unknown_option_is_a_warning") else { return };
    r.configure("option passwrod 'x'\n\nconfig strange 'thing'");
    r.pass(0);
    let problems = r.problems();
    assert!(
        problems.contains(&"warning /etc/config/nicup:9: unknown option 'passwrod': it has no effect".into()),
        "{problems:?}"
    );
    assert!(
        problems
            .iter()
            .any(|p| p.starts_with("warning /etc/config/nicup:11: unknown section type 'strange'")),
        "{problems:?}"
    );
    assert_eq!((problems.len(), r.requests()), (2, 1));
}

#[test]
fn a_configuration_that_others_can_read_is_a_warning() {
    let Some(r) = Router::new("a_configuration_that_others_can_read_is_a_warning") else { return };
    std::fs::set_permissions(r.root.join(CONFIG), PermissionsExt::from_mode(0o644)).unwrap();
    r.pass(0);
    let wanted =
        "warning /etc/config/nicup: its mode 644 lets others read the passwords: chmod 600 /etc/config/nicup";
    assert_eq!(r.problems(), [wanted]);
    // nicup logs it once, not in every pass.
    assert_eq!(r.syslog.take().iter().filter(|line| line.contains("chmod")).count(), 1);
    r.pass(0);
    assert_eq!(r.syslog.take(), Vec::<String>::new());
}

#[test]
fn a_bundle_without_certificates() {
    let Some(r) = Router::new("a_bundle_without_certificates") else { return };
    r.write(CA, "no certificate here\n");
    r.pass(1);
    let message = r.shows(HOME, "waiting", "tls").message.unwrap();
    assert!(
        message.contains("/etc/ssl/certs/ca-certificates.crt contains no certificate: install"),
        "{message}"
    );
    assert_eq!(r.problems().len(), 1);
    let check = r.run(&["check"]);
    assert!(
        check.out.contains("ca-certificates.crt contains no certificate: install the package ca-bundle"),
        "{check:?}"
    );
    r.configure("option cacert '/etc/own.pem'");
    r.write("etc/own.pem", r.sim.ca_pem());
    r.set(STATE, "last", 0);
    r.pass(0);
    assert_eq!(r.problems(), Vec::<String>::new());
}

#[test]
fn a_missing_bundle_gives_advice_and_makes_no_connection() {
    let Some(r) = Router::new("a_missing_bundle_gives_advice_and_makes_no_connection") else {
        return;
    };
    std::fs::remove_file(r.root.join(CA)).unwrap();
    r.pass(1);
    let message = r.shows(HOME, "waiting", "tls").message.unwrap();
    assert!(message.contains("install the package ca-bundle"), "{message}");
    assert!(r.problems()[0].contains("install the package ca-bundle"), "{:?}", r.problems());
    assert_eq!(r.sim.connections().accepted, 0);
}

#[test]
fn damaged_records_are_set_aside() {
    let Some(r) = Router::new("damaged_records_are_set_aside") else { return };
    r.pass(0);
    for (text, says) in [
        (r.read(RECORDS).replace('}', ""), "is damaged"),
        ("{\"version\":99,\"future\":[]}".to_owned(), "is of a newer nicup (format 99, this one reads 1)"),
        ("\u{0}\u{1}garbage".to_owned(), "is damaged"),
    ] {
        r.write(RECORDS, &text);
        let sent = r.requests();
        r.pass(0);
        let wanted = format!(
            "warning /etc/nicup/records.json: {says}: set aside as /etc/nicup/records.json.bad; its stops and waits are lost"
        );
        assert_eq!(r.problems(), [wanted]);
        assert_eq!((r.read("etc/nicup/records.json.bad"), r.requests()), (text, sent + 1));
        r.pass(0);
        assert_eq!((r.problems(), r.requests()), (vec![], sent + 1));
    }
}

#[test]
fn a_damaged_state_costs_no_record() {
    let Some(r) = Router::new("a_damaged_state_costs_no_record") else { return };
    r.pass(0);
    let records = r.stamp(RECORDS);
    r.write(STATE, "{\"version\":1,\"hosts\":7}");
    r.pass(0);
    assert!(r.problems()[0].starts_with("warning /var/run/nicup/state.json: is damaged: set aside as"));
    assert_eq!((r.requests(), r.stamp(RECORDS)), (1, records));
    // A pass does not read the status.
    r.write(STATUS, "garbage");
    assert_eq!(r.run(&["status"]).exit, 1);
    r.pass(0);
    r.shows(HOME, "current", "good");
}

#[test]
fn links_and_pipes_in_the_way_do_no_harm() {
    let Some(r) = Router::new("links_and_pipes_in_the_way_do_no_harm") else { return };
    r.pass(0);
    let victim = r.root.join("victim");
    std::fs::write(&victim, "precious").unwrap();
    std::fs::remove_file(r.root.join(STATUS)).unwrap();
    for file in [STATUS, "var/run/nicup/status.json.new"] {
        std::os::unix::fs::symlink(&victim, r.root.join(file)).unwrap();
    }
    std::fs::remove_file(r.root.join(STATE)).unwrap();
    assert!(Command::new("mkfifo").arg(r.root.join(STATE)).status().unwrap().success());
    r.pass(0);
    assert_eq!((r.read("victim"), r.requests()), ("precious".to_owned(), 1));
    assert!(!r.root.join(STATUS).is_symlink());
}

#[test]
fn a_run_folder_that_cannot_be_made() {
    let Some(r) = Router::new("a_run_folder_that_cannot_be_made") else { return };
    r.write("var/run", "a file");
    let ran = r.pass(1);
    assert!(ran.err.starts_with("nicup: /var/run/nicup: cannot be written: "), "{ran:?}");
    assert_eq!((r.requests(), ran.out.as_str()), (0, ""));
}
