//! The credentials in an Authorization header. Only this file handles passwords, and it never prints any.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::options::Account;

/// A header value in memory, only for exact comparison.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret(Option<Vec<u8>>);

/// What a Basic header decodes to.
pub(crate) struct Credentials {
    pub(crate) username: String,
    password: String,
}

impl Credentials {
    pub(crate) fn password_is(&self, password: &str) -> bool {
        self.password == password
    }
}

fn basic(username: &str, password: &str) -> String {
    STANDARD.encode(format!("{}:{password}", username.replace(':', "%3A")))
}

impl Secret {
    pub(crate) fn is_missing(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the header's value is, byte for byte, the encoding of these credentials.
    pub(crate) fn is(&self, username: &str, password: &str) -> bool {
        self.0.as_deref() == Some(format!("Basic {}", basic(username, password)).as_bytes())
    }

    /// `None` if the header is missing or is not Basic.
    pub(crate) fn decode(&self) -> Option<Credentials> {
        let encoded = self.0.as_deref()?.strip_prefix(b"Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (username, password) = text.split_once(':')?;
        let username = username.replace("%3A", ":").replace("%3a", ":");
        Some(Credentials { username, password: password.to_owned() })
    }
}

/// A request without its secrets.
pub(crate) struct Cleaned {
    pub(crate) raw: Vec<u8>,
    pub(crate) secret: Secret,
    /// Whether the password of an account was in plain text somewhere.
    pub(crate) leaked: bool,
}

const WORD: &[u8] = b"authorization";

/// Replaces the value of every line that mentions authorization, well-formed or not, by `marker(secret)`, and blanks
/// the accounts' passwords everywhere else. The first such value is the secret.
pub(crate) fn clean(raw: &[u8], accounts: &[Account], marker: impl Fn(&Secret) -> &'static str) -> Cleaned {
    let mut out = Vec::with_capacity(raw.len());
    let mut secret = Secret::default();
    let mut folded = false;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let end = line.trim_ascii_end().len();
        let start = if folded && line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            0
        } else {
            value_start(line).unwrap_or(line.len())
        };
        let gap = line.get(start..end).unwrap_or_default();
        let start = start + gap.len() - gap.trim_ascii_start().len();
        folded = start < end;
        if !folded {
            out.extend_from_slice(line);
            continue;
        }
        if secret.is_missing() {
            secret = Secret(line.get(start..end).map(<[u8]>::to_vec));
        }
        out.extend_from_slice(line.get(..start).unwrap_or_default());
        out.extend_from_slice(marker(&secret).as_bytes());
        out.extend_from_slice(line.get(end..).unwrap_or_default());
    }
    let mut leaked = false;
    for account in accounts {
        let encoded = basic(&account.username, &account.password);
        for needle in [encoded.as_bytes(), account.password.as_bytes()] {
            // Shorter ones would match by chance in valid requests.
            if needle.len() >= 6 {
                leaked |= blank(&mut out, needle);
            }
        }
    }
    Cleaned { raw: out, secret, leaked }
}

/// Where the value begins in a line that mentions authorization: after the next colon, or after the word.
fn value_start(line: &[u8]) -> Option<usize> {
    let found = line.windows(WORD.len()).position(|window| window.eq_ignore_ascii_case(WORD))?;
    let after = found + WORD.len();
    let colon = line.get(after..)?.iter().position(|byte| *byte == b':');
    Some(after + colon.map_or(0, |colon| colon + 1))
}

fn blank(text: &mut [u8], needle: &[u8]) -> bool {
    let mut found = false;
    let mut at = 0;
    while let Some(window) = text.get_mut(at..at + needle.len()) {
        if window == needle {
            window.fill(b'*');
            found = true;
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Secret, clean};
    use crate::options::Account;

    fn accounts() -> Vec<Account> {
        vec![Account::new("key", "secretpassword", &[])]
    }

    fn marker(secret: &Secret) -> &'static str {
        if secret.is("key", "secretpassword") { "[ok]" } else { "[wrong]" }
    }

    #[test]
    fn only_the_value_is_replaced() {
        let raw = b"GET / HTTP/1.1\r\nauthorization: Basic a2V5OnNlY3JldHBhc3N3b3Jk\r\nHost: x\r\n\r\n";
        let cleaned = clean(raw, &accounts(), marker);
        assert_eq!(cleaned.raw, b"GET / HTTP/1.1\r\nauthorization: [ok]\r\nHost: x\r\n\r\n");
        assert!(!cleaned.leaked);
        assert_eq!(cleaned.secret.decode().unwrap().username, "key");
    }

    #[test]
    fn broken_headers_give_nothing_away() {
        for raw in [
            "Authorization : Basic a2V5OnNlY3JldHBhc3N3b3Jk\r\n",
            "Authorization:\r\n Basic a2V5OnNlY3JldHBhc3N3b3Jk\r\n",
            "Authorization: Basic\r\n\ta2V5OnNlY3JldHBhc3N3b3Jk\n",
            "Authorization Basic a2V5OnNlY3JldHBhc3N3b3Jk",
            "X-Other: a2V5OnNlY3JldHBhc3N3b3Jk\r\n",
            "GET /?password=secretpassword HTTP/1.1\r\n",
        ] {
            let cleaned = String::from_utf8(clean(raw.as_bytes(), &accounts(), marker).raw).unwrap();
            assert!(!cleaned.contains("a2V5") && !cleaned.contains("secretpassword"), "{cleaned}");
        }
    }

    #[test]
    fn a_colon_in_the_username_is_encoded() {
        let secret = Secret(Some(b"Basic Z3JvdXAlM0FrZXk6cHc=".to_vec()));
        assert_eq!(secret.decode().unwrap().username, "group:key");
        assert!(secret.is("group:key", "pw"));
    }
}
