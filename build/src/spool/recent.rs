//! The items that were captured lately: a table of a fixed size, where an item takes the place of
//! another one.

use crate::key_hash::KeyHash;

/// The places of the table: 1 MiB of hashes.
const PLACES: usize = 1 << 16;

/// The items that were captured lately.
#[derive(Debug, Default)]
pub(super) struct RecentKeys {
    /// Empty until the first item comes.
    places: Vec<Option<KeyHash>>,
}

impl RecentKeys {
    /// Returns whether the item is in the table.
    pub(super) fn contains(&self, item: &KeyHash) -> bool {
        self.places.get(place(item)).is_some_and(|known| known.as_ref() == Some(item))
    }

    /// Puts an item into its place.
    pub(super) fn insert(&mut self, item: KeyHash) {
        if self.places.is_empty() {
            self.places = vec![None; PLACES];
        }
        self.places[place(&item)] = Some(item);
    }
}

fn place(item: &KeyHash) -> usize {
    let bytes = item.as_bytes();
    usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}
