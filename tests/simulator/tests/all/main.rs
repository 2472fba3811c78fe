//! The server against a client that sends exactly what it is given.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod behaviours;
mod client;
#[path = "../../../common/patience.rs"]
mod patience;
mod program;
mod protocol;
mod strictness;
