//! One section of ddns-scripts: the conversion takes the options that it needs, and the rest get notes.
//!
//! Does not know what an option is for, except that [`why_unsupported`] has a sentence about it.

use super::Note;
use super::unsupported::{flag, why_unsupported};
use crate::policy::config::accepts;
use crate::wire::uci::{Opt, Section, Value};

/// The value in the file.
pub(super) struct GivenOption {
    pub(super) line: u32,
    /// The value; for a list, its entries separated by blanks, as in the shell. Never empty.
    pub(super) text: String,
}

pub(super) struct SectionOptions<'a> {
    left: Vec<&'a Opt>,
    section: &'a Section,
    notes: &'a mut Vec<Note>,
    /// An important option could not be converted: the service must not run before the user has checked it.
    pub(super) broken: bool,
}

impl<'a> SectionOptions<'a> {
    pub(super) fn new(section: &'a Section, notes: &'a mut Vec<Note>) -> Self {
        SectionOptions { left: section.options.iter().collect(), section, notes, broken: false }
    }

    pub(super) fn section_line(&self) -> u32 {
        self.section.line
    }

    pub(super) fn note(&mut self, line: u32, message: &str) {
        self.notes.push(Note { line, message: format!("{}: {message}", self.section.name) });
    }

    /// Adds a note about a problem that disables the service.
    pub(super) fn broken(&mut self, line: u32, message: &str) {
        self.note(line, &format!("{message}: the service is disabled"));
        self.broken = true;
    }

    pub(super) fn take(&mut self, name: &str) -> Option<GivenOption> {
        let at = self.left.iter().position(|opt| opt.name == name)?;
        let opt = self.left.remove(at);
        let entries: Option<Vec<&str>> = match &opt.value {
            Value::One(text) => text.as_str().map(|text| vec![text]),
            Value::List(texts) => texts.iter().map(|text| text.as_str()).collect(),
        };
        let Some(entries) = entries else {
            self.broken(opt.line, &format!("option {name} is not UTF-8 text and is left out"));
            return None;
        };
        let text = entries.join(" ");
        (!text.is_empty()).then_some(GivenOption { line: opt.line, text })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|opt| opt.name == name)
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.take(name).is_some_and(|given| flag(&given.text))
    }

    /// An option whose value becomes that of nicup's option `target` as it is.
    pub(super) fn same(&mut self, name: &str, target: &str) -> Option<String> {
        let given = self.take(name)?;
        self.fits(given.line, name, target, given.text)
    }

    /// `text` if nicup's option `target` accepts it; else adds a note with `name`, but without the value.
    pub(super) fn fits(&mut self, line: u32, name: &str, target: &str, text: String) -> Option<String> {
        match accepts(target, &text) {
            Ok(text) => Some(text),
            Err(wrong) => {
                self.broken(line, &format!("option {name} {wrong}; it is left out"));
                None
            }
        }
    }

    /// The notes on all options that were not converted, one note for options with the same reason.
    pub(super) fn finish(self) {
        let mut left = self.left;
        left.sort_by_key(|opt| opt.line);
        let mut groups: Vec<(&str, u32, Vec<&str>)> = Vec::new();
        for opt in left {
            let Some(sentence) = why_unsupported(opt) else { continue };
            match groups.iter_mut().find(|(other, ..)| *other == sentence) {
                Some((.., names)) => names.push(&opt.name),
                None => groups.push((sentence, opt.line, vec![&opt.name])),
            }
        }
        for (sentence, line, names) in groups {
            let what = match names.as_slice() {
                [name] => format!("option {name} is"),
                [others @ .., last] => format!("options {} and {last} are", others.join(", ")),
                [] => continue,
            };
            let message = format!("{}: {what} not carried over: {sentence}", self.section.name);
            self.notes.push(Note { line, message });
        }
    }
}
