//! UCI text to sections and options, byte for byte as libuci reads it, and back.
//!
//! Does not open files, does not apply changes that are not committed (`/tmp/.uci`), and gives no section, option
//! or value a meaning (policy::config). Strict only, which is how the `uci` command runs.
//!
//! Source of the rules: libuci of 2025-12 (file.c, list.c), including its oddities, because all programs on
//! the router must read a value the same. One rule is nicup's: it rejects a NUL byte, after which libuci silently loses the
//! rest of the line. `tests/fixtures/uci-cases` and `tests/libuci` test all of this.

mod assembly;
mod command;
mod error;
mod index;
mod reader;
mod write;

use std::fmt;

pub use command::parse;
pub use error::{ParseError, Reason};
pub use write::{list_line, option_line, quote, section_line};

/// One configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// In the order in which they first appear.
    pub sections: Vec<Section>,
}

/// `config KIND 'NAME'`, with everything that the file has under that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The section type: printable ASCII without blanks.
    pub kind: String,
    /// The name, or the one that uci gives it (`cfg029d6e`). ASCII letters, digits and `_`.
    pub name: String,
    /// The file has no name for it.
    pub anonymous: bool,
    /// The line of its first `config`.
    pub line: u32,
    /// In the order in which they first appear; each name once.
    pub options: Vec<Opt>,
}

impl Section {
    /// The option of that name.
    pub fn option(&self, name: &str) -> Option<&Opt> {
        self.options.iter().find(|option| option.name == name)
    }
}

/// `option NAME 'VALUE'` or all `list NAME 'VALUE'` of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opt {
    /// ASCII letters, digits and `_`.
    pub name: String,
    /// The line of the `option` that counts, or of the first entry of the list.
    pub line: u32,
    /// One value or a list.
    pub value: Value,
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// From `option`. Never empty: libuci ignores an option without a value.
    One(Text),
    /// From `list`. At least one entry; entries may be empty.
    List(Vec<Text>),
}

impl Value {
    /// Every entry, one or several.
    pub fn texts(&self) -> &[Text] {
        match self {
            Value::One(text) => std::slice::from_ref(text),
            Value::List(texts) => texts,
        }
    }
}

/// A value from the file, with quotes and backslashes resolved. May contain any byte but NUL.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The bytes, unchecked.
    pub bytes: Vec<u8>,
    /// The line where it begins.
    pub line: u32,
}

impl Text {
    /// The value, if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// Without the value: it may be a password.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes, line {})", self.bytes.len(), self.line)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn debug_text_never_shows_a_password() {
        let package = parse(b"config service a\n\toption password 'geheim'\n").unwrap();
        let password = &package.sections[0].option("password").unwrap().value.texts()[0];
        assert_eq!(format!("{password:?}"), "Text(6 bytes, line 2)");
        assert!(!format!("{package:?}").contains("geheim"));
    }

    #[test]
    fn a_value_that_is_not_utf8_is_kept_as_bytes() {
        let package =
            parse(b"config service a\n\toption x '\xff\xfe'\n\toption y 'gr\xc3\xbc\xc3\x9fe'\n").unwrap();
        let section = &package.sections[0];
        let text = |name| section.option(name).unwrap().value.texts()[0].clone();
        assert_eq!((text("x").as_str(), text("x").bytes.as_slice()), (None, b"\xff\xfe".as_slice()));
        assert_eq!(text("y").as_str(), Some("grüße"));
        assert!(section.option("z").is_none());
    }
}
