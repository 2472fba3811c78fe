//! The records and their files. Only [`RecordStore`] changes and writes them.
//!
//! Does not decide what an outcome means (policy::outcome does).

use super::plan::Plan;
use super::report::StateChange;
use super::source_results;
use super::store::{Store, nothing_is_sent};
use super::uplink::UplinkState;
use super::{CommandFailure, VERSION};
use crate::policy::addresses::{Addresses, Missing};
use crate::policy::config::{Issue, Main, Service};
use crate::policy::log_limit::LogLimit;
use crate::policy::outcome::{self, Outcome, Sent};
use crate::policy::reason::SendReason;
use crate::policy::record::{Attempt, Records, SourceResult};
use crate::policy::time::Now;
use crate::sys::file::Root;
use crate::wire::hotplug::{Action, Event};
use std::mem;

/// Requests in attempts.json before their results move to state.json. nicup rewrites attempts.json for each request, so
/// a pass over many services would pay for a long one.
const NOTED: usize = 20;

/// The records and their files.
pub(super) struct RecordStore {
    records: Records,
    /// The records changed since they were read. nicup does not serialize unchanged ones: for 500 hosts, that takes 13
    /// M instructions.
    is_changed: bool,
    files: Store,
    /// What is wrong with the files, each problem once however many requests the pass had.
    issues: Vec<Issue>,
    /// How many of them the caller has taken.
    taken: usize,
    /// The requests of this pass.
    attempts: Vec<Attempt>,
    /// The last request has no outcome yet.
    is_begun: bool,
    /// The attempt could not be written: nicup must not send anything more.
    is_halted: bool,
}

impl RecordStore {
    /// Reads the files. A damaged one is set aside if `set_aside`.
    ///
    /// # Errors
    /// A file exists, but cannot be read because memory or descriptors are short.
    pub(super) fn open(
        root: &Root,
        main: &Main,
        now: &Now,
        set_aside: bool,
    ) -> Result<RecordStore, CommandFailure> {
        let (mut files, mut issues) = (Store::new(root, main), Vec::new());
        let records = files.load(now, set_aside, &mut issues)?;
        let (is_changed, is_begun, is_halted, attempts) = (false, false, false, Vec::new());
        Ok(RecordStore { records, is_changed, files, issues, taken: 0, attempts, is_begun, is_halted })
    }

    pub(super) fn records(&self) -> &Records {
        &self.records
    }

    pub(super) fn is_halted(&self) -> bool {
        self.is_halted
    }

    /// What was wrong with the files since the last call.
    pub(super) fn take_issues(&mut self) -> Vec<Issue> {
        let new = self.issues[self.taken..].to_vec();
        self.taken = self.issues.len();
        new
    }

    /// What a run could not write now. For `check`, which writes nothing.
    pub(super) fn inspect(&mut self) {
        self.files.inspect(&mut self.issues);
    }

    /// Drops what the configuration no longer needs.
    pub(super) fn prune(&mut self, plan: &Plan<'_>) {
        if plan.is_whole {
            self.is_changed |= outcome::prune(&mut self.records, &plan.services, plan.contact, VERSION);
        }
    }

    /// Clears stops and back-off.
    pub(super) fn resume(&mut self, services: Option<&[&Service]>) {
        self.is_changed = true;
        outcome::resume(&mut self.records, services);
    }

    /// Records an event that a pass needs even if another process starts that pass: NTP set the clock, or mwan3 reported an
    /// interface connected or disconnected.
    pub(super) fn note_event(&mut self, event: &Event, now: &Now) -> Result<(), Issue> {
        match event {
            Event::Clock => outcome::clock_was_set(&mut self.records),
            Event::Interface { action, interface, .. } if action.is_report() => {
                self.records.track(interface, *action == Action::Connected);
            }
            Event::Interface { .. } => {}
        }
        self.files.save_state(&self.records, now, &mut self.issues)
    }

    /// Makes the next query of each of these services' sources due now.
    pub(super) fn request_queries(&mut self, services: &[&Service]) {
        for service in services {
            for source in source_results::all(service) {
                self.is_changed |= self.records.request_query(&source.key(service));
            }
        }
    }

    pub(super) fn set_source_result(&mut self, result: SourceResult) {
        self.is_changed = true;
        self.records.set_source_result(result);
    }

    /// Closes the attempts of an interrupted pass, and records what was detected.
    pub(super) fn close_interrupted(&mut self, plan: &Plan<'_>, uplinks: &[UplinkState], now: &Now) {
        self.is_changed |= self.files.has_attempts();
        self.is_changed |=
            self.records.found(uplinks.iter().flat_map(|uplink| uplink.devices.clone()).collect());
        for (service, uplink) in plan.services.iter().zip(uplinks) {
            outcome::close_interrupted(&mut self.records, service, now);
            let nothing = uplink.addresses.list().is_empty();
            let missing = uplink.addresses.missing.as_ref();
            let unknown = missing.filter(|missing| nothing && missing.is_unknown()).map(Missing::explain);
            let next = source_results::next_of(plan, &self.records, service, now);
            self.is_changed |=
                outcome::retry_detection(&mut self.records, service, unknown.as_deref(), next, now);
        }
        outcome::close_orphans(&mut self.records);
    }

    /// Writes the results of interrupted requests, because the next request overwrites their note.
    pub(super) fn keep_interrupted(&mut self, now: &Now) {
        if self.files.has_attempts()
            && let Err(issue) = self.files.save_state(&self.records, now, &mut self.issues)
        {
            self.halt(issue);
        }
    }

    /// Notes that a request begins. False: the note could not be written. Without it, crashes could cause a tight loop of
    /// requests, so nicup must not send.
    pub(super) fn begin(
        &mut self,
        service: &Service,
        hosts: &[(String, SendReason)],
        addresses: &Addresses,
        now: &Now,
    ) -> bool {
        if self.attempts.len() >= NOTED && self.files.save_state(&self.records, now, &mut self.issues).is_ok()
        {
            self.attempts.clear();
        }
        self.attempts.push(outcome::begin(&mut self.records, service, hosts, addresses, now));
        match self.files.save_attempts(&self.attempts, now) {
            Ok(()) => self.is_begun = true,
            Err(issue) => self.halt(issue),
        }
        self.is_begun
    }

    fn halt(&mut self, issue: Issue) {
        self.issues.push(nothing_is_sent(issue));
        self.is_halted = true;
    }

    /// Records the transport that a request used, if it was not the usual one.
    pub(super) fn note_transport(&mut self, service: &Service, hostname: &str, unusual: Option<String>) {
        let host = self.records.host(&service.endpoint.server, &service.username, hostname);
        host.transport = unusual;
    }

    /// Records the outcome of a request, and writes what a crash would lose: the records at once, and the state if the
    /// request failed. For an accepted request, the records and the note are enough.
    pub(super) fn finish(&mut self, sent: &Sent<'_>, outcome: &Outcome) {
        self.is_changed = true;
        outcome::apply(&mut self.records, sent, outcome);
        self.files.save_records(&self.records, &mut self.issues);
        if mem::take(&mut self.is_begun) && outcome::has_failed(&self.records, sent) {
            // If this cannot be written, the remaining note makes the request `unconfirmed`.
            let _ = self.files.save_state(&self.records, sent.now, &mut self.issues);
        }
    }

    /// Records what the status shows for each host, and writes the records.
    pub(super) fn remember(&mut self, news: &[StateChange]) {
        self.is_changed |= !news.is_empty();
        for news in news {
            let key = &news.key;
            news.event.iter().for_each(|event| self.records.note(event.clone()));
            self.records.host(&key.server, &key.username, &key.hostname).shown = Some(news.shown.clone());
        }
        if !self.is_unchanged() {
            self.files.save_records(&self.records, &mut self.issues);
        }
    }

    /// Records what was logged, and writes the state. If it cannot be written, one of the issues reports it.
    pub(super) fn close(&mut self, problems: u32, log_limit: LogLimit, now: &Now) {
        self.is_changed |= self.records.problems != problems || self.records.log_limit != log_limit;
        (self.records.problems, self.records.log_limit) = (problems, log_limit);
        if self.is_unchanged() {
            return self.files.remove_attempts();
        }
        match self.files.save_state(&self.records, now, &mut self.issues) {
            Ok(()) => self.files.remove_attempts(),
            Err(issue) if !self.is_halted => self.issues.push(issue),
            Err(_) => {}
        }
    }

    /// Whether both files are up to date.
    fn is_unchanged(&self) -> bool {
        self.files.are_whole() && !self.is_changed
    }
}
