//! Merges sections of the same host: an IPv4 and an IPv6 section become one service, and others must not overwrite each
//! other.
//!
//! Every other section becomes one service.

use super::Note;
use super::service_draft::{Draft, DraftAddress, DraftUplink};
use crate::policy::config::{Family, Source};

/// The services in the order of their first sections.
pub(super) fn join(drafts: Vec<Draft>, notes: &mut Vec<Note>) -> Vec<Draft> {
    let mut joined: Vec<Draft> = Vec::new();
    for draft in drafts {
        let partner =
            joined.iter_mut().find_map(|other| pair(other, &draft).map(|together| (other, together)));
        match partner {
            Some((other, together)) => take_in(other, &draft, together, notes),
            None => joined.push(draft),
        }
    }
    disable_shared_hostnames(&mut joined, notes);
    rename(&mut joined, notes);
    joined
}

/// The address settings of the merged service; None if the two cannot be merged.
fn pair(first: &Draft, second: &Draft) -> Option<DraftAddress> {
    let (v4, v6) = match (first.family, second.family) {
        (Family::Ipv4, Family::Ipv6) => (first, second),
        (Family::Ipv6, Family::Ipv4) => (second, first),
        _ => return None,
    };
    let mut names = (first.hostnames.clone(), second.hostnames.clone());
    names.0.sort_unstable();
    names.1.sort_unstable();
    let same = !names.0.is_empty()
        && names.0 == names.1
        && first.login.username.is_some()
        && first.login == second.login
        && first.enabled == second.enabled;
    if !same {
        return None;
    }
    let source = match (&v4.address.source, &v6.address.source) {
        (Source::Interface, Source::Interface) => Source::Interface,
        (Source::Web { url, .. }, Source::Web { url6, .. }) => {
            Source::Web { url: url.clone(), url6: url6.clone() }
        }
        (Source::Script(one), Source::Script(other)) if one == other => Source::Script(one.clone()),
        _ => return None,
    };
    let uplink = match (&v4.address.uplink, &v6.address.uplink) {
        (one, other) if one == other => one.clone(),
        // a device applies to both families, unless there is an interface6
        (_, DraftUplink { device: Some(_), .. }) => return None,
        (one, other) => DraftUplink { interface6: other.interface.clone(), ..one.clone() },
    };
    Some(DraftAddress { uplink, source })
}

fn take_in(first: &mut Draft, second: &Draft, together: DraftAddress, notes: &mut Vec<Note>) {
    let differences = first.settings.differences(&second.settings);
    let mut message = format!(
        "{}: joined with {} into one service for {}, family both",
        second.name,
        first.name,
        first.hostnames.join(" ")
    );
    if !differences.is_empty() {
        message.push_str(&format!(
            "; nicup uses the values of {} for: {}",
            first.name,
            differences.join(", ")
        ));
    }
    notes.push(Note { line: second.line, message });
    first.family = Family::Both;
    first.address = together;
}

/// nicup rejects a hostname in two enabled services, because they would overwrite each other's address.
fn disable_shared_hostnames(drafts: &mut [Draft], notes: &mut Vec<Note>) {
    for at in 1..drafts.len() {
        let (before, rest) = drafts.split_at_mut(at);
        let Some(draft) = rest.first_mut().filter(|draft| draft.enabled) else { continue };
        let shares = |other: &&Draft| {
            other.enabled && other.hostnames.iter().any(|name| draft.hostnames.contains(name))
        };
        if let Some(other) = before.iter().find(shares) {
            let message = format!(
                "{}: disabled, because {} has the same hostname: \
                 for a second WAN, add its interface to the list of the first one",
                draft.name, other.name
            );
            notes.push(Note { line: draft.line, message });
            draft.enabled = false;
        }
    }
}

/// `main` is the name of nicup's own section, and libuci can give an unnamed section a name that is taken.
fn rename(drafts: &mut [Draft], notes: &mut Vec<Note>) {
    let mut taken: Vec<String> = vec![super::write::MAIN.to_owned()];
    let all: Vec<String> = drafts.iter().map(|draft| draft.name.clone()).collect();
    for draft in drafts {
        if taken.contains(&draft.name) {
            let free = |name: &String| !taken.contains(name) && !all.contains(name);
            let new = (2..).map(|number: u32| format!("{}_{number}", draft.name)).find(free);
            let new = new.unwrap_or_default();
            let message = format!("{}: renamed to {new}, because another service has this name", draft.name);
            notes.push(Note { line: draft.line, message });
            draft.name = new;
        }
        taken.push(draft.name.clone());
    }
}
