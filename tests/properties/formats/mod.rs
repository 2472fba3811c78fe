//! Everything that nicup reads from other programs: for each format, properties that hold for any bytes, random
//! examples, and words for a fuzzer.
//!
//! Does not choose the bytes: `cargo test` generates random ones (tests/properties), libFuzzer searches for them
//! (tests/fuzz).
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

pub(crate) mod config;
pub(crate) mod events;
#[path = "../../libuci/src/export.rs"]
mod export;
#[path = "../../libuci/src/generate.rs"]
mod generate;
pub(crate) mod import;
pub(crate) mod records;
pub(crate) mod replies;
pub(crate) mod rtnl;
pub(crate) mod ubus;

pub(crate) use generate::Dice;

/// One format.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    /// Panics if a property does not hold.
    pub(crate) check: fn(&[u8]),
    /// An example that is mostly correct.
    pub(crate) sample: fn(&mut Dice) -> Vec<u8>,
    pub(crate) words: &'static [&'static [u8]],
}

pub(crate) const ALL: [Format; 7] = [
    Format { name: "config", check: config::check, sample: config::sample, words: config::WORDS },
    Format { name: "rtnl", check: rtnl::check, sample: rtnl::sample, words: rtnl::WORDS },
    Format { name: "replies", check: replies::check, sample: replies::sample, words: replies::WORDS },
    Format { name: "records", check: records::check, sample: records::sample, words: records::WORDS },
    Format { name: "ubus", check: ubus::check, sample: ubus::sample, words: ubus::WORDS },
    Format { name: "events", check: events::check, sample: events::sample, words: events::WORDS },
    Format { name: "import", check: import::check, sample: import::sample, words: import::WORDS },
];

/// Runs `work`, which may allocate at most `times` the input's bytes at once, plus a constant.
pub(crate) fn within<T>(input: &[u8], times: usize, work: impl FnOnce() -> T) -> T {
    let mut result = None;
    let memory = allocation_counter::measure(|| result = Some(work()));
    let most = times * input.len() + if times == 0 { 0 } else { 4096 };
    assert!(memory.bytes_max <= most as u64, "{} bytes for {} of input", memory.bytes_max, input.len());
    result.unwrap()
}

/// One of `choices`.
pub(crate) fn one<'a, T: ?Sized>(dice: &mut Dice, choices: &[&'a T]) -> &'a T {
    choices[dice.roll(choices.len())]
}

/// What happens to bytes in transit: truncated, torn, duplicated, mixed with others.
pub(crate) fn damage(dice: &mut Dice, format: &Format, bytes: &mut Vec<u8>) {
    for _ in 0..1 + dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        let to = at + dice.roll(bytes.len() - at + 1);
        match dice.roll(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..to)),
            2 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            3 if at < bytes.len() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b' ', b'"'][dice.roll(8)],
            4 => drop(bytes.splice(at..at, one(dice, format.words).iter().copied())),
            5 => drop(bytes.splice(at..to, one(dice, format.words).iter().copied())),
            6 => drop(bytes.splice(at..at, bytes[at..to].to_vec())),
            _ => drop(bytes.splice(at..to, (format.sample)(dice))),
        }
    }
}
