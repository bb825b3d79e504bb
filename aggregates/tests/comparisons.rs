//! Comparisons: a range moves as a whole, and no period of it is lost, in any zone and with any
//! fiscal year.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use weir_model::Model;
use weir_rollups::{Period, Plan, Question};

const ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"];
const COMPARES: [(&str, Option<i32>); 4] = [
    ("previous_period", None),
    ("previous_month", Some(1)),
    ("previous_quarter", Some(3)),
    ("previous_year", Some(12)),
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A rollup for each zone, named like it.
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let mut text = include_str!("../../tests/fixtures/visits.toml").to_owned();
    for zone in ZONES {
        text += &format!(
            "[rollups.{}]\nof = \"visit\"\ntime = \"at\"\nbuckets = [\"quarter_hour\", \"hour\", \
             \"day\"]\n\
             time_zone = \"{zone}\"\nmeasures = {{ visits = \"count\" }}\n",
            name(zone)
        );
    }
    text.parse().expect("valid")
});

fn name(zone: &str) -> String {
    zone.replace('/', "_").to_lowercase()
}

fn zone(name: &str) -> TimeZone {
    match name {
        "UTC" => TimeZone::UTC,
        _ => TimeZoneDatabase::bundled().get(name).expect(name),
    }
}

fn plan(zone: &str, question: &Question) -> Result<Plan, String> {
    let rollup = MODEL.rollup(&name(zone)).expect("there");
    let now = "2026-11-28T06:40:00Z".parse().expect("a time");
    Plan::new(&MODEL, rollup, question, now).map_err(|error| format!("{question:?}: {error}"))
}

fn question(from: &str, to: &str, every: Option<&str>, compare: &str) -> Question {
    Question {
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
        every: every.map(str::to_owned),
        compare: Some(compare.to_owned()),
        ..Question::default()
    }
}

fn earlier(plan: &Plan) -> Period {
    plan.previous.and_then(|previous| previous.range.whole()).expect("an earlier range")
}

fn pairs(plan: &Plan) -> Vec<(Period, Option<Period>)> {
    plan.pairs_from(Timestamp::MIN).collect()
}

/// The date that a zone is in at an instant, where a day begins at it.
fn day(instant: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(instant).date()
}

/// Whether there is such a day: Apia has no December 30, 2011.
fn exists(date: Date, zone: &TimeZone) -> bool {
    date.to_zoned(zone.clone()).expect("in range").date() == date
}

/// The date so many months earlier, or the last one before it that there is.
fn moved(date: Date, months: i32, zone: &TimeZone) -> Date {
    let mut moved = date - months.months();
    while !exists(moved, zone) {
        moved = moved.yesterday().expect("in range");
    }
    moved
}

/// How a plan is compared, as local times without zeros at their end.
fn shown(zone_name: &str, question: &Question) -> String {
    let plan = plan(zone_name, question).unwrap_or_else(|error| panic!("{error}"));
    let Period { start, end } = earlier(&plan);
    let local = |instant| {
        let text = zone(zone_name).to_datetime(instant).to_string();
        text.strip_suffix(":00").unwrap_or(&text).replace("T00:00", "")
    };
    format!("{} to {}", local(start), local(end))
}

#[test]
fn each_comparison_is_what_it_says() {
    let cases = [
        // As many days immediately before.
        ("2026-02-10 2026-03-10", "previous_period", "2026-01-13 to 2026-02-10"),
        ("2026-11-01 2026-11-28", "previous_period", "2026-10-05 to 2026-11-01"),
        ("2026-03 2026-04", "previous_period", "2026-01-29 to 2026-03-01"),
        (
            "2026-03-02T06:00 2026-03-02T09:00",
            "previous_period",
            "2026-03-02T03:00 to 2026-03-02T06:00",
        ),
        // Month to date.
        ("2026-11-01 2026-11-28", "previous_month", "2026-10-01 to 2026-10-28"),
        ("2026-11-01 2026-11-28", "previous_quarter", "2026-08-01 to 2026-08-28"),
        ("2026-11-01 2026-11-28", "previous_year", "2025-11-01 to 2025-11-28"),
        // Year to date, through a leap year.
        ("2024-01-01 2024-11-28", "previous_year", "2023-01-01 to 2023-11-28"),
        ("2025-01-01 2025-11-28", "previous_year", "2024-01-01 to 2024-11-28"),
        ("2024-01-01T00:00 2024-11-28T15:00", "previous_year", "2023-01-01 to 2023-11-28T15:00"),
        // Whole months stay whole months.
        ("2025-02 2025-03", "previous_year", "2024-02-01 to 2024-03-01"),
        ("2024-02 2024-03", "previous_year", "2023-02-01 to 2023-03-01"),
        ("2026-03 2026-04", "previous_month", "2026-02-01 to 2026-03-01"),
        ("2026-01 2026-07", "previous_quarter", "2025-10-01 to 2026-04-01"),
        // Around February 29.
        ("2024-02-27 2024-02-29", "previous_year", "2023-02-27 to 2023-03-01"),
        ("2024-02-27 2024-03-01", "previous_year", "2023-02-27 to 2023-03-01"),
        ("2024-02-29 2024-03-01", "previous_year", "2023-02-28 to 2023-03-01"),
        ("2025-02-28 2025-03-01", "previous_year", "2024-02-28 to 2024-02-29"),
        (
            "2025-02-28T12:00 2025-03-01T12:00",
            "previous_year",
            "2024-02-28T12:00 to 2024-02-29T12:00",
        ),
        (
            "2024-02-28T12:00 2024-02-29T12:00",
            "previous_year",
            "2023-02-28T12:00 to 2023-03-01T12:00",
        ),
        // Around the ends of months.
        ("2026-03-01 2026-03-31", "previous_month", "2026-02-01 to 2026-03-01"),
        ("2026-03-31 2026-04-01", "previous_month", "2026-02-28 to 2026-03-01"),
        ("2026-05-30 2026-06-01", "previous_quarter", "2026-02-28 to 2026-03-01"),
        (
            "2026-03-01T06:00 2026-03-31T06:00",
            "previous_month",
            "2026-02-01T06:00 to 2026-03-01T06:00",
        ),
    ];
    for (range, compare, expected) in cases {
        let (from, to) = range.split_once(' ').expect("a range");
        assert_eq!(shown("UTC", &question(from, to, None, compare)), expected, "{range} {compare}");
    }
}

#[test]
fn days_are_compared_with_the_same_dates_and_one_without_a_counterpart_with_none() {
    let every = |every: &str, from: &str, to: &str, compare: &str| {
        let plan = plan("UTC", &question(from, to, Some(every), compare)).expect("a plan");
        let at =
            |instant: Timestamp| TimeZone::UTC.to_datetime(instant).strftime("%m-%d").to_string();
        let pairs = pairs(&plan).into_iter();
        let shown = pairs.map(|(period, earlier)| match earlier {
            Some(earlier) => format!("{} < {}", at(period.start), at(earlier.start)),
            None => at(period.start),
        });
        shown.collect::<Vec<_>>().join("|")
    };
    assert_eq!(
        every("day", "2024-02-28", "2024-03-02", "previous_year"),
        "02-28 < 02-28|02-29|03-01 < 03-01"
    );
    assert_eq!(
        every("day", "2026-03-28", "2026-04-02", "previous_month"),
        "03-28 < 02-28|03-29|03-30|03-31|04-01 < 03-01"
    );
    assert_eq!(every("day", "2025-03-01", "2025-03-02", "previous_year"), "03-01 < 03-01");
    assert_eq!(
        every("week", "2026-03-02", "2026-03-16", "previous_month"),
        "03-02 < 02-02|03-09 < 02-09"
    );
    assert_eq!(every("week", "2026-03-02", "2026-03-09", "previous_quarter"), "03-02 < 12-01");
    assert_eq!(
        every("month", "2026-02", "2026-04", "previous_period"),
        "02-01 < 12-01|03-01 < 01-01"
    );
}

#[test]
fn hours_are_compared_with_the_same_local_hours_across_changes_of_the_clock() {
    let asked = question("2026-03-29", "2026-03-30", Some("hour"), "previous_period");
    let pairs_of = pairs(&plan("Europe/Berlin", &asked).expect("a plan"));
    assert_eq!(pairs_of.len(), 23, "the clock goes forward");
    for (period, earlier) in pairs_of {
        let local = |instant| zone("Europe/Berlin").to_datetime(instant);
        let earlier = earlier.expect("the day before has every hour");
        assert_eq!(local(period.start) - 1.day(), local(earlier.start));
    }
    // The clock goes back: 02:00 comes twice, and its second has none the day before.
    let asked = question("2026-10-25", "2026-10-26", Some("hour"), "previous_period");
    let pairs_of = pairs(&plan("Europe/Berlin", &asked).expect("a plan"));
    let without: Vec<_> = (0..25).filter(|hour| pairs_of[*hour].1.is_none()).collect();
    assert_eq!((pairs_of.len(), without), (25, vec![3]));
}

#[test]
fn a_comparison_that_moves_periods_by_a_part_is_refused_with_those_that_do_not() {
    let refused = |every: &str, compare: &str| {
        plan("UTC", &question("2025", "2026", Some(every), compare)).expect_err("a mistake")
    };
    let told = refused("quarter", "previous_month");
    assert!(
        told.ends_with(
            "`compare`: `previous_month` does not fit every=quarter; expected previous_period, \
             previous_quarter, previous_year"
        ),
        "{told}"
    );
    let told = refused("year", "previous_quarter");
    assert!(
        told.ends_with("does not fit every=year; expected previous_period, previous_year"),
        "{told}"
    );
}

/// Dates around those that some month, year or zone does not have, and those on which clocks
/// change.
fn any_date() -> impl Strategy<Value = Date> {
    let around = prop::sample::select(vec![
        date(2024, 2, 29),
        date(2025, 2, 28),
        date(2023, 2, 28),
        date(2026, 12, 31),
        date(2026, 5, 31),
        date(2011, 12, 30),
        date(2012, 1, 30),
        date(2012, 12, 30),
        date(2026, 3, 29),
        date(2026, 10, 25),
        date(2026, 4, 5),
        date(2026, 10, 4),
        date(2006, 10, 29),
    ]);
    (around, -40_i32..40).prop_map(|(date, days)| date + days.days())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn whole_days_are_compared_with_the_same_dates_or_as_many_days(
        first in any_date(), long in 1_i32..70, zone_name in prop::sample::select(ZONES.to_vec()),
        (compare, months) in prop::sample::select(COMPARES.to_vec()), is_series in any::<bool>(),
    ) {
        let zone = zone(zone_name);
        let end = first + long.days();
        let dates: Vec<Date> = first
            .series(1.day())
            .take_while(|date| *date < end)
            .filter(|date| exists(*date, &zone))
            .collect();
        prop_assume!(!dates.is_empty() && exists(first, &zone) && exists(end, &zone));
        let every = is_series.then_some("day");
        let plan = plan(zone_name, &question(&first.to_string(), &end.to_string(), every, compare))
            .map_err(TestCaseError::fail)?;
        let Period { start, end: until } = earlier(&plan);
        let (from, to) = (day(start, &zone), day(until, &zone));
        let (first, last) = (dates[0], dates[dates.len() - 1]);
        let is_of_months = first.day() == 1 && end.day() == 1;
        match months {
            None => {
                let there = from
                    .series(1.day())
                    .take_while(|date| *date < to)
                    .filter(|date| exists(*date, &zone));
                prop_assert_eq!(there.count(), dates.len(), "as many days");
                prop_assert_eq!(to, first, "immediately before");
            }
            Some(months) if is_of_months => {
                prop_assert_eq!(
                    (from, to),
                    (first - months.months(), end - months.months()),
                    "whole months"
                );
            }
            Some(months) => {
                prop_assert_eq!(from, moved(first, months, &zone));
                prop_assert_eq!(
                    until,
                    moved(last, months, &zone)
                        .tomorrow()
                        .expect("in range")
                        .to_zoned(zone.clone())
                        .expect("in range")
                        .timestamp()
                );
            }
        }
        let pairs = pairs(&plan);
        if !is_series {
            prop_assert_eq!(
                pairs,
                vec![(plan.range.whole().expect("a range"), Some(earlier(&plan)))]
            );
            return Ok(());
        }
        prop_assert_eq!(
            pairs.iter().map(|(period, _)| day(period.start, &zone)).collect::<Vec<_>>(),
            dates.clone()
        );
        for (position, (date, (_, paired))) in dates.iter().zip(&pairs).enumerate() {
            let paired = paired.map(|paired| day(paired.start, &zone));
            match months {
                None => {
                    let mut there = from.series(1.day()).filter(|date| exists(*date, &zone));
                    prop_assert_eq!(paired, there.nth(position), "in order");
                }
                Some(months) => {
                    let same = *date - months.months();
                    let is_there = same.day() == date.day() && exists(same, &zone);
                    prop_assert_eq!(paired, is_there.then_some(same), "the same date as {}", date);
                    let moved = moved(*date, months, &zone);
                    prop_assert!(from <= moved && (moved < to), "{} is lost", moved);
                }
            }
        }
    }

    #[test]
    fn any_other_range_is_compared_with_one_as_long_from_the_same_local_time(
        first in any_date(),
        hour in 1_i8..24,
        quarters in 1_i64..400,
        zone_name in prop::sample::select(ZONES.to_vec()),
        (compare, months) in prop::sample::select(COMPARES.to_vec()),
        every in prop::sample::select(vec![None, Some("hour"), Some("quarter_hour")]),
    ) {
        let zone = zone(zone_name);
        let quarters = if every == Some("hour") { quarters * 4 } else { quarters };
        let local = DateTime::from_parts(first, jiff::civil::time(hour, 0, 0, 0));
        let start = zone.to_ambiguous_zoned(local).compatible().expect("in range").timestamp();
        let end = start + SignedDuration::from_mins(15 * quarters);
        prop_assume!(zone.to_datetime(start) == local);
        let asked = question(&start.to_string(), &end.to_string(), every, compare);
        let Ok(plan) = plan(zone_name, &asked) else {
            // Lord Howe's clock has changed by half an hour, so that no hour ends there.
            let alone = Question { compare: None, ..asked.clone() };
            prop_assert!(
                self::plan(zone_name, &alone).is_err(),
                "{:?} is valid without comparison",
                asked
            );
            return Ok(());
        };
        let range = earlier(&plan);
        prop_assert!(range.start < range.end);
        let pairs = pairs(&plan);
        let mut before = Timestamp::MIN;
        for earlier in pairs.iter().filter_map(|(_, earlier)| *earlier) {
            prop_assert!(
                before <= earlier.start && range.start <= earlier.start && earlier.end <= range.end
            );
            before = earlier.end;
        }
        let changes = |from: Timestamp, to: Timestamp| {
            zone.following(from - 48.hours())
                .next()
                .is_some_and(|change| change.timestamp() < to + 48.hours())
        };
        let is_steady = !changes(start, end) && !changes(range.start, range.end);
        let (long, earlier) = (start.duration_until(end), range.start.duration_until(range.end));
        if is_steady && long < SignedDuration::from_hours(27 * 24) {
            prop_assert_eq!(earlier, long, "as long");
            prop_assert!(pairs.iter().all(|(_, earlier)| earlier.is_some()), "each has its own");
        }
        if let (Some(months), true) = (months, is_steady) {
            let begins = zone.to_datetime(range.start);
            prop_assert_eq!(
                (begins.date(), begins.time()),
                (moved(first, months, &zone), local.time())
            );
        }
        if months.is_none() {
            prop_assert_eq!(range.end, start);
            prop_assert!(
                every.is_none() || pairs.iter().all(|(_, earlier)| earlier.is_some()),
                "as many periods"
            );
        }
    }

    #[test]
    fn fiscal_quarters_and_years_are_compared_with_whole_ones(
        year in 2011_i16..2030,
        begins in 1_i8..=12,
        count in 1_i32..9,
        is_yearly in any::<bool>(),
        zone_name in prop::sample::select(ZONES.to_vec()),
        (compare, months) in prop::sample::select(COMPARES.to_vec()),
    ) {
        let long = if is_yearly { 12 } else { 3 };
        let first = date(year, begins, 1);
        let end = first + (count * long).months();
        let every = if is_yearly { "year" } else { "quarter" };
        let asked = Question {
            fiscal_year_start: Some(
                MONTHS[usize::try_from(begins - 1).expect("a month")].to_owned(),
            ),
            ..question(&first.to_string(), &end.to_string(), Some(every), compare)
        };
        let back = months.unwrap_or(count * long);
        let plan = plan(zone_name, &asked);
        prop_assert_eq!(plan.is_ok(), back % long == 0, "{:?}", plan);
        let Ok(plan) = plan else { return Ok(()) };
        let zone = zone(zone_name);
        let pairs = pairs(&plan);
        prop_assert_eq!(pairs.len(), usize::try_from(count).expect("a count"));
        for (period, earlier) in pairs {
            let earlier = earlier.expect("each has its own");
            prop_assert_eq!(day(earlier.start, &zone), day(period.start, &zone) - back.months());
            prop_assert_eq!(day(earlier.end, &zone), day(period.end, &zone) - back.months());
        }
    }
}
