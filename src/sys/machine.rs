//! What the kernel reports about the machine.

/// The machine's name for its own kind, as `uname -m` prints it.
#[must_use]
pub fn kind() -> String {
    rustix::system::uname().machine().to_string_lossy().into_owned()
}
