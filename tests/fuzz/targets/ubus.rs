//! Passes libFuzzer's bytes to tests/properties/formats/ubus.rs.
#![no_main]

#[path = "../../properties/formats/mod.rs"]
mod formats;

libfuzzer_sys::fuzz_target!(|data: &[u8]| formats::ubus::check(data));
