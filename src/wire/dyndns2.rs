//! No-IP's update protocol (dyndns2): a request to bytes, a response to one [`Reply`] per host.
//!
//! Does not decide what a reply means for the next attempt (policy::outcome), and opens no connection (sys::https).
//! Source: No-IP, "Dynamic DNS Update API" (request, response codes).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;

/// One update request, ready to be sent: everything in it is already escaped.
#[derive(Clone)]
pub struct Request {
    /// Path and query of the request line.
    pub target: String,
    /// Value of `Authorization`, if there is a login. Secret: never printed.
    pub authorization: Option<String>,
    /// Value of `User-Agent`.
    pub user_agent: String,
}

/// The HTTP response, before its codes are parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// Value of `Retry-After`, if it is present and printable.
    pub retry_after: Option<String>,
    /// At most [`BODY_LIMIT`] bytes of the body.
    pub body: Vec<u8>,
    /// The body went on after [`BODY_LIMIT`].
    pub too_long: bool,
    /// It came over TLS, from a server whose certificate was verified.
    pub verified: bool,
    /// It has a `WWW-Authenticate` header with the scheme Basic.
    pub asks_basic: bool,
}

/// Bytes of the answer's body that are read (docs/reference.md#request).
pub const BODY_LIMIT: usize = 4096;
/// Bytes of the answer's headers that are read (docs/reference.md#request).
pub const HEADER_LIMIT: usize = 16 * 1024;
/// Bytes of a whole response with the parts that HTTP adds: chunk sizes, trailers, interim responses. The longest body
/// in chunks of one byte, after the longest headers, is 40 KiB.
pub const ANSWER_LIMIT: usize = 64 * 1024;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server's name could not be resolved.
    Dns,
    /// No route, connection refused, unreachable, or the connection was closed before the request was sent.
    Connect,
    /// The first bytes are not TLS: another program listens on this port.
    NotTls,
    /// TLS failed, for a reason other than [`Failure::Clock`].
    Tls,
    /// The certificate is not yet valid: the clock is not set yet.
    Clock,
    /// The time for the whole request ran out.
    Timeout,
    /// The proxy could not be reached, or rejected the connection.
    Proxy,
    /// The response is not HTTP, or its headers are larger than [`HEADER_LIMIT`].
    NotHttp,
}

/// A request without a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Which step failed.
    pub failure: Failure,
    /// Whether a connection was established: nicup may try another port only without one.
    pub connected: bool,
    /// Whether bytes of the request were sent, so that the server may have processed it.
    pub sent: bool,
    /// The cause for a person, e.g. `connection refused`. No secret, no Debug text, lower case, no final period.
    pub detail: String,
}

/// No-IP's reply for one host. `policy::outcome` decides what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `good`, with the addresses that it names.
    Good(Vec<IpAddr>),
    /// `nochg`, with the addresses that it names.
    NoChange(Vec<IpAddr>),
    /// `nohost`
    NoHost,
    /// `notfqdn`
    NotFqdn,
    /// `!yours`
    NotYours,
    /// `!active`
    NotActive,
    /// `badauth`, or a 401 of a verified server that asks for Basic credentials.
    BadAuth,
    /// `badagent`
    BadAgent,
    /// `badsys`
    BadSys,
    /// `!donator`
    NotDonator,
    /// `numhost`
    NumHost,
    /// `abuse`
    Abuse,
    /// `911`
    Outage,
    /// `dnserr`
    DnsError,
    /// HTTP 5xx.
    ServerError(u16),
    /// HTTP 429.
    TooManyRequests,
    /// HTTP 401 or 403 without No-IP's codes: what was read, as in [`Reply::Unintelligible`].
    Forbidden(u16, String),
    /// An unexpected response: what was read, printable, at most [`SHORT_LIMIT`] characters.
    Unintelligible(String),
    /// The answer has lines for other hosts, none for this one.
    Unanswered,
}

/// Characters of an unexpected response that nicup keeps.
pub const SHORT_LIMIT: usize = 80;

/// Parses the response to a request for `hosts` hostnames: one [`Reply`] for each, in the order sent.
///
/// `offline`: any text after `good` or `nochg` is accepted, since no address was sent.
#[must_use]
pub fn replies(answer: &Answer, hosts: usize, offline: bool) -> Vec<Reply> {
    let all = |reply: Reply| vec![reply; hosts];
    if is_portal(answer) {
        return all(Reply::Unintelligible(short(answer)));
    }
    match answer.status {
        500..=599 => return all(Reply::ServerError(answer.status)),
        429 => return all(Reply::TooManyRequests),
        _ => {}
    }
    let lines: Option<Vec<Reply>> = if answer.too_long {
        None
    } else {
        lines(&answer.body).map(|line| line_reply(line, offline)).collect()
    };
    let mut lines = match lines {
        Some(lines) if !lines.is_empty() && (lines.len() <= hosts || hosts == 1) => lines,
        _ if answer.status == 401 && answer.verified && answer.asks_basic => return all(Reply::BadAuth),
        _ if matches!(answer.status, 401 | 403) => {
            return all(Reply::Forbidden(answer.status, short(answer)));
        }
        _ => return all(Reply::Unintelligible(short(answer))),
    };
    if hosts == 1 {
        // Each member of a group has a line: all must report success, else the worst counts.
        return lines.into_iter().max_by_key(severity).into_iter().collect();
    }
    if let [only] = lines.as_slice()
        && severity(only) > SUCCESS
    {
        return all(only.clone());
    }
    lines.resize(hosts, Reply::Unanswered);
    lines
}

/// Whether the response is from a captive portal or proxy, which can answer plaintext requests with any status. RFC 6585
/// defines 511 for it.
fn is_portal(answer: &Answer) -> bool {
    !answer.verified && (answer.status == 511 || content(&answer.body).trim_ascii_start().starts_with(b"<"))
}

/// The body without a byte order mark and without blank lines at the start.
fn content(body: &[u8]) -> &[u8] {
    let mut rest = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    while let Some(at) = rest.iter().position(|&byte| byte == b'\n')
        && rest[..at].trim_ascii().is_empty()
    {
        rest = &rest[at + 1..];
    }
    rest
}

/// Lines without CR and trailing blanks; empty lines at the end are dropped.
fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let body = content(body).trim_ascii_end();
    let body = if body.is_empty() { None } else { Some(body) };
    body.into_iter().flat_map(|b| b.split(|&c| c == b'\n')).map(<[u8]>::trim_ascii_end)
}

/// One line by its first field, compared exactly. None: not a line of No-IP.
fn line_reply(line: &[u8], offline: bool) -> Option<Reply> {
    let (token, rest) = match line.iter().position(u8::is_ascii_whitespace) {
        Some(at) => line.split_at(at),
        None => (line, &[][..]),
    };
    Some(match token {
        b"good" => Reply::Good(addresses(rest, offline)?),
        b"nochg" => Reply::NoChange(addresses(rest, offline)?),
        b"nohost" => Reply::NoHost,
        b"notfqdn" => Reply::NotFqdn,
        b"!yours" => Reply::NotYours,
        b"!active" => Reply::NotActive,
        b"badauth" => Reply::BadAuth,
        b"badagent" => Reply::BadAgent,
        b"badsys" => Reply::BadSys,
        b"!donator" => Reply::NotDonator,
        b"numhost" => Reply::NumHost,
        b"abuse" => Reply::Abuse,
        b"911" => Reply::Outage,
        b"dnserr" => Reply::DnsError,
        _ => return None,
    })
}

/// The addresses after `good` or `nochg`, separated by commas or blanks. Ignores text after an address. Text instead of an
/// address ("good morning, please log in") is from a captive portal, and so is markup right after it.
fn addresses(rest: &[u8], offline: bool) -> Option<Vec<IpAddr>> {
    let text = match std::str::from_utf8(rest) {
        Ok(text) => text,
        Err(_) if offline => "",
        Err(_) => return None,
    };
    let mut found = Vec::new();
    for token in text.split_ascii_whitespace() {
        let parts: Vec<&str> = token.split(',').filter(|part| !part.is_empty()).collect();
        let before = found.len();
        found.extend(parts.iter().filter_map(|part| part.parse::<IpAddr>().ok()));
        match found.len() - before {
            all if all == parts.len() => {}
            0 if before > 0 && !token.starts_with('<') => break,
            _ if offline => break,
            _ => return None,
        }
    }
    Some(found)
}

const SUCCESS: u8 = 1;

/// How bad a line is, for the lines of a group: the more hosts it affects, the worse.
fn severity(reply: &Reply) -> u8 {
    match reply {
        Reply::NoChange(_) => 0,
        Reply::Good(_) => SUCCESS,
        Reply::Unanswered | Reply::Unintelligible(_) | Reply::Forbidden(..) => 2,
        Reply::DnsError | Reply::Outage | Reply::ServerError(_) | Reply::TooManyRequests => 3,
        Reply::NoHost | Reply::NotFqdn | Reply::NotYours | Reply::NotActive => 4,
        Reply::NotDonator | Reply::NumHost => 5,
        Reply::BadAuth => 6,
        Reply::Abuse => 7,
        Reply::BadAgent | Reply::BadSys => 8,
    }
}

/// What was read, for a person: printable ASCII, blanks folded, cut at [`SHORT_LIMIT`].
fn short(answer: &Answer) -> String {
    let mut text = String::new();
    if answer.status != 200 {
        text.push_str("HTTP ");
        text.push_str(&answer.status.to_string());
        text.push(' ');
    }
    let body = content(&answer.body).trim_ascii();
    if body.is_empty() {
        text.push_str("empty response");
    }
    for &byte in body {
        if text.len() >= SHORT_LIMIT {
            break;
        }
        match byte {
            b'!'..=b'~' => text.push(char::from(byte)),
            _ if text.ends_with(' ') => {}
            b' ' | b'\t' | b'\r' | b'\n' => text.push(' '),
            _ => text.push('?'),
        }
    }
    text.truncate(SHORT_LIMIT);
    text.truncate(text.trim_end().len());
    text
}

/// `/nic/update?hostname=a,b&myip=v4,v6`, or `&offline=YES` without addresses. Hostnames and path are already validated.
#[must_use]
pub fn target(path: &str, hostnames: &[&str], addresses: &[IpAddr]) -> String {
    let mut target = format!("{path}?hostname={}", hostnames.join(","));
    if addresses.is_empty() {
        target.push_str("&offline=YES");
    }
    for (i, address) in addresses.iter().enumerate() {
        target.push_str(if i == 0 { "&myip=" } else { "," });
        target.push_str(&address.to_string());
    }
    target
}

/// The value of `Authorization`: Basic (RFC 7617), with a `:` inside the username as `%3A` (No-IP's `group:account`).
#[must_use]
pub fn basic_auth(username: &str, password: &str) -> String {
    let plain = format!("{}:{password}", username.replace(':', "%3A"));
    format!("Basic {}", STANDARD.encode(plain))
}

/// No-IP's "Company DeviceName-Model/FirmwareVersionNumber contact".
#[must_use]
pub fn user_agent(model: &str, release: &str, version: &str, contact: &str) -> String {
    format!("nicup {}/{}-{version} {contact}", agent_part(model), agent_part(release))
}

/// Bytes of a model or release name in the User-Agent; a longer one is cut.
const AGENT_PART_LIMIT: usize = 64;

fn agent_part(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    let token = |b: u8| if plain(b) { char::from(b) } else { '_' };
    match text.trim() {
        "" => "unknown".to_owned(),
        text => text.bytes().take(AGENT_PART_LIMIT).map(token).collect(),
    }
}

/// Seconds that `Retry-After` asks for (RFC 9110, 10.2.3): a number, or an HTTP date when the clock is set.
#[must_use]
pub fn retry_after(value: &str, now_unix: Option<i64>) -> Option<u64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(value.parse().unwrap_or(u64::MAX));
    }
    let at = httpdate::parse_http_date(value).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    at.checked_sub(u64::try_from(now_unix?).ok()?)
}

#[cfg(test)]
mod tests;
