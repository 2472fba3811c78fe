//! The system calls of a pass, and the faults that can happen at each.

use crate::common::{Router, tool};
use crate::scenes::{Scene, program};
use std::collections::HashMap;
use std::fmt;

/// Errors that replace a call's result.
pub(crate) const ERRORS: [&str; 6] = ["ENOSPC", "EIO", "EROFS", "EACCES", "EMFILE", "ENOMEM"];

/// One system call of a pass.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) name: String,
    /// Its number among the calls of this name, from 1.
    pub(crate) nth: usize,
    /// Its arguments and result in a pass without faults.
    line: String,
    /// Whether nicup's own code makes it, and not the loader or runtime before main.
    own: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {:.150}", self.name, self.nth, self.line)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL on entry to the call, which then does not happen.
    Kill,
    /// The call fails and has no effect.
    Error(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Kill => "kill",
            Fault::Error(name) => name,
        })
    }
}

/// Calls that no kernel answers with any of [`ERRORS`]: they only read or change this process's own data, or end it.
/// Their callers (the C library and the allocator) cannot go on without them.
const NEVER_FAIL: [&str; 12] = [
    "arch_prctl",
    "exit_group",
    "getpid",
    "getrandom",
    "gettid",
    "mprotect",
    "munmap",
    "rt_sigaction",
    "sched_getaffinity",
    "sigaltstack",
    "rt_sigprocmask",
    "futex",
];

impl Fault {
    pub(crate) fn applies(self, point: &Point) -> bool {
        match self {
            Fault::Kill => true,
            Fault::Error(_) => point.own && !NEVER_FAIL.contains(&point.name.as_str()),
        }
    }

    /// The argument for strace.
    pub(crate) fn inject(self, point: &Point) -> String {
        let what = match self {
            Fault::Kill => "signal=KILL".to_owned(),
            Fault::Error(name) => format!("error={name}"),
        };
        format!("inject={}:{what}:when={}", point.name, point.nth)
    }
}

/// Every call of a pass without faults, in order.
pub(crate) fn of(r: &Router, scene: Scene) -> Vec<Point> {
    let image = scene.image(r);
    image.restore(r);
    let log = r.root.join("calls");
    let mut strace = r.command(&tool("strace").unwrap(), &["-f", "-s", "64", "-o"]);
    let output =
        strace.arg(&log).args([&program(), "--root", r.root.to_str().unwrap(), "run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(scene.exit()), "{output:?}");
    let text = std::fs::read_to_string(log).unwrap();
    let config = text.lines().position(|line| line.contains("/etc/config/nicup")).unwrap();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut processes: Vec<&str> = Vec::new();
    let mut points = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let (process, call) = line.split_once(' ').unwrap();
        processes.push(process);
        let Some((name, rest)) = call.trim_start().split_once('(') else { continue };
        let nth = seen.entry(name.to_owned()).or_default();
        *nth += 1;
        points.push(Point { name: name.to_owned(), nth: *nth, line: rest.to_owned(), own: at >= config });
    }
    processes.dedup();
    assert_eq!(processes.len(), 1, "one process, so that its calls can be counted");
    assert!(points.len() > 50, "{} calls", points.len());
    points
}
