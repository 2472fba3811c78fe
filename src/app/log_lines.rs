//! The log lines of a pass, limited to a number of lines in an hour.

use crate::policy::config::{Issue, Level};
use crate::policy::log_limit::{LogDecision, LogLimit};
use crate::policy::time::Uptime;
use crate::sys::log::log_line;

/// Lines to be logged, in order.
pub(super) struct LogLines {
    /// How much was logged within this hour.
    pub(super) limit: LogLimit,
    hosts: usize,
    now: Uptime,
    /// The least important level that is logged anywhere.
    verbosity: log::LevelFilter,
    lines: Vec<(log::Level, String)>,
}

impl LogLines {
    /// Without lines. `hosts` is the number of hosts on the router.
    pub(super) fn new(limit: LogLimit, hosts: usize, now: Uptime, verbosity: log::LevelFilter) -> LogLines {
        LogLines { limit, hosts, now, verbosity, lines: Vec::new() }
    }

    /// Adds a line if its level is logged.
    pub(super) fn push(&mut self, level: log::Level, text: impl FnOnce() -> String) {
        if level <= self.verbosity {
            self.lines.push((level, text()));
        }
    }

    /// The level of a line about a change, as long as the limit of the hour is not reached.
    pub(super) fn news(&mut self, level: log::Level) -> log::Level {
        match self.limit.line(self.now, self.hosts) {
            LogDecision::Log => return level,
            LogDecision::LimitReached(limit) => self.push(log::Level::Warn, || {
                format!("more than {limit} lines in an hour: further lines are logged at debug")
            }),
            LogDecision::Suppress => {}
        }
        log::Level::Debug
    }

    /// A line for each problem: at its own level if it is new.
    pub(super) fn issues(&mut self, issues: &[Issue], is_news: bool) {
        for issue in issues {
            let level = if is_news { self.news(level(issue)) } else { log::Level::Debug };
            self.push(level, || issue.to_string());
        }
    }

    pub(super) fn write(&self) {
        self.lines.iter().for_each(|(level, text)| log_line(*level, format_args!("{text}")));
    }
}

/// The level at which a problem is logged.
pub(super) const fn level(issue: &Issue) -> log::Level {
    match issue.level {
        Level::Error => log::Level::Error,
        Level::Warning => log::Level::Warn,
    }
}
