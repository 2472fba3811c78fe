//! Network and mount namespaces: a test program runs itself again inside one, and each test returns the verdict from
//! there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

const INSIDE: &str = "NICUP_TEST_NAMESPACE";
/// What the tests need: a loopback device, links and mounts.
const PROBE: &str =
    "ip link set lo up && ip link add probe0 type veth peer name probe1 && mount -t tmpfs probe /mnt";

/// Whether this process is inside. If not, runs all selected tests of `name`'s module inside before it returns, and
/// panics if `name` failed there.
///
/// `name` is a test's path without the module that has the namespace: the tests of a module share it, and cannot see
/// another module's links, routes and mounts.
pub(crate) fn inside(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        static LOOPBACK: OnceLock<()> = OnceLock::new();
        LOOPBACK.get_or_init(|| super::ip("link set lo up"));
        return true;
    }
    static FLAG: OnceLock<Option<&str>> = OnceLock::new();
    let Some(flag) = FLAG.get_or_init(flag) else {
        skip(name, "no network namespace with veth (needs unshare and ip, and root or user namespaces)");
        return false;
    };
    static ASKED: OnceLock<Vec<String>> = OnceLock::new();
    let asked = ASKED.get_or_init(asked);
    let (module, test) = place(asked, name);
    // Locked while a module runs: two at once would double the load, and tests have time limits.
    static RUNS: Mutex<BTreeMap<&str, Arc<str>>> = Mutex::new(BTreeMap::new());
    let text = {
        let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        runs.entry(module)
            .or_insert_with(|| run(flag, asked.iter().filter(|test| test.starts_with(module))))
            .clone()
    };
    assert!(text.contains(&format!("test {test} ... ok")), "{}", failure(test, &text));
    false
}

/// Reports why a test does not run. In CI, where everything has to run, that is a failure.
pub(crate) fn skip(name: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{name} cannot be skipped here: {why}");
    say(&format!("SKIP {name}: {why}"));
}

/// Prints a line that the test harness does not capture. Starts on a new line and uses one write, because the harness
/// may have printed half a line: tests/run counts these lines.
pub(crate) fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("\n{line}\n").as_bytes());
}

/// The full path of a program, or None.
pub(crate) fn tool(name: &str) -> Option<String> {
    let dirs = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].into_iter();
    dirs.map(|dir| format!("{dir}/{name}")).find(|path| std::path::Path::new(path).exists())
}

/// The flag of `unshare` that gives a namespace here, or None.
fn flag() -> Option<&'static str> {
    let works = |flag: &&str| {
        let mut probe = Command::new("unshare");
        probe.args([*flag, "sh", "-c", PROBE]).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    ["-nm", "-rnm"].into_iter().find(works)
}

/// The paths of all tests that this process was started for.
fn asked() -> Vec<String> {
    let mut list = Command::new(std::env::current_exe().unwrap());
    let output = list.args(filters()).args(["--list", "--format", "terse"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// The module (with its `::`) and the full path of the only test whose path ends with `name`.
fn place<'t>(tests: &'t [String], name: &str) -> (&'t str, &'t str) {
    let ends = |test: &'t String| {
        let module = test.strip_suffix(name)?;
        (module.is_empty() || module.ends_with("::")).then_some((module, test.as_str()))
    };
    let mut found = tests.iter().filter_map(ends);
    match (found.next(), found.next()) {
        (Some(place), None) => place,
        (None, _) => panic!("no test is named {name}"),
        (Some(_), Some(_)) => panic!("two tests are named {name}: give one another name"),
    }
}

/// Runs these tests in a new namespace, and returns the harness's output.
fn run<'t>(flag: &str, tests: impl Iterator<Item = &'t String>) -> Arc<str> {
    let mut again = Command::new("unshare");
    again.arg(flag).arg(std::env::current_exe().unwrap()).args(["--test-threads=8", "--exact"]).args(tests);
    again.args(std::env::args().filter(|word| matches!(word.as_str(), "--ignored" | "--include-ignored")));
    let output = again.env(INSIDE, "1").stderr(Stdio::inherit()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into()
}

/// The filters for tests on the command line, without options for the output.
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

/// The output of a failed test, or everything if the test did not get that far.
fn failure<'t>(name: &str, text: &'t str) -> &'t str {
    let Some((_, rest)) = text.split_once(&format!("---- {name} stdout ----")) else { return text };
    rest.split_once("\n---- ").or(rest.split_once("\nfailures:")).map_or(rest, |(said, _)| said)
}
