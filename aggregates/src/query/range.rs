//! The range of a question: all time, the total of a range, or the periods that it is cut into.

use jiff::Timestamp;
use weir_model::shorten::{listed, quoted};
use weir_model::{Granularity, Rollup, suggestion};

use super::coverage::{Coverage, MAX_PERIODS};
use super::errors::{ParameterError, ParameterErrors, noted};
use super::explanation;
use super::time::instant;
use super::{QueryRange, Question};
use crate::calendar::Calendar;
use crate::cover::{Edge, RetainedBuckets, Uncovered, cover};
use crate::instant::{just_before, local};
use crate::period::Period;

/// Reads what a question asks for: all time, a total, or a series.
///
/// # Errors
/// The mistakes in the range and in its granularity.
pub(super) fn query_range(
    rollup: &Rollup,
    calendar: &Calendar,
    question: &Question,
    now: Timestamp,
) -> Result<QueryRange, ParameterErrors> {
    let every = question.every.as_deref().map(every).transpose()?;
    let ranged = [("from", &question.from), ("to", &question.to)];
    let given = ranged.into_iter().find(|(_, text)| text.is_some());
    match (every, given) {
        (Some(Granularity::All), Some((parameter, _))) => {
            let message = "every=all is all time and takes no range; expected no from and no to";
            Err(ParameterError::new(parameter, message).into())
        }
        (Some(Granularity::All), None) | (None, None) => all_time(rollup, every, now),
        (None, Some(_)) => total(rollup, calendar, question, now),
        (Some(every), _) => series(rollup, calendar, question, every, now),
    }
}

/// Returns the granularity of that name.
fn every(text: &str) -> Result<Granularity, ParameterError> {
    let names = Granularity::EVERY.map(Granularity::name);
    text.parse().map_err(|()| {
        let near = suggestion(text, names);
        let message = format!("{}; {near}expected {}", quoted(text), listed(names));
        ParameterError::new("every", message)
    })
}

fn all_time(
    rollup: &Rollup,
    every: Option<Granularity>,
    now: Timestamp,
) -> Result<QueryRange, ParameterErrors> {
    if rollup.granularities.contains(&Granularity::All) {
        return Ok(QueryRange::AllTime);
    }
    let names = RetainedBuckets::at(rollup, now).names();
    let error = match every {
        Some(every) => {
            let message = format!(
                "`{every}` is not kept by `{}` ({names}); expected from and to instead, for the \
                 total of a range",
                rollup.name
            );
            ParameterError::new("every", message)
        }
        None => {
            let message = format!(
                "missing; `{}` does not keep all time ({names}); expected where the range begins, \
                 and its end in `to`",
                rollup.name
            );
            ParameterError::new("from", message)
        }
    };
    Err(error.into())
}

fn total(
    rollup: &Rollup,
    calendar: &Calendar,
    question: &Question,
    now: Timestamp,
) -> Result<QueryRange, ParameterErrors> {
    if RetainedBuckets::at(rollup, now).granularities.is_empty() {
        let parameter = if question.from.is_some() { "from" } else { "to" };
        let message = format!("`{}` keeps no buckets in time; expected no range", rollup.name);
        return Err(ParameterError::new(parameter, message).into());
    }
    let edge = |parameter, text| edge(parameter, text, calendar);
    let period = range(question, (edge("from", &question.from), edge("to", &question.to)))?;
    cover(rollup, &period, now)
        .map(|_| QueryRange::Total(period))
        .map_err(|uncovered| of_total(calendar, question, &uncovered).into())
}

/// Returns the error of a total that the buckets of the rollup do not make up, at the edge that is
/// not one of a bucket's.
fn of_total(calendar: &Calendar, question: &Question, uncovered: &Uncovered) -> ParameterError {
    match uncovered {
        Uncovered::Edge { edge: Edge::Start, .. } | Uncovered::Gone { edge: Edge::Start, .. } => {
            let text = question.from.as_deref().unwrap_or_default();
            ParameterError::new("from", uncovered.message(&format!("`{text}`"), &calendar.zone))
        }
        Uncovered::Edge { edge: Edge::End, .. } | Uncovered::Gone { edge: Edge::End, .. } => {
            let text = question.to.as_deref().unwrap_or_default();
            ParameterError::new("to", uncovered.message(&format!("`{text}`"), &calendar.zone))
        }
        Uncovered::TooMany(_) => ParameterError::new("to", uncovered.to_string()),
    }
}

fn series(
    rollup: &Rollup,
    calendar: &Calendar,
    question: &Question,
    every: Granularity,
    now: Timestamp,
) -> Result<QueryRange, ParameterErrors> {
    let coverage = Coverage { rollup, calendar, every, now };
    if coverage.kept().granularities.is_empty() {
        let message =
            format!("`{every}` cannot be made of what `{}` keeps; expected all", rollup.name);
        return Err(ParameterError::new("every", message).into());
    }
    let aligned = |parameter, text| {
        let instant = edge(parameter, text, calendar)?;
        let text = text.as_deref().unwrap_or_default();
        aligned(parameter, text, instant, &coverage)
    };
    let edges = (aligned("from", &question.from), aligned("to", &question.to));
    let range = range(question, edges)?;
    refuse_too_many(&coverage, &range)?;
    coverage.check(&range)?;
    Ok(QueryRange::Series { every, from: range.start, to: range.end })
}

/// Returns the range between both edges, in their order.
fn range(
    question: &Question,
    (from, to): (Result<Timestamp, ParameterError>, Result<Timestamp, ParameterError>),
) -> Result<Period, ParameterErrors> {
    let mut errors = Vec::new();
    let from = noted(from.map_err(ParameterErrors::from), &mut errors);
    let to = noted(to.map_err(ParameterErrors::from), &mut errors);
    match (from, to) {
        (Some(start), Some(end)) if start < end => Ok(Period { start, end }),
        (Some(_), Some(_)) => {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let (from, to) = (text(&question.from), text(&question.to));
            let message = format!(
                "`{to}`; expected a time after `from`, which is `{from}`: `to` itself is not \
                 included"
            );
            Err(ParameterError::new("to", message).into())
        }
        _ => Err(ParameterErrors(errors)),
    }
}

fn edge(
    parameter: &str,
    text: &Option<String>,
    calendar: &Calendar,
) -> Result<Timestamp, ParameterError> {
    let verb = if parameter == "from" { "begins" } else { "ends" };
    let text = text.as_ref().ok_or_else(|| {
        ParameterError::new(parameter, format!("missing; expected where the range {verb}"))
    })?;
    instant(parameter, text, &calendar.zone)
}

/// Refuses an instant at which no period begins, nor ends the last one that calendars hold, with
/// those around it.
fn aligned(
    parameter: &str,
    text: &str,
    instant: Timestamp,
    coverage: &Coverage<'_>,
) -> Result<Timestamp, ParameterError> {
    let (every, calendar) = (coverage.every, coverage.calendar);
    let beyond =
        || ParameterError::new(parameter, format!("`{text}` is beyond the years 0000 to 9999"));
    let before = || just_before(instant).and_then(|before| coverage.period(before));
    let period = coverage.period(instant).or_else(before).ok_or_else(beyond)?;
    if period.start == instant || period.end == instant {
        return Ok(instant);
    }
    let message = format!(
        "`{text}` is not where {} begins ({}); expected {} or {}",
        explanation::noun(every),
        explanation::calendar_name(calendar, every),
        local(period.start, &calendar.zone),
        local(period.end, &calendar.zone)
    );
    Err(ParameterError::new(parameter, message))
}

fn refuse_too_many(coverage: &Coverage<'_>, range: &Period) -> Result<(), ParameterError> {
    let zone = &coverage.calendar.zone;
    let count = coverage.count(range);
    if count <= MAX_PERIODS {
        return Ok(());
    }
    let is_fewer = |coarser: &Granularity| coverage.of_length(*coarser).count(range) <= MAX_PERIODS;
    let coarser = Granularity::EVERY.into_iter().find(is_fewer);
    let coarser = coarser.map_or(String::new(), |coarser| format!(" or every={coarser}"));
    let message = format!(
        "about {count} periods from {} to {}, of {MAX_PERIODS} at most; expected a shorter \
         range{coarser}",
        local(range.start, zone),
        local(range.end, zone)
    );
    Err(ParameterError::new("every", message))
}
