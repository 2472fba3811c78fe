//! Third-party code in nicup, by the rules of deny.toml: its origin, its licences, and no duplicates. Also nicup's own
//! unsafe code: in one file.
//!
//! Works offline, from the lock files and from the crates that cargo has unpacked. cargo-deny takes minutes to build,
//! so it is a separate step, `tests/run deny`, which also checks advisories.

use miniserde::{Deserialize, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lock files of the product's workspace and of the separate ones.
const LOCKS: [&str; 3] = ["Cargo.lock", "tests/libuci/Cargo.lock", "tests/fuzz/Cargo.lock"];
/// The manifests of the workspaces.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "tests/fuzz/Cargo.toml", "tests/libuci/Cargo.toml"];
/// Files that allow unsafe code: for sys/posix, and for the bindings of libuci.
const UNSAFE: [&str; 2] = ["src/sys/mod.rs", "tests/libuci/src/oracle.rs"];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The values of list `name` in deny.toml: the first quoted text of each line.
fn deny(name: &str) -> Vec<String> {
    let text = fs::read_to_string(top().join("deny.toml")).unwrap();
    let list = text.split_once(&format!("\n{name} = [\n")).unwrap().1;
    let lines = list.lines().take_while(|line| *line != "]");
    let found: Vec<String> = lines.map(|line| line.split('"').nth(1).unwrap().to_owned()).collect();
    assert!(!found.is_empty(), "{name}");
    found
}

/// One `[[package]]` of a lock file: its fields by name, without lists.
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
    let known: BTreeSet<String> =
        deny("skip").iter().map(|one| one.split('@').next().unwrap().to_owned()).collect();
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

/// Cargo's metadata of this workspace, for Linux.
fn metadata() -> Metadata {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let arguments =
        ["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", &platform];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(top()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    json::from_str(std::str::from_utf8(&output.stdout).unwrap()).unwrap()
}

/// Whether a licence expression includes an option that deny.toml allows: `A OR (B AND C)`, and the old `A/B`.
fn acceptable(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let allowed = deny("allow");
    let one = |licence: &str| allowed.iter().any(|allowed| allowed == licence.trim());
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

/// Whether a file allows unsafe code.
fn may_be_unsafe(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        let attribute = line.starts_with("#[") || line.starts_with("#![");
        attribute && line.contains("unsafe_code") && !line.contains("forbid") && !line.contains("deny")
    })
}

#[test]
fn unsafe_code_is_in_one_place_and_says_why() {
    assert!(
        may_be_unsafe("//! X.\n#![cfg_attr(test, allow(unsafe_code))]")
            && may_be_unsafe("    #[expect(unsafe_code)]")
    );
    assert!(!may_be_unsafe("#![forbid(unsafe_code)]\n// #[allow(unsafe_code)]"));
    for manifest in MANIFESTS {
        let text = fs::read_to_string(top().join(manifest)).unwrap();
        for lint in ["\nunsafe_code = \"deny\"\n", "\nundocumented_unsafe_blocks = \"warn\"\n"] {
            assert!(text.contains(lint), "{manifest}: {lint}");
        }
    }
    let simulator = fs::read_to_string(top().join("tests/simulator/Cargo.toml")).unwrap();
    assert!(simulator.contains("[lints]\nworkspace = true\n"));
    let mut files = Vec::new();
    ["src", "tests"].iter().for_each(|folder| rust_files(&top().join(folder), &mut files));
    let mut places: Vec<String> = Vec::new();
    for path in files.iter().filter(|path| !path.ends_with("tests/all/supply.rs")) {
        if may_be_unsafe(&fs::read_to_string(path).unwrap()) {
            places.push(path.strip_prefix(top()).unwrap().to_string_lossy().into_owned());
        }
    }
    places.sort();
    assert_eq!(places, UNSAFE);
}
