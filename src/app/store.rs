//! records.json and state.json on disk: a damaged one is set aside, an unchanged one is not written, and each goes to
//! the other's directory while its own cannot be written.

use super::{Exit, Failure};
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
    /// Where the state goes while `run_dir` cannot be written. A full directory still lets a file be removed, so
    /// this one counts only where the other is missing.
    state_fallback: Place,
    /// The records as they are on disk, and whether in the fallback.
    stored: Option<(String, bool)>,
    /// The state as it is in the fallback. Flash wears out: the same text is not written again.
    state_aside: Option<String>,
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
            state_fallback: place(&main.state_dir, "state.json"),
            stored: None,
            state_aside: None,
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
    ) -> Result<Book, Failure> {
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
        let mut place = &self.state;
        let mut text = read(place, issues)?;
        if text.is_none() {
            place = &self.state_fallback;
            text = read(place, issues)?;
            self.state_aside.clone_from(&text);
        }
        let Some(text) = text else {
            book.touch();
            return Ok(book);
        };
        let mut book = read_state(&text, now, book).unwrap_or_else(|error| {
            issues.push(put_aside(place, error, set_aside));
            let mut book =
                self.stored.as_ref().and_then(|(text, _)| read_records(text).ok()).unwrap_or_default();
            book.touch();
            book
        });
        // A file is missing, or not where it belongs: written in any case.
        if !matches!(self.stored, Some((_, false))) || self.state_aside.is_some() {
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
                    let _ = file::remove(&self.fallback.path);
                }
                self.stored = Some((text, false));
            }
            Err(error) => {
                let issue = records_stay_in_memory(&self.records, &error);
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

    /// Writes what lives as long as this boot, to `state_dir` where `run_dir` cannot take it; `issues` then has a line.
    ///
    /// # Errors
    /// Neither can take it; without this file an interrupted request could not be noticed.
    pub(super) fn save_state(
        &mut self,
        book: &Book,
        now: &Now,
        issues: &mut Vec<Issue>,
    ) -> Result<(), Issue> {
        let text = write_state(book, now);
        let Err(error) = write(&self.state, &text, Keep::Volatile) else {
            if self.state_aside.take().is_some() {
                let _ = file::remove(&self.state_fallback.path);
            }
            return Ok(());
        };
        let aside = &self.state_fallback;
        if self.state_aside.as_ref() != Some(&text) {
            let written = file::with_dir(&aside.path, || write(aside, &text, Keep::Durable));
            written.map_err(|_| warning(&self.state, cannot_write(&error)))?;
            // An old one in its place would be taken for the present.
            let _ = file::remove(&self.state.path);
            self.state_aside = Some(text);
        }
        let issue = warning(
            &self.state,
            format!("cannot be written ({error}): free space there; {} is used", aside.name),
        );
        if !issues.contains(&issue) {
            issues.push(issue);
        }
        Ok(())
    }

    /// What a run could not write now, and what it would do about it: for `check`, which writes nothing.
    pub(super) fn inspect(&self, issues: &mut Vec<Issue>) {
        let room = |place: &Place| file::room(&place.path);
        match (room(&self.state), room(&self.state_fallback)) {
            (Ok(()), Ok(())) => {}
            (Ok(()), Err(error)) => issues.push(records_stay_in_memory(&self.records, &error)),
            (Err(error), Ok(())) => issues.push(warning(
                &self.state,
                format!(
                    "cannot be written ({error}): free space there; a run would use {}",
                    self.state_fallback.name
                ),
            )),
            (Err(error), Err(_)) => issues.push(nothing_is_sent(warning(&self.state, cannot_write(&error)))),
        }
    }
}

fn records_stay_in_memory(place: &Place, error: &io::Error) -> Issue {
    warning(place, format!("cannot be written ({error}): records are kept in memory until a reboot"))
}

/// What follows where no directory can take the note of an attempt.
pub(super) fn nothing_is_sent(issue: Issue) -> Issue {
    Issue { message: format!("{}, so nothing is sent: free some space", issue.message), ..issue }
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

fn read(place: &Place, issues: &mut Vec<Issue>) -> Result<Option<String>, Failure> {
    match file::read(&place.path, LIMIT) {
        // What is not text is damaged, and found to be so by whoever reads it.
        Ok(bytes) => Ok(Some(String::from_utf8(bytes).unwrap_or_default())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if file::is_shortage(&error) => {
            Err(Failure::new(Exit::Retry, format!("{}: cannot be read: {error}", place.name)))
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
        match file::rename(&place.path, aside) {
            Ok(()) => {
                format!("{why}: set aside as {}.bad; stops and waits that it held are forgotten", place.name)
            }
            Err(error) => format!("{why}, and cannot be set aside: {error}"),
        },
    )
}
