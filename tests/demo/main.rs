//! `cargo demo`: a router's WAN device and a No-IP server in a network namespace, with nicup between them.
//!
//! Needs Rust, a C compiler and iproute2, but no account and no network. It checks every sentence that it prints, and
//! exits with status 1 if one is not true. It leaves nothing behind.

mod place;
mod story;

use place::Place;
use std::io::Write as _;
use std::process::ExitCode;

/// The error is a message for the user.
type Outcome<T = ()> = Result<T, String>;

/// Prints a line. Ignores a closed pipe: the reader does not want more.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn main() -> ExitCode {
    // Ignores arguments (`cargo demo -- anything`).
    let outcome = match Place::inside() {
        Some(place) => story::play(&place),
        None => place::enter(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "\nThe demo failed: {reason}");
            ExitCode::FAILURE
        }
    }
}
