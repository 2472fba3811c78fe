//! Why a request is due: the same in decisions, in files and for a person.

use super::words::fixed_words;

/// Why a request is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Nothing is registered.
    New,
    /// Another address is registered.
    Changed,
    /// It is marked offline there and should not be, or the other way round.
    Offline,
    /// The last request was refused or not confirmed, and what held it is over.
    Unsettled,
    /// `--force`.
    Asked,
    /// force_interval is over.
    Interval,
}

fixed_words!(Because {
    New = "new",
    Changed = "changed",
    Offline = "offline",
    Unsettled = "unsettled",
    Asked = "asked",
    Interval = "interval",
});

impl Because {
    /// For a person.
    #[must_use]
    pub fn explain(self) -> &'static str {
        match self {
            Because::New => "nothing is registered yet",
            Because::Changed => "the registered address is another one",
            Because::Offline => "option offline changed",
            Because::Unsettled => "the last request was not confirmed",
            Because::Asked => "--force was given",
            Because::Interval => "force_interval is over",
        }
    }
}
