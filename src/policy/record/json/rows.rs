//! The rows of the files, field by field. Does not validate values.

use crate::policy::code::{Code, State};
use crate::policy::reason::SendReason;
use crate::wire::json::{Json, JsonReader, object};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Rows of a file. Each is converted to text at once, so that no list of all rows has to fit into memory.
#[derive(Default)]
pub(super) struct Rows<T> {
    pub(super) read: Vec<T>,
    written: String,
}

impl<T: Json> Rows<T> {
    pub(super) fn of(rows: impl Iterator<Item = T>) -> Rows<T> {
        let mut written = String::new();
        for row in rows {
            if !written.is_empty() {
                written.push(',');
            }
            row.write(&mut written);
        }
        Rows { read: Vec::new(), written }
    }
}

impl<T: Json + Default> Json for Rows<T> {
    fn write(&self, out: &mut String) {
        out.push('[');
        out.push_str(&self.written);
        out.push(']');
    }

    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
        self.read.read(input)
    }
}

#[derive(Default)]
pub(super) struct VersionOnly {
    pub(super) version: u64,
}
object!(VersionOnly { version });

#[derive(Default)]
pub(super) struct RecordsFile {
    pub(super) version: u64,
    pub(super) hosts: Rows<HostRow>,
    pub(super) accounts: Vec<AccountRow>,
    pub(super) servers: Vec<ServerRow>,
}
object!(RecordsFile { version, hosts, accounts, servers });

#[derive(Default)]
pub(super) struct HostRow {
    pub(super) server: String,
    pub(super) username: String,
    pub(super) hostname: String,
    pub(super) ipv4: Option<Ipv4Addr>,
    pub(super) ipv6: Option<Ipv6Addr>,
    pub(super) offline: bool,
    pub(super) code: Option<Code>,
    pub(super) at: Option<StampRow>,
    pub(super) stop: Option<StopRow>,
}
object!(HostRow { server, username, hostname, ipv4, ipv6, offline, code, at, stop });

#[derive(Default)]
pub(super) struct StampRow {
    pub(super) wall: Option<i64>,
    pub(super) boot: u64,
    pub(super) boot_id: String,
}
object!(StampRow { wall, boot, boot_id });

#[derive(Default)]
pub(super) struct StopRow {
    pub(super) code: Code,
    pub(super) detail: String,
    pub(super) settings: u32,
    pub(super) at: StampRow,
}
object!(StopRow { code, detail, settings, at });

#[derive(Default)]
pub(super) struct AccountRow {
    pub(super) server: String,
    pub(super) username: String,
    pub(super) stop: StopRow,
}
object!(AccountRow { server, username, stop });

#[derive(Default)]
pub(super) struct ServerRow {
    pub(super) server: String,
    pub(super) stop: Option<StopRow>,
    pub(super) wait: Option<WaitRow>,
}
object!(ServerRow { server, stop, wait });

#[derive(Default)]
pub(super) struct WaitRow {
    pub(super) code: Code,
    pub(super) detail: String,
    pub(super) failures: u32,
    pub(super) seconds: u64,
    pub(super) from: StampRow,
}
object!(WaitRow { code, detail, failures, seconds, from });

#[derive(Default)]
pub(super) struct StateFile {
    pub(super) version: u64,
    pub(super) boot_id: String,
    pub(super) problems: u32,
    pub(super) log_since: Option<u64>,
    pub(super) log_lines: Option<u32>,
    pub(super) attempts: Option<u64>,
    pub(super) hosts: Rows<StateRow>,
    pub(super) sources: Vec<SourceRow>,
    pub(super) events: Vec<EventRow>,
    pub(super) devices: Vec<String>,
    pub(super) disconnected: Vec<String>,
}
object!(StateFile {
    version,
    boot_id,
    problems,
    log_since,
    log_lines,
    attempts,
    hosts,
    sources,
    events,
    devices,
    disconnected
});

#[derive(Default)]
pub(super) struct SourceRow {
    pub(super) source: String,
    pub(super) at: u64,
    pub(super) addresses: Vec<String>,
    pub(super) problem: Option<String>,
    pub(super) failures: u32,
    pub(super) again: bool,
}
object!(SourceRow { source, at, addresses, problem, failures, again });

#[derive(Default)]
pub(super) struct StateRow {
    pub(super) server: String,
    pub(super) username: String,
    pub(super) hostname: String,
    pub(super) unsettled: bool,
    pub(super) attempt: Option<u64>,
    pub(super) forced: Option<u64>,
    pub(super) changes: Vec<u64>,
    pub(super) storming: bool,
    pub(super) retry: Option<RetryRow>,
    pub(super) transport: Option<String>,
    pub(super) state: Option<State>,
    pub(super) code: Option<Code>,
    pub(super) since: u64,
    pub(super) shown_ipv4: Option<Ipv4Addr>,
    pub(super) shown_ipv6: Option<Ipv6Addr>,
}
object!(StateRow {
    server,
    username,
    hostname,
    unsettled,
    attempt,
    forced,
    changes,
    storming,
    retry,
    transport,
    state,
    code,
    since,
    shown_ipv4,
    shown_ipv6
});

#[derive(Default)]
pub(super) struct AttemptsFile {
    pub(super) version: u64,
    pub(super) boot_id: String,
    pub(super) attempts: Vec<AttemptRow>,
}
object!(AttemptsFile { version, boot_id, attempts });

#[derive(Default)]
pub(super) struct AttemptRow {
    pub(super) server: String,
    pub(super) username: String,
    pub(super) number: u64,
    pub(super) at: u64,
    pub(super) ipv4: Option<Ipv4Addr>,
    pub(super) ipv6: Option<Ipv6Addr>,
    pub(super) hosts: Vec<DueRow>,
}
object!(AttemptRow { server, username, number, at, ipv4, ipv6, hosts });

#[derive(Default)]
pub(super) struct DueRow {
    pub(super) hostname: String,
    pub(super) reason: SendReason,
}
object!(DueRow { hostname, reason });

#[derive(Default)]
pub(super) struct RetryRow {
    pub(super) code: Code,
    pub(super) detail: String,
    pub(super) failures: u32,
    pub(super) last: u64,
    pub(super) until: u64,
    pub(super) settings: u32,
    pub(super) ipv4: Option<Ipv4Addr>,
    pub(super) ipv6: Option<Ipv6Addr>,
    pub(super) clock: i64,
}
object!(RetryRow { code, detail, failures, last, until, settings, ipv4, ipv6, clock });

#[derive(Default)]
pub(super) struct EventRow {
    pub(super) at: u64,
    pub(super) service: String,
    pub(super) hostname: String,
    pub(super) code: Code,
    pub(super) ipv4: Option<Ipv4Addr>,
    pub(super) ipv6: Option<Ipv6Addr>,
}
object!(EventRow { at, service, hostname, code, ipv4, ipv6 });
