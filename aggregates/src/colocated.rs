//! Keys of rollup items that are stored in the table of items: a rollup with a [`ColocatedKey`].
//!
//! ```text
//! group ["ann"], bucket 2026-11   ──key──►     USER#ann / STATS#2026-11
//!                                 ◄──bucket──  the sort key alone
//! ```
//!
//! **Invariant:** within a group, sort keys are in the order of their buckets. Other items in the
//! same range have no bucket.

use jiff::tz::TimeZone;
use weir_model::{ColocatedKey, Granularity};

use crate::bucket::Bucket;

/// Returns the partition key and the sort key of a group's bucket, given the texts of the group's
/// dimensions in the rollup's order.
///
/// `None` if one of them would be empty or longer than DynamoDB takes, and for a bucket of another
/// granularity.
pub fn key<S: AsRef<str>>(
    colocated: &ColocatedKey,
    group: &[S],
    bucket: &Bucket,
) -> Option<(String, String)> {
    Some((colocated.partition_key(group)?, sort_key(colocated, group, bucket)?))
}

/// Returns the sort key of a group's bucket; `None` as with [`key`].
pub fn sort_key<S: AsRef<str>>(
    colocated: &ColocatedKey,
    group: &[S],
    bucket: &Bucket,
) -> Option<String> {
    if bucket.granularity != colocated.granularity {
        return None;
    }
    colocated.sort_key(group, bucket.start)
}

/// Returns the bucket of a group that has this sort key; `None` for the sort key of another item in
/// the same range.
pub fn bucket<S: AsRef<str>>(
    colocated: &ColocatedKey,
    group: &[S],
    sort_key: &str,
) -> Option<Bucket> {
    match colocated.start(group, sort_key)? {
        None => (colocated.granularity == Granularity::All).then(Bucket::all),
        Some(start) => Bucket::at(colocated.granularity, start, &TimeZone::UTC)
            .filter(|bucket| bucket.start == Some(start)),
    }
}

/// Returns the texts of the group that has a rollup item with these keys; `None` for the keys of
/// another item.
pub fn group(colocated: &ColocatedKey, partition: &str, sort_key: &str) -> Option<Vec<String>> {
    let texts = colocated.group(partition, sort_key)?;
    bucket(colocated, &texts, sort_key).map(|_| texts)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;
    use weir_model::Model;

    use super::*;

    /// Returns the key of a rollup by `user` and `label`.
    fn colocated_key(bucket: &str, partition: &str, sort: &str) -> ColocatedKey {
        let text = format!(
            r##"
            [table]
            name = "shop"
            [entities.order]
            PK = "ORDER#{{user}}"
            SK = "ORDER"
            [entities.order.attributes]
            user = {{ type = "string", required = true }}
            labels = {{ type = "set", items = "string" }}
            at = {{ type = "timestamp" }}
            [rollups.stats]
            of = "order"
            by = ["user", "labels"]
            time = "at"
            buckets = ["{bucket}"]
            key = {{ PK = "{partition}", SK = "{sort}" }}
            measures = {{ n = "count" }}
            "##
        );
        let model: Model = text.parse().unwrap_or_else(|error| panic!("{error:?}"));
        model.rollups[0].colocated.clone().expect("it has a key")
    }

    fn at(granularity: Granularity, second: i64) -> Bucket {
        let instant = Timestamp::from_second(second).expect("a time");
        Bucket::at(granularity, instant, &TimeZone::UTC).expect("a bucket")
    }

    const MONTHS: (&str, &str) = ("USER#{user}", "STATS#{labels}#{at:month}");

    #[test]
    fn each_bucket_that_has_a_cut_has_its_key_and_comes_back_from_it() {
        let cases = [
            ("minute", "2026-11-20T06:40"),
            ("hour", "2026-11-20T06"),
            ("day", "2026-11-20"),
            ("month", "2026-11"),
            ("year", "2026"),
        ];
        for (name, label) in cases {
            let colocated = colocated_key(name, MONTHS.0, &format!("S#{{labels}}#{{at:{name}}}"));
            let bucket = at(name.parse().expect("a granularity"), 1_795_156_854);
            let (partition, sort) = key(&colocated, &["a#n", "x"], &bucket).expect("a key");
            assert_eq!(
                (partition.as_str(), sort.as_str()),
                ("USER#a%23n", &*format!("S#x#{label}"))
            );
            assert_eq!(super::bucket(&colocated, &["a#n", "x"], &sort), Some(bucket));
        }
        let colocated = colocated_key("all", "USER#{user}", "STATS#{labels}");
        let (_, sort) = key(&colocated, &["ann", "x"], &Bucket::all()).expect("a key");
        assert_eq!(sort, "STATS#x");
        assert_eq!(bucket(&colocated, &["ann", "x"], &sort), Some(Bucket::all()));
        assert_eq!(bucket(&colocated, &["ann", "x"], "STATS#x#"), None);
        assert_eq!(
            key(&colocated, &["ann", "x"], &at(Granularity::Day, 0)),
            None,
            "no bucket of it"
        );
    }

    #[test]
    fn what_is_no_bucket_of_the_group_has_none() {
        let colocated = colocated_key("month", MONTHS.0, MONTHS.1);
        for sort in [
            "STATS#x#2026-13",
            "STATS#x#2026",
            "STATS#x#2026-11-20",
            "STATS#x#2026-11#7",
            "STATS#x#",
            "STATS#y#2026-11",
            "ORDER#2026-11",
            "",
        ] {
            assert_eq!(bucket(&colocated, &["ann", "x"], sort), None, "{sort}");
            let found = group(&colocated, "USER#ann", sort);
            assert_eq!(found, (sort == "STATS#y#2026-11").then(|| vec!["ann".into(), "y".into()]));
        }
    }

    #[test]
    fn a_key_that_dynamodb_does_not_take_is_none() {
        let colocated = colocated_key("month", "{user}", "{labels}#{at:month}");
        let bucket = at(Granularity::Month, 0);
        let long = |bytes: usize| "x".repeat(bytes);
        let cases = [
            (["".to_owned(), long(1)], false),
            ([long(2048), long(1)], true),
            ([long(2049), long(1)], false),
            ([long(1), long(1024 - "#1970-01".len())], true),
            ([long(1), long(1025 - "#1970-01".len())], false),
        ];
        for (group, is_taken) in cases {
            assert_eq!(key(&colocated, &group, &bucket).is_some(), is_taken, "{}", group[0].len());
        }
    }

    proptest! {
        #[test]
        fn groups_and_buckets_have_keys_of_their_own_in_the_order_of_time(
            one in ("[a#%2]{0,4}", "[a#%2]{0,4}", 0_i64..4_000_000_000),
            other in ("[a#%2]{0,4}", "[a#%2]{0,4}", 0_i64..4_000_000_000),
        ) {
            for sort in ["STATS#{labels}#{at:day}", "{labels}-#{at:day}"] {
                let colocated = colocated_key("day", "USER#{user}", sort);
                let key_for = |(user, labels, second): &(String, String, i64)| {
                    let group = [user.clone(), labels.clone()];
                    let bucket = at(Granularity::Day, *second);
                    let key = key(&colocated, &group, &bucket).expect("short");
                    (group, bucket, key)
                };
                let ((group, bucket, own), (others, later, theirs)) =
                    (key_for(&one), key_for(&other));
                prop_assert_eq!(own == theirs, group == others && bucket == later);
                prop_assert_eq!(super::bucket(&colocated, &group, &own.1), Some(bucket.clone()));
                let found = super::group(&colocated, &own.0, &own.1);
                prop_assert_eq!(found, Some(group.to_vec()));
                if group == others {
                    prop_assert_eq!(own.1.cmp(&theirs.1), bucket.start.cmp(&later.start));
                }
                // Between two buckets of a group there is none of another group in its partition.
                let first = sort_key(&colocated, &group, &at(Granularity::Day, 0)).expect("short");
                let is_within = own.0 == theirs.0 && (first..=own.1.clone()).contains(&theirs.1);
                prop_assert!(!is_within || group == others);
            }
        }
    }
}
