//! Counts the fields of structs and the lines of functions.
//!
//! Relies on rustfmt: an item ends with a brace at the indentation of its first line.

/// Each item of `code` that begins with `keyword`: line number, name and lines.
fn items<'a>(code: &'a str, keyword: &str) -> Vec<(usize, &'a str, Vec<&'a str>)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(place) = words.iter().position(|word| *word == keyword) else { continue };
        let qualifiers = ["pub", "const", "async", "unsafe"];
        let is_item = words[..place].iter().all(|word| {
            qualifiers.contains(word) || word.starts_with("pub(") || *word == "in" || word.ends_with(')')
        });
        let Some(name) = words.get(place + 1).filter(|_| is_item) else { continue };
        let name = name.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("");
        let end = format!("{indent}}}");
        let length = match line.trim_end().ends_with(['}', ';']) {
            true => Some(0),
            false => lines[at..].iter().position(|line| *line == end),
        };
        found.push((at + 1, name, lines[at..=at + length.unwrap_or(0)].to_vec()));
    }
    found
}

/// Structs of more than `most` fields: line number, name, fields.
pub(crate) fn wide_structs(code: &str, most: usize) -> Vec<(usize, &str, usize)> {
    let field = |line: &&&str| {
        let line = line.trim_start();
        let line = line.strip_prefix("pub").map_or(line, |rest| {
            let rest =
                rest.strip_prefix('(').and_then(|inside| inside.split_once(')')).map_or(rest, |(_, r)| r);
            rest.trim_start()
        });
        let name = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("");
        !name.is_empty() && line[name.len()..].starts_with(": ")
    };
    let count =
        |(at, name, lines): (usize, _, Vec<&str>)| (at, name, lines.iter().skip(1).filter(field).count());
    items(code, "struct").into_iter().map(count).filter(|(.., fields)| *fields > most).collect()
}

/// Functions of more than `most` lines: line number, name, lines.
pub(crate) fn long_functions(code: &str, most: usize) -> Vec<(usize, &str, usize)> {
    let long = items(code, "fn").into_iter().map(|(at, name, lines)| (at, name, lines.len()));
    long.filter(|(.., lines)| *lines > most).collect()
}

#[test]
fn a_wide_struct_and_a_long_function_are_found() {
    let code = "pub(super) struct A<'a> {\n    pub(in crate::x) a: u8,\n    b: &'a str,\n}\nstruct B(u8);\nstruct C;\n";
    assert_eq!(wide_structs(code, 1), [(1, "A", 2)]);
    assert_eq!(wide_structs(code, 2), []);
    let code = "impl A {\n    pub const fn f(\n        a: u8,\n    ) -> u8 {\n        a\n    }\n\n    fn g() {}\n}\n";
    assert_eq!(long_functions(code, 4), [(2, "f", 5)]);
    assert_eq!(long_functions(code, 5), []);
}
