//! A No-IP dynamic DNS server for tests: real TLS with its own authority, every response and fault on demand, and an
//! exact record of the requests. It knows no client, opens no connection and changes no DNS.
//!
//! ```
//! use noip_simulator::{Behaviour, Options, Simulator};
//!
//! let sim = Simulator::start(Options::default())?;
//! sim.script([Behaviour::Status(503), "delay:100:body:good 203.0.113.7".parse().unwrap()]);
//! // point a client at sim.addr(0), with sim.ca_pem() as its authority, then
//! assert!(sim.faults().is_empty());
//! # std::io::Result::Ok(())
//! ```
//!
//! Passwords stay in memory for [`Received::authorization_is`]; no log, no `Debug` and no raw bytes contain them.

#![forbid(unsafe_code)]

mod answer;
mod behaviour;
mod behaviour_text;
mod certificate;
mod channel;
mod connection;
mod credentials;
mod delivery;
mod journal;
mod json;
mod options;
mod received;
mod registry;
mod request;
mod script;
mod server;
mod tls;

pub use behaviour::{Behaviour, Cut, Hello, Stage};
pub use behaviour_text::{FORMS, UnknownBehaviour};
pub use certificate::{CERT_KINDS, CertKind, UnknownCertKind};
pub use journal::Connections;
pub use options::{Account, Group, Listen, Options, TEST_HOSTS, TEST_PASSWORD, TEST_USERNAME};
pub use received::{Authorization, Received, TlsFacts};
pub use server::Simulator;
pub use tls::{Cipher, TlsOptions, TlsVersions};
