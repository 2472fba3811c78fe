//! Addresses from a script: its environment, its output, and what it cannot delay.

use crate::common::{HOME, OFFICE, Router, STATE, slack};
use noip_simulator::TEST_PASSWORD;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

const SCRIPT: &str = "/etc/where am I; exit 1";

/// A script whose name would break an unquoted shell command.
fn script(r: &Router, body: &str) -> String {
    let file = SCRIPT.trim_start_matches('/');
    r.write(file, format!("#!/bin/sh\n{body}\n"));
    std::fs::set_permissions(r.root.join(file), PermissionsExt::from_mode(0o755)).unwrap();
    format!("option source 'script'\noption source_script '{SCRIPT}'\n")
}

#[test]
fn a_script_gets_no_shell_no_secret_and_nothing_open() {
    let Some(r) = Router::new("a_script_gets_no_shell_no_secret_and_nothing_open") else { return };
    let options = script(
        &r,
        "{ env; echo \"$#\"; tr '\\0' ' ' </proc/$$/cmdline; ls -l /proc/$$/fd; } >${0%/*}/seen\necho 203.0.113.50",
    );
    r.configure(&options);
    let run = r.hotplug(&[("ACTION", "stratum"), ("INTERFACE", "")]);
    assert_eq!(run.exit, 0, "{run:?}");
    r.shows(HOME, "current", "good");
    assert_eq!(r.host(HOME).registered_ipv4.as_deref(), Some("203.0.113.50"));
    let seen = r.read("etc/seen");
    let names: Vec<&str> = seen.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let expected = ["PATH", "SERVICE"];
    assert!(expected.iter().all(|name| names.contains(name)), "{seen}");
    let of_the_shell = ["PWD", "OLDPWD", "SHLVL", "_"];
    assert!(names.iter().all(|name| expected.contains(name) || of_the_shell.contains(name)), "{seen}");
    assert!(seen.contains("SERVICE=home\n") && seen.contains("\n0\n"), "no argument: {seen}");
    assert!(!seen.contains(TEST_PASSWORD), "{seen}");
    assert!(!seen.contains("pass.lock") && !seen.contains("socket:"), "{seen}");
}

#[test]
fn a_script_may_print_both_families_and_the_first_that_counts_is_taken() {
    let Some(r) = Router::new("a_script_may_print_both_families_and_the_first_that_counts_is_taken") else {
        return;
    };
    let body = "printf '\\n 192.168.1.1\\r\\n203.0.113.50\\n203.0.113.51\\n\\n2001:db8::50\\n'";
    r.configure(&(script(&r, body) + "option family 'both'"));
    r.pass(0);
    r.pass(0);
    let sent: Vec<_> = r.sim.requests().into_iter().filter_map(|request| request.myip).collect();
    assert_eq!((r.requests(), sent[0].as_str()), (1, "203.0.113.50,2001:db8::50"));
}

#[test]
fn a_script_that_fails_is_not_an_address_and_does_not_hang_the_pass() {
    let Some(r) = Router::new("a_script_that_fails_is_not_an_address_and_does_not_hang_the_pass") else {
        return;
    };
    for (body, why) in [
        ("echo 203.0.113.50; exit 3", "it ended with status 3"),
        ("echo 203.0.113.50; kill -9 $$", "it was killed"),
        ("echo 203.0.113.50; echo sorry", "it printed a line that is not an address"),
        ("printf '\\377'", "it did not print text"),
        ("echo 203.0.113.50; sleep 60", "it took longer than 1 s"),
        ("echo 203.0.113.50; sleep 60 & exit 0", "it took longer than 1 s"),
        ("exec yes 203.0.113.50", "it printed more than 4096 bytes"),
    ] {
        let _ = std::fs::remove_file(r.root.join(STATE));
        r.configure(&(script(&r, body) + "option timeout '1'"));
        let began = Instant::now();
        r.pass(1);
        assert!(began.elapsed() < slack(10_000), "{body}");
        let message = r.shows(HOME, "waiting", "address-unknown").message.unwrap();
        assert!(message.contains(why), "{body}: {message}");
    }
    let _ = std::fs::remove_file(r.root.join(STATE));
    r.configure(&script(&r, ""));
    r.pass(1);
    r.shows(HOME, "no-address", "no-address");
    let _ = std::fs::remove_file(r.root.join(STATE));
    std::fs::remove_file(r.root.join(SCRIPT.trim_start_matches('/'))).unwrap();
    r.pass(1);
    assert!(r.host(HOME).message.unwrap().contains("could not be started"));
    assert_eq!(r.requests(), 0);
}

#[test]
fn services_run_their_script_apart() {
    let Some(r) = Router::new("services_run_their_script_apart") else { return };
    let options = script(&r, "[ \"$SERVICE\" = home ] && echo 203.0.113.50 || echo 203.0.113.51");
    r.config(
        &(r.service("home", &format!("list hostname '{HOME}'\n{options}"))
            + &r.service("work", &format!("list hostname '{OFFICE}'\n{options}"))),
    );
    r.pass(0);
    assert_eq!(r.host(HOME).registered_ipv4.as_deref(), Some("203.0.113.50"));
    assert_eq!(r.host(OFFICE).registered_ipv4.as_deref(), Some("203.0.113.51"));
}

#[test]
fn a_loop_asks_a_script_again_when_check_interval_is_over() {
    let Some(r) = Router::new("a_loop_asks_a_script_again_when_check_interval_is_over") else { return };
    r.configure(&(script(&r, "echo 203.0.113.50") + "option check_interval '5m'"));
    r.pass(0);
    let wake = r.run(&["run", "--report-wake"]);
    let uptime = r.status().uptime;
    let at = wake.out.split_whitespace().filter_map(|word| word.trim_start_matches("at=").parse().ok());
    let at: Vec<u64> = at.collect();
    assert!(at.iter().any(|at| (at - uptime).abs_diff(300) < 5), "{wake:?} {uptime}");
}

#[test]
fn a_script_that_others_could_have_written_is_not_run() {
    let Some(r) = Router::new("a_script_that_others_could_have_written_is_not_run") else { return };
    let ours = |path: &str, mode: u32| {
        std::fs::set_permissions(r.root.join(path), PermissionsExt::from_mode(mode)).unwrap();
    };
    let says = |place: &str, what: &str| {
        r.configure(&format!("option source 'script'\noption source_script '{place}'\n"));
        let _ = std::fs::remove_file(r.root.join(STATE));
        r.pass(1);
        let message = r.shows(HOME, "waiting", "address-unknown").message.unwrap();
        assert!(message.contains(what), "{message}");
        assert!(!r.exists("ran") && r.requests() == 0);
    };
    let body = format!("#!/bin/sh\ntouch {}\necho 203.0.113.50\n", r.root.join("ran").display());
    for (file, mode) in [("usr/lib/where", 0o755), ("tmp/where", 0o755), ("etc/luci-uploads/where", 0o755)] {
        r.write(file, &body);
        ours(file, mode);
    }
    ours("usr/lib/where", 0o775);
    says("/usr/lib/where", "can be changed by users other than root: chmod go-w /usr/lib/where");
    ours("usr/lib/where", 0o755);
    ours("usr/lib", 0o777);
    says("/usr/lib/where", "chmod go-w /usr/lib");
    ours("usr/lib", 0o755);
    says("/tmp/where", "is below /tmp, where others can write: move it");
    says("/etc/luci-uploads/where", "is below /etc/luci-uploads");
    // For a symbolic link, the target decides.
    std::os::unix::fs::symlink(r.root.join("tmp/where"), r.root.join("usr/lib/link")).unwrap();
    says("/usr/lib/link", "is below /tmp");
    // A user namespace without root maps no other user, so chown fails there.
    let file = r.root.join("usr/lib/where");
    if std::os::unix::fs::chown(&file, Some(65_534), None).is_ok() {
        says("/usr/lib/where", "chown root /usr/lib/where");
        std::os::unix::fs::chown(&file, Some(0), None).unwrap();
    }
    r.configure("option source 'script'\noption source_script '/usr/lib/where'\n");
    let _ = std::fs::remove_file(r.root.join(STATE));
    r.pass(0);
    assert!(r.exists("ran"));
}
