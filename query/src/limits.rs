//! How much one answer may hold and read, beside the budget of its reads; and
//! how long it may wait.

use std::time::Duration;

/// The most points of a page, unless the query sets another limit.
pub const DEFAULT_POINTS: u32 = 1_000;
/// The most ranks of a page, unless the query sets another limit.
pub const DEFAULT_RANKS: u32 = 10;

/// How long an answer waits until the write of a token is counted, unless the engine sets another
/// limit.
pub const DEFAULT_WRITE_WAIT: Duration = Duration::from_secs(5);

/// The most detail items that are read for an answer, unless the query sets another limit.
pub const MAX_DETAIL_ITEMS: usize = 20_000;

/// The bytes of JSON after which a page ends. Lambda takes 6 MB of it as text in JSON, in which
/// quotes are twice as long.
pub(crate) const ENOUGH_BYTES: usize = 2 * 1024 * 1024;

/// The most windows, or pages of an index, that are read for one page of an answer.
pub(crate) const MAX_WINDOWS: u32 = 32;

/// The most reads of DynamoDB that are in flight at once.
pub(crate) const MAX_READS_IN_FLIGHT: usize = 16;
