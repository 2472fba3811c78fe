//! A router's environment: clocks, addresses, netifd and the path to the servers, as the pass sees them.
//!
//! Does not know what happens when (days) or what is right (ledger). The files are real, on a tmpfs if possible.

use crate::generate::Dice;
use crate::ledger::{Ledger, Meaning, Owner};
use crate::server::{self, Asked, Mood, Names};
use nicup::app::Env;
use nicup::policy::time::RELEASED;
use nicup::sys::clock::{Clock, Reading};
use nicup::sys::file::Root;
use nicup::sys::https::{Route, Transport};
use nicup::sys::netlink::{AddressSource, NetlinkError};
use nicup::sys::ubus::{Netifd, UbusError};
use nicup::wire::dyndns2::{Answer, Failed, Failure, Request};
use nicup::wire::rtnl::{Address, DeviceAddresses, DeviceState, Flags, Lifetime, Scope};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::rc::Rc;

/// Where a pass is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// At the n-th reading of the clock from now: a pass reads it before and after each step.
    Look(u32),
    /// Before the request is sent.
    BeforeRequest,
    /// After the server has acted.
    BeforeAnswer,
    /// Between records.json and state.json, after the last request.
    BetweenFiles,
}

/// The panic payload of an interrupted pass.
pub(crate) struct CutOff;

pub(crate) struct Scene {
    /// Milliseconds since the start of the 30 days.
    pub(crate) t: u64,
    pub(crate) boot_at: u64,
    pub(crate) boot: u32,
    pub(crate) clock_set: bool,
    /// Seconds by which the wall clock is ahead of the true time once it is set.
    ahead: i64,
    pub(crate) ipv4: Option<Ipv4Addr>,
    pub(crate) ipv6: Option<Ipv6Addr>,
    pub(crate) netifd_answers: bool,
    pub(crate) kernel_answers: bool,
    pub(crate) moods: BTreeMap<&'static str, Mood>,
    pub(crate) names: Names,
    pub(crate) ledger: Ledger,
    pub(crate) dice: Dice,
    pub(crate) cut: Option<Cut>,
    pub(crate) root: PathBuf,
    /// records.json, state.json and attempts.json at the time of the last request.
    pub(crate) before: Option<[Vec<u8>; 3]>,
}

pub(crate) const RECORDS: &str = "etc/nicup/records.json";
pub(crate) const STATE: &str = "var/run/nicup/state.json";
pub(crate) const ATTEMPTS: &str = "var/run/nicup/attempts.json";

impl Scene {
    pub(crate) fn new(seed: u64, owners: &'static [Owner]) -> Scene {
        let shm = PathBuf::from("/dev/shm");
        let dir = if shm.is_dir() { shm } else { std::env::temp_dir() };
        let thread = format!("{:?}", std::thread::current().id());
        let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
        let root = dir.join(format!("nicup-soak-{}-{thread}-{seed}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(root.join("etc/config")).unwrap();
        Scene {
            t: 0,
            boot_at: 0,
            boot: 0,
            clock_set: false,
            ahead: 0,
            ipv4: None,
            ipv6: None,
            netifd_answers: true,
            kernel_answers: true,
            moods: owners.iter().map(|owner| (owner.server, Mood::Fine)).collect(),
            names: Names::new(),
            ledger: Ledger::new(owners),
            dice: Dice::new(seed),
            cut: None,
            root,
            before: None,
        }
    }

    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.root.join(name)).unwrap_or_default()
    }

    /// Milliseconds since boot.
    pub(crate) fn uptime(&self) -> u64 {
        self.t - self.boot_at
    }

    /// Sets how many seconds the wall clock is ahead from now on.
    pub(crate) fn wall_is_off_by(&mut self, seconds: i64) {
        if self.ahead != seconds {
            self.ahead = seconds;
            self.ledger.clock_jumps(self.t);
        }
    }

    fn look(&mut self) -> Reading {
        self.t += 1;
        match self.cut {
            Some(Cut::Look(0)) => self.end_here(),
            Some(Cut::Look(more)) => self.cut = Some(Cut::Look(more - 1)),
            _ => {}
        }
        let seconds = i64::try_from(self.t / 1000).unwrap();
        let since_boot = i64::try_from(self.uptime() / 1000).unwrap();
        let wall = if self.clock_set { RELEASED + 10 * 86_400 + seconds + self.ahead } else { since_boot };
        Reading { boot_ms: self.uptime(), wall, boot_id: format!("boot-{}", self.boot) }
    }

    fn end_here(&mut self) {
        self.cut = None;
        std::panic::resume_unwind(Box::new(CutOff));
    }

    fn exchange(&mut self, route: &Route<'_>, request: &Request) -> Result<Answer, Failed> {
        let asked = Asked::read(&request.target);
        if route.port == 443 {
            let t = self.t;
            self.ledger.begins(t, route.server, &asked.hosts, &asked.addresses);
        }
        self.before = Some([RECORDS, STATE, ATTEMPTS].map(|name| self.file(name)));
        self.t += 20 + self.dice.roll(400) as u64;
        if self.cut == Some(Cut::BeforeRequest) {
            self.end_here();
        }
        let all = |meaning: Meaning| vec![meaning; asked.hosts.len()];
        let (answer, meanings) = if self.clock_set {
            let mood = self.moods[route.server];
            let answer = server::answer(mood, &mut self.dice, &mut self.names, &asked);
            (answer.answer, answer.meanings)
        } else {
            (server::failed(Failure::Clock, true, false), all(Meaning::Clock))
        };
        match &answer {
            Err(failed) => {
                self.ledger.tally.failures += 1;
                self.t += if failed.failure == Failure::Timeout { 30_000 } else { 50 };
            }
            Ok(_) => self.t += 50,
        }
        self.ledger.ends(self.t, meanings);
        if self.cut == Some(Cut::BeforeAnswer) {
            self.end_here();
        }
        answer
    }

    fn device(&self, name: &str) -> DeviceAddresses {
        let address = |ip: IpAddr, prefix_len| Address {
            index: 3,
            ip,
            prefix_len,
            scope: Scope::Global,
            flags: Flags::PERMANENT,
            preferred: Lifetime::Forever,
            valid: Lifetime::Forever,
        };
        let v4 = self.ipv4.map(|ip| address(ip.into(), 32));
        let v6 = self.ipv6.map(|ip| address(ip.into(), 64));
        let addresses = v4.into_iter().chain(v6).collect();
        DeviceAddresses { device: name.to_owned(), state: DeviceState::Up, addresses }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// The scene in each of the four roles that a pass needs.
#[derive(Clone)]
pub(crate) struct Part(pub(crate) Rc<RefCell<Scene>>);

impl Clock for Part {
    fn read(&mut self) -> Reading {
        self.0.borrow_mut().look()
    }
}

impl AddressSource for Part {
    fn addresses(&mut self, devices: &[&str]) -> Result<Vec<DeviceAddresses>, NetlinkError> {
        let scene = self.0.borrow();
        if scene.kernel_answers {
            Ok(devices.iter().map(|name| scene.device(name)).collect())
        } else {
            Err(NetlinkError::Changing)
        }
    }
}

impl Netifd for Part {
    fn call(&mut self, object: &str, method: &str) -> Result<String, UbusError> {
        if !self.0.borrow().netifd_answers {
            return Err(UbusError::Failed("ubus gave no answer in 5 s".to_owned()));
        }
        let wan = r#"{"interface":"wan","up":true,"l3_device":"pppoe-wan"}"#;
        match (object, method) {
            ("network.interface", "dump") => Ok(format!("{{\"interface\":[{wan}]}}")),
            ("network.interface.wan", "status") => Ok(wan.to_owned()),
            _ => Err(UbusError::Missing),
        }
    }
}

impl Transport for Part {
    fn exchange(&mut self, route: &Route<'_>, request: &Request) -> Result<Answer, Failed> {
        self.0.borrow_mut().exchange(route, request)
    }
}

/// Runs `work` with the environment of a pass.
pub(crate) fn with_world<T>(scene: &Rc<RefCell<Scene>>, work: impl FnOnce(&mut Env<'_>) -> T) -> T {
    let part = || Part(Rc::clone(scene));
    let (mut clock, mut kernel, mut netifd, mut transport) = (part(), part(), part(), part());
    let root = Root::new(scene.borrow().root.clone());
    work(&mut Env {
        root,
        config_dir: "/etc/config".to_owned(),
        clock: &mut clock,
        kernel: &mut kernel,
        netifd: &mut netifd,
        transport: &mut transport,
    })
}
