//! The hash by which a build identifies items: 16 bytes, whatever the length of the key.
//!
//! Two items with one hash would count as one. With SHA-256, of which these are the first 128 bits,
//! no writer of keys can choose such items, and among 10^9 items the probability is below 10^-20.

use ring::digest::{Context, SHA256};
use weir_model::PrimaryKey;

/// The bytes of a hash.
pub(crate) const KEY_HASH_BYTES: usize = 16;

/// The hash of an item's primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; KEY_HASH_BYTES]);

impl KeyHash {
    /// Returns the hash of a primary key.
    pub fn new(key: &PrimaryKey) -> Self {
        let mut context = Context::new(&SHA256);
        // The length separates the two parts.
        context.update(&(key.partition.len() as u64).to_le_bytes());
        context.update(key.partition.as_bytes());
        if let Some(sort) = &key.sort {
            context.update(sort.as_bytes());
        }
        let mut hash = [0; KEY_HASH_BYTES];
        hash.copy_from_slice(&context.finish().as_ref()[..KEY_HASH_BYTES]);
        Self(hash)
    }

    /// Returns the hash that these bytes are.
    pub(crate) fn from_bytes(bytes: [u8; KEY_HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns its bytes.
    pub(crate) fn as_bytes(&self) -> &[u8; KEY_HASH_BYTES] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_the_same_text_in_other_parts_have_other_hashes() {
        let hash = |partition: &str, sort: Option<&str>| {
            KeyHash::new(&PrimaryKey {
                partition: partition.to_owned(),
                sort: sort.map(str::to_owned),
            })
        };
        assert_eq!(hash("a", Some("b")), hash("a", Some("b")));
        assert_ne!(hash("a", Some("bc")), hash("ab", Some("c")));
        assert_ne!(hash("ab", None), hash("a", Some("b")));
    }
}
