//! Composition: the command line, and one pass from reading the configuration to writing the status.
//!
//! `pass` is the spine; the other files are a step of it or another command.

mod check;
mod cli;
mod device_events;
mod dns;
mod env;
mod exit;
mod format;
mod hooks;
mod import;
mod log_lines;
mod observe;
pub mod pass;
mod places;
mod plan;
mod publish;
mod records;
mod report;
mod resume;
mod session;
mod source_results;
mod sources;
mod status;
mod store;
mod update;
mod uplink;
mod watch;

pub use cli::main;
pub use env::Env;
pub use exit::{CommandFailure, Exit};
pub use plan::RunOptions;

/// Where scripts and hooks find programs.
const PROGRAMS: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
