//! Reads certificates from a PEM file, one at a time, each with the subject name that a chain refers to.
//!
//! Does not keep the file in memory, does not verify a certificate, and decodes only what the caller needs: of a bundle of
//! 150 roots, a chain needs one.
//! Source: RFC 7468 (text), X.690 (DER), RFC 5280 section 4.1 (order of the fields).

use std::fs::File;
use std::io;
use std::ops::Range;

use rustix::buffer::spare_capacity;
use rustix::io::retry_on_intr;

/// Bytes read from the file at a time, about: a whole bundle is four of them. Twice as many save two calls and cost 64 KiB.
const PIECE: usize = 64 * 1024;
/// Reads text between certificates in parts of this size, so that a file without newlines cannot fill the memory.
const LINE_LIMIT: usize = 4096;
/// Characters in one block; the largest public root has about 3,000.
const BLOCK_LIMIT: usize = 32 * 1024;
/// Enough for the first line of a block, which contains the length of the certificate.
const FIRST_LINE: usize = 128;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// Walks over the `CERTIFICATE` blocks of a PEM file. Everything between them, and every other label, is skipped.
pub(super) struct Pem<'a> {
    input: &'a File,
    buffer: Vec<u8>,
    /// How much of it has been processed.
    at: usize,
}

impl<'a> Pem<'a> {
    pub(super) fn new(input: &'a File) -> Self {
        Pem { input, buffer: Vec::new(), at: 0 }
    }

    /// The next well-formed block; a broken one (no END, cut short, not a certificate) is skipped.
    pub(super) fn next(&mut self) -> io::Result<Option<Block<'_>>> {
        while self.begin()? {
            let Some((length, whole)) = self.block()? else { continue };
            let mut place = self.at..self.at + length;
            self.at += whole;
            let (mut width, mut gap) = even(&self.buffer[place.clone()]);
            let mut outline = PemText { characters: &self.buffer[place.clone()], width, gap }.outline();
            if outline.is_none() {
                // Lines of uneven length are rare enough to be moved together.
                let mut end = place.start;
                for at in place.clone() {
                    let character = self.buffer[at];
                    if !character.is_ascii_whitespace() {
                        self.buffer[end] = character;
                        end += 1;
                    }
                }
                place.end = end;
                (width, gap) = (usize::MAX, 0);
                outline = PemText { characters: &self.buffer[place.clone()], width, gap }.outline();
            }
            if let Some(outline) = outline {
                return Ok(Some(Block {
                    text: PemText { characters: &self.buffer[place], width, gap },
                    outline,
                }));
            }
        }
        Ok(None)
    }

    /// Moves behind the next BEGIN. False at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            let end = self.line(0)?;
            let found = self.seen(0)[..end].trim_ascii_end() == BEGIN;
            self.at += end;
            if found || end == 0 {
                return Ok(found);
            }
        }
    }

    /// The characters before END, and those with it. None: a broken block, which this skips.
    fn block(&mut self) -> io::Result<Option<(usize, usize)>> {
        // A certificate contains its length, so the position of END is known without a search.
        while self.seen(0).len() < FIRST_LINE && self.more()? {}
        let claimed = length(self.seen(0)).unwrap_or(0);
        if (1..BLOCK_LIMIT).contains(&claimed) && self.is_line(claimed, END)? {
            return Ok(Some((claimed, self.line(claimed)?)));
        }
        let mut dash = 0;
        loop {
            let rest = self.seen(dash);
            let found = rest.iter().position(|c| *c == b'-');
            dash += found.unwrap_or(rest.len());
            if found.is_some() {
                break;
            }
            if dash > BLOCK_LIMIT || !self.more()? {
                self.at += dash;
                return Ok(None);
            }
        }
        let whole = self.line(dash)?;
        if self.is_line(dash, END)? && self.seen(0)[..dash].ends_with(b"\n") {
            return Ok(Some((dash, whole)));
        }
        // Another BEGIN starts a new block.
        self.at += if self.is_line(dash, BEGIN)? { dash } else { whole };
        Ok(None)
    }

    fn is_line(&mut self, from: usize, line: &[u8]) -> io::Result<bool> {
        let end = self.line(from)?;
        Ok(self.seen(0).get(from..end).is_some_and(|text| text.trim_ascii_end() == line))
    }

    /// Where the line ends that begins at `from`, or its first part does.
    fn line(&mut self, from: usize) -> io::Result<usize> {
        loop {
            let line = self.seen(from);
            let line = &line[..line.len().min(LINE_LIMIT)];
            if let Some(length) = line.iter().position(|c| *c == b'\n') {
                return Ok(from + length + 1);
            }
            let known = from + line.len();
            if line.len() == LINE_LIMIT || !self.more()? {
                return Ok(known);
            }
        }
    }

    /// What has been read, from `from` on.
    fn seen(&self, from: usize) -> &[u8] {
        self.buffer.get(self.at + from..).unwrap_or_default()
    }

    /// Reads on. False at the end of the file.
    fn more(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.at);
        self.at = 0;
        // Room for a piece, less what is left of the last one, which is a certificate at most: the buffer stays as it is.
        if self.buffer.capacity() - self.buffer.len() < PIECE / 2 {
            self.buffer.reserve_exact(PIECE);
        }
        Ok(retry_on_intr(|| rustix::io::read(self.input, spare_capacity(&mut self.buffer)))? > 0)
    }
}

/// How many characters a certificate has, line ends included, from its first bytes.
fn length(characters: &[u8]) -> Option<usize> {
    let (width, gap) = even(characters);
    let text = PemText { characters, width, gap };
    let encoded = element(&|at| text.byte(at), 0)?.body.end.div_ceil(3) * 4;
    Some(encoded + encoded.div_ceil(width) * gap)
}

/// One certificate, still in base64.
pub(super) struct Block<'a> {
    text: PemText<'a>,
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

/// Width and line end of lines that are all as long as the first. If a line has another length, there is a line end in the
/// place of a character.
fn even(characters: &[u8]) -> (usize, usize) {
    let line = characters.iter().position(|c| *c == b'\n').unwrap_or(characters.len());
    let width = characters[..line].trim_ascii_end().len();
    (width.max(1), line + 1 - width)
}

/// Base64 in lines of one length.
#[derive(Clone, Copy)]
struct PemText<'a> {
    characters: &'a [u8],
    width: usize,
    /// Characters of a line end.
    gap: usize,
}

impl PemText<'_> {
    /// None if it is not a whole certificate.
    fn outline(self) -> Option<Outline> {
        let get = |at| self.byte(at);
        let length = element(&get, 0)?.body.end;
        self.byte(length.checked_sub(1)?)?;
        Some(Outline { length, subject: name(&get, Name::Subject)? })
    }

    /// The byte at an offset of the decoded text; decodes only the two characters that contain it.
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
