//! A 32-bit hash of some texts.
//!
//! Not a secure hash, on purpose: 32 bits show that a password changed, but are too few to recover it.

/// Any texts, in their order.
#[must_use]
pub fn of_texts(texts: impl IntoIterator<Item = impl AsRef<str>>) -> u32 {
    let mut hash = Digest::new();
    for text in texts {
        hash.text(text.as_ref());
    }
    hash.short()
}

/// FNV-1a with 64 bits, folded.
pub(super) struct Digest(u64);

impl Digest {
    pub(super) fn new() -> Digest {
        Digest(0xcbf2_9ce4_8422_2325)
    }

    /// A text and its end, so that "ab","c" is not "a","bc".
    pub(super) fn text(&mut self, text: &str) -> &mut Digest {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        self
    }

    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn short(&self) -> u32 {
        (self.0 ^ (self.0 >> 32)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_some_texts_stays_as_it_is_in_records_on_flash() {
        // FNV-1a of the texts' bytes, with 0xff after each text; both halves of the 64 bits combined.
        assert_eq!(of_texts([""; 0]), 0x4fd0_bfc1);
        assert_eq!(of_texts(["a"]), 0xbddf_0e6e);
        assert_eq!(of_texts(["home", "secret"]), 0x3745_b1f2);
    }

    #[test]
    fn another_text_order_or_border_is_another_number() {
        let number = of_texts(["home", "secret"]);
        for other in [vec!["home", "Secret"], vec!["secret", "home"], vec!["homes", "ecret"], vec!["home"]] {
            assert_ne!(of_texts(&other), number, "{other:?}");
        }
    }
}
