//! Why a request is due, for decisions, files and messages.

use super::names::fixed_names;

/// Why a request is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendReason {
    /// Nothing is registered.
    New,
    /// Another address is registered.
    Changed,
    /// It is offline at the server and should not be, or vice versa.
    Offline,
    /// The last request was rejected or not confirmed, and its wait or stop is over.
    Unconfirmed,
    /// `--force`.
    Asked,
    /// force_interval is over.
    Interval,
}

fixed_names!(SendReason {
    New = "new",
    Changed = "changed",
    Offline = "offline",
    Unconfirmed = "unsettled",
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
            SendReason::Unconfirmed => "the last request was not confirmed",
            SendReason::Asked => "--force was given",
            SendReason::Interval => "force_interval is over",
        }
    }
}
