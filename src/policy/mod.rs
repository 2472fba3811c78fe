//! Decisions, as pure functions of values. Never touches a clock, a file, a socket, the environment or the log.
#![forbid(unsafe_code)]

pub mod address;
pub mod addresses;
pub mod code;
pub mod config;
pub mod debounce;
pub mod decide;
pub mod digest;
pub mod fingerprint;
pub mod import;
pub mod log_limit;
pub mod message;
pub mod names;
pub mod outcome;
pub mod reason;
pub mod record;
pub mod schedule;
pub mod sentence;
pub mod status;
pub mod time;
pub mod wording;

#[cfg(test)]
mod tests;
