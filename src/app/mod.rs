//! Composition: the command line, and one pass from reading the configuration to writing the status.
//!
//! `pass` is the spine; the other files are a step of it or another command.

mod check;
mod cli;
mod deliver;
mod dns;
mod hooks;
mod import;
mod lines;
mod links;
mod observe;
pub mod pass;
mod places;
mod report;
mod resume;
mod sources;
mod status;
mod store;
mod view;
mod watch;
mod world;

pub use cli::main;
pub use world::World;

/// Where scripts and hooks find programs.
const PROGRAMS: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Exit statuses (contract section 1).
pub mod exit {
    /// Every host is current or disabled.
    pub const FINE: u8 = 0;
    /// Something will be tried again, or has no address.
    pub const LATER: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// The configuration is wrong.
    pub const CONFIG: u8 = 3;
    /// Something is stopped until the user acts.
    pub const STOPPED: u8 = 4;
}

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
