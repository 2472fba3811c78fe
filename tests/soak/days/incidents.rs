//! What can happen, one incident at a time.

use super::passes::Fate;
use super::{Days, Event, FAR, HOUR, MINUTE, NO_IP, SECOND};
use crate::scene::Cut;
use crate::server::Mood;
use std::net::{Ipv4Addr, Ipv6Addr};

impl Days {
    /// Something happens, and then nothing for a while.
    pub(super) fn incident(&mut self) {
        let server = if self.roll(3) == 0 { FAR } else { NO_IP };
        match self.roll(24) {
            0..=4 => {
                let gap = self.millis(MINUTE);
                self.after(0, Event::Ipv4(None));
                let next = self.some_ipv4();
                self.after(gap, Event::Ipv4(Some(next)));
            }
            5 => {
                let mut at = 0;
                for _ in 0..4 + self.roll(24) {
                    at += 1 + self.millis([SECOND, 20 * SECOND, 3 * MINUTE][at as usize % 3]);
                    let next = self.some_ipv4();
                    self.after(at, Event::Ipv4(Some(next)));
                }
            }
            6 => {
                let prefix = u16::try_from(self.roll(9)).unwrap();
                let next = Ipv6Addr::new(0x2001, 0xdb8, prefix, 0, 0, 0, 0, 7);
                self.after(0, Event::Ipv6((prefix > 0).then_some(next)));
            }
            7 => {
                self.after(0, Event::Ipv4(Some(Ipv4Addr::new(100, 64, 0, 7))));
                let next = self.some_ipv4();
                self.after(HOUR, Event::Ipv4(Some(next)));
            }
            8..=12 => {
                let mood = Mood::any(&mut self.scene.borrow_mut().dice);
                let long = [10 * SECOND, 10 * MINUTE, HOUR, 8 * HOUR][self.roll(4)];
                self.after(0, Event::Mood(server, mood));
                let long = 1 + self.millis(long);
                self.after(long, Event::Mood(server, Mood::Fine));
                let gap = self.millis(long);
                let next = self.some_ipv4();
                self.after(gap, Event::Ipv4(Some(next)));
            }
            13 => self.after(0, Event::Reboot),
            14..=16 => {
                let looks = u32::try_from(self.roll(24)).unwrap();
                let cut = [Cut::BeforeRequest, Cut::BeforeAnswer, Cut::BetweenFiles, Cut::Look(looks)];
                let fates = [Fate::PowerFails, Fate::PowerFails, Fate::Crash, Fate::Hang];
                let (cut, fate) = (cut[self.roll(4)], fates[self.roll(4)]);
                self.after(0, Event::Cut(cut, fate));
                let next = self.some_ipv4();
                self.after(1, Event::Ipv4(Some(next)));
            }
            17 => {
                let force = self.roll(2) == 0;
                self.after(0, Event::Restart(force));
            }
            20 => {
                for _ in 0..1 + self.roll(30) {
                    let at = self.millis(5 * SECOND);
                    self.after(at, Event::Request);
                }
            }
            21 => {
                let off = i64::try_from(self.roll(7200)).unwrap() - 3600;
                self.after(0, Event::ClockJump(off));
            }
            22 => {
                let passes = u32::try_from(self.roll(6)).unwrap();
                self.after(0, Event::Haste(passes));
                self.after(1, Event::Request);
            }
            23 => {
                // Several crashes in a row, with events that request a pass meanwhile.
                let mut at = 0;
                for _ in 0..1 + self.roll(8) {
                    let fate = if self.roll(3) == 0 { Fate::Hang } else { Fate::Crash };
                    self.after(at, Event::Cut(Cut::Look(0), fate));
                    let next = self.some_ipv4();
                    self.after(at + 1, Event::Ipv4(Some(next)));
                    at += 1 + self.millis([SECOND, MINUTE, HOUR][at as usize % 3]);
                }
            }
            _ => {
                let off = if self.roll(2) == 0 { Event::Netifd } else { Event::Kernel };
                self.after(0, off(false));
                let long = self.millis(20 * MINUTE);
                self.after(1 + long, off(true));
                let next = self.some_ipv4();
                self.after(long / 2, Event::Ipv4(Some(next)));
            }
        }
        let stopped = self.scene.borrow().ledger.hosts.values().any(|host| host.stopped);
        if stopped && self.roll(3) == 0 {
            self.after(1 + self.roll(5) as u64, Event::Edit);
        }
        let gap = [MINUTE, 20 * MINUTE, 2 * HOUR, 4 * HOUR, 8 * HOUR][self.roll(5)];
        let gap = 1 + self.millis(gap);
        self.after(gap, Event::Incident);
    }
}
