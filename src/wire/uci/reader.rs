//! Reads UCI text, one command line after the other: commands, arguments, quotes, continued lines.
//!
//! Does not know the commands, and keeps nothing of a line once it is read. Source of every rule: libuci's file.c
//! (uci_getln, parse_str, parse_backslash, next_arg). libuci parses in place in a buffer. This parser does not
//! change its input, and imitates two effects of that buffer: `byte` in an error, and a terminator that hides the rest of a
//! line.

use super::{ParseError, Reason};

/// An argument with quotes and backslashes resolved.
pub(super) struct Argument {
    pub(super) bytes: Vec<u8>,
    /// Line of its first byte.
    pub(super) line: u32,
}

impl Argument {
    fn push(&mut self, byte: u8, line: u32) {
        if self.bytes.is_empty() {
            self.line = line;
        }
        self.bytes.push(byte);
    }
}

/// The cursor. A command line is one line of the file, and the lines that quotes or a backslash join to it.
pub(super) struct Reader<'a> {
    text: &'a [u8],
    /// Where the command line begins.
    start: usize,
    /// The next byte.
    at: usize,
    /// The end of the last line taken from the file. Later text is not visible yet.
    end: usize,
    /// Bytes of line ends after a backslash. libuci overwrites them with the next line, so `byte` leaves them out.
    dropped: usize,
    /// Lines taken from the file so far: the one that the cursor is in, since lines are taken when needed.
    line: u32,
    /// The rest of the command line is hidden.
    hidden: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Reader { text, start: 0, at: 0, end: 0, dropped: 0, line: 0, hidden: false }
    }

    /// Goes to the next command line; false at the end of the file.
    pub(super) fn next_line(&mut self) -> bool {
        self.start = self.end;
        self.at = self.end;
        self.dropped = 0;
        self.hidden = false;
        self.take_line()
    }

    /// The line of the file that the cursor is in.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    pub(super) fn skip_whitespace(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// The text where a command is expected, without moving. Only blank and tab end it (libuci uses strtok), so the
    /// end of the line is part of the last token.
    pub(super) fn command(&self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let from = rest.iter().position(|&byte| !is_blank(byte))?;
        let rest_of_line = rest.get(from..)?;
        let to = rest_of_line.iter().position(|&byte| is_blank(byte)).unwrap_or(rest_of_line.len());
        rest_of_line.get(..to)
    }

    /// Moves behind a command and the blank after it. Without a blank, the file ends in the command: `missing`.
    pub(super) fn pass(&mut self, command: &[u8], missing: Reason) -> Result<(), ParseError> {
        let rest = self.rest();
        let blanks = rest.iter().take_while(|&&byte| is_blank(byte)).count();
        let behind = blanks + command.len();
        if behind >= rest.len() {
            return Err(self.error(missing));
        }
        self.at += behind + 1;
        Ok(())
    }

    /// The next argument; empty if there is none.
    pub(super) fn argument(&mut self) -> Result<Argument, ParseError> {
        self.skip_whitespace();
        let mut argument = Argument { bytes: Vec::new(), line: self.line };
        if self.peek() == Some(b';') {
            self.at += 1;
            return Ok(argument);
        }
        let mut verbatim = true;
        loop {
            match self.peek() {
                None => return Ok(argument),
                Some(b'#') => {
                    self.hidden = true;
                    return Ok(argument);
                }
                Some(b';') => {
                    // libuci ends the argument with a NUL in its buffer. Where no quote or backslash made the
                    // argument shorter than its text, that NUL replaces the semicolon and ends the line too.
                    self.hidden = verbatim;
                    return Ok(argument);
                }
                Some(b'\'') => {
                    verbatim = false;
                    self.single_quoted(&mut argument)?;
                }
                Some(b'"') => {
                    verbatim = false;
                    self.double_quoted(&mut argument)?;
                }
                Some(b'\\') => {
                    verbatim = false;
                    if !self.continued() {
                        self.keep(&mut argument);
                    }
                }
                Some(_) => self.keep(&mut argument),
            }
            if self.peek().is_some_and(is_space) {
                self.at += 1;
                return Ok(argument);
            }
        }
    }

    /// An error here, with libuci's numbers: it counts the line ends it has read, and the bytes from the start of
    /// the command line.
    pub(super) fn error(&self, reason: Reason) -> ParseError {
        let read = self.text.get(..self.end).unwrap_or_default();
        let unended = u32::from(read.last() != Some(&b'\n'));
        let byte = self.at - self.start - self.dropped;
        ParseError {
            line: self.line.saturating_sub(unended).max(1),
            byte: u32::try_from(byte).unwrap_or(u32::MAX),
            reason,
        }
    }

    fn rest(&self) -> &'a [u8] {
        if self.hidden {
            return &[];
        }
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn keep(&mut self, argument: &mut Argument) {
        if let Some(byte) = self.peek() {
            argument.push(byte, self.line);
            self.at += 1;
        }
    }

    fn take_line(&mut self) -> bool {
        let Some(ahead) = self.text.get(self.end..).filter(|ahead| !ahead.is_empty()) else {
            return false;
        };
        self.end += ahead.iter().position(|&byte| byte == b'\n').map_or(ahead.len(), |at| at + 1);
        self.line = self.line.saturating_add(1);
        true
    }

    fn single_quoted(&mut self, argument: &mut Argument) -> Result<(), ParseError> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'\'') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => self.keep(argument),
                None if self.take_line() => {}
                None => return Err(self.error(Reason::UnterminatedSingleQuote)),
            }
        }
    }

    fn double_quoted(&mut self, argument: &mut Argument) -> Result<(), ParseError> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    if !self.continued() {
                        self.keep(argument);
                    }
                }
                Some(_) => self.keep(argument),
                None if self.take_line() => {}
                None => return Err(self.error(Reason::UnterminatedDoubleQuote)),
            }
        }
    }

    /// After a backslash: whether it was at the end of a line, which continues with the next line.
    fn continued(&mut self) -> bool {
        self.at += 1;
        let rest = self.rest();
        if !matches!(rest, b"" | b"\n" | b"\r\n") {
            return false;
        }
        self.dropped += rest.len();
        self.at = self.end;
        self.take_line();
        true
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// C's isspace, which includes the vertical tab; Rust's function does not.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Arguments of the first command line, up to the first empty one.
    fn arguments(text: &[u8]) -> Vec<String> {
        let mut reader = Reader::new(text);
        assert!(reader.next_line());
        let mut all = Vec::new();
        loop {
            let argument = reader.argument().unwrap();
            if argument.bytes.is_empty() {
                return all;
            }
            all.push(String::from_utf8(argument.bytes).unwrap());
        }
    }

    #[test]
    fn quotes_join_with_what_touches_them() {
        assert_eq!(arguments(b"pre'mid dle'\"post \"end next\n"), ["premid dlepost end", "next"]);
    }

    #[test]
    fn backslash_is_plain_in_single_quotes_only() {
        assert_eq!(arguments(br#"'a\b' "a\b" a\b a\ b"#), [r"a\b", "ab", "ab", "a b"]);
    }

    #[test]
    fn backslash_at_a_line_end_joins_the_next_line() {
        assert_eq!(arguments(b"a\\\nb c"), ["ab", "c"]);
        assert_eq!(arguments(b"a\\\r\nb c"), ["ab", "c"]);
        assert_eq!(arguments(b"a\\\n b"), ["a", "b"]);
        assert_eq!(arguments(b"\"a\\\n b\""), ["a b"]);
    }

    #[test]
    fn double_quotes_reach_over_lines_and_a_backslash_keeps_the_quote() {
        assert_eq!(arguments(b"\"a\nb\" c"), ["a\nb", "c"]);
        assert_eq!(arguments(br#""a\"b" "\\" c"#), ["a\"b", "\\", "c"]);
    }

    #[test]
    fn backslash_then_indented_line_is_an_empty_argument() {
        assert_eq!(arguments(b"a \\\n b"), ["a"]);
    }

    #[test]
    fn hash_begins_a_comment_even_inside_a_token() {
        assert_eq!(arguments(b"a b#c d"), ["a", "b"]);
        assert_eq!(arguments(b"a '#' c"), ["a", "#", "c"]);
    }

    #[test]
    fn semicolon_hides_the_rest_only_after_a_verbatim_token() {
        let mut reader = Reader::new(b"a; b 'c'; d\n");
        assert!(reader.next_line());
        assert_eq!(reader.argument().unwrap().bytes, b"a");
        assert_eq!(reader.command(), None);

        let mut reader = Reader::new(b"'c'; d\n");
        assert!(reader.next_line());
        assert_eq!(reader.argument().unwrap().bytes, b"c");
        assert_eq!(reader.argument().unwrap().bytes, b"");
        assert_eq!(reader.command(), Some(b"d\n".as_slice()));
    }

    #[test]
    fn an_argument_knows_the_line_of_its_first_byte() {
        let mut reader = Reader::new(b"a \\\n\\\nb 'c\nd' e\n");
        assert!(reader.next_line());
        let lines: Vec<u32> = (0..4).map(|_| reader.argument().unwrap().line).collect();
        assert_eq!(lines, [1, 3, 3, 4]);
    }

    #[test]
    fn error_counts_line_ends_and_leaves_continuations_out_of_byte() {
        let mut reader = Reader::new(b"a \\\nb \\\r\nc");
        assert!(reader.next_line());
        for _ in 0..3 {
            reader.argument().unwrap();
        }
        let error = reader.error(Reason::TooManyArguments);
        assert_eq!((error.line, error.byte), (2, 7));
    }
}
