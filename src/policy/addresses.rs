//! The addresses that a service would send, and why one of them is missing.
//!
//! Does not choose them (policy::address does) and does not decide whether they are sent (policy::decide).

use super::address::{WhyAbsent, WhyUnknown};
use super::code::Code;
use super::sentence;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a service would send, and what is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The IPv4 address, if wanted and present.
    pub ipv4: Option<Ipv4Addr>,
    /// The IPv6 address, if wanted and present.
    pub ipv6: Option<Ipv6Addr>,
    /// Why there is none of a wanted family; the most specific reason if two are missing.
    pub missing: Option<Missing>,
}

impl Addresses {
    /// What goes into `myip`, IPv4 first.
    #[must_use]
    pub fn list(&self) -> Vec<IpAddr> {
        self.ipv4.map(IpAddr::V4).into_iter().chain(self.ipv6.map(IpAddr::V6)).collect()
    }
}

/// A missing address: where nicup looked for it, and why it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// A device, an interface, a page, a script, or an option that is not set.
    pub at: String,
    /// Why.
    pub why: Why,
    /// The other interfaces of the service's list, if none of them has the address.
    pub others: Vec<String>,
}

/// Why an address is missing. "None" and "could not detect" are different results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is none that counts.
    Absent(WhyAbsent),
    /// It could not be detected.
    Unknown(WhyUnknown),
    /// The option that names its source is not set.
    NoSource,
    /// nicup did not look for an address.
    Nothing,
}

impl Missing {
    /// An address that is missing at one place.
    #[must_use]
    pub fn new(at: impl Into<String>, why: Why) -> Missing {
        Missing { at: at.into(), why, others: Vec::new() }
    }

    /// The message.
    #[must_use]
    pub fn explain(&self) -> String {
        let sentence = match &self.why {
            Why::Absent(why) => why.explain(&self.at),
            Why::Unknown(why) => why.explain(&self.at),
            Why::NoSource => {
                format!("option {} is not set: set it for an address of this family", self.at)
            }
            Why::Nothing => "there is no address".to_owned(),
        };
        match self.others.as_slice() {
            [] => sentence,
            others => {
                // Without the names, the reader would look for them; the page knows the advice by the first words.
                let rest = format!("; no usable address on {}", others.join(", "));
                let free = sentence::LIMIT.saturating_sub(sentence.len());
                let rest = sentence::cut_to(rest, free.max(sentence::LIMIT / 2));
                sentence::cut_to(sentence, sentence::LIMIT - rest.len()) + &rest
            }
        }
    }

    /// The code for it.
    #[must_use]
    pub const fn code(&self) -> Code {
        match &self.why {
            Why::Absent(why) => why.code(),
            Why::Unknown(why) => why.code(),
            Why::NoSource | Why::Nothing => Code::NoAddress,
        }
    }

    /// Whether it could not be detected.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self.why, Why::Unknown(_))
    }

    /// The more specific of two: "could not detect" before "only a private one" before "none"; the earlier of equals.
    #[must_use]
    pub fn more_specific(old: Option<Missing>, new: Missing) -> Missing {
        let rank = |missing: &Missing| (missing.is_unknown(), missing.code() == Code::PrivateAddress);
        match old {
            Some(old) if rank(&old) >= rank(&new) => old,
            _ => new,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::wording::identify;

    fn missing(at: &str, why: Why) -> Missing {
        Missing::new(at, why)
    }

    fn unknown(at: &str) -> Missing {
        missing(at, Why::Unknown(WhyUnknown::Netifd("no answer".to_owned())))
    }

    fn private(at: &str) -> Missing {
        missing(at, Why::Absent(WhyAbsent::Private(IpAddr::from([10, 0, 0, 2]))))
    }

    fn none(at: &str) -> Missing {
        missing(at, Why::Absent(WhyAbsent::DeviceMissing))
    }

    #[test]
    fn a_list_without_an_address_names_all_its_interfaces_in_a_bounded_message() {
        let list = |others: &[&str]| Missing {
            others: others.iter().map(|&name| name.to_owned()).collect(),
            ..none("wan")
        };
        let one = list(&[]).explain();
        assert_eq!(list(&["wwan", "lte"]).explain(), format!("{one}; no usable address on wwan, lte"));
        let many = list(&["fifteen-letters"; 100]).explain();
        assert!(many.len() <= sentence::LIMIT && many.ends_with("..."), "{many}");
        assert_eq!(identify(Some(&many)).0.as_deref(), Some("no-address-in-list"));
    }

    #[test]
    fn a_long_reason_is_cut_before_the_names_of_the_other_interfaces() {
        let local = IpAddr::V6("fd12:3456:789a:bcde:1234:5678:9abc:def0".parse().unwrap());
        let reason = missing("lte", Why::Absent(WhyAbsent::UniqueLocal(local)));
        let message = Missing { others: vec!["wan".to_owned()], ..reason }.explain();
        assert!(
            message.len() == sentence::LIMIT && message.ends_with("...; no usable address on wan"),
            "{message}"
        );
        let (id, values) = identify(Some(&message));
        assert_eq!(id.as_deref(), Some("no-address-in-list"));
        let begins =
            format!("lte has only the local IPv6 address {local}: ask the provider for an IPv6 prefix");
        assert!(values[0].starts_with(&begins) && values[1] == "wan", "{values:?}");
    }

    #[test]
    fn not_knowing_comes_before_a_private_address_and_that_before_none() {
        for (more, less) in [
            (unknown("wan"), private("wan6")),
            (unknown("wan"), none("wan6")),
            (private("wan"), none("wan6")),
        ] {
            assert_eq!(Missing::more_specific(Some(more.clone()), less.clone()), more);
            assert_eq!(Missing::more_specific(Some(less), more.clone()), more);
        }
    }

    #[test]
    fn of_two_equal_reasons_the_first_place_is_named() {
        for reason in [unknown, private, none] {
            assert_eq!(Missing::more_specific(None, reason("wan")), reason("wan"));
            assert_eq!(Missing::more_specific(Some(reason("wan")), reason("wanb")), reason("wan"));
        }
        let unset = missing("interface6", Why::NoSource);
        assert_eq!(Missing::more_specific(Some(none("wan")), unset.clone()), none("wan"));
        assert_eq!(Missing::more_specific(Some(unset.clone()), none("wan6")), unset);
    }
}
