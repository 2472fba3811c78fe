//! The user's own hooks: `/sbin/hotplug-call nicup` after a host's state or registered address changed.
//!
//! A separate process runs them one after the other, so that a hook that hangs or fails delays no pass.

use crate::policy::code::{Code, State};
use crate::sys::file::{self, Root};
use crate::sys::process::{self, Output, Program, RunError};
use crate::sys::subprocess::Background;
use log::LevelFilter;
use std::ffi::OsStr;
use std::io::Read as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// The command that runs hooks. Not for users.
pub(super) const COMMAND: &str = "run-hooks";
/// Its argument: whether log_level includes warnings.
pub(super) const LOG_FAILURES: &str = "log-failures";
const LOG_NOTHING: &str = "log-nothing";
/// How long the hooks of one change may take.
const DEADLINE: Duration = Duration::from_secs(60);
const CALL: &str = "/sbin/hotplug-call";
const HOOKS: &str = "/etc/hotplug.d/nicup";

/// One change, as hooks get it (docs/reference.md#hooks).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostChange {
    pub(super) state: State,
    pub(super) service: String,
    pub(super) hostname: String,
    pub(super) ipv4: Option<Ipv4Addr>,
    pub(super) ipv6: Option<Ipv6Addr>,
    pub(super) code: Option<Code>,
}

const NAMES: [&str; 6] = ["ACTION", "SERVICE", "HOSTNAME", "IPV4", "IPV6", "CODE"];

impl HostChange {
    /// The values of [`NAMES`], separated by blanks: no value contains one.
    fn line(&self) -> String {
        let text = |value: Option<String>| value.unwrap_or_default();
        [
            self.state.as_str().to_owned(),
            self.service.clone(),
            self.hostname.clone(),
            text(self.ipv4.map(|ip| ip.to_string())),
            text(self.ipv6.map(|ip| ip.to_string())),
            text(self.code.map(|code| code.to_string())),
        ]
        .join(" ")
    }
}

/// The process that runs the hooks and waits for the changes. If this is dropped, the process ends without running any.
pub(super) struct Runner(Background);

impl Runner {
    /// Starts it, if there are hooks at all.
    pub(super) fn start(root: &Root) -> Option<Runner> {
        if !file::has_entries(&root.path(HOOKS)) {
            return None;
        }
        let dir = root.dir().into_iter().flat_map(|dir| [OsStr::new("--root"), dir.as_os_str()]);
        let log =
            if crate::sys::log::syslog_level() < LevelFilter::Warn { LOG_NOTHING } else { LOG_FAILURES };
        let arguments: Vec<&OsStr> = dir.chain([OsStr::new(COMMAND), OsStr::new(log)]).collect();
        let started = Background::start(&arguments).map(Runner);
        started.map_err(|error| log::warn!("{HOOKS}: the hooks could not be started: {error}")).ok()
    }

    /// Hands `changes` to it.
    pub(super) fn report(self, changes: &[HostChange]) {
        let lines: String = changes.iter().map(|change| change.line() + "\n").collect();
        if let Err(error) = self.0.hand_over(lines.as_bytes()) {
            log::warn!("{HOOKS}: the hooks could not be started: {error}");
        }
    }
}

/// The command itself: runs the hooks for each line of standard input. Logs each kind of failure once.
pub(super) fn run(root: &Root) {
    let mut lines = String::new();
    if std::io::stdin().read_to_string(&mut lines).is_err() {
        return;
    }
    let mut logged: Vec<String> = Vec::new();
    for line in lines.lines() {
        // Without its own environment, a hook would sometimes see INTERFACE and DEVICE of the event that started the pass.
        let values = NAMES.into_iter().zip(line.split(' '));
        let environment: Vec<_> = values.chain([("PATH", super::PROGRAMS)]).collect();
        let path = root.path(CALL);
        let program = Program { path: &path, arguments: &["nicup"], environment: Some(&environment) };
        let Some(failure) = failure(process::run(&program, DEADLINE, 0)) else { continue };
        if !logged.contains(&failure) {
            let change = line.split(' ').take(3).collect::<Vec<_>>().join(" ");
            log::warn!("{HOOKS}: {failure} ({change})");
            logged.push(failure);
        }
    }
}

/// What went wrong, and what to do; None: the hooks succeeded.
fn failure(ended: Result<Output, RunError>) -> Option<String> {
    Some(match ended {
        Ok(output) if output.status.success() => return None,
        Ok(output) => match output.status.code() {
            // hotplug-call ends with the status of the last entry; of the others, nothing is known.
            Some(code) => {
                format!("the last hook ended with status {code}: correct it, or end it with exit 0")
            }
            None => "a hook was killed: correct it".to_owned(),
        },
        Err(RunError::Start(error)) => {
            format!(
                "no hook ran, because {CALL} cannot be started: restore it from package base-files: {error}"
            )
        }
        Err(RunError::Deadline | RunError::TooMuch) => format!(
            "a hook took longer than {} s and was killed: run what takes long in the background, with &",
            DEADLINE.as_secs()
        ),
    })
}
