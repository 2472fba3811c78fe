//! `nicup import`: the No-IP sections of ddns-scripts as a configuration of nicup. Writes no file.
//!
//! The text goes to standard output and contains passwords; the notes go to standard error and contain none.

use super::env::CONFIG_LIMIT;
use super::format::plain;
use super::{CommandFailure, Env, Exit};
use crate::policy::config::{Issue, Level};
use crate::policy::import;
use crate::sys::file;
use crate::wire::uci::{self, Package};

/// What is printed where.
pub(super) struct Printed {
    /// Contains passwords.
    pub(super) text: String,
    /// One line each.
    pub(super) notes: Vec<String>,
}

/// Reads ddns-scripts' configuration and converts it.
///
/// # Errors
/// The file does not exist, is not UCI text, or has no No-IP section.
pub(super) fn run(env: &Env<'_>) -> Result<Printed, CommandFailure> {
    let name = format!("{}/ddns", env.config_dir.trim_end_matches('/'));
    let nothing = |message: String| CommandFailure::new(Exit::Retry, format!("{name}: {message}"));
    let bytes = file::read(&env.root.path(&name), CONFIG_LIMIT).map_err(|error| {
        nothing(if error.kind() == std::io::ErrorKind::NotFound {
            "there is no such file: ddns-scripts has nothing to import here".to_owned()
        } else {
            format!("cannot be read: {error}")
        })
    })?;
    let package = uci::parse(&bytes).map_err(|error| {
        let message = format!("parse error: {}", error.reason.explain());
        let issue = Issue { level: Level::Error, file: name.clone(), line: Some(error.line), message };
        CommandFailure::new(Exit::Config, issue.to_string())
    })?;
    let directories = directories(env, &package);
    let imported = import::convert(&package, &directories)
        .ok_or_else(|| nothing(no_section(&import::names(&package))))?;

    let line = |note: import::Note| plain(&format!("{name}:{}: {}", note.line, note.message));
    let mut notes: Vec<String> = imported.notes.into_iter().map(line).collect();
    let plural = |count| if count == 1 { "" } else { "s" };
    notes.push(format!(
        "imported: {} section{} as {} service{}: disable them in ddns-scripts before nicup runs, \
         because two programs would overwrite each other",
        imported.sections,
        plural(imported.sections),
        imported.services,
        plural(imported.services)
    ));
    Ok(Printed { text: imported.text, notes })
}

/// The message for a file without a No-IP section: which services it has.
fn no_section(names: &[&str]) -> String {
    let looked = "no section of No-IP (service_name no-ip.com or noip.com, its script, or its URL)";
    match names {
        [] => format!("{looked}, and no other section"),
        _ => format!("{looked}: it has sections of {}", names.join(", ")),
    }
}

/// Which values of cacert are directories, because ddns-scripts also accepts a directory.
fn directories(env: &Env<'_>, package: &Package) -> Vec<String> {
    let options = package.sections.iter().filter_map(|section| section.option("cacert"));
    let paths = options.flat_map(|option| option.value.texts()).filter_map(|text| text.as_str());
    let absolute = paths.filter(|path| path.starts_with('/'));
    absolute.filter(|path| env.root.path(path).is_dir()).map(str::to_owned).collect()
}
