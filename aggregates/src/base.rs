//! The base of a rollup that is built over a table with items: what the items contribute at a cut.
//!
//! ```text
//! captured records from the cut on ─► first old image ─┐
//!                                                      ├─► one image per item ─► sums ─► updates
//! scanned items ─► unless the item was captured ───────┘
//! ```
//!
//! Let an item's images be x0 → x1 → … → xn, and let the records from the cut on be the last n − p
//! of its records. The changes of these records add c(xn) − c(xp). If the item was captured, the
//! old image of its first captured record is xp. Otherwise the item did not change between the cut
//! and the end of the capture, and every strongly consistent read in between returns xp. So the
//! base counts c(xp), and base and changes together are c(xn): a recount.
//!
//! **Invariant:** an item contributes one image at most, and an image that was captured wins over
//! the one that was scanned, also when the capture says that the item did not exist.

use std::collections::HashSet;
use std::hash::Hash;

use crate::contribution::Contribution;
use crate::fold::Update;
use crate::sequence::SequenceNumber;
use crate::watermark::Watermark;

/// The selection of the image of each item that a base counts. `K` identifies an item.
#[derive(Clone, Debug)]
pub struct BaseImages<K> {
    captured: HashSet<K>,
    scanned: HashSet<K>,
}

/// The decision about a scanned image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScannedImage {
    /// The base counts it.
    Counted,
    /// The capture has an earlier image of the item.
    Superseded,
    /// The scan returned the item before.
    Repeated,
}

impl<K> Default for BaseImages<K> {
    fn default() -> Self {
        Self { captured: HashSet::new(), scanned: HashSet::new() }
    }
}

impl<K: Eq + Hash> BaseImages<K> {
    /// Returns whether a captured record is the first of its item, so that the base counts its old
    /// image. Records of an item come in the order of the stream, and before all scanned images.
    pub fn is_first_captured(&mut self, item: K) -> bool {
        self.captured.insert(item)
    }

    /// Decides about a scanned image, after all captured records.
    pub fn decide_scanned(&mut self, item: K) -> ScannedImage {
        if self.captured.contains(&item) {
            return ScannedImage::Superseded;
        }
        match self.scanned.insert(item) {
            true => ScannedImage::Counted,
            false => ScannedImage::Repeated,
        }
    }
}

/// Returns the update of a base that adds the sum of all contributions to one rollup item, with the
/// cut in seconds since 1970; `None` if it adds nothing.
pub fn update(sum: Contribution, cut: u32) -> Option<Update> {
    (!sum.amounts.is_zero()).then(|| Update::from_contribution(sum, watermark(cut)))
}

/// Returns the watermark of a base: the first record of a virtual shard, written at the cut.
fn watermark(cut: u32) -> Watermark {
    Watermark { sequence: SequenceNumber::ONE, seconds: cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amounts::{Accumulator, Amounts};
    use crate::bookkeeping::Bookkeeping;
    use crate::key::RollupKey;

    #[test]
    fn an_item_contributes_its_first_captured_image_or_else_one_that_was_scanned() {
        let mut images = BaseImages::default();
        assert!(images.is_first_captured("a"));
        assert!(!images.is_first_captured("a"));
        assert!(images.is_first_captured("b"));
        assert_eq!(images.decide_scanned("a"), ScannedImage::Superseded);
        assert_eq!(images.decide_scanned("a"), ScannedImage::Superseded);
        assert_eq!(images.decide_scanned("c"), ScannedImage::Counted);
        assert_eq!(images.decide_scanned("c"), ScannedImage::Repeated);
    }

    #[test]
    fn a_base_is_one_record_of_a_virtual_shard_for_each_rollup_item() {
        let sum = |amount| {
            let mut amounts = Amounts::default();
            amounts.add(Accumulator::Items, amount);
            let key = RollupKey::new("sales#DE", "all");
            Contribution { key, bookkeeping: Bookkeeping::default(), amounts }
        };
        let cut = 1_795_153_254;
        let update = update(sum(3), cut).expect("it adds something");
        assert_eq!(update.amounts().get(&Accumulator::Items), 3);
        assert_eq!(update.first().to_string(), "1");
        assert_eq!(update.last().seconds, cut);
        assert_eq!(update.after(update.first()), None, "applying it again adds nothing");
        assert_eq!(super::update(sum(0), cut), None, "it needs no write");
    }
}
