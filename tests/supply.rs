//! What nicup is made of that others wrote: where it comes from, under which licence, and nothing twice. And its own
//! unsafe code: in one file, each place with its reason.
//!
//! Works offline, from the lock files and from what cargo has unpacked. Knows no advisories: those are news, and a test
//! that needs news fails for no change of ours.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use miniserde::{Deserialize, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lock files of the product's workspace, and of those beside it.
const LOCKS: [&str; 3] = ["Cargo.lock", "tests/libuci/Cargo.lock", "tests/fuzz/Cargo.lock"];
/// Licences that oblige to no more than their notice.
const LICENCES: [&str; 8] =
    ["0BSD", "Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "Unicode-3.0", "Unlicense", "Zlib"];
/// Crates in two versions, and why that is borne. None of them is in the program.
const TWICE: [(&str, &str); 5] = [
    ("bitflags", "libuci's bindings are made with an old bindgen"),
    ("getrandom", "a tool of the fuzzers' build follows a newer one than ring"),
    ("shlex", "libuci's bindings are made with an old bindgen"),
    ("syn", "macros, which run at build time only"),
    ("windows-sys", "for Windows, and never built"),
];
/// Where unsafe code may be.
const UNSAFE: [&str; 2] = ["src/sys/posix.rs", "tests/libuci/src/oracle.rs"];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One `[[package]]` of a lock file: its fields by name, lists left out.
fn locked(text: &str) -> Vec<BTreeMap<&str, &str>> {
    text.split("[[package]]")
        .skip(1)
        .map(|package| {
            let pairs = package.lines().filter_map(|line| line.split_once(" = "));
            pairs.map(|(name, value)| (name, value.trim_matches('"'))).collect()
        })
        .collect()
}

#[test]
fn everything_comes_from_one_registry_with_its_checksum() {
    let mut sources = BTreeSet::new();
    for lock in LOCKS {
        let text = fs::read_to_string(top().join(lock)).unwrap();
        let packages = locked(&text);
        assert!(packages.len() > 10, "{lock}");
        for package in &packages {
            let Some(source) = package.get("source") else {
                let ours = ["libuci-oracle", "nicup", "nicup-fuzz", "noip-simulator"];
                assert!(ours.contains(&package["name"]), "{lock}: {} has no source", package["name"]);
                continue;
            };
            assert!(source.starts_with("registry+https://"), "{lock}: {} is from {source}", package["name"]);
            assert!(
                package.get("checksum").is_some_and(|sum| sum.len() == 64),
                "{lock}: {}",
                package["name"]
            );
            sources.insert((*source).to_owned());
        }
    }
    assert_eq!(sources.len(), 1, "{sources:?}");
}

#[test]
fn nothing_is_there_twice_but_what_is_known() {
    let mut twice = BTreeSet::new();
    for lock in LOCKS {
        let text = fs::read_to_string(top().join(lock)).unwrap();
        let mut seen = BTreeSet::new();
        let names = locked(&text).into_iter().map(|package| package["name"].to_owned());
        twice.extend(names.filter(|name| !seen.insert(name.clone())));
    }
    let known: BTreeSet<String> = TWICE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(twice, known, "a new one needs a reason, one that is gone needs none");
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dep>,
}

#[derive(Deserialize)]
struct Dep {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// Cargo's own view of this workspace, on Linux.
fn metadata() -> Metadata {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let arguments =
        ["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", &platform];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(top()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    json::from_str(std::str::from_utf8(&output.stdout).unwrap()).unwrap()
}

/// Whether a licence expression leaves us a choice that we accept: `A OR (B AND C)`, and the old `A/B`.
fn acceptable(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let one = |licence: &str| LICENCES.contains(&licence.trim());
    plain.split(" OR ").any(|choice| choice.split(" AND ").all(one))
}

#[test]
fn every_licence_is_one_that_only_wants_its_notice() {
    assert!(acceptable("MIT OR GPL-3.0") && acceptable("GPL-2.0/ISC") && acceptable("MIT AND ISC"));
    assert!(!acceptable("GPL-3.0") && !acceptable("MIT AND LGPL-2.1") && !acceptable(""));
    for package in metadata().packages {
        let licence = package.license.unwrap_or_default();
        assert!(acceptable(&licence), "{}: {licence:?}", package.name);
    }
}

#[test]
fn the_program_holds_no_crate_twice() {
    let all = metadata();
    let package = |id: &str| all.packages.iter().find(|package| package.id == id).unwrap();
    let nicup = all.packages.iter().find(|package| package.name == "nicup").unwrap();
    let mut inside: Vec<&str> = vec![&nicup.id];
    let mut at = 0;
    while at < inside.len() {
        let node = all.resolve.nodes.iter().find(|node| node.id == inside[at]).unwrap();
        for dep in &node.deps {
            let normal = dep.dep_kinds.iter().any(|kind| kind.kind.is_none());
            if normal && !inside.contains(&dep.pkg.as_str()) {
                inside.push(&dep.pkg);
            }
        }
        at += 1;
    }
    let mut names: Vec<&str> = inside.iter().map(|id| package(id).name.as_str()).collect();
    names.sort_unstable();
    assert!(names.contains(&"rustls") && names.contains(&"ring") && !names.contains(&"rcgen"), "{names:?}");
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    println!("{} crates are in the program", names.len());
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Lines that are unsafe, and whether a comment in front says why they may be.
fn unsafe_lines(text: &str) -> Vec<(usize, bool)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_unsafe = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word == "unsafe") && !code.contains('"')
    };
    let explained = |at: usize| {
        let before = lines[..at].iter().rev();
        before.take_while(|line| line.trim_start().starts_with("//")).any(|line| line.contains("// SAFETY: "))
    };
    (0..lines.len()).filter(|at| is_unsafe(lines[*at])).map(|at| (at + 1, explained(at))).collect()
}

#[test]
fn unsafe_code_is_in_one_place_and_says_why() {
    assert_eq!(
        unsafe_lines("// SAFETY: it is\nlet x = unsafe { f() };\nunsafe { g() }"),
        [(2, true), (3, false)]
    );
    assert_eq!(unsafe_lines("// unsafe\nlet unsafe_code = \"unsafe\";"), []);
    let mut files = Vec::new();
    ["src", "tests"].iter().for_each(|folder| rust_files(&top().join(folder), &mut files));
    let mut places = BTreeSet::new();
    for path in files {
        let name = path.strip_prefix(top()).unwrap().to_string_lossy().into_owned();
        for (line, explained) in unsafe_lines(&fs::read_to_string(&path).unwrap()) {
            assert!(UNSAFE.contains(&name.as_str()), "{name}:{line}: unsafe");
            assert!(explained, "{name}:{line}: no SAFETY in front");
            places.insert(name.clone());
        }
    }
    assert_eq!(places.len(), UNSAFE.len(), "{places:?}");
}
