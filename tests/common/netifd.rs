//! netifd: the responses of a stand-in for `ubus`, and the calls that it received.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

pub(crate) struct Netifd {
    /// The folder of the stand-in and its responses.
    bin: PathBuf,
}

impl Netifd {
    pub(super) fn new(bin: &Path) -> Netifd {
        std::fs::create_dir_all(bin).unwrap();
        symlink(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/ubus"), bin.join("ubus")).unwrap();
        Netifd { bin: bin.to_owned() }
    }

    /// Makes netifd report a logical interface as up.
    pub(crate) fn up(&self, interface: &str, device: &str) {
        let text = format!("{{\"up\":true,\"pending\":false,\"l3_device\":\"{device}\",\"proto\":\"dhcp\"}}");
        self.put(&format!("network.interface.{interface}.status"), &text);
    }

    /// Puts a file beside the `ubus` command: the response to a call, or `hangs`.
    pub(crate) fn put(&self, file: &str, text: &str) {
        std::fs::write(self.bin.join(file), text).unwrap();
    }

    pub(crate) fn remove(&self, file: &str) {
        std::fs::remove_file(self.bin.join(file)).unwrap();
    }

    /// The calls of `ubus` since the last call of this function.
    pub(crate) fn calls(&self) -> Vec<String> {
        let path = self.bin.join("calls");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text.lines().map(str::to_owned).collect()
    }

    /// Arguments and environments of `ubus` and its parent.
    pub(crate) fn saw(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.bin.join("seen")).unwrap_or_default()).into_owned()
    }
}
