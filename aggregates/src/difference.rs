//! Differences between two definitions of a rollup, field by field, and what each of them means
//! for the numbers that are stored.
//!
//! ```text
//! (before, after) ─┬─ fields      of, where, by, time, buckets, keep, rank_by, key, …
//!                  ├─ measures    over what is kept, or over something new
//!                  └─ attributes  types and stored names of what the rollup reads
//!                       │
//!                       └──► [Difference { change, from, to }] ──► the greatest ChangeClass
//! ```
//!
//! | to see | read |
//! |---|---|
//! | every kind of change, its class and the reason | `change` |
//! | which items a rollup counts | `admission` |
//! | which accumulators and detail items it keeps | `measures` |
//!
//! **Invariant:** if no difference has another class than [`ChangeClass::None`], numbers that were
//! written under the definition before, and are continued under the one after, equal a recount
//! under the one after, for every history of items.

mod admission;
mod attributes;
mod buckets;
mod change;
mod class;
mod entry;
mod fields;
mod measures;
mod pair;
mod ranks;

use weir_model::{Model, Rollup};

pub use self::change::DefinitionChange;
pub use self::class::ChangeClass;
pub use self::entry::Difference;
use self::pair::Pair;

/// Returns the differences between two definitions of one rollup, in the order of the fields of
/// [`DefinitionChange::EVERY`]; none for two that mean the same.
pub fn differences(before: (&Model, &Rollup), after: (&Model, &Rollup)) -> Vec<Difference> {
    let pair = Pair::new(before, after);
    let mut all = fields::differences(&pair);
    all.extend(buckets::differences(&pair));
    all.extend(ranks::differences(&pair));
    all.extend(measures::differences(&pair));
    all.extend(attributes::differences(&pair));
    all.sort_by_key(|difference| difference.change);
    all
}

/// Returns the class of several differences: the greatest of theirs.
pub fn class(differences: &[Difference]) -> ChangeClass {
    let classes = differences.iter().map(|difference| difference.class);
    classes.max().unwrap_or(ChangeClass::None)
}
