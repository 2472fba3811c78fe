//! How long a test waits for what must happen, and how late that may be: on a busy machine NICUP_TEST_PATIENCE=3 allows three
//! times as much.
//!
//! Not for what a test is about, such as the five seconds after which procd kills.
#![allow(dead_code)] // not every program uses both

use std::sync::OnceLock;
use std::time::Duration;

/// Far longer than anything takes: only a broken test waits for it.
pub(crate) fn patience() -> Duration {
    Duration::from_secs(20) * factor()
}

/// How late something may be that an idle machine does within `millis`.
pub(crate) fn slack(millis: u64) -> Duration {
    Duration::from_millis(millis) * factor()
}

/// From 1 to 4: beyond that, what comes too late by nicup's own waits would pass for a busy machine's fault.
fn factor() -> u32 {
    static FACTOR: OnceLock<u32> = OnceLock::new();
    *FACTOR.get_or_init(|| {
        let Ok(text) = std::env::var("NICUP_TEST_PATIENCE") else { return 1 };
        let factor = text.parse().ok().filter(|factor| (1..=4).contains(factor));
        factor.unwrap_or_else(|| panic!("NICUP_TEST_PATIENCE is '{text}': write a number from 1 to 4"))
    })
}
