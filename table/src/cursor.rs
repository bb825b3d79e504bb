//! Cursors: where a page ended, as text that a caller hands back without looking inside.
//!
//! A cursor holds the sort key alone; the partition is that of the query it is handed to, so a cursor leads nowhere
//! else. One of another partition (told by a checksum) or outside the query's range is refused rather than obeyed.

use aggregates::fnv::fnv1a;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;
use crate::query::Query;

/// The version of the format, first byte of a cursor.
const VERSION: u8 = 1;
/// Bytes of the checksum behind it.
const CHECKSUM_BYTES: usize = 4;

/// The cursor for a page of a partition that ended at a sort key.
pub(crate) fn write(partition: &str, sort: &str) -> String {
    let sum = checksum(partition, sort);
    URL_SAFE_NO_PAD.encode([&[VERSION], &sum[..], sort.as_bytes()].concat())
}

/// The sort key that a cursor of this query stands for.
pub(crate) fn read(text: &str, query: &Query) -> Result<String, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Cursor)?;
    let (version, rest) = bytes.split_first().ok_or(Error::Cursor)?;
    let (sum, sort) = rest.split_at_checked(CHECKSUM_BYTES).ok_or(Error::Cursor)?;
    let sort = std::str::from_utf8(sort).map_err(|_| Error::Cursor)?;
    let is_ours = *version == VERSION && sum == checksum(&query.partition, sort);
    (is_ours && query.range.contains(sort)).then(|| sort.to_owned()).ok_or(Error::Cursor)
}

/// A hash of both keys: tells a mistaken cursor, and is no secret.
fn checksum(partition: &str, sort: &str) -> [u8; CHECKSUM_BYTES] {
    let [.., a, b, c, d] = fnv1a(partition.bytes().chain([0]).chain(sort.bytes())).to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::SortRange;

    fn query(partition: &str) -> Query {
        let range = SortRange::BeginsWith("ORDER#".to_owned());
        Query { partition: partition.to_owned(), range, ..Query::default() }
    }

    #[test]
    fn a_cursor_outside_the_range_is_refused() {
        let cursor = write("USER#1", "PROFILE");
        assert!(matches!(read(&cursor, &query("USER#1")), Err(Error::Cursor)));
    }

    #[test]
    fn a_cursor_leads_back_to_its_key() {
        let cursor = write("USER#1", "ORDER#ü");
        assert_eq!(read(&cursor, &query("USER#1")).expect("read"), "ORDER#ü");
    }

    #[test]
    fn a_cursor_of_another_partition_is_refused() {
        let cursor = write("USER#1", "ORDER#1");
        assert!(matches!(read(&cursor, &query("USER#2")), Err(Error::Cursor)));
    }

    #[test]
    fn text_that_is_no_cursor_is_refused() {
        for text in ["", "x", "????", "AQ", "AAAAAAAA"] {
            assert!(matches!(read(text, &query("USER#1")), Err(Error::Cursor)), "{text}");
        }
    }
}
