//! The token of a write: a question with it is answered after the write was counted.
//!
//! ```text
//! | version 1 | table, 6 bytes | time, 6 bytes |   base64url, 18 characters
//! ```
//!
//! The table is a hash of its name. The time, in milliseconds since 1970, is one at or before which
//! DynamoDB did the write, by DynamoDB's own clock: the end of the second of its answer's `Date`.
//! Every change up to a time is counted once the progress of the stream has passed that time.
//!
//! It is not a secret and not signed: whoever makes one up waits for another time.
//!
//! **Invariant:** a token of another version, or of another table, is not taken for one of this.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;
use weir_rollups::fnv::fnv1a;

/// The version of the form.
const VERSION: u8 = 1;
/// Bytes of the hash of the table, and of the time.
const PART_BYTES: usize = 6;
/// Bytes of a token.
const TOKEN_BYTES: usize = 1 + 2 * PART_BYTES;
/// How far the time of a token may be ahead of this machine's clock, in milliseconds: as far as
/// clocks may differ for AWS to accept a signature.
const MAX_SKEW_MS: i64 = 5 * 60 * 1_000;
/// Characters of a rejected text that a message repeats.
const SHOWN_CHARS: usize = 40;

/// The token of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteToken {
    table: u64,
    at_ms: i64,
}

/// The reason why a token cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WriteTokenError {
    /// The text is not a token, or one of another version.
    #[error("`{0}` is not a token; expected the value of the header `Weir-Token` of a write")]
    Malformed(String),
    /// It is of a write to another table.
    #[error("the token is of a write to another table; expected one of a write to `{table}`")]
    OtherTable {
        /// The table that is asked.
        table: String,
    },
    /// Its time has not come, by the clock of this machine.
    #[error(
        "the token is of a write {ahead_secs} s in the future; expected at most {} s, by which \
         clocks may differ",
        MAX_SKEW_MS / 1_000
    )]
    Future {
        /// How far it is ahead, in seconds.
        ahead_secs: i64,
    },
}

impl WriteToken {
    /// Returns the token of a write to a table that DynamoDB answered in this second since 1970, by
    /// its own clock. `None` for a time that no token has.
    pub fn new(table: &str, answered_at: i64) -> Option<Self> {
        let at_ms = answered_at.checked_add(1)?.checked_mul(1_000)?;
        let is_storable = (0..1 << (8 * PART_BYTES)).contains(&at_ms);
        is_storable.then(|| Self { table: hash(table), at_ms })
    }

    /// Returns a time at or before which the write was done, in milliseconds since 1970.
    pub fn at_ms(self) -> i64 {
        self.at_ms
    }

    /// Checks that it is of a write to a table, and not of one in the future. `now_ms` is the time
    /// of this machine, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`WriteTokenError::OtherTable`] and [`WriteTokenError::Future`].
    pub fn check(self, table: &str, now_ms: i64) -> Result<(), WriteTokenError> {
        if self.table != hash(table) {
            return Err(WriteTokenError::OtherTable { table: table.to_owned() });
        }
        let ahead_ms = self.at_ms - now_ms;
        if ahead_ms > MAX_SKEW_MS {
            return Err(WriteTokenError::Future { ahead_secs: ahead_ms / 1_000 });
        }
        Ok(())
    }
}

impl fmt::Display for WriteToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = |number: u64| number.to_be_bytes()[8 - PART_BYTES..].to_owned();
        let at_ms = u64::try_from(self.at_ms).expect("a token has no time before 1970");
        let bytes = [vec![VERSION], last(self.table), last(at_ms)].concat();
        formatter.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for WriteToken {
    type Err = WriteTokenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text)
            .ok_or_else(|| WriteTokenError::Malformed(text.chars().take(SHOWN_CHARS).collect()))
    }
}

fn read(text: &str) -> Option<WriteToken> {
    let bytes: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let (version, parts) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let (table, at_ms) = parts.split_at(PART_BYTES);
    Some(WriteToken { table: number(table), at_ms: i64::try_from(number(at_ms)).ok()? })
}

/// Returns the hash of a table's name, of as many bytes as a token has of it.
fn hash(table: &str) -> u64 {
    fnv1a(table.bytes()) >> (64 - 8 * PART_BYTES)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW_MS: i64 = 1_795_982_400_000;

    fn token(second: i64) -> WriteToken {
        WriteToken::new("shop", second).expect("a time of this century")
    }

    #[test]
    fn a_token_is_short_and_has_the_end_of_the_second() {
        let token = token(NOW_MS / 1_000);
        assert_eq!(token.at_ms(), NOW_MS + 1_000);
        assert_eq!(token.to_string().len(), 18);
        assert_eq!(WriteToken::new("shop", -2), None);
        assert_eq!(WriteToken::new("shop", i64::MAX), None);
        assert_eq!(WriteToken::new("shop", 1 << 40), None);
    }

    #[test]
    fn a_text_that_is_not_a_token_is_rejected_with_what_is_expected() {
        let valid = token(7).to_string();
        let other_version = URL_SAFE_NO_PAD.encode([2; TOKEN_BYTES]);
        let texts = ["", "AQ", "ü", &valid[1..], &format!("{valid}A"), &other_version, "a b"];
        for text in texts {
            let error = text.parse::<WriteToken>().expect_err(text).to_string();
            assert!(error.starts_with(&format!("`{text}` is not a token; expected")), "{error}");
        }
        let long = "é".repeat(100).parse::<WriteToken>().expect_err("too long").to_string();
        assert!(long.chars().count() < 150, "{long}");
    }

    #[test]
    fn a_token_is_of_one_table_and_not_of_the_future() {
        let at = |ahead_secs: i64| token(NOW_MS / 1_000 + ahead_secs - 1).check("shop", NOW_MS);
        at(-1_000_000).expect("long ago");
        at(300).expect("clocks differ");
        let error = at(301).expect_err("in the future").to_string();
        assert!(error.contains("301 s in the future; expected at most 300 s"), "{error}");
        let error = token(7).check("store", NOW_MS).expect_err("of the shop").to_string();
        assert!(error.contains("another table; expected one of a write to `store`"), "{error}");
    }

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_written(table in ".*", second in 0..1_i64 << 37) {
            let token = WriteToken::new(&table, second).expect("it can be stored");
            prop_assert_eq!(token.to_string().parse::<WriteToken>(), Ok(token));
            prop_assert_eq!(token.check(&table, token.at_ms()), Ok(()));
        }

        #[test]
        fn no_text_makes_the_reading_fail_otherwise(text in ".*") {
            if let Ok(token) = text.parse::<WriteToken>() {
                prop_assert_eq!(token.to_string(), text);
            }
        }
    }
}
