//! What pages and scripts said of the address, kept for this boot. Does not ask them.

use super::Records;
use crate::policy::time::Boot;
use std::net::IpAddr;

/// What a web page or a script told of the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceResult {
    /// Its URL or path.
    pub source: String,
    /// When it was asked.
    pub at: Boot,
    /// The addresses, or why there are none.
    pub found: Result<Vec<IpAddr>, String>,
    /// Failed looks in a row.
    pub failures: u32,
    /// The user or an event wants another look before the planned one.
    pub again: bool,
}

impl Records {
    /// What a source told last, if it was asked in this boot.
    #[must_use]
    pub fn learnt(&self, source: &str) -> Option<&SourceResult> {
        self.sources.iter().find(|learnt| learnt.source == source)
    }

    /// Keeps what a source told, in place of what it told before.
    pub fn learn(&mut self, learnt: SourceResult) {
        self.sources.retain(|old| old.source != learnt.source);
        self.sources.push(learnt);
    }

    /// Wants another look at a source before the planned one. Whether that is new.
    #[must_use]
    pub fn look_again(&mut self, source: &str) -> bool {
        let mut planned = self.sources.iter_mut().filter(|learnt| learnt.source == source && !learnt.again);
        planned.next().map(|learnt| learnt.again = true).is_some()
    }
}
