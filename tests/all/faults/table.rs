//! Reads `table.md`.

use noip_simulator::Behaviour;

const TABLE: &str = include_str!("table.md");

/// A row: what must happen.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// What the simulator does; None: the test itself causes the fault.
    pub(crate) server: Option<Behaviour>,
    pub(crate) code: String,
    pub(crate) exit: i32,
    pub(crate) failures: u32,
    /// Seconds until the next attempt.
    pub(crate) next: u64,
    /// Requests that reached the server.
    pub(crate) sent: usize,
    /// Whether nicup recorded the new address; otherwise it kept the old one.
    pub(crate) recorded: bool,
    /// A part of the message.
    pub(crate) says: String,
}

impl Row {
    pub(crate) fn is_harmless(&self) -> bool {
        self.code == "good"
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| line.starts_with("| `"));
    lines.map(|line| parse(line).unwrap_or_else(|| panic!("no row: {line}"))).collect()
}

pub(crate) fn row(name: &str) -> Row {
    rows().into_iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name} has no row"))
}

fn parse(line: &str) -> Option<Row> {
    // Markdown needs a backslash before a bar within a cell.
    let line = line.replace("\\|", "\0");
    let cells: Vec<String> = line.split('|').map(|cell| cell.trim().replace('\0', "|")).collect();
    let [_, name, _, server, code, exit, failures, next, sent, record, says, _] = cells.as_slice() else {
        return None;
    };
    let quoted = |text: &str| Some(text.strip_prefix('`')?.strip_suffix('`')?.to_owned());
    Some(Row {
        name: quoted(name)?,
        server: match server.as_str() {
            "-" => None,
            mood => Some(quoted(mood)?.parse().ok()?),
        },
        code: quoted(code)?,
        exit: exit.parse().ok()?,
        failures: failures.parse().ok()?,
        next: seconds(next)?,
        sent: sent.parse().ok()?,
        recorded: match record.as_str() {
            "new" => true,
            "kept" => false,
            _ => return None,
        },
        says: says.clone(),
    })
}

fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_once(' ')?;
    let unit = match unit {
        "s" => 1,
        "min" => 60,
        "d" => 86_400,
        _ => return None,
    };
    Some(number.parse::<u64>().ok()? * unit)
}
