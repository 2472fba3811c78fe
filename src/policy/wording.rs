//! The templates of the program's sentences, each with an identifier that never changes.
//!
//! Does not write sentences: it finds the template of a finished sentence, and the values in it, so that LuCI can show the
//! sentence in another language.

/// `IDENTIFIER: SENTENCE` on each line, with `{}` for each value. The LuCI page has the same templates.
const TEMPLATES: &str = include_str!("wording.txt");

/// Each identifier and its template. No identifier has a colon.
fn templates() -> impl Iterator<Item = (&'static str, &'static str)> {
    TEMPLATES
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(id, template)| (id, template.trim_start()))
}

/// The identifier of a sentence, and its values. If no template fits, LuCI shows the sentence in English.
#[must_use]
pub fn identify(text: Option<&str>) -> (Option<String>, Vec<String>) {
    let Some(text) = text else { return (None, Vec::new()) };
    let mut best: Option<(&str, &str, Vec<String>)> = None;
    for (id, template) in templates() {
        let fitting = values(template, text);
        // No template is longer than an exact match. The most frequent ones come first in the file.
        if fitting.is_some() && template == text {
            return (Some(id.to_owned()), Vec::new());
        }
        if let Some(found) =
            fitting.filter(|_| best.as_ref().is_none_or(|best| best.1.len() <= template.len()))
        {
            best = Some((id, template, found));
        }
    }
    best.map(|(id, _, values)| (Some(id.to_owned()), values)).unwrap_or_default()
}

/// The value of each `{}`; None if `text` is not made from `template`.
fn values(template: &str, text: &str) -> Option<Vec<String>> {
    // Most templates begin with another letter; then this allocates nothing.
    let first = template.as_bytes().first();
    if first != Some(&b'{') && first != text.as_bytes().first() {
        return None;
    }
    let Some((first, mut rest)) = template.split_once("{}") else {
        return (text == template).then(Vec::new);
    };
    let mut left = text.strip_prefix(first)?;
    let mut found = Vec::new();
    while let Some((literal, after)) = rest.split_once("{}") {
        let (value, behind) = left.split_once(literal)?;
        found.push(value.to_owned());
        (left, rest) = (behind, after);
    }
    found.push(left.strip_suffix(rest)?.to_owned());
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentence of an identifier and values.
    fn filled(id: &str, values: &[String]) -> String {
        let line = TEMPLATES.lines().find(|line| line.split_once(": ").is_some_and(|(known, _)| known == id));
        let (_, template) = line.unwrap().split_once(": ").unwrap();
        values.iter().fold(template.to_owned(), |text, value| text.replacen("{}", value, 1))
    }

    #[test]
    fn a_sentence_gives_its_template_and_its_values() {
        let identified = |text: &str| {
            let (id, values) = identify(Some(text));
            (id.unwrap_or_default(), values.join("|"))
        };
        for (text, id, values) in [
            ("accepted", "accepted", ""),
            ("wan is down", "device-down", "wan"),
            ("no connection: check the internet connection (refused), to a.b", "connect", "refused|a.b"),
            ("no secure connection: the name, to x, is wrong, to a.b", "tls", "the name|x, is wrong, to a.b"),
            ("option port: 'x' is not a port: 1 to 65535", "option-port", "port| 'x'"),
            ("option proxy: has no port: write http://host:port", "option-proxy-port", "proxy|"),
            ("a sentence of another version", "", ""),
            ("", "", ""),
        ] {
            assert_eq!(identified(text), (id.to_owned(), values.to_owned()), "{text}");
        }
        assert_eq!(identify(None), (None, Vec::new()));
    }

    #[test]
    fn every_identifier_is_there_once_and_every_template_is_found_by_its_own_text() {
        let mut ids: Vec<&str> = TEMPLATES.lines().map(|line| line.split_once(": ").unwrap().0).collect();
        for (at, line) in TEMPLATES.lines().enumerate() {
            let (_, template) = line.split_once(": ").unwrap();
            let text = template.replace("{}", "x");
            let (id, values) = identify(Some(&text));
            assert_eq!(id.as_deref(), Some(ids[at]), "{line}");
            assert_eq!(filled(ids[at], &values), text);
        }
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
