//! The floor plan and the house rules, held by tests: who may name whom, what the pure rooms never touch, sizes, leftovers.
//!
//! Reads sources as text. Comments and literals are blanked first, so only code counts. Not a parser: what a macro
//! makes, it does not see. Every rule has a snippet that breaks it, so that a rule cannot die unnoticed.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// Which rooms a room may name.
const FLOORS: [(&str, &[&str]); 4] = [
    ("wire", &["wire"]),
    ("policy", &["policy", "wire"]),
    ("sys", &["sys", "wire"]),
    ("app", &["app", "policy", "sys", "wire"]),
];
/// The rooms without a world.
const PURE: [&str; 2] = ["wire", "policy"];
/// What a pure room never takes from the standard library.
const WORLD_OF_STD: [&str; 6] = ["env", "fs", "io", "os", "process", "thread"];
/// Types of the world that a pure room never names, whatever path leads to them.
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
/// Crates that are the world.
const WORLD_CRATES: [&str; 6] = ["log", "rustix", "rustls", "socket2", "syslog", "ureq_proto"];
/// Macros that write.
const WORLD_MACROS: [&str; 5] = ["dbg", "eprint", "eprintln", "print", "println"];
const MOST_LINES: usize = 400;
/// Files that may be longer, and why.
const LONG: [(&str, &str); 1] = [(
    "openwrt/luci-app-nicup/po/templates/nicup.pot",
    "made by tests/luci/pot.mjs of all texts of the page",
)];
/// Not written by hand.
const DATA: [&str; 4] = ["uci-cases", "Cargo.lock", "keys", "fixtures"];

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

/// Rust sources with the room that they are in (`None`: lib.rs, main.rs, tests).
fn sources() -> Vec<(String, Option<&'static str>, String)> {
    let room = |name: &str| {
        let inside = name.strip_prefix("src/")?;
        FLOORS.iter().map(|(room, _)| *room).find(|room| inside.starts_with(&format!("{room}/")))
    };
    let rust = all_files().into_iter().filter(|(name, _)| name.ends_with(".rs"));
    rust.map(|(name, text)| (name.clone(), room(&name), text)).collect()
}

/// The code alone: comments, strings and characters become blanks, lines stay where they are.
fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest, out.chars().next_back()).unwrap_or(0);
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// How many bytes at the head of `text` are a comment or a literal.
fn literal(text: &str, before: Option<char>) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        let (mut depth, mut at) = (0, 0);
        while at < text.len() {
            match &text.as_bytes()[at..] {
                [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
                [b'*', b'/', ..] if depth == 1 => return Some(at + 2),
                [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
        }
        return Some(text.len());
    }
    if text.starts_with(['r', 'b']) && !before.is_some_and(is_word) {
        let hashes = text.trim_start_matches('b').strip_prefix('r')?;
        let fence = "#".repeat(hashes.len() - hashes.trim_start_matches('#').len());
        let body = hashes[fence.len()..].strip_prefix('"')?;
        let end = format!("\"{fence}");
        return Some(text.len() - body.len() + body.find(&end)? + end.len());
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return Some(at + 1);
        } else if quote == '\'' && at > 1 && !text.starts_with("'\\") {
            return None; // a lifetime
        }
    }
    None
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words of `code` with their byte offsets.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// What is named right under `root`: `root::x` gives x, `root::{a, b::c}` gives a and b, `root::*` gives a star.
fn under<'a>(code: &'a str, root: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (at, _) in words(code).filter(|(_, word)| *word == root) {
        let Some(path) = code[at + root.len()..].trim_start().strip_prefix("::") else { continue };
        let path = path.trim_start();
        let line = line_of(code, at);
        let Some(group) = path.strip_prefix('{') else {
            found.push((line, first_segment(path)));
            continue;
        };
        let mut depth = 0;
        let mut start = 0;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    found.push((line, first_segment(group[start..at].trim())));
                    start = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

fn first_segment(path: &str) -> &str {
    if path.starts_with('*') { "*" } else { path.split(|c| !is_word(c)).next().unwrap_or("") }
}

/// Lines of `room`'s `code` that name a room it may not name: through `crate::`, or by climbing to it with `super::`.
fn wrong_edges(room: &str, code: &str) -> Vec<usize> {
    let allowed = FLOORS.iter().find(|(name, _)| *name == room).unwrap().1;
    let is_room = |name: &str| FLOORS.iter().any(|(room, _)| *room == name);
    let by_crate = under(code, "crate").into_iter().filter(|(_, name)| is_room(name) || *name == "*");
    let by_super = under(code, "super").into_iter().filter(|(_, name)| is_room(name));
    by_crate.chain(by_super).filter(|(_, name)| !allowed.contains(name)).map(|(line, _)| line).collect()
}

fn world(code: &str) -> Vec<(usize, &str)> {
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

/// `code` without its items under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some((before, item)) = rest.split_once("#[cfg(test)]") {
        out.push_str(before);
        let mut depth = 0;
        let end = item.char_indices().find(|(_, c)| {
            depth += i32::from(*c == '{') - i32::from(*c == '}');
            depth == 0 && matches!(c, '}' | ';')
        });
        let (skipped, after) = item.split_at(end.map_or(item.len(), |(at, _)| at + 1));
        out.extend(skipped.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    out + rest
}

/// Calls that end the program where a value is not what the author thought.
fn panics(code: &str) -> Vec<usize> {
    let code = without_tests(code);
    let calls = words(&code).filter(|(at, word)| {
        matches!(*word, "unwrap" | "expect" | "unwrap_err" | "expect_err")
            && code[..*at].trim_end().ends_with('.')
            && code[at + word.len()..].starts_with('(')
    });
    calls.map(|(at, _)| line_of(&code, at)).collect()
}

/// Words that promise work. Written in two pieces, or this file would be the first to be found.
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

/// A tests.rs belongs to the file that names it, whose head stands for both.
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
fn pure_rooms_touch_no_world() {
    let mut broken = Vec::new();
    for (name, room, text) in sources() {
        if room.is_some_and(|room| PURE.contains(&room)) {
            let code = code(&text);
            broken.extend(world(&code).iter().map(|(line, what)| format!("{name}:{line}: {what}")));
        }
        let is_door = PURE.iter().any(|room| name == format!("src/{room}/mod.rs"));
        if is_door && !forbids_unsafe(&text) {
            broken.push(format!("{name}: does not begin with #![forbid(unsafe_code)]"));
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
fn code_is_what_is_left_without_comments_and_literals() {
    let text = "a /* b /* c */ d */ e // f\n\"g \\\" h\" 'i' '\\'' 'life j r#\"k \" l\"# b\"m\" '\"' n";
    let code = code(text);
    let left: Vec<&str> = words(&code).map(|(_, word)| word).collect();
    assert_eq!(left, ["a", "e", "life", "j", "b", "n"]);
    assert_eq!(code.lines().count(), 2);
}

#[test]
fn a_wrong_edge_is_found_in_every_spelling() {
    for (room, snippet) in [
        ("policy", "use crate::sys::clock;"),
        ("policy", "use crate::{\n    wire::nic,\n    sys::clock,\n};"),
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
        ("policy", "use crate::{wire::nic, policy::time};"),
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
        assert_eq!(world(&code(snippet)).len(), 1, "{snippet}");
    }
    let pure =
        "use std::net::{IpAddr, Ipv6Addr};\nuse std::time::Duration;\n// std::fs\nlet print = log + 1;";
    assert_eq!(world(&code(pure)), []);
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
fn an_exception_that_nobody_needs_any_more_is_taken_off_the_list() {
    for (name, _) in LONG {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        assert!(text.lines().count() > MOST_LINES, "{name} is short by now: remove it from LONG");
    }
}
