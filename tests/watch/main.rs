//! The loop: `nicup watch` and `nicup run --wait`, the real program with real events, signals and kills.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;

mod clock;
mod crashes;
mod devices;
mod flaps;
mod idle;
mod kills;
mod lifetimes;
mod oddities;
mod pace;
mod place;
mod signals;
