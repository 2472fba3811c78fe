//! Checks whether an option accepts a value, for code that writes a configuration (import).
//!
//! Does not know how options depend on each other: [`mod@super::build`] does.

use super::Url;
use super::value::{self, Wrong};

/// Runs the validator of a service's option. Returns the text; for a hostname, as nicup would write it. An option that is
/// not listed accepts nothing.
///
/// # Errors
/// The correct form.
pub(in crate::policy) fn accepts(option: &str, text: &str) -> Result<String, Wrong> {
    let unit = |_| ();
    match option {
        "username" | "password" => value::credential(text).map(unit),
        "hostname" => return value::hostname(text),
        "interface" | "interface6" => value::interface(text).map(unit),
        "device" => value::device(text).map(unit),
        "source_url" | "source_url6" => value::url(text).map(|_| ()),
        "source_script" | "cacert" => value::absolute_path(text).map(unit),
        "check_interval" => value::check_interval(text).map(|_| ()),
        "force_interval" => value::force_interval(text).map(|_| ()),
        "port" => value::port(text).map(|_| ()),
        "proxy" => value::proxy(text).map(|_| ()),
        _ => Err("is not an option of a service"),
    }
    .map(|()| text.to_owned())
}

/// The parts of a page's address.
///
/// # Errors
/// The correct form.
pub(in crate::policy) fn url(text: &str) -> Result<Url, Wrong> {
    value::url(text)
}
