//! Queries netifd through the `ubus` command from PATH. Does not interpret the answer (wire::ubus).

use super::process::{self, Program, RunError};
use std::path::Path;
use std::time::Duration;

/// How long `ubus` may take.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// Bytes that `ubus` may print: a dump of a large router is some tens of KiB.
const OUTPUT_LIMIT: usize = 1 << 20;

/// netifd, or its replacement in a test.
pub trait Netifd {
    /// Calls `method` of `object` and returns what it prints.
    ///
    /// # Errors
    /// `Missing` if netifd does not know the object, else `Failed` with the cause.
    fn call(&mut self, object: &str, method: &str) -> Result<String, UbusError>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UbusError {
    /// netifd has no such interface.
    Missing,
    /// The cause, for a person.
    Failed(String),
}

/// The `ubus` command.
#[derive(Debug, Default)]
pub struct Ubus;

/// `ubus` exits with the UBUS_STATUS that it got; this is UBUS_STATUS_NOT_FOUND of libubus's ubusmsg.h.
const NOT_FOUND: i32 = 4;
/// UBUS_STATUS_PERMISSION_DENIED and UBUS_STATUS_TIMEOUT of the same.
const DENIED: i32 = 6;
const TIMEOUT: i32 = 7;

impl Netifd for Ubus {
    fn call(&mut self, object: &str, method: &str) -> Result<String, UbusError> {
        let failed = |why: String| Err(UbusError::Failed(why));
        let arguments = ["call", object, method];
        let program = Program { path: Path::new("ubus"), arguments: &arguments, environment: None };
        let output = match process::run(&program, DEADLINE, OUTPUT_LIMIT) {
            Ok(output) => output,
            Err(RunError::Start(error)) => return failed(format!("ubus could not be started: {error}")),
            Err(RunError::Deadline) => {
                return failed(format!("ubus gave no answer in {} s", DEADLINE.as_secs()));
            }
            Err(RunError::TooMuch) => return failed("ubus printed more than 1 MiB".to_owned()),
        };
        match output.status.code() {
            Some(0) => String::from_utf8(output.stdout)
                .or_else(|_| failed(format!("ubus call {object} {method} did not print text"))),
            Some(NOT_FOUND) => Err(UbusError::Missing),
            Some(TIMEOUT) => failed("netifd gave no answer in time".to_owned()),
            Some(DENIED) => failed("ubus does not allow it: run nicup as root".to_owned()),
            Some(code) => failed(format!("ubus call {object} {method} failed with status {code}")),
            None => failed("ubus was killed".to_owned()),
        }
    }
}
