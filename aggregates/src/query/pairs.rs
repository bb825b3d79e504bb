//! Pairs: which period of the earlier range each period of a range is compared with.
//!
//! | the range | is paired |
//! |---|---|
//! | whole days, in a series of days or shorter periods | by date, and within a date by local time |
//! | any other | in order: the first with the first |
//!
//! **Invariant:** no period of the earlier range is in two pairs, and both sides of the pairs are
//! in the order of time.

use jiff::civil::Date;
use jiff::tz::AmbiguousOffset;
use jiff::{Timestamp, ToSpan};
use weir_model::Granularity;

use super::QueryRange;
use crate::calendar::{self, Calendar};
use crate::period::Period;

/// The earlier range that a range is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous {
    /// The range.
    pub range: QueryRange,
    pub(super) pairing: Pairing,
}

/// The pairing of the periods of two ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairing {
    /// The first with the first.
    InOrder,
    /// By date: the first with the first, or each with the same date so many months earlier.
    ByDate {
        /// The number of months between them.
        months: Option<i64>,
    },
}

/// Pairs the periods of a range, which it is given from the first on.
pub(super) struct Pairs<'a> {
    calendar: &'a Calendar,
    previous: Previous,
    /// The beginning of the next period, or day, of the earlier range, if periods are paired in
    /// order.
    next: Option<Timestamp>,
    /// The day of the range that the last period was in, and the day it is paired with.
    days: Option<(Period, Option<Period>)>,
}

impl<'a> Pairs<'a> {
    /// Returns the pairs with the periods of an earlier range.
    pub(super) fn new(calendar: &'a Calendar, previous: Previous) -> Self {
        let next = previous.range.whole().map(|range| range.start);
        Self { calendar, previous, next, days: None }
    }

    /// Returns the earlier period that the next period of the range is compared with, if there is
    /// one.
    pub(super) fn with(&mut self, period: Period) -> Option<Period> {
        match self.previous.pairing {
            Pairing::InOrder => {
                let earlier = self.previous.range.period(self.calendar, self.next?)?;
                self.next = Some(earlier.end);
                Some(earlier)
            }
            Pairing::ByDate { months } => {
                let (day, earlier) = self.days_of(period, months)?;
                let every = self.previous.range.every()?;
                match every {
                    Granularity::Day => earlier,
                    _ => same_time(self.calendar, every, period, (day, earlier?)),
                }
            }
        }
    }

    /// Returns the day that a period begins in, and the earlier one.
    fn days_of(&mut self, period: Period, months: Option<i64>) -> Option<(Period, Option<Period>)> {
        let is_in = |day: &Period| day.start <= period.start && period.start < day.end;
        if let Some(known) = self.days.filter(|(day, _)| is_in(day)) {
            return Some(known);
        }
        let day = self.calendar.period(Granularity::Day, period.start)?;
        let earlier = match months {
            Some(months) => self.same_date(day, months),
            None => self.next_day(),
        };
        let range = self.previous.range.whole()?;
        let is_within = |day: &Period| range.start <= day.start && day.end <= range.end;
        self.days = Some((day, earlier.filter(is_within)));
        self.days
    }

    /// Returns the next day of the earlier range.
    fn next_day(&mut self) -> Option<Period> {
        let day = self.calendar.period(Granularity::Day, self.next?)?;
        self.next = Some(day.end);
        Some(day)
    }

    /// Returns the same date so many months earlier; `None` where there is none, such as February
    /// 29.
    fn same_date(&self, day: Period, months: i64) -> Option<Period> {
        let zone = &self.calendar.zone;
        let date = calendar::date(day.start, zone)?;
        let moved = date.checked_sub(months.months()).ok()?;
        let earlier = self.calendar.period(Granularity::Day, calendar::beginning(moved, zone)?)?;
        let is_same = moved.day() == date.day() && calendar::date(earlier.start, zone)? == moved;
        is_same.then_some(earlier)
    }
}

/// Returns the period that begins at the same local time of another day; `None` where none does, as
/// the clock changes. Of a local time that comes twice, the first is paired with the first and the
/// second with the second.
fn same_time(
    calendar: &Calendar,
    every: Granularity,
    period: Period,
    (day, earlier): (Period, Period),
) -> Option<Period> {
    let zone = &calendar.zone;
    let date = |day: Period| calendar::date(day.start, zone);
    let local = zone.to_datetime(period.start);
    let instants = |local| match zone.to_ambiguous_zoned(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => [offset.to_timestamp(local).ok(), None],
        AmbiguousOffset::Fold { before, after } => {
            [before.to_timestamp(local).ok(), after.to_timestamp(local).ok()]
        }
        AmbiguousOffset::Gap { .. } => [None, None],
    };
    let occurrence = instants(local).iter().position(|at| *at == Some(period.start))?;
    // Where the clock goes back over midnight, the end of a day has the local date before it again.
    let into: i64 = days_between(date(day)?, local.date());
    let moved = date(earlier)?.checked_add(into.days()).ok()?.to_datetime(local.time());
    let at = instants(moved)[occurrence]?;
    let is_within = earlier.start <= at && at < earlier.end;
    calendar.period(every, at).filter(|period| is_within && period.start == at)
}

fn days_between(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days())
}
