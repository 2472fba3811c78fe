//! The length of a message for a person, as in status.json.

/// Bytes of a message.
pub const LIMIT: usize = 160;

/// At most [`LIMIT`] bytes, whole characters.
#[must_use]
pub fn cut(text: String) -> String {
    cut_to(text, LIMIT)
}

/// At most `limit` bytes, whole characters.
#[must_use]
pub fn cut_to(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let mut end = limit.saturating_sub(3);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cut_at_a_character() {
        assert_eq!(cut("short".to_owned()), "short");
        let long = cut("\u{fc}".repeat(200));
        assert!(long.len() <= LIMIT && long.ends_with("..."), "{long}");
    }
}
