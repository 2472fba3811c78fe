//! Limits of a configuration.

use crate::common::{CONFIG, HOME, Router};
use std::fmt::Write as _;

/// Exit status of a pass, and the errors in the status.
fn pass(r: &Router) -> (i32, Vec<String>) {
    let exit = r.run(&["run"]).exit;
    (exit, r.problems().into_iter().filter(|problem| problem.starts_with("error ")).collect())
}

pub(crate) fn file(r: &Router, limit: usize) {
    let text = r.read(CONFIG);
    let padded = |size: usize| format!("{text}#{}\n", "x".repeat(size - text.len() - 2));
    r.config(&padded(limit));
    assert_eq!(pass(r), (0, Vec::new()));
    r.config(&padded(limit + 1));
    let error = format!("error /etc/config/nicup: larger than {limit} bytes: remove what is not needed");
    assert_eq!(pass(r), (3, vec![error]));
    r.config(&text);
    assert_eq!((pass(r).0, r.requests()), (0, 1), "nothing was forgotten");
}

/// Disabled services with these numbers of hostnames. Disabled ones count towards the limits, too.
fn switched_off(r: &Router, hosts: &[usize]) -> String {
    let mut text = String::new();
    for (service, hosts) in hosts.iter().enumerate() {
        let names: String =
            (0..*hosts).map(|host| format!("list hostname 'h{service}-{host}.example.net'\n")).collect();
        text += &r.service(&format!("s{service}"), &format!("option enabled '0'\n{names}"));
    }
    text
}

pub(crate) fn services(r: &Router, limit: usize) {
    r.pass(0);
    let (usual, all) = (r.read(CONFIG), switched_off(r, &vec![1; limit]));
    let main = "\nconfig nicup 'main'\n\toption mode 'hotplug'\n";
    r.config(&(all.clone() + &usual + &switched_off(r, &[1]) + main));
    let line = all.lines().count() + 1;
    let error = format!(
        "error /etc/config/nicup:{line}: more than {limit} services: this one and those after it do not run, remove some"
    );
    assert_eq!(pass(r), (3, vec![error]));
    let status = r.status();
    assert_eq!((status.services.len(), status.mode.as_str()), (limit + 1, "hotplug"));
    assert_eq!((status.services[limit].name.as_str(), status.services[limit].hosts.len()), ("home", 0));
    r.config(&usual);
    assert_eq!((pass(r).0, r.requests()), (0, 1), "what it had registered is still known");
    r.config(&all);
    assert_eq!(pass(r), (0, Vec::new()));
}

pub(crate) fn hostnames(r: &Router, limit: usize) {
    r.config(&switched_off(r, &[limit - 1, 1]));
    assert_eq!(pass(r), (0, Vec::new()));
    r.config(&switched_off(r, &[limit - 1, 2, 1]));
    let (exit, errors) = pass(r);
    assert_eq!((exit, errors.len()), (3, 1), "{errors:?}");
    let what = format!(": with this service there are more than {limit} hostnames: remove some");
    assert!(errors[0].ends_with(&what), "{errors:?}");
    let check = r.run(&["check"]);
    assert!(
        check.out.contains("s1: does not run: line ") && !check.out.contains("s2: is not run"),
        "{check:?}"
    );
}

/// An option of the largest size is valid, and with one more byte it is not.
fn value(r: &Router, option: &str, right: &str, wrong: &str) {
    let text = |enabled: u8, value: &str| {
        let hostname = if option == "hostname" { value } else { HOME };
        let other = if option == "hostname" { String::new() } else { format!("option {option} '{value}'\n") };
        r.service("home", &format!("option enabled '{enabled}'\nlist hostname '{hostname}'\n{other}"))
    };
    assert_eq!(wrong.len(), right.len() + 1);
    // nicup would send the valid one.
    r.config(&text(0, right));
    assert_eq!(pass(r), (0, Vec::new()));
    r.config(&text(1, wrong));
    let (exit, errors) = pass(r);
    assert_eq!((exit, errors.len()), (3, 1), "{errors:?}");
    assert!(errors[0].contains(&format!(": option {option}: ")), "{errors:?}");
}

pub(crate) fn hostname(r: &Router, limit: usize) {
    // Labels are at most 63 bytes long.
    let name = |size: usize| {
        let mut name = format!("{}.", "a".repeat(49)).repeat(5);
        name += &"b".repeat(size - name.len());
        name
    };
    value(r, "hostname", &name(limit), &name(limit + 1));
}

pub(crate) fn username(r: &Router, limit: usize) {
    for option in ["username", "password"] {
        value(r, option, &"u".repeat(limit), &"u".repeat(limit + 1));
    }
}

pub(crate) fn problems(r: &Router, limit: usize) {
    let text = r.read(CONFIG);
    for (surplus, exit) in [(0, 0), (1, 0), (2, 3)] {
        let mut text = text.clone();
        for at in 0..limit + surplus.min(1) {
            writeln!(text, "\toption unknown{at} '1'").unwrap();
        }
        // An error beyond the limit is not shown, but still counts.
        text += if surplus == 2 { "config service 'bad'\n" } else { "" };
        r.config(&text);
        let run = r.run(&["run"]).exit;
        let problems = r.problems();
        assert_eq!((run, problems.len()), (exit, limit + surplus.min(1)), "{problems:#?}");
        let last = problems.last().unwrap();
        assert_eq!(last.contains(" more problems not shown: correct these first"), surplus > 0, "{last}");
        assert_eq!(last.starts_with("error "), surplus == 2, "{last}");
    }
}
