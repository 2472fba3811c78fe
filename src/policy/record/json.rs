//! records.json and state.json, the [`Records`] as text and back; and attempts.json.
//!
//! A file is read completely or not at all: an impossible value makes the file invalid, and the caller sets it
//! aside. Times are seconds; a stamp is wall time (null while the clock was not set), boot time and boot.

mod rows;

use super::{
    Account, Attempt, Host, HostEvent, LastReported, Ordered, Records, Registered, Retry, Server,
    SourceResult, Stop,
};
use super::{EVENT_LIMIT, RETRY_AFTER_LIMIT, RETRY_LIMIT};
use crate::policy::log_limit::LogLimit;
use crate::policy::time::{Now, Timestamp, Uptime, Wait};
use crate::wire::json::{self, Json};
use rows::{
    AccountRow, AttemptRow, AttemptsFile, DueRow, EventRow, HostRow, RecordsFile, RetryRow, Rows, ServerRow,
    SourceRow, StampRow, StateFile, StateRow, StopRow, VersionOnly, WaitRow,
};
use std::net::IpAddr;

/// The version of all three files.
const VERSION: u64 = 1;

/// Why a file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Not JSON, or not in this program's format.
    Garbage,
    /// Written by a later version of this program.
    Newer(u64),
}

impl ReadError {
    /// For a person.
    #[must_use]
    pub fn explain(self) -> String {
        match self {
            ReadError::Garbage => "is damaged".to_owned(),
            ReadError::Newer(version) => {
                format!("is of a newer nicup (format {version}, this one reads {VERSION})")
            }
        }
    }
}

/// The part that survives a reboot.
#[must_use]
pub fn write_records(records: &Records) -> String {
    let worth_keeping = |host: &&Host| host.registered != Registered::default() || host.stop.is_some();
    let hosts = records.hosts.iter().filter(worth_keeping).map(records_row);
    let accounts = records.accounts.iter().map(|account| AccountRow {
        server: account.server.clone(),
        username: account.username.clone(),
        stop: stop_row(&account.stop),
    });
    let servers =
        records.servers.iter().filter(|s| s.stop.is_some() || s.wait.is_some()).map(|server| ServerRow {
            server: server.name.clone(),
            stop: server.stop.as_ref().map(stop_row),
            wait: server.wait.as_ref().map(|ordered| WaitRow {
                code: ordered.code,
                detail: ordered.detail.clone(),
                failures: ordered.failures,
                seconds: ordered.wait.length,
                from: stamp_row(&ordered.wait.from),
            }),
        });
    json::to_text(&RecordsFile {
        version: VERSION,
        hosts: Rows::of(hosts),
        accounts: accounts.collect(),
        servers: servers.collect(),
    })
}

/// Parses the text of [`write_records`].
///
/// # Errors
/// The text is invalid, or of a later version.
pub fn read_records(text: &str) -> Result<Records, ReadError> {
    let file: RecordsFile = read(text)?;
    let mut records = Records::default();
    for row in file.hosts.read {
        let host = records.host(&row.server, &row.username, &row.hostname);
        let accepted = match (row.code, row.at) {
            (Some(code), Some(at)) => Some((code, stamp(at))),
            _ => None,
        };
        host.registered = Registered { ipv4: row.ipv4, ipv6: row.ipv6, offline: row.offline, accepted };
        host.stop = row.stop.map(stop);
    }
    for row in file.accounts {
        records.accounts.push(Account { server: row.server, username: row.username, stop: stop(row.stop) });
    }
    for row in file.servers {
        let wait = match row.wait {
            None => None,
            Some(wait) => Some(Ordered {
                code: wait.code,
                detail: wait.detail,
                failures: wait.failures,
                wait: Wait { from: stamp(wait.from), length: wait.seconds.min(RETRY_AFTER_LIMIT) },
            }),
        };
        records.servers.push(Server { name: row.server, stop: row.stop.map(stop), wait });
    }
    Ok(records)
}

/// The part that lives as long as this boot.
#[must_use]
pub fn write_state(records: &Records, now: &Now) -> String {
    let sources = records.sources.iter().map(|result| SourceRow {
        source: result.source.clone(),
        at: result.at.0,
        addresses: result.found.iter().flatten().map(ToString::to_string).collect(),
        problem: result.found.as_ref().err().cloned(),
        failures: result.failures,
        again: result.again,
    });
    let events = records.events.iter().map(|event| EventRow {
        at: event.at.0,
        service: event.service.clone(),
        hostname: event.hostname.clone(),
        code: event.code,
        ipv4: event.ipv4,
        ipv6: event.ipv6,
    });
    json::to_text(&StateFile {
        version: VERSION,
        boot_id: now.boot_id.clone(),
        problems: records.problems,
        log_since: Some(records.log_limit.since.0),
        log_lines: Some(records.log_limit.lines),
        attempts: Some(records.attempts),
        hosts: Rows::of(records.hosts.iter().map(state_row)),
        sources: sources.collect(),
        events: events.collect(),
        devices: records.devices.clone(),
        disconnected: records.disconnected.clone(),
    })
}

/// Adds the text of [`write_state`] to the records. Ignores the state of an earlier boot.
///
/// # Errors
/// The text is invalid, or of a later version.
pub fn read_state(text: &str, now: &Now, mut records: Records) -> Result<Records, ReadError> {
    let file: StateFile = read(text)?;
    if file.boot_id != now.boot_id {
        return Ok(records);
    }
    let past = |at| past(at, now);
    (records.problems, records.attempts) = (file.problems, file.attempts.unwrap_or(0));
    (records.devices, records.disconnected) = (file.devices, file.disconnected);
    records.log_limit =
        LogLimit { since: file.log_since.map_or(Uptime(0), past), lines: file.log_lines.unwrap_or(0) };
    for row in file.hosts.read {
        let host = records.host(&row.server, &row.username, &row.hostname);
        host.is_unconfirmed = row.unsettled;
        host.attempt = row.attempt.map(past);
        host.forced = row.forced.map(past);
        host.changes = row.changes.into_iter().map(past).collect();
        host.is_rate_limited = row.storming;
        host.retry = row.retry.map(|row| retry(row, past));
        host.transport = row.transport;
        let (code, ipv4, ipv6) = (row.code, row.shown_ipv4, row.shown_ipv6);
        host.shown = row.state.map(|state| LastReported { state, code, since: past(row.since), ipv4, ipv6 });
    }
    for row in file.sources {
        let addresses: Result<Vec<IpAddr>, _> = row.addresses.iter().map(|text| text.parse()).collect();
        let addresses = addresses.map_err(|_| ReadError::Garbage)?;
        let found = row.problem.map_or(Ok(addresses), Err);
        let SourceRow { source, failures, again, .. } = row;
        records.set_source_result(SourceResult { source, at: past(row.at), found, failures, again });
    }
    for row in file.events.into_iter().take(EVENT_LIMIT) {
        let (at, code, ipv4, ipv6) = (past(row.at), row.code, row.ipv4, row.ipv6);
        records.events.push(HostEvent { at, service: row.service, hostname: row.hostname, code, ipv4, ipv6 });
    }
    Ok(records)
}

/// The requests that a pass has begun.
#[must_use]
pub fn write_attempts(attempts: &[Attempt], now: &Now) -> String {
    let attempts = attempts.iter().map(|attempt| AttemptRow {
        server: attempt.server.clone(),
        username: attempt.username.clone(),
        number: attempt.number,
        at: attempt.at.0,
        ipv4: attempt.ipv4,
        ipv6: attempt.ipv6,
        hosts: attempt
            .hosts
            .iter()
            .map(|(hostname, reason)| DueRow { hostname: hostname.clone(), reason: *reason })
            .collect(),
    });
    json::to_text(&AttemptsFile {
        version: VERSION,
        boot_id: now.boot_id.clone(),
        attempts: attempts.collect(),
    })
}

/// Parses the text of [`write_attempts`]. Ignores attempts of an earlier boot.
///
/// # Errors
/// The text is invalid, or of a later version.
pub fn read_attempts(text: &str, now: &Now) -> Result<Vec<Attempt>, ReadError> {
    let file: AttemptsFile = read(text)?;
    if file.boot_id != now.boot_id {
        return Ok(Vec::new());
    }
    let attempts = file.attempts.into_iter().map(|row| Attempt {
        server: row.server,
        username: row.username,
        number: row.number,
        at: past(row.at, now),
        hosts: row.hosts.into_iter().map(|due| (due.hostname, due.reason)).collect(),
        ipv4: row.ipv4,
        ipv6: row.ipv6,
    });
    Ok(attempts.collect())
}

/// Limits a past time to now: a later one could become a wait that never ends.
fn past(at: u64, now: &Now) -> Uptime {
    Uptime(at).min(now.ceil())
}

/// Most files have this version, so this reads the version only after parsing failed.
fn read<T: Json + Default + Versioned>(text: &str) -> Result<T, ReadError> {
    match json::from_text::<T>(text) {
        Some(file) if file.version() == VERSION => Ok(file),
        _ => match json::from_text(text) {
            Some(VersionOnly { version }) if version > VERSION => Err(ReadError::Newer(version)),
            Some(_) | None => Err(ReadError::Garbage),
        },
    }
}

trait Versioned {
    fn version(&self) -> u64;
}

impl Versioned for RecordsFile {
    fn version(&self) -> u64 {
        self.version
    }
}

impl Versioned for StateFile {
    fn version(&self) -> u64 {
        self.version
    }
}

impl Versioned for AttemptsFile {
    fn version(&self) -> u64 {
        self.version
    }
}

fn records_row(host: &Host) -> HostRow {
    HostRow {
        server: host.key.server.clone(),
        username: host.key.username.clone(),
        hostname: host.key.hostname.clone(),
        ipv4: host.registered.ipv4,
        ipv6: host.registered.ipv6,
        offline: host.registered.offline,
        code: host.registered.accepted.as_ref().map(|(code, _)| *code),
        at: host.registered.accepted.as_ref().map(|(_, at)| stamp_row(at)),
        stop: host.stop.as_ref().map(stop_row),
    }
}

fn state_row(host: &Host) -> StateRow {
    StateRow {
        server: host.key.server.clone(),
        username: host.key.username.clone(),
        hostname: host.key.hostname.clone(),
        unsettled: host.is_unconfirmed,
        attempt: host.attempt.map(|at| at.0),
        forced: host.forced.map(|at| at.0),
        changes: host.changes.iter().map(|at| at.0).collect(),
        storming: host.is_rate_limited,
        retry: host.retry.as_ref().map(|retry| RetryRow {
            code: retry.code,
            detail: retry.detail.clone(),
            failures: retry.failures,
            last: retry.last.0,
            until: retry.until.0,
            settings: retry.print,
            ipv4: retry.ipv4,
            ipv6: retry.ipv6,
            clock: retry.clock,
        }),
        transport: host.transport.clone(),
        state: host.shown.as_ref().map(|shown| shown.state),
        code: host.shown.as_ref().and_then(|shown| shown.code),
        since: host.shown.as_ref().map_or(0, |shown| shown.since.0),
        shown_ipv4: host.shown.as_ref().and_then(|shown| shown.ipv4),
        shown_ipv6: host.shown.as_ref().and_then(|shown| shown.ipv6),
    }
}

fn stamp_row(stamp: &Timestamp) -> StampRow {
    StampRow { wall: stamp.wall, boot: stamp.boot.0, boot_id: stamp.boot_id.clone() }
}

fn stamp(row: StampRow) -> Timestamp {
    Timestamp { wall: row.wall, boot: Uptime(row.boot), boot_id: row.boot_id }
}

fn stop_row(stop: &Stop) -> StopRow {
    StopRow { code: stop.code, detail: stop.detail.clone(), settings: stop.print, at: stamp_row(&stop.at) }
}

fn stop(row: StopRow) -> Stop {
    Stop { code: row.code, detail: row.detail, print: row.settings, at: stamp(row.at) }
}

fn retry(row: RetryRow, past: impl Fn(u64) -> Uptime) -> Retry {
    let last = past(row.last);
    Retry {
        code: row.code,
        detail: row.detail,
        failures: row.failures,
        last,
        until: Uptime(row.until).min(last.plus(RETRY_LIMIT)),
        print: row.settings,
        ipv4: row.ipv4,
        ipv6: row.ipv6,
        clock: row.clock,
    }
}

#[cfg(test)]
mod tests;
