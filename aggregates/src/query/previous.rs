//! The range that a range is compared with.
//!
//! | of | the period before | the year before |
//! |---|---|---|
//! | whole months | as many months earlier | the same dates, a year earlier |
//! | other whole days, and weeks | as many days earlier | the same dates; weeks: 52 weeks earlier |
//! | anything else | as long earlier | the same local times, a year earlier |

use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan, Unit};
use model::{Granularity, Rollup};

use super::errors::QueryError;
use super::refusal::{self, noun};
use super::time::local;
use super::{Asked, Compare};
use crate::calendar::{self, Calendar, Period};
use crate::cover::cover;

const WEEKS_OF_A_YEAR: i64 = 52;

/// What is asked for, earlier.
pub(super) fn previous(
    rollup: &Rollup,
    calendar: &Calendar,
    asked: &Asked,
    compare: Compare,
    now: Timestamp,
) -> Result<Asked, QueryError> {
    let refuse = |message: String| QueryError::new("compare", message);
    let Some(range) = asked.range() else {
        return Err(refuse("all time has nothing before it; expected from and to".to_owned()));
    };
    let every = asked.every();
    let before = match compare {
        Compare::PreviousPeriod => period_before(calendar, every, range),
        Compare::PreviousYear => year_before(calendar, every, range),
    };
    let before = before.filter(|before| before.start < before.end).ok_or_else(|| {
        refuse("there is nothing to compare with within the years 0000 to 9999".to_owned())
    })?;
    let Some(every) = every else {
        let uncovered = cover(rollup, &before, now).err();
        return match uncovered {
            None => Ok(Asked::Total(before)),
            Some(uncovered) => {
                Err(refuse(format!("{} cannot be made: {uncovered}", between(calendar, before))))
            }
        };
    };
    for edge in [before.start, before.end] {
        if !calendar.begins(every, edge) {
            let message = format!(
                "the range would be {}, where {} does not begin at {}; expected another range or every",
                between(calendar, before),
                noun(every),
                local(edge, &calendar.zone)
            );
            return Err(refuse(message));
        }
    }
    refusal::refuse_uncovered(rollup, calendar, every, &before, now)
        .map_err(|why| refuse(format!("{}: {why}", between(calendar, before))))?;
    Ok(Asked::Series { every, from: before.start, to: before.end })
}

fn between(calendar: &Calendar, period: Period) -> String {
    let shown = |instant| local(instant, &calendar.zone);
    format!("from {} to {}", shown(period.start), shown(period.end))
}

/// The dates of a range of whole days.
fn dates(calendar: &Calendar, range: Period) -> Option<(Date, Date)> {
    let day = |instant| {
        let begins = calendar.begins(Granularity::Day, instant);
        calendar::date(instant, &calendar.zone).filter(|_| begins)
    };
    Some((day(range.start)?, day(range.end)?))
}

fn period_before(calendar: &Calendar, every: Option<Granularity>, range: Period) -> Option<Period> {
    let Some((first, end)) = dates(calendar, range) else {
        let long = range.start.duration_until(range.end);
        return Some(Period { start: range.start.checked_sub(long).ok()?, end: range.start });
    };
    let days = first.until((Unit::Day, end)).ok()?;
    let months = first.until((Unit::Month, end)).ok()?;
    let span = match months.get_days() == 0 && every != Some(Granularity::Week) {
        true => months,
        false => days,
    };
    let start = calendar::beginning(first.checked_sub(span).ok()?, &calendar.zone)?;
    Some(Period { start, end: range.start })
}

fn year_before(calendar: &Calendar, every: Option<Granularity>, range: Period) -> Option<Period> {
    let Some((first, end)) = dates(calendar, range) else {
        let earlier = |instant: Timestamp| {
            let local = instant.to_zoned(calendar.zone.clone());
            Some(local.checked_sub(1.year()).ok()?.timestamp())
        };
        return Some(Period { start: earlier(range.start)?, end: earlier(range.end)? });
    };
    let year: Span = match every {
        Some(Granularity::Week) => WEEKS_OF_A_YEAR.weeks(),
        _ => 1.year(),
    };
    let earlier = first.checked_sub(year).ok()?;
    // From February 28 to 29 of a leap year, both of which are the 28th a year before.
    let end = match end.checked_sub(year).ok()? {
        empty if empty <= earlier => earlier.tomorrow().ok()?,
        end => end,
    };
    Some(Period {
        start: calendar::beginning(earlier, &calendar.zone)?,
        end: calendar::beginning(end, &calendar.zone)?,
    })
}
