//! The results of pages and scripts, kept for this boot. Does not query them.

use super::Records;
use crate::policy::time::Boot;
use std::net::IpAddr;

/// The result of a web page or script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceResult {
    /// Its URL or path.
    pub source: String,
    /// When it was queried.
    pub at: Boot,
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
