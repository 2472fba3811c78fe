//! The results of pages and scripts, kept for this boot. Does not query them.

use super::Records;
use crate::policy::time::Uptime;
use std::net::IpAddr;

/// The result of a web page or script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceResult {
    /// Its URL or path.
    pub source: String,
    /// When it was queried.
    pub at: Uptime,
    /// The addresses, or why there are none.
    pub found: Result<Vec<IpAddr>, String>,
    /// Failed queries in a row.
    pub failures: u32,
    /// The user or an event requests a query before the planned one.
    pub again: bool,
}

impl Records {
    /// The last result of a source in this boot.
    #[must_use]
    pub fn source_result(&self, source: &str) -> Option<&SourceResult> {
        self.sources.iter().find(|result| result.source == source)
    }

    /// Stores a source's result, replacing the last one.
    pub fn set_source_result(&mut self, result: SourceResult) {
        self.sources.retain(|old| old.source != result.source);
        self.sources.push(result);
    }

    /// Requests a query of a source before the planned one. True: it was not requested yet.
    #[must_use]
    pub fn request_query(&mut self, source: &str) -> bool {
        let mut planned = self.sources.iter_mut().filter(|result| result.source == source && !result.again);
        planned.next().map(|result| result.again = true).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(source: &str, at: u64, again: bool) -> SourceResult {
        SourceResult { source: source.to_owned(), at: Uptime(at), found: Ok(Vec::new()), failures: 0, again }
    }

    #[test]
    fn each_source_has_its_last_result() {
        let mut records = Records::default();
        for (source, at) in [("/bin/a", 1), ("http://b/", 2), ("/bin/a", 3)] {
            records.set_source_result(result(source, at, false));
        }
        let at = |source| records.source_result(source).map(|result| result.at);
        assert_eq!((at("/bin/a"), at("http://b/"), at("/bin/c")), (Some(Uptime(3)), Some(Uptime(2)), None));
        assert_eq!(records.sources.len(), 2);
    }

    #[test]
    fn a_query_is_requested_once_and_of_one_source() {
        let mut records = Records::default();
        for (source, again) in [("/bin/a", false), ("/bin/b", true), ("/bin/c", false)] {
            records.set_source_result(result(source, 1, again));
        }
        for (source, is_new) in [("/bin/c", true), ("/bin/c", false), ("/bin/b", false), ("/bin/d", false)] {
            assert_eq!(records.request_query(source), is_new, "{source}");
        }
        let requested: Vec<bool> = records.sources.iter().map(|result| result.again).collect();
        assert_eq!(requested, [false, true, true]);
    }
}
