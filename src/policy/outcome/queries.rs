//! When nicup queries a web page or script again. Does not query.

use super::{NETWORK, step};
use crate::policy::record::SourceResult;
use crate::policy::time::Uptime;

/// Seconds between two queries, for any number of requests and events.
const PACE: u64 = 60;

/// When to query a source again that nicup queries every `interval` seconds. After a failed query: with the delays for the
/// network, but not later than the interval.
#[must_use]
pub fn next_query(result: &SourceResult, interval: u64) -> Uptime {
    let pause = match result.failures.checked_sub(1) {
        Some(before) => step(&NETWORK, before).min(interval),
        None => interval,
    };
    result.at.plus(if result.again { pause.min(PACE) } else { pause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(interval: u64, again: bool) -> Vec<u64> {
        let pause = |failures| {
            let found = if failures > 0 { Err("no".to_owned()) } else { Ok(Vec::new()) };
            let result = SourceResult { source: "s".to_owned(), at: Uptime(100), found, failures, again };
            next_query(&result, interval).since(Uptime(100))
        };
        (0..12).map(pause).collect()
    }

    #[test]
    fn failed_queries_back_off_as_the_network_does_up_to_the_interval_or_an_hour() {
        let hour = [30, 60, 120, 300, 600, 1200, 2400, 3600, 3600, 3600];
        assert_eq!(pauses(86_400, false), [[86_400, 10].as_slice(), &hour].concat());
        assert_eq!(pauses(600, false), [600, 10, 30, 60, 120, 300, 600, 600, 600, 600, 600, 600]);
    }

    #[test]
    fn a_requested_query_starts_at_most_once_a_minute() {
        assert_eq!(pauses(600, true), [60, 10, 30, 60, 60, 60, 60, 60, 60, 60, 60, 60]);
    }
}
