//! The only place that words things for people: what a host's state is, why, and what to do.
//!
//! Does not decide anything. Every sentence is lower case, without a final period, at most [`LIMIT`] bytes, and names
//! no secret. It is the same in status.json, on the terminal and in the log.

use super::code::{Code, State};
use super::config::Service;
use super::decide::{Because, Cause, Decision};
use super::record::{Book, Host, Stop};
use super::time::Boot;

/// Bytes of a message in status.json.
pub const LIMIT: usize = 160;

/// A decision as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The state.
    pub state: State,
    /// The code, if anything happened yet.
    pub code: Option<Code>,
    /// What happened, and what to do.
    pub message: String,
    /// When something is tried next.
    pub next: Option<Boot>,
    /// Failures in a row.
    pub failures: u32,
}

/// Words a decision about `host`; `now` is the boot time for what is due at once.
#[must_use]
pub fn view(service: &Service, book: &Book, host: &Host, decision: &Decision, now: Boot) -> View {
    let server = &service.endpoint.server;
    let ordered = book.server(server).and_then(|record| record.wait.as_ref()).map_or(0, |wait| wait.failures);
    let retried = host.retry.as_ref().map_or(0, |retry| retry.failures);
    let accepted = host.registered.accepted.as_ref().map(|(code, _)| *code);
    let (state, code, message, next, failures) = match decision {
        Decision::Disabled => (State::Disabled, None, "switched off by option enabled".to_owned(), None, 0),
        Decision::Stopped(stop) => (State::Stopped, Some(stop.code), stopped(stop, server), None, retried),
        Decision::NoAddress(lack) => {
            (State::NoAddress, Some(lack.code()), lack.explain().to_owned(), None, retried)
        }
        Decision::WaitUntil { until, cause } => {
            let failures = if matches!(cause, Cause::Server(_)) { ordered } else { retried };
            (State::Waiting, Some(code_of(cause)), waiting(cause, server), Some(*until), failures)
        }
        Decision::Send(because @ (Because::New | Because::Changed | Because::Offline)) => {
            (State::Waiting, None, format!("to be sent: {}", because.explain()), Some(now), retried)
        }
        Decision::Send(Because::Asked | Because::Interval) => {
            (State::Current, accepted, current(accepted, service), Some(now), retried)
        }
        Decision::Leave { forced, .. } => {
            (State::Current, accepted, current(accepted, service), *forced, retried)
        }
    };
    View { state, code, message: cut(message), next, failures }
}

/// What `--force` could not do now; `until` is a time as the caller words it.
#[must_use]
pub fn held(cause: &Cause, server: &str, until: &str) -> String {
    match cause {
        Cause::JustForced => {
            format!("not sent: the unchanged address was sent a short time ago; again {until}")
        }
        Cause::Server(_) | Cause::Retry(..) | Cause::Storm | Cause::Unknown(_) => {
            cut(format!("not sent before {until}: {}", waiting(cause, server)))
        }
    }
}

fn current(code: Option<Code>, service: &Service) -> String {
    match code {
        Some(Code::NoChange) if service.offline => "was already offline".to_owned(),
        _ if service.offline => "accepted as offline".to_owned(),
        Some(Code::NoChange) => "was already registered".to_owned(),
        _ => "accepted".to_owned(),
    }
}

fn code_of(cause: &Cause) -> Code {
    match cause {
        Cause::Server(code) | Cause::Retry(code, _) => *code,
        Cause::Storm => Code::Storm,
        Cause::Unknown(_) => Code::AddressUnknown,
        Cause::JustForced => Code::NoChange,
    }
}

/// Why a host stopped and what ends that.
fn stopped(stop: &Stop, server: &str) -> String {
    match stop.code {
        Code::NoHost => {
            "No-IP does not know this hostname under this login: correct the hostname or the login".into()
        }
        Code::NotFqdn => "No-IP says that this is not a full hostname: write it with its domain".into(),
        Code::NotYours => {
            "this hostname belongs to another account: correct the hostname or the login".into()
        }
        Code::NotActive => {
            "No-IP says that this hostname is not active: confirm it on no-ip.com, then resume".into()
        }
        Code::BadAuth => "No-IP refused the username or password: correct them in the configuration".into(),
        Code::NotDonator => {
            "this account lacks a paid feature: switch option offline off, or upgrade it".into()
        }
        Code::NumHost => "too many hostnames in one update for this account: remove some".into(),
        Code::Abuse => "No-IP blocked this user for abuse: ask No-IP's support, then resume".into(),
        Code::BadAgent | Code::BadSys => {
            format!("{server} refuses this program: set option contact, or update nicup, then resume")
        }
        Code::Mismatch => {
            format!("{}: something between here and {server} changes requests; then resume", stop.detail)
        }
        other => format!("stopped after {other}: correct the settings, or resume"),
    }
}

fn waiting(cause: &Cause, server: &str) -> String {
    match cause {
        Cause::Server(code) => ordered(*code, server),
        Cause::Retry(code, detail) => retry(*code, detail, server),
        Cause::Storm => {
            "the address changes too often: one update every 5 minutes until it is quiet".to_owned()
        }
        Cause::Unknown(why) => why.clone(),
        Cause::JustForced => "the unchanged address was sent a short time ago".to_owned(),
    }
}

fn ordered(code: Code, server: &str) -> String {
    match code {
        Code::Http(429) => format!("{server} wants fewer requests (HTTP 429): nothing is sent until then"),
        Code::DnsErr => {
            format!("{server} has trouble with its DNS (dnserr): nothing to do, it is tried again")
        }
        code => format!("{server} has an outage ({code}): nothing to do, it is tried again"),
    }
}

fn retry(code: Code, detail: &str, server: &str) -> String {
    match code {
        Code::Dns => format!("could not resolve {server}: check the router's DNS ({detail})"),
        Code::Connect => format!("could not connect to {server}: check the internet connection ({detail})"),
        Code::Tls => format!("no secure connection to {server}: {detail}"),
        Code::Timeout => {
            format!("no connection to {server} in time: check the internet connection ({detail})")
        }
        Code::Proxy => format!("the proxy failed: check option proxy ({detail})"),
        Code::Clock => {
            "the clock is not set yet, so certificates cannot be checked: NTP has to set it".to_owned()
        }
        Code::Unconfirmed => {
            format!("could not confirm: the request was sent, the answer was lost ({detail})")
        }
        Code::Unintelligible => {
            format!("the answer is not No-IP's: a captive portal or a proxy may be in the way ({detail})")
        }
        Code::AddressUnknown => detail.to_owned(),
        other => format!("{other}: {detail}"),
    }
}

/// At most [`LIMIT`] bytes, whole characters.
#[must_use]
pub fn cut(mut text: String) -> String {
    if text.len() > LIMIT {
        let mut end = LIMIT - 3;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cut_at_a_character() {
        assert_eq!(cut("short".to_owned()), "short");
        let long = cut("\u{fc}".repeat(200));
        assert!(long.len() <= LIMIT && long.ends_with("..."), "{long}");
    }

    #[test]
    fn every_wait_names_the_server_or_says_what_to_do() {
        let codes =
            [Code::Dns, Code::Connect, Code::Tls, Code::Timeout, Code::Proxy, Code::Clock, Code::Unconfirmed];
        for code in codes {
            let text = retry(code, "why", "dynupdate.no-ip.com");
            assert!(text.len() <= LIMIT && !text.ends_with('.'), "{text}");
        }
    }
}
