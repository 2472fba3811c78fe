//! The No-IP sections of ddns-scripts' configuration as one of nicup.
//!
//! Does not read or write files. nicup's defaults apply to missing options. Each option that cannot be converted gets a
//! [`Note`]. The text contains passwords. The notes contain no values except names of sections, interfaces and hosts.
//!
//! What the options mean: ddns-scripts 2.8.3 (dynamic_dns_updater.sh, dynamic_dns_functions.sh, update_no-ip_com.sh
//! and the sample configuration), the old names of 2.0 and luci-app-ddns, which writes them.

mod intervals;
mod join;
mod options;
mod provider;
mod section;
mod service_draft;
mod unsupported;
mod uplink;
mod write;

use crate::wire::uci::{Package, Section};
use options::SectionOptions;
use provider::is_no_ip;
use unsupported::flag;

/// A note about an option or a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Line in ddns-scripts' file.
    pub line: u32,
    /// For a person. No secret in it.
    pub message: String,
}

/// The result of the conversion.
pub struct Imported {
    /// An `/etc/config/nicup`, passwords included.
    pub text: String,
    /// In the order of the lines.
    pub notes: Vec<Note>,
    /// How many sections of ddns-scripts are in it.
    pub sections: usize,
    /// How many services they became.
    pub services: usize,
}

/// Converts `package`; None if there is no section of No-IP in it. `directories`: which of the paths in it are
/// directories, as far as the caller knows.
#[must_use]
pub fn convert(package: &Package, directories: &[String]) -> Option<Imported> {
    let mut notes = Vec::new();
    let allow_private = global(package, &mut notes);
    let (mut drafts, mut sources) = (Vec::new(), Vec::new());
    for section in package.sections.iter().filter(|section| section.kind == "service") {
        if is_no_ip(section) {
            sources.push(section.name.as_str());
            drafts.push(section::read(section, allow_private, directories, &mut notes));
        } else {
            let message = format!("{}: is not for No-IP and stays with ddns-scripts", section.name);
            notes.push(Note { line: section.line, message });
        }
    }
    let sections = drafts.len();
    if sections == 0 {
        return None;
    }
    let drafts = join::join(drafts, &mut notes);
    notes.sort_by_key(|note| note.line);
    notes.iter_mut().for_each(|note| shorten(&mut note.message));
    Some(Imported { text: write::text(&drafts, &sources), notes, sections, services: drafts.len() })
}

/// The service names of the sections, each once; for a section without one, the section's name.
#[must_use]
pub fn names(package: &Package) -> Vec<&str> {
    let mut names = Vec::new();
    for section in package.sections.iter().filter(|section| section.kind == "service") {
        let named = section.option("service_name").and_then(|option| option.value.texts().first()?.as_str());
        let name = named.filter(|name| !matches!(*name, "-" | "custom")).unwrap_or(&section.name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The largest size of a note in bytes, because names in it may be as long as their file.
const NOTE_LIMIT: usize = 600;

fn shorten(message: &mut String) {
    if message.len() > NOTE_LIMIT {
        let end = (0..=NOTE_LIMIT).rev().find(|at| message.is_char_boundary(*at));
        message.truncate(end.unwrap_or_default());
        message.push_str("...");
    }
}

/// Section `global`: whether private addresses may be sent, and notes on the rest.
fn global(package: &Package, notes: &mut Vec<Note>) -> bool {
    let is_global = |section: &&Section| section.name == "global" && section.kind == "ddns";
    let Some(section) = package.sections.iter().find(is_global) else { return false };
    let mut options = SectionOptions::new(section, notes);
    let new = options.take("upd_privateip");
    let old = options.take("allow_local_ip");
    options.finish();
    new.or(old).is_some_and(|given| flag(&given.text))
}

#[cfg(test)]
mod tests;
