//! Time as an argument: boot time for waits, wall time for what people read and what outlives a boot.
//!
//! Does not read a clock (sys::clock does).

/// Unix seconds of this release. A clock before it is not set: routers have no battery-backed clock.
pub const RELEASED: i64 = 1_793_491_200; // 2026-11-01

/// Seconds since boot, suspend included (CLOCK_BOOTTIME).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uptime(pub u64);

impl Uptime {
    /// Later by `seconds`.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Uptime {
        Uptime(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to here; 0 if that is later.
    #[must_use]
    pub fn since(self, earlier: Uptime) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The time of a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since boot.
    pub boot_ms: u64,
    /// Unix seconds; None while the clock is not set.
    pub wall: Option<i64>,
    /// Which boot this is (/proc/sys/kernel/random/boot_id).
    pub boot_id: String,
}

impl Now {
    /// Takes a wall clock reading; one before [`RELEASED`] counts as not set.
    #[must_use]
    pub fn new(boot_ms: u64, wall: i64, boot_id: String) -> Now {
        Now { boot_ms, wall: (wall >= RELEASED).then_some(wall), boot_id }
    }

    /// For "is it time yet?": never early. Not inlined, nor is `ceil`: to divide 64 bits takes a MIPS 60 bytes of code.
    #[must_use]
    #[inline(never)]
    pub fn floor(&self) -> Uptime {
        Uptime(self.boot_ms / 1000)
    }

    /// For "this happened now": a wait that starts here is never short.
    #[must_use]
    #[inline(never)]
    pub fn ceil(&self) -> Uptime {
        Uptime(self.boot_ms.div_ceil(1000))
    }

    /// Wall time of a time in this boot; None while the clock is not set, or if it is out of range.
    #[must_use]
    pub fn wall_of(&self, at: Uptime) -> Option<i64> {
        let offset = i64::try_from(at.0).ok()?.checked_sub(i64::try_from(self.ceil().0).ok()?)?;
        self.wall?.checked_add(offset)
    }
}

/// A time that can be compared in a later boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// Unix seconds, if the clock was set.
    pub wall: Option<i64>,
    /// Seconds since the boot `boot_id`.
    pub boot: Uptime,
    /// The boot it belongs to.
    pub boot_id: String,
}

impl Timestamp {
    /// The time `now`.
    #[must_use]
    pub fn of(now: &Now) -> Timestamp {
        Timestamp { wall: now.wall, boot: now.ceil(), boot_id: now.boot_id.clone() }
    }

    /// The time on this boot's clock, if it was in this boot. A future time was not: a wait from there would be longer
    /// than its length.
    #[must_use]
    pub fn this_boot(&self, now: &Now) -> Option<Uptime> {
        (self.boot_id == now.boot_id && self.boot <= now.ceil()).then_some(self.boot)
    }

    /// Wall time, from this boot's clock if possible.
    #[must_use]
    pub fn wall(&self, now: &Now) -> Option<i64> {
        self.this_boot(now).and_then(|at| now.wall_of(at)).or(self.wall)
    }
}

/// A wait that may outlive a boot: `length` seconds from `from`, across clock jumps and reboots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When it was ordered.
    pub from: Timestamp,
    /// Seconds.
    pub length: u64,
}

impl Wait {
    /// Its end on this boot's clock.
    ///
    /// In the boot that ordered it: boot time alone. In a later one: the wall clock's end if both clocks are set, but
    /// never more than the whole length after that boot began, so that no clock jump makes it grow.
    #[must_use]
    pub fn end(&self, now: &Now) -> Uptime {
        if let Some(from) = self.from.this_boot(now) {
            return from.plus(self.length);
        }
        let whole = Uptime(self.length);
        match (self.from.wall, now.wall) {
            (Some(from), Some(wall)) => {
                let length = i64::try_from(self.length).unwrap_or(i64::MAX);
                match u64::try_from(from.saturating_add(length).saturating_sub(wall)) {
                    // Rounded up, an end in the past would always be a part of a second ahead of each pass.
                    Ok(0) | Err(_) => whole.min(now.floor()),
                    Ok(left) => whole.min(now.ceil().plus(left)),
                }
            }
            _ => whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(boot: u64, wall: i64, id: &str) -> Now {
        Now::new(boot * 1000, wall, id.to_owned())
    }

    const NOON: i64 = RELEASED + 43_200;

    #[test]
    fn within_a_boot_a_clock_jump_neither_delays_nor_hurries_a_wait() {
        let wait = Wait { from: Timestamp::of(&at(100, NOON, "a")), length: 1800 };
        for wall in [0, NOON - 86_400 * 365, NOON + 86_400 * 365 * 70] {
            assert_eq!(wait.end(&at(200, wall, "a")), Uptime(1900));
        }
    }

    #[test]
    fn after_a_reboot_the_rest_is_waited_by_the_wall_clock() {
        let wait = Wait { from: Timestamp::of(&at(100, NOON, "a")), length: 1800 };
        assert_eq!(wait.end(&at(20, NOON + 1000, "b")), Uptime(820));
        assert_eq!(wait.end(&at(20, NOON + 5000, "b")), Uptime(20));
    }

    #[test]
    fn a_wait_that_ended_while_the_router_was_off_is_over_at_any_part_of_a_second() {
        let wait = Wait { from: Timestamp::of(&at(100, NOON, "a")), length: 1800 };
        for ms in [20_000, 20_001, 20_999] {
            let now = Now::new(ms, NOON + 1800, "b".to_owned());
            assert!(wait.end(&now) <= now.floor(), "{ms}");
        }
    }

    #[test]
    fn no_number_in_a_file_is_too_large_to_reckon_with() {
        for boot in [0, 1, u64::MAX / 2, u64::MAX] {
            for wall in [None, Some(i64::MIN), Some(-1), Some(i64::MAX)] {
                for id in ["a", "b"] {
                    let from = Timestamp { wall, boot: Uptime(boot), boot_id: id.to_owned() };
                    for now in [at(0, 0, "a"), at(100, NOON, "a"), at(u64::MAX / 1000, i64::MAX, "a")] {
                        let _ = (from.this_boot(&now), from.wall(&now), now.wall_of(Uptime(boot)));
                        let _ = Wait { from: from.clone(), length: u64::MAX }.end(&now);
                    }
                }
            }
        }
    }

    #[test]
    fn a_wait_that_begins_in_the_future_of_its_own_boot_does_not_grow() {
        let from = Timestamp { wall: None, boot: Uptime(u64::MAX), boot_id: "a".to_owned() };
        assert_eq!(Wait { from, length: 1800 }.end(&at(200, NOON, "a")), Uptime(1800));
    }

    #[test]
    fn while_the_clock_is_not_set_the_length_counts_from_boot() {
        let wait = Wait { from: Timestamp::of(&at(100, NOON, "a")), length: 1800 };
        assert_eq!(wait.end(&at(20, 0, "b")), Uptime(1800));
        let unset = Wait { from: Timestamp::of(&at(100, 0, "a")), length: 1800 };
        assert_eq!(unset.end(&at(20, NOON, "b")), Uptime(1800));
    }

    #[test]
    fn a_clock_set_back_makes_no_wait_grow() {
        let wait = Wait { from: Timestamp::of(&at(100, NOON, "a")), length: 1800 };
        assert_eq!(wait.end(&at(20, NOON - 86_400 * 300, "b")), Uptime(1800));
        assert_eq!(wait.end(&at(1700, RELEASED, "b")), Uptime(1800));
    }

    #[test]
    fn a_clock_before_the_release_is_not_set() {
        assert_eq!(at(20, RELEASED, "a").wall, Some(RELEASED));
        assert_eq!(at(20, RELEASED - 1, "a").wall, None);
    }

    #[test]
    fn a_moment_of_this_boot_has_the_wall_time_of_the_clock_as_it_is_now() {
        let before_ntp = Timestamp::of(&at(100, 0, "a"));
        assert_eq!(before_ntp.wall(&at(160, NOON, "a")), Some(NOON - 60));
        assert_eq!(before_ntp.wall(&at(160, NOON, "b")), None);
        let by_a_wrong_clock = Timestamp::of(&at(100, NOON + 86_400, "a"));
        assert_eq!(by_a_wrong_clock.wall(&at(160, NOON, "a")), Some(NOON - 60));
        assert_eq!(by_a_wrong_clock.wall(&at(160, NOON, "b")), Some(NOON + 86_400), "all that is known");
    }

    #[test]
    fn moments_round_so_that_no_wait_is_short() {
        let now = Now::new(100_900, NOON, "a".to_owned());
        assert_eq!((now.floor(), now.ceil()), (Uptime(100), Uptime(101)));
        assert_eq!(now.wall_of(Uptime(111)), Some(NOON + 10));
    }
}
