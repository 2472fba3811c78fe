//! The rules of docs/reference.md#responses, checked independently of the code. The ledger sees requests and responses,
//! and learns from the files how far an interrupted pass got.
//!
//! Times are milliseconds of the 30 days. If the ledger cannot know what a pass knew, it allows more, never less.

use crate::{Tally, trace};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What a response means for a host, by the table of docs/reference.md#responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Accepted,
    StopsHost,
    StopsService,
    StopsAccount,
    StopsServer,
    /// `asked`: the seconds of a 429, 0 without Retry-After. None: an outage.
    Waits {
        asked: Option<u64>,
    },
    Strange,
    Network {
        sent: bool,
    },
    Clock,
}

impl Meaning {
    /// Whether No-IP itself responded.
    fn is_decisive(&self) -> bool {
        !matches!(self, Meaning::Strange | Meaning::Network { .. } | Meaning::Clock)
    }
}

const MINUTE: u64 = 60_000;
const NETWORK: [u64; 9] = [10, 30, 60, 120, 300, 600, 1200, 2400, 3600];
const STRANGE: [u64; 5] = [300, 600, 1200, 2400, 3600];
const OUTAGE: [u64; 4] = [30, 60, 120, 240];
/// Times in the records are whole seconds.
const ROUNDING: u64 = 2000;
/// 5 changes at once within 10 min, then one every 5 min.
const CHANGES: usize = 5 + 2;

/// `--force` sends an unchanged address at most once in 10 min.
const FORCED: u64 = 10 * MINUTE;
/// The clock jumps by at most an hour in each direction.
const JUMPS: u64 = 2 * 60 * MINUTE;

/// The service of a host; the same for all 30 days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) host: &'static str,
    pub(crate) service: &'static str,
    pub(crate) server: &'static str,
    pub(crate) username: &'static str,
    /// force_interval in milliseconds.
    pub(crate) interval: u64,
    pub(crate) both: bool,
}

#[derive(Clone, Debug)]
struct Retry {
    meaning: Meaning,
    failures: usize,
    last: u64,
    until: u64,
    addresses: Vec<IpAddr>,
}

/// What the ledger knows about a host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    /// The accepted addresses according to the records, and when.
    pub(crate) known: Option<(Vec<IpAddr>, u64)>,
    /// After the last response it is open what the server has.
    is_unconfirmed: bool,
    retry: Option<Retry>,
    pub(crate) stopped: bool,
    /// When `--force` last sent an unchanged address.
    forced: Option<u64>,
    /// Accepted changes of this boot.
    changes: Vec<u64>,
    /// The power failed before nicup recorded the response, so nicup cannot know what the server has.
    pub(crate) excused: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    /// No requests until then.
    pub(crate) closed_until: u64,
    /// The latest end of the wait that the server ordered: 429s may count as outages, and the wait may be 10 % longer.
    pub(crate) open_again: u64,
    outages: usize,
    orders: usize,
    /// When the server ordered the wait.
    ordered: u64,
}

/// The last request, until its outcome is certainly recorded.
#[derive(Clone, Debug)]
struct Open {
    server: &'static str,
    hosts: Vec<&'static str>,
    addresses: Vec<IpAddr>,
    begun: u64,
    ended: u64,
    meanings: Vec<Meaning>,
    /// Sent by `--force`.
    force: bool,
}

/// Which outcome of an interrupted pass the files contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Nothing,
    /// Only what survives a reboot.
    Records,
    /// All of it.
    State,
}

pub(crate) struct Ledger {
    pub(crate) owners: &'static [Owner],
    pub(crate) hosts: BTreeMap<&'static str, Host>,
    pub(crate) servers: BTreeMap<&'static str, Server>,
    open: Option<Open>,
    clock_set_at: u64,
    jumped_at: u64,
    booted_at: u64,
    /// The running pass carries out `--force`.
    pub(crate) force: bool,
    pub(crate) tally: Tally,
}

impl Ledger {
    pub(crate) fn new(owners: &'static [Owner]) -> Ledger {
        let hosts = owners.iter().map(|owner| (owner.host, Host::default())).collect();
        let servers = owners.iter().map(|owner| (owner.server, Server::default())).collect();
        Ledger {
            owners,
            hosts,
            servers,
            open: None,
            clock_set_at: 0,
            jumped_at: 0,
            booted_at: 0,
            force: false,
            tally: Tally::default(),
        }
    }

    pub(crate) fn owner(&self, host: &str) -> &'static Owner {
        self.owners.iter().find(|owner| owner.host == host).unwrap()
    }

    /// Checks whether a request may be sent at `t`.
    pub(crate) fn begins(&mut self, t: u64, server: &str, hosts: &[String], addresses: &[IpAddr]) {
        self.recorded(); // the previous request of the same pass
        trace(t, || format!("{hosts:?} {addresses:?} to {server}"));
        self.tally.tries += 1;
        let owners: Vec<&'static Owner> = hosts.iter().map(|host| self.owner(host)).collect();
        for owner in &owners {
            assert_eq!(owner.server, server);
            let Server { closed_until, ordered, .. } = self.servers[owner.server];
            // A wait that survives a reboot keeps its end in wall time.
            let boots = self.booted_at >= ordered;
            let closed = closed_until.saturating_sub(if boots { self.jumped_since(ordered) } else { 0 });
            assert!(
                t + ROUNDING >= closed,
                "{}: at {t}, the server wants no request before {closed}",
                owner.host
            );
            self.hosts[owner.host].may_be_sent(t, owner, addresses, self);
        }
        let hosts: Vec<&'static str> = owners.iter().map(|owner| owner.host).collect();
        let (server, addresses, force) = (owners[0].server, addresses.to_vec(), self.force);
        self.open = Some(Open { server, hosts, addresses, begun: t, ended: t, meanings: Vec::new(), force });
    }

    /// The outcome of the request, possibly with its second transport.
    pub(crate) fn ends(&mut self, t: u64, meanings: Vec<Meaning>) {
        let open = self.open.as_mut().unwrap();
        trace(t, || format!("    {meanings:?}"));
        (open.ended, open.meanings) = (t, meanings);
    }

    /// The pass has written everything to its files.
    pub(crate) fn recorded(&mut self) {
        let Some(open) = self.open.take() else { return };
        let forced = open.hosts.iter().filter(|host| open.force && self.has(host, &open.addresses));
        for host in forced.copied().collect::<Vec<_>>() {
            self.hosts.get_mut(host).unwrap().forced = Some(open.ended);
        }
        self.durable(&open);
        if open.meanings.contains(&Meaning::Network { sent: false }) {
            // Other services skip the failed transport, but count it as a failure if they have something to send.
            self.another_failure_in_between(&open.hosts);
        }
        for (host, meaning) in open.hosts.iter().zip(&open.meanings) {
            self.hosts.get_mut(host).unwrap().volatile(&open, *meaning);
        }
    }

    /// Whether `host` already has all of `addresses`, according to the records.
    fn has(&self, host: &str, addresses: &[IpAddr]) -> bool {
        let known = self.hosts[host].known.as_ref();
        known.is_some_and(|(known, _)| addresses.iter().all(|ip| known.contains(ip)))
    }

    /// The pass was interrupted.
    pub(crate) fn cut(&mut self, kept: Kept) {
        self.tally.cuts += 1;
        if kept == Kept::State {
            return self.recorded();
        }
        let kept = kept == Kept::Records;
        let Some(open) = self.open.take() else { return };
        if kept {
            self.durable(&open);
        }
        for (at, name) in open.hosts.iter().enumerate() {
            let host = self.hosts.get_mut(name).unwrap();
            match open.meanings.get(at) {
                Some(Meaning::Accepted) if kept => (host.is_unconfirmed, host.retry) = (false, None),
                Some(meaning) if kept && meaning.is_decisive() => {
                    (host.is_unconfirmed, host.retry) = (true, None)
                }
                _ => host
                    .volatile(&Open { ended: open.begun, ..open.clone() }, Meaning::Network { sent: true }),
            }
        }
    }

    /// What records.json contains from now on.
    fn durable(&mut self, open: &Open) {
        let server = self.servers.get_mut(open.server).unwrap();
        let wait =
            |meaning: &Meaning| if let Meaning::Waits { asked } = meaning { Some(*asked) } else { None };
        let wait = open.meanings.iter().find_map(wait);
        if let Some(asked) = wait {
            self.tally.waits += 1;
            let length = match asked {
                Some(seconds) => (seconds * 1000).clamp(30 * MINUTE, 30 * 24 * 60 * MINUTE),
                None => OUTAGE[server.outages.min(3)] * MINUTE,
            };
            server.closed_until = open.ended + length;
            let longest = OUTAGE[server.orders.min(3)] * MINUTE * 11 / 10;
            server.open_again = open.ended + if asked.is_some() { length } else { longest };
            server.outages += usize::from(asked.is_none());
            server.orders += 1;
            server.ordered = open.ended;
        } else if open.meanings.iter().any(Meaning::is_decisive) {
            *server = Server::default();
        }
        for (host, meaning) in open.hosts.iter().zip(&open.meanings) {
            self.tally.accepted += u64::from(*meaning == Meaning::Accepted);
            let entry = self.hosts.get_mut(host).unwrap();
            if *meaning == Meaning::Accepted {
                entry.accept(open);
            }
        }
        for (host, meaning) in open.hosts.iter().zip(&open.meanings) {
            let of = self.owner(host);
            let reach: fn(&Owner, &Owner) -> bool = match meaning {
                Meaning::StopsHost => |of, other| of.host == other.host,
                Meaning::StopsService => |of, other| of.service == other.service,
                Meaning::StopsAccount => {
                    |of, other| (of.server, of.username) == (other.server, other.username)
                }
                Meaning::StopsServer => |of, other| of.server == other.server,
                Meaning::Accepted | Meaning::Waits { .. } => continue,
                Meaning::Strange | Meaning::Network { .. } | Meaning::Clock => continue,
            };
            self.tally.stops += 1;
            for other in self.owners.iter().filter(|other| reach(of, other)) {
                self.hosts.get_mut(other.host).unwrap().stopped = true;
            }
        }
    }

    /// A reboot: forgets what need not survive it.
    pub(crate) fn reboots(&mut self, t: u64) {
        self.tally.reboots += 1;
        self.booted_at = t;
        for host in self.hosts.values_mut() {
            host.excused |= host.is_unconfirmed;
            (host.is_unconfirmed, host.retry, host.forced) = (false, None, None);
            host.changes.clear();
        }
    }

    pub(crate) fn clock_is_set(&mut self, t: u64) {
        self.clock_set_at = t;
    }

    pub(crate) fn clock_jumps(&mut self, t: u64) {
        self.jumped_at = t;
    }

    /// By how much wall times that were recorded at `t` may be off.
    pub(crate) fn jumped_since(&self, t: u64) -> u64 {
        if self.jumped_at >= t { JUMPS } else { 0 }
    }

    /// A failure without a request: the number of failures in a row, and their addresses, are unknown from now on.
    pub(crate) fn another_failure_in_between(&mut self, known: &[&str]) {
        let others = self.hosts.iter_mut().filter(|(name, _)| !known.contains(name));
        for retry in others.filter_map(|(_, host)| host.retry.as_mut()) {
            (retry.failures, retry.addresses) = (0, Vec::new());
        }
    }

    /// The user corrected every setting that a stop can depend on.
    pub(crate) fn settings_change(&mut self) {
        self.hosts.values_mut().for_each(|host| host.stopped = false);
    }
}

impl Host {
    fn may_be_sent(&self, t: u64, owner: &Owner, addresses: &[IpAddr], ledger: &Ledger) {
        let name = owner.host;
        assert!(!self.stopped, "{name}: a request at {t} while stopped");
        if let Some(retry) = &self.retry {
            let moved = *addresses != *retry.addresses;
            let soonest = if retry.meaning == Meaning::Clock && ledger.clock_set_at > retry.last {
                retry.last
            } else if matches!(retry.meaning, Meaning::Network { .. }) && moved {
                retry.until.min(retry.last + 10_000)
            } else {
                retry.until
            };
            assert!(t >= soonest, "{name}: a request at {t}, too soon after {retry:?}");
        }
        let Some((known, since)) = &self.known else { return };
        let differs = addresses.iter().any(|ip| !known.contains(ip));
        let old = t + ROUNDING + ledger.jumped_since(*since) >= since + owner.interval;
        let forced = ledger.force && self.forced.is_none_or(|last| t + ROUNDING >= last + FORCED);
        assert!(
            differs || self.is_unconfirmed || old || forced,
            "{name}: at {t}, {addresses:?} is registered since {since}"
        );
        if addresses.iter().any(|ip| known.iter().any(|old| old.is_ipv4() == ip.is_ipv4() && old != ip)) {
            let recent = self.changes.iter().filter(|at| **at + 10 * MINUTE > t).count();
            assert!(recent < CHANGES, "{name}: at {t} {recent} changes in 10 minutes: {:?}", self.changes);
        }
    }

    fn accept(&mut self, open: &Open) {
        let has = |ip: &IpAddr| open.addresses.iter().any(|new| new.is_ipv4() == ip.is_ipv4());
        let mut known = open.addresses.clone();
        if let Some((old, _)) = &self.known {
            let only_v6 = !open.addresses.iter().any(IpAddr::is_ipv4);
            if old.iter().any(|ip| has(ip) && !known.contains(ip)) {
                self.changes.push(open.ended);
            }
            // After an update with IPv6 only, the A record is unknown.
            known.extend(old.iter().filter(|ip| !(has(ip) || only_v6 && ip.is_ipv4())));
        }
        // A response about a family ends the uncertainty about it.
        self.excused &= known.iter().any(|ip| !open.addresses.contains(ip));
        self.known = Some((known, open.ended));
        self.stopped = false;
    }

    /// What lasts until the next reboot.
    fn volatile(&mut self, open: &Open, meaning: Meaning) {
        let strange = |meaning: Meaning| meaning == Meaning::Strange;
        let before = self.retry.take().filter(|retry| strange(retry.meaning) == strange(meaning));
        let before = before.map_or(0, |retry| retry.failures);
        let (wait, failures) = match meaning {
            Meaning::Strange => (STRANGE[before.min(4)], before + 1),
            Meaning::Network { .. } => (NETWORK[before.min(8)], before + 1),
            Meaning::Clock => (600, before),
            Meaning::Accepted | Meaning::Waits { .. } => {
                self.is_unconfirmed &= meaning != Meaning::Accepted;
                return;
            }
            Meaning::StopsHost | Meaning::StopsService | Meaning::StopsAccount | Meaning::StopsServer => {
                self.is_unconfirmed = true;
                return;
            }
        };
        self.is_unconfirmed |= meaning == Meaning::Network { sent: true };
        let (last, addresses) = (open.ended, open.addresses.clone());
        self.retry = Some(Retry { meaning, failures, last, until: last + wait * 1000, addresses });
    }
}
