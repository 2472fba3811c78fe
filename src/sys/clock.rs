//! Boot time, wall time and the boot's ID. Does not decide whether the wall clock is set.

use super::file;
use super::posix::since_boot;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// One reading of the clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds since boot, suspend included.
    pub boot_ms: u64,
    /// Unix seconds of the system clock.
    pub wall: i64,
    /// Which boot this is.
    pub boot_id: String,
}

/// A source of the time.
pub trait Clock {
    /// The time now.
    fn read(&mut self) -> Reading;
}

/// The kernel's clocks.
#[derive(Default)]
pub struct System {
    boot_id: Option<String>,
}

impl Clock for System {
    fn read(&mut self) -> Reading {
        let boot_ms = u64::try_from(since_boot().as_millis()).unwrap_or(u64::MAX);
        // A clock before 1970 is also not set.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let boot_id = self.boot_id.get_or_insert_with(boot_id).clone();
        Reading { boot_ms, wall: i64::try_from(wall).unwrap_or(i64::MAX), boot_id }
    }
}

/// The kernel's random ID of this boot. Empty without /proc, so that all boots then count as one.
fn boot_id() -> String {
    let text = file::head(Path::new("/proc/sys/kernel/random/boot_id"), 64);
    String::from_utf8_lossy(&text).trim_end().to_owned()
}
