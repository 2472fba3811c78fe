//! The four commands of UCI text: `package`, `config`, `option`, `list`.
//!
//! Does not decide how repeated names are merged (assembly), nor where an argument ends (reader). Source: libuci's file.c
//! (uci_parse_line and the functions it calls), with the file read as a separate package (`single`).

use super::assembly::Assembly;
use super::reader::Reader;
use super::{Package, ParseError, Reason, Text};

/// Reads a whole file. Any error rejects all of it.
pub fn parse(text: &[u8]) -> Result<Package, ParseError> {
    reject_nul(text)?;
    let mut reader = Reader::new(text);
    let mut assembly = Assembly::default();
    while reader.next_line() {
        reader.skip_whitespace();
        while let Some(keyword) = reader.command() {
            match keyword {
                [b'#', ..] => break,
                b"p" | b"package" => package(&mut reader, keyword)?,
                b"c" | b"config" => config(&mut reader, keyword, &mut assembly)?,
                b"o" | b"option" => option(&mut reader, keyword, &mut assembly, false)?,
                b"l" | b"list" => option(&mut reader, keyword, &mut assembly, true)?,
                _ => return Err(reader.error(Reason::InvalidCommand)),
            }
        }
    }
    Ok(assembly.package)
}

fn reject_nul(text: &[u8]) -> Result<(), ParseError> {
    let Some(at) = text.iter().position(|&byte| byte == 0) else {
        return Ok(());
    };
    let mut reader = Reader::new(text.get(..=at).unwrap_or_default());
    let mut line = 0;
    while reader.next_line() {
        line = reader.line();
    }
    let before = text.iter().take(at).rev().take_while(|&&byte| byte != b'\n').count();
    Err(ParseError { line, byte: u32::try_from(before).unwrap_or(u32::MAX), reason: Reason::Nul })
}

/// `package NAME` is checked and otherwise ignored: the file's name counts.
fn package(reader: &mut Reader<'_>, keyword: &[u8]) -> Result<(), ParseError> {
    reader.pass(keyword, Reason::PackageWithoutName)?;
    let name = required(reader)?;
    if !name.iter().all(|&byte| in_name(byte) || byte == b'-') {
        return Err(reader.error(Reason::InvalidName));
    }
    end_of_command(reader)
}

fn config(reader: &mut Reader<'_>, keyword: &[u8], assembly: &mut Assembly) -> Result<(), ParseError> {
    let line = reader.line();
    reader.pass(keyword, Reason::ConfigWithoutName)?;
    let kind = required(reader)?;
    let kind = ascii(kind, in_type).ok_or_else(|| reader.error(Reason::InvalidType))?;
    let name = reader.argument()?.bytes;
    let name = ascii(name, in_name).ok_or_else(|| reader.error(Reason::InvalidName))?;
    end_of_command(reader)?;
    if name.is_empty() {
        assembly.open_anonymous(kind, line);
        return Ok(());
    }
    assembly.open(kind, name, line).map_err(|reason| reader.error(reason))
}

fn option(
    reader: &mut Reader<'_>,
    keyword: &[u8],
    assembly: &mut Assembly,
    list: bool,
) -> Result<(), ParseError> {
    if !assembly.has_section() {
        return Err(reader.error(Reason::OptionBeforeSection));
    }
    let line = reader.line();
    reader.pass(keyword, Reason::OptionWithoutName)?;
    let name = required(reader)?;
    let name = ascii(name, in_name).ok_or_else(|| reader.error(Reason::InvalidName))?;
    let value = reader.argument()?;
    end_of_command(reader)?;
    let mut text = Text { bytes: value.bytes, line: value.line };
    text.bytes.shrink_to_fit();
    if list {
        assembly.add(name, line, text);
    } else if !text.bytes.is_empty() {
        // An option without a value neither sets nor unsets anything.
        assembly.set(name, line, text);
    }
    Ok(())
}

fn required(reader: &mut Reader<'_>) -> Result<Vec<u8>, ParseError> {
    let argument = reader.argument()?;
    if argument.bytes.is_empty() {
        return Err(reader.error(Reason::InsufficientArguments));
    }
    Ok(argument.bytes)
}

/// Only an empty argument may follow: the text after it is the next command.
fn end_of_command(reader: &mut Reader<'_>) -> Result<(), ParseError> {
    if reader.argument()?.bytes.is_empty() { Ok(()) } else { Err(reader.error(Reason::TooManyArguments)) }
}

fn ascii(bytes: Vec<u8>, allowed: fn(u8) -> bool) -> Option<String> {
    if !bytes.iter().all(|&byte| allowed(byte)) {
        return None;
    }
    let mut text = String::from_utf8(bytes).ok()?;
    text.shrink_to_fit();
    Some(text)
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn in_type(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Where and why a text is rejected.
    fn rejected(text: &[u8]) -> (u32, u32, Reason) {
        let error = parse(text).unwrap_err();
        (error.line, error.byte, error.reason)
    }

    fn lines(text: &[u8]) -> Vec<(u32, Vec<u32>)> {
        let sections = parse(text).unwrap().sections;
        sections
            .iter()
            .map(|section| (section.line, section.options.iter().map(|o| o.line).collect()))
            .collect()
    }

    #[test]
    fn one_row_for_each_reason() {
        assert_eq!(rejected(b"config a b\nfoo bar\n"), (2, 0, Reason::InvalidCommand));
        assert_eq!(rejected(b"package"), (1, 0, Reason::PackageWithoutName));
        assert_eq!(rejected(b"config"), (1, 0, Reason::ConfigWithoutName));
        assert_eq!(rejected(b"config a\n\toption"), (1, 1, Reason::OptionWithoutName));
        assert_eq!(rejected(b"config a\n\tlist"), (1, 1, Reason::OptionWithoutName));
        assert_eq!(rejected(b"config a\noption ''\n"), (2, 10, Reason::InsufficientArguments));
        assert_eq!(rejected(b"config a b c\n"), (1, 13, Reason::TooManyArguments));
        assert_eq!(rejected(b"config a b-c\n"), (1, 13, Reason::InvalidName));
        assert_eq!(rejected(b"config 'a b'\n"), (1, 13, Reason::InvalidType));
        assert_eq!(rejected(b"config a b\nconfig c b\n"), (2, 11, Reason::OtherType));
        assert_eq!(rejected(b"option a b\n"), (1, 0, Reason::OptionBeforeSection));
        assert_eq!(rejected(b"config 'a\n"), (1, 10, Reason::UnterminatedSingleQuote));
        assert_eq!(rejected(b"config \"a\\\n"), (1, 10, Reason::UnterminatedDoubleQuote));
        assert_eq!(rejected(b"config a\n\n# \0\n"), (3, 2, Reason::Nul));
    }

    #[test]
    fn an_error_reads_as_one_sentence() {
        let error = parse(b"\nconfig a b c\n").unwrap_err();
        assert_eq!(error.to_string(), "parse error (too many arguments) at line 2");
    }

    #[test]
    fn a_command_at_a_line_end_is_invalid_because_the_line_end_is_part_of_it() {
        assert_eq!(rejected(b"config\n"), (1, 0, Reason::InvalidCommand));
        assert_eq!(rejected(b"config 'a' b ;\n"), (1, 14, Reason::InvalidCommand));
        assert_eq!(parse(b"config 'a' b ; \t# done\n").unwrap().sections.len(), 1);
    }

    #[test]
    fn package_lines_are_checked_and_ignored() {
        assert_eq!(parse(b"package some-thing\nconfig a\npackage x\n").unwrap().sections.len(), 1);
        assert_eq!(rejected(b"package a.b\n").2, Reason::InvalidName);
    }

    #[test]
    fn an_option_without_a_value_changes_nothing_but_a_list_entry_may_be_empty() {
        let package = parse(b"config a\noption x 1\noption x ''\noption y\nlist z\n").unwrap();
        let options = &package.sections[0].options;
        assert_eq!(options.len(), 2);
        assert_eq!(options[0].value.texts()[0].bytes, b"1");
        assert_eq!(options[1].value.texts()[0].bytes, b"");
    }

    #[test]
    fn lines_are_where_the_keywords_stand() {
        assert_eq!(lines(b"\nconfig a\n option b \\\n1\n\n option c 2"), [(2, vec![3, 6])]);
        assert_eq!(
            lines(b"config a n ; option b 'x\ny' ; option c z\nlist d 1\n list d 2"),
            [(1, vec![1, 2, 3])]
        );
        assert_eq!(
            lines(b"config a n\nconfig a m\noption x 1\nconfig a n\noption y 1"),
            [(1, vec![5]), (2, vec![3])]
        );
    }
}
