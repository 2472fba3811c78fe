//! Runs nicup with `aid.c` preloaded, which measures the exact peak memory and sets the clock.

use crate::common::{Ran, Router, finish};
use std::process::Command;
use std::sync::OnceLock;

/// Compiled once per test program. A C compiler exists wherever this project builds, because ring needs one.
fn library() -> &'static str {
    const LIBRARY: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/faults-aid.so");
    const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/faults/aid.c");
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let mut compiler = Command::new("cc");
        let output = compiler.args(["-shared", "-fPIC", "-O1", "-o", LIBRARY, SOURCE]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
    LIBRARY
}

/// Runs nicup once; also returns its peak memory in KiB. `clock`: seconds to add to the wall clock, one number per
/// reading.
pub(crate) fn run(r: &Router, arguments: &[&str], clock: Option<&str>) -> (Ran, u64) {
    let peak = r.root.join("peak");
    let _ = std::fs::remove_file(&peak);
    let mut environment = vec![("LD_PRELOAD", library()), ("FAULT_PEAK", peak.to_str().unwrap())];
    environment.extend(clock.map(|offsets| ("FAULT_CLOCK", offsets)));
    let ran = finish(r.start(arguments, &environment));
    let peak = std::fs::read_to_string(peak).unwrap_or_else(|error| panic!("no peak ({error}): {ran:?}"));
    (ran, peak.trim().parse().unwrap())
}
