//! Collects every sentence of the program in one readable file: `tests/messages.md`.
//!
//! Reads the sources as text, so the test fails if a sentence is missing from the file: `NICUP_WRITE=1 cargo test
//! --test all messages` writes it again.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const HEAD: &str = "# Messages\n\n\
    Every sentence of the program, one a line, by the file that contains it. `tests/all/messages.rs` makes this file from the sources:\n\
    `NICUP_WRITE=1 cargo test --test all messages`. `{}` is a value. The texts of the LuCI page are in\n\
    [nicup.pot](../openwrt/luci-app-nicup/po/templates/nicup.pot).\n";

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program's source files in order, without unit tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let is_test = |path: &Path| path.file_stem().is_some_and(|name| name == "tests");
    let of_entry = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false if path.extension().is_some_and(|end| end == "rs") => vec![path],
        false => Vec::new(),
    };
    entries.into_iter().filter(|path| !is_test(path)).flat_map(of_entry).collect()
}

/// The string literal at the start of `text`: its content, and its length in bytes. None: no literal starts here.
fn string(text: &str) -> Option<(String, usize)> {
    let raw = text.strip_prefix('r').map(|rest| (rest, rest.len() - rest.trim_start_matches('#').len()));
    if let Some((rest, hashes)) = raw
        && let Some(body) = rest[hashes..].strip_prefix('"')
    {
        let end = body.find(&format!("\"{}", "#".repeat(hashes)))?;
        return Some((body[..end].to_owned(), 1 + hashes + 1 + end + 1 + hashes));
    }
    let (mut sentence, mut letters) = (String::new(), text.strip_prefix('"')?.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((sentence, at + 2)),
            '\\' => match letters.next()?.1 {
                'n' => sentence.push('\n'),
                // A line continuation: the indentation is not part of the sentence.
                '\n' => {
                    while letters.as_str().starts_with(char::is_whitespace) {
                        letters.next();
                    }
                }
                other => sentence.push(other),
            },
            other => sentence.push(other),
        }
    }
    None
}

/// The length in bytes of an attribute at the start of `text`.
fn attribute(text: &str) -> Option<usize> {
    let mut at = text.find('[').filter(|at| matches!(&text[..*at], "#" | "#!"))?;
    let mut depth = 0;
    while let Some(letter) = text[at..].chars().next() {
        if let Some((_, length)) = string(&text[at..]) {
            at += length;
            continue;
        }
        depth += i32::from(letter == '[') - i32::from(letter == ']');
        at += letter.len_utf8();
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// A source up to its test module, which comes last.
fn without_tests(text: &str) -> &str {
    let is_module = |(at, _): &(usize, &str)| {
        let item = text[*at..].lines().find(|line| !line.starts_with("#["));
        item.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    };
    text.match_indices("#[cfg(test)]").find(is_module).map_or(text, |(at, _)| &text[..at])
}

/// The strings of a source, without those in comments, attributes and tests.
fn strings(text: &str) -> Vec<String> {
    let mut rest = without_tests(text);
    let (mut found, mut before) = (Vec::new(), ' ');
    while let Some(letter) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut length = letter.len_utf8();
        if rest.starts_with("//") {
            length = rest.find('\n').unwrap_or(rest.len());
        } else if let Some(skipped) = attribute(rest) {
            length = skipped;
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\") {
            length = 3 + usize::from(rest.starts_with("'\\"));
        } else if let Some((sentence, skipped)) = string(rest).filter(|_| letter == '"' || !is_word(before)) {
            found.push(sentence);
            length = skipped;
        }
        before = letter;
        rest = &rest[length..];
    }
    found
}

/// Replaces `{name}` and `{name:?}` with `{}`.
fn with_holes(sentence: &str) -> String {
    let mut parts = sentence.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "{" + part.find('}').map_or(part, |end| &part[end..]))
}

/// Whether it is text for people: two words in a row.
fn is_sentence(text: &str) -> bool {
    let is_word = |part: &str| {
        part.trim_matches(|c: char| !c.is_alphanumeric())
            .chars()
            .all(|c| c.is_alphabetic() || "'-/".contains(c))
            && part.chars().filter(|c| c.is_alphabetic()).count() > 1
    };
    let parts: Vec<&str> = text.split_whitespace().collect();
    parts.iter().any(|part| is_word(part)) && parts.len() > 1
}

fn messages() -> String {
    let mut text = HEAD.to_owned();
    let templates = fs::read_to_string(top().join("src/policy/wording.txt")).unwrap();
    let templates: Vec<&str> =
        templates.lines().filter_map(|line| line.split_once(": ")).map(|(_, s)| s).collect();
    let mut section = |name: &str, sentences: &[String]| {
        if !sentences.is_empty() {
            write!(text, "\n## {name}\n\n```text\n{}\n```\n", sentences.join("\n")).unwrap();
        }
    };
    section("src/policy/wording.txt", &templates.iter().map(|&s| s.to_owned()).collect::<Vec<_>>());
    for path in sources(&top().join("src")) {
        let mut sentences: Vec<String> = strings(&fs::read_to_string(&path).unwrap())
            .iter()
            .filter(|sentence| is_sentence(sentence))
            .map(|sentence| with_holes(sentence).trim_matches('\n').to_owned())
            .filter(|sentence| !templates.contains(&sentence.as_str()))
            .collect();
        sentences.dedup();
        section(path.strip_prefix(top()).unwrap().to_str().unwrap(), &sentences);
    }
    text
}

#[test]
fn every_message_is_in_the_file() {
    let path = top().join("tests/messages.md");
    let made = messages();
    if std::env::var_os("NICUP_WRITE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = made.lines().zip(kept.lines()).find(|(new, old)| new != old);
    assert!(made == kept, "NICUP_WRITE=1 cargo test --test all messages writes the file anew: {differs:?}");
}

#[test]
fn a_sentence_is_found_wherever_it_is_and_nothing_else_is() {
    let text = "#[expect(x, reason = \"not this one\")]\n// \"nor this one\"\nlet a = '\"'; let b: &'a str = \"the first\\\n   one\";\n\
        format!(r#\"a \"raw\" {x:?} one\"#); b\"\\n\"; \"single\";\n#[cfg(test)]\nmod tests {\n\"not in a test\"";
    let found: Vec<String> =
        strings(text).iter().filter(|sentence| is_sentence(sentence)).map(|s| with_holes(s)).collect();
    assert_eq!(found, ["the firstone", "a \"raw\" {} one"]);
}
