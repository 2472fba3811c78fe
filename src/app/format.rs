//! Formats tables and durations for a terminal. The messages come from policy::message.

/// Rows in columns, two blanks apart, the first row as heading. The last column is not padded.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `45 s`, `12 min`, `3 h`, `25 d`: the two largest units that matter to a person.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        7200..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// Text from a file or a server, without control characters for a terminal.
pub(super) fn plain(text: &str) -> String {
    text.replace(char::is_control, "?")
}

/// The same for several lines.
pub(super) fn plain_lines(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n', "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["a".to_owned(), "long".to_owned(), "x".to_owned()],
            vec!["\u{fc}\u{fc}".to_owned(), "b".to_owned()],
        ];
        assert_eq!(table(&rows), "a   long  x\n\u{fc}\u{fc}  b\n");
    }

    #[test]
    fn spans_have_the_units_that_matter() {
        assert_eq!(span(45), "45 s");
        assert_eq!(span(1800), "30 min");
        assert_eq!(span(7261), "2 h 1 min");
        assert_eq!(span(2_160_000), "25 d 0 h");
    }
}
