//! What happens in 30 days, the loop's timing, and the looks at what has become of it.

use crate::ledger::Owner;
use crate::scene::{Cut, CutOff, RECORDS, STATE, Scene, with_world};
use crate::server::Mood;
use crate::turn::Loop;
use crate::{Tally, tell};
use nicup::app::pass::{self, Order};
use nicup::policy::debounce::{Change, Family};
use nicup::policy::record::{Book, read_records};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

mod incidents;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const END: u64 = 30 * DAY;
const NO_IP: &str = "dynupdate.no-ip.com";
const FAR: &str = "ddns.example.org";
const OWNERS: &[Owner] = &[
    Owner {
        host: "a.example.net",
        service: "home",
        server: NO_IP,
        username: "one",
        interval: 25 * DAY,
        both: false,
    },
    Owner {
        host: "b.example.net",
        service: "home",
        server: NO_IP,
        username: "one",
        interval: 25 * DAY,
        both: false,
    },
    Owner {
        host: "c.example.net",
        service: "six",
        server: NO_IP,
        username: "two",
        interval: 25 * DAY,
        both: true,
    },
    Owner {
        host: "d.example.net",
        service: "far",
        server: FAR,
        username: "one",
        interval: 5 * DAY,
        both: false,
    },
];

#[derive(Clone, Copy, Debug)]
enum Event {
    Incident,
    Ipv4(Option<Ipv4Addr>),
    Ipv6(Option<Ipv6Addr>),
    Mood(&'static str, Mood),
    ClockSet,
    Netifd(bool),
    Kernel(bool),
    /// A cut for the next pass with a request. true: the power fails then, too.
    Cut(Cut, bool),
    Reboot,
    Restart,
    /// The user corrects the settings.
    Edit,
    Look,
}

struct Days {
    scene: Rc<RefCell<Scene>>,
    events: BTreeMap<(u64, u64), Event>,
    numbered: u64,
    turn: Loop,
    power_fails: bool,
    edits: u32,
    /// Since when nothing has happened.
    quiet_since: u64,
}

pub(crate) fn live(seed: u64) -> Tally {
    let scene = Rc::new(RefCell::new(Scene::new(seed, OWNERS)));
    let (events, turn) = (BTreeMap::new(), Loop::default());
    let mut days = Days { scene, events, numbered: 0, turn, power_fails: false, edits: 0, quiet_since: 0 };
    days.write_config();
    days.boot();
    days.after(10 * MINUTE, Event::Incident);
    days.after(10 * MINUTE, Event::Look);
    while days.step() {}
    std::mem::take(&mut days.scene.borrow_mut().ledger.tally)
}

impl Days {
    fn roll(&self, sides: usize) -> usize {
        self.scene.borrow_mut().dice.roll(sides)
    }

    fn millis(&self, most: u64) -> u64 {
        self.roll(usize::try_from(most).unwrap()) as u64
    }

    fn t(&self) -> u64 {
        self.scene.borrow().t
    }

    fn after(&mut self, millis: u64, event: Event) {
        self.numbered += 1;
        self.events.insert((self.t() + millis, self.numbered), event);
    }

    /// The next thing that happens: an event, or a pass. False: the 30 days are over.
    fn step(&mut self) -> bool {
        let (t, boot_at) = (self.t(), self.scene.borrow().boot_at);
        let pass = self.turn.due().map(|due| boot_at + due);
        let event = self.events.keys().next().map(|(at, _)| *at);
        let is_pass = pass.is_some_and(|pass| event.is_none_or(|event| pass <= event));
        let at = if is_pass { pass } else { event }.unwrap().max(t);
        if at >= END {
            return false;
        }
        self.scene.borrow_mut().t = at;
        if is_pass {
            self.pass();
        } else if let Some((_, event)) = self.events.pop_first() {
            self.happens(event);
        }
        true
    }

    fn pass(&mut self) {
        self.turn.next = None;
        self.turn.debounce.pass_started();
        {
            let mut scene = self.scene.borrow_mut();
            scene.before = None;
            scene.ledger.tally.passes += 1;
        }
        let order = Order { in_loop: true, ..Order::default() };
        let ended = catch_unwind(AssertUnwindSafe(|| {
            with_world(&self.scene, |world| pass::run(world, &order)).unwrap().unwrap()
        }));
        let between = self.scene.borrow().cut == Some(Cut::BetweenFiles);
        let sent = self.scene.borrow().before.clone();
        match (ended, sent) {
            (Ok(_), Some((records, state))) if between => {
                self.scene.borrow_mut().cut = None;
                std::fs::write(self.scene.borrow().root.join(STATE), &state).unwrap();
                self.cut_off(Some(records));
            }
            (Ok(report), _) => {
                self.scene.borrow_mut().ledger.recorded();
                let uptime = self.scene.borrow().uptime();
                for host in report.status.services.iter().flat_map(|service| &service.hosts) {
                    let stopped = self.scene.borrow().ledger.hosts[host.hostname.as_str()].stopped;
                    assert!(!stopped || host.state == "stopped", "{host:?} was stopped");
                }
                self.turn.ended(report.wake, uptime);
                tell(self.t(), || format!("a pass ended: due {:?} of {uptime}", self.turn.due()));
            }
            (Err(why), sent) if why.is::<CutOff>() => self.cut_off(sent.map(|(records, _)| records)),
            (Err(why), _) => resume_unwind(why),
        }
        self.records_hold();
    }

    /// The pass did not end. `records`: as they were when its last request left.
    fn cut_off(&mut self, records: Option<Vec<u8>>) {
        let (t, uptime) = (self.t(), self.scene.borrow().uptime());
        let kept = records.is_some_and(|before| before != self.scene.borrow().file(RECORDS));
        tell(t, || {
            format!("the pass is cut off, its last outcome is {}recorded", if kept { "" } else { "not " })
        });
        self.scene.borrow_mut().ledger.cut(kept);
        self.turn.crashed(uptime);
        self.quiet_since = t + self.turn.not_before - uptime;
        if std::mem::take(&mut self.power_fails) {
            self.reboot();
        }
    }

    /// What was recorded is still there.
    fn records_hold(&self) {
        let scene = self.scene.borrow();
        let text = String::from_utf8(scene.file(RECORDS)).unwrap();
        let book = if text.is_empty() { Book::default() } else { read_records(&text).unwrap() };
        for owner in OWNERS {
            let Some((known, _)) = &scene.ledger.hosts[owner.host].known else { continue };
            let host = book.get(owner.server, owner.username, owner.host);
            let host = host.unwrap_or_else(|| panic!("{} at {}: its record is lost", owner.host, scene.t));
            let v4 = host.registered.ipv4.map(IpAddr::V4);
            let mut written: Vec<IpAddr> =
                v4.into_iter().chain(host.registered.ipv6.map(IpAddr::V6)).collect();
            let mut known = known.clone();
            written.sort();
            known.sort();
            assert_eq!(written, known, "{} at {}", owner.host, scene.t);
        }
    }

    fn boot(&mut self) {
        {
            let mut scene = self.scene.borrow_mut();
            (scene.boot_at, scene.clock_set) = (scene.t, false);
            scene.boot += 1;
            scene.t += 15 * SECOND;
        }
        self.turn = Loop::starting(15 * SECOND);
        let up = 2 * SECOND + self.millis(MINUTE);
        let address = self.some_ipv4();
        self.after(up, Event::Ipv4(Some(address)));
        let ntp = if self.roll(8) == 0 { HOUR + self.millis(5 * HOUR) } else { self.millis(2 * MINUTE) };
        self.after(up + ntp, Event::ClockSet);
    }

    fn reboot(&mut self) {
        {
            let mut scene = self.scene.borrow_mut();
            let _ = std::fs::remove_dir_all(scene.root.join("var/run"));
            scene.ledger.reboots();
            (scene.ipv4, scene.ipv6, scene.cut) = (None, None, None);
            scene.t += 30 * SECOND;
        }
        self.events.retain(|_, event| !matches!(event, Event::ClockSet | Event::Ipv4(_) | Event::Ipv6(_)));
        self.boot();
    }

    fn some_ipv4(&self) -> Ipv4Addr {
        Ipv4Addr::new(203, 0, 113, 1 + u8::try_from(self.roll(40)).unwrap())
    }

    fn note(&mut self, change: Change) {
        let uptime = self.scene.borrow().uptime();
        self.turn.debounce.note(uptime, change);
    }

    fn happens(&mut self, event: Event) {
        let t = self.t();
        if !matches!(event, Event::Look | Event::Incident) {
            tell(t, || format!("{event:?}"));
            self.quiet_since = self.quiet_since.max(t);
        }
        match event {
            Event::Incident => self.incident(),
            Event::Look => {
                self.look();
                self.after(10 * MINUTE, Event::Look);
            }
            Event::Ipv4(ip) => {
                self.scene.borrow_mut().ipv4 = ip;
                self.note(if ip.is_some() { Change::Came(Family::Ipv4) } else { Change::Went(Family::Ipv4) });
            }
            Event::Ipv6(ip) => {
                self.scene.borrow_mut().ipv6 = ip;
                self.note(if ip.is_some() { Change::Came(Family::Ipv6) } else { Change::Went(Family::Ipv6) });
            }
            Event::Mood(server, mood) => {
                self.scene.borrow_mut().moods.insert(server, mood);
            }
            Event::ClockSet => {
                let mut scene = self.scene.borrow_mut();
                scene.clock_set = true;
                scene.ledger.clock_is_set(t);
                if self.turn.wake.clock {
                    self.turn.next = Some(0);
                }
            }
            Event::Netifd(answers) => {
                self.scene.borrow_mut().netifd_answers = answers;
                self.scene.borrow_mut().ledger.another_failure_in_between(&[]);
            }
            Event::Kernel(answers) => {
                self.scene.borrow_mut().kernel_answers = answers;
                self.scene.borrow_mut().ledger.another_failure_in_between(&[]);
            }
            Event::Cut(cut, power) => {
                self.scene.borrow_mut().cut = Some(cut);
                self.power_fails = power;
            }
            Event::Reboot => self.reboot(),
            Event::Restart => self.restart(),
            Event::Edit => {
                self.edits += 1;
                self.write_config();
                self.scene.borrow_mut().ledger.settings_change();
                self.restart();
            }
        }
    }

    fn restart(&mut self) {
        let uptime = self.scene.borrow().uptime();
        self.turn = Loop::starting(uptime);
    }

    fn write_config(&self) {
        let edit = self.edits;
        let mut text = format!("config nicup 'main'\n\toption contact 'me{edit}@example.net'\n");
        for service in ["home", "six", "far"] {
            let mut owners = OWNERS.iter().filter(|owner| owner.service == service).peekable();
            let first = **owners.peek().unwrap();
            text += &format!("config service '{service}'\n\toption username '{}'\n", first.username);
            text += &format!("\toption password 'p{edit}'\n\toption server '{}'\n", first.server);
            text += &format!("\toption force_interval '{}d'\n", first.interval / DAY);
            text += if first.both { "\toption family 'both'\n" } else { "" };
            owners.for_each(|owner| text += &format!("\tlist hostname '{}'\n", owner.host));
        }
        let path = self.scene.borrow().root.join("etc/config/nicup");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// After a quiet hour everybody who may has the address, and no forced update is overdue.
    fn look(&mut self) {
        let mut scene = self.scene.borrow_mut();
        let quiet_from = scene.t.saturating_sub(HOUR + MINUTE);
        let fine = |server| scene.moods[server] == Mood::Fine;
        if self.quiet_since > quiet_from || !scene.clock_set || !scene.netifd_answers || !scene.kernel_answers
        {
            return;
        }
        let mut quiet = 0;
        for owner in OWNERS.iter().filter(|owner| fine(owner.server)) {
            let host = &scene.ledger.hosts[owner.host];
            if host.stopped || host.excused || scene.ledger.servers[owner.server].open_again > quiet_from {
                continue;
            }
            let v4 = scene.ipv4.filter(|ip| ip.octets()[0] != 100).map(IpAddr::V4);
            let v6 = scene.ipv6.filter(|_| owner.both).map(IpAddr::V6);
            let has = scene.names.get(owner.host).cloned().unwrap_or_default();
            for ip in v4.into_iter().chain(v6) {
                let (t, since) = (scene.t, self.quiet_since);
                assert!(
                    has.contains(&ip),
                    "{} at {t}: {ip} since {since}, and the server has {has:?}",
                    owner.host
                );
                quiet += 1;
                let accepted = host.known.as_ref().map_or(0, |(_, at)| *at);
                assert!(
                    t < accepted + owner.interval + HOUR,
                    "{} at {t}: last sent at {accepted}",
                    owner.host
                );
            }
        }
        scene.ledger.tally.quiet += quiet;
    }
}
