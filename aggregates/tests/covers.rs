//! Covers: the fewest buckets that exactly make up a stretch of time, compared with a search that
//! leaves nothing out.

use std::collections::{BTreeMap, VecDeque};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use weir_model::{Granularity, Model, Rollup};
use weir_rollups::cover::{Edge, MAX_BUCKETS};
use weir_rollups::{Bucket, Calendar, Period, Uncovered, cover, runs};

const ZONES: [&str; 7] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
    "America/Sao_Paulo",
];

/// Now, for rollups that keep everything.
const NOW: Timestamp = Timestamp::MAX;

fn rollup(buckets: &[Granularity], zone: &str) -> Rollup {
    keeping(buckets, &[], zone)
}

/// A rollup that keeps some of its buckets so many hours.
fn keeping(buckets: &[Granularity], keep: &[(Granularity, i64)], zone: &str) -> Rollup {
    let keep: Vec<_> =
        keep.iter().map(|(bucket, hours)| format!("{bucket} = \"{hours}h\"")).collect();
    let keep = keep.join(", ");
    let names: Vec<_> = buckets.iter().map(|bucket| format!("\"{bucket}\", ")).collect();
    let visits = include_str!("../../tests/fixtures/visits.toml");
    let definition = format!(
        r##"{visits}
[rollups.kept]
of = "visit"
time = "at"
buckets = [{}"all"]
time_zone = "{zone}"
keep = {{ {keep} }}
measures = {{ visits = "count" }}
"##,
        names.concat()
    );
    let model: Model = definition.parse().expect("valid");
    model.rollup("kept").expect("there").clone()
}

fn instant(text: &str, zone: &TimeZone) -> Timestamp {
    let local: DateTime = text.parse().expect(text);
    local.to_zoned(zone.clone()).expect("in range").timestamp()
}

fn kept(names: &str) -> Vec<Granularity> {
    names.split_whitespace().map(|name| name.parse().expect("a granularity")).collect()
}

fn covered(names: &str, zone: &str, from: &str, to: &str) -> Result<Vec<Bucket>, Uncovered> {
    let rollup = rollup(&kept(names), zone);
    let edge = |text| instant(text, &rollup.time_zone);
    cover(&rollup, &Period { start: edge(from), end: edge(to) }, NOW)
}

/// The runs of a cover, as the keys of their first and last buckets.
fn check(names: &str, zone: &str, from: &str, to: &str, expected: &[&str]) {
    let buckets = covered(names, zone, from, to).expect("covered");
    let runs: Vec<_> = runs(&buckets)
        .iter()
        .map(|run| match run.first == run.last {
            true => run.first.key.clone(),
            false => format!("{} .. {}", run.first.key, run.last.key),
        })
        .collect();
    assert_eq!(runs, expected, "{names} {zone} {from} {to}");
}

fn message(names: &str, zone: &str, from: &str, to: &str) -> String {
    covered(names, zone, from, to).expect_err("not covered").to_string()
}

#[test]
fn a_cover_is_as_coarse_as_it_can_be() {
    check(
        "hour day month",
        "UTC",
        "2026-03-30T22:00",
        "2026-06-02",
        &[
            "hour#2026-03-30T22:00Z .. hour#2026-03-30T23:00Z",
            "day#2026-03-31",
            "month#2026-04 .. month#2026-05",
            "day#2026-06-01",
        ],
    );
    check("day year", "UTC", "2025-01-01", "2027-01-01", &["year#2025 .. year#2026"]);
    check("minute", "UTC", "2026-01-01T00:01", "2026-01-01T00:02", &["minute#2026-01-01T00:01Z"]);
}

/// Six weeks, rather than a month and eight buckets around it.
#[test]
fn weeks_are_taken_where_months_would_leave_more_over() {
    check(
        "day week month",
        "UTC",
        "2026-01-26",
        "2026-03-09",
        &["week#2026-01-26 .. week#2026-03-02"],
    );
    check(
        "day week month",
        "UTC",
        "2026-01-30",
        "2026-03-02",
        &["day#2026-01-30 .. day#2026-01-31", "month#2026-02", "day#2026-03-01"],
    );
    check("week month", "UTC", "2026-06-01", "2026-07-06", &["week#2026-06-01 .. week#2026-06-29"]);
}

#[test]
fn days_that_are_not_kept_are_made_of_hours() {
    check(
        "hour month",
        "Europe/Berlin",
        "2026-03-28",
        "2026-05-02",
        &[
            "hour#2026-03-27T23:00Z .. hour#2026-03-31T21:00Z",
            "month#2026-04",
            "hour#2026-04-30T22:00Z .. hour#2026-05-01T21:00Z",
        ],
    );
}

#[test]
fn a_period_that_no_buckets_make_up_is_told_where_they_begin_and_end() {
    assert_eq!(
        message("hour day", "Asia/Kathmandu", "2026-01-01T00:30", "2026-01-02"),
        "2026-01-01T00:30:00+05:45 is not where a bucket of `kept` begins (it keeps hour, day in \
         Asia/Kathmandu); expected 2026-01-01T00:00:00+05:45 or 2026-01-01T01:00:00+05:45"
    );
    assert_eq!(
        message("month", "UTC", "2026-01-01", "2026-02-15"),
        "2026-02-15T00:00:00Z is not where a bucket of `kept` ends (it keeps month in UTC); \
         expected 2026-02-01T00:00:00Z or 2026-03-01T00:00:00Z"
    );
    assert_eq!(
        message("month", "UTC", "2026-01-01", "2026-01-15"),
        "2026-01-15T00:00:00Z is not where a bucket of `kept` ends (it keeps month in UTC); \
         expected 2026-02-01T00:00:00Z"
    );
    assert_eq!(
        message("week month", "UTC", "2026-01-05", "2026-02-01"),
        "2026-02-01T00:00:00Z is not where a bucket of `kept` ends (it keeps week, month in \
         UTC); expected 2026-01-26T00:00:00Z or 2026-02-02T00:00:00Z"
    );
}

/// Hours for two weeks, days for a year, months for good; asked at 06:40 on the twentieth of
/// November.
#[test]
fn a_range_until_today_is_made_of_the_finer_buckets_where_they_are_kept() {
    let keep = [(Granularity::Hour, 14 * 24), (Granularity::Day, 52 * 7 * 24)];
    let rollup = keeping(&kept("hour day month"), &keep, "UTC");
    let at = |text| instant(text, &TimeZone::UTC);
    let asked =
        |from, to| cover(&rollup, &Period { start: at(from), end: at(to) }, at("2026-11-20T06:40"));
    let keys = |from, to| -> Vec<String> {
        let buckets = asked(from, to).expect("covered");
        runs(&buckets).into_iter().flat_map(|run| [run.first.key, run.last.key]).collect()
    };
    assert_eq!(
        keys("2024-11-01", "2026-11-20T06:00"),
        [
            "month#2024-11",
            "month#2026-10",
            "day#2026-11-01",
            "day#2026-11-19",
            "hour#2026-11-20T00:00Z",
            "hour#2026-11-20T05:00Z"
        ]
    );
    let message = |from, to| asked(from, to).expect_err("gone").to_string();
    assert_eq!(
        message("2026-11-01T06:00", "2026-11-20"),
        "2026-11-01T06:00:00Z is where a bucket of `kept` begins that is not kept any more (it \
         keeps hour for 2w, day for 52w, month in UTC); expected 2026-11-01T00:00:00Z or \
         2026-11-02T00:00:00Z"
    );
    assert_eq!(
        message("2024-11-01", "2026-11-01T06:00"),
        "2026-11-01T06:00:00Z is where a bucket of `kept` ends that is not kept any more (it \
         keeps hour for 2w, day for 52w, month in UTC); expected 2026-11-01T00:00:00Z or \
         2026-11-02T00:00:00Z"
    );
    assert_eq!(
        message("2025-11-01", "2025-11-25"),
        "what follows 2025-11-01T00:00:00Z is made of buckets of `kept` that are not kept any \
         more (it keeps hour for 2w, day for 52w, month in UTC); expected from=2025-11-21T00:00:00Z"
    );
    // The day that ended a year ago is just still kept.
    assert!(
        asked("2025-11-21", "2025-11-25").is_ok() && asked("2025-11-20", "2025-11-25").is_err()
    );
}

#[test]
fn a_rollup_of_all_time_alone_covers_no_period() {
    assert_eq!(
        message("", "UTC", "2026-01-01", "2026-02-01"),
        "2026-01-01T00:00:00Z is not where a bucket of `kept` begins (it keeps no buckets in \
         time)"
    );
}

#[test]
fn a_cover_of_more_buckets_than_the_limit_is_refused() {
    let most = format!(
        "more than {MAX_BUCKETS} buckets of `kept` (it keeps minute in UTC); expected a shorter \
         range"
    );
    assert_eq!(message("minute", "UTC", "2016-01-01", "2026-01-01"), most);
    assert!(message("day", "UTC", "0001-01-01", "9990-01-01").starts_with("more than"));
    assert!(message("week month hour", "UTC", "0001-01-01", "9990-01-01").starts_with("more than"));
}

#[test]
fn ten_years_are_few_buckets() {
    let count = |names, zone, from, to| covered(names, zone, from, to).expect("covered").len();
    for zone in ZONES {
        let every = "minute hour day month year";
        let odd = count(every, zone, "2014-01-30T23:17", "2025-12-30T22:43");
        assert!(odd <= 2 * (59 + 23 + 30 + 11) + 10, "{zone}: {odd}");
        assert!(count(every, zone, "2014-01-02", "2025-12-31") <= 2 * (30 + 11) + 10);
        assert!(count(every, zone, "2014-02-01", "2025-12-01") <= 2 * 11 + 10);
        assert_eq!(count(every, zone, "2014-01-01", "2024-01-01"), 10);
        let weekly = "minute quarter_hour hour day week month quarter year";
        assert!(
            count(weekly, zone, "2014-01-30T23:17", "2025-12-30T22:43")
                <= 2 * (14 + 3 + 23 + 7 + 5 + 2 + 3) + 10
        );
        assert!(
            count("hour week month", zone, "2014-01-15", "2025-12-30")
                <= 2 * (7 * 24 + 4) + 11 * 12
        );
    }
}

/// The least number of buckets, found by trying each from every instant that is reached.
fn fewest(rollup: &Rollup, period: &Period, now: Timestamp) -> Option<usize> {
    let mut reached = BTreeMap::from([(period.start, 0)]);
    let mut queue = VecDeque::from([period.start]);
    while let Some(at) = queue.pop_front() {
        let buckets = reached[&at];
        if at == period.end {
            return Some(buckets);
        }
        for granularity in &rollup.granularities {
            let bucket = Bucket::at(*granularity, at, &rollup.time_zone).expect("in range");
            let is_kept = |end: &Timestamp| {
                let keep = rollup.keep.get(granularity);
                keep.is_none_or(|seconds| {
                    now.as_second() - end.as_second()
                        < i64::try_from(*seconds).expect("a short time")
                })
            };
            let fits = |end: &Timestamp| bucket.start == Some(at) && *end <= period.end;
            let Some(end) = bucket.end.filter(fits).filter(is_kept) else { continue };
            reached.entry(end).or_insert_with(|| {
                queue.push_back(end);
                buckets + 1
            });
        }
    }
    None
}

/// Compares a cover with the least number of buckets, and looks whether it is what it is said to
/// be.
fn compare(rollup: &Rollup, period: &Period, now: Timestamp) -> Result<(), TestCaseError> {
    let fewest = fewest(rollup, period, now);
    let buckets = match cover(rollup, period, now) {
        Ok(buckets) => buckets,
        Err(uncovered) => {
            prop_assert_eq!(fewest, None, "{}", uncovered);
            return nearest_are_covered(rollup, period, &uncovered, now);
        }
    };
    prop_assert_eq!(Some(buckets.len()), fewest);
    let mut at = period.start;
    for bucket in &buckets {
        prop_assert_eq!(bucket.start, Some(at));
        prop_assert_eq!(
            Bucket::at(bucket.granularity, at, &rollup.time_zone),
            Some(bucket.clone())
        );
        at = bucket.end.expect("an end");
    }
    prop_assert_eq!(at, period.end);
    let mut left = buckets.as_slice();
    for run in runs(&buckets) {
        prop_assert_eq!(Some(&run.first), left.first());
        let length = left.iter().position(|bucket| *bucket == run.last).expect("there") + 1;
        prop_assert!(
            left[..length].iter().all(|bucket| bucket.granularity == run.first.granularity)
        );
        prop_assert!(run.first.key <= run.last.key);
        left = &left[length..];
    }
    prop_assert!(left.is_empty());
    Ok(())
}

/// What is told instead of the end of a period could be asked for.
fn nearest_are_covered(
    rollup: &Rollup,
    period: &Period,
    uncovered: &Uncovered,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    let could_be_once = fewest(rollup, period, Timestamp::MIN).is_some();
    let (edge, at, before, after) = match uncovered {
        Uncovered::TooMany(_) => return Err(TestCaseError::fail("too many")),
        Uncovered::Gone { is_gap: true, before, after, .. } => {
            prop_assert!(could_be_once);
            if let Some(end) = *before {
                let instead = Period { end, ..*period };
                prop_assert!(fewest(rollup, &instead, now).is_some());
            }
            if let Some(start) = *after {
                let instead = Period { start, ..*period };
                prop_assert!(fewest(rollup, &instead, now).is_some());
            }
            return Ok(());
        }
        Uncovered::Gone { edge, at, before, after, .. } => {
            prop_assert!(after.is_some());
            (edge, at, before, after)
        }
        Uncovered::Edge { edge, at, before, after, .. } => {
            prop_assert!(!could_be_once || rollup.keep.is_empty());
            (edge, at, before, after)
        }
    };
    let calendar = Calendar::for_rollup(rollup);
    for near in [before, after].into_iter().flatten() {
        prop_assert!(near != at);
        let begins = |granularity: &Granularity| calendar.begins(*granularity, *near);
        prop_assert!(rollup.granularities.iter().any(begins));
        prop_assert!(*edge == Edge::Start || *near > period.start);
    }
    Ok(())
}

prop_compose! {
    /// A rollup that keeps some of the granularities, and a period that is as long as some seconds,
    /// near a change of its clock or not; mostly from and to where buckets begin.
    fn asked(of: &'static [Granularity], longest: i64)(
        buckets in prop::sample::subsequence(of, 1..=of.len()),
        position in 0..ZONES.len(),
        from in 0_i64..2_000_000_000,
        near in any::<bool>(),
        seconds in 60..longest,
        before in 0..longest,
        edges in prop::array::uniform2(prop::option::weighted(0.9, any::<prop::sample::Index>())),
    ) -> (Rollup, Period) {
        let rollup = rollup(&buckets, ZONES[position]);
        let zone = &rollup.time_zone;
        let from = Timestamp::from_second(from).expect("in range");
        let change = zone.following(from).next().filter(|_| near);
        let from = change.map_or(from, |change| {
            change.timestamp().checked_sub(SignedDuration::from_secs(before)).expect("in range")
        });
        let to = from.checked_add(SignedDuration::from_secs(seconds)).expect("in range");
        let aligned = |instant: Timestamp, edge: &Option<prop::sample::Index>| match edge {
            Some(index) => Bucket::at(*index.get(&buckets), instant, zone)
                .and_then(|bucket| bucket.start)
                .expect("in range"),
            None => {
                Timestamp::from_second(instant.as_second().div_euclid(60) * 60).expect("in range")
            }
        };
        let start = aligned(from, &edges[0]);
        let end = aligned(to, &edges[1])
            .max(start.checked_add(SignedDuration::from_mins(1)).expect("in range"));
        (rollup, Period { start, end })
    }
}

const FINE: &[Granularity] = &[
    Granularity::Minute,
    Granularity::QuarterHour,
    Granularity::Hour,
    Granularity::Day,
    Granularity::Week,
];
const MIDDLE: &[Granularity] =
    &[Granularity::Hour, Granularity::Day, Granularity::Week, Granularity::Month];
const COARSE: &[Granularity] = &[
    Granularity::Day,
    Granularity::Week,
    Granularity::Month,
    Granularity::Quarter,
    Granularity::Year,
];
const HOUR: i64 = 3600;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn hours_are_made_of_the_fewest_buckets((rollup, period) in asked(FINE, 30 * HOUR)) {
        compare(&rollup, &period, NOW)?;
    }

    #[test]
    fn weeks_are_made_of_the_fewest_buckets((rollup, period) in asked(MIDDLE, 70 * 24 * HOUR)) {
        compare(&rollup, &period, NOW)?;
    }

    #[test]
    fn years_are_made_of_the_fewest_buckets(
        (rollup, period) in asked(COARSE, 3 * 366 * 24 * HOUR),
    ) {
        compare(&rollup, &period, NOW)?;
    }

    #[test]
    fn what_is_kept_for_some_time_makes_covers_until_then(
        (rollup, period) in asked(FINE, 60 * HOUR),
        hours in prop::collection::vec(prop::option::of(1_i64..80), 5),
        passed in 0..120 * HOUR,
    ) {
        let buckets: Vec<_> =
            rollup.granularities.iter().copied().filter(|kept| *kept != Granularity::All).collect();
        let keep = buckets.iter().zip(hours).filter_map(|(bucket, hours)| Some((*bucket, hours?)));
        let rollup = keeping(&buckets, &keep.collect::<Vec<_>>(), &rollup.time_zone_name);
        let now = period.start.checked_add(SignedDuration::from_secs(passed)).expect("in range");
        compare(&rollup, &period, now)?;
    }

    #[test]
    fn a_long_range_is_made_of_what_is_still_kept(
        (rollup, period) in asked(MIDDLE, 70 * 24 * HOUR),
        days in prop::collection::vec(prop::option::of(1_i64..60), 4),
        passed in 0..100 * 24 * HOUR,
    ) {
        let buckets: Vec<_> =
            rollup.granularities.iter().copied().filter(|kept| *kept != Granularity::All).collect();
        let keep =
            buckets.iter().zip(days).filter_map(|(bucket, days)| Some((*bucket, days? * 24)));
        let rollup = keeping(&buckets, &keep.collect::<Vec<_>>(), &rollup.time_zone_name);
        let now = period.start.checked_add(SignedDuration::from_secs(passed)).expect("in range");
        compare(&rollup, &period, now)?;
    }
}
