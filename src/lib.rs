//! nicup: a No-IP dynamic DNS client for OpenWrt routers.
//!
//! ```text
//!     main.rs                exit code only
//!        |
//!      app/                  composition: command line, one pass           knows everything
//!      /    \
//!  policy/   sys/            policy = decisions, pure      sys = files, sockets, clock, TLS, processes
//!      \    /                policy and sys never name each other
//!      wire/                 bytes and text <-> values; pure; no decisions, no I/O
//! ```
//!
//! Allowed `use crate::` edges: policy -> wire, sys -> wire, app -> all three. `tests/all/tidy.rs` enforces them.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))] // a test may fail by panic

pub mod app;
pub mod policy;
pub mod sys;
pub mod wire;
