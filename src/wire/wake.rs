//! What a pass reports to the loop that started it, as one line of text: when to start the next pass, and what wakes it.
//!
//! Does not decide anything; the loop sleeps on exactly these values.

use std::fmt;
use std::net::Ipv6Addr;

/// When the next pass is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// Seconds since boot of the earliest next attempt, the same number that status.json shows.
    pub at: Option<u64>,
    /// A host still waits: `run --wait` goes on.
    pub open: bool,
    /// Something waits for the clock to be set.
    pub clock: bool,
    /// A service wants both families: which of them are missing now.
    pub pair: Option<MissingFamilies>,
    /// The devices that services use.
    pub devices: Vec<String>,
    /// Where the pass chose one of several IPv6 addresses.
    pub preferred: Vec<Preferred>,
}

/// A device with several IPv6 addresses that can be sent, and until when each of them is preferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferred {
    /// Its name.
    pub device: String,
    /// The address that the pass chose.
    pub chosen: Span,
    /// Those that it did not choose.
    pub others: Vec<Span>,
}

/// How long an address is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// As the device has it.
    pub ip: Ipv6Addr,
    /// Milliseconds since boot; None: for ever.
    pub until: Option<u64>,
}

/// Families that a service with `family both` does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MissingFamilies {
    /// No IPv4 address.
    pub ipv4: bool,
    /// No IPv6 address.
    pub ipv6: bool,
}

const MARK: &str = "wake";

impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = |set: bool, token: &'static str| if set { token } else { "-" };
        let pair = match self.pair {
            None => "-",
            Some(MissingFamilies { ipv4: false, ipv6: false }) => "both",
            Some(MissingFamilies { ipv4: true, ipv6: false }) => "lacks-4",
            Some(MissingFamilies { ipv4: false, ipv6: true }) => "lacks-6",
            Some(MissingFamilies { ipv4: true, ipv6: true }) => "lacks-46",
        };
        match self.at {
            Some(at) => write!(f, "{MARK} {at}")?,
            None => write!(f, "{MARK} -")?,
        }
        write!(f, " {} {} {pair}", token(self.open, "open"), token(self.clock, "clock"))?;
        self.devices.iter().try_for_each(|device| write!(f, " {device}"))?;
        self.preferred.iter().try_for_each(|preferred| write!(f, " {preferred}"))
    }
}

/// `wan/2001:db8::7=300000/2001:db8::8=-`: no name of a device has a slash.
impl fmt::Display for Preferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.device)?;
        std::iter::once(&self.chosen).chain(&self.others).try_for_each(|span| match span.until {
            Some(until) => write!(f, "/{}={until}", span.ip),
            None => write!(f, "/{}=-", span.ip),
        })
    }
}

impl Preferred {
    fn parse(token: &str) -> Option<Preferred> {
        let (device, spans) = token.split_once('/')?;
        let spans: Option<Vec<Span>> = spans.split('/').map(Span::parse).collect();
        let mut spans = spans?.into_iter();
        Some(Preferred { device: device.to_owned(), chosen: spans.next()?, others: spans.collect() })
    }
}

impl Span {
    fn parse(text: &str) -> Option<Span> {
        let (ip, until) = text.split_once('=')?;
        let until = if until == "-" { None } else { Some(until.parse().ok()?) };
        Some(Span { ip: ip.parse().ok()?, until })
    }
}

impl Wake {
    /// Reads a line that [`Display`](fmt::Display) wrote. None: the pass did not complete.
    #[must_use]
    pub fn parse(line: &str) -> Option<Wake> {
        let mut tokens = line.trim_end().split(' ');
        let flag = |token: Option<&str>, name: &str| match token {
            Some("-") => Some(false),
            Some(token) if token == name => Some(true),
            _ => None,
        };
        if tokens.next() != Some(MARK) {
            return None;
        }
        let at = match tokens.next()? {
            "-" => None,
            number => Some(number.parse().ok()?),
        };
        let open = flag(tokens.next(), "open")?;
        let clock = flag(tokens.next(), "clock")?;
        let pair = match tokens.next()? {
            "-" => None,
            "both" => Some(MissingFamilies::default()),
            "lacks-4" => Some(MissingFamilies { ipv4: true, ipv6: false }),
            "lacks-6" => Some(MissingFamilies { ipv4: false, ipv6: true }),
            "lacks-46" => Some(MissingFamilies { ipv4: true, ipv6: true }),
            _ => return None,
        };
        let (preferred, devices): (Vec<&str>, Vec<&str>) = tokens.partition(|token| token.contains('/'));
        let devices = devices.into_iter().map(str::to_owned).collect();
        let preferred = preferred.into_iter().map(Preferred::parse).collect::<Option<_>>()?;
        Some(Wake { at, open, clock, pair, devices, preferred })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let lacks = |ipv4, ipv6| Some(MissingFamilies { ipv4, ipv6 });
        for pair in [None, lacks(false, false), lacks(true, false), lacks(false, true), lacks(true, true)] {
            for at in [None, Some(0), Some(u64::MAX)] {
                let devices = vec!["pppoe-wan".to_owned(), "br-lan".to_owned()];
                let span = |ip: &str, until| Span { ip: ip.parse().unwrap(), until };
                let others = vec![span("2001:db8::8", None), span("::1", Some(u64::MAX))];
                let chosen = span("2001:db8::7", at);
                let preferred = vec![Preferred { device: "pppoe-wan".to_owned(), chosen, others }];
                let wake = Wake { at, open: at.is_some(), clock: at.is_none(), pair, devices, preferred };
                assert_eq!(Wake::parse(&format!("{wake}\n")), Some(wake));
            }
        }
    }

    #[test]
    fn anything_else_is_no_wake() {
        for line in [
            "",
            "wake",
            "wake x - - -",
            "wake 5 - -",
            "wake 5 yes - -",
            "sleep 5 - - -",
            "wake -1 - - -",
            "wake 5 - - - wan/",
            "wake 5 - - - wan/::1",
            "wake 5 - - - wan/::1=x",
            "wake 5 - - - wan/1=5",
        ] {
            assert_eq!(Wake::parse(line), None, "{line}");
        }
    }
}
