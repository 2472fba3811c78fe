//! `nicup check`: what a run would send and why, or what is wrong. No request to No-IP, no file written, no lock.

use super::observe::Sighting;
use super::pass::{self, Order, Pass};
use super::report::{self, Log};
use super::store::Store;
use super::view::{plain, span};
use super::{World, exit};
use crate::policy::config::{Entry, Family, Level, Service};
use crate::policy::decide::{Cause, Decision};
use crate::policy::message;
use crate::policy::time::Now;
use std::fmt::Write as _;

/// Returns the text and the exit status.
///
/// # Errors
/// A service that does not exist.
pub(super) fn run(world: &mut World<'_>, order: &Order) -> Result<(String, u8), (u8, String)> {
    let loaded = world.config();
    if let Some(unknown) = pass::unknown_service(&loaded, order) {
        return Err((exit::USAGE, format!("no service '{unknown}' in {}", world.config_file())));
    }
    let config = match loaded {
        Ok(config) => config,
        Err(issue) => return Ok((format!("{}\n", plain(&issue.sentence())), exit::CONFIG)),
    };
    let now = world.now();
    let mut store = Store::new(&world.root, &config.main);
    let mut issues = config.issues.clone();
    let book = store.load(&now, false, &mut issues);
    let mut pass = Pass::new(&config, book, store, issues, order, &now);
    let sightings = pass.look(world, None, &now);
    pass.complain(world, &config, &sightings);

    let mut text = String::new();
    for issue in &pass.issues {
        let _ = writeln!(text, "{}", plain(&issue.sentence()));
    }
    if !config.main.enabled {
        let _ = writeln!(text, "option enabled of section nicup is 0: nothing is sent");
    }
    let chosen = |name: &str| order.services.is_empty() || order.services.iter().any(|s| s == name);
    for (service, sighting) in pass.services.iter().zip(&sightings) {
        if chosen(&service.name) {
            describe(&mut text, service, sighting);
            for hostname in &service.hostnames {
                let decision = pass.decide(service, hostname, sighting, &now);
                let what = would(&mut pass_view(&pass, service, hostname), service, sighting, &decision, &now);
                let _ = writeln!(text, "  {hostname}: {}", plain(&what));
            }
        }
    }
    for entry in &config.services {
        if let Entry::Invalid(invalid) = entry
            && chosen(&invalid.name)
        {
            let _ = writeln!(text, "{}: not run: {}", invalid.name, plain(&invalid.reason));
        }
    }
    let (mut services, _) = report::services(&mut pass, &config, &sightings, &now, Log::Nothing);
    services.retain(|service| chosen(&service.name));
    let status = report::status(&config.main, &pass.issues, services, Vec::new(), &now);
    let wrong = pass.issues.iter().any(|issue| issue.level == Level::Error);
    let _ = writeln!(text, "{}", if wrong { "the configuration has errors" } else { "the configuration is right" });
    Ok((text, report::exit_of(&status)))
}
