//! A router's days, for tests: services, their records, and clocks that are moved by hand.
//!
//! Sends as a pass does: decides about each host, sends those that are due in one request, enters the outcome.

use super::config::{self, Entry, Service};
use super::decide::{self, Addresses, Client, Decision, HostContext, Overrides, SendReason};
use super::outcome::{self, Outcome, Sent};
use super::record::{self, Host, Records};
use super::time::{Now, RELEASED};
use crate::wire::dyndns2::{Failed, Failure, Reply};
use crate::wire::uci;

pub(super) const A: &str = "a.example.net";
pub(super) const B: &str = "b.example.net";
pub(super) const HOME: &str = "203.0.113.7";
pub(super) const AWAY: &str = "198.51.100.9";
pub(super) const DAY: u64 = 86_400;

pub(super) struct Story {
    pub(super) services: Vec<Service>,
    pub(super) records: Records,
    /// Milliseconds since boot: whole seconds before a reboot, not after it.
    pub(super) boot_ms: u64,
    /// What the wall clock shows; before RELEASED it is not set.
    pub(super) wall: i64,
    pub(super) boot_id: String,
    pub(super) addresses: Addresses,
    pub(super) ask: Overrides,
    pub(super) contact: &'static str,
    pub(super) version: &'static str,
    pub(super) jitter: u64,
    /// Seconds by which NTP sets the wall clock forward during a request.
    pub(super) set_meanwhile: i64,
    /// Whether the last request failed for one of its hosts.
    pub(super) has_failed: bool,
}

/// The valid services of a configuration.
pub(super) fn services(text: &str) -> Vec<Service> {
    let config = config::build(&uci::parse(text.as_bytes()).unwrap(), "nicup");
    let valid = |entry| match entry {
        Entry::Valid(service) => *service,
        Entry::Invalid(invalid) => panic!("{}", invalid.reason),
    };
    config.services.into_iter().map(valid).collect()
}

/// One service of user `me` with these lines besides.
pub(super) fn service(name: &str, lines: &str) -> Service {
    let text = format!("config service {name}\n option username me\n option password p\n{lines}\n");
    services(&text).remove(0)
}

pub(super) fn on(text: &str) -> Addresses {
    let mut addresses = Addresses::default();
    for word in text.split_whitespace() {
        match word.parse().unwrap() {
            std::net::IpAddr::V4(ip) => addresses.ipv4 = Some(ip),
            std::net::IpAddr::V6(ip) => addresses.ipv6 = Some(ip),
        }
    }
    addresses
}

pub(super) fn good() -> Reply {
    Reply::Good(Vec::new())
}

pub(super) fn failed(failure: Failure, sent: bool) -> Outcome {
    Outcome::Failed(Failed { failure, connected: sent, sent, detail: "why".to_owned() })
}

impl Story {
    /// One service with hosts [`A`] and [`B`], an address, a clock that is set, nothing registered.
    pub(super) fn new() -> Story {
        Story::with(vec![service("home", &format!(" list hostname {A}\n list hostname {B}"))])
    }

    pub(super) fn with(services: Vec<Service>) -> Story {
        Story {
            services,
            records: Records::default(),
            boot_ms: 1_000_000,
            wall: RELEASED + 1_000_000,
            boot_id: "boot 1".to_owned(),
            addresses: on(HOME),
            ask: Overrides::default(),
            contact: "me@example.com",
            version: "0.1.0",
            jitter: 0,
            set_meanwhile: 0,
            has_failed: false,
        }
    }

    /// [`Story::new`] with everything accepted.
    pub(super) fn registered() -> Story {
        let mut story = Story::new();
        assert_eq!(story.reply(good()), [A, B]);
        story
    }

    pub(super) fn now(&self) -> Now {
        Now::new(self.boot_ms, self.wall, self.boot_id.clone())
    }

    pub(super) fn pass(&mut self, seconds: u64) -> &mut Story {
        self.boot_ms += seconds * 1000;
        self.wall += i64::try_from(seconds).unwrap();
        self
    }

    /// Both files are written and read back.
    pub(super) fn restart(&mut self) -> &mut Story {
        let state = record::write_state(&self.records, &self.now());
        self.records = record::read_records(&record::write_records(&self.records)).unwrap();
        self.records = record::read_state(&state, &self.now(), std::mem::take(&mut self.records)).unwrap();
        self
    }

    /// Off for some seconds, then up again for 20.
    pub(super) fn reboot(&mut self, off: i64) -> &mut Story {
        let state = record::write_state(&self.records, &self.now());
        self.records = record::read_records(&record::write_records(&self.records)).unwrap();
        self.boot_id.push('+');
        (self.boot_ms, self.wall) = (20_300, self.wall + off + 20);
        self.records = record::read_state(&state, &self.now(), std::mem::take(&mut self.records)).unwrap();
        self
    }

    pub(super) fn host(&self, hostname: &str) -> &Host {
        self.records.hosts.iter().find(|host| host.key.hostname == hostname).unwrap()
    }

    pub(super) fn decide(&self, hostname: &str) -> Decision {
        let owner = self.services.iter().find(|s| s.hostnames.iter().any(|name| name == hostname));
        self.decide_for(owner.unwrap(), hostname)
    }

    /// Whether nothing can be sent for a host of the first service, with any address.
    pub(super) fn is_blocked(&self, hostname: &str) -> bool {
        self.ask_about(&self.services[0], hostname, decide::is_blocked)
    }

    fn decide_for(&self, service: &Service, hostname: &str) -> Decision {
        self.ask_about(service, hostname, decide::decide)
    }

    fn ask_about<T>(&self, service: &Service, hostname: &str, ask_for: fn(&HostContext<'_>) -> T) -> T {
        let mut records = self.records.clone();
        let host = records.host(&service.endpoint.server, &service.username, hostname).clone();
        let services: Vec<&Service> = self.services.iter().collect();
        let (addresses, ask) = (&self.addresses, self.ask);
        let client = Client { contact: self.contact, version: self.version };
        let (now, services, records, host) = (&self.now(), services.as_slice(), &self.records, &host);
        ask_for(&HostContext { services, service, client, records, host, addresses, now, ask })
    }

    fn due(&self, service: &Service) -> Vec<(String, SendReason)> {
        let decide = |name: &String| {
            let Decision::Send(reason) = self.decide_for(service, name) else { return None };
            Some((name.clone(), reason))
        };
        service.hostnames.iter().filter_map(decide).collect()
    }

    /// What the first service sends now, and becomes of it; the hosts that were sent.
    pub(super) fn send(&mut self, outcome: &Outcome) -> Vec<String> {
        self.send_from(0, outcome)
    }

    pub(super) fn send_from(&mut self, at: usize, outcome: &Outcome) -> Vec<String> {
        let (service, begun) = (self.services[at].clone(), self.now());
        let hosts = self.due(&service);
        if !hosts.is_empty() {
            outcome::begin(&mut self.records, &service, &hosts, &self.addresses, &begun);
            self.wall += self.set_meanwhile;
            let now = self.now();
            let sent = Sent {
                service: &service,
                hosts: &hosts,
                addresses: &self.addresses,
                contact: self.contact,
                version: self.version,
                begun: &begun,
                now: &now,
                jitter: self.jitter,
            };
            outcome::apply(&mut self.records, &sent, outcome);
            self.has_failed = outcome::has_failed(&self.records, &sent);
        }
        hosts.into_iter().map(|(name, _)| name).collect()
    }

    /// The same reply for every host that is due.
    pub(super) fn reply(&mut self, reply: Reply) -> Vec<String> {
        self.replies(&vec![reply; 20], None)
    }

    pub(super) fn replies(&mut self, replies: &[Reply], retry_after: Option<u64>) -> Vec<String> {
        self.send(&Outcome::Replied(replies.to_vec(), retry_after))
    }

    /// Whole seconds until the host may be sent: 0 is now.
    pub(super) fn wait_of(&self, hostname: &str) -> Option<u64> {
        match self.decide(hostname) {
            Decision::Send(_) => Some(0),
            Decision::WaitUntil { until, .. } => Some(until.since(self.now().ceil())),
            Decision::Leave { .. } | Decision::Stopped(_) | Decision::NoAddress(_) | Decision::Disabled => {
                None
            }
        }
    }

    pub(super) fn stopped(&self, hostname: &str) -> bool {
        matches!(self.decide(hostname), Decision::Stopped(_))
    }
}
