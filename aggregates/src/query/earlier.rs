//! The earlier range that a range is compared with, as one pure function of calendar, comparison
//! and range.
//!
//! | the range | `previous_period` | `previous_month`, `previous_quarter`, `previous_year` |
//! |---|---|---|
//! | a series of months, quarters or years | as many of them | as many, 1, 3 or 12 months earlier |
//! | a series of weeks | as many of them | as many, 4, 13 or 52 weeks earlier |
//! | whole months otherwise | as many days | the same months 1, 3 or 12 months earlier |
//! | whole days otherwise | as many days | the same dates, from the first to the last |
//! | any other | as long | from the same local time on, as long |
//!
//! A date that the earlier month or the zone does not have (February 29, December 30, 2011 in Apia)
//! is the last one before it.
//!
//! **Invariant:** the earlier range is never empty, and has every date that is a date of the range,
//! moved.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp, ToSpan, Unit};
use weir_model::Granularity;

use super::compare::{Compare, months};
use crate::calendar::{self, Calendar};
use crate::instant::just_before;
use crate::period::Period;

/// The lengths of clock periods, the longest first.
const OF_CLOCK: [Granularity; 3] =
    [Granularity::Hour, Granularity::QuarterHour, Granularity::Minute];

/// Returns the earlier range; `None` beyond the years 0000 to 9999.
pub(super) fn earlier(
    calendar: &Calendar,
    compare: Compare,
    every: Option<Granularity>,
    range: Period,
) -> Option<Period> {
    if let Some(every) = every.filter(|every| *every > Granularity::Day) {
        return of_long_periods(calendar, compare, every, range);
    }
    match (dates(calendar, range), compare.months()) {
        (Some(dates), None) => days_before(calendar, dates, range.start),
        (Some(dates), Some(months)) => same_dates(calendar, dates, months),
        (None, None) => as_long_before(calendar, every, range),
        (None, Some(months)) => same_times(calendar, every, range, months),
    }
}

/// Returns the first date of a range of whole days, and the one behind its last; `None` for another
/// range.
pub(super) fn dates(calendar: &Calendar, range: Period) -> Option<(Date, Date)> {
    let day = |instant| {
        let begins = calendar.begins(Granularity::Day, instant);
        calendar::date(instant, &calendar.zone).filter(|_| begins)
    };
    Some((day(range.start)?, day(range.end)?))
}

/// Returns the range of weeks, months, quarters or years.
fn of_long_periods(
    calendar: &Calendar,
    compare: Compare,
    every: Granularity,
    range: Period,
) -> Option<Period> {
    let date = |instant| calendar.first_date(every, calendar::date(instant, &calendar.zone)?);
    let (first, end) = (date(range.start)?, date(range.end)?);
    let is_of_months = months(every).is_some();
    let unit = if is_of_months { Unit::Month } else { Unit::Day };
    let back = match (compare.months(), compare.weeks()) {
        (Some(months), _) if is_of_months => months.months(),
        (_, Some(weeks)) => weeks.weeks(),
        _ => first.until((unit, end)).ok()?,
    };
    let beginning = |date: Date| calendar::beginning(date.checked_sub(back).ok()?, &calendar.zone);
    let end = if compare == Compare::Period { range.start } else { beginning(end)? };
    Some(Period { start: beginning(first)?, end })
}

/// Returns as many days immediately before.
fn days_before(
    calendar: &Calendar,
    (first, end): (Date, Date),
    until: Timestamp,
) -> Option<Period> {
    let wanted = days(calendar, first, end)?;
    let mut start = first;
    // More than once only where the zone has skipped a day.
    while let missing @ 1.. = wanted - days(calendar, start, first)? {
        start = start.checked_sub(missing.days()).ok()?;
    }
    Some(Period { start: calendar::beginning(start, &calendar.zone)?, end: until })
}

/// Returns the same dates so many months earlier.
fn same_dates(calendar: &Calendar, (first, end): (Date, Date), months: i64) -> Option<Period> {
    let beginning = |date| calendar::beginning(date, &calendar.zone);
    if (first.day(), end.day()) == (1, 1) {
        let moved = |date: Date| beginning(date.checked_sub(months.months()).ok()?);
        return Some(Period { start: moved(first)?, end: moved(end)? });
    }
    let last = existing(calendar, end.yesterday().ok()?)?;
    let behind = moved(calendar, last, months)?.tomorrow().ok()?;
    Some(Period { start: beginning(moved(calendar, first, months)?)?, end: beginning(behind)? })
}

/// Returns the same date so many months earlier, or the last one before it that there is.
fn moved(calendar: &Calendar, date: Date, months: i64) -> Option<Date> {
    existing(calendar, date.checked_sub(months.months()).ok()?)
}

/// Returns a date, or the last one before it that the zone has.
fn existing(calendar: &Calendar, mut date: Date) -> Option<Date> {
    while !exists(calendar, date)? {
        date = date.yesterday().ok()?;
    }
    Some(date)
}

/// Whether a zone has a date: some have skipped one to change the side of the date line.
fn exists(calendar: &Calendar, date: Date) -> Option<bool> {
    let beginning = |date| calendar::beginning(date, &calendar.zone);
    Some(beginning(date)? < beginning(date.tomorrow().ok()?)?)
}

/// Returns the number of days from a date to another.
fn days(calendar: &Calendar, from: Date, to: Date) -> Option<i64> {
    let zone = &calendar.zone;
    let all = i64::from(from.until((Unit::Day, to)).ok()?.get_days());
    let (start, end) = (calendar::beginning(from, zone)?, calendar::beginning(to, zone)?);
    let changes = zone.following(just_before(start)?).map(|change| change.timestamp());
    let mut skipped = 0;
    for change in changes.take_while(|change| *change <= end) {
        let before = zone.to_datetime(just_before(change)?).date();
        let behind = zone.to_datetime(change).date();
        let between = before.series(1.day()).skip(1).take_while(|date| *date < behind);
        skipped += between.filter(|date| from <= *date && *date < to).count();
    }
    Some(all - i64::try_from(skipped).ok()?)
}

/// Returns as many periods immediately before; for a total, as long.
fn as_long_before(
    calendar: &Calendar,
    every: Option<Granularity>,
    range: Period,
) -> Option<Period> {
    let long = range.start.duration_until(range.end);
    let start = range.start.checked_sub(long).ok()?;
    let mut changes = calendar.zone.following(just_before(start)?);
    let is_changed = changes.next().is_some_and(|change| change.timestamp() < range.end);
    let Some(every) = every.filter(|_| is_changed) else {
        let start = begun(calendar, unit(calendar, every, range), start)?;
        return Some(Period { start, end: range.start });
    };
    // Where the clock changes by a part of a period, periods differ in length: they are counted.
    let mut start = range.start;
    let mut at = range.start;
    while at < range.end {
        at = calendar.period(every, at)?.end;
        start = calendar.period(every, just_before(start)?)?.start;
    }
    Some(Period { start, end: range.start })
}

/// From the same local time so many months earlier: as many whole months, and the rest as long.
fn same_times(
    calendar: &Calendar,
    every: Option<Granularity>,
    range: Period,
    months: i64,
) -> Option<Period> {
    let zone = &calendar.zone;
    let instant =
        |local: DateTime| local.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    let (first, end) = (zone.to_datetime(range.start), zone.to_datetime(range.end));
    let earlier = moved(calendar, first.date(), months)?.to_datetime(first.time());
    let whole = i64::from(first.until((Unit::Month, end)).ok()?.get_months());
    let behind = |local: DateTime, months: i64| instant(local.checked_add(months.months()).ok()?);
    let rest = behind(first, whole)?.duration_until(range.end).max(SignedDuration::ZERO);
    // At most up to where one more month begins, so that a part of March is not compared with
    // itself.
    let end = behind(earlier, whole)?.checked_add(rest).ok()?.min(behind(earlier, whole + 1)?);
    let unit = unit(calendar, every, range);
    let start = begun(calendar, unit, instant(earlier)?)?;
    Some(Period { start, end: ended(calendar, unit, end)? })
}

/// Returns the clock period at whose beginnings a range begins and ends: that of the series; of a
/// total, the longest.
fn unit(calendar: &Calendar, every: Option<Granularity>, range: Period) -> Option<Granularity> {
    let begins_at = |every: &Granularity| {
        calendar.begins(*every, range.start) && calendar.begins(*every, range.end)
    };
    every.or_else(|| OF_CLOCK.into_iter().find(begins_at))
}

/// Returns the beginning of the period that an instant is in.
fn begun(calendar: &Calendar, unit: Option<Granularity>, at: Timestamp) -> Option<Timestamp> {
    unit.map_or(Some(at), |unit| Some(calendar.period(unit, at)?.start))
}

/// Returns the end of the last period that begins before an instant.
fn ended(calendar: &Calendar, unit: Option<Granularity>, at: Timestamp) -> Option<Timestamp> {
    unit.map_or(Some(at), |unit| Some(calendar.period(unit, just_before(at)?)?.end))
}
