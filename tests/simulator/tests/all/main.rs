//! The server, tested by a client that sends exactly the given bytes.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod behaviours;
mod client;
#[path = "../../../common/patience.rs"]
mod patience;
mod program;
mod protocol;
mod strictness;
