//! One pass over all services: lock, read, look, decide, send, record, report. Read it top to bottom.
//!
//! Does not wait for anything but the lock and the one request it is sending.

use super::hooks::{Change, Runner};
use super::observe::{self, Sighting};
use super::report::{self, Report};
use super::store::Store;
use super::world::Loaded;
use super::{VERSION, World, deliver, exit, places, sources};
use crate::policy::address::lifetimes;
use crate::policy::chatter::Chatter;
use crate::policy::config::{Config, Entry, Issue, Level, Main, Service};
use crate::policy::decide::{self, Ask, Case, Decision};
use crate::policy::record::{Book, Host, Key};
use crate::policy::settle;
use crate::policy::time::Now;
use crate::sys::file::Root;
use crate::sys::https;
use crate::sys::lock::{self, Lock};
use crate::sys::log::say;
use crate::wire::hotplug::{Action, Event};
use crate::wire::nic::Failed;
use std::io;

/// What is asked of a pass.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Only these services; all if empty.
    pub services: Vec<String>,
    /// `--force`.
    pub force: bool,
    /// `--hotplug`: the event.
    pub event: Option<Event>,
    /// A loop waits for this pass: it must not leave its work to another one.
    pub in_loop: bool,
}

/// What a pass knows; everything in it was read after the lock was taken.
pub(super) struct Pass<'a> {
    pub(super) services: Vec<&'a Service>,
    pub(super) contact: String,
    pub(super) book: Book,
    pub(super) store: Store,
    pub(super) issues: Vec<Issue>,
    /// Ways to a server that failed in this pass before anything was sent.
    pub(super) dead_ways: Vec<(Way, Failed)>,
    /// Passwords that were readable on the way, each time anew.
    pub(super) clear_text: Vec<Issue>,
    /// How much was logged lately.
    pub(super) chatter: Chatter,
    /// Hostnames of all services.
    pub(super) hosts: usize,
    /// What the hooks will be told.
    pub(super) changes: Vec<Change>,
    /// Who will tell them.
    pub(super) runner: Option<Runner>,
    /// This process can start nothing any more.
    pub(super) locked: bool,
    /// Nothing more can be sent: state.json cannot be written.
    pub(super) halted: bool,
    pub(super) ask: Ask,
    /// The hosts that were tried.
    pub(super) tried: Vec<Key>,
    /// Only these services; all if empty.
    pub(super) only: Vec<String>,
    /// `option enabled` of section `nicup`.
    pub(super) enabled: bool,
    user_agent: Option<String>,
}

/// A route's fingerprint, and the device it is bound to.
type Way = (u32, Option<String>);

/// Runs a pass and returns the report, or None where there was nothing for this process to do.
///
/// # Errors
/// The exit status and the sentence for the user, where not even a status file can be written.
pub fn run(world: &mut World<'_>, order: &Order) -> Result<Option<Report>, (u8, String)> {
    let loaded = world.config();
    run_with(world, order, loaded)
}

/// The same with a configuration that was just read.
///
/// # Errors
/// As [`run`].
pub(super) fn run_with(
    world: &mut World<'_>,
    order: &Order,
    mut loaded: Loaded,
) -> Result<Option<Report>, (u8, String)> {
    // The loop has its event from a process that asked the same.
    if let Some(event) = order.event.as_ref().filter(|_| !order.in_loop)
        && !concerns(world, &loaded, event)
    {
        return Ok(None);
    }
    if let Some(unknown) = unknown_service(&loaded, order) {
        return Err((exit::USAGE, format!("no service '{unknown}' in {}", world.config_file())));
    }
    let main = main_of(&loaded);
    let run_dir = world.root.path(&main.run_dir);
    let cannot = |error: io::Error| (exit::LATER, format!("{}: cannot be written: {error}", main.run_dir));
    let lock = take_lock(&run_dir, order.event.is_some() && !order.in_loop).map_err(cannot)?;
    let Some((_lock, waited)) = lock else { return Ok(None) };
    if waited {
        loaded = world.config(); // the pass before this one may have taken long
    }
    match loaded {
        Ok(config) => pass(world, order, &config).map(Some),
        Err(issue) => Ok(Some(report::broken(world, &main, issue))),
    }
}

/// Whether a hotplug event is about a configured service, or the device that the last pass found for one. With a
/// configuration that cannot be read it may be. Takes no lock and writes nothing.
pub(super) fn concerns(world: &mut World<'_>, loaded: &Loaded, event: &Event) -> bool {
    let Ok(config) = loaded else { return true };
    places::is_ours(event, &valid(config), || {
        let now = world.now();
        let book = Store::new(&world.root, &config.main).load(&now, false, &mut Vec::new());
        book.map(|book| book.devices).unwrap_or_default()
    })
}

/// Notes an event that a pass must know of even if another process starts it: NTP set the clock, so what waits for that
/// must not wait any longer; mwan3 reported an interface connected or disconnected; pages and scripts are asked again.
pub(super) fn note_event(world: &mut World<'_>, loaded: &Loaded, event: &Event) -> io::Result<()> {
    let services = loaded.as_ref().map(valid).unwrap_or_default();
    let asked: Vec<&Service> = services.into_iter().filter(|s| sources::concerns(s, event)).collect();
    let is_report = matches!(event, Event::Interface { action, .. } if action.is_report());
    if *event != Event::Clock && !is_report && asked.is_empty() {
        return Ok(());
    }
    let main = main_of(loaded);
    let Some((_lock, _)) = take_lock(&world.root.path(&main.run_dir), false)? else { return Ok(()) };
    let (now, mut issues) = (world.now(), Vec::new());
    let mut store = Store::new(&world.root, &main);
    let loaded = store.load(&now, false, &mut issues);
    let mut book = loaded.map_err(|(_, why)| io::Error::other(why))?;
    match event {
        Event::Clock => settle::clock_was_set(&mut book),
        Event::Interface { action, interface, .. } if action.is_report() => {
            book.track(interface, *action == Action::Connected);
        }
        Event::Interface { .. } => {}
    }
    sources::look_again(&mut book, &asked);
    store.save_state(&book, &now, &mut issues).map_err(|issue| io::Error::other(issue.message))
}

fn pass(world: &mut World<'_>, order: &Order, config: &Config) -> Result<Report, (u8, String)> {
    let begun = world.now();
    let mut store = Store::new(&world.root, &config.main);
    let mut issues = config.issues.clone();
    let book = store.load(&begun, true, &mut issues)?;
    let mut pass = Pass::new(config, book, store, issues, order);
    sources::refresh(&mut pass, world, order.event.as_ref(), &begun);
    let sightings = pass.look(world, order.event.as_ref(), &begun);
    pass.complain(world, config, &sightings);
    for (service, sighting) in pass.services.clone().into_iter().zip(&sightings) {
        if pass.is_chosen(service) {
            deliver::deliver(&mut pass, world, service, sighting);
        }
    }
    // Reading a bundle costs more than all the rest of an unchanged pass: only where TLS has failed.
    pass.inspect_certificates(world, settle::tls_failed);

    Ok(report::finish(pass, world, config, &sightings))
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        config: &'a Config,
        mut book: Book,
        store: Store,
        issues: Vec<Issue>,
        order: &Order,
    ) -> Pass<'a> {
        let services = valid(config);
        if config.services.iter().all(|entry| matches!(entry, Entry::Valid(_))) {
            settle::tidy(&mut book, &services, &config.main.contact, VERSION);
        }
        let ask = Ask { force: order.force, clock_set: order.event == Some(Event::Clock) };
        let contact = config.main.contact.clone();
        Pass {
            hosts: services.iter().map(|service| service.hostnames.len()).sum(),
            services,
            contact,
            chatter: book.chatter,
            book,
            store,
            issues,
            dead_ways: Vec::new(),
            clear_text: Vec::new(),
            changes: Vec::new(),
            runner: None,
            locked: false,
            halted: false,
            ask,
            tried: Vec::new(),
            only: order.services.clone(),
            enabled: config.main.enabled,
            user_agent: None,
        }
    }

    /// Where the addresses are now. What an earlier pass left open is closed with them.
    pub(super) fn look(&mut self, world: &mut World<'_>, event: Option<&Event>, now: &Now) -> Vec<Sighting> {
        let mut sightings = match self.enabled {
            true => observe::observe(world, &self.services, event, &self.book),
            false => vec![Sighting::default(); self.services.len()],
        };
        let preferred = sightings.iter_mut().filter_map(|sighting| sighting.preferred.as_mut());
        preferred.for_each(|preferred| lifetimes::begin(preferred, now.boot_ms));
        self.book.found(sightings.iter().flat_map(|sighting| sighting.devices.clone()).collect());
        for (service, sighting) in self.services.clone().into_iter().zip(&sightings) {
            settle::close_lost(&mut self.book, service, &sighting.addresses, now);
            let nothing = sighting.addresses.list().is_empty();
            let unknown = match &sighting.addresses.lack {
                Some(decide::Lack::Unknown(why)) if nothing => Some(why.as_str()),
                _ => None,
            };
            let next = sources::next_of(self, service, now);
            settle::settle_unknown(&mut self.book, service, unknown, next, now);
        }
        sightings
    }

    /// Names in the status what the configuration promises and the system does not have.
    pub(super) fn complain(&mut self, world: &mut World<'_>, config: &Config, sightings: &[Sighting]) {
        let all = if sightings.iter().any(|sighting| !sighting.unknown_interfaces.is_empty()) {
            observe::list_interfaces(world.netifd).unwrap_or_default()
        } else {
            Vec::new()
        };
        for (service, sighting) in self.services.iter().zip(sightings) {
            if !config.main.enabled || !service.enabled {
                continue;
            }
            for name in &sighting.unknown_interfaces {
                let (file, line) = (world.config_file(), Some(service.line));
                let message = places::explain_unknown(name, &all);
                self.issues.push(Issue { level: Level::Warning, file, line, message });
            }
        }
    }

    /// Names what is wrong with the certificates of each service that `asks`.
    pub(super) fn inspect_certificates(&mut self, world: &World<'_>, asks: impl Fn(&Book, &Service) -> bool) {
        let mut seen: Vec<&str> = Vec::new();
        for service in self.services.iter().filter(|service| service.enabled && asks(&self.book, service)) {
            let name = deliver::ca_bundle(service);
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            if let Err(problem) = https::inspect_ca(&world.root.path(name)) {
                let (file, line) = (world.config_file(), Some(service.line));
                let message = problem.explain(name);
                self.issues.push(Issue { level: Level::Warning, file, line, message });
            }
        }
    }

    /// Strangers are about to be heard: this process gives up what that does not need. What has to be started has to be
    /// started by now.
    pub(super) fn lock_down(&mut self, world: &mut World<'_>) {
        if self.locked {
            return;
        }
        self.locked = true;
        self.runner = Runner::start(&world.root);
        if let Err(error) = world.transport.lock_down() {
            let line = format_args!("the kernel does not take away all that is not needed: {error}");
            say(log::Level::Debug, line);
        }
    }

    /// Whether the order names a service, or none.
    pub(super) fn is_chosen(&self, service: &Service) -> bool {
        self.only.is_empty() || self.only.contains(&service.name)
    }

    /// Whether nothing can be sent for a service whatever its address is.
    pub(super) fn is_held(&self, service: &Service, now: &Now) -> bool {
        let nothing = Sighting::default();
        service.hostnames.iter().all(|name| self.case(service, name, &nothing, now, decide::is_held))
    }

    /// Decides about one host of a service.
    pub(super) fn decide(
        &self,
        service: &Service,
        hostname: &str,
        sighting: &Sighting,
        now: &Now,
    ) -> Decision {
        if !self.enabled {
            return Decision::Disabled;
        }
        self.case(service, hostname, sighting, now, decide::decide)
    }

    /// Puts together what is known of one host, for one of policy's questions.
    fn case<T>(
        &self,
        service: &Service,
        hostname: &str,
        sighting: &Sighting,
        now: &Now,
        ask: impl Fn(&Case<'_>) -> T,
    ) -> T {
        let fresh;
        let key = (&service.endpoint.server, &service.username);
        let host = match self.book.get(key.0, key.1, hostname) {
            Some(host) => host,
            None => {
                let (server, username) = (key.0.clone(), key.1.clone());
                fresh = Host::new(Key { server, username, hostname: hostname.to_owned() });
                &fresh
            }
        };
        ask(&Case {
            services: &self.services,
            service,
            contact: &self.contact,
            version: VERSION,
            book: &self.book,
            host,
            addresses: &sighting.addresses,
            now,
            ask: self.ask,
        })
    }

    pub(super) fn user_agent(&mut self, root: &Root) -> &str {
        self.user_agent.get_or_insert_with(|| deliver::user_agent(root, &self.contact))
    }
}

/// The services that are right.
pub(super) fn valid(config: &Config) -> Vec<&Service> {
    let entries = config.services.iter();
    entries
        .filter_map(|entry| match entry {
            Entry::Valid(service) => Some(service.as_ref()),
            Entry::Invalid(_) => None,
        })
        .collect()
}

/// Section `nicup`; the defaults where there is no configuration.
pub(super) fn main_of(loaded: &Result<Config, Issue>) -> Main {
    loaded.as_ref().map(|config| config.main.clone()).unwrap_or_default()
}

pub(super) fn unknown_service<'o>(loaded: &Result<Config, Issue>, order: &'o Order) -> Option<&'o str> {
    let config = loaded.as_ref().ok()?;
    let known = |name: &&String| config.services.iter().any(|entry| entry.name() == name.as_str());
    order.services.iter().find(|name| !known(name)).map(String::as_str)
}

/// The pass lock, and whether it had to be waited for. None: `or_leave`, and somebody waits for it already who will
/// see what this process would.
pub(super) fn take_lock(run_dir: &std::path::Path, or_leave: bool) -> io::Result<Option<(Lock, bool)>> {
    let path = run_dir.join("pass.lock");
    if let Some(lock) = lock::try_lock(&path)? {
        return Ok(Some((lock, false)));
    }
    let seat = run_dir.join("wait.lock");
    let _seat = if or_leave {
        match lock::try_lock(&seat)? {
            Some(seat) => seat,
            None => return Ok(None),
        }
    } else {
        lock::lock(&seat)?
    };
    Ok(Some((lock::lock(&path)?, true)))
}
