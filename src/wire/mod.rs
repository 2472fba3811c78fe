//! Bytes and text to values and back. Pure: does not interpret the values; no I/O, no clock.
#![forbid(unsafe_code)]

pub mod dyndns2;
pub mod hotplug;
pub mod json;
pub mod rtnl;
pub mod ubus;
pub mod uci;
pub mod wake;
