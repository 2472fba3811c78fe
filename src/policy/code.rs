//! The words for what happened, as status.json, the log and the records carry them (contract section 5).

use crate::wire::nic::Failure;
use std::fmt;

/// One word for an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Accepted.
    Good,
    /// Accepted, was already so.
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
    /// This program is refused.
    BadAgent,
    /// This program is refused.
    BadSys,
    /// A paid feature.
    NotDonator,
    /// Too many hostnames.
    NumHost,
    /// The user is blocked.
    Abuse,
    /// The server's outage.
    Outage,
    /// The server's DNS trouble.
    DnsErr,
    /// HTTP 5xx or 429, or a 401 or 403 that is not No-IP's.
    Http(u16),
    /// Not No-IP's answer.
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
    /// Sent, answer lost.
    Unconfirmed,
    /// Too many changes.
    Storm,
    /// Could not find out the address.
    AddressUnknown,
    /// Only a private address.
    PrivateAddress,
    /// No address.
    NoAddress,
}

/// What a code stands for, and so which row of contract section 3 it falls under.
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
    /// Something that is not the server answered.
    Unintelligible,
    /// The network, or an answer that was lost in it.
    Network,
    /// The clock is not set yet.
    Clock,
    /// The address changes too often.
    Storm,
    /// Something about our own address.
    Address,
}

const WORDS: [(Code, &str); 27] = [
    (Code::Good, "good"),
    (Code::NoChange, "nochg"),
    (Code::NoHost, "nohost"),
    (Code::NotFqdn, "notfqdn"),
    (Code::NotYours, "!yours"),
    (Code::NotActive, "!active"),
    (Code::BadAuth, "badauth"),
    (Code::BadAgent, "badagent"),
    (Code::BadSys, "badsys"),
    (Code::NotDonator, "!donator"),
    (Code::NumHost, "numhost"),
    (Code::Abuse, "abuse"),
    (Code::Outage, "911"),
    (Code::DnsErr, "dnserr"),
    (Code::Unintelligible, "unintelligible"),
    (Code::Mismatch, "mismatch"),
    (Code::Dns, "dns"),
    (Code::Connect, "connect"),
    (Code::Tls, "tls"),
    (Code::Timeout, "timeout"),
    (Code::Proxy, "proxy"),
    (Code::Clock, "clock"),
    (Code::Unconfirmed, "unconfirmed"),
    (Code::Storm, "storm"),
    (Code::AddressUnknown, "address-unknown"),
    (Code::PrivateAddress, "private-address"),
    (Code::NoAddress, "no-address"),
];

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Code::Http(status) = self {
            return write!(f, "http-{status}");
        }
        let word = WORDS.iter().find(|(code, _)| code == self).map_or("", |(_, word)| word);
        f.write_str(word)
    }
}

impl Code {
    /// Reads a word as [`Display`](fmt::Display) writes it; None: a word of another version.
    #[must_use]
    pub fn parse(word: &str) -> Option<Code> {
        if let Some(status) = word.strip_prefix("http-") {
            return status.parse().ok().map(Code::Http);
        }
        WORDS.iter().find(|(_, w)| *w == word).map(|(code, _)| *code)
    }

    /// Which rule it falls under.
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
            Code::Storm => Kind::Storm,
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

/// What a host is in (contract section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Every wanted family that is present is registered as it is.
    Current,
    /// Something will be tried, now or later.
    Waiting,
    /// Nothing will be tried until the user acts.
    Stopped,
    /// There is no address to send.
    NoAddress,
    /// The configuration is wrong.
    Invalid,
    /// Switched off.
    Disabled,
}

const STATES: [(State, &str); 6] = [
    (State::Current, "current"),
    (State::Waiting, "waiting"),
    (State::Stopped, "stopped"),
    (State::NoAddress, "no-address"),
    (State::Invalid, "invalid"),
    (State::Disabled, "disabled"),
];

impl State {
    /// As status.json names it.
    #[must_use]
    pub fn word(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, word)| word)
    }

    /// Reads a word as [`State::word`] gives it.
    #[must_use]
    pub fn parse(word: &str) -> Option<State> {
        STATES.iter().find(|(_, w)| *w == word).map(|(state, _)| *state)
    }

    /// The exit status of a command that ends with a host in this state (contract section 1).
    #[must_use]
    pub fn exit(self) -> u8 {
        match self {
            State::Current | State::Disabled => 0,
            State::Waiting | State::NoAddress => 1,
            State::Invalid => 3,
            State::Stopped => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back() {
        for (code, word) in WORDS {
            assert_eq!(code.to_string(), word);
            assert_eq!(Code::parse(word), Some(code));
        }
        assert_eq!(Code::parse("http-503"), Some(Code::Http(503)));
        assert_eq!(Code::Http(503).to_string(), "http-503");
        assert_eq!(Code::parse("good "), None);
    }
}
