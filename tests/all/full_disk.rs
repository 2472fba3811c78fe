//! Flash and run directory full or read-only: nicup still sends updates, leaves no old status and loses no stop.

use crate::common::{ATTEMPTS, HOME, RECORDS, Router, STATE, STATUS, patience};
use std::process::Command;

/// Mounts a small tmpfs over a folder; [`unmount`] removes it.
fn mount(r: &Router, dir: &str, options: &str) {
    let path = r.root.join(dir);
    std::fs::create_dir_all(&path).unwrap();
    let status = Command::new("mount").args(["-t", "tmpfs", "-o", options, "nicup-test"]).arg(path).status();
    assert!(status.unwrap().success());
}

fn unmount(r: &Router, dir: &str) {
    assert!(Command::new("umount").arg(r.root.join(dir)).status().unwrap().success());
}

/// Fills a folder's filesystem.
fn fill(r: &Router, dir: &str) {
    let mut size = 1 << 16;
    let path = r.root.join(dir).join("filler");
    let mut file = std::fs::File::create(path).unwrap();
    while size > 0 {
        use std::io::Write as _;
        if file.write_all(&vec![b'x'; size]).is_err() {
            size /= 2;
        }
    }
}

#[test]
fn a_read_only_flash_does_not_stop_updates() {
    let Some(r) = Router::new("a_read_only_flash_does_not_stop_updates") else { return };
    r.pass(0);
    let old = r.read(RECORDS);
    let dir = "etc/nicup";
    let at = r.root.join(dir);
    let remount = |options: &str| {
        assert!(Command::new("mount").args(["-o", options]).arg(&at).status().unwrap().success());
    };
    mount(&r, dir, "size=64k");
    r.write(RECORDS, &old);
    remount("remount,bind,ro");
    r.pass(0);
    assert_eq!((r.problems(), r.requests()), (vec![], 1), "nothing had to be written");
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(0);
    r.shows(HOME, "current", "good");
    let problems = r.problems();
    assert!(
        problems[0].starts_with("warning /etc/nicup/records.json: cannot be written (Read-only file system"),
        "{problems:?}"
    );
    assert_eq!((problems.len(), r.requests()), (1, 2));
    assert_eq!(r.mode("var/run/nicup/records.json"), 0o600);
    // The next pass still knows the update, and still reports the problem.
    r.pass(0);
    assert_eq!((r.problems(), r.requests()), (problems, 2));
    // nicup keeps stops, too.
    r.answers(&["words:badauth"]);
    r.move_to("203.0.113.8", "203.0.113.9");
    r.pass(4);
    r.pass(4);
    assert_eq!(r.requests(), 3);
    remount("remount,bind,rw");
    r.pass(4);
    assert_eq!((r.problems(), r.requests()), (vec![], 3));
    assert!(r.read(RECORDS).contains("badauth") && !r.exists("var/run/nicup/records.json"));
    unmount(&r, dir);
}

#[test]
fn a_full_flash_does_not_stop_updates() {
    let Some(r) = Router::new("a_full_flash_does_not_stop_updates") else { return };
    mount(&r, "etc/nicup", "size=16k");
    r.pass(0);
    let old = r.read(RECORDS);
    fill(&r, "etc/nicup");
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(0);
    r.shows(HOME, "current", "good");
    assert!(r.problems()[0].contains("No space left on device"), "{:?}", r.problems());
    assert_eq!((r.read(RECORDS), r.requests()), (old, 2), "the old records are whole");
    r.pass(0);
    assert_eq!(r.requests(), 2);
    std::fs::remove_file(r.root.join("etc/nicup/filler")).unwrap();
    r.pass(0);
    assert!(r.problems().is_empty() && r.read(RECORDS).contains("203.0.113.8"));
    unmount(&r, "etc/nicup");
}

const ASIDE: &str = "etc/nicup/state.json";
const NOTE_ASIDE: &str = "etc/nicup/attempts.json";

#[test]
fn a_full_run_folder_keeps_no_update_back_and_no_old_status() {
    let Some(r) = Router::new("a_full_run_folder_keeps_no_update_back_and_no_old_status") else { return };
    mount(&r, "var/run/nicup", "size=64k");
    r.pass(0);
    fill(&r, "var/run/nicup");
    r.move_to("203.0.113.7", "203.0.113.8");
    let checked = r.run(&["check"]);
    let says =
        "/var/run/nicup/state.json: warning: cannot be written (No space left on device (os error 28))";
    let all = checked.out + &checked.err;
    assert!(all.contains(says) && all.contains("a run would use /etc/nicup/state.json"), "{all}");
    r.pass(0);
    assert_eq!(r.requests(), 2);
    assert!(r.read(RECORDS).contains("203.0.113.8"));
    // The new status fits into the space of the old one: it is current, and names the problem.
    r.shows(HOME, "current", "good");
    assert!(
        r.problems().iter().any(|problem| problem.contains("/etc/nicup/state.json is used")),
        "{:?}",
        r.problems()
    );
    assert!(r.exists(ASIDE) && !r.exists(STATE) && !r.exists(ATTEMPTS) && !r.exists(NOTE_ASIDE));
    // nicup has removed the old state, so the new one fits in run_dir again, and nicup leaves flash alone.
    r.pass(0);
    assert!(!r.exists(ASIDE) && r.read(STATE).contains("203.0.113.8"));
    std::fs::remove_file(r.root.join("var/run/nicup/filler")).unwrap();
    r.pass(0);
    assert_eq!((r.requests(), r.problems()), (2, vec![]));
    unmount(&r, "var/run/nicup");
}

#[test]
fn a_pass_that_is_killed_while_the_run_folder_is_full_leaves_its_note() {
    let Some(r) = Router::new("a_pass_that_is_killed_while_the_run_folder_is_full_leaves_its_note") else {
        return;
    };
    mount(&r, "var/run/nicup", "size=64k");
    r.pass(0);
    fill(&r, "var/run/nicup");
    r.move_to("203.0.113.7", "203.0.113.8");
    r.configure("option timeout '60'");
    r.answers(&["hang:request"]);
    let mut child = r.start(&["run"], &[]);
    assert!(r.sim.wait_for(2, patience()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(r.exists(NOTE_ASIDE) && !r.exists(ATTEMPTS));
    r.pass(1);
    assert!(!r.exists(NOTE_ASIDE));
    assert_eq!(r.requests(), 2, "what was sent is not sent again at once");
    r.shows(HOME, "waiting", "unconfirmed");
    unmount(&r, "var/run/nicup");
}

#[test]
fn a_status_that_cannot_be_written_is_removed() {
    let Some(r) = Router::new("a_status_that_cannot_be_written_is_removed") else { return };
    mount(&r, "var/run/nicup", "size=64k");
    r.pass(0);
    fill(&r, "var/run/nicup");
    // This status does not fit into the space of the old one.
    let many: String = (0..40).map(|n| format!("list hostname 'h{n}.example.net'\n")).collect();
    r.configure(&many);
    let ran = r.run(&["run"]);
    assert!(!r.exists(STATUS), "{ran:?}");
    assert!(ran.err.contains("removed, because it was outdated"), "{ran:?}");
    let status = r.run(&["status"]);
    assert_eq!(status.exit, 1);
    assert!(status.err.contains("/var/run/nicup/status.json"), "{status:?}");
    unmount(&r, "var/run/nicup");
}

#[test]
fn with_flash_and_run_folder_full_nothing_is_sent_and_a_problem_says_so() {
    let Some(r) = Router::new("with_flash_and_run_folder_full_nothing_is_sent_and_a_problem_says_so") else {
        return;
    };
    mount(&r, "var/run/nicup", "size=64k");
    mount(&r, "etc/nicup", "size=16k");
    r.pass(0);
    fill(&r, "var/run/nicup");
    fill(&r, "etc/nicup");
    assert_eq!(r.run(&["run", "--force"]).exit, 1, "the address is registered, but was not sent again");
    r.move_to("203.0.113.7", "203.0.113.8");
    // Without a note of the request before it is sent, a crash could lead to a tight loop of requests.
    let ran = r.pass(1);
    let says = "/var/run/nicup/attempts.json: warning: cannot be written: No space left on device";
    assert!(ran.err.contains(says) && ran.err.contains("nothing is sent: free some space"), "{ran:?}");
    let checked = r.run(&["check"]);
    assert!((checked.out + &checked.err).contains("nothing is sent: free some space"));
    assert_eq!(r.requests(), 1);
    assert!(r.syslog.take().iter().any(|line| line.contains(says)));
    r.shows(HOME, "waiting", "-");
    let status = std::fs::read_to_string(r.root.join(STATUS)).unwrap();
    let identified =
        r#""message_id":"nothing-sent","message_values":["No space left on device (os error 28)"]"#;
    assert!(status.contains(identified), "{status}");
    for dir in ["var/run/nicup", "etc/nicup"] {
        std::fs::remove_file(r.root.join(dir).join("filler")).unwrap();
    }
    r.pass(0);
    assert_eq!((r.requests(), r.problems()), (2, vec![]));
    unmount(&r, "var/run/nicup");
    unmount(&r, "etc/nicup");
}
