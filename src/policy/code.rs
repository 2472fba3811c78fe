//! The codes for what happened, as in status.json, the log and the records (docs/reference.md#statusjson).

use super::names::{UnknownName, fixed_names, names};
use crate::wire::dyndns2::Failure;
use std::fmt;
use std::str::FromStr;

/// The code for an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Accepted.
    Good,
    /// Accepted; it was already registered.
    NoChange,
    /// No such hostname.
    NoHost,
    /// Not a full hostname.
    NotFqdn,
    /// The hostname is another account's.
    NotYours,
    /// The hostname is not active.
    NotActive,
    /// Wrong username or password.
    BadAuth,
    /// The server rejects this program.
    BadAgent,
    /// The server rejects this program.
    BadSys,
    /// A paid feature.
    NotDonator,
    /// Too many hostnames.
    NumHost,
    /// The user is blocked.
    Abuse,
    /// The server's outage.
    Outage,
    /// The server's DNS failed.
    DnsErr,
    /// HTTP 5xx or 429, or a 401 or 403 that is not from No-IP.
    Http(u16),
    /// An unexpected response, not from No-IP.
    Unintelligible,
    /// The server registered another address than the one sent.
    Mismatch,
    /// Name resolution failed.
    Dns,
    /// No connection.
    Connect,
    /// TLS failed.
    Tls,
    /// Time ran out.
    Timeout,
    /// The proxy failed.
    Proxy,
    /// The clock is not set yet.
    Clock,
    /// Sent, but no response.
    Unconfirmed,
    /// Too many changes.
    RateLimit,
    /// The address could not be detected.
    AddressUnknown,
    /// Only a private address.
    PrivateAddress,
    /// No address.
    NoAddress,
}

/// The kind of a code: its row in the table of docs/reference.md#responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The server accepted.
    Accepted,
    /// One hostname stops.
    StopsHost,
    /// All hostnames of a service stop.
    StopsService,
    /// Everything for a user stops.
    StopsAccount,
    /// Everything for a server stops.
    StopsServer,
    /// Everything for a server waits, as it ordered.
    ServerWait,
    /// An unexpected response, not from the server.
    Unintelligible,
    /// A network failure, or no response.
    Network,
    /// The clock is not set yet.
    Clock,
    /// The address changes too often.
    RateLimit,
    /// A problem with the router's own address.
    Address,
}

names!(Code {
    Good = "good",
    NoChange = "nochg",
    NoHost = "nohost",
    NotFqdn = "notfqdn",
    NotYours = "!yours",
    NotActive = "!active",
    BadAuth = "badauth",
    BadAgent = "badagent",
    BadSys = "badsys",
    NotDonator = "!donator",
    NumHost = "numhost",
    Abuse = "abuse",
    Outage = "911",
    DnsErr = "dnserr",
    Unintelligible = "unintelligible",
    Mismatch = "mismatch",
    Dns = "dns",
    Connect = "connect",
    Tls = "tls",
    Timeout = "timeout",
    Proxy = "proxy",
    Clock = "clock",
    Unconfirmed = "unconfirmed",
    RateLimit = "storm",
    AddressUnknown = "address-unknown",
    PrivateAddress = "private-address",
    NoAddress = "no-address",
} Code::Http(_) => "http-");

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        if let Code::Http(status) = self { write!(f, "{status}") } else { Ok(()) }
    }
}

impl FromStr for Code {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Code, UnknownName> {
        match text.strip_prefix("http-") {
            Some(status) => status.parse().map(Code::Http).map_err(|_| UnknownName),
            None => Code::of_name(text),
        }
    }
}

impl Code {
    /// Its kind.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Code::Good | Code::NoChange => Kind::Accepted,
            Code::NoHost | Code::NotFqdn | Code::NotYours | Code::NotActive | Code::Mismatch => {
                Kind::StopsHost
            }
            Code::BadAuth | Code::NotDonator | Code::NumHost => Kind::StopsService,
            Code::Abuse => Kind::StopsAccount,
            Code::BadAgent | Code::BadSys => Kind::StopsServer,
            Code::Outage | Code::DnsErr | Code::Http(_) => Kind::ServerWait,
            Code::Unintelligible => Kind::Unintelligible,
            Code::Dns | Code::Connect | Code::Tls | Code::Timeout | Code::Proxy | Code::Unconfirmed => {
                Kind::Network
            }
            Code::Clock => Kind::Clock,
            Code::RateLimit => Kind::RateLimit,
            Code::AddressUnknown | Code::PrivateAddress | Code::NoAddress => Kind::Address,
        }
    }
}

impl From<Failure> for Code {
    fn from(failure: Failure) -> Code {
        match failure {
            Failure::Dns => Code::Dns,
            Failure::Connect => Code::Connect,
            Failure::Tls | Failure::NotTls => Code::Tls,
            Failure::Clock => Code::Clock,
            Failure::Timeout => Code::Timeout,
            Failure::Proxy => Code::Proxy,
            Failure::NotHttp => Code::Unintelligible,
        }
    }
}

/// The state of a host (docs/reference.md#statusjson).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Every wanted family that is present is registered as it is.
    Current,
    /// nicup will send or retry, now or later.
    Waiting,
    /// nicup sends nothing until the user acts.
    Stopped,
    /// There is no address to send.
    NoAddress,
    /// The configuration is wrong.
    Invalid,
    /// Switched off.
    Disabled,
}

fixed_names!(State {
    Current = "current",
    Waiting = "waiting",
    Stopped = "stopped",
    NoAddress = "no-address",
    Invalid = "invalid",
    Disabled = "disabled",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back() {
        for code in Code::ALL.iter().copied().chain([Code::Http(503)]) {
            assert_eq!(code.to_string().parse(), Ok(code));
        }
        assert_eq!(Code::Http(503).to_string(), "http-503");
        for text in ["", "good ", "http-", "http-x"] {
            assert_eq!(text.parse::<Code>(), Err(UnknownName), "{text}");
        }
    }
}
