//! Writes that go with an update of a rollup item or a row, beside its amounts and its watermark.
//!
//! A row that comes to count something, or stops to, is counted by its rollup item. Row and item
//! are then written in one transaction, under the row's watermark:
//!
//! ```text
//! Update     sales.values(user_id)#DE / day#2026-11-20#ann   SET @… = :last ADD count 1
//! condition  @… < :first AND no count yet
//! Update     sales#DE / day#2026-11-20                       ADD distinct(user_id) 1
//! ```
//!
//! **Invariant:** a rollup item's `distinct(a)` is the number of value rows of `a` whose count is
//! above zero.

use crate::amounts::Amounts;
use crate::key::RollupKey;

/// The writes that go with each update of a rollup item or a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bookkeeping {
    /// When it is not kept any more, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// The score by which it is ranked.
    pub rank: Option<String>,
    /// The rollup item that a row is of; `None` of a rollup item.
    pub item: Option<RollupKey>,
    /// The amounts that the rollup item gains while the row counts something, if it counts its
    /// rows.
    pub crossing: Option<ZeroCrossing>,
}

impl Bookkeeping {
    /// Whether it is that of a row, which goes away some time after nothing is counted in it.
    pub fn is_row(&self) -> bool {
        self.item.is_some()
    }
}

/// The amounts that a rollup item gains when one of its rows starts to count, and loses when that
/// stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZeroCrossing {
    /// The writes that go with the rollup item.
    pub bookkeeping: Box<Bookkeeping>,
    /// The amounts that it gains.
    pub one: Amounts,
}

impl ZeroCrossing {
    /// Returns the amounts that the rollup item gains when the row's count changes from one number
    /// to another.
    pub fn amounts(&self, from: i128, to: i128) -> Amounts {
        match (from > 0, to > 0) {
            (false, true) => self.one.clone(),
            (true, false) => self.one.negated(),
            _ => Amounts::default(),
        }
    }
}
