//! Cuts the response after its first byte, after its second, and so on, until it is complete.

use super::story::is_as_the_row_says;
use super::table::Row;
use crate::common::{RECORDS, Router, STATE, say};

pub(crate) fn check_row(row: &Row, r: &Router) {
    let how = if row.name.starts_with("reset") { "rst" } else { "fin" };
    let (records, state) = (r.read(RECORDS), r.read(STATE));
    let mut bytes = 0;
    loop {
        r.answers(&[&format!("cut:{bytes}:{how}:delay:0")]);
        let before = r.sim.requests().len();
        let ran = r.run(&["run"]);
        assert_eq!(r.sim.requests().len() - before, row.sent, "after {bytes} bytes");
        if ran.exit == 0 {
            break;
        }
        is_as_the_row_says(row, r, ran.exit);
        // Restores the state from before the attempt.
        r.write(RECORDS, &records);
        r.write(STATE, &state);
        bytes += 1;
    }
    assert!(bytes > 100, "an answer of {bytes} bytes");
    say(&format!("counted: {}: {bytes} cuts", row.name));
}
