//! Buckets in time: every instant is in exactly one, in order, through the changes of the clock.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use proptest::prelude::*;
use weir_model::Granularity;
use weir_rollups::Bucket;

const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
];

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).expect(name)
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn key(granularity: Granularity, text: &str, name: &str) -> String {
    Bucket::at(granularity, instant(text), &zone(name)).expect("in range").key
}

#[test]
fn keys_are_as_documented() {
    let at = "2026-11-20T06:40:54Z";
    let cases = [
        (Granularity::Minute, "UTC", "minute#2026-11-20T06:40Z"),
        (Granularity::QuarterHour, "UTC", "quarter_hour#2026-11-20T06:30Z"),
        (Granularity::QuarterHour, "Asia/Kathmandu", "quarter_hour#2026-11-20T06:30Z"),
        (Granularity::QuarterHour, "Africa/Monrovia", "quarter_hour#2026-11-20T06:30Z"),
        (Granularity::Hour, "UTC", "hour#2026-11-20T06:00Z"),
        (Granularity::Hour, "Asia/Kathmandu", "hour#2026-11-20T06:15Z"),
        (Granularity::Day, "UTC", "day#2026-11-20"),
        (Granularity::Day, "America/New_York", "day#2026-11-20"),
        (Granularity::Day, "Pacific/Apia", "day#2026-11-20"),
        (Granularity::Week, "UTC", "week#2026-11-16"),
        (Granularity::Month, "UTC", "month#2026-11"),
        (Granularity::Quarter, "UTC", "quarter#2026-Q4"),
        (Granularity::Year, "UTC", "year#2026"),
        (Granularity::All, "UTC", "all"),
    ];
    for (granularity, zone, expected) in cases {
        assert_eq!(key(granularity, at, zone), expected, "{granularity} {zone}");
    }
}

#[test]
fn a_day_is_as_long_as_the_clock_makes_it() {
    let hours = |text: &str| {
        let bucket =
            Bucket::at(Granularity::Day, instant(text), &zone("Europe/Berlin")).expect("in range");
        let (start, end) = (bucket.start.expect("a start"), bucket.end.expect("an end"));
        start.duration_until(end).as_hours()
    };
    assert_eq!(hours("2026-03-29T12:00:00Z"), 23);
    assert_eq!(hours("2026-10-25T12:00:00Z"), 25);
    assert_eq!(hours("2026-10-26T12:00:00Z"), 24);
}

#[test]
fn a_local_hour_that_comes_twice_is_two_buckets() {
    let first = key(Granularity::Hour, "2026-10-25T00:30:00Z", "Europe/Berlin");
    let second = key(Granularity::Hour, "2026-10-25T01:30:00Z", "Europe/Berlin");
    assert_eq!(
        (first.as_str(), second.as_str()),
        ("hour#2026-10-25T00:00Z", "hour#2026-10-25T01:00Z")
    );
}

/// Lord Howe Island moves its clock by half an hour: the hours around the change are cut short
/// there, and can be read.
#[test]
fn an_hour_in_which_the_clock_changes_by_half_an_hour_ends_there() {
    let zone = zone("Australia/Lord_Howe");
    let cases = [
        (
            "2026-04-04T14:59:00Z",
            "hour#2026-04-04T14:00Z",
            "2026-04-04T14:00:00Z",
            "2026-04-04T15:00:00Z",
        ),
        (
            "2026-04-04T15:01:00Z",
            "hour#2026-04-04T14:30Z",
            "2026-04-04T15:00:00Z",
            "2026-04-04T15:30:00Z",
        ),
        (
            "2026-10-03T15:29:00Z",
            "hour#2026-10-03T14:30Z",
            "2026-10-03T14:30:00Z",
            "2026-10-03T15:30:00Z",
        ),
        (
            "2026-10-03T15:31:00Z",
            "hour#2026-10-03T15:00Z",
            "2026-10-03T15:30:00Z",
            "2026-10-03T16:00:00Z",
        ),
    ];
    for (text, key, start, end) in cases {
        let bucket = Bucket::at(Granularity::Hour, instant(text), &zone).expect("in range");
        assert_eq!(
            (bucket.key.as_str(), bucket.start, bucket.end),
            (key, Some(instant(start)), Some(instant(end)))
        );
        assert_eq!(Bucket::from_key(key, &zone), Some(bucket));
    }
}

#[test]
fn the_ends_of_the_calendar_have_no_bucket_rather_than_a_wrong_one() {
    for granularity in Granularity::EVERY {
        let last = instant("9999-12-30T22:00:00Z");
        let bucket = Bucket::at(granularity, last, &TimeZone::UTC);
        assert!(
            bucket.is_none_or(|bucket| bucket.start.is_none_or(|start| start <= last)),
            "{granularity}"
        );
    }
}

#[test]
fn keys_that_are_no_buckets_are_refused() {
    for key in [
        "",
        "day",
        "day#",
        "day#2026-13-01",
        "hour#2026-11-20T06:30Z",
        "quarter_hour#2026-11-20T06:40Z",
        "week#2026-11-17",
        "eon#1",
        "all#1",
        "quarter#2026-Q5",
    ] {
        assert_eq!(Bucket::from_key(key, &TimeZone::UTC), None, "{key}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn every_instant_is_in_its_bucket_and_buckets_follow_each_other(
        seconds in -2_000_000_000_i64..4_000_000_000,
        nanos in 0_i32..1_000_000_000,
        position in 0_usize..ZONES.len(),
        granularity in prop::sample::select(&Granularity::EVERY[..8]),
    ) {
        let zone = zone(ZONES[position]);
        let instant = Timestamp::new(seconds, nanos).expect("in range");
        let bucket = Bucket::at(granularity, instant, &zone).expect("in range");
        prop_assert!(
            bucket.start.expect("a start") <= instant && instant < bucket.end.expect("an end")
        );
        prop_assert_eq!(Bucket::from_key(&bucket.key, &zone), Some(bucket.clone()));
        let next = bucket.next(&zone).expect("there is a next");
        prop_assert_eq!(next.start, bucket.end);
        prop_assert!(bucket.key < next.key, "{} {}", bucket.key, next.key);
    }
}
