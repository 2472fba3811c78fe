//! Properties that hold for everything that nicup reads (formats), tested on random and damaged examples.
//!
//! The bytes are always the same; libFuzzer searches for others (tests/fuzz). NICUP_ROLLS=n tests n examples of each
//! format.
#![forbid(unsafe_code)]
#![allow(clippy::expect_used)]

mod formats;

use formats::{ALL, Dice, Format, damage};

/// Runs `check`, and prints the bytes if it fails.
fn check(format: &Format, seed: u64, bytes: &[u8]) {
    let holds = std::panic::catch_unwind(|| (format.check)(bytes)).is_ok();
    assert!(holds, "{}, seed {seed}: {}", format.name, bytes.escape_ascii());
}

fn roll(name: &str) {
    let rolls = std::env::var("NICUP_ROLLS").ok().and_then(|text| text.parse().ok()).unwrap_or(3_000);
    let format = ALL.iter().find(|format| format.name == name).expect("a format of that name");
    for seed in 0..rolls {
        let dice = &mut Dice::new(seed);
        let mut bytes = (format.sample)(dice);
        check(format, seed, &bytes);
        damage(dice, format, &mut bytes);
        check(format, seed, &bytes);
    }
}

#[test]
fn any_configuration_is_read_or_refused_with_its_line() {
    roll("config");
}

#[test]
fn any_datagram_is_decoded_as_it_was_encoded_or_malformed() {
    roll("rtnl");
}

#[test]
fn any_answer_is_plausible_and_has_a_consequence() {
    roll("replies");
}

#[test]
fn any_records_are_read_whole_or_not_at_all() {
    roll("records");
}

#[test]
fn any_output_of_ubus_is_an_interface_or_none() {
    roll("ubus");
}

#[test]
fn any_event_can_be_written_and_read_back() {
    roll("events");
}

#[test]
fn any_import_is_a_configuration() {
    roll("import");
}

#[test]
fn an_example_is_mostly_right() {
    let right = |name: &str, reads: fn(&[u8]) -> bool| {
        let format = ALL.iter().find(|format| format.name == name).expect("a format of that name");
        let right = (0..1000).filter(|seed| reads(&(format.sample)(&mut Dice::new(*seed)))).count();
        assert!(right > 400, "{name}: {right} of 1000");
    };
    right("config", |bytes| nicup::wire::uci::parse(bytes).is_ok());
    right("rtnl", |bytes| nicup::wire::rtnl::Messages::new(bytes).all(|message| message.is_ok()));
    right("import", |bytes| {
        nicup::wire::uci::parse(bytes)
            .is_ok_and(|package| nicup::policy::import::convert(&package, &[]).is_some())
    });
    right("records", |bytes| {
        let text = bytes.split(|byte| *byte == 0).next().and_then(|part| std::str::from_utf8(part).ok());
        text.is_some_and(|text| nicup::policy::record::read_records(text).is_ok())
    });
}
