//! Files, sockets, clock, TLS, processes. One thin typed wrapper each; no decisions.

mod child;
pub mod clock;
pub mod events;
pub mod file;
pub mod https;
pub mod lock;
pub mod log;
pub mod loop_lock;
pub mod machine;
pub mod netlink;
#[allow(unsafe_code)]
pub mod posix;
pub mod process;
pub mod sandbox;
pub mod script;
pub mod subprocess;
pub mod ubus;
