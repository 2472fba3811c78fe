//! Decisions, as pure functions of values. Never touches a clock, a file, a socket, the environment or the log.
#![forbid(unsafe_code)]

pub mod address;
