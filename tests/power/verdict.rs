//! Checks the state after a fault: the files, the next pass, and how often nicup sent an address.

use crate::common::{HOME, OFFICE, RECORDS, Ran, Router, STATE, STATUS, tool};
use crate::points::{Fault, Point};
use crate::scenes::{Image, NEW, OLD, Scene, program};
use nicup::policy::record::{self, Records};
use nicup::policy::{status, time::Now};
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

const FALLBACK: &str = "var/run/nicup/records.json";
const STATE_ASIDE: &str = "etc/nicup/state.json";
/// The allocator's system calls.
const HEAP: [&str; 3] = ["brk", "mmap", "mremap"];
const LOCK: &str = "var/run/nicup/pass.lock";

/// The consequence of a fault.
pub(crate) struct Outcome {
    pub(crate) sent_twice: bool,
}

/// None: the call did not happen this time.
pub(crate) fn judge(
    r: &Router,
    scene: Scene,
    image: &Image,
    point: &Point,
    fault: Fault,
) -> Result<Option<Outcome>, String> {
    image.restore(r);
    let begun = r.sim.requests().len();
    let sent = || r.sim.requests().len() - begun;
    let struck = strike(r, point, fault)?;
    all_arrived(r);
    if !struck {
        return Ok(None);
    }
    let first = sent();
    let at_work = r.sim.requests()[begun..].iter().filter(|request| request.hostnames == [OFFICE]).count();
    check(at_work == 0, || "the unchanged host was sent".to_owned())?;
    let known = is_done(r, scene)?;

    // The next ordinary pass, at once.
    let next = r.run(&["run"]);
    is_ordinary(&next)?;
    let second = sent() - first;
    let again = first > 0 && second > 0;
    check(!again, || format!("sent again at once, recorded: {known}: {next:?}"))?;
    is_done(r, scene)?;
    if next.exit != scene.exit() || second + first < scene.requests() {
        let host = r.host(HOME);
        let wait = host.next_attempt_uptime.unwrap_or(0).saturating_sub(r.status().uptime);
        check(host.state == "waiting" && (1..=10).contains(&wait), || format!("after it: {host:?}"))?;
        check(!known || first == 0, || format!("it was recorded, and yet: {host:?}"))?;
        r.back_off_is_over();
        r.set(STATE, "last", 0);
    }

    // And another one after its wait.
    let last = r.run(&["run"]);
    check(last.exit == scene.exit(), || format!("in the end: {last:?}"))?;
    let twice = sent() > scene.requests();
    check(sent() <= scene.requests() + usize::from(first > 0 && !known), || format!("{} requests", sent()))?;
    is_done(r, scene)?.then_some(()).ok_or("it is not on record in the end")?;
    let host = r.host(OFFICE);
    let office = if scene == Scene::Waiting { "waiting" } else { "current" };
    check(host.state == office || host.state == "current", || format!("{host:?}"))?;
    check(r.problems().is_empty(), || format!("{:?}", r.problems()))?;
    let all_requests = r.sim.requests();
    check(all_requests[begun..].iter().all(|request| request.hostnames != [OFFICE]), || {
        "the unchanged host was sent".into()
    })?;
    leftovers(r)?;
    Ok(Some(Outcome { sent_twice: twice }))
}

/// A request of the killed pass may still be in transit. A new connection arrives after it, and when all connections
/// have ended, all requests are counted.
fn all_arrived(r: &Router) {
    let before = r.sim.connections().accepted;
    drop(std::net::TcpStream::connect(("127.0.0.1", r.sim.port())).unwrap());
    let all = |seen: &noip_simulator::Connections| seen.accepted > before && seen.ended == seen.accepted;
    assert!(r.sim.wait_for_connections(all, Duration::from_secs(10)), "{:?}", r.sim.connections());
}

fn check(fine: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if fine { Ok(()) } else { Err(why()) }
}

/// Runs the pass with the fault. False: the call did not happen.
fn strike(r: &Router, point: &Point, fault: Fault) -> Result<bool, String> {
    let log = r.root.join("calls");
    let trace = format!("trace={}", point.name);
    let inject = fault.inject(point);
    let strace = tool("strace").unwrap();
    // The filter saves time, but strace injects no signal with it.
    let filter = if fault == Fault::Kill { "-q" } else { "--seccomp-bpf" };
    let arguments = ["-s", "KILL", "20", &strace, "-f", filter, "-e", &trace, "-e", &inject, "-o"];
    let mut command = r.command(&tool("timeout").unwrap(), &arguments);
    let output =
        command.arg(&log).args([&program(), "--root", r.root.to_str().unwrap(), "run"]).output().unwrap();
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let status = output.status;
    // timeout(1) ends like its command: by the signal, or with 128 plus its number.
    let killed = status.signal() == Some(9) || status.code() == Some(137);
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    match fault {
        Fault::Kill if killed && text.contains("+++ killed by SIGKILL") => Ok(true),
        Fault::Error(_) if !text.contains("INJECTED") => Ok(false),
        Fault::Kill if status.code().is_some_and(|code| code < 5) => Ok(false),
        Fault::Kill => Err(format!("{status}: {printed}{text}")),
        // Without heap memory a Rust program aborts at once (SIGABRT), which is like a power cut.
        Fault::Error(_) if HEAP.contains(&point.name.as_str()) && status.signal() == Some(6) => {
            check(printed.contains("memory allocation of "), || printed.clone())?;
            Ok(true)
        }
        Fault::Error(_) => {
            let calls = text.lines().count();
            check(matches!(status.code(), Some(0 | 1 | 3 | 4)), || format!("{status}: {printed}"))?;
            // nicup prints to stderr what it cannot write to a file or to the log.
            check(
                is_problems(&printed) || printed.starts_with("nicup: ") && !printed.contains("panicked"),
                || printed.clone(),
            )?;
            check(calls < 2 * point.nth + 60, || format!("{calls} calls of {}", point.name))?;
            Ok(true)
        }
    }
}

/// Whether stderr contains only problems of files: `FILE: LEVEL: MESSAGE`.
fn is_problems(err: &str) -> bool {
    err.lines().all(|line| line.starts_with('/') && line.contains(": warning: "))
}

/// An ordinary pass prints only problems to stderr, and exits with a documented status.
fn is_ordinary(ran: &Ran) -> Result<(), String> {
    check(matches!(ran.exit, 0 | 1 | 4) && is_problems(&ran.err), || format!("the next pass: {ran:?}"))
}

/// Checks that all files are whole and no record is lost. Returns whether the subject of the scene is recorded.
fn is_done(r: &Router, scene: Scene) -> Result<bool, String> {
    let parsed = status::read(&r.read(STATUS));
    check(parsed.is_some(), || format!("status.json: {}", r.read(STATUS)))?;
    let text = r.read(if r.exists(STATE) { STATE } else { STATE_ASIDE });
    record::read_state(&text, &Now::new(0, 0, String::new()), Records::default())
        .map_err(|_| format!("state.json: {text}"))?;
    let file = if r.exists(FALLBACK) { FALLBACK } else { RECORDS };
    for file in [file, RECORDS] {
        let text = r.read(file);
        let records = record::read_records(&text).map_err(|_| format!("{file}: {text}"))?;
        let registered = |name: &str| {
            records.hosts.iter().find(|h| h.key.hostname == name).and_then(|h| h.registered.ipv4)
        };
        check(registered(OFFICE) == Some(NEW), || format!("{file} lost {OFFICE}: {text}"))?;
        check(matches!(registered(HOME), Some(OLD | NEW)), || format!("{file} lost {HOME}: {text}"))?;
    }
    let records = record::read_records(&r.read(file)).map_err(|_| file.to_owned())?;
    let home = records.hosts.iter().find(|host| host.key.hostname == HOME).ok_or("no home")?;
    let stopped = home.stop.is_some();
    Ok(match scene {
        Scene::Update | Scene::Unchanged => home.registered.ipv4 == Some(NEW),
        Scene::Refused => stopped,
        Scene::Stopped => {
            check(stopped, || format!("the stop is lost: {home:?}"))?;
            true
        }
        Scene::Waiting => {
            check(records.servers.iter().any(|server| server.wait.is_some()), || {
                "the wait is lost".to_owned()
            })?;
            true
        }
    })
}

/// Checks that no other files remain.
fn leftovers(r: &Router) -> Result<(), String> {
    let mut files = Vec::new();
    for dir in ["etc/nicup", "var/run/nicup"] {
        for entry in std::fs::read_dir(r.root.join(dir)).map_err(|error| error.to_string())? {
            files.push(format!(
                "{dir}/{}",
                entry.map_err(|error| error.to_string())?.file_name().to_string_lossy()
            ));
        }
    }
    files.sort();
    let mut wanted = [RECORDS, LOCK, STATE, STATUS];
    wanted.sort_unstable();
    check(files == wanted, || format!("left behind: {files:?}"))
}
