//! What is about to happen when the power fails: a router before a pass, again and again from the same files.
//!
//! Two logins. `home` is what the scene is about; `work` is current, and must stay so without a request.

use crate::common::{HOME, NICUP, OFFICE, RECORDS, Router, STATE, STATUS};
use noip_simulator::{Account, Options, TEST_PASSWORD, TEST_USERNAME};
use std::net::Ipv4Addr;

pub(crate) const OLD: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
pub(crate) const NEW: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 8);
const DIRS: [&str; 2] = ["etc/nicup", "var/run/nicup"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// A new address is sent, and accepted.
    Update,
    /// A new address is sent, and the password is wrong.
    Refused,
    /// The password was wrong: nothing is sent.
    Stopped,
    /// Everything is current: nothing is sent.
    Unchanged,
    /// The server ordered a wait: nothing is sent.
    Waiting,
}

/// The static release build where tests/run has made one: that is what routers run.
pub(crate) fn program() -> String {
    std::env::var("NICUP_STATIC").unwrap_or_else(|_| NICUP.to_owned())
}

/// The files before a pass.
pub(crate) struct Image(Vec<(&'static str, String)>);

impl Image {
    /// Puts everything back, and takes away what was not there.
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

    /// Brings the router to where the scene begins.
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

    /// How a pass ends that nothing happens to, and every pass after it.
    pub(crate) fn exit(self) -> i32 {
        match self {
            Scene::Update | Scene::Unchanged => 0,
            Scene::Waiting => 1,
            Scene::Refused | Scene::Stopped => 4,
        }
    }

    /// Requests of one undisturbed pass.
    pub(crate) fn requests(self) -> usize {
        usize::from(matches!(self, Scene::Update | Scene::Refused))
    }
}
