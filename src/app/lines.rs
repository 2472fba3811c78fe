//! Problems as log lines, and the level of what is news: no more lines within an hour than there is room for.
//!
//! Does not know what was told before, nor what a host has to tell (report does).

use crate::policy::chatter::{Chatter, Line};
use crate::policy::config::{Issue, Level};
use crate::policy::time::Now;
use crate::sys::log::say;

/// A line for each problem, at the level that `as_told` makes of its own.
pub(super) fn log_issues(issues: &[Issue], mut as_told: impl FnMut(log::Level) -> log::Level) {
    for issue in issues {
        let level = match issue.level {
            Level::Error => log::Level::Error,
            Level::Warning => log::Level::Warn,
        };
        say(as_told(level), format_args!("{}", issue.sentence()));
    }
}

/// The level of a line that is news, as long as the hour has room for it.
pub(super) fn within(chatter: &mut Chatter, level: log::Level, hosts: usize, now: &Now) -> log::Level {
    match chatter.line(now.floor(), hosts) {
        Line::Told => return level,
        Line::First(limit) => {
            log::warn!("more than {limit} lines in an hour: what follows is logged at debug")
        }
        Line::Silent => {}
    }
    log::Level::Debug
}
