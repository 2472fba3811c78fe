//! The next behaviour: the queue, the default, and the moment at which each is taken.

use std::collections::VecDeque;

use crate::behaviour::Behaviour;
use crate::certificate::CertKind;

pub(crate) struct Script {
    pub(crate) queue: VecDeque<Behaviour>,
    pub(crate) default: Behaviour,
    pub(crate) certificate: CertKind,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self { queue: VecDeque::new(), default: Behaviour::Normal, certificate: CertKind::Good }
    }

    /// For a connection that was just accepted. A default of this kind applies only when the queue is empty, or entries
    /// for requests could never take effect.
    pub(crate) fn take_at_accept(&mut self) -> Option<Behaviour> {
        match self.queue.front() {
            Some(head) if head.at_accept() => self.queue.pop_front(),
            Some(_) => None,
            None => Some(self.default.clone()).filter(Behaviour::at_accept),
        }
    }

    /// For a request that was just read.
    pub(crate) fn take_for_request(&mut self) -> Behaviour {
        if self.queue.front().is_some_and(|head| !head.at_accept())
            && let Some(head) = self.queue.pop_front()
        {
            return head;
        }
        if self.default.at_accept() { Behaviour::Normal } else { self.default.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::Script;
    use crate::behaviour::{Behaviour, Cut, Stage};

    #[test]
    fn each_entry_waits_for_its_moment() {
        let mut script = Script::new();
        let cut = Behaviour::CutBeforeHandshake(Cut::Fin);
        script.queue = [Behaviour::Status(503), cut.clone(), Behaviour::Status(500)].into();
        assert_eq!(script.take_at_accept(), None);
        assert_eq!(script.take_for_request(), Behaviour::Status(503));
        assert_eq!(script.take_for_request(), Behaviour::Normal, "the cut waits for a connection");
        assert_eq!(script.take_at_accept(), Some(cut));
        assert_eq!(script.take_for_request(), Behaviour::Status(500));
    }

    #[test]
    fn a_default_at_accept_waits_for_the_queue() {
        let mut script = Script::new();
        script.default = Behaviour::Hang(Stage::Accept);
        script.queue = [Behaviour::Normal].into();
        assert_eq!(script.take_at_accept(), None);
        assert_eq!(script.take_for_request(), Behaviour::Normal);
        assert_eq!(script.take_at_accept(), Some(Behaviour::Hang(Stage::Accept)));
    }
}
