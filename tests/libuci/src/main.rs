//! Parses random files, and tests/fixtures/uci-cases, with nicup and with libuci, and reports where they differ.
//!
//! Not part of the product or of `cargo test`: it needs cmake, libclang and json-c (Debian: cmake, libclang-dev,
//! libjson-c-dev). Run in its folder:
//!
//! ```text
//! cargo run --release -- --count 1000000 --seed 1
//! UCI_DIR=/opt/uci LD_LIBRARY_PATH=/opt/uci/lib cargo run --release    against another libuci (include/, lib/)
//! ```

mod compare;
mod export;
mod generate;
mod oracle;

use compare::{Comparison, Habits, Known, compare, smallest};
use generate::{Dice, file};
use oracle::Libuci;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::{env, fs, io, path::Path};

/// Frees the context after this many files: libuci leaks a little memory for each file that it rejects.
const FILES_PER_CONTEXT: u64 = 50_000;

#[derive(Default)]
struct Tally {
    files: u64,
    accepted: u64,
    refused: BTreeMap<&'static str, u64>,
    moved: u64,
    lost: u64,
    nul: u64,
    different: u64,
}

impl Tally {
    fn count(&mut self, comparison: &Comparison) {
        self.files += 1;
        match comparison {
            Comparison::Same { refused: None } => self.accepted += 1,
            Comparison::Same { refused: Some(reason) } => {
                *self.refused.entry(reason.explain()).or_default() += 1
            }
            Comparison::Explained(Known::OptionMoved) => self.moved += 1,
            Comparison::Explained(Known::SectionLost) => self.lost += 1,
            Comparison::Explained(Known::Nul) => self.nul += 1,
            Comparison::Different(_) => self.different += 1,
        }
    }

    fn print(&self, what: &str) {
        println!("{} {what}, {} differences", self.files, self.different);
        println!("  the same: {} accepted, {} refused", self.accepted, self.refused.values().sum::<u64>());
        for (reason, count) in &self.refused {
            println!("    {count:8} {reason}");
        }
        println!(
            "  explained: {} an older libuci moved an option, {} it lost a section, {} NUL",
            self.moved, self.lost, self.nul
        );
    }
}

fn main() -> ExitCode {
    let Some((count, seed)) = arguments() else {
        eprintln!("usage: libuci-oracle [--count FILES] [--seed NUMBER]");
        return ExitCode::from(2);
    };
    match run(count, seed) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Option<(u64, u64)> {
    let (mut count, mut seed) = (100_000, 1);
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let number = words.next()?.parse().ok()?;
        match word.as_str() {
            "--count" => count = number,
            "--seed" => seed = number,
            _ => return None,
        }
    }
    Some((count, seed))
}

fn run(count: u64, seed: u64) -> io::Result<u64> {
    let mut libuci = Libuci::new()?;
    let habits = Habits::of(&mut libuci)?;
    println!("this libuci: {habits:?}");
    let mut cases = Tally::default();
    for (name, text) in uci_cases()? {
        check(&mut libuci, habits, &text, &name, &mut cases)?;
    }
    cases.print("cases");

    let mut files = Tally::default();
    for number in 0..count {
        if number % FILES_PER_CONTEXT == FILES_PER_CONTEXT - 1 {
            libuci = Libuci::new()?;
        }
        // Each file has its own seed, so that `--seed THAT --count 1` repeats it.
        let seed = seed.wrapping_add(number);
        let text = file(&mut Dice::new(seed));
        check(&mut libuci, habits, &text, &format!("seed {seed}"), &mut files)?;
    }
    files.print("files");
    Ok(cases.different + files.different)
}

fn check(libuci: &mut Libuci, habits: Habits, text: &[u8], name: &str, tally: &mut Tally) -> io::Result<()> {
    let comparison = compare(libuci, habits, text)?;
    tally.count(&comparison);
    if matches!(comparison, Comparison::Different(_)) && tally.different <= 10 {
        let text = smallest(libuci, habits, text)?;
        println!("DIFFERENT ({name}): {}", text.escape_ascii());
        if let Comparison::Different(how) = compare(libuci, habits, &text)? {
            println!("{how}\n");
        }
    }
    Ok(())
}

fn uci_cases() -> io::Result<Vec<(String, Vec<u8>)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/uci-cases");
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "in") {
            cases.push((path.display().to_string(), fs::read(&path)?));
        }
    }
    cases.sort();
    Ok(cases)
}
