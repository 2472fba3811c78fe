//! The user's hooks: when they run, with which variables, and that a pass does not wait for them.

use crate::common::{HOME, OFFICE, Router, finish, patience, slack};
use noip_simulator::TEST_PASSWORD;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

const CALL: &str = "sbin/hotplug-call";
const NOTES: &str = "notes";

/// OpenWrt's hotplug-call, as far as a hook can tell: it sources the scripts in order.
fn hook(r: &Router, body: &str) {
    let root = r.root.display();
    let call = format!(
        "#!/bin/sh\nexport HOTPLUG_TYPE=\"$1\"\nfor script in {root}/etc/hotplug.d/$1/*; do ([ -f \"$script\" ] && . \"$script\"); done\n"
    );
    // Written once: the content never changes, and a file that is being executed (by the previous pass) cannot be
    // written.
    if !r.exists(CALL) {
        r.write(CALL, call);
        std::fs::set_permissions(r.root.join(CALL), PermissionsExt::from_mode(0o755)).unwrap();
    }
    r.write("etc/hotplug.d/nicup/10-mine", format!("cd {root}\n{body}\n"));
}

/// Appends its variables to the notes, one line per run.
const NOTE: &str = "echo \"$ACTION,$SERVICE,$HOSTNAME,$IPV4,$IPV6,$CODE\" >>notes";

/// Waits for that many lines of notes, and returns those since the last call.
fn notes(r: &Router, lines: usize) -> Vec<String> {
    let path = r.root.join(NOTES);
    let end = Instant::now() + patience();
    loop {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let found: Vec<String> = text.lines().map(str::to_owned).collect();
        if found.len() >= lines || Instant::now() > end {
            assert_eq!(found.len(), lines, "{found:?}");
            let _ = std::fs::remove_file(&path);
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn hooks_run_for_each_change_of_state_or_address_and_nothing_else() {
    let Some(r) = Router::new("hooks_run_for_each_change_of_state_or_address_and_nothing_else") else {
        return;
    };
    hook(&r, NOTE);
    let mut story = Vec::new();
    let mut run = |exit, lines| {
        r.pass(exit);
        story.extend(notes(&r, lines));
    };
    run(0, 1);
    run(0, 0); // nothing changed
    r.move_to("203.0.113.7", "203.0.113.8");
    run(0, 1);
    r.move_to("203.0.113.8", "203.0.113.9");
    r.answers(&["words:911"]);
    run(1, 1);
    run(1, 0);
    r.answers(&[]);
    assert_eq!(
        story,
        [
            "current,home,home.example.net,203.0.113.7,,good",
            "current,home,home.example.net,203.0.113.8,,good",
            "waiting,home,home.example.net,203.0.113.8,,911",
        ]
    );
}

#[test]
fn hooks_run_for_each_host_of_a_stop_and_a_missing_address() {
    let Some(r) = Router::new("hooks_run_for_each_host_of_a_stop_and_a_missing_address") else { return };
    hook(&r, NOTE);
    r.configure(&format!("list hostname '{OFFICE}'"));
    r.answers(&["words:badauth"]);
    r.pass(4);
    assert_eq!(
        notes(&r, 2),
        ["stopped,home,home.example.net,,,badauth", "stopped,home,office.example.net,,,badauth"]
    );
    r.run(&["resume"]);
    notes(&r, 2);
    r.address("flush");
    r.pass(1);
    assert_eq!(
        notes(&r, 2),
        ["no-address,home,home.example.net,,,no-address", "no-address,home,office.example.net,,,no-address"]
    );
    // `check` changes nothing, so no hook runs.
    r.address("add 203.0.113.7/32");
    r.run(&["check"]);
    notes(&r, 0);
}

#[test]
fn a_hook_sees_only_what_the_contract_names() {
    let Some(r) = Router::new("a_hook_sees_only_what_the_contract_names") else { return };
    hook(&r, "{ tr '\\0' '\\n' </proc/$$/environ; echo; ls -l /proc/$$/fd; } >seen; echo done >>notes");
    r.netifd.up("wan", &r.device);
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    let event = [("ACTION", "ifup"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str()), ("SECRET", "x")];
    assert_eq!(r.hotplug(&event).exit, 0);
    notes(&r, 1);
    let seen = r.read("seen");
    let mut names: Vec<&str> = seen.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["ACTION", "CODE", "HOSTNAME", "IPV4", "IPV6", "PATH", "SERVICE"], "{seen}");
    assert!(seen.contains("ACTION=current\n") && !seen.contains(TEST_PASSWORD), "{seen}");
    assert!(!seen.contains(".lock") && !seen.contains("socket:"), "nothing of ours is open: {seen}");
}

#[test]
fn a_hook_that_hangs_or_fails_holds_up_no_pass() {
    let Some(r) = Router::new("a_hook_that_hangs_or_fails_holds_up_no_pass") else { return };
    hook(&r, &format!("{NOTE}; echo $$ >>hanging; exec sleep 60"));
    for address in ["203.0.113.7", "203.0.113.8", "203.0.113.9"] {
        r.address("flush");
        r.address(&format!("add {address}/32"));
        let began = Instant::now();
        r.pass(0);
        assert!(began.elapsed() < slack(5000), "{:?}", began.elapsed());
        notes(&r, 1);
    }
    assert_eq!(r.requests(), 3);
    for body in ["exit 7", "kill -9 $$", "not a command at all"] {
        hook(&r, body);
        r.move_to("203.0.113.9", "203.0.113.10");
        r.pass(0);
        r.move_to("203.0.113.10", "203.0.113.9");
        assert_eq!(r.host(HOME).state, "current");
        r.pass(0);
        std::fs::remove_dir_all(r.root.join("var/run")).unwrap(); // no rate limit
    }
    // Updates need neither hooks nor hotplug-call.
    std::fs::remove_dir_all(r.root.join("etc/hotplug.d")).unwrap();
    std::fs::remove_file(r.root.join(CALL)).unwrap();
    r.move_to("203.0.113.9", "203.0.113.11");
    r.pass(0);
    for pid in r.read("hanging").lines() {
        let _ = std::process::Command::new("/bin/kill").args(["-9", pid]).status();
    }
}

/// Waits for that many warnings about hooks, and returns them.
fn warnings(r: &Router, lines: usize) -> Vec<String> {
    let end = Instant::now() + patience();
    let mut found: Vec<String> = Vec::new();
    while found.len() < lines && Instant::now() < end {
        let new = r.syslog.take().into_iter().filter(|line| line.contains("/etc/hotplug.d/nicup"));
        found.extend(new);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(found.len(), lines, "{found:?}");
    found
}

#[test]
fn a_hook_that_fails_is_logged_once_with_what_to_do() {
    let Some(r) = Router::new("a_hook_that_fails_is_logged_once_with_what_to_do") else { return };
    r.configure(&format!("list hostname '{OFFICE}'"));
    let call = r.root.join(CALL);
    let modes = |mode| std::fs::set_permissions(&call, PermissionsExt::from_mode(mode)).unwrap();
    let mut addresses =
        ["203.0.113.7", "203.0.113.8", "203.0.113.9", "203.0.113.10", "203.0.113.11"].windows(2);
    let mut change = || {
        let pair = addresses.next().unwrap();
        r.move_to(pair[0], pair[1]);
        r.pass(0);
    };
    r.pass(0);
    for (body, says) in [
        (
            "exit 7",
            "the last hook ended with status 7: correct it, or end it with exit 0 (current home home.example.net)",
        ),
        ("kill -9 $$", "a hook was killed: correct it (current home home.example.net)"),
    ] {
        hook(&r, &format!("echo begun >>notes; {body}"));
        change();
        notes(&r, 2);
        let found = warnings(&r, 1);
        assert!(found[0].contains("<28>") && found[0].contains(says), "{found:?}");
        assert!(!found[0].contains(TEST_PASSWORD), "{found:?}");
    }
    // If hotplug-call is missing or not executable, no hook runs.
    modes(0o644);
    change();
    let found = warnings(&r, 1);
    assert!(
        found[0].contains("no hook ran, because /sbin/hotplug-call cannot be started: restore it"),
        "{found:?}"
    );
    std::fs::remove_file(&call).unwrap();
    change();
    let found = warnings(&r, 1);
    assert!(found[0].contains("No such file"), "{found:?}");
    // Successful hooks are not logged, and neither is the absence of hooks.
    hook(&r, "echo done >>notes");
    r.move_to("203.0.113.11", "203.0.113.12");
    r.pass(0);
    notes(&r, 2);
    std::fs::remove_dir_all(r.root.join("etc/hotplug.d")).unwrap();
    std::fs::remove_file(&call).unwrap();
    r.pass(0);
    let lines = r.syslog.take();
    assert!(!lines.iter().any(|line| line.contains("hotplug")), "{lines:?}");
}

#[test]
fn log_level_holds_for_hooks_of_a_verbose_run_too() {
    let Some(r) = Router::new("log_level_holds_for_hooks_of_a_verbose_run_too") else { return };
    r.configure("");
    let config = r.read("etc/config/nicup");
    r.config(&format!("{config}\nconfig nicup 'main'\n\toption log_level 'err'\n"));
    hook(&r, "echo begun >>notes; exit 7");
    assert_eq!(r.run(&["-v", "run"]).exit, 0);
    notes(&r, 1);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(r.syslog.take(), Vec::<String>::new());
}

#[test]
fn only_the_status_of_the_last_hook_is_known_and_logged_as_such() {
    let Some(r) = Router::new("only_the_status_of_the_last_hook_is_known_and_logged_as_such") else { return };
    hook(&r, NOTE);
    r.write("etc/hotplug.d/nicup/05-first", "exit 7\n");
    r.pass(0);
    notes(&r, 1);
    // hotplug-call does not source a directory, and exits with 1 if the last entry is one.
    std::fs::create_dir(r.root.join("etc/hotplug.d/nicup/99-folder")).unwrap();
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(0);
    notes(&r, 1);
    let found = warnings(&r, 1);
    assert!(found[0].contains("the last hook ended with status 1: correct it"), "{found:?}");
}

#[test]
fn a_loop_goes_on_while_a_hook_hangs() {
    let Some(r) = Router::new("a_loop_goes_on_while_a_hook_hangs") else { return };
    hook(&r, &format!("{NOTE}; echo $$ >>hanging; exec sleep 60"));
    let watch = r.start(&["watch"], &[]);
    notes(&r, 1);
    r.move_to("203.0.113.7", "203.0.113.8");
    assert_eq!(notes(&r, 1), ["current,home,home.example.net,203.0.113.8,,good"]);
    let pid = watch.id().to_string();
    let began = Instant::now();
    assert!(std::process::Command::new("/bin/kill").args(["-TERM", &pid]).status().unwrap().success());
    finish(watch);
    assert!(began.elapsed() < slack(5000), "a hook does not delay a stop");
    for pid in r.read("hanging").lines() {
        let _ = std::process::Command::new("/bin/kill").args(["-9", pid]).status();
    }
}
