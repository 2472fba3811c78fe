//! The records and their files. The only writer of both: what a pass learns is entered through [`RecordStore`].
//!
//! Does not decide what an outcome means (policy::settle does).

use super::plan::Plan;
use super::report::News;
use super::source_results;
use super::store::{Store, nothing_is_sent};
use super::uplink::UplinkState;
use super::{Failure, VERSION};
use crate::policy::addresses::{Addresses, Missing};
use crate::policy::chatter::Chatter;
use crate::policy::config::{Issue, Main, Service};
use crate::policy::reason::Because;
use crate::policy::record::{Book, Learnt};
use crate::policy::settle::{self, Outcome, Sent};
use crate::policy::time::Now;
use crate::sys::file::Root;
use crate::wire::hotplug::{Action, Event};

/// The records and their files.
pub(super) struct RecordStore {
    records: Book,
    files: Store,
    /// What is wrong with the files, each problem once however many requests the pass had.
    issues: Vec<Issue>,
    /// How many of them were taken.
    taken: usize,
    /// The attempt could not be noted: nothing more may be sent.
    is_halted: bool,
}

impl RecordStore {
    /// Reads both files. A damaged one is set aside if `set_aside`.
    ///
    /// # Errors
    /// One is there and cannot be read for want of memory or descriptors.
    pub(super) fn open(root: &Root, main: &Main, now: &Now, set_aside: bool) -> Result<RecordStore, Failure> {
        let (mut files, mut issues) = (Store::new(root, main), Vec::new());
        let records = files.load(now, set_aside, &mut issues)?;
        Ok(RecordStore { records, files, issues, taken: 0, is_halted: false })
    }

    pub(super) fn records(&self) -> &Book {
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

    /// What a run could not write now: for `check`, which writes nothing.
    pub(super) fn inspect(&mut self) {
        self.files.inspect(&mut self.issues);
    }

    /// Drops what the configuration no longer needs.
    pub(super) fn prune(&mut self, plan: &Plan<'_>) {
        if plan.is_whole {
            settle::tidy(&mut self.records, &plan.services, plan.contact, VERSION);
        }
    }

    /// Clears stops and back-off.
    pub(super) fn resume(&mut self, services: Option<&[&Service]>) {
        settle::resume(&mut self.records, services);
    }

    /// Enters an event that a pass must know of even if another process starts it: NTP set the clock, or mwan3 reported an
    /// interface connected or disconnected.
    pub(super) fn note_event(&mut self, event: &Event, now: &Now) -> Result<(), Issue> {
        match event {
            Event::Clock => settle::clock_was_set(&mut self.records),
            Event::Interface { action, interface, .. } if action.is_report() => {
                self.records.track(interface, *action == Action::Connected);
            }
            Event::Interface { .. } => {}
        }
        self.files.save_state(&self.records, now, &mut self.issues)
    }

    /// Brings the next look of each of these services forward.
    pub(super) fn look_again(&mut self, services: &[&Service]) {
        for service in services {
            for asked in source_results::all(service) {
                self.records.look_again(&asked.key(service));
            }
        }
    }

    pub(super) fn learn(&mut self, learnt: Learnt) {
        self.records.learn(learnt);
    }

    /// Closes what an interrupted pass left open, and enters what was detected.
    pub(super) fn close_interrupted(&mut self, plan: &Plan<'_>, uplinks: &[UplinkState], now: &Now) {
        self.records.found(uplinks.iter().flat_map(|uplink| uplink.devices.clone()).collect());
        for (service, uplink) in plan.services.iter().zip(uplinks) {
            settle::close_lost(&mut self.records, service, &uplink.addresses, now);
            let nothing = uplink.addresses.list().is_empty();
            let missing = uplink.addresses.missing.as_ref();
            let unknown = missing.filter(|missing| nothing && missing.is_unknown()).map(Missing::explain);
            let next = source_results::next_of(plan, &self.records, service, now);
            settle::settle_unknown(&mut self.records, service, unknown.as_deref(), next, now);
        }
    }

    /// Notes that a request begins. False: the note could not be written, and without it a crash could become a tight loop
    /// of requests, so nothing may be sent.
    pub(super) fn begin(
        &mut self,
        service: &Service,
        hosts: &[(String, Because)],
        addresses: &Addresses,
        now: &Now,
    ) -> bool {
        settle::begin(&mut self.records, service, hosts, addresses, now);
        if let Err(issue) = self.files.save_state(&self.records, now, &mut self.issues) {
            settle::never_begun(&mut self.records, service, hosts);
            self.issues.push(nothing_is_sent(issue));
            self.is_halted = true;
        }
        !self.is_halted
    }

    /// Enters the transport that a request took, where it was not the usual one.
    pub(super) fn note_transport(&mut self, service: &Service, hostname: &str, unusual: Option<String>) {
        let host = self.records.host(&service.endpoint.server, &service.username, hostname);
        host.transport = unusual;
    }

    /// Enters the outcome of a request.
    pub(super) fn finish(&mut self, sent: &Sent<'_>, outcome: &Outcome) {
        settle::settle(&mut self.records, sent, outcome);
        self.files.save_records(&self.records, &mut self.issues);
    }

    /// Enters what is reported of each host now, and writes the records.
    pub(super) fn remember(&mut self, news: &[News]) {
        for news in news {
            let key = &news.key;
            news.event.iter().for_each(|event| self.records.note(event.clone()));
            self.records.host(&key.server, &key.username, &key.hostname).shown = Some(news.shown.clone());
        }
        if self.records.is_touched() {
            self.files.save_records(&self.records, &mut self.issues);
        }
    }

    /// Enters what was logged, and writes the state. Where it cannot be written, one of the issues says so.
    pub(super) fn close(&mut self, problems: u32, log_limit: Chatter, now: &Now) {
        if self.records.problems != problems {
            self.records.problems = problems;
            self.records.touch();
        }
        self.records.chatter = log_limit;
        if self.records.is_touched()
            && let Err(issue) = self.files.save_state(&self.records, now, &mut self.issues)
            && !self.is_halted
        {
            self.issues.push(issue);
        }
    }
}
