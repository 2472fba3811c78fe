//! A package as `uci export` prints it.
//!
//! Not part of nicup: the comparison with libuci and tests/all/uci.rs both use it to read results.

use nicup::wire::uci::{Opt, Package, Section, Value, list_line, option_line, section_line};

/// Whether an unnamed section appears with the name that uci generates for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Given,
    MadeUp,
}

/// `uci export`, or `uci -n export` with generated names.
pub(crate) fn export(package: &Package, names: Names) -> Vec<u8> {
    let mut out = b"package t\n".to_vec();
    for section in &package.sections {
        out.extend(section_text(section, names));
        section.options.iter().for_each(|option| out.extend(option_text(option)));
    }
    out.push(b'\n');
    out
}

/// Its `config` line.
pub(crate) fn section_text(section: &Section, names: Names) -> Vec<u8> {
    let named = !section.anonymous || names == Names::MadeUp;
    section_line(&section.kind, named.then_some(section.name.as_str()))
}

/// Its `option` line or all its `list` lines.
pub(crate) fn option_text(option: &Opt) -> Vec<u8> {
    match &option.value {
        Value::One(text) => option_line(&option.name, &text.bytes),
        Value::List(texts) => texts.iter().flat_map(|text| list_line(&option.name, &text.bytes)).collect(),
    }
}
