//! What nicup does for a router's user, and rules of the repository: a module for each subject, in one program that is
//! linked once.
//!
//! The tests of a module share a network namespace, which no other module uses (common/namespace).
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
