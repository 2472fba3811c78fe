//! Why a request is due: the same in decisions, in files and for a person.

use super::words::fixed_words;

/// Why a request is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendReason {
    /// Nothing is registered.
    New,
    /// Another address is registered.
    Changed,
    /// It is marked offline there and should not be, or vice versa.
    Offline,
    /// The last request was refused or not confirmed, and what held it is over.
    Unsettled,
    /// `--force`.
    Asked,
    /// force_interval is over.
    Interval,
}

fixed_words!(SendReason {
    New = "new",
    Changed = "changed",
    Offline = "offline",
    Unsettled = "unsettled",
    Asked = "asked",
    Interval = "interval",
});

impl SendReason {
    /// For a person.
    #[must_use]
    pub fn explain(self) -> &'static str {
        match self {
            SendReason::New => "nothing is registered yet",
            SendReason::Changed => "the registered address is different",
            SendReason::Offline => "option offline changed",
            SendReason::Unsettled => "the last request was not confirmed",
            SendReason::Asked => "--force was given",
            SendReason::Interval => "force_interval is over",
        }
    }
}
