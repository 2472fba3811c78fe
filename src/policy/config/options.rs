//! Reads the options of one section one by one, and collects their issues.
//!
//! Does not know which options there are (build), nor what a value may be (value).

use super::value::{self, Wrong};
use super::{Issue, Level};
use crate::wire::uci::{Opt, Section, Text, Value};

/// Problems of one configuration that nicup shows; a file that is not a configuration has one in each line.
const SHOWN_LIMIT: usize = 100;

/// All problems, in the order of the checks.
pub(super) struct Issues<'a> {
    file: &'a str,
    list: Vec<Issue>,
    /// The problems not shown: how many, and the worst level.
    more: usize,
    worst: Level,
    last: String,
}

impl<'a> Issues<'a> {
    pub(super) fn new(file: &'a str) -> Self {
        Issues { file, list: Vec::new(), more: 0, worst: Level::Warning, last: String::new() }
    }

    fn push(&mut self, level: Level, line: u32, message: String) {
        self.last = at_line(line, &message);
        if self.list.len() < SHOWN_LIMIT {
            self.list.push(Issue { level, file: self.file.to_owned(), line: Some(line), message });
            return;
        }
        self.more += 1;
        if level == Level::Error {
            self.worst = level;
        }
    }

    pub(super) fn error(&mut self, line: u32, message: String) {
        self.push(Level::Error, line, message);
    }

    pub(super) fn warning(&mut self, line: u32, message: String) {
        self.push(Level::Warning, line, message);
    }

    pub(super) fn last(&self) -> String {
        self.last.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.list.len() + self.more
    }

    /// All of them, followed by `more` about the file as a whole.
    pub(super) fn finish(mut self, whole: Option<String>) -> Vec<Issue> {
        let of_file = |level, message| Issue { level, file: self.file.to_owned(), line: None, message };
        let surplus = (self.more > 0).then(|| {
            of_file(self.worst, format!("{} more problems not shown: correct these first", self.more))
        });
        let whole = whole.map(|message| of_file(Level::Warning, message));
        self.list.extend(surplus.into_iter().chain(whole));
        self.list
    }
}

/// Parses a text to a value. A plain function, so that its caller is compiled only once for each type.
pub(super) type Parse<T> = fn(&str) -> Result<T, Wrong>;

/// The options of one section. Reading a field removes its option, and the remaining ones are unknown.
pub(super) struct Options<'a, 'b> {
    left: Vec<&'a Opt>,
    pub(super) section_line: u32,
    pub(super) issues: &'a mut Issues<'b>,
    /// Whether the section runs. If not, a problem in it is only a warning.
    pub(super) enabled: bool,
    /// The first error in this section.
    broken: Option<String>,
}

impl<'a, 'b> Options<'a, 'b> {
    pub(super) fn new(section: &'a Section, issues: &'a mut Issues<'b>) -> Self {
        let left = section.options.iter().collect();
        Options { left, section_line: section.line, issues, enabled: true, broken: None }
    }

    pub(super) fn error(&mut self, line: u32, message: String) {
        let level = if self.enabled { Level::Error } else { Level::Warning };
        self.broken.get_or_insert(at_line(line, &message));
        self.issues.push(level, line, message);
    }

    /// Reports a missing required option. A disabled section may be incomplete, as in the default configuration.
    pub(super) fn missing(&mut self, line: u32, message: String) {
        if self.enabled {
            self.error(line, message);
        } else {
            self.broken.get_or_insert(at_line(line, &message));
        }
    }

    fn take(&mut self, name: &str) -> Option<&'a Opt> {
        let at = self.left.iter().position(|opt| opt.name == name)?;
        Some(self.left.swap_remove(at))
    }

    /// The value from `parse`. A wrong value becomes an error, which repeats the value only if `shown` (not for a secret).
    fn parse<T>(&mut self, name: &str, text: &Text, shown: bool, parse: Parse<T>) -> Option<T> {
        match std::str::from_utf8(&text.bytes).map_err(|_| "is not UTF-8 text").and_then(parse) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.wrong(name, text, shown, wrong);
                None
            }
        }
    }

    fn wrong(&mut self, name: &str, text: &Text, shown: bool, wrong: Wrong) {
        let value = if shown && !has_login(&text.bytes) {
            format!(" '{}'", short(&text.bytes))
        } else {
            String::new()
        };
        self.error(text.line, format!("option {name}:{value} {wrong}"));
    }

    pub(super) fn one<T>(&mut self, name: &str, default: T, parse: Parse<T>) -> T {
        self.maybe(name, true, parse).unwrap_or(default)
    }

    /// None: not set (libuci ignores an option without a value), or wrong (then the error is recorded).
    pub(super) fn maybe<T>(&mut self, name: &str, shown: bool, parse: Parse<T>) -> Option<T> {
        let text = self.text(name)?;
        self.parse(name, text, shown, parse)
    }

    /// The text of an option, if it has one.
    fn text(&mut self, name: &str) -> Option<&'a Text> {
        let opt = self.take(name)?;
        match &opt.value {
            Value::One(text) => Some(text),
            Value::List(_) => {
                self.error(opt.line, format!("option {name} takes one value: write option, not list"));
                None
            }
        }
    }

    /// A list, or an option with values separated by blanks; commas separate values in both. Each value with its line.
    pub(super) fn several(&mut self, name: &str, parse: Parse<String>) -> Vec<(String, u32)> {
        let Some(opt) = self.take(name) else { return Vec::new() };
        // A blank within an entry of a list is more likely a mistake than a separator.
        let blanks_separate = matches!(opt.value, Value::One(_));
        let mut values = Vec::new();
        for text in opt.value.texts() {
            let parts = text.bytes.split(|b| *b == b',' || blanks_separate && b.is_ascii_whitespace());
            for part in parts.map(<[u8]>::trim_ascii).filter(|part| !part.is_empty()) {
                let part = Text { bytes: part.to_vec(), line: text.line };
                values.extend(self.parse(name, &part, true, parse).map(|value| (value, text.line)));
            }
        }
        values
    }

    /// The line of an option that has not been read yet.
    pub(super) fn line_of(&self, name: &str) -> Option<u32> {
        self.left.iter().find(|opt| opt.name == name).map(|opt| opt.line)
    }

    pub(super) fn required(&mut self, name: &str, shown: bool) -> Option<String> {
        let (before, line) = (self.issues.count(), self.line_of(name));
        let value = self.maybe(name, shown, value::credential);
        if value.is_none() && self.issues.count() == before {
            self.missing(self.section_line, format!("option {name} is missing"));
        }
        if value.as_ref().is_some_and(|value| value.trim() != value) {
            let message = format!("option {name} begins or ends with a blank: remove it if it is a typo");
            self.issues.warning(line.unwrap_or(self.section_line), message);
        }
        value
    }

    pub(super) fn finish(self) -> Option<String> {
        let mut left = self.left;
        left.sort_by_key(|opt| opt.line);
        for opt in left {
            let name = short(opt.name.as_bytes());
            self.issues.warning(opt.line, format!("unknown option '{name}': it has no effect"));
        }
        self.broken
    }
}

fn at_line(line: u32, message: &str) -> String {
    format!("line {line}: {message}")
}

/// Whether a value may contain `user:password@`, which no message repeats.
fn has_login(bytes: &[u8]) -> bool {
    bytes.contains(&b':') && bytes.contains(&b'@')
}

/// A value for an error message: printable, and cut to fit a line.
pub(super) fn short(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect();
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
