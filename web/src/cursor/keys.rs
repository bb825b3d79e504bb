//! The keys that seal cursors, given or at random.
//!
//! ```text
//! WEIR_CURSOR_KEY=NEW        seals and opens
//! WEIR_CURSOR_KEY=NEW,OLD    the first one seals, each of them opens: for changing keys
//! ```
//!
//! **Invariant:** no message and no `Debug` form has a key in it.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use thiserror::Error;

use super::key::{Key, SECRET_BYTES};

/// The variable with the keys.
pub const CURSOR_KEY: &str = "WEIR_CURSOR_KEY";

/// The keys that seal cursors: the first one seals, each of them opens.
#[derive(Clone)]
pub struct CursorKeys(Arc<[Key]>);

/// Why there are no keys.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CursorKeyError {
    /// A key that is not written as one. The value is a secret, so the message has its length only.
    #[error(
        "key {position} of {CURSOR_KEY} has {characters} characters and is not a key, expected 64 \
         hexadecimal digits or the base64 of 32 bytes, and commas between several keys"
    )]
    Format {
        /// Which of the keys, from 1.
        position: usize,
        /// How many characters it has.
        characters: usize,
    },
    /// On Lambda several processes answer, and each must open the cursors of the others.
    #[error(
        "{CURSOR_KEY} is not set, expected 64 hexadecimal digits or the base64 of 32 bytes on \
         Lambda; `weir synth` sets it"
    )]
    Missing,
}

impl CursorKeys {
    /// Returns a key that no other process has.
    ///
    /// # Panics
    /// If the operating system has no random numbers.
    pub fn random() -> Self {
        let mut secret = [0; SECRET_BYTES];
        let filled = SystemRandom::new().fill(&mut secret);
        filled.expect("the operating system has random numbers");
        Self([Key::new(&secret)].into())
    }

    /// Reads keys with commas between them, the one that seals first.
    ///
    /// # Errors
    /// The first that is not written as a key.
    pub fn parse(text: &str) -> Result<Self, CursorKeyError> {
        let keys = text.split(',').map(str::trim).enumerate().map(|(index, text)| {
            let format =
                || CursorKeyError::Format { position: index + 1, characters: text.chars().count() };
            secret(text).map(|secret| Key::new(&secret)).ok_or_else(format)
        });
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// Returns the cursor of a position, bound to a context.
    pub(super) fn seal(&self, bound_to: &[u8], position: &str) -> String {
        let first = self.0.first().expect("a list of keys has one");
        URL_SAFE_NO_PAD.encode(first.seal(bound_to, position.as_bytes()))
    }

    /// Returns the position in a cursor that one of the keys sealed in the same context.
    pub(super) fn open(&self, bound_to: &[u8], cursor: &str) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let position = self.0.iter().find_map(|key| key.open(bound_to, &sealed))?;
        String::from_utf8(position).ok()
    }
}

impl fmt::Debug for CursorKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CursorKeys({})", self.0.len())
    }
}

/// Returns the secret in a text: hexadecimal digits, or any form of base64.
fn secret(text: &str) -> Option<[u8; SECRET_BYTES]> {
    let bytes = match text.len() == 2 * SECRET_BYTES {
        true => hexadecimal(text),
        false => [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|base64| base64.decode(text).ok()),
    };
    bytes?.try_into().ok()
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    Some(
        digits?
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

    #[test]
    fn a_key_is_hexadecimal_or_base64_of_32_bytes() {
        let mut bytes: Vec<u8> = (0..31).collect();
        bytes.push(0xff);
        let texts = [
            HEX.to_owned(),
            HEX.to_uppercase(),
            STANDARD.encode(&bytes),
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
        ];
        let cursor = CursorKeys::parse(HEX).expect("a key").seal(b"list", "here");
        for text in texts {
            let keys = CursorKeys::parse(&text).expect("a key");
            assert_eq!(keys.open(b"list", &cursor).as_deref(), Some("here"));
        }
    }

    #[test]
    fn a_text_that_is_not_a_key_is_rejected_and_not_repeated() {
        let short = &HEX[2..];
        let not_hex = HEX.replace('f', "g");
        let cases = [("", 1, 0), ("secret", 1, 6), (short, 1, 62), (&not_hex, 1, 64), ("é", 1, 1)];
        for (text, position, characters) in cases {
            let error = CursorKeys::parse(text).expect_err(text);
            assert_eq!(error, CursorKeyError::Format { position, characters });
            assert!(text.is_empty() || !error.to_string().contains(text), "{error}");
        }
        let second = CursorKeys::parse(&format!("{HEX},"));
        assert_eq!(
            second.expect_err("an empty one").to_string(),
            "key 2 of WEIR_CURSOR_KEY has 0 characters and is not a key, expected 64 hexadecimal \
             digits or the base64 of 32 bytes, and commas between several keys"
        );
        assert_eq!(format!("{:?}", CursorKeys::random()), "CursorKeys(1)");
    }

    #[test]
    fn a_key_is_changed_by_adding_the_new_one_first() {
        let new = HEX.replace('0', "a");
        let [old, new, both] = [HEX.to_owned(), new.clone(), format!("{new}, {HEX}")]
            .map(|text| CursorKeys::parse(&text).expect("keys"));
        let [of_old, of_new, of_both] = [&old, &new, &both].map(|keys| keys.seal(b"list", "here"));
        assert_eq!(of_both, of_new, "the first one seals");
        for cursor in [&of_old, &of_new] {
            assert_eq!(both.open(b"list", cursor).as_deref(), Some("here"));
        }
        assert_eq!(new.open(b"list", &of_old), None);
        assert_eq!(old.open(b"list", &of_new), None);
    }

    #[test]
    fn a_random_key_is_of_one_process() {
        let [one, other] = [CursorKeys::random(), CursorKeys::random()];
        let cursor = one.seal(b"list", "here");
        assert_eq!(one.open(b"list", &cursor).as_deref(), Some("here"));
        assert_eq!(other.open(b"list", &cursor), None);
    }
}
