//! Cursors: where a page ended, as text that a caller hands back without looking inside.
//!
//! A cursor holds the sort key alone; the partition is that of the query it is handed to, so a cursor leads nowhere
//! else. One of another partition (told by a checksum) or outside the query's range is refused rather than obeyed.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;
use crate::query::{Names, Query};

/// The version of the format, first byte of a cursor.
const VERSION: u8 = 1;
/// Bytes of the checksum behind it.
const CHECKSUM_BYTES: usize = 4;

/// The cursor for the last key that a page evaluated.
pub(crate) fn write(key: &HashMap<String, SdkValue>, names: Names<'_>) -> Result<String, Error> {
    let text = |name: &str| {
        let value = key.get(name).and_then(|value| value.as_s().ok());
        value.ok_or_else(|| Error::Unreadable(format!("a key without text in `{name}`")))
    };
    let partition = text(names.partition_key)?;
    let sort = names.sort_key.map_or(Ok(String::new()), |name| text(name).cloned())?;
    let sum = checksum(partition, &sort);
    Ok(URL_SAFE_NO_PAD.encode([&[VERSION], &sum[..], sort.as_bytes()].concat()))
}

/// The key that a cursor of this query stands for.
pub(crate) fn read(
    text: &str,
    names: Names<'_>,
    query: &Query,
) -> Result<HashMap<String, SdkValue>, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Cursor)?;
    let (version, rest) = bytes.split_first().ok_or(Error::Cursor)?;
    let (sum, sort) = rest.split_at_checked(CHECKSUM_BYTES).ok_or(Error::Cursor)?;
    let sort = std::str::from_utf8(sort).map_err(|_| Error::Cursor)?;
    let partition = &query.partition;
    if *version != VERSION || sum != checksum(partition, sort) || !query.range.contains(sort) {
        return Err(Error::Cursor);
    }
    let mut key = HashMap::from([(names.partition_key.to_owned(), SdkValue::S(partition.clone()))]);
    if let Some(name) = names.sort_key {
        key.insert(name.to_owned(), SdkValue::S(sort.to_owned()));
    }
    Ok(key)
}

/// FNV-1a over both keys: tells a mistaken cursor, and is no secret.
fn checksum(partition: &str, sort: &str) -> [u8; CHECKSUM_BYTES] {
    let bytes = partition.bytes().chain([0]).chain(sort.bytes());
    bytes
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
        .to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::SortRange;

    const NAMES: Names<'_> = Names { table: "t", partition_key: "PK", sort_key: Some("SK") };

    fn key(partition: &str, sort: &str) -> HashMap<String, SdkValue> {
        HashMap::from([
            ("PK".to_owned(), SdkValue::S(partition.to_owned())),
            ("SK".to_owned(), SdkValue::S(sort.to_owned())),
        ])
    }

    fn query(partition: &str) -> Query {
        let range = SortRange::BeginsWith("ORDER#".to_owned());
        Query { partition: partition.to_owned(), range, ..Query::default() }
    }

    #[test]
    fn a_cursor_outside_the_range_is_refused() {
        let cursor = write(&key("USER#1", "PROFILE"), NAMES).expect("written");
        assert!(matches!(read(&cursor, NAMES, &query("USER#1")), Err(Error::Cursor)));
    }

    #[test]
    fn a_cursor_leads_back_to_its_key() {
        let key = key("USER#1", "ORDER#ü");
        let cursor = write(&key, NAMES).expect("written");
        assert_eq!(read(&cursor, NAMES, &query("USER#1")).expect("read"), key);
    }

    #[test]
    fn a_cursor_of_another_partition_is_refused() {
        let cursor = write(&key("USER#1", "ORDER#1"), NAMES).expect("written");
        assert!(matches!(read(&cursor, NAMES, &query("USER#2")), Err(Error::Cursor)));
    }

    #[test]
    fn text_that_is_no_cursor_is_refused() {
        for text in ["", "x", "????", "AQ", "AAAAAAAA"] {
            assert!(matches!(read(text, NAMES, &query("USER#1")), Err(Error::Cursor)), "{text}");
        }
    }
}
