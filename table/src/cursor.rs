//! Cursors: where a page ended, as text that a caller hands back without looking inside.
//!
//! | read | a cursor holds |
//! |---|---|
//! | the table | a sort key |
//! | an index | a sort key of the index, which several items may have, and the item's own key |
//!
//! The partition is that of the query that a cursor is handed to, so it leads nowhere else. One of
//! another partition or index (found by a checksum) or outside the query's range is refused rather
//! than obeyed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use weir_model::PrimaryKey;
use weir_rollups::fnv::fnv1a;

use crate::error::Error;
use crate::page_end::PageEnd;
use crate::query::{Names, Query};

/// The version of the format, first byte of a cursor of the table.
const OF_TABLE: u8 = 1;
/// The same of a cursor of an index.
const OF_INDEX: u8 = 2;
/// Bytes of the checksum behind it.
const CHECKSUM_BYTES: usize = 4;
/// Bytes of the length before each text of an index's cursor.
const LENGTH_BYTES: usize = 2;

/// The cursor for a page of a partition that ended there.
pub(crate) fn write(names: Names<'_>, partition: &str, position: &PageEnd) -> String {
    let (version, body) = match &position.primary {
        None => (OF_TABLE, position.sort.as_bytes().to_vec()),
        Some(primary) => {
            let texts = [&position.sort, &primary.partition].into_iter().chain(&primary.sort);
            (OF_INDEX, texts.flat_map(|text| framed(text)).collect())
        }
    };
    let sum = checksum(names, partition, &body);
    URL_SAFE_NO_PAD.encode([&[version], &sum[..], &body].concat())
}

/// The position that a cursor of this query stands for.
pub(crate) fn read(text: &str, names: Names<'_>, query: &Query) -> Result<PageEnd, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Cursor)?;
    let (version, rest) = bytes.split_first().ok_or(Error::Cursor)?;
    let (sum, body) = rest.split_at_checked(CHECKSUM_BYTES).ok_or(Error::Cursor)?;
    if sum != checksum(names, &query.partition, body) {
        return Err(Error::Cursor);
    }
    let position = match (*version, names.index) {
        (OF_TABLE, None) => std::str::from_utf8(body).ok().map(PageEnd::at),
        (OF_INDEX, Some(_)) => of_index(body, names),
        _ => None,
    };
    position.filter(|position| query.range.contains(&position.sort)).ok_or(Error::Cursor)
}

fn of_index(body: &[u8], names: Names<'_>) -> Option<PageEnd> {
    let (sort, rest) = text(body)?;
    let (partition, rest) = text(rest)?;
    let (own_sort, rest) = match names.primary {
        (_, Some(_)) => text(rest).map(|(text, rest)| (Some(text), rest))?,
        (_, None) => (None, rest),
    };
    let primary = Some(PrimaryKey { partition, sort: own_sort });
    rest.is_empty().then_some(PageEnd { sort, primary })
}

/// A text behind its length; keys are at most 2 KB long.
fn framed(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("DynamoDB takes no key as long");
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

/// The first text, and what follows it.
fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_at_checked(LENGTH_BYTES)?;
    let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
    let (text, rest) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(text).ok()?.to_owned(), rest))
}

/// Returns a hash of the query and of the place where it ended. It finds mistakes, and is not a
/// secret.
fn checksum(names: Names<'_>, partition: &str, body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let index = names.index.map(|name| name.bytes().chain([0])).into_iter().flatten();
    let read = index.chain(partition.bytes()).chain([0]);
    let [.., a, b, c, d] = fnv1a(read.chain(body.iter().copied())).to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::SortRange;

    const TABLE: Names<'_> = Names {
        table: "shop",
        index: None,
        partition_key: "PK",
        sort_key: Some("SK"),
        primary: ("PK", Some("SK")),
    };
    const INDEX: Names<'_> =
        Names { index: Some("GSI1"), partition_key: "GSI1PK", sort_key: Some("GSI1SK"), ..TABLE };

    fn query(partition: &str) -> Query {
        let range = SortRange::BeginsWith("ORDER#".to_owned());
        Query { partition: partition.to_owned(), range, ..Query::default() }
    }

    fn in_index(sort: &str) -> PageEnd {
        let sort_key = Some("ORDER#7".to_owned());
        let primary = PrimaryKey { partition: "USER#1".to_owned(), sort: sort_key };
        PageEnd { sort: sort.to_owned(), primary: Some(primary) }
    }

    #[test]
    fn a_cursor_outside_the_range_is_refused() {
        let cursor = write(TABLE, "USER#1", &PageEnd::at("PROFILE"));
        assert!(matches!(read(&cursor, TABLE, &query("USER#1")), Err(Error::Cursor)));
        let cursor = write(INDEX, "paid", &in_index("PROFILE"));
        assert!(matches!(read(&cursor, INDEX, &query("paid")), Err(Error::Cursor)));
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        for (names, position) in [(TABLE, PageEnd::at("ORDER#ü")), (INDEX, in_index("ORDER#ü"))] {
            let cursor = write(names, "USER#1", &position);
            assert_eq!(read(&cursor, names, &query("USER#1")).expect("read"), position);
        }
    }

    #[test]
    fn a_cursor_of_another_partition_or_index_is_refused() {
        let of_table = write(TABLE, "USER#1", &PageEnd::at("ORDER#1"));
        let of_index = write(INDEX, "USER#1", &in_index("ORDER#1"));
        let other = Names { index: Some("GSI2"), ..INDEX };
        for (cursor, names, partition) in [
            (&of_table, TABLE, "USER#2"),
            (&of_table, INDEX, "USER#1"),
            (&of_index, INDEX, "USER#2"),
            (&of_index, TABLE, "USER#1"),
            (&of_index, other, "USER#1"),
        ] {
            assert!(matches!(read(cursor, names, &query(partition)), Err(Error::Cursor)));
        }
    }

    #[test]
    fn text_that_is_no_cursor_is_refused() {
        for text in ["", "x", "????", "AQ", "AAAAAAAA", "AgAAAAAA__8"] {
            for names in [TABLE, INDEX] {
                assert!(
                    matches!(read(text, names, &query("USER#1")), Err(Error::Cursor)),
                    "{text}"
                );
            }
        }
    }
}
