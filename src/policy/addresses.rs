//! The addresses that a service would send, and why one of them is missing.
//!
//! Does not choose them (policy::address does) and does not decide whether they are sent (policy::decide).

use super::code::Code;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a service would send, and what it lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The IPv4 address, if wanted and there.
    pub ipv4: Option<Ipv4Addr>,
    /// The IPv6 address, if wanted and there.
    pub ipv6: Option<Ipv6Addr>,
    /// Why there is none of a wanted family; the most telling reason where two are missing.
    pub lack: Option<Lack>,
}

impl Addresses {
    /// What goes into `myip`, IPv4 first.
    #[must_use]
    pub fn list(&self) -> Vec<IpAddr> {
        self.ipv4.map(IpAddr::V4).into_iter().chain(self.ipv6.map(IpAddr::V6)).collect()
    }
}

/// Why there is no address: three different things, with the sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// There is none.
    Absent(String),
    /// There is one, but it leads nowhere from outside.
    Private(String),
    /// It could not be found out.
    Unknown(String),
}

impl Lack {
    /// The sentence.
    #[must_use]
    pub fn explain(&self) -> &str {
        match self {
            Lack::Absent(text) | Lack::Private(text) | Lack::Unknown(text) => text,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Lack::Absent(_) => Code::NoAddress,
            Lack::Private(_) => Code::PrivateAddress,
            Lack::Unknown(_) => Code::AddressUnknown,
        }
    }
}
