//! Lines of UCI text, as `uci export` writes them.
//!
//! Does not validate: the caller provides valid names and types, and the parser rejects a NUL byte in a value. The result
//! of [`super::parse`] can be written and read again. Source: libuci's file.c (uci_escape,
//! uci_export_package).

/// A value in single quotes. A quote in the value is written outside of the quotes, after a backslash.
pub fn quote(value: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(value.len() + 2);
    quoted.push(b'\'');
    for &byte in value {
        if byte == b'\'' {
            quoted.extend_from_slice(br"'\''");
        } else {
            quoted.push(byte);
        }
    }
    quoted.push(b'\'');
    quoted
}

/// `config KIND 'NAME'` after an empty line, or `config KIND` without a name.
///
/// libuci does not quote the type, so one with a quote, `\`, `#` or `;` in it does not read back.
pub fn section_line(kind: &str, name: Option<&str>) -> Vec<u8> {
    let mut line = format!("\nconfig {}", kind.replace('\'', r"'\''")).into_bytes();
    if let Some(name) = name {
        line.push(b' ');
        line.extend(quote(name.as_bytes()));
    }
    line.push(b'\n');
    line
}

/// `option NAME 'VALUE'`, indented.
pub fn option_line(name: &str, value: &[u8]) -> Vec<u8> {
    setting("option", name, value)
}

/// `list NAME 'VALUE'`, indented.
pub fn list_line(name: &str, value: &[u8]) -> Vec<u8> {
    setting("list", name, value)
}

fn setting(command: &str, name: &str, value: &[u8]) -> Vec<u8> {
    let mut line = format!("\t{command} {name} ").into_bytes();
    line.extend(quote(value));
    line.push(b'\n');
    line
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn lines_look_as_uci_exports_them() {
        assert_eq!(section_line("service", Some("home")), b"\nconfig service 'home'\n");
        assert_eq!(section_line("service", None), b"\nconfig service\n");
        assert_eq!(
            option_line("a", b"it's"),
            br"	option a 'it'\''s'
"
        );
        assert_eq!(list_line("b", b""), b"\tlist b ''\n");
    }

    #[test]
    fn every_byte_but_nul_comes_back() {
        let value: Vec<u8> = (1..=255).chain(*b"''\\\n\\").collect();
        let text = [section_line("a", Some("b")), option_line("c", &value), list_line("d", &value)].concat();
        let package = parse(&text).unwrap();
        let values: Vec<&[u8]> =
            package.sections[0].options.iter().map(|o| o.value.texts()[0].bytes.as_slice()).collect();
        assert_eq!(values, [value.as_slice(), value.as_slice()]);
    }
}
