//! Passes libFuzzer's bytes to tests/properties/formats/config.rs.
#![no_main]

#[path = "../../properties/formats/mod.rs"]
mod formats;

libfuzzer_sys::fuzz_target!(|data: &[u8]| formats::config::check(data));
