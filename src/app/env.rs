//! Everything outside of the program that a pass uses, so that a test can replace it.

use crate::policy::config::{Config, Issue, Level, build};
use crate::policy::time::Now;
use crate::sys::clock::Clock;
use crate::sys::file::{self, Root};
use crate::sys::https::Transport;
use crate::sys::netlink::AddressSource;
use crate::sys::ubus::Netifd;
use crate::wire::uci;

/// The environment of a pass. Files are real, below `root`.
pub struct Env<'a> {
    /// `--root`.
    pub root: Root,
    /// Directory of UCI files, without root.
    pub config_dir: String,
    /// Time.
    pub clock: &'a mut dyn Clock,
    /// The kernel's addresses.
    pub kernel: &'a mut dyn AddressSource,
    /// netifd.
    pub netifd: &'a mut dyn Netifd,
    /// The network.
    pub transport: &'a mut dyn Transport,
}

/// Bytes of a configuration file that are read.
pub(super) const CONFIG_LIMIT: usize = 256 * 1024;

/// A configuration, or the problem that prevents reading it.
pub(super) type Loaded = Result<Config, Issue>;

impl Env<'_> {
    /// The time now.
    pub fn now(&mut self) -> Now {
        let reading = self.clock.read();
        Now::new(reading.boot_ms, reading.wall, reading.boot_id)
    }

    /// The configuration file's name as the user knows it.
    #[must_use]
    pub fn config_file(&self) -> String {
        format!("{}/nicup", self.config_dir.trim_end_matches('/'))
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// The file does not exist, cannot be read, or is not UCI text.
    #[allow(clippy::wildcard_enum_match_arm)] // std's enum grows
    pub(super) fn config(&self) -> Loaded {
        let name = self.config_file();
        let path = self.root.path(&name);
        let issue = |line, message| Issue { level: Level::Error, file: name.clone(), line, message };
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                "there is no such file: create it with a section of type service, see the README".to_owned()
            }
            std::io::ErrorKind::FileTooLarge => format!("{error}: remove what is not needed"),
            _ => format!("cannot be read: {error}"),
        };
        let read = file::read_with_mode(&path, CONFIG_LIMIT);
        let (text, mode) = read.map_err(|error| issue(None, unreadable(error)))?;
        let package = uci::parse(&text)
            .map_err(|error| issue(Some(error.line), format!("parse error: {}", error.reason.explain())))?;
        let mut config = build(&package, &name);
        if mode & 0o077 != 0 {
            let message = format!("its mode {mode:o} lets others read the passwords: chmod 600 {name}");
            config.issues.push(Issue { level: Level::Warning, file: name, line: None, message });
        }
        Ok(config)
    }
}
