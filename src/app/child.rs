//! A pass as a child process: this program again, with `run --report-wake`, which ends with a [`Wake`] line.

use crate::wire::wake::Wake;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::io::{self, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};

/// The option that makes `run` print a wake line instead of a summary. Not for users.
pub(super) const OPTION: &str = "report-wake";
/// Bytes of that line.
const LINE_LIMIT: u64 = 16 * 1024;

pub(super) struct Child(std::process::Child);

/// How a pass ended.
pub(super) enum Ended {
    /// With a wake line and an exit status.
    Finished(Wake, u8),
    /// Without: what is to be said of it.
    Crashed(String),
}

impl Child {
    /// Starts a pass; `with_event`: the hotplug event is in the environment.
    pub(super) fn start(arguments: &[OsString], force: bool, with_event: bool) -> io::Result<Child> {
        let mut command = Command::new("/proc/self/exe");
        command.args(arguments).arg("run").arg(format!("--{OPTION}"));
        command.args(force.then_some("--force")).args(with_event.then_some("--hotplug"));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().map(Child)
    }

    /// None: still running.
    pub(super) fn ended(&mut self) -> io::Result<Option<Ended>> {
        let Some(status) = self.0.try_wait()? else { return Ok(None) };
        let mut line = String::new();
        if let Some(output) = self.0.stdout.take() {
            output.take(LINE_LIMIT).read_to_string(&mut line)?;
        }
        Ok(Some(match (Wake::parse(&line), status.code().and_then(|code| u8::try_from(code).ok())) {
            (Some(wake), Some(code)) => Ended::Finished(wake, code),
            _ => Ended::Crashed(how(status)),
        }))
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Ends it, and waits for that.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.0.kill()?;
        self.0.wait().map(drop)
    }
}

fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was ended by signal {signal}"),
        (None, Some(code)) => format!("ended early with status {code}"),
        (None, None) => "ended early".to_owned(),
    }
}
