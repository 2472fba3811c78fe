//! `nicup resume`: forgets stops and our own back-off, never a wait that the server ordered, and wakes the loop.

use super::pass::{self, Order, Pass};
use super::report::{self, Report};
use super::store::Store;
use super::view::span;
use super::{World, exit, sources, watch};
use crate::policy::config::Service;
use crate::policy::record::Book;
use crate::policy::settle;
use crate::policy::time::Now;
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
    let meant = if order.services.is_empty() { pass.services.clone() } else { chosen };
    sources::look_again(&mut pass.book, &meant);
    let waits = waits(&pass.book, &meant, &now);
    let sightings = pass.look(world, None, &now);
    pass.complain(world, &config, &sightings);
    let report = report::finish(pass, world, &config, &sightings);
    drop(lock);
    let woken = watch::wake_loop(world, &main.run_dir);
    let sentence = match (woken, waits.is_empty()) {
        (true, true) => "stops and back-off are forgotten, the service tries again now",
        (false, true) => "stops and back-off are forgotten: nicup run tries again",
        (_, false) => "stops and back-off are cleared",
    };
    Ok((format!("{sentence}{waits}"), report))
}

/// One line for each server whose wait goes on.
fn waits(book: &Book, services: &[&Service], now: &Now) -> String {
    let mut servers: Vec<&str> = services.iter().map(|service| service.endpoint.server.as_str()).collect();
    servers.sort_unstable();
    servers.dedup();
    let line = |name: &str| {
        let ordered = book.server(name)?.wait.as_ref()?;
        let left = ordered.wait.end(now).since(now.floor());
        (left > 0).then(|| {
            let code = ordered.code;
            format!(
                "\n{name} asked nicup to wait ({code}): this cannot be skipped, the next update is in {}",
                span(left)
            )
        })
    };
    servers.into_iter().filter_map(line).collect()
}
