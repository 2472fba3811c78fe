//! The limits in `table.md`: tests each at its number and at one more.
//!
//! A row without a test fails, and so does a test without a row.

mod around;
mod config;
mod exchange;

use crate::common::{Router, say};

const TABLE: &str = include_str!("table.md");

/// Names and numbers of the rows.
fn rows() -> Vec<(String, usize)> {
    let lines = TABLE.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(" | ").collect();
        (cells[0].trim_matches(['|', ' ', '`']).to_owned(), cells[1].parse().unwrap())
    };
    lines.map(row).collect()
}

macro_rules! limits {
    ($($row:ident: $tell:path;)+) => {
        const ROWS: &[&str] = &[$(stringify!($row)),+];
        $(#[test]
        fn $row() {
            let limit = rows().into_iter().find(|(name, _)| name == stringify!($row));
            let Some(r) = Router::with(stringify!($row), exchange::options()) else { return };
            $tell(&r, limit.unwrap_or_else(|| panic!("no row {}", stringify!($row))).1);
        })+
    };
}

limits! {
    config_file: config::file;
    services: config::services;
    hostnames: config::hostnames;
    hostname: config::hostname;
    username: config::username;
    problems: config::problems;
    request_hosts: exchange::request_hosts;
    request_bytes: exchange::request_bytes;
    answer_body: exchange::answer_body;
    answer_headers: exchange::answer_headers;
    answer: exchange::answer;
    script_output: around::script_output;
    ubus_output: around::ubus_output;
    records_file: around::records_file;
    events: around::events;
    status_file: around::status_file;
    log_lines: around::log_lines;
}

#[test]
fn every_row_has_a_test_and_every_test_a_row() {
    let names: Vec<String> = rows().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ROWS);
    say(&format!("counted: limits: {} rows, each at its number and one past it", names.len()));
}
