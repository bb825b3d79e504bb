//! The comparison of a question, checked: the earlier range, and whether the rollup can answer for
//! it.

use jiff::Timestamp;
use weir_model::{Granularity, Rollup};

use super::QueryRange;
use super::compare::Compare;
use super::coverage::Coverage;
use super::earlier::{dates, earlier};
use super::errors::ParameterError;
use super::pairs::{Pairing, Previous};
use crate::calendar::Calendar;
use crate::cover::cover;
use crate::instant::local;
use crate::period::Period;

/// Returns the earlier range that what is asked for is compared with.
pub(super) fn previous(
    rollup: &Rollup,
    calendar: &Calendar,
    asked: &QueryRange,
    compare: Compare,
    now: Timestamp,
) -> Result<Previous, ParameterError> {
    let refuse = |message: String| ParameterError::new("compare", message);
    let Some(range) = asked.whole() else {
        return Err(refuse("all time has nothing before it; expected from and to".to_owned()));
    };
    let every = asked.every();
    if let Some(every) = every.filter(|every| !compare.fits(*every)) {
        let valid = Compare::EVERY.into_iter().filter(|compare| compare.fits(every));
        let valid = valid.map(Compare::name).collect::<Vec<_>>().join(", ");
        let name = compare.name();
        return Err(refuse(format!("`{name}` does not fit every={every}; expected {valid}")));
    }
    let before = earlier(calendar, compare, every, range).ok_or_else(|| {
        refuse("there is nothing to compare with within the years 0000 to 9999".to_owned())
    })?;
    let uncovered = |why: &dyn std::fmt::Display| {
        refuse(format!("{} cannot be compared with: {why}", between(calendar, before)))
    };
    let Some(every) = every else {
        cover(rollup, &before, now).map_err(|why| uncovered(&why))?;
        return Ok(Previous { range: QueryRange::Total(before), pairing: Pairing::InOrder });
    };
    let coverage = Coverage { rollup, calendar, every, now };
    coverage.check(&before).map_err(|why| uncovered(&why))?;
    let is_by_date = every <= Granularity::Day && dates(calendar, range).is_some();
    let pairing = match is_by_date {
        true => Pairing::ByDate { months: compare.months() },
        false => Pairing::InOrder,
    };
    let range = QueryRange::Series { every, from: before.start, to: before.end };
    Ok(Previous { range, pairing })
}

fn between(calendar: &Calendar, period: Period) -> String {
    let shown = |instant| local(instant, &calendar.zone);
    format!("the range from {} to {}", shown(period.start), shown(period.end))
}
