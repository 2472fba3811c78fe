//! The situations in which the power fails: a router before a pass, restored from the same files each time.
//!
//! Two logins. `home` is the subject of the scene; `work` is current and must stay so without a request.

use crate::common::{HOME, NICUP, OFFICE, RECORDS, Router, STATE, STATUS};
use noip_simulator::{Account, Options, TEST_PASSWORD, TEST_USERNAME};
use std::net::Ipv4Addr;

pub(crate) const OLD: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
pub(crate) const NEW: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 8);
const DIRS: [&str; 2] = ["etc/nicup", "var/run/nicup"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// nicup sends a new address, and the server accepts it.
    Update,
    /// nicup sends a new address, but the password is wrong.
    Refused,
    /// The password was wrong: nicup sends nothing.
    Stopped,
    /// Everything is current: nicup sends nothing.
    Unchanged,
    /// The server ordered a wait: nicup sends nothing.
    Waiting,
}

/// The static release build if tests/run provides one, because routers run that.
pub(crate) fn program() -> String {
    std::env::var("NICUP_STATIC").unwrap_or_else(|_| NICUP.to_owned())
}

/// The files before a pass.
pub(crate) struct Image(Vec<(&'static str, String)>);

impl Image {
    /// Restores every file, and removes the others.
    pub(crate) fn restore(&self, r: &Router) {
        for dir in DIRS {
            let _ = std::fs::remove_dir_all(r.root.join(dir));
        }
        for (file, text) in &self.0 {
            r.write(file, text);
        }
        r.sim.register(HOME, Some(OLD), None);
        r.sim.register(OFFICE, Some(NEW), None);
    }
}

impl Scene {
    pub(crate) fn router(self, story: &str) -> Option<Router> {
        let accounts = vec![
            Account::new(TEST_USERNAME, TEST_PASSWORD, &[HOME]),
            Account::new("key2", TEST_PASSWORD, &[OFFICE]),
        ];
        let r = Router::with(story, Options { accounts, ..Options::default() })?;
        self.configure(&r, TEST_PASSWORD);
        Some(r)
    }

    fn configure(self, r: &Router, password: &str) {
        let device = format!("option device '{}'\n", r.device);
        let home =
            r.service("home", &format!("{device}list hostname '{HOME}'\noption password '{password}'\n"));
        let work = r.service("work", &format!("{device}list hostname '{OFFICE}'\noption username 'key2'\n"));
        r.config(&(home + &work));
    }

    /// Creates the state before the scene.
    pub(crate) fn image(self, r: &Router) -> Image {
        let send = |exit| assert_eq!(r.run(&["run"]).exit, exit);
        r.address("flush");
        r.address(&format!("add {OLD}/32"));
        send(0);
        r.address("flush");
        r.address(&format!("add {NEW}/32"));
        assert_eq!(r.run(&["run", "-s", "work"]).exit, 1, "home is due");
        match self {
            Scene::Update => {}
            Scene::Unchanged => send(0),
            Scene::Refused => self.configure(r, "wrong"),
            Scene::Stopped => {
                self.configure(r, "wrong");
                send(4);
            }
            Scene::Waiting => {
                r.answers(&["words:911"]);
                send(1);
            }
        }
        Image([RECORDS, STATE, STATUS].into_iter().map(|file| (file, r.read(file))).collect())
    }

    /// The exit status of a pass without faults, and of every pass after it.
    pub(crate) fn exit(self) -> i32 {
        match self {
            Scene::Update | Scene::Unchanged => 0,
            Scene::Waiting => 1,
            Scene::Refused | Scene::Stopped => 4,
        }
    }

    /// The number of requests of one pass without faults.
    pub(crate) fn requests(self) -> usize {
        usize::from(matches!(self, Scene::Update | Scene::Refused))
    }
}
