//! Where the demo runs: a temporary folder, and a network namespace if possible. Knows nothing about nicup.

use crate::Outcome;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const FOLDER: &str = "NICUP_DEMO_FOLDER";
const NAMESPACE: &str = "NICUP_DEMO_NAMESPACE";

/// Runs the rest as a child and then removes the folder. An interrupt ends the child, but not the cleanup.
const KEEPER: &str = r#"trap : INT TERM HUP; "$@"; code=$?; rm -rf -- "$NICUP_DEMO_FOLDER"; exit "$code""#;

/// The environment of a demo.
pub(crate) struct Place {
    /// An empty folder.
    pub(crate) folder: PathBuf,
    /// The device that serves as the WAN.
    pub(crate) device: String,
    /// Whether it runs in a namespace and may change the device's address.
    pub(crate) own: bool,
}

impl Place {
    /// None: this process is not inside the environment yet.
    pub(crate) fn inside() -> Option<Place> {
        let folder = std::env::var_os(FOLDER)?.into();
        let device = std::env::var(NAMESPACE).ok()?;
        Some(match device.as_str() {
            "" => Place { folder, device: "wan".to_owned(), own: true },
            _ => Place { folder, device, own: false },
        })
    }

    /// Runs `ip` commands.
    pub(crate) fn ip(&self, lines: &[&str]) -> Outcome {
        for line in lines {
            let words = line.split_whitespace();
            let output = Command::new("ip").args(words).output().map_err(|error| format!("ip: {error}"))?;
            if !output.status.success() {
                return Err(format!("ip {line}: {}", String::from_utf8_lossy(&output.stderr).trim()));
            }
        }
        Ok(())
    }
}

/// Replaces this process by the demo inside the environment. Returns only on failure.
pub(crate) fn enter() -> Outcome {
    if Command::new("ip").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return Err("the command ip is missing: install iproute2 (Debian, Ubuntu: apt-get install iproute2)"
            .to_owned());
    }
    let mut command: Vec<String> = Vec::new();
    let mut device = String::new();
    match namespace() {
        Some(flags) => command.extend(["unshare".to_owned(), flags.to_owned()]),
        None => {
            device = machine_device().ok_or(
                "no network namespace is allowed here, and no device has an IPv4 address: run it as root, or allow user namespaces",
            )?;
        }
    }
    let program = std::env::current_exe().map_err(|error| format!("the demo's own file: {error}"))?;
    let folder = std::env::temp_dir().join(format!("nicup-demo-{}", std::process::id()));
    let made = DirBuilder::new().mode(0o700).create(&folder);
    made.map_err(|error| format!("{}: {error}", folder.display()))?;
    let error = Command::new("sh")
        .args(["-c", KEEPER, "nicup-demo"])
        .args(command)
        .arg(program)
        .env(FOLDER, &folder)
        .env(NAMESPACE, device)
        .exec();
    let _ = std::fs::remove_dir(&folder);
    Err(format!("sh: {error}"))
}

/// The flags of `unshare` for a namespace with a veth pair: as root, or in a user namespace. None: not possible.
fn namespace() -> Option<&'static str> {
    let probe = "ip link add probe0 type veth peer name probe1";
    ["-n", "-rn"].into_iter().find(|flags| {
        let mut command = Command::new("unshare");
        command.args([flags, "sh", "-c", probe]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

/// A device of this machine that has an address. Not the loopback device: nicup would never send its address.
fn machine_device() -> Option<String> {
    let output =
        Command::new("ip").args(["-o", "-4", "addr", "show", "up", "scope", "global"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().find_map(|line| line.split_whitespace().nth(1)).map(str::to_owned)
}
