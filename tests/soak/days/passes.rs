//! Passes: started when the Schedule says so, completed or interrupted.

use super::{Days, Event, HOUR, MINUTE, OWNERS, SECOND};
use crate::ledger::Kept;
use crate::scene::{ATTEMPTS, Cut, CutOff, RECORDS, STATE, with_world};
use crate::trace;
use nicup::app::pass::{self, RunOptions};
use nicup::policy::record::{Records, read_records};
use nicup::policy::schedule::Input;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// How an interrupted pass ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Crash,
    /// It does nothing more until the loop kills it.
    Hang,
    /// Everything stops: the power fails.
    PowerFails,
}

/// The time that the loop allows for a pass with these services, at least.
const HANG: u64 = 5 * MINUTE;

impl Days {
    pub(super) fn pass(&mut self) {
        let begun = self.t();
        self.timing.starts(begun);
        self.on(Input::PassStarted);
        let force = self.schedule.is_forced();
        assert_eq!(force, self.is_forced, "--force is carried out once, by a pass that ends");
        {
            let mut scene = self.scene.borrow_mut();
            scene.before = None;
            scene.ledger.force = force;
            scene.ledger.tally.passes += 1;
            scene.ledger.tally.forced += u64::from(force);
        }
        let order = RunOptions { in_loop: true, force, ..RunOptions::default() };
        let ended = catch_unwind(AssertUnwindSafe(|| {
            with_world(&self.scene, |env| pass::run(env, &order)).unwrap().unwrap()
        }));
        let between = self.scene.borrow().cut == Some(Cut::BetweenFiles);
        let sent = self.scene.borrow().before.clone();
        match (ended, sent) {
            (Ok(_), Some(before)) if between => {
                self.scene.borrow_mut().cut = None;
                for (name, text) in [(STATE, &before[1]), (ATTEMPTS, &before[2])] {
                    std::fs::write(self.scene.borrow().root.join(name), text).unwrap();
                }
                self.cut_off(Some(before));
            }
            (Ok(report), _) => {
                self.scene.borrow_mut().ledger.recorded();
                for host in report.status.services.iter().flat_map(|service| &service.hosts) {
                    let stopped = self.scene.borrow().ledger.hosts[host.hostname.as_str()].stopped;
                    assert!(!stopped || host.state.as_str() == "stopped", "{host:?} was stopped");
                }
                let mut wake = report.wake;
                if self.hasty > 0 {
                    self.hasty -= 1;
                    wake.at = Some(self.scene.borrow().uptime() / SECOND);
                }
                self.meanwhile();
                self.is_forced = false;
                let (t, boot_at) = (self.t(), self.scene.borrow().boot_at);
                self.timing.ends(t, boot_at, &wake);
                self.on(Input::PassFinished(wake));
                trace(t, || format!("a pass ended: due {:?} of {}", self.schedule.due(), t - boot_at));
            }
            (Err(why), sent) if why.is::<CutOff>() => self.cut_off(sent),
            (Err(why), _) => resume_unwind(why),
        }
        self.records_hold();
        if self.leaves && self.is_running && self.schedule.is_done() {
            trace(self.t(), || "run --wait ends".to_owned());
            self.is_running = false;
            self.scene.borrow_mut().ledger.tally.settled += 1;
        }
    }

    /// Runs the outside events that happened during the pass.
    fn meanwhile(&mut self) {
        let now = self.t();
        while let Some(at) = self.events.iter().find(|(_, event)| event.is_outside()).map(|(at, _)| *at)
            && at.0 < now
        {
            let event = self.events.remove(&at).unwrap();
            self.happens(event);
        }
    }

    /// The pass was interrupted. `before`: the files at the time of its last request.
    fn cut_off(&mut self, before: Option<[Vec<u8>; 3]>) {
        let changed = |at: usize, name| {
            before.as_ref().is_some_and(|before| before[at] != self.scene.borrow().file(name))
        };
        let kept = match (changed(0, RECORDS), changed(1, STATE)) {
            (_, true) => Kept::State,
            (true, false) => Kept::Records,
            (false, false) => Kept::Nothing,
        };
        trace(self.t(), || format!("{:?}: kept of its last outcome: {kept:?}", self.fate));
        self.scene.borrow_mut().ledger.cut(kept);
        if self.fate == Fate::PowerFails {
            self.fate = Fate::Crash;
            return self.reboot();
        }
        if self.fate == Fate::Hang {
            let mut scene = self.scene.borrow_mut();
            scene.t += HANG;
            scene.ledger.tally.hangs += 1;
        }
        self.fate = Fate::Crash;
        self.meanwhile();
        let t = self.t();
        self.timing.crashes(t);
        self.on(Input::PassCrashed);
        self.quiet_since = self.scene.borrow().boot_at + self.schedule.due().unwrap();
    }

    /// Checks that nothing recorded is lost.
    fn records_hold(&self) {
        let scene = self.scene.borrow();
        let text = String::from_utf8(scene.file(RECORDS)).unwrap();
        let records = if text.is_empty() { Records::default() } else { read_records(&text).unwrap() };
        for owner in OWNERS {
            let Some((known, _)) = &scene.ledger.hosts[owner.host].known else { continue };
            let host = records.get(owner.server, owner.username, owner.host);
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

    /// Checks after a quiet hour that every host that may be updated has the address, and that no forced update is
    /// overdue.
    pub(super) fn look(&mut self) {
        let mut scene = self.scene.borrow_mut();
        let quiet_from = scene.t.saturating_sub(HOUR + MINUTE);
        let fine = |server| scene.moods[server] == crate::server::Mood::Fine;
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
                // A `run --wait` that has exited sends no forced updates.
                assert!(
                    self.leaves || t < accepted + owner.interval + HOUR + scene.ledger.jumped_since(accepted),
                    "{} at {t}: last sent at {accepted}",
                    owner.host
                );
            }
        }
        scene.ledger.tally.quiet += quiet;
    }
}

impl Event {
    /// Whether the event is independent of the loop, so that it can also happen during a pass.
    pub(super) fn is_outside(&self) -> bool {
        match self {
            Event::Ipv4(_) | Event::Ipv6(_) | Event::ClockSet | Event::ClockJump(_) => true,
            Event::Request | Event::Hotplug => true,
            Event::Mood(..) | Event::Netifd(_) | Event::Kernel(_) | Event::Cut(..) | Event::Haste(_) => false,
            Event::Incident | Event::Reboot | Event::Restart(_) | Event::Edit | Event::Look => false,
        }
    }
}
