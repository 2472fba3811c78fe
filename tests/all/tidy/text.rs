//! Reads Rust as text: which parts are code, its words, and what a path names.
//!
//! Not a parser: it does not see what a macro expands to.

/// Only the code: comments, strings and characters become spaces, and line breaks stay.
pub(crate) fn code(text: &str) -> String {
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

/// The length in bytes of a comment or literal at the start of `text`.
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

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words of `code` with their byte offsets.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

pub(crate) fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// The names right below `root`: `root::x` gives x, `root::{a, b::c}` gives a and b, `root::*` gives a star.
pub(crate) fn under<'a>(code: &'a str, root: &str) -> Vec<(usize, &'a str)> {
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

/// `code` without its items under `#[cfg(test)]`.
pub(crate) fn without_tests(code: &str) -> String {
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

#[test]
fn code_is_what_is_left_without_comments_and_literals() {
    let text = "a /* b /* c */ d */ e // f\n\"g \\\" h\" 'i' '\\'' 'life j r#\"k \" l\"# b\"m\" '\"' n";
    let code = code(text);
    let left: Vec<&str> = words(&code).map(|(_, word)| word).collect();
    assert_eq!(left, ["a", "e", "life", "j", "b", "n"]);
    assert_eq!(code.lines().count(), 2);
}
