//! Starts nicup again as a child process: a pass (`run --report-wake`, which ends with a [`Wake`] line), or work
//! that outlives the pass that started it.
//!
//! Never waits for a child. Reads its output while it runs, so that a full pipe cannot block the child.

use super::child::{self, Process};
use super::posix::Spawn;
use crate::wire::wake::Wake;
use rustix::fd::{AsFd as _, BorrowedFd};
use rustix::process::Signal;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

/// The option that makes `run` print a wake line instead of a summary. Not for users.
pub const OPTION: &str = "report-wake";
/// This program.
const SELF: &str = "/proc/self/exe";
/// Bytes of that line: the names of some four thousand devices.
const LINE_LIMIT: usize = 64 * 1024;

/// A pass that runs.
#[derive(Debug)]
pub struct Child {
    process: Process,
    /// None: at its end.
    output: Option<File>,
    line: Vec<u8>,
}

/// How a pass ended.
#[derive(Debug)]
pub enum Ended {
    /// With a wake line and exit status.
    Finished(Wake, u8),
    /// Without them: what happened, for the log.
    Crashed(String),
}

impl Child {
    /// Starts a pass; `with_event`: the hotplug event is in the environment.
    ///
    /// # Errors
    /// An error of the system.
    pub fn start(arguments: &[OsString], force: bool, with_event: bool) -> io::Result<Child> {
        let wake = format!("--{OPTION}");
        let given = arguments.iter().map(OsString::as_os_str);
        let own = ["run", &wake]
            .into_iter()
            .chain(force.then_some("--force"))
            .chain(with_event.then_some("--hotplug"));
        let arguments: Vec<&OsStr> = given.chain(own.map(OsStr::new)).collect();
        Child::spawn(SELF, &arguments)
    }

    fn spawn(program: &str, arguments: &[&OsStr]) -> io::Result<Child> {
        let ((output, input), null, errors) = (child::pipe()?, child::null()?, io::stderr());
        rustix::io::ioctl_fionbio(&output, true)?;
        let process = Process::spawn(&Spawn {
            program: OsStr::new(program),
            arguments,
            environment: None,
            streams: [null.as_fd(), input.as_fd(), errors.as_fd()],
            own_group: false,
        })?;
        Ok(Child { process, output: Some(output), line: Vec::new() })
    }

    /// The descriptor to poll for the child's output; None: it is at its end.
    #[must_use]
    pub fn output(&self) -> Option<BorrowedFd<'_>> {
        self.output.as_ref().map(|output| output.as_fd())
    }

    /// Reads the output so far.
    pub fn listen(&mut self) {
        let mut chunk = [0; 512];
        while let Some(output) = &mut self.output {
            match output.read(&mut chunk) {
                Ok(0) => self.output = None,
                // One byte beyond the limit shows that there was more; the rest is dropped.
                Ok(n) => {
                    let room = (LINE_LIMIT + 1).saturating_sub(self.line.len());
                    self.line.extend_from_slice(&chunk[..n.min(room)]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.output = None,
            }
        }
    }

    /// How it ended; None: it still runs.
    ///
    /// # Errors
    /// An error of the system.
    pub fn ended(&mut self) -> io::Result<Option<Ended>> {
        let Some(status) = self.process.try_wait()? else { return Ok(None) };
        self.listen();
        let line = std::str::from_utf8(&self.line).ok().filter(|line| line.len() <= LINE_LIMIT);
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(Some(match (line.and_then(Wake::parse), code) {
            (Some(wake), Some(code)) => Ended::Finished(wake, code),
            _ => Ended::Crashed(how(status)),
        }))
    }

    /// Sends it TERM.
    pub fn terminate(&self) {
        let _ = self.process.signal(Signal::TERM);
    }

    /// Kills it, and waits for its end.
    ///
    /// # Errors
    /// An error of the system.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.signal(Signal::KILL)?;
        self.process.wait()
    }
}

/// Work that waits for its input, and outlives this process. If this is dropped, the child gets no input.
#[derive(Debug)]
pub struct Background(File);

impl Background {
    /// Starts this program with `arguments`, in a new process group.
    ///
    /// # Errors
    /// An error of the system.
    pub fn start(arguments: &[&OsStr]) -> io::Result<Background> {
        let ((output, input), null) = (child::pipe()?, child::null()?);
        Process::spawn(&Spawn {
            program: OsStr::new(SELF),
            arguments,
            environment: None,
            streams: [output.as_fd(), null.as_fd(), null.as_fd()],
            own_group: true,
        })?;
        Ok(Background(input))
    }

    /// Hands its input over, all at once.
    ///
    /// # Errors
    /// An error of the system.
    pub fn hand_over(mut self, input: &[u8]) -> io::Result<()> {
        self.0.write_all(input)
    }
}

fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was ended by signal {signal}"),
        (None, Some(code)) => format!("ended early with status {code}"),
        (None, None) => "ended early".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::events::Events;

    /// The result of a pass that is this shell script.
    fn ended(script: &str) -> Ended {
        let mut child = Child::spawn("/bin/sh", &[OsStr::new("-c"), OsStr::new(script)]).unwrap();
        let mut events = Events::open().unwrap();
        loop {
            if let Some(ended) = child.ended().unwrap() {
                return ended;
            }
            if events.sleep(None, child.output()).unwrap().other {
                child.listen();
            }
        }
    }

    fn crashed(script: &str) -> String {
        match ended(script) {
            Ended::Crashed(how) => how,
            Ended::Finished(wake, status) => panic!("{wake} and status {status}"),
        }
    }

    #[test]
    fn a_pass_ends_with_a_line_and_a_status() {
        let Ended::Finished(wake, status) = ended("echo wake 5 open - - wan; exit 4") else { panic!() };
        assert_eq!((wake.at, wake.open, wake.devices, status), (Some(5), true, vec!["wan".to_owned()], 4));
    }

    #[test]
    fn a_line_may_be_longer_than_a_pipe_is_wide() {
        let devices =
            "a=' ppp12345678901'; b=$a$a$a$a$a$a$a$a$a$a; c=$b$b$b$b$b$b$b$b$b$b; d=$c$c$c$c$c$c$c$c$c$c";
        // 48,000 bytes: some 3,000 devices.
        let long = format!("{devices}; echo \"wake - - - -$d$d$d\"");
        let Ended::Finished(wake, 0) = ended(&long) else { panic!() };
        assert_eq!(wake.devices.len(), 3000);
        // 160,000: no router has so many, but the pass must not hang.
        let longer = format!("{devices}; echo \"wake - - - -$d$d$d$d$d$d$d$d$d$d\"; exit 1");
        assert_eq!(crashed(&longer), "ended early with status 1");
    }

    #[test]
    fn anything_else_is_a_crash_with_its_cause() {
        assert_eq!(crashed("kill -ABRT $$"), "was ended by signal 6");
        assert_eq!(crashed("kill -KILL $$"), "was ended by signal 9");
        assert_eq!(crashed("exit 101"), "ended early with status 101");
        assert_eq!(crashed("printf 'wake 5 - - - \\377\\n'"), "ended early with status 0");
        assert_eq!(crashed("exec >&-; sleep 0.1; exit 3"), "ended early with status 3");
    }

    #[test]
    fn an_output_that_stays_open_is_not_waited_for() {
        let begun = std::time::Instant::now();
        let Ended::Finished(..) = ended("sleep 5 & echo wake - - - -") else { panic!() };
        assert!(begun.elapsed().as_secs() < 4);
    }
}
