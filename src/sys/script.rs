//! Checks whether nicup may run a configured program as root: only if no other user could have written it.
//!
//! A user who may write /etc/config/nicup, for example in LuCI, must not become root through it. Does not run anything.

use super::file::Root;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Directories that all users can write.
const UPLOADS: [&str; 3] = ["/tmp", "/var/tmp", "/etc/luci-uploads"];
/// Write permission of the group and of others.
const WRITABLE: u32 = 0o022;

/// Checks a script and every directory above it, up to `root`'s folder.
///
/// # Errors
/// Which path is wrong, why, and what to do.
pub fn is_safe(root: &Root, script: &str) -> Result<(), String> {
    let top = root.dir().unwrap_or(Path::new("/"));
    let top = top.canonicalize().map_err(|error| format!("cannot be checked: {error}"))?;
    let path = root.path(script);
    let real = path.canonicalize().map_err(|error| format!("could not be started: {error}"))?;
    // The path without the root, for messages.
    let name = |path: &Path| match path.strip_prefix(&top) {
        Ok(rest) => format!("/{}", rest.display()),
        Err(_) => path.display().to_string(),
    };
    for upload in UPLOADS {
        let upload_path = root.path(upload).canonicalize().unwrap_or_else(|_| PathBuf::from(upload));
        if real.starts_with(upload_path) || script.starts_with(&format!("{upload}/")) {
            return Err(format!(
                "is below {upload}, where others can write: move it to a directory that only root can write"
            ));
        }
    }
    // The running user is root on a router; in a test, the files are that user's.
    let owner = rustix::process::geteuid().as_raw();
    for part in real.ancestors().take_while(|part| part.starts_with(&top)) {
        let metadata =
            part.metadata().map_err(|error| format!("cannot be checked: {}: {error}", name(part)))?;
        let remedy = if metadata.uid() != 0 && metadata.uid() != owner {
            "chown root"
        } else if metadata.mode() & WRITABLE != 0 {
            "chmod go-w"
        } else {
            continue;
        };
        return Err(format!("can be changed by users other than root: {remedy} {}", name(part)));
    }
    Ok(())
}
