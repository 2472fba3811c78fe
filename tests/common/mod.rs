//! A router in a folder: its files, a WAN device with real addresses, netifd's answers, a log daemon, and No-IP.
//!
//! Everything a story needs to run the real program with `--root` and to look at what it left behind.
#![allow(dead_code, unused_imports)] // no test program uses all of it

mod namespace;
mod patience;
pub(crate) mod status;
mod syslog;

pub(crate) use namespace::{inside, skip, tool};
pub(crate) use patience::{patience, slack};

use noip_simulator::{Options, Simulator};
use status::{HostStatus, ServiceStatus, Status};
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
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

/// What one run of the program did.
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

/// The router. Two services of one name must not share a device, hence its own for each.
pub(crate) struct Router {
    pub(crate) sim: Simulator,
    pub(crate) device: String,
    pub(crate) root: PathBuf,
    dir: PathBuf,
    syslog: Syslog,
}

impl Router {
    /// A router with 203.0.113.7 on its WAN and one service. None: the story was told inside, or cannot be.
    pub(crate) fn new(story: &str) -> Option<Router> {
        Router::with(story, Options::default())
    }

    pub(crate) fn with(story: &str, options: Options) -> Option<Router> {
        if !inside(story) {
            return None;
        }
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // A socket's path has room for 108 bytes.
        let dir = std::env::temp_dir().join(format!("nicup-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let (root, device) = (dir.join("root"), format!("wan{number}"));
        std::fs::create_dir_all(dir.join("bin")).unwrap();
        symlink(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/ubus"), dir.join("bin/ubus")).unwrap();
        let syslog = Syslog::listen(&root);
        ip(&format!("link add {device} type veth peer name peer{number}"));
        ip(&format!("link set {device} up"));
        let router = Router { sim: Simulator::start(options).unwrap(), device, root, dir, syslog };
        router.address("add 203.0.113.7/32");
        router.write(CA, router.sim.ca_pem());
        router.write("tmp/sysinfo/model", "Test Router\n");
        router.write("etc/openwrt_release", "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='24.10.0'\n");
        router.netifd("wan", &router.device);
        router.configure("");
        Some(router)
    }

    /// `ip addr ...` on the WAN device.
    pub(crate) fn address(&self, change: &str) {
        ip(&format!("addr {change} dev {}", self.device));
    }

    /// Another IPv4 address in place of the old one.
    pub(crate) fn move_to(&self, old: &str, new: &str) {
        self.address(&format!("del {old}/32"));
        self.address(&format!("add {new}/32"));
    }

    /// What netifd says of a logical interface that is up.
    pub(crate) fn netifd(&self, interface: &str, device: &str) {
        let text = format!("{{\"up\":true,\"pending\":false,\"l3_device\":\"{device}\",\"proto\":\"dhcp\"}}");
        self.ubus(&format!("network.interface.{interface}.status"), &text);
    }

    /// Puts a file beside the `ubus` command: its answer to a call, or `hangs`.
    pub(crate) fn ubus(&self, file: &str, text: &str) {
        std::fs::write(self.dir.join("bin").join(file), text).unwrap();
    }

    pub(crate) fn no_ubus(&self, file: &str) {
        std::fs::remove_file(self.dir.join("bin").join(file)).unwrap();
    }

    /// The calls of `ubus` since the last time.
    pub(crate) fn ubus_calls(&self) -> Vec<String> {
        let path = self.dir.join("bin/calls");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text.lines().map(str::to_owned).collect()
    }

    /// Arguments and environments that `ubus` and its parent were seen with.
    pub(crate) fn ubus_saw(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.join("bin/seen")).unwrap_or_default()).into_owned()
    }

    /// One service `home` on the WAN device, with further lines of its own.
    pub(crate) fn configure(&self, more: &str) {
        self.config(
            &self
                .service("home", &format!("option device '{}'\nlist hostname '{HOME}'\n{more}", self.device)),
        );
    }

    /// A section; an option in `more` takes the place of the usual one.
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

    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    pub(crate) fn exists(&self, file: &str) -> bool {
        self.root.join(file).symlink_metadata().is_ok()
    }

    /// Gives every number after `"name":` in a file another value: what time would have done to it.
    pub(crate) fn set(&self, file: &str, name: &str, value: i64) {
        let text = self.read(file);
        let key = format!("\"{name}\":");
        let mut parts = text.split(key.as_str());
        let mut new = parts.next().unwrap().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
            new += &if rest.len() == part.len() {
                format!("{key}{part}")
            } else {
                format!("{key}{value}{rest}")
            };
        }
        assert_ne!(new, text, "{name} in {file}");
        self.write(file, new);
    }

    /// Our own back-off is over.
    pub(crate) fn back_off_is_over(&self) {
        self.set(STATE, "until", 0);
    }

    /// The machine was restarted: /var/run is empty, and what survived is of another boot.
    pub(crate) fn reboot(&self) {
        std::fs::remove_dir_all(self.root.join("var/run")).unwrap();
        if self.exists(RECORDS) {
            let text = self.read(RECORDS);
            let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
            let other = "00000000-1111-2222-3333-444444444444";
            assert!(text.contains(boot.trim()) || !text.contains("boot_id"), "{text}");
            self.write(RECORDS, text.replace(boot.trim(), other));
        }
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

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.nicup(arguments).output().unwrap())
    }

    /// Runs it as a hotplug script does.
    pub(crate) fn hotplug(&self, event: &[(&str, &str)]) -> Ran {
        Ran::of(self.nicup(&["run", "--hotplug"]).envs(event.iter().copied()).output().unwrap())
    }

    /// Starts it and lets it run.
    pub(crate) fn start(&self, arguments: &[&str], event: &[(&str, &str)]) -> Child {
        let mut command = self.nicup(arguments);
        command.envs(event.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs and expects an exit status.
    pub(crate) fn pass(&self, exit: i32) -> Ran {
        let ran = self.run(&["run"]);
        assert_eq!(ran.exit, exit, "{ran:#?}");
        ran
    }

    pub(crate) fn status(&self) -> Status {
        status::read(&self.read(STATUS)).unwrap_or_else(|| panic!("{}", self.read(STATUS)))
    }

    pub(crate) fn service_status(&self, name: &str) -> ServiceStatus {
        self.status().services.into_iter().find(|service| service.name == name).unwrap()
    }

    pub(crate) fn host(&self, hostname: &str) -> HostStatus {
        let services = self.status().services;
        let mut hosts = services.into_iter().flat_map(|service| service.hosts);
        hosts.find(|host| host.hostname == hostname).unwrap_or_else(|| panic!("no {hostname} in the status"))
    }

    /// State and code of a host, as the page shows them.
    pub(crate) fn shows(&self, hostname: &str, state: &str, code: &str) -> HostStatus {
        let host = self.host(hostname);
        assert_eq!((host.state.as_str(), host.code.as_deref().unwrap_or("-")), (state, code), "{host:#?}");
        host
    }

    /// The problems in the status, one line each.
    pub(crate) fn problems(&self) -> Vec<String> {
        let line = |line: Option<u32>| line.map(|line| format!(":{line}")).unwrap_or_default();
        let problems = self.status().problems;
        problems.iter().map(|p| format!("{} {}{}: {}", p.level, p.file, line(p.line), p.message)).collect()
    }

    /// What No-IP answers next.
    pub(crate) fn answers(&self, behaviours: &[&str]) {
        self.sim.script(behaviours.iter().map(|text| text.parse().unwrap()));
    }

    /// How many requests have come; none of them may be malformed.
    pub(crate) fn requests(&self) -> usize {
        assert_eq!(self.sim.faults(), Vec::<String>::new());
        self.sim.requests().len()
    }

    /// The lines for syslog since the last time.
    pub(crate) fn syslog(&self) -> Vec<String> {
        self.syslog.take()
    }

    /// The log daemon ends.
    pub(crate) fn stop_syslog(&self) {
        self.syslog.stop();
    }

    /// Inode and time of a file: whether it was written.
    pub(crate) fn stamp(&self, file: &str) -> (u64, i64, i64) {
        let metadata = self.root.join(file).metadata().unwrap();
        (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
    }

    pub(crate) fn mode(&self, file: &str) -> u32 {
        self.root.join(file).metadata().unwrap().mode() & 0o7777
    }

    /// Every file with all that a write would change.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, (u64, i64, i64, Vec<u8>)> {
        let mut found = BTreeMap::new();
        walk(&self.root, &mut |path| {
            let metadata = path.symlink_metadata().unwrap();
            let content = if metadata.is_file() { std::fs::read(path).unwrap() } else { Vec::new() };
            found.insert(path.to_owned(), (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), content));
        });
        found
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Calls `see` for a folder, and everything below it.
pub(crate) fn walk(path: &Path, see: &mut dyn FnMut(&Path)) {
    see(path);
    if path.symlink_metadata().unwrap().is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            walk(&entry.unwrap().path(), see);
        }
    }
}

/// Waits for a process that was started.
pub(crate) fn finish(child: Child) -> Ran {
    Ran::of(child.wait_with_output().unwrap())
}

/// Runs one line of `ip`.
pub(crate) fn ip(line: &str) {
    let output = Command::new("ip").args(line.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {line}: {}", String::from_utf8_lossy(&output.stderr));
}
