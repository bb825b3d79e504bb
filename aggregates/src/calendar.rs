//! Calendars: where minutes, hours, days, weeks, months, quarters and years begin and end, in any
//! time zone, with any first day of the week, and with years that begin in any month.
//!
//! A day is from one local midnight to the next. Where the clock leaps over midnight, the day
//! begins as the clock has leapt; where midnight comes twice, with the first. So a day begins at
//! the first instant at which the local date and time is midnight or later, and weeks, months,
//! quarters and years are whole days.
//!
//! **Invariant:** every instant is in exactly one period of each granularity.

use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use weir_model::{Granularity, Rollup};

use crate::clock;
use crate::period::Period;

/// The rules that cut time into periods.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// The time zone.
    pub zone: TimeZone,
    /// Its name.
    pub zone_name: String,
    /// The first day of a week.
    pub week_start: Weekday,
    /// The month, 1 to 12, in which years begin; quarters begin there and every third month from
    /// there.
    pub fiscal_year_start: i8,
}

impl Calendar {
    /// Returns the calendar of a zone, with weeks from Monday and years from January.
    pub fn new(zone: TimeZone, zone_name: impl Into<String>) -> Self {
        let zone_name = zone_name.into();
        Self { zone, zone_name, week_start: Weekday::Monday, fiscal_year_start: 1 }
    }

    /// Returns the calendar that cuts time into the buckets of a rollup.
    pub fn for_rollup(rollup: &Rollup) -> Self {
        Self::new(rollup.time_zone.clone(), rollup.time_zone_name.clone())
    }

    /// Returns the period that an instant falls into; `None` for all time, which is not a period,
    /// and at the ends of what calendars hold (the years 0000 and 9999). The next one is the period
    /// at its end.
    pub fn period(&self, every: Granularity, instant: Timestamp) -> Option<Period> {
        if let Some(seconds) = clock::seconds(every) {
            return clock::cut(seconds, instant, &self.zone).map(|cut| cut.period);
        }
        let first = self.first_date(every, date(instant, &self.zone)?)?;
        self.period_from(every, first)
    }

    /// Whether a period begins at an instant.
    pub fn begins(&self, every: Granularity, instant: Timestamp) -> bool {
        self.period(every, instant).is_some_and(|period| period.start == instant)
    }

    /// Returns the first date of the period that a date is in.
    pub(crate) fn first_date(&self, every: Granularity, date: Date) -> Option<Date> {
        let first_of = |months: i8| {
            let first = Date::new(date.year(), date.month(), 1).ok()?;
            first.checked_sub(i64::from(months).months()).ok()
        };
        let months_into_year = (date.month() - self.fiscal_year_start).rem_euclid(12);
        match every {
            Granularity::Day => Some(date),
            Granularity::Week => {
                date.checked_sub(i64::from(self.week_start.until(date.weekday())).days()).ok()
            }
            Granularity::Month => first_of(0),
            Granularity::Quarter => first_of(months_into_year % 3),
            Granularity::Year => first_of(months_into_year),
            _ => None,
        }
    }

    /// Returns the period whose first date that is.
    pub(crate) fn period_from(&self, every: Granularity, first: Date) -> Option<Period> {
        let length = match every {
            Granularity::Day => 1.day(),
            Granularity::Week => 7.days(),
            Granularity::Month => 1.month(),
            Granularity::Quarter => 3.months(),
            Granularity::Year => 1.year(),
            _ => return None,
        };
        let start = beginning(first, &self.zone)?;
        let end = beginning(first.checked_add(length).ok()?, &self.zone)?;
        Some(Period { start, end })
    }
}

/// Returns the instant at which a day begins.
pub(crate) fn beginning(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let midnight = date.at(0, 0, 0, 0);
    match zone.to_ambiguous_zoned(midnight).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(midnight).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(midnight).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            let earlier = after.to_timestamp(midnight).ok()?;
            zone.following(earlier).next().map(|change| change.timestamp())
        }
    }
}

/// Returns the date of the day that an instant is in. It is not the local date where the clock went
/// back over midnight: then the day before does not come again.
pub(crate) fn date(instant: Timestamp, zone: &TimeZone) -> Option<Date> {
    let date = zone.to_datetime(instant).date();
    let tomorrow = date.tomorrow().ok()?;
    match beginning(tomorrow, zone)? <= instant {
        true => Some(tomorrow),
        false => Some(date),
    }
}
