//! The world: files, sockets, clock, TLS, processes. One thin typed wrapper each; no opinion.

pub mod https;
