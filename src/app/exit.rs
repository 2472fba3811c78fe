//! Exit statuses, and how a command fails (docs/reference.md#exit-status).

use crate::policy::code::State;
use std::process::ExitCode;

/// How a command ended. If several apply, the largest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Every host is current or disabled.
    Success = 0,
    /// nicup retries something later, or a host has no address.
    Retry = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The configuration is wrong.
    Config = 3,
    /// Something is stopped until the user acts.
    Stopped = 4,
}

impl Exit {
    /// The status of a command that ends with a host in this state.
    pub(super) const fn of(state: State) -> Exit {
        match state {
            State::Current | State::Disabled => Exit::Success,
            State::Waiting | State::NoAddress => Exit::Retry,
            State::Invalid => Exit::Config,
            State::Stopped => Exit::Stopped,
        }
    }

    /// The status of a pass that ran as a child process.
    pub(super) const fn of_pass(status: u8) -> Exit {
        match status {
            0 => Exit::Success,
            2 => Exit::Usage,
            3 => Exit::Config,
            4 => Exit::Stopped,
            _ => Exit::Retry,
        }
    }
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> u8 {
        exit as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(u8::from(exit))
    }
}

/// Why a command could not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandFailure {
    /// The exit status.
    pub exit: Exit,
    /// For the user.
    pub message: String,
}

impl CommandFailure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> CommandFailure {
        CommandFailure { exit, message: message.into() }
    }

    /// nicup cannot write below `dir`.
    pub(super) fn unwritable(dir: &str, error: &std::io::Error) -> CommandFailure {
        CommandFailure::new(Exit::Retry, format!("{dir}: cannot be written: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_ends_with_the_status_of_its_last_pass() {
        for status in [0, 1, 2, 3, 4] {
            assert_eq!(u8::from(Exit::of_pass(status)), status);
        }
        assert_eq!(u8::from(Exit::of_pass(101)), 1, "a panic");
    }
}
