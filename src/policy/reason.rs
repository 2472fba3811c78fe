//! Why a request is due: the same in decisions, in state.json and for a person.

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

impl Because {
    const WORDS: [(Because, &str); 6] = [
        (Because::New, "new"),
        (Because::Changed, "changed"),
        (Because::Offline, "offline"),
        (Because::Unsettled, "unsettled"),
        (Because::Asked, "asked"),
        (Because::Interval, "interval"),
    ];

    /// As state.json has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Because::WORDS.iter().find(|(because, _)| *because == self).map_or("", |(_, word)| word)
    }

    /// Reads [`Because::word`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Because> {
        Because::WORDS.iter().find(|(_, known)| *known == word).map(|(because, _)| *because)
    }

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
