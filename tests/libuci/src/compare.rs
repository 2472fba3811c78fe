//! One text, two parsers: the same result, a known difference, or an unknown one.
//!
//! Assumes nothing: checks at the start which of the two known older behaviours this libuci has ([`Habits`]), and
//! checks for each known difference that it is of exactly that kind.
//!
//! libuci-sys 1.0.5 contains a libuci of 2021. In 2022 two things changed ("maintain option position in uci_set",
//! "maintain option position in uci_add_list", "remove internal usage of redundant uci_ptr.last"); nicup follows the
//! newer behaviour, which produced fixtures/uci-cases. With a current libuci, given by UCI_DIR, there are no known
//! differences.

use crate::export::{Names, export, option_text, section_text};
use crate::oracle::{Libuci, Verdict};
use nicup::wire::uci::{Package, ParseError, Reason, parse};
use std::io;

/// Known differences, counted separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Before 2022, an option that is set again, or becomes a list, moves to the end of its section.
    OptionMoved,
    /// Before 2022, a section that is named for the third time is lost, and its options have no section.
    SectionLost,
    /// nicup rejects NUL; libuci reads up to the NUL and ignores the rest of the line.
    Nul,
}

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Both accept, with the same export; or both reject, with the same reason, line and byte.
    Same { refused: Option<Reason> },
    /// A known difference.
    Explained(Known),
    /// An unknown difference.
    Different(String),
}

/// The older behaviours that this libuci has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    pub moves_options: bool,
    pub loses_sections: bool,
}

impl Habits {
    pub fn of(libuci: &mut Libuci) -> io::Result<Self> {
        let moved = libuci.read(b"config a n\noption o 1\noption p 2\noption o 33\n")?;
        let lost = libuci.read(b"config a n\nconfig a n\nconfig a n\noption o 1\n")?;
        let at_end = b"\toption p '2'\n\toption o '33'\n\n".as_slice();
        Ok(Habits {
            moves_options: matches!(moved, Verdict::Accepted { export, .. } if export.ends_with(at_end)),
            loses_sections: matches!(lost, Verdict::Refused { .. }),
        })
    }
}

/// Parses the text with both.
pub fn compare(libuci: &mut Libuci, habits: Habits, text: &[u8]) -> io::Result<Comparison> {
    let ours = parse(text);
    if text.contains(&0) {
        return Ok(match ours {
            Err(error) if error.reason == Reason::Nul => Comparison::Explained(Known::Nul),
            _ => Comparison::Different("NUL was not refused".to_owned()),
        });
    }
    let theirs = libuci.read(text)?;
    let same = match (&ours, &theirs) {
        (Ok(package), Verdict::Accepted { export: theirs, named }) => {
            export(package, Names::Given) == *theirs && export(package, Names::MadeUp) == *named
        }
        (Err(error), Verdict::Refused { reason, line, byte }) => same_error(error, reason, *line, *byte),
        _ => false,
    };
    if same {
        return Ok(Comparison::Same { refused: ours.err().map(|error| error.reason) });
    }
    if habits.moves_options
        && let (Ok(package), Verdict::Accepted { export, named }) = (&ours, &theirs)
        && only_moved(package, Names::Given, export)
        && only_moved(package, Names::MadeUp, named)
    {
        return Ok(Comparison::Explained(Known::OptionMoved));
    }
    if habits.loses_sections
        && let Verdict::Refused { reason, line, .. } = &theirs
        && reason == Reason::OptionBeforeSection.explain()
        && third_mention(text, *line, &ours)
    {
        return Ok(Comparison::Explained(Known::SectionLost));
    }
    Ok(Comparison::Different(describe(&ours, &theirs)))
}

/// libuci's line 0 is line 1 in nicup.
fn same_error(ours: &ParseError, reason: &str, line: u32, byte: u32) -> bool {
    (ours.reason.explain(), ours.line, ours.byte) == (reason, line.max(1), byte)
}

/// Whether the export contains the same sections in the same order, each with the same options in any order.
fn only_moved(package: &Package, names: Names, export: &[u8]) -> bool {
    let Some(mut rest) = export.strip_prefix(b"package t\n") else { return false };
    for section in &package.sections {
        let Some(behind) = rest.strip_prefix(section_text(section, names).as_slice()) else {
            return false;
        };
        rest = behind;
        let mut missing: Vec<Vec<u8>> = section.options.iter().map(option_text).collect();
        while !missing.is_empty() {
            // An option's text contains its name, so it cannot match another option of the section.
            let Some(at) = missing.iter().position(|option| rest.starts_with(option)) else { return false };
            rest = &rest[missing.swap_remove(at).len()..];
        }
    }
    rest == b"\n"
}

/// Whether a section may have been named three times before the line where libuci gave up but nicup continued.
fn third_mention(text: &[u8], line: u32, ours: &Result<Package, ParseError>) -> bool {
    if ours.as_ref().is_err_and(|error| error.line < line.max(1)) {
        return false;
    }
    let before: Vec<u8> =
        text.split_inclusive(|&byte| byte == b'\n').take(line.max(1) as usize).flatten().copied().collect();
    let words = before.split(|byte| !byte.is_ascii_alphanumeric());
    words.filter(|word| matches!(*word, b"c" | b"config")).count() >= 3
}

fn describe(ours: &Result<Package, ParseError>, theirs: &Verdict) -> String {
    let ours = match ours {
        Ok(package) => String::from_utf8_lossy(&export(package, Names::MadeUp)).into_owned(),
        Err(error) => format!("{error}, byte {}", error.byte),
    };
    let theirs = match theirs {
        Verdict::Accepted { named, .. } => String::from_utf8_lossy(named).into_owned(),
        Verdict::Refused { reason, line, byte } => {
            format!("parse error ({reason}) at line {line}, byte {byte}")
        }
    };
    format!("nicup:\n{ours}\nlibuci:\n{theirs}")
}

/// The shortest text found that still differs: removes pieces as long as the difference remains.
pub fn smallest(libuci: &mut Libuci, habits: Habits, text: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = text.to_vec();
    let mut piece = text.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < text.len() {
            let mut shorter = text.clone();
            shorter.drain(at..(at + piece).min(text.len()));
            if matches!(compare(libuci, habits, &shorter)?, Comparison::Different(_)) {
                text = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    Ok(text)
}
