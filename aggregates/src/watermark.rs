//! Watermarks: how far one rollup item has absorbed one shard, under which name that is kept, and
//! for how long.
//!
//! A watermark is stored so that DynamoDB's comparison of binary values, byte by byte, is the
//! comparison of the sequence numbers:
//!
//! ```text
//! @mwom0by3/k2xyaxe8-864758bb          the stream's label and the shard's id, shortened
//! | 20 bytes: 40 digits, packed two to a byte | 4 bytes: seconds since 1970 of the record |
//! ```
//!
//! A rollup item that all shards write to holds one for each shard of the last days, and DynamoDB
//! bills by the item's size: so names are short, and a watermark that cannot be needed again is
//! removed.
//!
//! DynamoDB may leave the time out of a record. Beside the watermark of such a record, a rollup
//! item keeps the last one of the shard with a time, under the same name and `#timed`: the
//! freshness of answers follows from it, and nothing else.
//!
//! **Invariant:** watermarks compare as their sequence numbers do; the time never decides between
//! different numbers. Two shards never have one name.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use weir_model::{AttributeValue, Item};

use crate::sequence::{PACKED_BYTES, SequenceNumber};

/// The prefix of the names of watermarks, and of all other attributes that are not accumulators.
pub const RESERVED_PREFIX: char = '@';
/// A watermark so much older than a record that is absorbed now is not needed again. A stream keeps
/// a record for 24 hours, so none that old can be delivered any more; the rest is for deliveries
/// that were on their way.
pub const STALE_AFTER_SECS: u32 = 72 * 60 * 60;
/// The time of a record that does not tell it: no watermark is stale because of it, nor is its own.
pub const UNKNOWN_SECONDS: u32 = u32::MAX;

/// The label of the virtual stream of repairs. No stream of DynamoDB has such a label.
pub const REPAIR_LABEL: &str = "@repair";

/// Bytes of a stored watermark.
pub const WATERMARK_BYTES: usize = PACKED_BYTES + 4;
/// Ends the name of a shard's last watermark that has a time; no shard's id has such a letter.
const TIMED_SUFFIX: &str = "#timed";
/// Begins the part of a name that could not be shortened; no shortened part does.
const VERBATIM: char = '=';
/// The prefix of every shard id.
const SHARD_PREFIX: &str = "shardId-";
/// Digits of the time in a shard id, in milliseconds since 1970, zeros in front.
const SHARD_TIME_DIGITS: usize = 20;
/// The format of the time in a stream's label, in UTC.
const LABEL_FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.3f";

/// The last record of a shard that a rollup item has absorbed: its sequence number and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// The last record absorbed.
    pub sequence: SequenceNumber,
    /// When that record was written, in seconds since 1970.
    pub seconds: u32,
}

impl Watermark {
    /// Returns the stored form.
    pub fn to_bytes(self) -> Vec<u8> {
        [&self.sequence.packed()[..], &self.seconds.to_be_bytes()].concat()
    }

    /// Reads the stored form; `None` for bytes that are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != WATERMARK_BYTES {
            return None;
        }
        let (packed, seconds) = bytes.split_at(PACKED_BYTES);
        let sequence = SequenceNumber::from_packed(packed.try_into().ok()?)?;
        Some(Self { sequence, seconds: u32::from_be_bytes(seconds.try_into().ok()?) })
    }

    /// Returns the stored form of the smallest watermark of a number: an absorbed record's
    /// watermark is less than it exactly when the record's number is less.
    pub fn lower_bound(sequence: SequenceNumber) -> Vec<u8> {
        Self { sequence, seconds: 0 }.to_bytes()
    }

    /// Whether the record of it has a time.
    pub fn is_timed(self) -> bool {
        self.seconds != UNKNOWN_SECONDS
    }

    /// Whether it cannot be needed again, now that a record of this time, in seconds since 1970,
    /// was absorbed.
    pub fn is_stale(self, absorbed_seconds: u32) -> bool {
        let is_known = self.is_timed() && absorbed_seconds != UNKNOWN_SECONDS;
        is_known && absorbed_seconds.saturating_sub(self.seconds) > STALE_AFTER_SECS
    }
}

/// Returns the name under which a rollup item keeps how far it has absorbed a shard.
pub fn name(stream_label: &str, shard: &str) -> String {
    let label = short_label(stream_label).unwrap_or_else(|| format!("{VERBATIM}{stream_label}"));
    let shard = short_shard(shard).unwrap_or_else(|| format!("{VERBATIM}{shard}"));
    format!("{RESERVED_PREFIX}{label}/{shard}")
}

/// Returns the name under which a rollup item keeps the last watermark of a shard that has a time,
/// while its watermark of that name has none.
pub fn timed_name(name: &str) -> String {
    format!("{name}{TIMED_SUFFIX}")
}

/// Returns the time of the newest change that a rollup item has absorbed, in seconds since 1970;
/// `None` where no time is known.
pub fn newest_seconds(item: &Item) -> Option<u32> {
    // A repair counts no change.
    let repair = format!("{RESERVED_PREFIX}{VERBATIM}{REPAIR_LABEL}/");
    let watermarks = item.iter().filter(|(name, _)| is_name(name) && !name.starts_with(&repair));
    let seconds = watermarks.filter_map(|(_, value)| match value {
        AttributeValue::B(bytes) => Some(Watermark::from_bytes(bytes)?.seconds),
        _ => None,
    });
    seconds.filter(|seconds| *seconds != UNKNOWN_SECONDS).max()
}

/// Whether an attribute of a rollup item is not an accumulator, such as a watermark.
pub fn is_name(attribute: &str) -> bool {
    attribute.starts_with(RESERVED_PREFIX)
}

/// Returns the watermarks of a rollup item that cannot be needed again, now that it has absorbed a
/// record of this time, in seconds since 1970; the oldest first.
pub fn stale(item: &Item, absorbed_seconds: u32) -> Vec<(String, Watermark)> {
    let mut stale: Vec<_> = item
        .iter()
        .filter(|(name, _)| name.starts_with(RESERVED_PREFIX))
        .filter_map(|(name, value)| match value {
            AttributeValue::B(bytes) => Some((name.clone(), Watermark::from_bytes(bytes)?)),
            _ => None,
        })
        .filter(|(_, watermark)| watermark.is_stale(absorbed_seconds))
        .collect();
    stale.sort_by(|(name, watermark), (other_name, other)| {
        (watermark.seconds, name).cmp(&(other.seconds, other_name))
    });
    stale
}

/// AWS's labels are times: `2026-11-20T06:40:00.123` as its milliseconds since 1970, in base 36.
fn short_label(label: &str) -> Option<String> {
    let time = DateTime::strptime(LABEL_FORMAT, label).ok()?;
    if time.strftime(LABEL_FORMAT).to_string() != label {
        return None;
    }
    let instant = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(base36(u64::try_from(instant.as_millisecond()).ok()?))
}

/// AWS's shard ids are a time and a random number: `shardId-00000001573689847184-864758bb`.
fn short_shard(shard: &str) -> Option<String> {
    let (time, random) = shard.strip_prefix(SHARD_PREFIX)?.split_once('-')?;
    let is_of = |text: &str, allowed: fn(&u8) -> bool| text.bytes().all(|byte| allowed(&byte));
    let is_hex =
        !random.is_empty() && is_of(random, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if time.len() != SHARD_TIME_DIGITS || !is_of(time, u8::is_ascii_digit) || !is_hex {
        return None;
    }
    Some(format!("{}-{random}", base36(time.parse().ok()?)))
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).expect("below 36");
        digits.push(char::from_digit(digit, 36).expect("below 36"));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u32 = 24 * 60 * 60;

    fn number(text: &str) -> SequenceNumber {
        text.parse().expect(text)
    }

    fn at(seconds: u32) -> Watermark {
        Watermark { sequence: number("1"), seconds }
    }

    #[test]
    fn an_absorbed_record_is_not_below_its_own_bound() {
        let sequence = number("100000000000000000005");
        let absorbed = Watermark { sequence, seconds: 0 }.to_bytes();
        assert!(
            absorbed >= Watermark::lower_bound(sequence),
            "or a redelivered record would count twice"
        );
    }

    #[test]
    fn a_watermark_is_stale_when_more_than_three_days_older_than_what_is_absorbed() {
        let now = 1_763_620_800;
        assert!(!at(now).is_stale(now));
        assert!(!at(now - 3 * DAY).is_stale(now));
        assert!(at(now - 3 * DAY - 1).is_stale(now));
        assert!(!at(now).is_stale(now - 10 * DAY), "an old record that is delivered again");
    }

    #[test]
    fn nothing_is_stale_where_a_time_is_unknown() {
        assert!(!at(UNKNOWN_SECONDS).is_stale(1_763_620_800));
        assert!(!at(1).is_stale(UNKNOWN_SECONDS));
    }

    #[test]
    fn the_stale_watermarks_of_an_item_are_found_and_nothing_else() {
        let now = 1_763_620_800;
        let bytes = |watermark: Watermark| AttributeValue::B(watermark.to_bytes());
        let attributes = [
            ("count", AttributeValue::N("1".to_owned())),
            ("@parked", AttributeValue::S("2026".to_owned())),
            ("@garbage", AttributeValue::B(vec![0; 3])),
            ("stale", bytes(at(1))),
            ("@fresh", bytes(at(now - DAY))),
            ("@old", bytes(at(now - 4 * DAY))),
            ("@older", bytes(at(now - 5 * DAY))),
            ("@timeless", bytes(at(UNKNOWN_SECONDS))),
        ];
        let item: std::collections::HashMap<_, _> =
            attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let names = |seconds| {
            let stale = stale(&item.clone().into(), seconds).into_iter();
            stale.map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(now), ["@older", "@old"]);
        assert_eq!(names(UNKNOWN_SECONDS), [""; 0]);
    }

    #[test]
    fn the_newest_time_is_that_of_any_watermark_that_has_one() {
        let item = |watermarks: &[(&str, u32)]| -> Item {
            let bytes = |seconds: u32| AttributeValue::B(at(seconds).to_bytes());
            let named =
                watermarks.iter().map(|(name, seconds)| ((*name).to_owned(), bytes(*seconds)));
            named.collect::<std::collections::HashMap<_, _>>().into()
        };
        let timeless = ("@a/b", UNKNOWN_SECONDS);
        assert_eq!(newest_seconds(&item(&[])), None);
        assert_eq!(newest_seconds(&item(&[timeless])), None);
        assert_eq!(
            newest_seconds(&item(&[timeless, (&timed_name("@a/b"), 7), ("@a/c", 5)])),
            Some(7)
        );
        assert_eq!(newest_seconds(&item(&[("count", 9), ("@a/c", 5)])), Some(5), "an accumulator");
        let repair = name(REPAIR_LABEL, "drift");
        assert_eq!(newest_seconds(&item(&[(&repair, 9), ("@a/c", 5)])), Some(5), "a repair");
    }

    #[test]
    fn names_of_what_aws_names_are_short_and_others_stand_as_they_are() {
        let shard = "shardId-00000001573689847184-864758bb";
        assert_eq!(name("2026-11-20T06:40:00.123", shard), "@mwom0by3/k2xyaxe8-864758bb");
        assert_eq!(name("label", "shard-1"), "@=label/=shard-1");
        for label in ["2026-11-20T06:40:00", "2026-11-20T06:40:00.1234", "2026-02-30T06:40:00.123"]
        {
            assert_eq!(name(label, shard), format!("@={label}/k2xyaxe8-864758bb"));
        }
        for shard in [
            "shardId-1573689847184-864758bb",
            "shardId-00000001573689847184-864758BB",
            "shardId-00000001573689847184",
            "shardId-00000001573689847184-",
            "shardId-99999999999999999999-864758bb",
        ] {
            assert_eq!(name("label", shard), format!("@=label/={shard}"));
        }
    }

    proptest! {
        #[test]
        fn shards_of_different_ids_have_different_names(
            left in (0_u64.., 0_u32..),
            right in (0_u64.., 0_u32..),
            labels in (0_i64..253_402_300_000_000, 0_i64..253_402_300_000_000),
        ) {
            let shard = |(time, random): (u64, u32)| format!("shardId-{time:020}-{random:08x}");
            let label = |ms: i64| {
                let time = jiff::Timestamp::from_millisecond(ms).expect("a time");
                time.to_zoned(TimeZone::UTC).strftime(LABEL_FORMAT).to_string()
            };
            prop_assert!(!name(&label(labels.0), &shard(left)).contains(VERBATIM));
            let is_same = left == right && labels.0 == labels.1;
            prop_assert_eq!(
                name(&label(labels.0), &shard(left)) == name(&label(labels.1), &shard(right)),
                is_same
            );
        }

        #[test]
        fn watermarks_round_trip(text in "[1-9][0-9]{20,39}", seconds in any::<u32>()) {
            let watermark = Watermark { sequence: number(&text), seconds };
            prop_assert_eq!(Watermark::from_bytes(&watermark.to_bytes()), Some(watermark));
            prop_assert_eq!(watermark.sequence.to_string(), text);
        }
    }
}
