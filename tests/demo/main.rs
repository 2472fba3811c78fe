//! `cargo demo`: a router's WAN device and a No-IP server in a network namespace, and nicup between them.
//!
//! Needs Rust, a C compiler and iproute2; no account and no network. Every sentence that it prints is checked: it ends
//! with status 1 where one is not true. Nothing is left behind.

mod place;
mod story;

use place::Place;
use std::io::Write as _;
use std::process::ExitCode;

/// What is wrong, for the person who sees it.
type Outcome<T = ()> = Result<T, String>;

/// Prints a line. A closed pipe is the reader's decision, not a failure.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn main() -> ExitCode {
    // Arguments (`cargo demo -- anything`) have no meaning here.
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
