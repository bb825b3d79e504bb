//! Why a period cannot be made of what a rollup keeps, and what could be asked instead.

use jiff::Timestamp;
use model::{Granularity, Rollup};

use super::asked::{MAX_PERIODS, periods};
use super::covered::{first_uncovered, just_before};
use super::errors::QueryError;
use super::time::local;
use crate::calendar::{Calendar, Period};
use crate::clock;
use crate::cover::{Kept, MAX_BUCKETS, Uncovered, cover};

/// Refuses a range of which buckets do not make up every period.
pub(super) fn refuse_uncovered(
    rollup: &Rollup,
    calendar: &Calendar,
    every: Granularity,
    range: &Period,
    now: Timestamp,
) -> Result<(), QueryError> {
    match first_uncovered(rollup, calendar, every, range, now) {
        None => Ok(()),
        Some((period, uncovered)) => {
            let wrong = (&period, &uncovered);
            Err(of_period(rollup, calendar, every, range, wrong, now))
        }
    }
}

/// Why a period of a range has no cover: the parameter that makes it so.
pub(super) fn of_period(
    rollup: &Rollup,
    calendar: &Calendar,
    every: Granularity,
    range: &Period,
    (period, uncovered): (&Period, &Uncovered),
    now: Timestamp,
) -> QueryError {
    let kept = Kept::at(rollup, now);
    let message = match uncovered {
        Uncovered::TooMany(_) => {
            let (noun, names) = (noun(every), kept.names());
            format!("{noun} takes more than {MAX_BUCKETS} buckets of `{}` ({names})", kept.rollup)
        }
        Uncovered::Gone { .. } => format!(
            "{} ({}) from {} is made of buckets of `{}` that are not kept any more ({})",
            noun(every),
            shown(calendar, every),
            local(period.start, &calendar.zone),
            kept.rollup,
            kept.names()
        ),
        Uncovered::Edge { edge, at, .. } => {
            format!(
                "{} ({}) {} at {}, which is not where a bucket of `{}` does ({})",
                noun(every),
                shown(calendar, every),
                edge.verb(),
                local(*at, &calendar.zone),
                kept.rollup,
                kept.names()
            )
        }
    };
    let is_gone = matches!(uncovered, Uncovered::Gone { .. });
    let later = is_gone.then(|| first_kept(rollup, calendar, every, period, now)).flatten();
    let later = later.map(|later| format!("from={}", local(later, &calendar.zone)));
    let advice: Vec<_> =
        later.into_iter().chain(advice(rollup, calendar, every, range, now)).collect();
    let message = match advice.is_empty() {
        true => message,
        false => format!("{message}; expected {}", advice.join(", or ")),
    };
    let cause = match is_gone {
        true => "from",
        false => cause(rollup, calendar, every, range, now),
    };
    QueryError::new(cause, message)
}

/// Where the first period begins, behind one that is gone, that is made of buckets that are kept.
fn first_kept(
    rollup: &Rollup,
    calendar: &Calendar,
    every: Granularity,
    gone: &Period,
    now: Timestamp,
) -> Option<Timestamp> {
    let (kept, own) = (Kept::at(rollup, now), Calendar::of(rollup));
    let later = |granularity: &Granularity| {
        let bucket = kept.first_behind(&own, *granularity, gone.end)?;
        let around = calendar.period(every, bucket.start)?;
        let next = || calendar.period(every, around.end);
        let begins_within = Some(around).filter(|around| around.start == bucket.start);
        begins_within.or_else(next)
    };
    let later = kept.granularities.iter().filter_map(later);
    let is_there = |period: &Period| cover(rollup, period, now).is_ok();
    later.filter(is_there).map(|period| period.start).min()
}

/// A granularity as a noun.
pub(super) fn noun(every: Granularity) -> &'static str {
    match every {
        Granularity::Minute => "a minute",
        Granularity::QuarterHour => "a quarter of an hour",
        Granularity::Hour => "an hour",
        Granularity::Day => "a day",
        Granularity::Week => "a week",
        Granularity::Month => "a month",
        Granularity::Quarter => "a quarter",
        Granularity::Year => "a year",
        Granularity::All => "all time",
    }
}

/// A calendar, as far as it says where periods begin: `UTC, years from april`.
pub(super) fn shown(calendar: &Calendar, every: Granularity) -> String {
    let from = match every {
        Granularity::Week if calendar.week_start != jiff::civil::Weekday::Monday => {
            format!(", weeks from {:?}", calendar.week_start)
        }
        Granularity::Quarter | Granularity::Year if calendar.fiscal_year_start != 1 => {
            let first = jiff::civil::Date::new(1, calendar.fiscal_year_start, 1);
            first.map_or(String::new(), |first| format!(", years from {}", first.strftime("%B")))
        }
        _ => String::new(),
    };
    format!("{}{from}", calendar.zone_name)
}

/// Whether the periods that a range is in could be asked for.
fn is_covered(
    rollup: &Rollup,
    calendar: &Calendar,
    every: Granularity,
    range: &Period,
    now: Timestamp,
) -> bool {
    let first = calendar.period(every, range.start);
    let last = just_before(range.end).and_then(|instant| calendar.period(every, instant));
    first.zip(last).is_some_and(|(first, last)| {
        let whole = Period { start: first.start, end: last.end };
        periods(every, &whole) <= MAX_PERIODS
            && first_uncovered(rollup, calendar, every, &whole, now).is_none()
    })
}

/// The parameter without which the range could be covered; `every` if there is none.
fn cause(
    rollup: &Rollup,
    calendar: &Calendar,
    every: Granularity,
    range: &Period,
    now: Timestamp,
) -> &'static str {
    let own = Calendar::of(rollup);
    let in_zone =
        Calendar { zone: own.zone.clone(), zone_name: own.zone_name.clone(), ..calendar.clone() };
    if calendar.zone != own.zone && is_covered(rollup, &in_zone, every, range, now) {
        return "time_zone";
    }
    match every {
        _ if !is_covered(rollup, &own, every, range, now) => "every",
        Granularity::Week if calendar.week_start != own.week_start => "week_start",
        Granularity::Quarter | Granularity::Year
            if calendar.fiscal_year_start != own.fiscal_year_start =>
        {
            "fiscal_year_start"
        }
        _ => "every",
    }
}

/// What could be asked instead.
fn advice(
    rollup: &Rollup,
    calendar: &Calendar,
    every: Granularity,
    range: &Period,
    now: Timestamp,
) -> Vec<String> {
    let own = Calendar::of(rollup);
    let coverable = |other: &Granularity| {
        *other != Granularity::All
            && *other != every
            && is_covered(rollup, calendar, *other, range, now)
    };
    let others = Granularity::EVERY.into_iter().filter(coverable).map(Granularity::name);
    let others: Vec<_> = others.collect();
    let mut advice = Vec::new();
    if !others.is_empty() {
        advice.push(format!("every={}", others.join(", ")));
    }
    if calendar.zone != own.zone && is_covered(rollup, &own, every, range, now) {
        advice.push(format!("time_zone={}", own.zone_name));
        advice.extend(other_zones(rollup));
    }
    advice
}

/// The zones whose days begin where buckets of the clock do.
fn other_zones(rollup: &Rollup) -> Option<String> {
    let finest = rollup.granularities.iter().find(|kept| clock::seconds(**kept).is_some())?;
    let apart = match finest {
        Granularity::Hour => "whole hours",
        Granularity::QuarterHour => "whole quarters of an hour",
        _ => return None,
    };
    Some(match rollup.time_zone_name.as_str() {
        "UTC" => format!("a time zone whose offset is {apart}, such as Europe/Berlin"),
        name => format!("a time zone that is {apart} from {name}"),
    })
}
