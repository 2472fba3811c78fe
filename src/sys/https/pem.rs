//! Certificates in a PEM file, one at a time, with the name in each that a chain is looked up by.
//!
//! Does not hold the file in memory, does not judge a certificate, and decodes no more of it than is asked for:
//! a bundle of 150 roots is read for the sake of one.
//! Source: RFC 7468 (text), X.690 (DER), RFC 5280 section 4.1 (order of the fields).

use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

/// Bytes read from the file at a time.
const PIECE: usize = 8 * 1024;
/// A line is taken in parts of this size, so that a file without newlines cannot fill the memory.
const LINE_LIMIT: u64 = 4096;
/// Base64 characters in one block; the largest public root has about 3,000.
const BLOCK_LIMIT: usize = 32 * 1024;

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
            if Block(&self.block).is_whole() {
                return Ok(Some(Block(&self.block)));
            }
        }
        Ok(None)
    }

    /// Collects the base64 of the next block, without line ends. False at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        let mut inside = false;
        self.block.clear();
        loop {
            let start = self.block.len();
            if (&mut self.input).take(LINE_LIMIT).read_until(b'\n', &mut self.block)? == 0 {
                return Ok(false);
            }
            let kept = self.block.trim_ascii_end().len();
            self.block.truncate(kept.max(start));
            let line = &self.block[start..];
            if line.starts_with(b"-----") {
                if inside && line == END {
                    self.block.truncate(start);
                    return Ok(true);
                }
                inside = line == BEGIN;
                self.block.clear();
            } else if !inside || self.block.len() > BLOCK_LIMIT {
                inside = false;
                self.block.clear();
            }
        }
    }
}

/// The base64 of one certificate.
#[derive(Clone, Copy)]
pub(super) struct Block<'a>(&'a [u8]);

impl Block<'_> {
    /// Whether the subject is one of these names (the contents of DER `Name`s, compared byte by byte as webpki does).
    pub(super) fn has_subject(self, wanted: &[&[u8]]) -> bool {
        let get = |at| byte(self.0, at);
        let Some(subject) = name(&get, Name::Subject) else { return false };
        wanted
            .iter()
            .any(|w| w.len() == subject.len() && subject.clone().map(get).eq(w.iter().copied().map(Some)))
    }

    /// The certificate's bytes.
    pub(super) fn der(self) -> Option<Vec<u8>> {
        let certificate = element(&|at| byte(self.0, at), 0)?;
        (0..certificate.body.end).map(|at| byte(self.0, at)).collect()
    }

    fn is_whole(self) -> bool {
        let get = |at| byte(self.0, at);
        let last = element(&get, 0).and_then(|certificate| get(certificate.body.end.checked_sub(1)?));
        last.is_some() && name(&get, Name::Subject).is_some()
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

/// The byte at an offset of what the base64 text stands for; only the two characters it is in are looked at.
fn byte(text: &[u8], at: usize) -> Option<u8> {
    let first = at / 3 * 4 + at % 3;
    let (high, low) = (sextet(*text.get(first)?)?, sextet(*text.get(first + 1)?)?);
    let shift = 2 * (at % 3) as u32;
    Some(high << (2 + shift) | low >> (4 - shift))
}

fn sextet(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
