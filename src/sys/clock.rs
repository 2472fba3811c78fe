//! Boot time, wall time and the boot's name. Does not judge whether the wall clock is set.

use rustix::time::{ClockId, clock_gettime};

/// One reading of the clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds since boot, suspend included.
    pub boot_ms: u64,
    /// Unix seconds, as the system believes.
    pub wall: i64,
    /// Which boot this is.
    pub boot_id: String,
}

/// Where the time comes from.
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
        let boot = clock_gettime(ClockId::Boottime);
        let wall = clock_gettime(ClockId::Realtime);
        let seconds = u64::try_from(boot.tv_sec).unwrap_or(0);
        let millis = u64::try_from(boot.tv_nsec).unwrap_or(0) / 1_000_000;
        let boot_id = self.boot_id.get_or_insert_with(boot_id).clone();
        Reading { boot_ms: seconds * 1000 + millis, wall: wall.tv_sec, boot_id }
    }
}

/// The kernel's random name of this boot; empty where there is no /proc, so that then all boots count as one.
fn boot_id() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim_end().to_owned()
}
