//! JSON, as far as nicup's files and netifd's answers need it: text to structs and back.
//!
//! Does not know floating point (a number with a fraction is skipped in an unused field, and an error in a used
//! one), and keeps no tree: a value is read straight into the field that it belongs to. Text that is not JSON, or
//! a value with another type than the field, makes the whole text unreadable. Not a library, because libraries bring
//! floating point with its tables, and code for each struct: openwrt/sizes.md has the numbers.
//! Source: RFC 8259.

mod reader;

pub use reader::JsonReader;

use std::net::{Ipv4Addr, Ipv6Addr};

/// A value that can be written to JSON and read from it.
pub trait Json {
    /// Appends it to a text.
    fn write(&self, out: &mut String);

    /// Reads it at the current position. None: the text contains something else.
    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()>;

    /// The value of a missing field of this type. None: the field is required.
    fn absent(&mut self) -> Option<()> {
        None
    }

    /// Whether an object leaves this field out.
    fn is_left_out(&self) -> bool {
        false
    }
}

/// Bytes of a file with one host, so that writing it needs no reallocation.
const ROOM: usize = 1024;

/// A value as text, on one line without blanks.
#[must_use]
pub fn to_text(value: &dyn Json) -> String {
    let mut out = String::with_capacity(ROOM);
    value.write(&mut out);
    out
}

/// Reads a whole text. None: it is not JSON, or not of that type.
#[must_use]
pub fn from_text<T: Json + Default>(text: &str) -> Option<T> {
    let mut value = T::default();
    let mut input = JsonReader::new(text);
    value.read(&mut input)?;
    input.end().then_some(value)
}

/// Makes a struct an object of JSON. All of its fields are listed, in the order in which they are written; reading accepts
/// them in any order, skips others, and requires all but the `Option`s and the `Sparse`s.
macro_rules! object {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::wire::json::Json for $name {
            fn write(&self, out: &mut String) {
                let $name { $($field),* } = self;
                $crate::wire::json::write_object(out, &[$(concat!("\"", stringify!($field), "\":")),*], &[$($field),*]);
            }

            fn read(&mut self, input: &mut $crate::wire::json::JsonReader<'_>) -> Option<()> {
                let $name { $($field),* } = self;
                input.object(&[$(concat!("\"", stringify!($field), "\":")),*], &mut [$($field),*])
            }
        }
    };
}
pub(crate) use object;

/// Appends an object; for [`object!`], which gives each name as it is written: no name needs escaping.
pub(crate) fn write_object(out: &mut String, names: &[&str], values: &[&dyn Json]) {
    let mut before = '{';
    for (name, value) in names.iter().zip(values).filter(|(_, value)| !value.is_left_out()) {
        out.push(before);
        before = ',';
        out.push_str(name);
        value.write(out);
    }
    out.push('}');
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, 0..b' ' | b'"' | b'\\')) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control @ 0..b' ' => out.push_str(&format!("\\u{control:04x}")),
            mark => out.extend(['\\', char::from(mark)]),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Appends a number. Display takes four times as many instructions, and a state file has ten numbers for each host.
fn write_number(out: &mut String, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 || at == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// A field that an object leaves out if it is empty.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sparse<T>(pub T);

impl<T: Json + Default + PartialEq> Json for Sparse<T> {
    fn write(&self, out: &mut String) {
        self.0.write(out);
    }

    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
        self.0.read(input)
    }

    fn absent(&mut self) -> Option<()> {
        self.0 = T::default();
        Some(())
    }

    fn is_left_out(&self) -> bool {
        self.0 == T::default()
    }
}

impl Json for String {
    fn write(&self, out: &mut String) {
        write_text(out, self);
    }

    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
        *self = input.text()?.into_owned();
        Some(())
    }
}

impl Json for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }

    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
        *self = input.literal("true");
        (*self || input.literal("false")).then_some(())
    }
}

impl Json for u64 {
    fn write(&self, out: &mut String) {
        write_number(out, *self);
    }

    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
        *self = input.number()?.parse().ok()?;
        Some(())
    }
}

impl Json for u32 {
    fn write(&self, out: &mut String) {
        u64::from(*self).write(out);
    }

    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
        let mut wide = 0u64;
        wide.read(input)?;
        *self = wide.try_into().ok()?;
        Some(())
    }
}

impl Json for i64 {
    fn write(&self, out: &mut String) {
        if *self < 0 {
            out.push('-');
        }
        write_number(out, self.unsigned_abs());
    }

    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
        *self = input.number()?.parse().ok()?;
        Some(())
    }
}

impl<T: Json + Default> Json for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }

    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
        *self = None;
        if input.literal("null") { Some(()) } else { self.insert(T::default()).read(input) }
    }

    fn absent(&mut self) -> Option<()> {
        *self = None;
        Some(())
    }
}

/// An address has no value for "none yet", so only an optional one can be a field.
macro_rules! address {
    ($address:ty, $write:expr) => {
        impl Json for Option<$address> {
            fn write(&self, out: &mut String) {
                match self {
                    Some(address) => {
                        out.push('"');
                        $write(out, address);
                        out.push('"');
                    }
                    None => out.push_str("null"),
                }
            }

            fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
                *self = if input.literal("null") { None } else { Some(input.text()?.parse().ok()?) };
                Some(())
            }

            fn absent(&mut self) -> Option<()> {
                *self = None;
                Some(())
            }
        }
    };
}
address!(Ipv4Addr, |out: &mut String, address: &Ipv4Addr| {
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            out.push('.');
        }
        write_number(out, octet.into());
    }
});
address!(Ipv6Addr, |out: &mut String, address: &Ipv6Addr| out.push_str(&address.to_string()));

impl<T: Json + Default> Json for Vec<T> {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (at, item) in self.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            item.write(out);
        }
        out.push(']');
    }

    fn read(&mut self, input: &mut JsonReader<'_>) -> Option<()> {
        self.clear();
        input.items(&mut |input| {
            self.push(T::default());
            self.last_mut()?.read(input)
        })
    }
}

#[cfg(test)]
mod tests;
