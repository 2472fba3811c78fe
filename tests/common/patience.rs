//! How long a test waits for an event, and how late it may be: for a busy machine, NICUP_TEST_PATIENCE=3 triples both.
//!
//! Not for times under test, such as the 5 s after which procd kills.
#![allow(dead_code)] // not every program uses both

use std::sync::OnceLock;
use std::time::Duration;

/// Far longer than anything takes: only a failing test waits this long.
pub(crate) fn patience() -> Duration {
    Duration::from_secs(20) * factor()
}

/// The time limit for something that takes at most `millis` on an idle machine.
pub(crate) fn slack(millis: u64) -> Duration {
    Duration::from_millis(millis) * factor()
}

/// From 1 to 4. A larger factor would hide delays that nicup's own waits cause.
fn factor() -> u32 {
    static FACTOR: OnceLock<u32> = OnceLock::new();
    *FACTOR.get_or_init(|| {
        let Ok(text) = std::env::var("NICUP_TEST_PATIENCE") else { return 1 };
        let factor = text.parse().ok().filter(|factor| (1..=4).contains(factor));
        factor.unwrap_or_else(|| panic!("NICUP_TEST_PATIENCE is '{text}': write a number from 1 to 4"))
    })
}
