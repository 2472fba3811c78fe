//! Network and mount namespaces: a test program runs itself again inside one, and each test passes the verdict on.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

const INSIDE: &str = "NICUP_TEST_NAMESPACE";
/// What the tests need: a loopback, links, and mounts of their own.
const PROBE: &str =
    "ip link set lo up && ip link add probe0 type veth peer name probe1 && mount -t tmpfs probe /mnt";

/// Whether this process is inside. If not, all tests that were asked for have run inside by the time this returns, and
/// it panics if `name` failed there.
pub(crate) fn inside(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        static LOOPBACK: OnceLock<()> = OnceLock::new();
        LOOPBACK.get_or_init(|| super::ip("link set lo up"));
        return true;
    }
    static RUN: OnceLock<Option<Output>> = OnceLock::new();
    let Some(output) = RUN.get_or_init(run) else {
        skip(name, "no network namespace with veth (needs unshare and ip, and root or user namespaces)");
        return false;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(&format!("test {name} ... ok")), "{}", failure(name, &text));
    false
}

/// Says why a test is not run; where everything has to run (CI), that is a failure.
pub(crate) fn skip(name: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{name} cannot be skipped here: {why}");
    // Not eprintln: the test harness would keep it to itself.
    let _ = writeln!(std::io::stderr(), "SKIP {name}: {why}");
}

/// The whole path of a program, or none.
pub(crate) fn tool(name: &str) -> Option<String> {
    let dirs = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].into_iter();
    dirs.map(|dir| format!("{dir}/{name}")).find(|path| std::path::Path::new(path).exists())
}

fn run() -> Option<Output> {
    let works = |flags: &&str| {
        let mut probe = Command::new("unshare");
        probe.args([*flags, "sh", "-c", PROBE]).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let flags = ["-nm", "-rnm"].into_iter().find(works)?;
    let mut again = Command::new("unshare");
    again.arg(flags).arg(std::env::current_exe().unwrap()).args(filters()).arg("--test-threads=8");
    Some(again.env(INSIDE, "1").stderr(Stdio::inherit()).output().unwrap())
}

/// Which tests were asked for, without how they are to be shown.
fn filters() -> Vec<OsString> {
    let mut filters = Vec::new();
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--test-threads" | "--format" | "--color" | "-Z" | "--logfile") => {
                arguments.next();
            }
            Some("--skip") => filters.extend([argument].into_iter().chain(arguments.next())),
            Some("--exact" | "--ignored" | "--include-ignored") => filters.push(argument),
            Some(text) if text.starts_with('-') => {}
            _ => filters.push(argument),
        }
    }
    filters
}

/// What a failed test said, or everything if it never came to that.
fn failure<'t>(name: &str, text: &'t str) -> &'t str {
    let Some((_, rest)) = text.split_once(&format!("---- {name} stdout ----")) else { return text };
    rest.split_once("\n---- ").or(rest.split_once("\nfailures:")).map_or(rest, |(said, _)| said)
}
