//! What the program does for a router's user, and what the repository promises: a module for each subject, in one program
//! that is linked once.
//!
//! The stories of a module share a network namespace, which no other module sees (common/namespace).
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod bind;
mod check;
mod commands;
mod cost;
mod docs;
mod events;
mod faults;
mod full_disk;
mod hooks;
mod import;
mod limits;
mod messages;
mod missing;
mod netifd;
mod netlink;
mod pass;
mod reach;
mod release;
mod sandbox;
mod scripts;
mod secrets;
mod sources;
mod supply;
mod tidy;
mod uci;
mod uplinks;
mod verdicts;
mod ways;
