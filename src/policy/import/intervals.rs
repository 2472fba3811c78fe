//! Converts ddns-scripts' intervals, a number and a unit in two options, to a duration.

use super::options::SectionOptions;

/// A duration of nicup: the two options that it comes from, ddns-scripts' default unit, and nicup's
/// smallest value.
pub(super) struct Interval {
    pub(super) target: &'static str,
    pub(super) number: &'static str,
    pub(super) unit: &'static str,
    pub(super) default_unit: &'static str,
    /// Seconds, and as nicup writes it.
    pub(super) least: (u64, &'static str),
}

pub(super) const CHECK: Interval = Interval {
    target: "check_interval",
    number: "check_interval",
    unit: "check_unit",
    default_unit: "minutes",
    least: (300, "5m"),
};

pub(super) const FORCE: Interval = Interval {
    target: "force_interval",
    number: "force_interval",
    unit: "force_unit",
    default_unit: "hours",
    least: (86_400, "1d"),
};

/// The duration as nicup writes it; None without a number, because LuCI writes the unit alone into each section. A 0 stays.
pub(super) fn take(options: &mut SectionOptions<'_>, interval: &Interval) -> Option<String> {
    let unit = options.take(interval.unit);
    let given = options.take(interval.number)?;
    let (line, name) = (given.line, interval.number);
    let factor = match unit.as_ref().map_or(interval.default_unit, |given| given.text.as_str()) {
        "days" => 86_400,
        "hours" => 3600,
        "minutes" => 60,
        _ => 1, // as ddns-scripts reads it
    };
    let text = given.text.trim();
    let number = text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let Some(seconds) = number.and_then(|number| number.checked_mul(factor)) else {
        options.broken(line, &format!("option {name} is not a number and is left out"));
        return None;
    };
    let may_be_never = interval.target == FORCE.target;
    if seconds < interval.least.0 && !(seconds == 0 && may_be_never) {
        let least = interval.least.1;
        options.note(line, &format!("option {name} is shorter than nicup allows: it is raised to {least}"));
        return Some(least.to_owned());
    }
    options.fits(line, name, interval.target, written(seconds))
}

/// In the largest unit that divides it.
fn written(seconds: u64) -> String {
    let units = [(86_400, 'd'), (3600, 'h'), (60, 'm')];
    match units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
        Some((unit, letter)) => format!("{}{letter}", seconds / unit),
        None => seconds.to_string(),
    }
}
