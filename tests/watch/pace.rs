//! Hours and days in a moment: real passes with a simulated clock, started by the loop's own Schedule.
//!
//! No namespace, no process, no network: only the library. The test controls time, addresses and No-IP.

use crate::place::long;
use nicup::app::Env;
use nicup::app::pass::{self, RunOptions};
use nicup::policy::debounce::{Change, IpVersion};
use nicup::policy::schedule::{Input, Schedule};
use nicup::policy::status;
use nicup::policy::time::RELEASED;
use nicup::sys::clock::{Clock, Reading};
use nicup::sys::file::Root;
use nicup::sys::https::{Route, Transport};
use nicup::sys::netlink::{AddressSource, NetlinkError};
use nicup::sys::ubus::{Netifd, UbusError};
use nicup::wire::dyndns2::{Answer, Failed, Request};
use nicup::wire::rtnl::{Address, DeviceAddresses, DeviceState, Flags, Lifetime, Scope};
use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

const BEGIN: u64 = 100_000;

/// What the test controls.
struct Hands {
    boot_ms: Cell<u64>,
    address: Cell<Ipv4Addr>,
    /// Time in milliseconds and address of each request.
    sent: RefCell<Vec<(u64, String)>>,
}

impl Clock for &Hands {
    fn read(&mut self) -> Reading {
        let boot_ms = self.boot_ms.get();
        let wall = RELEASED + 86_400 + i64::try_from(boot_ms / 1000).unwrap();
        Reading { boot_ms, wall, boot_id: "boot".to_owned() }
    }
}

impl AddressSource for &Hands {
    fn addresses(&mut self, devices: &[&str]) -> Result<Vec<DeviceAddresses>, NetlinkError> {
        let address = Address {
            index: 7,
            ip: IpAddr::V4(self.address.get()),
            prefix_len: 32,
            scope: Scope::Global,
            flags: Flags::PERMANENT,
            preferred: Lifetime::Forever,
            valid: Lifetime::Forever,
        };
        let entry = |device: &&str| DeviceAddresses {
            device: (*device).to_owned(),
            state: DeviceState::Up,
            addresses: vec![address],
        };
        Ok(devices.iter().map(entry).collect())
    }
}

impl Netifd for &Hands {
    fn call(&mut self, _: &str, _: &str) -> Result<String, UbusError> {
        Err(UbusError::Missing)
    }
}

impl Transport for &Hands {
    fn exchange(&mut self, _: &Route<'_>, request: &Request) -> Result<Answer, Failed> {
        let (_, myip) = request.target.split_once("myip=").unwrap();
        self.sent.borrow_mut().push((self.boot_ms.get(), myip.to_owned()));
        let body = format!("good {myip}").into_bytes();
        Ok(Answer { status: 200, retry_after: None, body, ..Answer::default() })
    }
}

struct Days {
    hands: Hands,
    root: PathBuf,
    schedule: Schedule,
    passes: usize,
}

impl Days {
    fn new(story: &str) -> Days {
        let root = std::env::temp_dir().join(format!("nicup-pace-{}-{story}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(root.join("etc/config")).unwrap();
        let config = "config service 'home'\n\toption username 'u'\n\toption password 'p'\n\
                      \tlist hostname 'home.example.net'\n\toption device 'wan'\n";
        std::fs::write(root.join("etc/config/nicup"), config).unwrap();
        let hands = Hands {
            boot_ms: Cell::new(BEGIN),
            address: Cell::new(Ipv4Addr::new(203, 0, 113, 7)),
            sent: RefCell::default(),
        };
        let schedule = Schedule::start(BEGIN, None, false);
        let mut days = Days { hands, root, schedule, passes: 0 };
        days.until(BEGIN);
        days
    }

    fn pass(&mut self) {
        self.on(Input::PassStarted);
        let hands = &self.hands;
        let (mut clock, mut kernel, mut netifd, mut transport) = (hands, hands, hands, hands);
        let mut env = Env {
            root: Root::new(self.root.clone()),
            config_dir: "/etc/config".to_owned(),
            clock: &mut clock,
            kernel: &mut kernel,
            netifd: &mut netifd,
            transport: &mut transport,
        };
        let order = RunOptions { in_loop: true, ..RunOptions::default() };
        let report = pass::run(&mut env, &order).unwrap().unwrap();
        self.on(Input::PassFinished(report.wake));
        let due = self.schedule.due();
        assert!(due.is_none_or(|at| at > self.hands.boot_ms.get()), "a pass that is due at once, again");
        self.passes += 1;
    }

    /// Sleeps as the loop does, until `end`.
    fn until(&mut self, end: u64) {
        while let Some(due) = self.schedule.due().filter(|due| *due <= end) {
            let due = due.max(self.hands.boot_ms.get());
            self.hands.boot_ms.set(due);
            self.pass();
        }
        self.hands.boot_ms.set(end);
    }

    /// The address changes at `at`.
    fn change(&mut self, at: u64, last: u64) {
        self.until(at);
        self.hands.address.set(Ipv4Addr::new(203, 0, 113, u8::try_from(last).unwrap()));
        self.on(Input::Device(Change::Went(IpVersion::Ipv4)));
        self.on(Input::Device(Change::Came(IpVersion::Ipv4)));
    }

    fn on(&mut self, input: Input) {
        self.schedule.on(self.hands.boot_ms.get(), input);
    }

    fn sent(&self) -> Vec<(u64, String)> {
        self.hands.sent.borrow().clone()
    }

    fn shown(&self) -> status::HostStatus {
        let text = std::fs::read_to_string(self.root.join("var/run/nicup/status.json")).unwrap();
        status::read(&text).unwrap().services[0].hosts[0].clone()
    }
}

impl Drop for Days {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// The first five changes may be sent at once; all later ones are at least 5 min apart.
fn is_paced(sent: &[(u64, String)]) {
    for (n, pair) in sent.windows(2).enumerate() {
        let gap = pair[1].0 - pair[0].0;
        assert!(n < 5 || gap >= 300_000, "request {} after {gap} ms: {sent:?}", n + 1);
    }
}

#[test]
fn the_rate_limit_is_five_requests_and_then_one_every_five_minutes() {
    let mut days = Days::new("rate-limit");
    for flap in 0..1000 {
        days.change(BEGIN + 60_000 + flap * 10, 8 + flap % 200);
    }
    // The address keeps changing, but more slowly, for half an hour.
    for flap in 0..900 {
        days.change(BEGIN + 70_000 + flap * 2000, 8 + flap % 199);
    }
    let last = 250;
    days.change(BEGIN + 1_900_000, last);
    days.until(BEGIN + 4_000_000);
    let sent = days.sent();
    is_paced(&sent);
    // The first update, five changes, and one for each 5 min of the rate limit.
    assert!((1 + 5 + 6..=1 + 5 + 8).contains(&sent.len()), "{sent:?}");
    assert_eq!(sent.last().unwrap().1, "203.0.113.250");
    let shown = days.shown();
    assert_eq!((shown.state.as_str(), shown.registered_ipv4), ("current", Some([203, 0, 113, 250].into())));
    // After ten quiet minutes, nicup sends a change at once again.
    let at = BEGIN + 5_000_000;
    days.change(at, 9);
    days.until(at + 10_000);
    assert_eq!(days.sent().last().unwrap(), &(at + 300, "203.0.113.9".to_owned()));
}

#[test]
fn a_day_of_changes_leaves_nothing_behind() {
    let mut days = Days::new("day");
    let files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let size = |days: &Days| days.root.join("var/run/nicup/state.json").metadata().unwrap().len();
    let (pace, day) = (if long() { 30_000 } else { 420_000 }, 86_400_000);
    let (mut open, mut written) = (0, 0);
    for change in 1..day / pace {
        days.change(BEGIN + change * pace, 8 + change % 200);
        if change == day / pace / 4 {
            (open, written) = (files(), size(&days));
        }
    }
    days.until(BEGIN + day + 600_000);
    is_paced(&days.sent()[1..]);
    assert!(size(&days) < written + 200, "state.json grew from {written} to {}", size(&days));
    // Other tests of this program open and close files, too.
    assert!(files() < open + 30, "{open} descriptors after six hours, {} after a day", files());
    assert_eq!(days.shown().state.as_str(), "current");
    assert!(days.passes > 200);
}

#[test]
fn a_quiet_month_is_two_requests() {
    let mut days = Days::new("month");
    days.until(BEGIN + 30 * 86_400_000);
    let sent = days.sent();
    assert_eq!(sent.len(), 2, "{sent:?}");
    let forced = sent[1].0 - sent[0].0;
    assert!((25 * 86_400_000..25 * 86_400_000 + 1000).contains(&forced), "force_interval: {forced} ms");
    assert_eq!(days.passes, 2);
}
