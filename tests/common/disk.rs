//! The router's files: tests write them before a run and read what the run left.

use super::{RECORDS, STATE};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The folder that `--root` names.
pub(crate) struct Disk {
    pub(crate) root: PathBuf,
}

impl Disk {
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

    /// Replaces every number after `"name":` in a file, as if time had passed.
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

    /// Ends nicup's own back-off.
    pub(crate) fn back_off_is_over(&self) {
        self.set(STATE, "until", 0);
    }

    /// Restarts the machine: /var/run is empty, and the remaining files are from another boot.
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

    /// Inode and time of a file: they change when nicup writes it.
    pub(crate) fn stamp(&self, file: &str) -> (u64, i64, i64) {
        let metadata = self.root.join(file).metadata().unwrap();
        (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
    }

    pub(crate) fn mode(&self, file: &str) -> u32 {
        self.root.join(file).metadata().unwrap().mode() & 0o7777
    }

    /// Every file with everything that a write would change.
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

/// Calls `see` for a path and everything below it.
pub(crate) fn walk(path: &Path, see: &mut dyn FnMut(&Path)) {
    see(path);
    if path.symlink_metadata().unwrap().is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            walk(&entry.unwrap().path(), see);
        }
    }
}
