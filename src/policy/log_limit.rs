//! Limits the lines that passes log within an hour: an address that comes and goes every second causes a line every
//! second, and the router's log is a small ring buffer that all programs share.
//!
//! Does not log, and does not read the lines.

use super::time::Uptime;

/// Seconds.
const HOUR: u64 = 3600;
/// Lines of an hour that are always allowed.
const LINES: u32 = 60;
/// More of them for each host. One host at its rate limit causes about thirty.
const EACH: u32 = 10;

/// The current hour, and its lines so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimit {
    /// When the hour began.
    pub since: Uptime,
    /// Lines, logged or not.
    pub lines: u32,
}

impl Default for LogLimit {
    fn default() -> LogLimit {
        LogLimit { since: Uptime(0), lines: 0 }
    }
}

/// What to do with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogDecision {
    /// Log it.
    Log,
    /// It is the first one above the limit: log that the limit is reached instead.
    LimitReached(u32),
    /// Do not log it.
    Suppress,
}

impl LogLimit {
    /// Counts one more line, on a router with so many hosts.
    pub fn line(&mut self, now: Uptime, hosts: usize) -> LogDecision {
        if now.since(self.since) >= HOUR || self.lines == 0 {
            *self = LogLimit { since: now, lines: 0 };
        }
        self.lines = self.lines.saturating_add(1);
        let hosts = u32::try_from(hosts).unwrap_or(u32::MAX);
        let limit = EACH.saturating_mul(hosts).saturating_add(LINES);
        match self.lines {
            count if count <= limit => LogDecision::Log,
            first if first == limit + 1 => LogDecision::LimitReached(limit),
            _ => LogDecision::Suppress,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_lines_and_the_next_one_as_many() {
        let mut log_limit = LogLimit::default();
        for hour in [5, 5 + HOUR] {
            for at in 0..70 {
                assert_eq!(log_limit.line(Uptime(hour + at), 1), LogDecision::Log);
            }
            assert_eq!(log_limit.line(Uptime(hour + HOUR - 1), 1), LogDecision::LimitReached(70));
            assert_eq!(log_limit.line(Uptime(hour + HOUR - 1), 1), LogDecision::Suppress);
        }
    }

    #[test]
    fn a_router_with_all_hosts_can_log_a_line_for_each() {
        let mut log_limit = LogLimit::default();
        assert!((0..1000).all(|_| log_limit.line(Uptime(7), 1000) == LogDecision::Log));
    }
}
