//! Certificates in a PEM file, one at a time, with the name in each that a chain is looked up by.
//!
//! Does not hold the file in memory, does not judge a certificate, and decodes no more of it than is asked for:
//! a bundle of 150 roots is read for the sake of one.
//! Source: RFC 7468 (text), X.690 (DER), RFC 5280 section 4.1 (order of the fields).

use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

/// Bytes read from the file at a time.
const PIECE: usize = 8 * 1024;
/// Text between certificates is taken in parts of this size, so that a file without newlines cannot fill the memory.
const LINE_LIMIT: u64 = 4096;
/// Characters in one block; the largest public root has about 3,000.
const BLOCK_LIMIT: u64 = 32 * 1024;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// Walks over the `CERTIFICATE` blocks of a PEM file. Everything between them, and every other label, is skipped.
pub(super) struct Pem<R> {
    input: BufReader<R>,
    block: Vec<u8>,
}

impl<R: Read> Pem<R> {
    pub(super) fn new(input: R) -> Self {
        Pem { input: BufReader::with_capacity(PIECE, input), block: Vec::with_capacity(4096) }
    }

    /// The next well-formed block; a broken one (no END, cut short, not a certificate) is skipped.
    pub(super) fn next(&mut self) -> io::Result<Option<Block<'_>>> {
        while self.fill()? {
            let (mut width, mut gap) = even(&self.block);
            let mut outline = Text { characters: &self.block, width, gap }.outline();
            if outline.is_none() {
                // Lines of uneven length are rare enough to be moved together.
                self.block.retain(|character| !character.is_ascii_whitespace());
                (width, gap) = (usize::MAX, 0);
                outline = Text { characters: &self.block, width, gap }.outline();
            }
            if let Some(outline) = outline {
                return Ok(Some(Block { text: Text { characters: &self.block, width, gap }, outline }));
            }
        }
        Ok(None)
    }

    /// Takes the text between the next BEGIN and its END as it stands. False at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        let mut inside = false;
        loop {
            self.block.clear();
            if !inside {
                if self.take(b'\n', LINE_LIMIT)? == 0 {
                    return Ok(false);
                }
                inside = self.block.trim_ascii_end() == BEGIN;
                continue;
            }
            // One search for the dash of END instead of one for every line.
            if self.take(b'-', BLOCK_LIMIT)? == 0 {
                return Ok(false);
            }
            let end = self.block.len() - 1;
            self.take(b'\n', LINE_LIMIT)?;
            let line = self.block[end..].trim_ascii_end();
            if line == END && self.block[..end].ends_with(b"\n") {
                self.block.truncate(end);
                return Ok(true);
            }
            inside = line == BEGIN;
        }
    }

    fn take(&mut self, last: u8, limit: u64) -> io::Result<usize> {
        (&mut self.input).take(limit).read_until(last, &mut self.block)
    }
}

/// One certificate, still in base64.
pub(super) struct Block<'a> {
    text: Text<'a>,
    outline: Outline,
}

impl Block<'_> {
    /// Whether the subject is one of these names (the contents of DER `Name`s, compared byte by byte as webpki does).
    pub(super) fn has_subject(&self, wanted: &[&[u8]]) -> bool {
        let subject = &self.outline.subject;
        let same =
            |name: &[u8]| subject.clone().map(|at| self.text.byte(at)).eq(name.iter().copied().map(Some));
        wanted.iter().any(|name| name.len() == subject.len() && same(name))
    }

    /// The certificate's bytes.
    pub(super) fn der(&self) -> Option<Vec<u8>> {
        (0..self.outline.length).map(|at| self.text.byte(at)).collect()
    }
}

/// Where things are in a certificate's DER.
struct Outline {
    length: usize,
    subject: Range<usize>,
}

/// Width and line end of lines that are all as long as the first. One that is not shows as a line end where a
/// character should be.
fn even(characters: &[u8]) -> (usize, usize) {
    let line = characters.iter().position(|c| *c == b'\n').unwrap_or(characters.len());
    let width = characters[..line].trim_ascii_end().len();
    (width.max(1), line + 1 - width)
}

/// Base64 in lines of one length.
#[derive(Clone, Copy)]
struct Text<'a> {
    characters: &'a [u8],
    width: usize,
    /// Characters of a line end.
    gap: usize,
}

impl Text<'_> {
    /// None if it is not a whole certificate.
    fn outline(self) -> Option<Outline> {
        let get = |at| self.byte(at);
        let length = element(&get, 0)?.body.end;
        self.byte(length.checked_sub(1)?)?;
        Some(Outline { length, subject: name(&get, Name::Subject)? })
    }

    /// The byte at an offset of what the text stands for; only the two characters it is in are looked at.
    fn byte(self, at: usize) -> Option<u8> {
        let first = at / 3 * 4 + at % 3;
        let (high, low) = (self.sextet(first)?, self.sextet(first + 1)?);
        let shift = 2 * (at % 3);
        Some(high << (2 + shift) | low >> (4 - shift))
    }

    fn sextet(self, at: usize) -> Option<u8> {
        let character = *self.characters.get(at + at / self.width * self.gap)?;
        match character {
            b'A'..=b'Z' => Some(character - b'A'),
            b'a'..=b'z' => Some(character - b'a' + 26),
            b'0'..=b'9' => Some(character - b'0' + 52),
            b'+' => Some(62),
            b'/' => Some(63),
            _ => None,
        }
    }
}

/// The issuer in a certificate: the contents of its `Name`.
pub(super) fn issuer(certificate: &[u8]) -> Option<&[u8]> {
    certificate.get(name(&|at| certificate.get(at).copied(), Name::Issuer)?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Issuer,
    Subject,
}

/// A certificate's byte at an offset, from DER or straight from base64.
type Get<'a> = &'a dyn Fn(usize) -> Option<u8>;

struct Element {
    tag: u8,
    body: Range<usize>,
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

fn name(get: Get<'_>, which: Name) -> Option<Range<usize>> {
    let certificate = sequence(get, 0)?;
    let signed = sequence(get, certificate.start)?;
    let first = element(get, signed.start)?;
    let serial = if first.tag == VERSION { element(get, first.body.end)? } else { first };
    let algorithm = sequence(get, serial.body.end)?;
    let issuer = sequence(get, algorithm.end)?;
    if which == Name::Issuer {
        return Some(issuer);
    }
    let validity = sequence(get, issuer.end)?;
    sequence(get, validity.end)
}

fn sequence(get: Get<'_>, at: usize) -> Option<Range<usize>> {
    element(get, at).filter(|e| e.tag == SEQUENCE).map(|e| e.body)
}

fn element(get: Get<'_>, at: usize) -> Option<Element> {
    let tag = get(at)?;
    let first = get(at + 1)?;
    let mut start = at + 2;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let digits = length & 0x7f;
        if !(1..=3).contains(&digits) {
            return None;
        }
        length = 0;
        for at in start..start + digits {
            length = length << 8 | usize::from(get(at)?);
        }
        start += digits;
    }
    Some(Element { tag, body: start..start + length })
}
