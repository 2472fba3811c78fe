//! `nicup resume`: forgets stops and our own back-off, never a wait that the server ordered, and wakes the loop.

use super::pass::{self, Order, Pass};
use super::report::{self, Report};
use super::store::Store;
use super::{World, exit};
use crate::policy::config::{Main, Service};
use crate::policy::settle;
use crate::sys::file;
use crate::sys::lock;
use rustix::process::{Pid, Signal, kill_process};
use std::io;

/// Returns the sentence for the user, and the report with the states after it.
///
/// # Errors
/// The exit status and the reason: a service that does not exist, a configuration that is wrong.
pub(super) fn run(world: &mut World<'_>, order: &Order) -> Result<(String, Report), (u8, String)> {
    let loaded = world.config();
    if let Some(unknown) = pass::unknown_service(&loaded, order) {
        return Err((exit::USAGE, format!("no service '{unknown}' in {}", world.config_file())));
    }
    let main = pass::main_of(&loaded);
    let run_dir = world.root.path(&main.run_dir);
    let cannot = |error: io::Error| (exit::LATER, format!("{}: cannot be written: {error}", main.run_dir));
    file::make_dir(&run_dir, 0o755).map_err(cannot)?;
    let lock = pass::take_lock(&run_dir, false).map_err(cannot)?;
    let config = match loaded {
        Ok(config) => config,
        Err(issue) => return Err((exit::CONFIG, issue.sentence())),
    };
    let now = world.now();
    let mut store = Store::new(&world.root, &config.main);
    let mut issues = config.issues.clone();
    let book = store.load(&now, true, &mut issues);
    let mut pass = Pass::new(&config, book, store, issues, order, &now);
    let chosen: Vec<&Service> =
        pass.services.iter().filter(|service| order.services.contains(&service.name)).copied().collect();
    settle::resume(&mut pass.book, (!order.services.is_empty()).then_some(chosen.as_slice()));
    let sightings = pass.look(world, None, &now);
    pass.complain(world, &config, &sightings);
    let report = report::finish(pass, world, &config, &sightings);
    drop(lock);
    let sentence = match wake(world, &main) {
        true => "stops and back-off are forgotten, the service tries again now",
        false => "stops and back-off are forgotten: nicup run tries again",
    };
    Ok((sentence.to_owned(), report))
}

/// Wakes the loop that holds `loop.lock`, if there is one.
fn wake(world: &World<'_>, main: &Main) -> bool {
    let path = world.root.path(&format!("{}/loop.lock", main.run_dir));
    let pid = file::read(&path, 32).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pid = pid.and_then(|text| text.trim().parse().ok()).and_then(Pid::from_raw);
    let Some(pid) = pid else { return false };
    // A lock that can be taken is a dead loop's: its number may be another process by now.
    matches!(lock::try_lock(&path), Ok(None)) && kill_process(pid, Signal::USR1).is_ok()
}
