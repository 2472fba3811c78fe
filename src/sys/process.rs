//! Runs another program with a deadline and a limit on what it may print. No shell.

use super::child::{self, Process};
use super::posix::{Spawn, poll};
use rustix::event::{PollFd, PollFlags};
use rustix::fd::AsFd as _;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// A program to run.
#[derive(Debug)]
pub struct Program<'a> {
    /// Its file; a name without a slash is looked up in PATH.
    pub path: &'a Path,
    /// Its arguments.
    pub arguments: &'a [&'a str],
    /// Its whole environment; None: that of this process.
    pub environment: Option<&'a [(&'a str, &'a str)]>,
}

/// What a program did.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed to standard output.
    pub stdout: Vec<u8>,
}

/// Why there is no output.
#[derive(Debug)]
pub enum RunError {
    /// It could not be started.
    Start(io::Error),
    /// It was still running at the deadline, and was killed.
    Deadline,
    /// It printed more than the limit, and was killed.
    TooMuch,
}

/// Runs `program` to its end, for at most `deadline`, and reads at most `limit` bytes of its output. With a limit of 0,
/// nicup reads nothing, and the program may leave processes in the background. Its input and errors are /dev/null.
///
/// # Errors
/// It could not be started, took too long, or printed too much. In the last two cases nicup kills its process group.
pub fn run(program: &Program<'_>, deadline: Duration, limit: usize) -> Result<Output, RunError> {
    let end = Instant::now() + deadline;
    let (mut child, output) = start(program, limit > 0).map_err(RunError::Start)?;
    let read = read_output(output, end, limit).and_then(|stdout| {
        let status = wait_until(&mut child, end)?;
        Ok(Output { status, stdout })
    });
    if read.is_err() {
        child.kill_group();
    }
    read
}

/// Starts it in a new process group; with its output, if that is `wanted`.
fn start(program: &Program<'_>, wanted: bool) -> io::Result<(Process, Option<File>)> {
    let arguments: Vec<&OsStr> = program.arguments.iter().map(OsStr::new).collect();
    let environment = program.environment.map(|variables| -> Vec<String> {
        variables.iter().map(|(name, value)| format!("{name}={value}")).collect()
    });
    let null = child::null()?;
    let (output, input) = wanted.then(child::pipe).transpose()?.unzip();
    let child = Process::spawn(&Spawn {
        program: program.path.as_os_str(),
        arguments: &arguments,
        environment: environment.as_deref(),
        streams: [null.as_fd(), input.as_ref().unwrap_or(&null).as_fd(), null.as_fd()],
        own_group: true,
    })?;
    Ok((child, output))
}

fn read_output(pipe: Option<File>, end: Instant, limit: usize) -> Result<Vec<u8>, RunError> {
    let Some(mut pipe) = pipe else { return Ok(Vec::new()) };
    let mut output = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let mut fds = [PollFd::new(&pipe, PollFlags::IN)];
        match poll(&mut fds, left) {
            Ok(0) => return Err(RunError::Deadline),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(errno) => return Err(RunError::Start(errno.into())),
        }
        match pipe.read(&mut chunk) {
            Ok(0) => return Ok(output),
            Ok(n) => output.extend_from_slice(&chunk[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(RunError::Start(e)),
        }
        if output.len() > limit {
            return Err(RunError::TooMuch);
        }
    }
}

/// Waits for the end of a program that has closed its output. Most end at once; for others, this polls until the
/// deadline.
fn wait_until(child: &mut Process, end: Instant) -> Result<ExitStatus, RunError> {
    loop {
        if let Some(status) = child.try_wait().map_err(RunError::Start)? {
            return Ok(status);
        }
        if Instant::now() >= end {
            return Err(RunError::Deadline);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, millis: u64, limit: usize) -> Result<Output, RunError> {
        let path = Path::new("/bin/sh");
        let program = Program { path, arguments: &["-c", script], environment: None };
        run(&program, Duration::from_millis(millis), limit)
    }

    #[test]
    fn output_and_status_are_returned() {
        let output = sh("printf abc; exit 4", 5000, 10).unwrap();
        assert_eq!((output.stdout.as_slice(), output.status.code()), (b"abc".as_slice(), Some(4)));
    }

    #[test]
    fn a_program_that_hangs_or_floods_is_ended() {
        assert!(matches!(sh("exec sleep 60", 100, 10), Err(RunError::Deadline)));
        assert!(matches!(sh("exec >&-; exec sleep 60", 100, 10), Err(RunError::Deadline)));
        assert!(matches!(sh("sleep 60; true", 100, 0), Err(RunError::Deadline)));
        assert!(sh("sleep 1 & exit 0", 500, 0).is_ok_and(|output| output.status.success()));
        assert!(matches!(sh("exec yes", 5000, 10_000), Err(RunError::TooMuch)));
        let nothing = Program { path: Path::new("/nonexistent"), arguments: &[], environment: None };
        assert!(matches!(run(&nothing, Duration::MAX / 4, 1), Err(RunError::Start(_))));
    }

    #[test]
    fn an_error_of_the_pipe_ends_a_read() {
        let folder = File::open("/").unwrap();
        let read = read_output(Some(folder), Instant::now() + Duration::from_secs(5), 10);
        assert!(matches!(read, Err(RunError::Start(_))));
    }

    #[test]
    fn a_program_starts_with_the_default_for_sigpipe_which_nicup_itself_ignores() {
        use std::os::unix::process::ExitStatusExt as _;
        let output = sh("kill -PIPE $$; echo alive", 5000, 10).unwrap();
        assert_eq!((output.status.signal(), output.stdout.as_slice()), (Some(13), b"".as_slice()));
    }

    #[test]
    fn a_program_name_with_a_nul_is_refused() {
        let program = Program { path: Path::new("/bin/true\0"), arguments: &[], environment: None };
        let refused = run(&program, Duration::from_secs(5), 1);
        assert!(
            matches!(refused, Err(RunError::Start(error)) if error.kind() == io::ErrorKind::InvalidInput)
        );
    }

    #[test]
    fn a_program_gets_the_environment_that_it_is_given_and_no_other() {
        let program = |environment| Program { path: Path::new("/usr/bin/env"), arguments: &[], environment };
        let printed = |environment| {
            let output = run(&program(environment), Duration::from_secs(5), 1 << 20).unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(printed(Some(&[("A", "b"), ("C", "d e")])), "A=b\nC=d e\n");
        assert!(printed(None).contains("PATH="));
    }
}
