//! How much one answer may hold and read, beside the budget of the request.

use serde::Serialize;

/// The most times that one list reads a page from DynamoDB before it is answered as far as it was
/// read, with a cursor; the budget of the request may end it before.
pub(crate) const MAX_READS: u32 = 32;

/// The bytes after which an answer ends, and the next page begins. Lambda takes 6 MB of it as text
/// in JSON, in which quotes are twice as long, and a page that DynamoDB reads, of a megabyte, may
/// be several times that.
pub(crate) const ENOUGH_BYTES: usize = 2 * 1024 * 1024;

/// Returns the length of a part of an answer as JSON.
pub(crate) fn encoded_bytes(part: &impl Serialize) -> usize {
    serde_json::to_vec(part).map_or(0, |json| json.len())
}
