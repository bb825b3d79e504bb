//! The algebra of rollups: pure functions from stream records to writes, and from questions to
//! reads.
//!
//! ```text
//! change ──contribution──► delta ──fold──► Update ──► one conditional ADD
//! question ──plan──► Plan ──cover──► buckets ──► stored items ──measured──► points
//! ```
//!
//! [`contribution`] says what one item adds to one rollup item; a change adds what the new image
//! contributes and takes away what the old one did. Contributions are integers that add in any
//! order and cancel exactly: a commutative group, which is why a fold of any batching gives what a
//! recount gives.
//!
//! **Invariant:** a contribution is a total function of an image. What cannot be counted
//! contributes nothing, both as a new and as an old image, and is reported as [`Skip`].

pub mod amounts;
pub mod base;
pub mod bookkeeping;
pub mod bucket;
pub mod calendar;
pub mod change;
mod clock;
pub mod colocated;
pub mod contribution;
pub mod cost;
pub mod cover;
mod definition_text;
pub mod details;
pub mod difference;
pub mod entity_change;
pub mod fnv;
pub mod fold;
mod formulas;
mod instant;
mod item_bytes;
pub mod key;
pub mod measured;
mod measured_value;
mod numbers;
pub mod ordered;
mod period;
pub mod query;
pub mod revision;
pub mod sequence;
pub mod sketch;
pub mod skip;
pub mod stored;
mod stored_key;
pub mod watermark;

pub use amounts::{Accumulator, Amounts};
pub use base::{BaseImages, ScannedImage};
pub use bookkeeping::{Bookkeeping, ZeroCrossing};
pub use bucket::Bucket;
pub use calendar::Calendar;
pub use change::{Change, Image};
pub use contribution::{Contribution, Contributions};
pub use cost::Cost;
pub use cover::{Run, Uncovered, cover, runs};
pub use details::Details;
pub use difference::{ChangeClass, DefinitionChange, Difference, differences};
pub use entity_change::{EntityChange, EntityChangeKind, Severity, entity_changes};
pub use fold::{Fold, Update, fold};
pub use item_bytes::item_bytes;
pub use key::RollupKey;
pub use measured::{MeasuredValue, measured};
pub use period::Period;
pub use query::{
    Around, BucketRange, ExportPlan, ExportQuestion, Fill, Group, ParameterError, ParameterErrors,
    Plan, Previous, QueryRange, Question, RankPlan, RankQuestion,
};
pub use revision::{Revision, RevisionState, Unbuilt};
pub use sequence::SequenceNumber;
pub use sketch::Sketch;
pub use skip::Skip;
pub use stored::{StoredAmounts, read_amounts};
pub use stored_key::{StoredDetail, StoredKey};
pub use watermark::Watermark;
