//! The only crate that speaks to DynamoDB: a single table's items, its rollups, and how to reach
//! them.
//!
//! ```text
//! Connection ──► Table    items: one, several, queries, batches, transactions, provisioning
//!            ├─► Rollups  conditional ADD under a watermark, ranges of buckets
//!            └─► Checkpoints  how far the local event source mapping has got
//! ```
//!
//! What one request may read is its [`Budget`], which [`Table::with_budget`] and
//! [`Rollups::with_budget`] take.
//!
//! **Invariant:** no request of an application scans a table (rollups that begin look for one item,
//! [`Table::scan_segment`] is for builds, and [`Rollups::scan_keys`] for exports), and every value
//! in an expression goes in by placeholder.

mod answer_times;
mod budget;
mod calls;
pub mod checkpoints;
mod clock;
mod connection;
mod cursor;
mod entity;
pub mod error;
mod expression;
mod fresh;
mod items;
mod page_end;
mod pages;
mod provision;
mod query;
mod reads;
mod related;
mod retries;
pub mod rollups;
pub mod sample;
mod scan;
mod state;
mod write_token;

pub use budget::Budget;
pub use connection::Connection;
pub use entity::{Items, List, Many, One, RelatedItems, TypedPage};
pub use error::Error;
pub use fresh::fresh;
pub use items::{
    BatchOutcome, BatchWrite, Found, MAX_ACTIONS, MAX_BATCH_KEYS, MAX_BATCH_WRITES, Table,
    Transaction, Upserted,
};
pub use pages::{Count, Page};
pub use provision::{InspectedStream, InspectedTable, Mismatch, Provisioned};
pub use query::{Instants, Query, SortRange};
pub use reads::{DEFAULT_READ_MB, DEFAULT_READS, MB, MIN_READ_MB, Reads};
pub use related::{Joined, JoinedItems, JoinedPage, Reading, Related};
pub use rollups::{
    Applied, Outcome, Parked, Range, Ranked, RollupKeysPage, Rollups, SettledUpdate, ShardId,
};
pub use scan::{ScanPage, ScanPosition, Segment};
pub use state::{
    BuildProgress, CLOCK_UNCERTAINTY_SECS, ItemsTable, OpenedState, RollupsState, RollupsStatus,
    STREAM_RETENTION_SECS, stream_began_at,
};
pub use write_token::{WriteToken, WriteTokenError};
