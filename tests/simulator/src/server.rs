//! Listeners and threads: one thread for each listener, and one for each connection. `connection` handles a connection.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::behaviour::Behaviour;
use crate::certificate::{Authority, CertKind};
use crate::connection;
use crate::journal::{Connections, Journal};
use crate::options::{Account, Options};
use crate::received::Received;
use crate::registry::{Host, Registry};
use crate::script::Script;

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) authority: Authority,
    pub(crate) journal: Journal,
    pub(crate) registry: Mutex<Registry>,
    pub(crate) script: Mutex<Script>,
    pub(crate) rules: Fixed,
    stopping: Mutex<bool>,
    stop: Condvar,
    open: Mutex<HashMap<usize, TcpStream>>,
}

/// The options that connections read.
pub(crate) struct Fixed {
    pub(crate) accounts: Vec<Account>,
    pub(crate) names: Vec<String>,
    pub(crate) host_values: Vec<String>,
    pub(crate) path: String,
    pub(crate) address_page: Option<String>,
    pub(crate) lenient: bool,
    pub(crate) badauth_status: u16,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Waits for this long, or until the simulator stops: then it returns false.
    pub(crate) fn pause(&self, wait: Duration) -> bool {
        let waited = self.stop.wait_timeout_while(lock(&self.stopping), wait, |stopping| !*stopping);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// A server that runs until it is dropped.
pub struct Simulator {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    listeners: Vec<Arc<TcpListener>>,
    threads: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Creates the authority, binds all listeners, and serves.
    pub fn start(options: Options) -> io::Result<Self> {
        let mut names: Vec<String> =
            ["dynupdate.no-ip.com", "localhost", "127.0.0.1"].map(str::to_owned).to_vec();
        let addresses = options.listen.iter().map(|listen| listen.addr.ip());
        let addresses = addresses.filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string());
        for name in options.names.iter().cloned().chain(addresses) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let shared = Arc::new(Shared {
            authority: Authority::new(names.clone(), options.tls.clone())?,
            registry: Mutex::new(Registry::new(&options)),
            script: Mutex::new(Script::new()),
            journal: Journal::new(options.log),
            rules: Fixed {
                accounts: options.accounts,
                names,
                host_values: options.host_values,
                path: options.path,
                address_page: options.address_page,
                lenient: options.lenient,
                badauth_status: options.badauth_status,
            },
            stopping: Mutex::new(false),
            stop: Condvar::new(),
            open: Mutex::default(),
        });
        shared.authority.config(CertKind::Good)?;
        let mut simulator =
            Self { shared, addresses: Vec::new(), listeners: Vec::new(), threads: Vec::new() };
        for (index, listen) in options.listen.iter().enumerate() {
            let listener = Arc::new(TcpListener::bind(listen.addr)?);
            simulator.addresses.push(listener.local_addr()?);
            simulator.listeners.push(Arc::clone(&listener));
            let shared = Arc::clone(&simulator.shared);
            let tls = listen.tls;
            let accepting = move || accept(&listener, &shared, index, tls);
            simulator.threads.push(Builder::new().name(format!("listener {index}")).spawn(accepting)?);
        }
        Ok(simulator)
    }

    /// The address of a listener, in the order of the options.
    ///
    /// # Panics
    ///
    /// If there is no such listener.
    #[must_use]
    #[allow(clippy::indexing_slicing)]
    pub fn addr(&self, listener: usize) -> SocketAddr {
        self.addresses[listener]
    }

    /// The port of the first listener.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addr(0).port()
    }

    /// The certificate of the authority to trust.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.shared.authority.pem()
    }

    /// Writes [`Self::ca_pem`] to a file.
    pub fn write_ca(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, self.ca_pem())
    }

    /// Appends to the queue. [`Behaviour`] says when an entry is used up.
    pub fn script(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        lock(&self.shared.script).queue.extend(behaviours);
    }

    /// How many entries are left in the queue.
    #[must_use]
    pub fn script_left(&self) -> usize {
        lock(&self.shared.script).queue.len()
    }

    /// Sets the behaviour for an empty queue.
    pub fn set_default(&self, behaviour: Behaviour) {
        lock(&self.shared.script).default = behaviour;
    }

    /// Sets the certificate of the following connections. It is made here, so that no client waits for it.
    pub fn use_certificate(&self, kind: CertKind) -> io::Result<()> {
        self.shared.authority.config(kind)?;
        lock(&self.shared.script).certificate = kind;
        Ok(())
    }

    /// The addresses of a host; none for an unknown host.
    #[must_use]
    pub fn registered(&self, host: &str) -> (Option<Ipv4Addr>, Option<Ipv6Addr>) {
        let host = lock(&self.shared.registry).host(host).unwrap_or_default();
        (host.v4, host.v6)
    }

    /// Sets a host's addresses, as if another client had updated it.
    pub fn register(&self, host: &str, v4: Option<Ipv4Addr>, v6: Option<Ipv6Addr>) {
        lock(&self.shared.registry).set(host, Host { v4, v6, offline: false });
    }

    /// Whether the last update of a host contained `offline=YES`.
    #[must_use]
    pub fn is_offline(&self, host: &str) -> bool {
        lock(&self.shared.registry).host(host).is_some_and(|host| host.offline)
    }

    /// All requests so far, including malformed ones.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.shared.journal.requests()
    }

    /// Waits until there are this many requests in total; false on timeout.
    #[must_use]
    pub fn wait_for(&self, requests: usize, timeout: Duration) -> bool {
        self.shared.journal.wait_for_requests(requests, timeout)
    }

    /// Waits until `enough` accepts the connections; false on timeout. A client can finish a handshake, or a connection
    /// that was cut, before the server has counted it.
    #[must_use]
    pub fn wait_for_connections(&self, enough: impl Fn(&Connections) -> bool, timeout: Duration) -> bool {
        self.shared.journal.wait_for_connections(enough, timeout)
    }

    /// The connections so far.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.shared.journal.connections()
    }

    /// The faults of all requests so far.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.requests().into_iter().flat_map(|request| request.faults).collect()
    }
}

impl Drop for Simulator {
    /// Shuts down hanging connections instead of waiting for them.
    fn drop(&mut self) {
        *lock(&self.shared.stopping) = true;
        self.shared.stop.notify_all();
        for listener in &self.listeners {
            // Wakes the thread in accept, even if no loopback interface is up to connect through.
            let _ = rustix::net::shutdown(listener, rustix::net::Shutdown::Both);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, index: usize, tls: bool) {
    let mut running: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        if *lock(&shared.stopping) {
            break;
        }
        let Ok((socket, peer)) = accepted else {
            // Usually there are no file descriptors left: do not loop without a pause.
            shared.pause(Duration::from_millis(50));
            continue;
        };
        let id = shared.journal.accepted();
        let Ok(copy) = socket.try_clone() else {
            shared.journal.ended();
            continue;
        };
        lock(&shared.open).insert(id, copy);
        let place = connection::Place { id, peer, listener: index, tls };
        let worker = Arc::clone(shared);
        let spawned = Builder::new().name(format!("connection {id}")).spawn(move || {
            connection::serve(&worker, socket, &place);
            worker.journal.ended();
            lock(&worker.open).remove(&id);
        });
        running.retain(|thread| !thread.is_finished());
        match spawned {
            Ok(thread) => running.push(thread),
            Err(_) => {
                drop(lock(&shared.open).remove(&id));
                shared.journal.ended();
            }
        }
    }
    for socket in lock(&shared.open).values() {
        let _ = socket.shutdown(Shutdown::Both);
    }
    for thread in running {
        let _ = thread.join();
    }
}

/// The valid values of Host for a client that connected to `local`.
pub(crate) fn host_values(rules: &Fixed, local: SocketAddr, tls: bool) -> Vec<String> {
    if !rules.host_values.is_empty() {
        return rules.host_values.clone();
    }
    let port = local.port();
    let suffix = if port == if tls { 443 } else { 80 } { String::new() } else { format!(":{port}") };
    let mut names = rules.names.clone();
    let reached = local.ip().to_canonical().to_string();
    if !names.contains(&reached) {
        names.push(reached);
    }
    names
        .iter()
        .map(|name| match name.parse() {
            Ok(IpAddr::V6(v6)) => format!("[{v6}]{suffix}"),
            Ok(IpAddr::V4(_)) | Err(_) => format!("{name}{suffix}"),
        })
        .collect()
}
