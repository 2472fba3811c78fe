//! records.json, state.json and attempts.json on disk. Sets a damaged file aside, does not write an unchanged one, and
//! writes each to the other directory while its own cannot be written.

use super::{CommandFailure, Exit};
use crate::policy::config::{Issue, Level, Main};
use crate::policy::record::{
    Attempt, ReadError, Records, read_attempts, read_records, read_state, write_attempts, write_records,
    write_state,
};
use crate::policy::time::Now;
use crate::sys::file::{self, Keep, Root};
use std::io;
use std::mem;
use std::path::PathBuf;

/// Bytes of a file that are read.
const LIMIT: usize = 4 << 20;

/// The files of a configuration.
pub(super) struct Store {
    records: Location,
    /// Where the records go while `state_dir` cannot be written.
    fallback: Location,
    /// The records as they are on disk, and whether in the fallback.
    stored: Option<(String, bool)>,
    state: Volatile,
    /// The requests that a pass has begun. The file exists only while a pass sends, or after a pass was killed.
    attempts: Volatile,
}

struct Location {
    /// Without `--root`.
    name: String,
    path: PathBuf,
}

/// A file for this boot. It is in `run_dir`, or in `state_dir` while `run_dir` cannot be written.
struct Volatile {
    place: Location,
    /// A file can be removed even from a full directory, so this one counts only if the other is missing.
    fallback: Location,
    /// What is on disk.
    stored: Option<String>,
    /// It is in the fallback.
    is_aside: bool,
}

impl Store {
    pub(super) fn new(root: &Root, main: &Main) -> Store {
        let place = |dir: &str, file: &str| {
            let name = format!("{dir}/{file}");
            Location { path: root.path(&name), name }
        };
        let volatile = |file: &str| Volatile {
            place: place(&main.run_dir, file),
            fallback: place(&main.state_dir, file),
            stored: None,
            is_aside: false,
        };
        Store {
            records: place(&main.state_dir, "records.json"),
            fallback: place(&main.run_dir, "records.json"),
            stored: None,
            state: volatile("state.json"),
            attempts: volatile("attempts.json"),
        }
    }

    /// Reads all files. `issues` names each unusable file; with `set_aside`, it is also renamed.
    ///
    /// # Errors
    /// A file exists, but cannot be read because memory or descriptors are short. Going on would lose its content.
    pub(super) fn load(
        &mut self,
        now: &Now,
        set_aside: bool,
        issues: &mut Vec<Issue>,
    ) -> Result<Records, CommandFailure> {
        let mut records = Records::default();
        for (place, is_fallback) in [(&self.fallback, true), (&self.records, false)] {
            let Some(text) = read(place, issues)? else { continue };
            match read_records(&text) {
                Ok(read) => {
                    records = read;
                    self.stored = Some((text, is_fallback));
                    break;
                }
                Err(error) => issues.push(put_aside(place, error, set_aside)),
            }
        }
        if let Some(text) = self.state.read(issues)? {
            records = read_state(text, now, records).unwrap_or_else(|error| {
                issues.push(self.state.put_aside(error, set_aside));
                let records = self.stored.as_ref().and_then(|(text, _)| read_records(text).ok());
                records.unwrap_or_default()
            });
        }
        if let Some(text) = self.attempts.read(issues)? {
            match read_attempts(text, now) {
                Ok(attempts) => records.reopen(attempts),
                Err(error) => issues.push(self.attempts.put_aside(error, set_aside)),
            }
        }
        Ok(records)
    }

    /// Whether an earlier pass left a note of its requests.
    pub(super) fn has_attempts(&self) -> bool {
        self.attempts.stored.is_some()
    }

    /// Whether records and state exist, each in its own directory.
    pub(super) fn are_whole(&self) -> bool {
        matches!(self.stored, Some((_, false))) && self.state.stored.is_some() && !self.state.is_aside
    }

    /// Writes the records, if they differ from the file.
    pub(super) fn save_records(&mut self, records: &Records, issues: &mut Vec<Issue>) {
        let text = write_records(records);
        match &self.stored {
            Some((stored, false)) if *stored == text => return,
            None if records.is_empty() => return,
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

    /// Writes the state, if it differs from the file. If it goes to `state_dir`, `issues` gets a line.
    ///
    /// # Errors
    /// Neither directory can be written.
    pub(super) fn save_state(
        &mut self,
        records: &Records,
        now: &Now,
        issues: &mut Vec<Issue>,
    ) -> Result<(), Issue> {
        if let Some(error) = self.state.write(write_state(records, now))? {
            let message = format!(
                "cannot be written ({error}): free space there; {} is used",
                self.state.fallback.name
            );
            let issue = warning(&self.state.place, message);
            if !issues.contains(&issue) {
                issues.push(issue);
            }
        }
        Ok(())
    }

    /// Writes the note of the requests that this pass has begun. If it goes to `state_dir`, [`Store::save_state`] reports
    /// that for the state.
    ///
    /// # Errors
    /// Neither directory can be written. Without the note, the next pass could not notice an interrupted request.
    pub(super) fn save_attempts(&mut self, attempts: &[Attempt], now: &Now) -> Result<(), Issue> {
        self.attempts.write(write_attempts(attempts, now)).map(|_| ())
    }

    /// Removes the note, because the state contains the outcomes.
    pub(super) fn remove_attempts(&mut self) {
        if self.attempts.stored.take().is_some() {
            let _ = file::remove(&self.attempts.place.path);
            if self.attempts.is_aside {
                let _ = file::remove(&self.attempts.fallback.path);
            }
        }
    }

    /// What a run could not write now, and what it would do instead. For `check`, which writes nothing.
    pub(super) fn inspect(&self, issues: &mut Vec<Issue>) {
        let room = |place: &Location| file::room(&place.path);
        let Volatile { place, fallback, .. } = &self.state;
        match (room(place), room(fallback)) {
            (Ok(()), Ok(())) => {}
            (Ok(()), Err(error)) => issues.push(records_stay_in_memory(&self.records, &error)),
            (Err(error), Ok(())) => issues.push(warning(
                place,
                format!("cannot be written ({error}): free space there; a run would use {}", fallback.name),
            )),
            (Err(error), Err(_)) => issues.push(nothing_is_sent(warning(place, cannot_write(&error)))),
        }
    }
}

impl Volatile {
    fn read(&mut self, issues: &mut Vec<Issue>) -> Result<Option<&str>, CommandFailure> {
        self.stored = read(&self.place, issues)?;
        if self.stored.is_none() {
            self.stored = read(&self.fallback, issues)?;
            self.is_aside = self.stored.is_some();
        }
        Ok(self.stored.as_deref())
    }

    fn put_aside(&mut self, error: ReadError, really: bool) -> Issue {
        self.stored = None;
        let place = if mem::take(&mut self.is_aside) { &self.fallback } else { &self.place };
        put_aside(place, error, really)
    }

    /// Writes the file if it differs from the one on disk. Some(error): it went to the fallback.
    fn write(&mut self, text: String) -> Result<Option<io::Error>, Issue> {
        let is_stored = self.stored.as_ref() == Some(&text);
        if is_stored && !self.is_aside {
            return Ok(None);
        }
        let Err(error) = write(&self.place, &text, Keep::Volatile) else {
            if mem::take(&mut self.is_aside) {
                let _ = file::remove(&self.fallback.path);
            }
            self.stored = Some(text);
            return Ok(None);
        };
        // Spares the flash: does not write the same text again.
        if !is_stored {
            let written = file::with_dir(&self.fallback.path, || write(&self.fallback, &text, Keep::Durable));
            written.map_err(|_| warning(&self.place, cannot_write(&error)))?;
            // Otherwise the next pass would read an outdated file there.
            let _ = file::remove(&self.place.path);
            (self.stored, self.is_aside) = (Some(text), true);
        }
        Ok(Some(error))
    }
}

fn records_stay_in_memory(place: &Location, error: &io::Error) -> Issue {
    warning(place, format!("cannot be written ({error}), so records are kept in memory until a reboot"))
}

/// What happens if no directory can be written for the note of an attempt.
pub(super) fn nothing_is_sent(issue: Issue) -> Issue {
    Issue { message: format!("{}, and nothing is sent: free some space", issue.message), ..issue }
}

fn cannot_write(error: &io::Error) -> String {
    format!("cannot be written: {error}")
}

fn warning(place: &Location, message: String) -> Issue {
    Issue { level: Level::Warning, file: place.name.clone(), line: None, message }
}

fn write(place: &Location, text: &str, keep: Keep) -> io::Result<()> {
    file::replace(&place.path, text.as_bytes(), 0o600, keep)
}

fn read(place: &Location, issues: &mut Vec<Issue>) -> Result<Option<String>, CommandFailure> {
    match file::read_own(&place.path, LIMIT) {
        // A file that is not text is damaged; the parser reports it.
        Ok(bytes) => Ok(Some(String::from_utf8(bytes).unwrap_or_default())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if file::is_shortage(&error) => {
            Err(CommandFailure::new(Exit::Retry, format!("{}: cannot be read: {error}", place.name)))
        }
        Err(error) => {
            issues.push(warning(place, format!("cannot be read ({error}): its content is unknown")));
            Ok(None)
        }
    }
}

/// Renames a file that cannot be read, because its owner may still need it.
fn put_aside(place: &Location, error: ReadError, really: bool) -> Issue {
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
                format!("{why}: set aside as {}.bad; its stops and waits are lost", place.name)
            }
            Err(error) => format!("{why}, and cannot be set aside: {error}"),
        },
    )
}
