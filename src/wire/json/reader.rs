//! Reads JSON from front to back. Does not know the structs.

use super::Json;
use std::borrow::Cow;

/// A text, and how far it has been read.
pub struct JsonReader<'a> {
    text: &'a str,
    at: usize,
}

/// The depth of nested objects and lists that this skips: more would be an attack on the stack.
const DEEPEST: u8 = 64;

/// A field's name without the quotes and the colon that [`object!`](super::object) gives it.
fn bare(name: &str) -> &str {
    &name[1..name.len() - 2]
}

impl<'a> JsonReader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        JsonReader { text, at: 0 }
    }

    /// Whether only blanks follow.
    pub(super) fn end(&mut self) -> bool {
        self.next().is_none()
    }

    /// The next byte that is no blank.
    fn next(&mut self) -> Option<u8> {
        self.pass(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
    }

    /// Skips bytes of a kind, and returns the first other one.
    fn pass(&mut self, kind: impl Fn(u8) -> bool) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let length = rest.iter().position(|byte| !kind(*byte));
        self.at += length.unwrap_or(rest.len());
        rest.get(length?).copied()
    }

    /// Reads a punctuation mark, if it comes next.
    fn mark(&mut self, mark: u8) -> bool {
        let there = self.next() == Some(mark);
        self.at += usize::from(there);
        there
    }

    /// Reads a literal, if it comes next.
    pub(super) fn literal(&mut self, literal: &str) -> bool {
        self.next();
        let there = self.text.as_bytes()[self.at..].starts_with(literal.as_bytes());
        self.at += if there { literal.len() } else { 0 };
        there
    }

    /// A whole number.
    pub(super) fn number(&mut self) -> Option<&'a str> {
        self.next();
        let from = self.at;
        self.pass(|byte| matches!(byte, b'-' | b'0'..=b'9'));
        self.text.get(from..self.at)
    }

    /// A text; borrowed if it has no escapes.
    pub(crate) fn text(&mut self) -> Option<Cow<'a, str>> {
        if !self.mark(b'"') {
            return None;
        }
        let mut text = Cow::Borrowed("");
        loop {
            let from = self.at;
            let end = self.pass(|byte| !matches!(byte, 0..b' ' | b'"' | b'\\'))?;
            text += self.text.get(from..self.at)?;
            self.at += 1;
            match end {
                b'"' => return Some(text),
                b'\\' => text.to_mut().push(self.escaped()?),
                _ => return None,
            }
        }
    }

    /// Reads a given text, if it comes next without escapes: faster than to read and compare it.
    fn exactly(&mut self, text: &str) -> bool {
        self.next();
        let rest = self.text.as_bytes()[self.at..].strip_prefix(b"\"");
        let there = rest
            .and_then(|rest| rest.strip_prefix(text.as_bytes()))
            .is_some_and(|rest| rest.starts_with(b"\""));
        self.at += if there { text.len() + 2 } else { 0 };
        there
    }

    /// The character of an escape.
    fn escaped(&mut self) -> Option<char> {
        let letter = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                // The first half of a surrogate pair.
                if !(0xd800..0xdc00).contains(&unit) {
                    return char::from_u32(unit);
                }
                let second = self.text.get(self.at..)?.starts_with("\\u");
                self.at += 2;
                let second = self.unit().filter(|unit| second && (0xdc00..0xe000).contains(unit))?;
                char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00))?
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.chars().try_fold(0, |unit, digit| Some(unit << 4 | digit.to_digit(16)?))
    }

    /// A list; `item` reads each entry.
    pub(super) fn items(&mut self, item: &mut dyn FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if !self.mark(b'[') {
            return None;
        }
        if self.mark(b']') {
            return Some(());
        }
        loop {
            item(self)?;
            if !self.mark(b',') {
                return self.mark(b']').then_some(());
            }
        }
    }

    /// An object; `member` reads each name and its value.
    fn members(&mut self, member: &mut dyn FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if !self.mark(b'{') {
            return None;
        }
        if self.mark(b'}') {
            return Some(());
        }
        loop {
            member(self)?;
            if !self.mark(b',') {
                return self.mark(b'}').then_some(());
            }
        }
    }

    /// An object with the members of a struct, and others that this skips.
    pub(crate) fn object(&mut self, names: &[&str], values: &mut [&mut dyn Json]) -> Option<()> {
        let mut missing = (1u32 << names.len()) - 1;
        // Mostly they come in the order of the struct.
        let mut expected = 0;
        self.members(&mut |input| {
            let known = names.get(expected).is_some_and(|name| input.exactly(bare(name))) || {
                let name = input.text()?;
                let found = names.iter().position(|known| bare(known) == name);
                expected = found.unwrap_or(expected);
                found.is_some()
            };
            if !input.mark(b':') {
                return None;
            }
            if !known {
                return input.skip(DEEPEST);
            }
            missing &= !(1 << expected);
            values[expected].read(input)?;
            expected += 1;
            Some(())
        })?;
        let absent = values.iter_mut().enumerate().filter(|(at, _)| missing >> at & 1 == 1);
        absent.map(|(_, value)| value.absent()).collect()
    }

    /// Skips a value.
    fn skip(&mut self, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match self.next()? {
            b'"' => self.text().map(|_| ()),
            b'{' => self.members(&mut |input| {
                input.text()?;
                input.mark(b':').then_some(())?;
                input.skip(depth)
            }),
            b'[' => self.items(&mut |input| input.skip(depth)),
            b'-' | b'0'..=b'9' => {
                self.pass(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
                Some(())
            }
            _ => ["true", "false", "null"].iter().any(|literal| self.literal(literal)).then_some(()),
        }
    }
}
