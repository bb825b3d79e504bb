//! Timestamps as numbers since 1970 in generated types: none loses a part that its format lacks.
//!
//! serde's `with` names a module of functions, one for each unit and for optional fields.

/// Defines the modules of a unit.
macro_rules! unit {
    ($name:ident, $jiff:ident, $nanoseconds:literal, $plural:literal) => {
        #[doc = concat!("Timestamps in whole ", $plural, ".")]
        pub mod $name {
            use jiff::Timestamp;
            use serde::ser::Error;

            /// Returns an error for a timestamp with a fraction of the unit.
            fn check<E: Error>(timestamp: &Timestamp) -> Result<(), E> {
                if timestamp.subsec_nanosecond() % $nanoseconds == 0 {
                    return Ok(());
                }
                let expected = concat!("expected a time in whole ", $plural);
                Err(E::custom(format_args!("`{timestamp}`: {expected}")))
            }

            /// Fields that are always present.
            pub mod required {
                use jiff::Timestamp;
                pub use jiff::fmt::serde::timestamp::$jiff::required::deserialize;
                use serde::Serializer;

                /// Writes the number.
                ///
                /// # Errors
                /// A fraction of the unit.
                pub fn serialize<S: Serializer>(
                    timestamp: &Timestamp,
                    serializer: S,
                ) -> Result<S::Ok, S::Error> {
                    super::check(timestamp)?;
                    jiff::fmt::serde::timestamp::$jiff::required::serialize(timestamp, serializer)
                }
            }

            /// Fields that may be absent.
            pub mod optional {
                use jiff::Timestamp;
                pub use jiff::fmt::serde::timestamp::$jiff::optional::deserialize;
                use serde::Serializer;

                /// Writes the number, if there is one.
                ///
                /// # Errors
                /// A fraction of the unit.
                pub fn serialize<S: Serializer>(
                    timestamp: &Option<Timestamp>,
                    serializer: S,
                ) -> Result<S::Ok, S::Error> {
                    timestamp.as_ref().map_or(Ok(()), super::check)?;
                    jiff::fmt::serde::timestamp::$jiff::optional::serialize(timestamp, serializer)
                }
            }
        }
    };
}

unit!(seconds, second, 1_000_000_000, "seconds");
unit!(milliseconds, millisecond, 1_000_000, "milliseconds");
