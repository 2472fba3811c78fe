//! Records what was received, writes the log, and wakes the threads that wait for it.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::json::Object;
use crate::received::Received;

/// How many connections there were, and how they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// TCP connections accepted, on all listeners.
    pub accepted: usize,
    /// How many of them are completely finished: everything received on them is counted.
    pub ended: usize,
    /// Completed TLS handshakes.
    pub handshakes: usize,
    /// Why connections ended before the handshake was complete, in order.
    pub failures: Vec<String>,
}

#[derive(Default)]
struct State {
    requests: Vec<Received>,
    connections: Connections,
    log: Option<Box<dyn Write + Send>>,
}

pub(crate) struct Journal {
    started: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

impl Journal {
    pub(crate) fn new(log: Option<Box<dyn Write + Send>>) -> Self {
        let state = Mutex::new(State { log, ..State::default() });
        Self { started: Instant::now(), state, changed: Condvar::new() }
    }

    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection and returns its number.
    pub(crate) fn accepted(&self) -> usize {
        let mut state = self.lock();
        state.connections.accepted += 1;
        self.changed.notify_all();
        state.connections.accepted - 1
    }

    pub(crate) fn ended(&self) {
        self.lock().connections.ended += 1;
        self.changed.notify_all();
    }

    pub(crate) fn handshake_done(&self) {
        self.lock().connections.handshakes += 1;
        self.changed.notify_all();
    }

    pub(crate) fn failed(&self, connection: usize, peer: SocketAddr, reason: &str) {
        let mut state = self.lock();
        let line = Object::new()
            .text("event", "failed-connection")
            .raw("time", &format!("{:.3}", self.now().as_secs_f64()))
            .raw("connection", &connection.to_string())
            .text("peer", &peer.to_string())
            .text("reason", reason)
            .end();
        write_line(&mut state.log, &line);
        state.connections.failures.push(reason.to_owned());
        self.changed.notify_all();
    }

    pub(crate) fn received(&self, request: Received) {
        let mut state = self.lock();
        write_line(&mut state.log, &request.json());
        state.requests.push(request);
        self.changed.notify_all();
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.lock().requests.clone()
    }

    pub(crate) fn connections(&self) -> Connections {
        self.lock().connections.clone()
    }

    fn wait(&self, timeout: Duration, unfinished: impl Fn(&State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, |state| unfinished(state));
        !unfinished(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    pub(crate) fn wait_for_requests(&self, count: usize, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.requests.len() < count)
    }

    pub(crate) fn wait_for_connections(
        &self,
        enough: impl Fn(&Connections) -> bool,
        timeout: Duration,
    ) -> bool {
        self.wait(timeout, |state| !enough(&state.connections))
    }
}

/// If the log cannot be written, the server goes on without it.
fn write_line(log: &mut Option<Box<dyn Write + Send>>, line: &str) {
    if let Some(sink) = log
        && sink.write_all(format!("{line}\n").as_bytes()).and_then(|()| sink.flush()).is_err()
    {
        *log = None;
    }
}
