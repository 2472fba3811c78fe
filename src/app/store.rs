//! records.json and state.json on disk: a damaged one is set aside, an unchanged one is not written.

use super::exit;
use crate::policy::config::{Issue, Level, Main};
use crate::policy::record::{Book, ReadError, read_records, read_state, write_records, write_state};
use crate::policy::time::Now;
use crate::sys::file::{self, Keep, Root};
use std::io;
use std::path::PathBuf;

/// Bytes of a record or state file that are read.
const LIMIT: usize = 4 << 20;

/// The two files of a configuration.
pub(super) struct Store {
    records: Place,
    /// Where the records go while `state_dir` cannot be written.
    fallback: Place,
    state: Place,
    /// The records as they are on disk, and whether in the fallback.
    stored: Option<(String, bool)>,
}

struct Place {
    /// Without `--root`.
    name: String,
    path: PathBuf,
}

impl Store {
    pub(super) fn new(root: &Root, main: &Main) -> Store {
        let place = |dir: &str, file: &str| {
            let name = format!("{dir}/{file}");
            Place { path: root.path(&name), name }
        };
        Store {
            records: place(&main.state_dir, "records.json"),
            fallback: place(&main.run_dir, "records.json"),
            state: place(&main.run_dir, "state.json"),
            stored: None,
        }
    }

    /// Reads both files. What cannot be used is named in `issues`, and set aside under another name if `set_aside`.
    ///
    /// # Errors
    /// One is there and cannot be read for want of memory or descriptors: to go on without it would forget what it holds.
    pub(super) fn load(
        &mut self,
        now: &Now,
        set_aside: bool,
        issues: &mut Vec<Issue>,
    ) -> Result<Book, (u8, String)> {
        let mut book = Book::default();
        for (place, is_fallback) in [(&self.fallback, true), (&self.records, false)] {
            let Some(text) = read(place, issues)? else { continue };
            match read_records(&text) {
                Ok(records) => {
                    book = records;
                    self.stored = Some((text, is_fallback));
                    break;
                }
                Err(error) => issues.push(put_aside(place, error, set_aside)),
            }
        }
        book.untouch();
        let Some(text) = read(&self.state, issues)? else {
            book.touch();
            return Ok(book);
        };
        let mut book = read_state(&text, now, book).unwrap_or_else(|error| {
            issues.push(put_aside(&self.state, error, set_aside));
            let mut book =
                self.stored.as_ref().and_then(|(text, _)| read_records(text).ok()).unwrap_or_default();
            book.touch();
            book
        });
        // A file is missing, or not where it belongs: written in any case.
        if !matches!(self.stored, Some((_, false))) {
            book.touch();
        }
        Ok(book)
    }

    /// Writes the records, if they are not what is on disk already.
    pub(super) fn save_records(&mut self, book: &Book, issues: &mut Vec<Issue>) {
        let text = write_records(book);
        match &self.stored {
            Some((stored, false)) if *stored == text => return,
            None if book.is_empty() => return,
            _ => {}
        }
        let was_fallback = matches!(self.stored, Some((_, true)));
        let place = &self.records;
        let written = file::with_dir(&place.path, || write(place, &text, Keep::Durable));
        match written {
            Ok(()) => {
                if was_fallback {
                    let _ = std::fs::remove_file(&self.fallback.path);
                }
                self.stored = Some((text, false));
            }
            Err(error) => {
                let what = format!("cannot be written ({error}): records are kept in memory until a reboot");
                let issue = warning(&self.records, what);
                if !issues.contains(&issue) {
                    issues.push(issue); // once a pass, however many requests it had
                }
                if self.stored.as_ref().is_some_and(|(stored, _)| *stored == text) {
                    return;
                }
                match write(&self.fallback, &text, Keep::Volatile) {
                    Ok(()) => self.stored = Some((text, true)),
                    Err(error) => issues.push(warning(&self.fallback, cannot_write(&error))),
                }
            }
        }
    }

    /// Writes what lives as long as this boot.
    ///
    /// # Errors
    /// As the system says; without this file an interrupted request could not be noticed.
    pub(super) fn save_state(&self, book: &Book, now: &Now) -> Result<(), Issue> {
        let written = write(&self.state, &write_state(book, now), Keep::Volatile);
        written.map_err(|error| warning(&self.state, cannot_write(&error)))
    }
}

fn cannot_write(error: &io::Error) -> String {
    format!("cannot be written: {error}")
}

fn warning(place: &Place, message: String) -> Issue {
    Issue { level: Level::Warning, file: place.name.clone(), line: None, message }
}

fn write(place: &Place, text: &str, keep: Keep) -> io::Result<()> {
    file::replace(&place.path, text.as_bytes(), 0o600, keep)
}

fn read(place: &Place, issues: &mut Vec<Issue>) -> Result<Option<String>, (u8, String)> {
    match file::read(&place.path, LIMIT) {
        // What is not text is damaged, and found to be so by whoever reads it.
        Ok(bytes) => Ok(Some(String::from_utf8(bytes).unwrap_or_default())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if file::is_shortage(&error) => {
            Err((exit::LATER, format!("{}: cannot be read: {error}", place.name)))
        }
        Err(error) => {
            issues.push(warning(place, format!("cannot be read ({error}): what it held is not known")));
            Ok(None)
        }
    }
}

/// A file that cannot be understood may still be worth something to its owner: it is kept under another name.
fn put_aside(place: &Place, error: ReadError, really: bool) -> Issue {
    let why = error.explain();
    if !really {
        return warning(place, format!("{why}: a run would set it aside and start without it"));
    }
    let mut aside = place.path.clone().into_os_string();
    aside.push(".bad");
    warning(
        place,
        match std::fs::rename(&place.path, aside) {
            Ok(()) => {
                format!("{why}: set aside as {}.bad; stops and waits that it held are forgotten", place.name)
            }
            Err(error) => format!("{why}, and cannot be set aside: {error}"),
        },
    )
}
