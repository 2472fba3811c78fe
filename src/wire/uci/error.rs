//! The reasons why a text is not UCI.
//!
//! Does not know which file the text came from: the caller puts its name in front.

use std::fmt;

/// The whole text is rejected, as in libuci.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// As libuci counts: line ends read so far. Its line 0, of a file without any, is 1 here.
    pub line: u32,
    /// As libuci counts: from the start of the command line, which quotes or a backslash may have continued.
    pub byte: u32,
    /// What is wrong.
    pub reason: Reason,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parse error ({}) at line {}", self.reason.explain(), self.line)
    }
}

impl std::error::Error for ParseError {}

/// The errors of libuci, and NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No command, or an unknown one.
    InvalidCommand,
    /// `package` at the end of a file without a final line end.
    PackageWithoutName,
    /// `config` at the end of a file without a final line end.
    ConfigWithoutName,
    /// `option` or `list` at the end of a file without a final line end.
    OptionWithoutName,
    /// A section without a type, an option without a name, a package without one.
    InsufficientArguments,
    /// More than the command takes.
    TooManyArguments,
    /// A name with other characters than letters, digits and `_` (in a package's name also `-`).
    InvalidName,
    /// A section type with blanks, control characters or bytes outside ASCII.
    InvalidType,
    /// The same name again, as another type.
    OtherType,
    /// An option that belongs to no section.
    OptionBeforeSection,
    /// The file ends inside '...'.
    UnterminatedSingleQuote,
    /// The file ends inside "...".
    UnterminatedDoubleQuote,
    /// A NUL byte. Ours, not libuci's.
    Nul,
}

impl Reason {
    /// libuci's own text.
    pub fn explain(self) -> &'static str {
        match self {
            Reason::InvalidCommand => "invalid command",
            Reason::PackageWithoutName => "package without name",
            Reason::ConfigWithoutName => "config without name",
            Reason::OptionWithoutName => "option without name",
            Reason::InsufficientArguments => "insufficient arguments",
            Reason::TooManyArguments => "too many arguments",
            Reason::InvalidName => "invalid character in name field",
            Reason::InvalidType => "invalid character in type field",
            Reason::OtherType => "section of different type overwrites prior section with same name",
            Reason::OptionBeforeSection => "option/list command found before the first section",
            Reason::UnterminatedSingleQuote => "EOF with unterminated '",
            Reason::UnterminatedDoubleQuote => "EOF with unterminated \"",
            Reason::Nul => "NUL byte, which UCI text must not contain",
        }
    }
}
