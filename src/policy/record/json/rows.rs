//! The two files' rows, field by field as they stand in them. Does not judge a value.

use miniserde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub(super) struct VersionOnly {
    pub(super) version: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RecordsFile {
    pub(super) version: u64,
    pub(super) hosts: Vec<HostRow>,
    pub(super) accounts: Vec<AccountRow>,
    pub(super) servers: Vec<ServerRow>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct HostRow {
    pub(super) server: String,
    pub(super) username: String,
    pub(super) hostname: String,
    pub(super) ipv4: Option<String>,
    pub(super) ipv6: Option<String>,
    pub(super) offline: bool,
    pub(super) code: Option<String>,
    pub(super) at: Option<StampRow>,
    pub(super) stop: Option<StopRow>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StampRow {
    pub(super) wall: Option<i64>,
    pub(super) boot: u64,
    pub(super) boot_id: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StopRow {
    pub(super) code: String,
    pub(super) detail: String,
    pub(super) settings: u32,
    pub(super) at: StampRow,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AccountRow {
    pub(super) server: String,
    pub(super) username: String,
    pub(super) stop: StopRow,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ServerRow {
    pub(super) server: String,
    pub(super) stop: Option<StopRow>,
    pub(super) wait: Option<WaitRow>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WaitRow {
    pub(super) code: String,
    pub(super) failures: u32,
    pub(super) seconds: u64,
    pub(super) from: StampRow,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StateFile {
    pub(super) version: u64,
    pub(super) boot_id: String,
    pub(super) problems: u32,
    pub(super) hosts: Vec<StateRow>,
    pub(super) sources: Vec<SourceRow>,
    pub(super) events: Vec<EventRow>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SourceRow {
    pub(super) source: String,
    pub(super) at: u64,
    pub(super) addresses: Vec<String>,
    pub(super) problem: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StateRow {
    pub(super) server: String,
    pub(super) username: String,
    pub(super) hostname: String,
    pub(super) open: Option<u64>,
    pub(super) sent: Option<SentRow>,
    pub(super) unsettled: bool,
    pub(super) attempt: Option<u64>,
    pub(super) forced: Option<u64>,
    pub(super) changes: Vec<u64>,
    pub(super) storming: bool,
    pub(super) retry: Option<RetryRow>,
    pub(super) transport: Option<String>,
    pub(super) state: Option<String>,
    pub(super) code: Option<String>,
    pub(super) since: u64,
    pub(super) shown_ipv4: Option<String>,
    pub(super) shown_ipv6: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SentRow {
    pub(super) because: String,
    pub(super) ipv4: Option<String>,
    pub(super) ipv6: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RetryRow {
    pub(super) code: String,
    pub(super) detail: String,
    pub(super) failures: u32,
    pub(super) last: u64,
    pub(super) until: u64,
    pub(super) settings: u32,
    pub(super) ipv4: Option<String>,
    pub(super) ipv6: Option<String>,
    pub(super) clock: i64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct EventRow {
    pub(super) at: u64,
    pub(super) service: String,
    pub(super) hostname: String,
    pub(super) code: String,
    pub(super) ipv4: Option<String>,
    pub(super) ipv6: Option<String>,
}
