//! The messages about a host: its state, the reason, and what to do.
//!
//! Does not decide anything. Every sentence is lower case, without a final period, not longer than a
//! [`sentence`](super::sentence), and names no secret. It is the same in status.json, on the terminal and in the log.

use super::code::{Code, State};
use super::config::{Service, is_no_ip};
use super::decide::{Decision, SendReason, WaitReason};
use super::record::{Host, Records, Retry};
use super::sentence::cut;
use super::time::Uptime;

/// A decision in the form of the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The state.
    pub state: State,
    /// The code, if anything happened yet.
    pub code: Option<Code>,
    /// What happened, and what to do.
    pub message: String,
    /// When the next attempt is.
    pub next: Option<Uptime>,
    /// Failures in a row.
    pub failures: u32,
}

/// The state and message of a decision about `host`; `now` is the boot time for updates that are due at once.
#[must_use]
pub fn view(service: &Service, records: &Records, host: &Host, decision: &Decision, now: Uptime) -> View {
    let server = &service.endpoint.server;
    let ordered =
        records.server(server).and_then(|record| record.wait.as_ref()).map_or(0, |wait| wait.failures);
    let retried = host.retry.as_ref().map_or(0, |retry| retry.failures);
    let accepted = host.registered.accepted.as_ref().map(|(code, _)| *code);
    let (state, code, message, next, failures) = match decision {
        Decision::Disabled => (State::Disabled, None, "switched off by option enabled".to_owned(), None, 0),
        Decision::Stopped(stop) => {
            (State::Stopped, Some(stop.code), meaning(stop.code, &stop.detail, server), None, retried)
        }
        Decision::NoAddress(missing) => {
            (State::NoAddress, Some(missing.code()), missing.explain(), None, retried)
        }
        Decision::WaitUntil { until, cause } => {
            let failures = if matches!(cause, WaitReason::Server(..)) { ordered } else { retried };
            (State::Waiting, Some(code_of(cause)), waiting(cause, server), Some(*until), failures)
        }
        Decision::Send(
            reason @ (SendReason::New | SendReason::Changed | SendReason::Offline | SendReason::Unconfirmed),
        ) => (State::Waiting, None, format!("to be sent: {}", reason.explain()), Some(now), retried),
        Decision::Send(SendReason::Asked | SendReason::Interval) => {
            (State::Current, accepted, current(accepted, service, host), Some(now), retried)
        }
        Decision::Leave { forced, .. } => {
            (State::Current, accepted, current(accepted, service, host), *forced, retried)
        }
    };
    View { state, code, message: cut(message), next, failures }
}

/// What `--force` did not send, or why it failed; `until` is the caller's text for a time.
#[must_use]
pub fn not_sent(what: &str, cause: &WaitReason, server: &str, until: &str) -> String {
    cut(format!("{what} {until}: {}", waiting(cause, server)))
}

fn current(code: Option<Code>, service: &Service, host: &Host) -> String {
    let same = |retry: &&Retry| {
        retry.failures > 0 && (retry.ipv4, retry.ipv6) == (host.registered.ipv4, host.registered.ipv6)
    };
    if let Some(retry) = host.retry.as_ref().filter(same) {
        let why = meaning(retry.code, &retry.detail, &service.endpoint.server);
        return format!("still registered, but the last update failed: {why}");
    }
    match code {
        Some(Code::NoChange) if service.offline => "was already offline".to_owned(),
        _ if service.offline => "accepted as offline".to_owned(),
        Some(Code::NoChange) => "was already registered".to_owned(),
        _ => "accepted".to_owned(),
    }
}

fn code_of(cause: &WaitReason) -> Code {
    match cause {
        WaitReason::Server(code, _) | WaitReason::Retry(code, _) => *code,
        WaitReason::RateLimit => Code::RateLimit,
        WaitReason::Unknown(_) => Code::AddressUnknown,
        WaitReason::JustForced => Code::NoChange,
    }
}

fn waiting(cause: &WaitReason, server: &str) -> String {
    match cause {
        WaitReason::Server(code, detail) | WaitReason::Retry(code, detail) => meaning(*code, detail, server),
        WaitReason::RateLimit => meaning(Code::RateLimit, "", server),
        WaitReason::Unknown(missing) => missing.explain(),
        WaitReason::JustForced => "the unchanged address was sent less than 10 min ago".to_owned(),
    }
}

/// What a code means and what to do. Long values (the server's name, a detail) come last, so that cutting the message
/// removes no advice.
fn meaning(code: Code, detail: &str, server: &str) -> String {
    match code {
        Code::Good => "accepted".to_owned(),
        Code::NoChange => "was already registered".to_owned(),
        Code::NoHost => format!(
            "{} does not know this hostname under this login: correct either, or create it there and resume",
            name_of(server)
        ),
        Code::NotFqdn => {
            "not a valid hostname: write it with its domain, e.g. home.example.net".to_owned()
        }
        Code::NotYours => {
            "this hostname belongs to another account: correct the hostname, or use the login of that account".to_owned()
        }
        Code::NotActive => format!(
            "this hostname is not active: activate or confirm it in your account at {}, then resume",
            name_of(server)
        ),
        Code::BadAuth => {
            "username or password rejected: correct them in /etc/config/nicup (with two-factor login, create a DDNS key)"
                .to_owned()
        }
        Code::NotDonator => {
            "this account lacks a paid feature: set option offline to 0, or upgrade the account and resume"
                .to_owned()
        }
        Code::NumHost => {
            "too many hostnames for this account: remove some, or put them in another service".to_owned()
        }
        Code::Abuse => format!("{} blocked this user for abuse: ask its support, then resume", name_of(server)),
        Code::BadAgent | Code::BadSys => format!(
            "the server rejects this client: set option contact to your email address, or update nicup; server: {server}"
        ),
        Code::Mismatch => format!("check for a proxy, then resume: {detail}"),
        Code::Outage | Code::DnsErr => {
            format!("the server reports an outage ({code}): retrying automatically; server: {server}")
        }
        Code::Http(401 | 403) if is_no_ip(server) => {
            format!("rejected, but not by No-IP: check for a filter or firewall, then resume ({detail})")
        }
        Code::Http(401 | 403) => {
            format!("rejected: check the login and option path, then resume ({detail}), from {server}")
        }
        Code::Http(429) => {
            format!("the server reports too many requests (HTTP 429): retrying automatically; server: {server}")
        }
        Code::Http(status) => {
            format!("the server reports an outage (HTTP {status}): retrying automatically; server: {server}")
        }
        Code::Unintelligible if is_no_ip(server) => {
            format!("unexpected response, not from No-IP: check for a captive portal or proxy ({detail})")
        }
        Code::Unintelligible => {
            format!("unexpected response: check options server and path ({detail}), from {server}")
        }
        Code::Dns => format!("the server's name was not found: check the router's DNS ({detail})"),
        Code::Connect => format!("no connection: check the internet connection ({detail}), to {server}"),
        Code::Tls => format!("no secure connection: {detail}, to {server}"),
        Code::Timeout => format!("no connection in time: check the internet connection ({detail}), to {server}"),
        Code::Proxy => format!("the proxy failed: check option proxy ({detail})"),
        Code::Clock => {
            "the system clock is not set, so certificates cannot be verified: waiting for NTP".to_owned()
        }
        Code::Unconfirmed => format!("could not confirm the update: it will be sent again ({detail})"),
        Code::RateLimit => {
            "the address changes too often: one update every 5 min until 10 min pass without a change".to_owned()
        }
        Code::AddressUnknown | Code::PrivateAddress | Code::NoAddress => detail.to_owned(),
    }
}

/// The server in front of the advice: short enough that cutting the message does not remove the advice.
fn name_of(server: &str) -> &str {
    if is_no_ip(server) { "No-IP" } else { server.get(..40).unwrap_or(server) }
}

#[cfg(test)]
mod tests;
