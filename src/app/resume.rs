//! `nicup resume`: forgets stops and our own back-off, never a wait that the server ordered, and wakes the loop.

use super::pass::{self, Order, Pass};
use super::report::{self, Report};
use super::store::Store;
use super::{World, exit, watch};
use crate::policy::config::Service;
use crate::policy::settle;
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
    let lock = pass::take_lock(&run_dir, false).map_err(cannot)?;
    let config = match loaded {
        Ok(config) => config,
        Err(issue) => return Err((exit::CONFIG, issue.sentence())),
    };
    let now = world.now();
    let mut store = Store::new(&world.root, &config.main);
    let mut issues = config.issues.clone();
    let book = store.load(&now, true, &mut issues)?;
    let mut pass = Pass::new(&config, book, store, issues, order);
    let chosen: Vec<&Service> =
        pass.services.iter().filter(|service| order.services.contains(&service.name)).copied().collect();
    settle::resume(&mut pass.book, (!order.services.is_empty()).then_some(chosen.as_slice()));
    let sightings = pass.look(world, None, &now);
    pass.complain(world, &config, &sightings);
    let report = report::finish(pass, world, &config, &sightings);
    drop(lock);
    let sentence = match watch::wake_loop(world, &main.run_dir) {
        true => "stops and back-off are forgotten, the service tries again now",
        false => "stops and back-off are forgotten: nicup run tries again",
    };
    Ok((sentence.to_owned(), report))
}
