//! Merges sections and options that a file names more than once.
//!
//! Does not interpret values. Source: libuci's list.c (uci_add_section, uci_set, uci_add_list, uci_fixup_section).

use std::mem;

use super::index::Index;
use super::{Opt, Package, Reason, Section, Text, Value};

/// The package so far. The two indexes keep a large file linear; libuci walks its lists.
#[derive(Default)]
pub(super) struct Assembly {
    pub(super) package: Package,
    /// The section that options go to.
    current: Option<usize>,
    /// The first section of each name, given or generated: libuci finds the first.
    by_name: Index,
    /// Options, by section and name, as their numbers in the section.
    options: Index,
}

impl Assembly {
    pub(super) fn has_section(&self) -> bool {
        self.current.is_some()
    }

    /// A section without a name: always a new one, even if its generated name is already taken.
    pub(super) fn open_anonymous(&mut self, kind: String, line: u32) {
        let count = self.package.sections.len() + 1;
        // As libuci: number of the section, and 16 bits of a hash of its type.
        let name = format!("cfg{count:02x}{:04x}", djb_hash(kind.as_bytes()) & 0xffff);
        self.push(Section { kind, name, anonymous: true, line, options: Vec::new() });
    }

    /// A section by name: continues the first of that name, which may be the generated name of an anonymous one.
    pub(super) fn open(&mut self, kind: String, name: String, line: u32) -> Result<(), Reason> {
        let Some(at) = self.section(&name) else {
            self.push(Section { kind, name, anonymous: false, line, options: Vec::new() });
            return Ok(());
        };
        if self.package.sections[at].kind != kind {
            return Err(Reason::OtherType);
        }
        self.current = Some(at);
        Ok(())
    }

    /// `option`: the last value counts, in the first one's place; a list is replaced by it.
    pub(super) fn set(&mut self, name: String, line: u32, text: Text) {
        match self.find(&name) {
            Some(option) => {
                option.line = line;
                option.value = Value::One(text);
            }
            None => self.append(Opt { name, line, value: Value::One(text) }),
        }
    }

    /// `list`: an existing value becomes the first entry.
    pub(super) fn add(&mut self, name: String, line: u32, text: Text) {
        let Some(option) = self.find(&name) else {
            self.append(Opt { name, line, value: Value::List(vec![text]) });
            return;
        };
        match &mut option.value {
            Value::List(texts) => texts.push(text),
            Value::One(first) => option.value = Value::List(vec![mem::take(first), text]),
        }
    }

    fn push(&mut self, section: Section) {
        let at = self.package.sections.len();
        if self.section(&section.name).is_none() {
            self.by_name.insert(djb_hash(section.name.as_bytes()), at);
        }
        self.package.sections.push(section);
        self.current = Some(at);
    }

    /// The first section of a name.
    fn section(&self, name: &str) -> Option<usize> {
        let sections = &self.package.sections;
        self.by_name.find(djb_hash(name.as_bytes()), |at| sections[at].name == name)
    }

    /// An option of the current section.
    fn find(&mut self, name: &str) -> Option<&mut Opt> {
        let section = self.current?;
        let options = &mut self.package.sections[section].options;
        let same = |at: usize| options.get(at).is_some_and(|option| option.name == name);
        let at = self.options.find(option_hash(section, name), same)?;
        options.get_mut(at)
    }

    fn append(&mut self, option: Opt) {
        let Some(current) = self.current else { return };
        let options = &mut self.package.sections[current].options;
        self.options.insert(option_hash(current, &option.name), options.len());
        options.push(option);
    }
}

/// An option's name is unique in its section only.
#[allow(clippy::cast_possible_truncation)]
fn option_hash(section: usize, name: &str) -> u32 {
    djb_hash(name.as_bytes()) ^ (section as u32).wrapping_mul(0x9e37_79b9)
}

/// D. J. Bernstein's hash, as libuci computes it.
fn djb_hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381, |hash: u32, &byte| hash.wrapping_mul(33).wrapping_add(u32::from(byte)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::parse;
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn options_of_all_sections_are_spread_over_the_index() {
        let all = (0..100).flat_map(|section| (0..100).map(move |name| (section, format!("option{name}"))));
        let hashes: HashSet<u32> = all.map(|(section, name)| option_hash(section, &name)).collect();
        assert!(hashes.len() > 9_900, "{} of 10,000", hashes.len());
    }

    /// `name` or `name*` if anonymous, with its options: `a=1`, `b=[1 2]`.
    fn sketch(text: &[u8]) -> Vec<String> {
        let text_of = |text: &Text| String::from_utf8_lossy(&text.bytes).into_owned();
        let option = |option: &Opt| match &option.value {
            Value::One(one) => format!(" {}={}", option.name, text_of(one)),
            Value::List(many) => {
                let many: Vec<String> = many.iter().map(text_of).collect();
                format!(" {}=[{}]", option.name, many.join(" "))
            }
        };
        let section = |section: &Section| {
            let star = if section.anonymous { "*" } else { "" };
            let options: String = section.options.iter().map(option).collect();
            format!("{}{star}{options}", section.name)
        };
        parse(text).unwrap().sections.iter().map(section).collect()
    }

    #[test]
    fn a_section_named_again_goes_on_where_it_stood() {
        let text = b"config a x\no p 1\nconfig a y\no p 2\nconfig a x\no p 3\no q 4\nconfig a x\no r 5\n";
        assert_eq!(sketch(text), ["x p=3 q=4 r=5", "y p=2"]);
    }

    #[test]
    fn an_overwritten_option_keeps_its_place() {
        assert_eq!(sketch(b"c a x\no p 1\no q 2\no p 33\n"), ["x p=33 q=2"]);
    }

    #[test]
    fn an_option_becomes_the_first_entry_of_a_list_and_a_list_gives_way_to_an_option() {
        assert_eq!(sketch(b"c a x\no p 1\no q 2\nl p 1\nl p 3\n"), ["x p=[1 1 3] q=2"]);
        assert_eq!(sketch(b"c a x\nl p 1\nl p 2\no p 3\nl q 4\n"), ["x p=3 q=[4]"]);
        assert_eq!(sketch(b"c a x\nl p 1\no p ''\n"), ["x p=[1]"]);
    }

    #[test]
    fn an_anonymous_section_is_named_by_its_number_and_the_hash_of_its_type() {
        assert_eq!(
            sketch(b"c ddns x\nc ddns\no a 2\nc ddns y\nc ddns ''\n"),
            ["x", "cfg029d6e* a=2", "y", "cfg049d6e*"]
        );
    }

    #[test]
    fn a_section_may_be_continued_by_a_made_up_name() {
        assert_eq!(sketch(b"c ddns\no a 1\nc ddns cfg019d6e\no b 2\n"), ["cfg019d6e* a=1 b=2"]);
    }

    #[test]
    fn a_made_up_name_that_is_taken_still_makes_a_section_and_the_first_one_is_found() {
        let text = b"c ddns cfg029d6e\no a 1\nc ddns\no b 2\nc ddns cfg029d6e\no c 3\n";
        assert_eq!(sketch(text), ["cfg029d6e a=1 c=3", "cfg029d6e* b=2"]);
    }
}
