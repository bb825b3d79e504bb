//! One key: what it makes of a position, byte by byte.
//!
//! | bytes | hold |
//! |---|---|
//! | 1 | the version of this format |
//! | 4 | the key's id, derived from its secret |
//! | 12 | the nonce: the beginning of an HMAC-SHA256 of the context and the position |
//! | the rest | the padded position, encrypted by AES-256-GCM, and its tag of 16 bytes |
//!
//! AES-GCM needs a nonce that never repeats for two messages. A nonce made from the message repeats
//! for the same message only (the idea of SIV, RFC 5297, section 3), needs no counter shared by
//! processes, and makes equal pages equal. HKDF (RFC 5869) derives the id and both keys from one
//! secret.
//!
//! **Invariant:** the length of a sealed position tells its size to 32 bytes only.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use ring::hmac;

/// The bytes of a secret.
pub(super) const SECRET_BYTES: usize = 32;
/// The version of the format.
const VERSION: u8 = 1;
/// The bytes of a key's id.
const ID_BYTES: usize = 4;
/// A position is padded to a multiple of so many bytes.
const BLOCK_BYTES: usize = 32;
/// Ends a position, before the zeros that fill its last block.
const END: u8 = 1;

/// A key.
pub(super) struct Key {
    id: [u8; ID_BYTES],
    encryption: LessSafeKey,
    nonces: hmac::Key,
}

impl Key {
    /// Derives the key of a secret.
    pub(super) fn new(secret: &[u8; SECRET_BYTES]) -> Self {
        let secret = Salt::new(HKDF_SHA256, b"weir cursor").extract(secret);
        let [first, second, third, fourth, ..] = derived(&secret, b"id");
        let encryption = UnboundKey::new(&AES_256_GCM, &derived(&secret, b"encryption"));
        Self {
            id: [first, second, third, fourth],
            encryption: LessSafeKey::new(encryption.expect("AES-256 has keys of 32 bytes")),
            nonces: hmac::Key::new(hmac::HMAC_SHA256, &derived(&secret, b"nonce")),
        }
    }

    /// Encrypts a position, bound to a context.
    pub(super) fn seal(&self, context: &[u8], position: &[u8]) -> Vec<u8> {
        let mut message = padded(position);
        let nonce = self.nonce(context, &message);
        let sealed = self.encryption.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context),
            &mut message,
        );
        sealed.expect("a position is far smaller than what AES-GCM takes");
        [&[VERSION], &self.id[..], &nonce, &message].concat()
    }

    /// Returns the position that this key sealed in the same context.
    pub(super) fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let rest = sealed.strip_prefix(&[VERSION])?.strip_prefix(&self.id)?;
        let (nonce, message) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut message = message.to_vec();
        let opened = self.encryption.open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(context),
            &mut message,
        );
        let message = opened.ok()?;
        let end = message.iter().rposition(|byte| *byte == END)?;
        Some(message[..end].to_vec())
    }

    fn nonce(&self, context: &[u8], message: &[u8]) -> [u8; NONCE_LEN] {
        let length = u64::try_from(context.len()).expect("no context has more bytes");
        let mut signing = hmac::Context::with_key(&self.nonces);
        [&length.to_be_bytes()[..], context, message].iter().for_each(|part| signing.update(part));
        let tag = signing.sign();
        *tag.as_ref().first_chunk().expect("a tag has 32 bytes")
    }
}

/// Derives 32 bytes for a purpose.
fn derived(secret: &Prk, purpose: &'static [u8]) -> [u8; SECRET_BYTES] {
    let mut bytes = [0; SECRET_BYTES];
    let purposes = [purpose];
    let filled = secret.expand(&purposes, HKDF_SHA256).and_then(|okm| okm.fill(&mut bytes));
    filled.expect("HKDF-SHA256 derives 32 bytes at a time");
    bytes
}

/// Returns a position, its end, and zeros up to a whole block.
fn padded(position: &[u8]) -> Vec<u8> {
    let mut message = [position, &[END]].concat();
    message.resize(message.len().next_multiple_of(BLOCK_BYTES), 0);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new(&[7; SECRET_BYTES])
    }

    #[test]
    fn what_was_sealed_is_opened_in_its_context_only() {
        for position in
            [&b""[..], b"\x00", b"\x01", b"A#123-45-6789", &[1; 31], &[0; 32], &[9; 999]]
        {
            let sealed = key().seal(b"list", position);
            assert_eq!(key().open(b"list", &sealed).as_deref(), Some(position));
            assert_eq!(key().open(b"lis", &sealed), None);
            assert_eq!(Key::new(&[8; SECRET_BYTES]).open(b"list", &sealed), None);
        }
    }

    #[test]
    fn no_byte_of_a_cursor_can_be_changed_added_or_taken_away() {
        let sealed = key().seal(b"list", b"A#123-45-6789");
        for position in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[position] ^= 1 << bit;
                assert_eq!(key().open(b"list", &changed), None, "byte {position}, bit {bit}");
            }
            assert_eq!(key().open(b"list", &sealed[..position]), None, "cut at {position}");
        }
        assert_eq!(key().open(b"list", &[&sealed[..], &[0]].concat()), None);
    }

    #[test]
    fn equal_positions_are_equal_and_a_nonce_is_of_one_message() {
        let nonce = |context: &[u8], position: &[u8]| key().seal(context, position)[5..17].to_vec();
        assert_eq!(key().seal(b"list", b"here"), key().seal(b"list", b"here"));
        let nonces = [
            nonce(b"list", b"here"),
            nonce(b"list", b"there"),
            nonce(b"lists", b"here"),
            nonce(b"lis", b"there"),
        ];
        for (position, one) in nonces.iter().enumerate() {
            assert!(!nonces[..position].contains(one), "{position}");
        }
    }

    #[test]
    fn a_length_is_told_to_32_bytes() {
        let length = |bytes: usize| key().seal(b"list", &vec![b'a'; bytes]).len();
        assert_eq!([length(0), length(1), length(31)], [1 + 4 + 12 + 32 + 16; 3]);
        assert_eq!([length(32), length(63)], [1 + 4 + 12 + 64 + 16; 2]);
    }
}
