//! The events of 30 days, and what each one means for the loop.

use crate::ledger::Owner;
use crate::scene::{Cut, Scene};
use crate::server::Mood;
use crate::timing::Timing;
use crate::{Tally, trace};
use nicup::policy::debounce::{Change, IpVersion};
use nicup::policy::schedule::{Input, Schedule};
use nicup::wire::wake::MissingFamilies;
use passes::Fate;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

mod incidents;
mod passes;

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
    /// NTP or a user moves the wall clock, so many seconds from the true time.
    ClockJump(i64),
    /// USR1 from `nicup resume` or a script.
    Request,
    /// netifd runs the hotplug script, which wakes the loop or starts one.
    Hotplug,
    Netifd(bool),
    Kernel(bool),
    /// Interrupts the next pass that gets this far, and how it ends.
    Cut(Cut, Fate),
    /// So many passes ask for the next one at once.
    Haste(u32),
    Reboot,
    /// True: with `--force`.
    Restart(bool),
    /// The user corrects the configuration.
    Edit,
    Look,
}

struct Days {
    scene: Rc<RefCell<Scene>>,
    events: BTreeMap<(u64, u64), Event>,
    numbered: u64,
    schedule: Schedule,
    timing: Timing,
    /// The loop is a `run --wait`, which exits when there is nothing to wait for.
    leaves: bool,
    is_running: bool,
    /// No pass has carried out `--force` yet.
    is_forced: bool,
    hasty: u32,
    fate: Fate,
    edits: u32,
    /// When the last event happened.
    quiet_since: u64,
}

pub(crate) fn live(seed: u64) -> Tally {
    let scene = Rc::new(RefCell::new(Scene::new(seed, OWNERS)));
    let mut days = Days {
        scene,
        events: BTreeMap::new(),
        numbered: 0,
        schedule: Schedule::start(0, None, false),
        timing: Timing::default(),
        leaves: seed % 4 == 3,
        is_running: false,
        is_forced: false,
        hasty: 0,
        fate: Fate::Crash,
        edits: 0,
        quiet_since: 0,
    };
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

    /// Runs the next event or pass. False: the 30 days are over.
    fn step(&mut self) -> bool {
        let (t, boot_at) = (self.t(), self.scene.borrow().boot_at);
        let due = self.schedule.due().filter(|_| self.is_running);
        let pass = due.map(|due| (boot_at + due).max(t));
        let event = self.events.keys().next().map(|(at, _)| *at);
        let is_pass = pass.is_some_and(|pass| event.is_none_or(|event| pass <= event));
        let at = if is_pass { pass } else { event }.unwrap().max(t);
        if at >= END {
            return false;
        }
        self.scene.borrow_mut().t = at;
        if self.is_running {
            self.timing.is_idle(at);
        }
        if is_pass {
            self.pass();
        } else if let Some((_, event)) = self.events.pop_first() {
            self.happens(event);
        }
        true
    }

    fn boot(&mut self) {
        {
            let mut scene = self.scene.borrow_mut();
            (scene.boot_at, scene.clock_set) = (scene.t, false);
            scene.boot += 1;
            scene.t += 15 * SECOND;
            scene.wall_is_off_by(0);
        }
        self.is_running = false;
        if !self.leaves {
            self.start_loop(None, false);
        }
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
            let t = scene.t;
            scene.ledger.reboots(t);
            (scene.ipv4, scene.ipv6, scene.cut) = (None, None, None);
            scene.t += 30 * SECOND;
        }
        self.events.retain(|_, event| !event.is_outside());
        self.boot();
    }

    fn some_ipv4(&self) -> Ipv4Addr {
        Ipv4Addr::new(203, 0, 113, 1 + u8::try_from(self.roll(40)).unwrap())
    }

    fn on(&mut self, input: Input) {
        let uptime = self.scene.borrow().uptime();
        self.schedule.on(uptime, input);
    }

    /// Starts the loop, like procd, the hotplug script or a user.
    fn start_loop(&mut self, missing: Option<MissingFamilies>, force: bool) {
        let uptime = self.scene.borrow().uptime();
        self.schedule = Schedule::start(uptime, missing, force);
        (self.timing, self.is_running, self.is_forced) = (Timing::default(), true, force);
        self.timing.request(self.t());
    }

    /// The kernel reports a change to the loop, and sooner or later netifd runs the hotplug script.
    fn address(&mut self, change: Change) {
        let t = self.t();
        if self.is_running {
            self.timing.event(t);
            self.on(Input::Device(change));
        }
        if self.leaves || self.roll(2) == 0 {
            let later = self.millis(SECOND);
            self.after(later, Event::Hotplug);
        }
    }

    fn request(&mut self) {
        let t = self.t();
        self.scene.borrow_mut().ledger.tally.requests += 1;
        self.timing.request(t);
        self.on(Input::PassRequested);
    }

    fn clock_is_set(&mut self) {
        let t = self.t();
        self.scene.borrow_mut().ledger.clock_is_set(t);
        if self.is_running {
            self.timing.clock_set(t);
            self.on(Input::ClockSet);
        } else {
            self.start_loop(None, false); // by NTP's hotplug event
        }
    }

    fn happens(&mut self, event: Event) {
        let t = self.t();
        if !matches!(event, Event::Look | Event::Incident) {
            trace(t, || format!("{event:?}"));
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
                self.address(if ip.is_some() {
                    Change::Came(IpVersion::Ipv4)
                } else {
                    Change::Went(IpVersion::Ipv4)
                });
            }
            Event::Ipv6(ip) => {
                self.scene.borrow_mut().ipv6 = ip;
                self.address(if ip.is_some() {
                    Change::Came(IpVersion::Ipv6)
                } else {
                    Change::Went(IpVersion::Ipv6)
                });
            }
            Event::Mood(server, mood) => {
                self.scene.borrow_mut().moods.insert(server, mood);
            }
            Event::ClockSet => {
                self.scene.borrow_mut().clock_set = true;
                self.clock_is_set();
            }
            Event::ClockJump(seconds) => {
                let mut scene = self.scene.borrow_mut();
                scene.wall_is_off_by(seconds);
                scene.ledger.tally.jumps += 1;
                drop(scene);
                self.clock_is_set();
            }
            Event::Request if self.is_running => self.request(),
            Event::Request => {}
            Event::Hotplug if self.is_running => self.request(),
            Event::Hotplug => self.start_loop(Some(MissingFamilies { ipv4: true, ipv6: true }), false),
            Event::Netifd(answers) => {
                self.scene.borrow_mut().netifd_answers = answers;
                self.scene.borrow_mut().ledger.another_failure_in_between(&[]);
            }
            Event::Kernel(answers) => {
                self.scene.borrow_mut().kernel_answers = answers;
                self.scene.borrow_mut().ledger.another_failure_in_between(&[]);
            }
            Event::Cut(cut, fate) => {
                self.scene.borrow_mut().cut = Some(cut);
                self.fate = fate;
            }
            Event::Haste(passes) => self.hasty = passes,
            Event::Reboot => self.reboot(),
            Event::Restart(force) => self.start_loop(None, force),
            Event::Edit => {
                self.edits += 1;
                self.write_config();
                self.scene.borrow_mut().ledger.settings_change();
                self.start_loop(None, false);
            }
        }
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
}
