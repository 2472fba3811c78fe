//! A router in a folder: its files (disk), a WAN device with real addresses, netifd's responses, a log daemon, and
//! No-IP.
//!
//! Everything a test needs to run the real program with `--root` and to examine the result.
#![allow(dead_code, unused_imports)] // no test program uses all of it

mod disk;
mod namespace;
mod netifd;
mod patience;
pub(crate) mod status;
mod syslog;

pub(crate) use disk::walk;
pub(crate) use namespace::{inside, say, skip, tool};
pub(crate) use patience::{patience, slack};

use disk::Disk;
use netifd::Netifd;
use noip_simulator::{Options, Simulator};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use syslog::Syslog;

pub(crate) const NICUP: &str = env!("CARGO_BIN_EXE_nicup");
pub(crate) const HOME: &str = "home.example.net";
pub(crate) const OFFICE: &str = "office.example.net";
pub(crate) const CONFIG: &str = "etc/config/nicup";
pub(crate) const CA: &str = "etc/ssl/certs/ca-certificates.crt";
pub(crate) const STATUS: &str = "var/run/nicup/status.json";
pub(crate) const STATE: &str = "var/run/nicup/state.json";
pub(crate) const ATTEMPTS: &str = "var/run/nicup/attempts.json";
pub(crate) const RECORDS: &str = "etc/nicup/records.json";

/// The result of one run of the program.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    fn of(output: std::process::Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { exit: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The router. It has its own device, so that two routers in one network namespace do not share one.
pub(crate) struct Router {
    pub(crate) sim: Simulator,
    pub(crate) device: String,
    pub(crate) netifd: Netifd,
    pub(crate) syslog: Syslog,
    disk: Disk,
    /// The folder of the root and of the programs in PATH.
    dir: PathBuf,
}

/// Most of what a test does with a router concerns its files.
impl Deref for Router {
    type Target = Disk;

    fn deref(&self) -> &Disk {
        &self.disk
    }
}

impl Router {
    /// A router with 203.0.113.7 on its WAN and one service. None: the test ran inside the namespace, or cannot run.
    pub(crate) fn new(story: &str) -> Option<Router> {
        Router::with(story, Options::default())
    }

    pub(crate) fn with(story: &str, options: Options) -> Option<Router> {
        if !inside(story) {
            return None;
        }
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // A socket's path is limited to 108 bytes.
        let dir = std::env::temp_dir().join(format!("nicup-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let (root, device) = (dir.join("root"), format!("wan{number}"));
        let netifd = Netifd::new(&dir.join("bin"));
        let syslog = Syslog::listen(&root);
        ip(&format!("link add {device} type veth peer name peer{number}"));
        ip(&format!("link set {device} up"));
        let router = Router {
            sim: Simulator::start(options).unwrap(),
            device,
            netifd,
            syslog,
            disk: Disk { root },
            dir,
        };
        router.address("add 203.0.113.7/32");
        router.write(CA, router.sim.ca_pem());
        router.write("tmp/sysinfo/model", "Test Router\n");
        router.write("etc/openwrt_release", "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='24.10.0'\n");
        router.netifd.up("wan", &router.device);
        router.configure("");
        Some(router)
    }

    /// `ip addr ...` on the WAN device.
    pub(crate) fn address(&self, change: &str) {
        ip(&format!("addr {change} dev {}", self.device));
    }

    /// Replaces an IPv4 address by another.
    pub(crate) fn move_to(&self, old: &str, new: &str) {
        self.address(&format!("del {old}/32"));
        self.address(&format!("add {new}/32"));
    }

    /// One service `home` on the WAN device, with additional lines.
    pub(crate) fn configure(&self, more: &str) {
        self.config(
            &self
                .service("home", &format!("option device '{}'\nlist hostname '{HOME}'\n{more}", self.device)),
        );
    }

    /// A section. An option in `more` replaces the default.
    pub(crate) fn service(&self, name: &str, more: &str) -> String {
        let mut text = format!("config service '{name}'\n");
        let port = self.sim.port().to_string();
        let usual = [
            ("username", noip_simulator::TEST_USERNAME),
            ("password", noip_simulator::TEST_PASSWORD),
            ("server", "127.0.0.1"),
            ("port", port.as_str()),
            ("timeout", "5"),
        ];
        for (option, value) in usual {
            if !more.contains(&format!("option {option} ")) {
                text += &format!("\toption {option} '{value}'\n");
            }
        }
        text + more + "\n"
    }

    pub(crate) fn config(&self, text: &str) {
        self.write(CONFIG, text);
        std::fs::set_permissions(self.root.join(CONFIG), PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("PATH", self.dir.join("bin")).stdin(Stdio::null());
        command
    }

    fn nicup(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(NICUP, &["--root", self.root.to_str().unwrap()]);
        command.args(arguments);
        command
    }

    /// Runs the program to completion.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.nicup(arguments).output().unwrap())
    }

    /// Runs it like a hotplug script.
    pub(crate) fn hotplug(&self, event: &[(&str, &str)]) -> Ran {
        Ran::of(self.nicup(&["run", "--hotplug"]).envs(event.iter().copied()).output().unwrap())
    }

    /// Starts it in the background.
    pub(crate) fn start(&self, arguments: &[&str], event: &[(&str, &str)]) -> Child {
        let mut command = self.nicup(arguments);
        command.envs(event.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a pass and checks its exit status.
    pub(crate) fn pass(&self, exit: i32) -> Ran {
        let ran = self.run(&["run"]);
        assert_eq!(ran.exit, exit, "{ran:#?}");
        ran
    }

    /// Sets No-IP's next responses.
    pub(crate) fn answers(&self, behaviours: &[&str]) {
        self.sim.script(behaviours.iter().map(|text| text.parse().unwrap()));
    }

    /// The number of requests so far. Fails if one was malformed.
    pub(crate) fn requests(&self) -> usize {
        assert_eq!(self.sim.faults(), Vec::<String>::new());
        self.sim.requests().len()
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Waits for a process to exit.
pub(crate) fn finish(child: Child) -> Ran {
    Ran::of(child.wait_with_output().unwrap())
}

/// Runs one `ip` command.
pub(crate) fn ip(line: &str) {
    let output = Command::new("ip").args(line.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {line}: {}", String::from_utf8_lossy(&output.stderr));
}
