//! Calendars: every instant is in one period, in any zone, with any week and any year, through the
//! changes of the clock.

use std::collections::HashSet;

use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use weir_model::Granularity;
use weir_rollups::{Bucket, Calendar, Period};

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/St_Johns",
    "America/Sao_Paulo",
];
const WEEKDAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];
/// Every granularity but `all`.
const PERIODS: [Granularity; 8] = {
    let [minute, quarter_hour, hour, day, week, month, quarter, year, _] = Granularity::EVERY;
    [minute, quarter_hour, hour, day, week, month, quarter, year]
};

fn zone(name: &str) -> TimeZone {
    match name {
        "UTC" => TimeZone::UTC,
        _ => TimeZoneDatabase::bundled().get(name).expect(name),
    }
}

fn calendar(name: &str) -> Calendar {
    Calendar::new(zone(name), name)
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn just_before(instant: Timestamp) -> Timestamp {
    instant.checked_sub(SignedDuration::from_nanos(1)).expect("in range")
}

/// The period around an instant, as `start end`.
fn check(calendar: &Calendar, every: Granularity, at: &str, expected: &str) {
    let period = calendar.period(every, instant(at)).expect("in range");
    assert_eq!(format!("{} {}", period.start, period.end), expected, "{every} at {at}");
}

#[test]
fn weeks_begin_on_the_day_that_is_asked_for() {
    let mut sunday = calendar("UTC");
    sunday.week_start = Weekday::Sunday;
    let at = "2026-11-20T06:40:00Z";
    check(&calendar("UTC"), Granularity::Week, at, "2026-11-16T00:00:00Z 2026-11-23T00:00:00Z");
    check(&sunday, Granularity::Week, at, "2026-11-15T00:00:00Z 2026-11-22T00:00:00Z");
}

#[test]
fn quarters_and_years_begin_in_the_fiscal_month() {
    let mut february = calendar("UTC");
    february.fiscal_year_start = 2;
    let at = "2026-01-20T00:00:00Z";
    check(&february, Granularity::Quarter, at, "2025-11-01T00:00:00Z 2026-02-01T00:00:00Z");
    check(&february, Granularity::Year, at, "2025-02-01T00:00:00Z 2026-02-01T00:00:00Z");
    check(&february, Granularity::Month, at, "2026-01-01T00:00:00Z 2026-02-01T00:00:00Z");
    let at = "2026-02-01T00:00:00Z";
    check(&february, Granularity::Quarter, at, "2026-02-01T00:00:00Z 2026-05-01T00:00:00Z");
    check(&february, Granularity::Year, at, "2026-02-01T00:00:00Z 2027-02-01T00:00:00Z");
}

#[test]
fn a_day_begins_as_the_clock_leaps_over_midnight() {
    let at = "2018-11-04T12:00:00Z";
    let expected = "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z";
    check(&calendar("America/Sao_Paulo"), Granularity::Day, at, expected);
    // From 23:30 to 00:30.
    let at = "1919-03-31T12:00:00Z";
    let expected = "1919-03-31T04:30:00Z 1919-04-01T04:00:00Z";
    check(&calendar("America/Toronto"), Granularity::Day, at, expected);
}

#[test]
fn a_day_on_which_the_clock_goes_back_over_midnight_does_not_come_twice() {
    // From 00:01 on October 29 to 23:01 on October 28.
    let day = "2006-10-29T02:30:00Z 2006-10-30T03:30:00Z";
    for at in ["2006-10-29T02:30:30Z", "2006-10-29T02:45:00Z", "2006-10-29T03:31:00Z"] {
        check(&calendar("America/St_Johns"), Granularity::Day, at, day);
    }
    let hour = "2006-10-29T02:30:00Z 2006-10-29T03:30:00Z";
    for at in ["2006-10-29T02:30:30Z", "2006-10-29T02:45:00Z"] {
        check(&calendar("America/St_Johns"), Granularity::Hour, at, hour);
    }
}

#[test]
fn a_day_that_was_left_out_is_in_no_period() {
    let expected = "2011-12-29T10:00:00Z 2011-12-30T10:00:00Z";
    check(&calendar("Pacific/Apia"), Granularity::Day, "2011-12-30T09:59:59Z", expected);
    let expected = "2011-12-30T10:00:00Z 2011-12-31T10:00:00Z";
    check(&calendar("Pacific/Apia"), Granularity::Day, "2011-12-30T10:00:00Z", expected);
    assert_eq!(Bucket::from_key("day#2011-12-30", &zone("Pacific/Apia")), None);
}

#[test]
fn all_time_is_no_period() {
    assert_eq!(calendar("UTC").period(Granularity::All, instant("2026-01-01T00:00:00Z")), None);
}

/// Every bucket around a change of a clock: they follow each other, with keys in order that can be
/// read.
fn follow_each_other(zone: &TimeZone, name: &str, change: Timestamp) {
    let around = SignedDuration::from_hours(3);
    let (from, to) = (change.checked_sub(around), change.checked_add(around));
    let (from, to) = (from.expect("in range"), to.expect("in range"));
    for every in [Granularity::QuarterHour, Granularity::Hour, Granularity::Day, Granularity::Month]
    {
        let mut bucket = Bucket::at(every, from, zone).expect("in range");
        while bucket.end.expect("an end") < to {
            assert_eq!(Bucket::from_key(&bucket.key, zone).as_ref(), Some(&bucket), "{name}");
            let next = bucket.next(zone).expect("in range");
            assert_eq!(next.start, bucket.end, "{name}: {} {}", bucket.key, next.key);
            assert!(bucket.key < next.key, "{name}: {} {}", bucket.key, next.key);
            let last = Bucket::at(every, just_before(next.start.expect("a start")), zone);
            assert_eq!(last, Some(bucket), "{name}");
            bucket = next;
        }
    }
}

#[test]
fn buckets_follow_each_other_through_every_change_of_every_clock() {
    let since = instant("1970-01-01T00:00:00Z");
    let until = instant("2027-01-01T00:00:00Z");
    let zones = TimeZoneDatabase::bundled();
    let mut seen = HashSet::new();
    for name in zones.available() {
        let zone = zones.get(name.as_str()).expect("available");
        for change in zone.following(since).take_while(|change| change.timestamp() < until) {
            let around = (
                change.timestamp(),
                zone.to_offset(just_before(change.timestamp())),
                change.offset(),
            );
            if seen.insert(around) {
                follow_each_other(&zone, name.as_str(), change.timestamp());
            }
        }
    }
    assert!(seen.len() > 1000, "{}", seen.len());
}

prop_compose! {
    fn any_calendar()(
        position in 0..ZONES.len(),
        week_start in prop::sample::select(&WEEKDAYS[..]),
        fiscal_year_start in 1_i8..=12,
    ) -> Calendar {
        Calendar { week_start, fiscal_year_start, ..calendar(ZONES[position]) }
    }
}

prop_compose! {
    /// Any instant, half of them within two hours of a change of the zone's clock.
    fn instant_in(calendar: Calendar)(
        seconds in 0_i64..4_000_000_000,
        nanos in 0_i32..1_000_000_000,
        near in any::<bool>(),
        off in -7200_i64..7200,
    ) -> (Calendar, Timestamp) {
        let any = Timestamp::new(seconds, nanos).expect("in range");
        let change = calendar.zone.following(any).next().filter(|_| near);
        let instant = change.map_or(any, |change| {
            change.timestamp().checked_add(SignedDuration::from_secs(off)).expect("in range")
        });
        (calendar.clone(), instant)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn every_instant_is_in_one_period(
        (calendar, instant) in any_calendar().prop_flat_map(instant_in),
        every in prop::sample::select(&PERIODS[..]),
    ) {
        let period = calendar.period(every, instant).expect("in range");
        let Period { start, end } = period;
        prop_assert!(start <= instant && instant < end);
        prop_assert_eq!(calendar.period(every, start), Some(period));
        prop_assert_eq!(calendar.period(every, just_before(end)), Some(period));
        prop_assert_eq!(calendar.period(every, end).expect("in range").start, end);
        prop_assert_eq!(calendar.period(every, just_before(start)).expect("in range").end, start);
    }

    #[test]
    fn days_are_from_midnight_to_midnight(
        (calendar, instant) in any_calendar().prop_flat_map(instant_in),
        every in prop::sample::select(&PERIODS[3..]),
    ) {
        let period = calendar.period(every, instant).expect("in range");
        for edge in [period.start, period.end] {
            let local = calendar.zone.to_datetime(edge);
            let midnight = local.date().at(0, 0, 0, 0);
            prop_assert!(calendar.zone.to_datetime(just_before(edge)) < midnight, "{}", local);
            prop_assert!(
                local == midnight || calendar.zone.to_ambiguous_zoned(midnight).is_ambiguous(),
                "{}",
                local
            );
        }
        let first = calendar.zone.to_datetime(period.start).date();
        let end = calendar.zone.to_datetime(period.end).date();
        let days = first.until(end).expect("in range").get_days();
        let months_into_year = (first.month() - calendar.fiscal_year_start).rem_euclid(12);
        match every {
            Granularity::Day if calendar.zone_name == "Pacific/Apia" => prop_assert!(days <= 2),
            Granularity::Day => prop_assert_eq!(days, 1),
            Granularity::Week => {
                prop_assert_eq!(first.weekday(), calendar.week_start);
                prop_assert_eq!(days, 7);
            }
            Granularity::Month => prop_assert_eq!((first.day(), first + 1.month()), (1, end)),
            Granularity::Quarter => {
                prop_assert_eq!(
                    (first.day(), months_into_year % 3, first + 3.months()),
                    (1, 0, end)
                );
            }
            _ => prop_assert_eq!((first.day(), months_into_year, first + 1.year()), (1, 0, end)),
        }
    }

    #[test]
    fn the_clock_is_cut_where_local_time_is_whole(
        (calendar, instant) in any_calendar().prop_flat_map(instant_in), position in 0_usize..3,
    ) {
        let minutes = [1, 15, 60][position];
        let period = calendar.period(PERIODS[position], instant).expect("in range");
        let seconds = period.start.duration_until(period.end).as_secs();
        let changed = |edge: Timestamp| {
            calendar
                .zone
                .preceding(edge.checked_add(SignedDuration::from_nanos(1)).expect("in range"))
                .next()
                .is_some_and(|change| change.timestamp() == edge)
        };
        prop_assert!(seconds == minutes * 60 || changed(period.start) || changed(period.end));
        for edge in [period.start, period.end] {
            let local = calendar.zone.to_datetime(just_before(edge));
            let end = local.checked_add(SignedDuration::from_nanos(1)).expect("in range");
            prop_assert!(
                i64::from(end.minute()) % minutes == 0 && end.second() == 0 || changed(edge),
                "{}",
                end
            );
        }
    }
}
