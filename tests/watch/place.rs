//! A loop in a network namespace that belongs to one test, and what can be observed from outside.

use crate::common::{self, HOME, Ran, Router, STATUS, finish, slack};
use noip_simulator::Options;
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ALONE: &str = "NICUP_TEST_ALONE";

/// A router in a network namespace that it shares with no other test, so that each event belongs to this test. None:
/// the test ran in another process, or cannot run.
pub(crate) fn alone(story: &str) -> Option<Router> {
    alone_with(story, Options::default())
}

pub(crate) fn alone_with(story: &str, options: Options) -> Option<Router> {
    if std::env::var_os(ALONE).is_some() {
        return Router::with(story, options);
    }
    if !common::inside(story) {
        return None;
    }
    let mut again = Command::new("unshare");
    again.arg("-nm").arg(std::env::current_exe().unwrap()).args(["--exact", story]).env(ALONE, "1");
    let output = again.stderr(Stdio::inherit()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let well = output.status.success() && printed.contains(&format!("test {story} ... ok"));
    // Only the output of the test itself: the rest would look like output of the outer program.
    let why = printed.split_once("stdout ----").map_or(&*printed, |(_, why)| why);
    assert!(well, "{}", why.split("\nstack backtrace:").next().unwrap_or(why).replace("\nfailures:", ""));
    None
}

/// Whether the slow tests run, too.
pub(crate) fn long() -> bool {
    std::env::var_os("NICUP_LONG").is_some_and(|value| value == "1")
}

/// Prints a measured number that the test harness does not capture.
pub(crate) fn say(text: &str) {
    common::say(&format!("watch: {text}"));
}

/// Reports what an ordinary run leaves out. Unlike a test that cannot run, that is never a failure.
pub(crate) fn left_out(story: &str, why: &str) {
    common::say(&format!("SKIP {story}: {why}"));
}

/// Waits until a condition holds.
pub(crate) fn until(what: &str, seconds: u64, so: impl Fn() -> bool) {
    let end = Instant::now() + slack(seconds * 1000);
    while !so() {
        assert!(Instant::now() < end, "{what}: not within {seconds} s, times NICUP_TEST_PATIENCE");
        nap(5);
    }
}

pub(crate) fn nap(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

/// Whether the status shows a host in this state, at this address.
pub(crate) fn shows(r: &Router, state: &str, ipv4: &str) -> bool {
    r.exists(STATUS)
        && r.status().services.iter().flat_map(|service| &service.hosts).any(|host| {
            let is = (host.hostname.as_str(), host.state.as_str(), host.registered_ipv4.as_deref());
            is == (HOME, state, Some(ipv4))
        })
}

pub(crate) fn is_current(r: &Router, ipv4: &str) {
    until(&format!("current at {ipv4}"), 20, || shows(r, "current", ipv4));
}

/// Runs many `ip` commands at once.
pub(crate) fn batch(lines: &str) {
    let mut ip = Command::new("ip").args(["-force", "-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    ip.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(ip.wait().unwrap().success(), "{lines}");
}

/// A running `nicup` process.
pub(crate) struct Running {
    child: Option<Child>,
    pub(crate) pid: u32,
}

/// Starts `nicup watch` and waits for the end of its first pass.
pub(crate) fn watch(r: &Router) -> Running {
    let before = r.exists(STATUS).then(|| r.stamp(STATUS));
    let running = start(r, &["watch"], &[]);
    until("the first pass", 20, || r.exists(STATUS) && Some(r.stamp(STATUS)) != before);
    running
}

pub(crate) fn start(r: &Router, arguments: &[&str], event: &[(&str, &str)]) -> Running {
    Running::of(r.start(arguments, event))
}

impl Running {
    pub(crate) fn of(child: Child) -> Running {
        Running { pid: child.id(), child: Some(child) }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid, signal);
    }

    /// Waits for its exit, and returns exit status and output.
    pub(crate) fn ended(mut self) -> Ran {
        finish(self.child.take().unwrap())
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_none()
    }

    /// Sends it TERM. Returns its result, and how long the stop took.
    pub(crate) fn stop(self) -> (Ran, Duration) {
        let begun = Instant::now();
        self.signal(Signal::TERM);
        (self.ended(), begun.elapsed())
    }

    /// Its children, including zombies.
    pub(crate) fn children(&self) -> Vec<u32> {
        let mut children = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if stat(pid).is_some_and(|fields| fields[1] == self.pid.to_string()) {
                children.push(pid);
            }
        }
        children
    }

    /// The number of open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid)).unwrap().count()
    }

    /// How often it gave up the processor voluntarily, that is, how often it woke up. Unlike involuntary switches, a
    /// busy machine does not add to them.
    pub(crate) fn switches(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let number = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        number.trim().parse().unwrap()
    }

    /// Its own processor time, without its children's.
    pub(crate) fn cpu(&self) -> Duration {
        let fields = stat(self.pid).unwrap();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10) // USER_HZ is 100 on every Linux
    }

    /// Private anonymous memory in KiB.
    pub(crate) fn private(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps", self.pid)).unwrap();
        let (mut sum, mut counts) = (0, false);
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match (words.next().unwrap_or(""), words.next()) {
                ("Private_Dirty:" | "Private_Clean:", Some(number)) if counts => {
                    sum += number.parse::<u64>().unwrap();
                }
                // The first line of a mapping: addresses, permissions, offset, device, inode, name.
                (first, Some(_)) if !first.ends_with(':') => {
                    counts = words.nth(2) == Some("0") && words.next().is_none_or(|name| name != "[vvar]");
                }
                _ => {}
            }
        }
        sum
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    let _ = kill_process(pid, signal);
}

/// Whether the process exists and is not a zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|fields| fields[0] != "Z")
}

/// The fields of /proc/PID/stat after the name: state, parent, ...
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}
