//! Compares nicup's UCI parser with what `uci` itself printed (fixtures/uci-cases), and runs it on random text.
//!
//! Does not run libuci. tests/libuci does, but needs more than a Rust toolchain.

#[path = "../libuci/src/export.rs"]
mod export;
#[path = "../libuci/src/generate.rs"]
mod generate;

use crate::common::patience;
use export::{Names, export};
use generate::{Dice, file};
use nicup::wire::uci::{
    Opt, Package, Reason, Section, Text, Value, list_line, option_line, parse, quote, section_line,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/uci-cases");
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "in"))
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 49, "fixtures/uci-cases is not whole");
    inputs
}

/// `uci: Parse error (REASON) at line 3, byte 28`. nicup differs in one point: it has no line 0.
fn as_uci_words_it(reason: &str, line: u32, byte: u32) -> String {
    format!("uci: Parse error ({reason}) at line {line}, byte {byte}\n")
}

/// `uci show`, or `uci -X show` with generated names.
fn show(package: &Package, names: Names) -> Vec<u8> {
    let mut out = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for section in &package.sections {
        let count = counts.entry(&section.kind).or_default();
        let name = if section.anonymous && names == Names::Given {
            format!("@{}[{count}]", section.kind)
        } else {
            section.name.clone()
        };
        *count += 1;
        out.extend(format!("t.{name}={}\n", section.kind).bytes());
        for option in &section.options {
            let values: Vec<Vec<u8>> = option.value.texts().iter().map(|text| quote(&text.bytes)).collect();
            out.extend(format!("t.{name}.{}=", option.name).bytes());
            out.extend(values.join(b" ".as_slice()));
            out.push(b'\n');
        }
    }
    out
}

#[test]
fn every_case_is_accepted_or_refused_as_uci_did() {
    for case in cases() {
        let input = fs::read(&case).unwrap();
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let expected = fs::read_to_string(case.with_extension("err")).ok();
        match parse(&input) {
            Ok(package) => {
                assert_eq!(expected, None, "{name}: accepted");
                let uci = |extension| fs::read(case.with_extension(extension)).unwrap();
                assert_eq!(export(&package, Names::Given), uci("out"), "{name}: export");
                assert_eq!(show(&package, Names::Given), uci("show"), "{name}: show");
                if case.with_extension("showX").exists() {
                    assert_eq!(show(&package, Names::MadeUp), uci("showX"), "{name}: show -X");
                }
            }
            Err(error) if input.contains(&0) => assert_eq!(error.reason, Reason::Nul, "{name}"),
            Err(error) => {
                let expected = expected.unwrap_or_else(|| panic!("{name}: refused: {error}"));
                let expected = expected.replace("at line 0,", "at line 1,");
                assert_eq!(
                    as_uci_words_it(error.reason.explain(), error.line, error.byte),
                    expected,
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn what_was_read_can_be_written_and_read_again() {
    for case in cases() {
        let Ok(package) = parse(&fs::read(&case).unwrap()) else { continue };
        if package.sections.iter().any(|section| section.kind.contains('"')) {
            continue; // uci does not quote a type
        }
        let written = export(&package, Names::Given);
        let again = parse(&written).unwrap();
        assert_eq!(export(&again, Names::Given), written, "{}", case.display());
    }
}

/// The bytes of text in the package, without generated names.
fn held(package: &Package) -> usize {
    let option = |option: &Opt| {
        option.name.len() + option.value.texts().iter().map(|text| text.bytes.len()).sum::<usize>()
    };
    let section = |section: &Section| {
        let name = if section.anonymous { 0 } else { section.name.len() };
        section.kind.len() + name + section.options.iter().map(option).sum::<usize>()
    };
    package.sections.iter().map(section).sum()
}

#[test]
fn any_text_is_read_or_refused_and_never_grows() {
    let mut accepted = 0;
    for seed in 0..100_000 {
        let text = file(&mut Dice::new(seed));
        let lines = u32::try_from(text.iter().filter(|&&byte| byte == b'\n').count()).unwrap() + 1;
        match parse(&text) {
            Ok(package) => {
                accepted += 1;
                assert!(held(&package) <= text.len());
                for section in &package.sections {
                    let value_lines =
                        section.options.iter().flat_map(|o| o.value.texts()).map(|text| text.line);
                    let mut all = section.options.iter().map(|o| o.line).chain(value_lines);
                    assert!(
                        (1..=lines).contains(&section.line) && all.all(|line| (1..=lines).contains(&line))
                    );
                }
            }
            Err(error) => assert!((1..=lines).contains(&error.line) && error.byte as usize <= text.len()),
        }
    }
    assert!(accepted > 10_000, "too few are read to mean anything: {accepted}");
}

#[test]
fn any_value_survives_writing_and_reading() {
    let mut dice = Dice::new(2);
    for _ in 0..20_000 {
        let values: Vec<Vec<u8>> = (0..1 + dice.roll(4))
            .map(|_| (0..1 + dice.roll(12)).map(|_| b"'\"\\#; \n\r\t\x01\xffab"[dice.roll(13)]).collect())
            .collect();
        let mut text = section_line("kind", Some("name"));
        text.extend(option_line("one", &values[0]));
        values.iter().for_each(|value| text.extend(list_line("many", value)));
        let package = parse(&text).unwrap();
        let read = |at: usize| -> Vec<Vec<u8>> {
            package.sections[0].options[at].value.texts().iter().map(|text| text.bytes.clone()).collect()
        };
        assert_eq!((read(0), read(1)), (values[..1].to_vec(), values));
    }
}

#[test]
fn large_files_take_linear_time() {
    let numbered = |line: fn(usize) -> String| (0..100_000).map(line).collect::<String>().into_bytes();
    let one_section = [b"config a b\n".to_vec(), numbered(|n| format!("\toption o{n} '{n}'\n"))].concat();
    let many_sections = numbered(|n| format!("config a n{n}\n\toption o '{n}'\n"));
    let one_list = [b"config a b\n".to_vec(), numbered(|n| format!("\tlist l '{n}'\n"))].concat();
    let one_value =
        [b"config a b\noption o '".to_vec(), numbered(|n| format!("{n}\\\n")), b"'".to_vec()].concat();
    let joined = [b"config a b\noption o ".to_vec(), numbered(|n| format!("{n}\\\n"))].concat();
    let reopened = numbered(|n| format!("config a n{}\noption o{n} 1\n", n % 7));
    let anonymous = b"config a\n".repeat(100_000);
    let commands = [b"config a b".to_vec(), b" ; option o '1'".repeat(100_000)].concat();
    for text in [one_section, many_sections, one_list, one_value, joined, reopened, anonymous, commands] {
        let begun = Instant::now();
        parse(&text).unwrap();
        // A debug build needs a fraction of this; quadratic work would take minutes.
        assert!(begun.elapsed() < patience(), "{:?}", begun.elapsed());
    }
}

/// The sum of the package's allocations, by capacity.
fn footprint(package: &Package) -> usize {
    let option = |option: &Opt| {
        let list = match &option.value {
            Value::One(_) => 0,
            Value::List(texts) => texts.capacity() * size_of::<Text>(),
        };
        let bytes: usize = option.value.texts().iter().map(|text| text.bytes.capacity()).sum();
        option.name.capacity() + list + bytes
    };
    let section = |section: &Section| {
        let slots = section.options.capacity() * size_of::<Opt>();
        let options: usize = section.options.iter().map(option).sum();
        section.kind.capacity() + section.name.capacity() + slots + options
    };
    package.sections.capacity() * size_of::<Section>() + package.sections.iter().map(section).sum::<usize>()
}

#[test]
fn memory_is_a_small_multiple_of_the_file_however_short_its_lines_are() {
    let sections = b"c a\n".repeat(20_000);
    let list = [b"c a\n".to_vec(), b"l b\n".repeat(20_000)].concat();
    let options =
        [b"c a\n".to_vec(), (0..20_000).flat_map(|n| format!("o {n} 1\n").into_bytes()).collect()].concat();
    for text in [sections, list, options] {
        let times = footprint(&parse(&text).unwrap()) / text.len();
        assert!(times < 64, "{times} times");
    }
    let long = [b"config a b\noption c '".to_vec(), vec![b'x'; 1_000_000], b"'\n".to_vec()].concat();
    assert!(footprint(&parse(&long).unwrap()) < long.len() + 4096);
}
