//! A log daemon: collects everything that arrives on /dev/log of a root folder.

use super::patience;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

pub(crate) struct Syslog {
    socket: PathBuf,
    heard: Arc<(Mutex<Vec<String>>, Condvar)>,
}

/// The test sends this itself: when it has arrived, everything sent before it has arrived, too.
const MARK: &str = "mark";
const END: &str = "end";

impl Syslog {
    pub(crate) fn listen(root: &Path) -> Syslog {
        std::fs::create_dir_all(root.join("dev")).unwrap();
        let socket = root.join("dev/log");
        let receiver = UnixDatagram::bind(&socket).unwrap();
        let heard = Arc::<(Mutex<Vec<String>>, Condvar)>::default();
        let shared = heard.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length) = receiver.recv(&mut buffer) {
                let line = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if line == END {
                    return;
                }
                shared.0.lock().unwrap().push(line);
                shared.1.notify_all();
            }
        });
        Syslog { socket, heard }
    }

    /// The lines since the last call, up to this call's mark. The next call returns those after it.
    pub(crate) fn take(&self) -> Vec<String> {
        self.say(MARK);
        let lines = self.heard.0.lock().unwrap();
        let waited = self.heard.1.wait_timeout_while(lines, patience(), |lines| !lines.iter().any(is_mark));
        let (mut lines, ended) = waited.unwrap();
        assert!(!ended.timed_out(), "the log daemon is silent");
        let mark = lines.iter().position(is_mark).unwrap();
        let later = lines.split_off(mark + 1);
        lines.pop();
        std::mem::replace(&mut *lines, later)
    }

    /// Stops the daemon, if it runs.
    pub(crate) fn stop(&self) {
        let sent = UnixDatagram::unbound().and_then(|s| s.send_to(END.as_bytes(), &self.socket));
        drop(sent);
    }

    fn say(&self, text: &str) {
        UnixDatagram::unbound().unwrap().send_to(text.as_bytes(), &self.socket).unwrap();
    }
}

fn is_mark(line: &String) -> bool {
    line == MARK
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.stop();
    }
}
