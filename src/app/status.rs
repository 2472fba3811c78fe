//! `nicup status`: the last status as a table or as JSON. No network, no lock.

use super::format::{plain, span, table};
use super::{CommandFailure, Env, Exit, plan, report};
use crate::policy::code::State;
use crate::policy::status::{self, HostStatus, ServiceStatus, Status};
use crate::sys::file;
use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Bytes of a status file that are read.
const LIMIT: usize = 1 << 20;

/// Returns the text and the exit status.
///
/// # Errors
/// There is no status file, or it has another version.
pub(super) fn run(env: &mut Env<'_>, json: bool, only: &[String]) -> Result<(String, Exit), CommandFailure> {
    let main = plan::main_of(&env.config());
    let name = format!("{}/status.json", main.run_dir);
    let unreadable = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            format!(
                "no status: {name} is missing, so nicup has not run since the boot or could not write it: see logread -e nicup"
            )
        } else {
            format!("{name}: cannot be read: {error}")
        }
    };
    let bytes = file::read(&env.root.path(&name), LIMIT)
        .map_err(|error| CommandFailure::new(Exit::Retry, unreadable(error)))?;
    let text = String::from_utf8_lossy(&bytes);
    let Some(mut status) = status::read(&text) else {
        return Err(CommandFailure::new(
            Exit::Retry,
            format!("{name} is damaged or of another version: write it anew with nicup run"),
        ));
    };
    if json {
        return Ok((format!("{}\n", text.trim_end()), report::exit_of(&status)));
    }
    if let Some(unknown) = only.iter().find(|name| status.services.iter().all(|s| s.name != **name)) {
        return Err(CommandFailure::new(Exit::Usage, format!("no service '{unknown}' in {name}")));
    }
    status.services.retain(|service| only.is_empty() || only.contains(&service.name));
    let uptime = env.now().ceil().0;
    Ok((render(&status, uptime), report::exit_of(&status)))
}

fn render(status: &Status, uptime: u64) -> String {
    let mut text = String::new();
    for problem in &status.problems {
        let _ = writeln!(text, "{}", plain(&problem.to_string()));
    }
    let mut rows =
        vec![["HOSTNAME", "STATE", "REGISTERED", "WAN", "LAST ANSWER", "NEXT"].map(str::to_owned).to_vec()];
    let mut notes = Vec::new();
    for service in &status.services {
        for host in &service.hosts {
            rows.push(row(service, host, uptime));
            if let Some(message) = host.message.as_ref().filter(|_| host.state != State::Current) {
                notes.push(format!("{}: {}", host.hostname, plain(message)));
            }
        }
        if let Some(note) = service
            .address_note
            .as_ref()
            .filter(|_| !notes.iter().any(|n| n.ends_with(service.address_note.as_deref().unwrap_or(""))))
        {
            notes.push(format!("{}: {}", service.name, plain(note)));
        }
    }
    if rows.len() > 1 {
        text.push_str(&table(&rows));
    }
    for note in notes {
        text.push_str(&note);
        text.push('\n');
    }
    let age = span(uptime.saturating_sub(status.uptime));
    let _ = writeln!(text, "as of {age} ago, {}", plain(&status.program));
    text
}

fn row(service: &ServiceStatus, host: &HostStatus, uptime: u64) -> Vec<String> {
    let both = |v4: Option<Ipv4Addr>, v6: Option<Ipv6Addr>| match (v4, v6) {
        (None, None) => "-".to_owned(),
        (Some(v4), None) => v4.to_string(),
        (None, Some(v6)) => v6.to_string(),
        (Some(v4), Some(v6)) => format!("{v4} {v6}"),
    };
    let next = match host.next_attempt_uptime {
        Some(at) if at > uptime => format!("in {}", span(at - uptime)),
        Some(_) => "now".to_owned(),
        None => "-".to_owned(),
    };
    let cells = [
        host.hostname.clone(),
        host.state.to_string(),
        both(host.registered_ipv4, host.registered_ipv6),
        both(service.ipv4, service.ipv6),
        host.code.map_or_else(|| "-".to_owned(), |code| code.to_string()),
        next,
    ];
    cells.iter().map(|cell| plain(cell)).collect()
}
