//! status.json, version 1 (docs/reference.md#statusjson): its shape, and how it stays below LuCI's limit.
//!
//! Does not read files. No pass reads it; `nicup status` and LuCI do.

use super::code::{Code, State};
use super::config::{Issue, Level, Mode};
use super::wording::identify;
use crate::wire::json::{self, Sparse, object};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// LuCI reads less than 256 KiB. Above this, the messages of current hosts are left out, then events, then all messages, and
/// in the end hosts: current ones first.
pub const SIZE_LIMIT: usize = 240 * 1024;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Status {
    /// 1
    pub version: u32,
    /// `nicup 0.1.0`
    pub program: String,
    /// Unix seconds; null while the clock is not set.
    pub time: Option<i64>,
    /// Seconds since boot.
    pub uptime: u64,
    /// Resident or started by hotplug.
    pub mode: Mode,
    /// What is wrong with files.
    pub problems: Vec<Problem>,
    /// In the configuration's order.
    pub services: Vec<ServiceStatus>,
    /// Newest first.
    pub events: Vec<EventStatus>,
}
object!(Status { version, program, time, uptime, mode, problems, services, events });

/// Something wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Problem {
    /// How much it matters.
    pub level: Level,
    /// The file.
    pub file: String,
    /// Its line; null for the file as a whole.
    pub line: Option<u32>,
    /// What is wrong, and what to do.
    pub message: String,
    /// The identifier of the message's template; left out if it has none.
    pub message_id: Sparse<Option<String>>,
    /// The values in it; left out if there is none.
    pub message_values: Sparse<Vec<String>>,
}
object!(Problem { level, file, line, message, message_id, message_values });

impl From<Issue> for Problem {
    fn from(issue: Issue) -> Problem {
        let Issue { level, file, line, message } = issue;
        Problem { level, file, line, message, ..Problem::default() }
    }
}

/// As [`Issue`]'s.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, line) = (self.level, self.line);
        Issue { level, file: self.file.clone(), line, message: self.message.clone() }.fmt(f)
    }
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ServiceStatus {
    /// The section's name.
    pub name: String,
    /// `option enabled`, its own and that of section `nicup`.
    pub enabled: bool,
    /// Server name.
    pub server: String,
    /// `https:443`, or the transport after a fallback.
    pub transport: String,
    /// Logical interface, null with `option device`.
    pub interface: Option<String>,
    /// Linux device, null if none was found.
    pub device: Option<String>,
    /// The WAN's address now.
    pub ipv4: Option<Ipv4Addr>,
    /// The WAN's address now.
    pub ipv6: Option<Ipv6Addr>,
    /// A note about the addresses; null if there is none.
    pub address_note: Option<String>,
    /// The identifier of the note's template.
    pub address_note_id: Sparse<Option<String>>,
    /// The values in it; left out if there is none.
    pub address_note_values: Sparse<Vec<String>>,
    /// Its hosts.
    pub hosts: Vec<HostStatus>,
}
object!(ServiceStatus {
    name,
    enabled,
    server,
    transport,
    interface,
    device,
    ipv4,
    ipv6,
    address_note,
    address_note_id,
    address_note_values,
    hosts
});

/// One hostname.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HostStatus {
    /// Its name.
    pub hostname: String,
    /// Its state.
    pub state: State,
    /// The address that the server last accepted.
    pub registered_ipv4: Option<Ipv4Addr>,
    /// The address that the server last accepted.
    pub registered_ipv6: Option<Ipv6Addr>,
    /// The code of what happened last.
    pub code: Option<Code>,
    /// The same for a person, with what to do; null if it was left out of a large file.
    pub message: Option<String>,
    /// The identifier of the message's template.
    pub message_id: Sparse<Option<String>>,
    /// The values in it; left out if there is none.
    pub message_values: Sparse<Vec<String>>,
    /// Unix seconds.
    pub last_attempt: Option<i64>,
    /// Unix seconds.
    pub last_success: Option<i64>,
    /// Unix seconds since when the state and code are what they are.
    pub changed: Option<i64>,
    /// Unix seconds.
    pub next_attempt: Option<i64>,
    /// Seconds since boot.
    pub next_attempt_uptime: Option<u64>,
    /// Failures in a row.
    pub failures: u32,
}
object!(HostStatus {
    hostname,
    state,
    registered_ipv4,
    registered_ipv6,
    code,
    message,
    message_id,
    message_values,
    last_attempt,
    last_success,
    changed,
    next_attempt,
    next_attempt_uptime,
    failures
});

/// One entry of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EventStatus {
    /// Unix seconds.
    pub time: Option<i64>,
    /// Seconds since boot.
    pub uptime: u64,
    /// The section's name.
    pub service: String,
    /// The hostname.
    pub hostname: String,
    /// What happened.
    pub code: Code,
    /// The address.
    pub ipv4: Option<Ipv4Addr>,
    /// The address.
    pub ipv6: Option<Ipv6Addr>,
}
object!(EventStatus { time, uptime, service, hostname, code, ipv4, ipv6 });

/// The file's text, on one line; shortened if LuCI could not read it otherwise.
#[must_use]
pub fn write(status: &Status) -> String {
    let text = json::to_text(status);
    if text.len() <= SIZE_LIMIT {
        return text;
    }
    let mut status = status.clone();
    for host in status.services.iter_mut().flat_map(|service| &mut service.hosts) {
        if host.state == State::Current {
            host.leave_message_out();
        }
    }
    let text = json::to_text(&status);
    if text.len() <= SIZE_LIMIT {
        return text;
    }
    status.events.clear();
    let text = json::to_text(&status);
    if text.len() <= SIZE_LIMIT {
        return text;
    }
    for host in status.services.iter_mut().flat_map(|service| &mut service.hosts) {
        host.leave_message_out();
    }
    let whole = status.clone();
    status.say_left_out("all messages of hosts are left out");
    let text = json::to_text(&status);
    if text.len() <= SIZE_LIMIT { text } else { without_hosts(whole) }
}

/// As many hosts as there is room for, in their order.
fn without_hosts(mut status: Status) -> String {
    let mut hosts: Vec<Vec<HostStatus>> =
        status.services.iter_mut().map(|service| std::mem::take(&mut service.hosts)).collect();
    let all: usize = hosts.iter().map(Vec::len).sum();
    status.say_left_out(&format!("{all} hosts and all messages are left out"));
    let mut text = json::to_text(&status);
    while text.len() > SIZE_LIMIT && status.services.pop().is_some() {
        text = json::to_text(&status);
    }
    let mut room = SIZE_LIMIT.saturating_sub(text.len());
    hosts.truncate(status.services.len());
    let mut kept: Vec<Vec<bool>> = hosts.iter().map(|hosts| vec![false; hosts.len()]).collect();
    for current in [false, true] {
        for (host, kept) in hosts.iter().flatten().zip(kept.iter_mut().flatten()) {
            let length = json::to_text(host).len() + 1; // and a comma
            if (host.state == State::Current) == current && length <= room {
                room -= length;
                *kept = true;
            }
        }
    }
    let mut left = all;
    for ((service, hosts), kept) in status.services.iter_mut().zip(hosts).zip(kept) {
        service.hosts = hosts.into_iter().zip(kept).filter_map(|(host, kept)| kept.then_some(host)).collect();
        left -= service.hosts.len();
    }
    status.problems.pop();
    status.say_left_out(&format!("{left} hosts and all messages are left out"));
    json::to_text(&status)
}

/// The fields beside a sentence.
fn wording(sentence: Option<&str>) -> (Sparse<Option<String>>, Sparse<Vec<String>>) {
    let (id, values) = identify(sentence);
    (Sparse(id), Sparse(values))
}

impl HostStatus {
    fn leave_message_out(&mut self) {
        self.message = None;
        (self.message_id, self.message_values) = wording(None);
    }
}

impl Status {
    /// Gives each sentence the identifier of its template, and the values in it.
    pub fn identify(&mut self) {
        for problem in &mut self.problems {
            (problem.message_id, problem.message_values) = wording(Some(&problem.message));
        }
        // Most hosts have the same message as the host before.
        let mut last = (None, wording(None));
        for service in &mut self.services {
            let note = service.address_note.as_deref();
            (service.address_note_id, service.address_note_values) = wording(note);
            for host in &mut service.hosts {
                if last.0 != host.message {
                    last = (host.message.clone(), wording(host.message.as_deref()));
                }
                (host.message_id, host.message_values) = last.1.clone();
            }
        }
    }

    fn say_left_out(&mut self, what: &str) {
        let message =
            format!("{what}, because LuCI reads less than 256 KiB: put fewer hostnames on this router");
        let (level, file) = (Level::Warning, "status.json".to_owned());
        let (message_id, message_values) = wording(Some(&message));
        self.problems.push(Problem { level, file, line: None, message, message_id, message_values });
    }
}

/// Reads a status file. None: damaged, or of another version.
#[must_use]
pub fn read(text: &str) -> Option<Status> {
    json::from_text(text).filter(|status: &Status| status.version == 1)
}

#[cfg(test)]
mod tests;
