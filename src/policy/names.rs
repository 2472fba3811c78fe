//! Converts enums to strings and back, from one table, for files and messages.
//!
//! A variant without a string does not compile, because the match that writes is exhaustive.

/// A text that is not one of an enum's strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName;

/// Defines the strings of an enum: `as_str`, `Display`, `FromStr`, and JSON. Variants without a fixed string follow as arms.
macro_rules! names {
    ($name:ident { $($variant:ident = $text:literal),* $(,)? } $($other:pat => $stem:literal)?) => {
        impl $name {
            /// All variants with a fixed string.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The string.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                    $($other => $stem,)?
                }
            }

            fn of_name(text: &str) -> Result<$name, $crate::policy::names::UnknownName> {
                let mut all = $name::ALL.iter().copied();
                all.find(|known| known.as_str() == text).ok_or($crate::policy::names::UnknownName)
            }
        }

        impl $crate::wire::json::Json for $name {
            fn write(&self, out: &mut String) {
                out.push('"');
                out.push_str(&self.to_string());
                out.push('"');
            }

            fn read(&mut self, input: &mut $crate::wire::json::JsonReader<'_>) -> Option<()> {
                *self = input.text()?.parse().ok()?;
                Some(())
            }
        }

        impl Default for $name {
            /// The value of a field before it is read.
            fn default() -> $name {
                $name::ALL[0]
            }
        }
    };
}

/// The rest of an enum that has fixed strings only.
macro_rules! fixed_names {
    ($name:ident { $($table:tt)* }) => {
        $crate::policy::names::names!($name { $($table)* });

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::policy::names::UnknownName;

            fn from_str(text: &str) -> Result<$name, $crate::policy::names::UnknownName> {
                $name::of_name(text)
            }
        }
    };
}

pub(crate) use {fixed_names, names};
