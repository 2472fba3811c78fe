//! The graph of modules: which module names which, and whether it has a cycle.
//!
//! A module and its submodules may name each other. For two other modules, the graph has an edge between their parents
//! right below the common folder: `policy::import::fate` naming `policy::import::options` is an edge within import,
//! `policy::outcome::books` naming `policy::record` an edge within policy.

use super::text::{code, is_word, without_tests};
use std::collections::{BTreeMap, BTreeSet};

type Path = Vec<String>;
/// The names that each module imports, and the paths that they stand for.
type Imports = BTreeMap<Path, BTreeMap<String, Path>>;
type Edges = BTreeSet<(String, String)>;

/// The module of a file of the library; None: a test, or main.rs.
fn module(file: &str) -> Option<Path> {
    let inside = file.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut path: Path = inside.split('/').map(str::to_owned).collect();
    if path.iter().any(|part| part == "tests") || inside == "main" {
        return None;
    }
    if path.last().is_some_and(|last| last == "mod" || last == "lib") {
        path.pop();
    }
    Some(path)
}

/// All paths in `code` that begin with `crate`, `super` or `self`, or that a `use` names, with the name that the `use`
/// introduces.
fn paths(code: &str) -> Vec<(Option<String>, Path)> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some((length, word)) = next_word(rest) {
        let after = &rest[length..];
        rest = after;
        if word == "use" {
            let (tree, behind) = after.split_once(';').unwrap_or((after, ""));
            tree_paths(tree, &Path::new(), &mut found);
            rest = behind;
        } else if matches!(word, "crate" | "super" | "self") && after.trim_start().starts_with("::") {
            let text: String = after.chars().take_while(|c| is_word(*c) || *c == ':').collect();
            found.push((None, segments(&format!("{word}{text}"))));
            rest = &after[text.len()..];
        }
    }
    found
}

/// The next word of `text`, and the offset of its end.
fn next_word(text: &str) -> Option<(usize, &str)> {
    let start = text.find(is_word)?;
    let end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |length| start + length);
    Some((end, &text[start..end]))
}

fn segments(path: &str) -> Path {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Collects the paths of a `use` tree below `prefix`.
fn tree_paths(tree: &str, prefix: &Path, found: &mut Vec<(Option<String>, Path)>) {
    let tree = tree.trim();
    if let Some((head, group)) = tree.split_once('{') {
        let prefix: Path = prefix.iter().cloned().chain(segments(head)).collect();
        let group = group.trim_end().strip_suffix('}').unwrap_or(group);
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if c == ',' && depth == 0 {
                tree_paths(&group[start..at], &prefix, found);
                start = (at + 1).min(group.len());
            }
        }
    } else if !tree.is_empty() {
        let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name)));
        let mut path: Path = prefix.iter().cloned().chain(segments(path)).collect();
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = alias.map(|name| name.trim().to_owned()).or_else(|| path.last().cloned());
        found.push((name, path));
    }
}

/// The module that `path` leads to from module `from`; None: in another crate.
fn target(from: &Path, path: &[String], imports: &Imports, depth: usize) -> Option<Path> {
    let mut at = match path.first()?.as_str() {
        "crate" => Path::new(),
        "self" => from.clone(),
        "super" => from[..from.len().checked_sub(1)?].to_vec(),
        child if imports.contains_key(&below(from, child)) => below(from, child),
        _ => return None,
    };
    for part in &path[1..] {
        let child = below(&at, part);
        if part == "super" {
            at.pop();
        } else if imports.contains_key(&child) {
            at = child;
        } else {
            // A name that a module imported belongs to the module that it comes from.
            let behind = imports.get(&at)?.get(part).filter(|_| depth > 0);
            return behind.and_then(|behind| target(&at, behind, imports, depth - 1)).or(Some(at));
        }
    }
    Some(at)
}

fn below(path: &Path, child: &str) -> Path {
    path.iter().cloned().chain([child.to_owned()]).collect()
}

/// The parents of `from` and `to` right below their common folder; None: one contains the other.
fn rooms(from: &Path, to: &Path) -> Option<(String, String)> {
    let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let room = |path: &Path| Some(path.get(..=common)?.join("::"));
    Some((room(from)?, room(to)?))
}

fn edges(files: &[(String, String)]) -> Edges {
    let of = |(file, text): &(String, String)| Some((module(file)?, paths(&without_tests(&code(text)))));
    let modules: BTreeMap<Path, Vec<_>> = files.iter().filter_map(of).collect();
    let named = |paths: &Vec<(Option<String>, Path)>| {
        paths.iter().filter_map(|(name, path)| Some((name.clone()?, path.clone()))).collect()
    };
    let imports: Imports = modules.iter().map(|(module, paths)| (module.clone(), named(paths))).collect();
    let mut edges = Edges::new();
    for (module, paths) in &modules {
        for (_, path) in paths {
            edges.extend(target(module, path, &imports, 8).and_then(|to| rooms(module, &to)));
        }
    }
    edges
}

/// The cycles: modules that all lead to each other, sorted by name.
pub(crate) fn circles(files: &[(String, String)]) -> Vec<Vec<String>> {
    let edges = edges(files);
    let rooms: BTreeSet<&String> = edges.iter().flat_map(|(from, to)| [from, to]).collect();
    let reach = |start: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start.clone()]);
        while let Some(room) = open.pop() {
            let next = edges.iter().filter(|(from, _)| *from == room).map(|(_, to)| to.clone());
            open.extend(next.filter(|to| seen.insert(to.clone())));
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> =
        rooms.iter().map(|room| (*room, reach(room))).collect();
    let mut circles = BTreeSet::new();
    for room in &rooms {
        let back = |other: &&String| reached[*other].contains(*room);
        let circle: Vec<String> = reached[*room].iter().filter(back).cloned().collect();
        circles.extend((circle.len() > 1).then_some(circle));
    }
    circles.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        circles(&files.iter().map(own).collect::<Vec<_>>())
    }

    const LIB: (&str, &str) = ("src/lib.rs", "pub mod a;");

    #[test]
    fn a_circle_is_found_in_every_spelling() {
        for back in [
            "use super::x;",
            "use super::{y::Z, x::{self, Y}};",
            "use crate::a::x::Y as Z;",
            "fn f() { crate::a::x::f() }",
            "fn f() { super::x::f() }",
            "use super::Y;",
        ] {
            let files = [
                LIB,
                ("src/a/mod.rs", "pub mod x; pub mod y;\npub use x::Y;"),
                ("src/a/x.rs", "use super::y;"),
            ];
            let circle = found(&[files[0], files[1], files[2], ("src/a/y.rs", back)]);
            assert_eq!(circle, [["a::x", "a::y"]], "{back}");
        }
    }

    #[test]
    fn a_circle_of_files_deep_in_two_rooms_is_one_of_the_rooms() {
        let files = [
            LIB,
            ("src/a/mod.rs", "pub mod x; pub mod y; pub mod z;"),
            ("src/a/x/mod.rs", "mod deep;"),
            ("src/a/x/deep.rs", "use crate::a::y::Y;"),
            ("src/a/y.rs", "mod deep;"),
            ("src/a/y/deep.rs", "use super::super::z;"),
            ("src/a/z.rs", "fn f() { crate::a::x::f() }"),
        ];
        assert_eq!(found(&files), [["a::x", "a::y", "a::z"]]);
    }

    #[test]
    fn submodules_and_tests_close_no_circle() {
        let files = [
            LIB,
            ("src/a/mod.rs", "mod x; mod y;\nuse x::f; fn g() { x::f() }"),
            ("src/a/x.rs", "use super::g;\nuse super::y;"),
            ("src/a/y.rs", "use std::x;\n// use super::x;\n#[cfg(test)]\nmod tests { use super::super::x; }"),
            ("src/a/y/tests.rs", "use crate::a::x;"),
        ];
        assert_eq!(found(&files), Vec::<Vec<String>>::new());
    }
}
