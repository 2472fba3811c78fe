//! Converts an error in TLS or on the connection to a failure with a message.
//!
//! Matches on types, not on the texts of libraries. Prints a name from a certificate only if it looks like a name, because
//! the server controls it.

use std::io;

use rustls::{CertificateError, Error};

use super::tcp::{Deadline, Phase, describe};
use super::{Route, failed};
use crate::wire::dyndns2::{Failed, Failure};

/// The stage that the session had reached.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    /// No message of the server has been understood yet.
    Hello,
    Handshake,
    Open,
}

/// Names of a certificate that are shown.
const NAMES_SHOWN: usize = 3;
const DAY: u64 = 24 * 60 * 60;

#[allow(clippy::wildcard_enum_match_arm)] // std's enum grows
pub(super) fn cut(deadline: Deadline, error: &io::Error, phase: Phase) -> Failed {
    match error.kind() {
        io::ErrorKind::TimedOut => deadline.missed(phase),
        io::ErrorKind::UnexpectedEof => {
            failed(Failure::Connect, "the connection was closed before the response was complete".into())
        }
        _ => {
            let doing = match phase {
                Phase::Handshake => "in the TLS handshake",
                Phase::Name | Phase::Connect | Phase::Proxy | Phase::Answer => {
                    "before the response was complete"
                }
            };
            failed(Failure::Connect, format!("{} {doing}", describe(error, None)))
        }
    }
}

#[allow(clippy::wildcard_enum_match_arm)] // rustls' enums grow
pub(super) fn tls_failed(error: &Error, route: &Route<'_>, stage: Stage) -> Failed {
    let detail = match error {
        Error::InvalidCertificate(problem) => return certificate(problem, route),
        Error::General(ours) => ours.clone(),
        Error::InvalidMessage(_) if matches!(stage, Stage::Hello) => {
            let detail = format!("the server does not speak TLS on port {}", route.port);
            return failed(Failure::NotTls, detail);
        }
        Error::AlertReceived(alert) => {
            let code = u8::from(*alert);
            let meaning = match code {
                40 => "handshake failure, perhaps no cipher or key exchange in common",
                70 => "no TLS version in common",
                80 => "internal error",
                112 => "it does not serve this name",
                116 => "it requires a client certificate",
                _ => "unknown reason",
            };
            format!("the server rejected the connection with TLS alert {code}: {meaning}")
        }
        Error::PeerIncompatible(_) => "no TLS version or cipher in common with the server".into(),
        Error::FailedToGetCurrentTime => "the clock cannot be read".into(),
        Error::FailedToGetRandomBytes => "the kernel gave no random bytes".into(),
        Error::DecryptError => "the server's signature does not match its data: damaged in transit".into(),
        _ => match stage {
            Stage::Hello | Stage::Handshake => "the server violated the TLS protocol in the handshake".into(),
            Stage::Open => "the server violated the TLS protocol".into(),
        },
    };
    failed(Failure::Tls, detail)
}

#[allow(clippy::wildcard_enum_match_arm, deprecated)]
fn certificate(problem: &CertificateError, route: &Route<'_>) -> Failed {
    use CertificateError as C;
    let detail = match problem {
        C::NotValidYetContext { time, not_before } => {
            let days = not_before.as_secs().saturating_sub(time.as_secs()).div_ceil(DAY);
            let detail =
                format!("the certificate is not valid yet: the clock is wrong by {days} days or more");
            return failed(Failure::Clock, detail);
        }
        C::NotValidYet => return failed(Failure::Clock, "the certificate is not valid yet".into()),
        C::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / DAY;
            format!("the certificate has expired, {days} days ago by this clock")
        }
        C::Expired => "the certificate has expired".into(),
        C::NotValidForNameContext { presented, .. } => {
            let mut names: Vec<&str> = presented.iter().map(|name| plain(name)).collect();
            let more = names.len().saturating_sub(NAMES_SHOWN);
            names.truncate(NAMES_SHOWN);
            let names = match (names.is_empty(), more) {
                (true, _) => "it names none".to_string(),
                (false, 0) => format!("it names {}", names.join(", ")),
                (false, _) => format!("it names {} and {more} more", names.join(", ")),
            };
            format!("the certificate is for another name than {} ({names})", route.server)
        }
        C::NotValidForName => format!("the certificate is for another name than {}", route.server),
        C::UnknownIssuer => {
            format!(
                "the certificate's issuer is not in {} (option cacert can name another file)",
                route.ca_name
            )
        }
        C::BadSignature => {
            "a certificate's signature does not match its issuer, or its RSA key is shorter than 2048 bits"
                .into()
        }
        C::BadEncoding => "the certificate is malformed".into(),
        C::UnsupportedSignatureAlgorithm
        | C::UnsupportedSignatureAlgorithmContext { .. }
        | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the certificate's signature algorithm is not supported".into()
        }
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => {
            "the certificate is not a server certificate".into()
        }
        _ => "the certificate violates the rules for certificates".into(),
    };
    failed(Failure::Tls, detail)
}

/// webpki gives names as `DnsName("x")` and `IpAddress(x)`.
fn plain(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    let inner = inner.trim_matches('"');
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b".-_:*".contains(&b);
    if inner.len() <= 64 && inner.bytes().all(is_name) { inner } else { "an unprintable one" }
}
