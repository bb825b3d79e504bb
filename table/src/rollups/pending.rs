//! An update between its attempt and the transaction that its row needs.

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use weir_rollups::{Accumulator, RollupKey, Update, ZeroCrossing};

use super::outcome::Applied;
use crate::error::Error;

/// The state of an update after its attempt.
#[derive(Debug)]
pub(super) enum Attempted {
    /// It is in its rollup item or row. The update, or the part of it that was left to be added.
    Done(Update, Applied),
    /// The count of its row crosses zero, which takes a transaction.
    Crosses(PendingCrossing),
}

/// An update whose row crosses zero.
#[derive(Debug)]
pub(super) struct PendingCrossing {
    /// The part of the update that is left to be added.
    pub(super) update: Update,
    /// The effect of the update once that part is added.
    pub(super) applied: Applied,
    /// The count that was seen; `None` if the row had none.
    pub(super) count: Option<SdkValue>,
}

impl PendingCrossing {
    /// Returns the key of the rollup item that counts the row.
    pub(super) fn item(&self) -> &RollupKey {
        self.update.bookkeeping.item.as_ref().expect("only rows cross")
    }

    /// Returns what the rollup item gains while the row counts something.
    pub(super) fn crossing(&self) -> &ZeroCrossing {
        self.update.bookkeeping.crossing.as_ref().expect("only rows that are counted cross")
    }

    /// Returns the row's count before the update and after it.
    pub(super) fn counts(&self) -> Result<(i128, i128), Error> {
        let before = match &self.count {
            None => 0,
            Some(count) => {
                let number = count.as_n().ok().and_then(|text| text.parse::<i128>().ok());
                let row = &self.update.key;
                let unreadable = || format!("the count of {row}, which is {count:?}");
                number.ok_or_else(|| Error::Unreadable(unreadable()))?
            }
        };
        Ok((before, before + self.update.amounts().get(&Accumulator::Items)))
    }
}
