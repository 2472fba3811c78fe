//! Enforces the architecture and the house rules: which floors may use which, module cycles, what the pure floors never
//! touch, sizes, leftovers.
//!
//! Reads sources as text. Comments and literals are blanked first, so only code counts. Each rule has a snippet that
//! violates it, so a rule cannot stop working unnoticed.

mod graph;
mod sizes;
mod text;

use std::path::{Path, PathBuf};
use text::{code, line_of, under, without_tests, words};

/// Which floors a floor may name.
const FLOORS: [(&str, &[&str]); 4] = [
    ("wire", &["wire"]),
    ("policy", &["policy", "wire"]),
    ("sys", &["sys", "wire"]),
    ("app", &["app", "policy", "sys", "wire"]),
];
/// The floors without clocks, files and sockets.
const PURE: [&str; 2] = ["wire", "policy"];
/// Modules of the standard library that a pure floor never uses.
const WORLD_OF_STD: [&str; 6] = ["env", "fs", "io", "os", "process", "thread"];
/// Types with side effects that a pure floor never names, by any path.
const WORLD_TYPES: [&str; 8] = [
    "Instant",
    "SystemTime",
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
    "UnixListener",
    "UnixStream",
];
/// Crates with side effects.
const WORLD_CRATES: [&str; 6] = ["log", "rustix", "rustls", "socket2", "syslog", "ureq"];
/// Crates that only `sys` names. Not the log crate: every step of a pass logs.
const CRATES_OF_SYS: [&str; 7] = ["libc", "rustix", "rustls", "signal_hook", "socket2", "syslog", "ureq"];
/// Modules of the standard library that only `sys` uses.
const STD_OF_SYS: [&str; 3] = ["fs", "os", "thread"];
/// Types that only `sys` names, because programs are started there.
const TYPES_OF_SYS: [&str; 2] = ["Command", "Stdio"];
/// Files of `app` that still do what `sys` should do.
const WORLDLY: [(&str, &str); 0] = [];
/// Remaining module cycles. The list may only shrink.
const CIRCLES: [&[&str]; 0] = [];
/// Macros that print.
const WORLD_MACROS: [&str; 5] = ["dbg", "eprint", "eprintln", "print", "println"];
const MOST_LINES: usize = 400;
/// The most fields of a struct, except for configuration, records, and the formats of files and netifd.
const MOST_FIELDS: usize = 8;
const SHAPES: [&str; 4] =
    ["src/policy/config/", "src/policy/record/", "src/policy/status.rs", "src/wire/ubus.rs"];
/// Remaining structs with more fields. The list may only shrink.
const WIDE: [(&str, &str); 0] = [];
/// The most lines of a function, except for tables.
const MOST_LINES_OF_A_FUNCTION: usize = 60;
/// Functions that are tables.
const TABLES: [(&str, &str); 2] =
    [("src/policy/address/why.rs", "explain"), ("src/policy/message.rs", "meaning")];
/// Files that may be longer, and why.
const LONG: [(&str, &str); 3] = [
    ("tests/messages.md", "made by tests/messages.rs of all sentences of the program"),
    ("openwrt/luci-app-nicup/po/templates/nicup.pot", "made by tests/luci/pot.mjs of all texts of the page"),
    ("openwrt/luci-app-nicup/po/de/nicup.po", "a translation of all texts of the page"),
];
/// Not written by hand.
const DATA: [&str; 3] = ["Cargo.lock", "keys", "fixtures"];

fn all_files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "tests", "openwrt"] {
        collect(root, &root.join(folder), &mut found);
    }
    assert!(found.len() > 50, "the sources are where they are looked for");
    found.sort();
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "target" || DATA.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let name: PathBuf = path.strip_prefix(root).unwrap().into();
            found.push((name.to_string_lossy().into_owned(), text));
        }
    }
}

/// Rust sources with their floors (`None`: lib.rs, main.rs, tests).
fn sources() -> Vec<(String, Option<&'static str>, String)> {
    let room = |name: &str| {
        let inside = name.strip_prefix("src/")?;
        FLOORS.iter().map(|(room, _)| *room).find(|room| inside.starts_with(&format!("{room}/")))
    };
    let rust = all_files().into_iter().filter(|(name, _)| name.ends_with(".rs"));
    rust.map(|(name, text)| (name.clone(), room(&name), text)).collect()
}

/// Lines of `code` that name a floor that `room` may not name: through `crate::`, or by climbing to it with `super::`.
fn wrong_edges(room: &str, code: &str) -> Vec<usize> {
    let allowed = FLOORS.iter().find(|(name, _)| *name == room).unwrap().1;
    let is_room = |name: &str| FLOORS.iter().any(|(room, _)| *room == name);
    let by_crate = under(code, "crate").into_iter().filter(|(_, name)| is_room(name) || *name == "*");
    let by_super = under(code, "super").into_iter().filter(|(_, name)| is_room(name));
    by_crate.chain(by_super).filter(|(_, name)| !allowed.contains(name)).map(|(line, _)| line).collect()
}

fn env(code: &str) -> Vec<(usize, &str)> {
    let of_std = under(code, "std").into_iter().filter(|(_, name)| WORLD_OF_STD.contains(name));
    let names = words(code).filter(|(at, word)| {
        let (before, after) = (code[..*at].trim_end(), &code[at + word.len()..]);
        let is_crate = after.trim_start().starts_with("::") || before.ends_with("use");
        WORLD_TYPES.contains(word)
            || WORLD_CRATES.contains(word) && is_crate
            || WORLD_MACROS.contains(word) && after.starts_with('!')
    });
    let names = names.map(|(at, word)| (line_of(code, at), word));
    of_std.chain(names).collect()
}

/// Lines of `app`'s `code` that use what only `sys` may use.
fn taken_from_sys(code: &str) -> Vec<(usize, &str)> {
    let of_std = under(code, "std").into_iter().filter(|(_, name)| STD_OF_SYS.contains(name));
    let names = words(code).filter(|(at, word)| {
        let (before, after) = (code[..*at].trim_end(), code[at + word.len()..].trim_start());
        let is_path = after.starts_with("::") || before.ends_with("use");
        CRATES_OF_SYS.contains(word) && is_path
            || WORLD_TYPES.contains(word)
            || TYPES_OF_SYS.contains(word) && (before.ends_with("::") || after.starts_with("::"))
    });
    of_std.chain(names.map(|(at, word)| (line_of(code, at), word))).collect()
}

/// Calls that panic on an unexpected value.
fn panics(code: &str) -> Vec<usize> {
    let code = without_tests(code);
    let calls = words(&code).filter(|(at, word)| {
        matches!(*word, "unwrap" | "expect" | "unwrap_err" | "expect_err")
            && code[..*at].trim_end().ends_with('.')
            && code[at + word.len()..].starts_with('(')
    });
    calls.map(|(at, _)| line_of(&code, at)).collect()
}

/// Words that announce work. Split in two here, or this file would match.
fn leftovers(text: &str) -> Vec<usize> {
    let notes = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
    let macros = [concat!("to", "do"), concat!("unimple", "mented")];
    let found = words(text).filter(|(at, word)| {
        notes.contains(word) || macros.contains(word) && text[at + word.len()..].starts_with("!(")
    });
    found.map(|(at, _)| line_of(text, at)).collect()
}

fn too_long(name: &str, text: &str) -> bool {
    text.lines().count() > MOST_LINES && !LONG.iter().any(|(long, _)| *long == name)
}

/// A tests.rs needs no head: the file that declares it has one.
fn headless(name: &str, text: &str) -> bool {
    !text.starts_with("//! ") && !name.ends_with("/tests.rs")
}

fn forbids_unsafe(text: &str) -> bool {
    code(text).trim_start().starts_with("#![forbid(unsafe_code)]")
}

fn report(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn rooms_name_only_the_rooms_below_them() {
    let mut broken = Vec::new();
    for (name, room, text) in sources() {
        let Some(room) = room else { continue };
        let code = code(&text);
        broken.extend(
            wrong_edges(room, &code).iter().map(|line| format!("{name}:{line}: {room} names another room")),
        );
    }
    report(&broken);
}

#[test]
fn modules_name_each_other_in_no_circle() {
    let found = graph::circles(&all_files());
    assert_eq!(found, CIRCLES, "what is new must go, and what is gone must be taken off CIRCLES");
}

#[test]
fn pure_rooms_touch_no_world() {
    let mut broken = Vec::new();
    for (name, room, text) in sources() {
        if room.is_some_and(|room| PURE.contains(&room)) {
            let code = code(&text);
            broken.extend(env(&code).iter().map(|(line, what)| format!("{name}:{line}: {what}")));
        }
        let is_door = PURE.iter().any(|room| name == format!("src/{room}/mod.rs"));
        if is_door && !forbids_unsafe(&text) {
            broken.push(format!("{name}: does not begin with #![forbid(unsafe_code)]"));
        }
    }
    report(&broken);
}

#[test]
fn app_touches_the_world_through_sys() {
    let mut broken = Vec::new();
    for (name, room, text) in sources() {
        if room == Some("app") && !WORLDLY.iter().any(|(worldly, _)| *worldly == name) {
            let code = without_tests(&code(&text));
            let found = taken_from_sys(&code).into_iter();
            broken.extend(found.map(|(line, what)| format!("{name}:{line}: {what} is for sys")));
        }
    }
    report(&broken);
}

#[test]
fn files_are_short_headed_and_finished() {
    let mut broken = Vec::new();
    for (name, text) in all_files() {
        if too_long(&name, &text) {
            broken.push(format!("{name}: more than {MOST_LINES} lines"));
        }
        if name.ends_with(".rs") && headless(&name, &text) {
            broken.push(format!("{name}: its first line does not say what it is (//!)"));
        }
        broken.extend(leftovers(&text).iter().map(|line| format!("{name}:{line}: left undone")));
    }
    report(&broken);
}

#[test]
fn structs_and_functions_can_be_taken_in_at_once() {
    let (mut wide, mut long) = (Vec::new(), Vec::new());
    for (name, room, text) in sources() {
        if room.is_none() || name.contains("/tests") {
            continue;
        }
        let code = without_tests(&code(&text));
        let is_shape = SHAPES.iter().any(|shape| name.starts_with(shape));
        let structs = sizes::wide_structs(&code, MOST_FIELDS).into_iter().filter(|_| !is_shape);
        wide.extend(structs.map(|(_, of, _)| (name.clone(), of.to_owned())));
        let functions = sizes::long_functions(&code, MOST_LINES_OF_A_FUNCTION).into_iter();
        long.extend(functions.map(|(_, of, _)| (name.clone(), of.to_owned())));
    }
    let listed = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(file, name)| ((*file).to_owned(), (*name).to_owned())).collect()
    };
    assert_eq!(wide, listed(&WIDE), "what is new must shrink, and what has shrunk must be taken off WIDE");
    assert_eq!(
        long,
        listed(&TABLES),
        "what is new must be split, and what is short must be taken off TABLES"
    );
}

#[test]
fn nothing_in_src_panics_on_purpose() {
    let mut broken = Vec::new();
    for (name, _, text) in sources() {
        if name.starts_with("src/") && !name.ends_with("/tests.rs") && !name.contains("/tests/") {
            broken.extend(panics(&code(&text)).iter().map(|line| format!("{name}:{line}: unwrap or expect")));
        }
    }
    report(&broken);
}

#[test]
fn a_wrong_edge_is_found_in_every_spelling() {
    for (room, snippet) in [
        ("policy", "use crate::sys::clock;"),
        ("policy", "use crate::{\n    wire::dyndns2,\n    sys::clock,\n};"),
        ("policy", "use crate::{wire::{uci, nic}, app};"),
        ("sys", "fn f() { crate::policy::decide::decide() }"),
        ("wire", "use super::super::policy::time;"),
        ("wire", "use super::{super::x, sys};"),
        ("sys", "use crate::*;"),
        ("sys", "use crate :: app;"),
    ] {
        assert_eq!(wrong_edges(room, &code(snippet)).len(), 1, "{snippet}");
    }
    for (room, snippet) in [
        ("policy", "use crate::{wire::dyndns2, policy::time};"),
        ("app", "use crate::{sys, policy};"),
        ("wire", "// crate::sys\nuse crate::wire::uci;"),
        ("sys", "fn f() { \"crate::policy\" }"),
    ] {
        assert_eq!(wrong_edges(room, &code(snippet)), [], "{snippet}");
    }
}

#[test]
fn the_world_is_found_in_every_spelling() {
    for snippet in [
        "use std::fs;",
        "use std::{fmt, fs::File};",
        "use std::time::Instant;",
        "use std::time::{Duration, SystemTime};",
        "use std::net::{IpAddr, TcpStream};",
        "fn f() { log::debug!(\"\") }",
        "use log::debug;",
        "fn f() { println!(\"\") }",
    ] {
        assert_eq!(env(&code(snippet)).len(), 1, "{snippet}");
    }
    let pure =
        "use std::net::{IpAddr, Ipv6Addr};\nuse std::time::Duration;\n// std::fs\nlet print = log + 1;";
    assert_eq!(env(&code(pure)), []);
}

#[test]
fn what_is_for_sys_is_found_in_every_spelling() {
    for snippet in [
        "use rustix::process::Signal;",
        "fn f() { rustix::system::uname(); }",
        "fn f() { std::fs::rename(a, b); }",
        "use std::{io, os::unix};",
        "use std::process::Command;",
        "use std::net::{IpAddr, ToSocketAddrs as _};",
        "fn f() { Command::new(x) }",
    ] {
        assert_eq!(taken_from_sys(&code(snippet)).len(), 1, "{snippet}");
    }
    let allowed =
        "use std::process::ExitCode;\nuse std::io;\nuse std::time::Duration;\nlog::debug!();\n// rustix::x";
    assert_eq!(taken_from_sys(&code(allowed)), []);
}

#[test]
fn the_other_rules_can_fail() {
    assert!(!forbids_unsafe("//! Doc.\nmod x;\n#![forbid(unsafe_code)]"));
    assert!(!forbids_unsafe("// #![forbid(unsafe_code)]\nmod x;"));
    assert!(forbids_unsafe("//! Doc.\n#![forbid(unsafe_code)]\nmod x;"));
    assert!(too_long("src/x.rs", &"\n".repeat(MOST_LINES + 1)));
    assert!(!too_long("src/x.rs", &"\n".repeat(MOST_LINES)));
    assert!(headless("src/x.rs", "use std::fmt;\n") && !headless("src/x.rs", "//! X.\n"));
    assert_eq!(leftovers(concat!("a\n// TO", "DO: b\nto", "do!()\nmethodo todos")), [2, 3]);
    let tested = "fn f() {}\n#[cfg(test)]\nmod tests { fn g() { x.unwrap() } }\nfn h() { y\n.expect(\"\") }";
    assert_eq!(panics(&code(tested)), [5]);
    assert_eq!(panics("x.unwrap_or(1); unwrap(); self.expected()"), []);
}

#[test]
fn an_exception_that_is_no_longer_needed_is_taken_off_the_list() {
    for (name, _) in LONG {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        assert!(text.lines().count() > MOST_LINES, "{name} is short by now: remove it from LONG");
    }
    for (name, _) in WORLDLY {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        assert_ne!(
            taken_from_sys(&code(&text)),
            [],
            "{name} leaves the world to sys: remove it from WORLDLY"
        );
    }
}
