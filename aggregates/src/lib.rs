//! The algebra of rollups: pure functions from stream records to writes, and from questions to reads.
//!
//! ```text
//! change ──contribution──► delta ──fold──► Update ──► one conditional ADD
//! question ──plan──► Read ──► rows ──► points
//! ```
//!
//! [`contribution`] says what one item adds to one rollup item; a change adds what the new image contributes and takes
//! away what the old one did. Contributions are integers that add in any order and cancel exactly: a commutative group,
//! which is why a fold of any batching gives what a recount gives.
//!
//! **Invariant:** a contribution is a total function of an image. What cannot be counted contributes nothing, both as a
//! new and as an old image, and is reported as [`Skip`].

pub mod amounts;
pub mod bucket;
pub mod change;
pub mod contribution;
pub mod fnv;
pub mod fold;
pub mod key;
pub mod query;
pub mod sequence;
pub mod watermark;

pub use amounts::{Accumulator, Amounts};
pub use bucket::Bucket;
pub use change::{Change, Image};
pub use contribution::{Contribution, Skip, contribution};
pub use fold::{Fold, Update, fold};
pub use key::RollupKey;
pub use query::{Plan, Point, QueryError, Question};
pub use sequence::SequenceNumber;
pub use watermark::Watermark;
