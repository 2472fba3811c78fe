//! The length of a message for a person, as in status.json.

/// Bytes of a message.
pub const LIMIT: usize = 160;

/// At most [`LIMIT`] bytes, whole characters.
#[must_use]
pub fn cut(mut text: String) -> String {
    if text.len() > LIMIT {
        let mut end = LIMIT - 3;
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
