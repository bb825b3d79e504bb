//! The parameters that are a choice: the calendar, the measures, what stands where nothing is
//! counted, what it is compared with.

use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use weir_model::limits::MAX_ERRORS;
use weir_model::shorten::{listed, quoted};
use weir_model::{Model, Rollup, suggestion};

use super::compare::Compare;
use super::errors::{ParameterError, ParameterErrors, noted};
use super::{Fill, Question};
use crate::calendar::Calendar;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
const MONTHS: [(&str, i8); 12] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
];
const FILLS: [(&str, Fill); 3] =
    [("zero", Fill::Zero), ("null", Fill::Null), ("previous", Fill::Previous)];

/// Returns the calendar of a question: the rollup's own, but for what is asked.
pub(super) fn calendar(rollup: &Rollup, question: &Question) -> Result<Calendar, ParameterErrors> {
    let mut errors = Vec::new();
    let mut calendar = Calendar::for_rollup(rollup);
    let asked = question.time_zone.as_ref().map(|name| zone(name)).transpose();
    if let Some(Some((zone, name))) = noted(asked, &mut errors) {
        (calendar.zone, calendar.zone_name) = (zone, name);
    }
    let week_start = one_of("week_start", question.week_start.as_deref(), &WEEKDAYS);
    let fiscal = one_of("fiscal_year_start", question.fiscal_year_start.as_deref(), &MONTHS);
    if let Some(Some(weekday)) = noted(week_start, &mut errors) {
        calendar.week_start = weekday;
    }
    if let Some(Some(month)) = noted(fiscal, &mut errors) {
        calendar.fiscal_year_start = month;
    }
    match errors.is_empty() {
        true => Ok(calendar),
        false => Err(ParameterErrors(errors)),
    }
}

pub(super) fn fill(question: &Question) -> Result<Fill, ParameterErrors> {
    Ok(one_of("fill", question.fill.as_deref(), &FILLS)?.unwrap_or_default())
}

pub(super) fn compare(question: &Question) -> Result<Option<Compare>, ParameterErrors> {
    let choices = Compare::EVERY.map(|compare| (compare.name(), compare));
    one_of("compare", question.compare.as_deref(), &choices)
}

/// Returns the positions of the measures that are asked for, in their order; all of them if none is
/// named.
pub(super) fn measures(
    model: &Model,
    rollup: &Rollup,
    text: Option<&str>,
) -> Result<Vec<usize>, ParameterErrors> {
    let Some(text) = text else { return Ok((0..rollup.measures.len()).collect()) };
    let mut errors = Vec::new();
    let mut positions = Vec::new();
    let parts = text.split(',').count();
    if parts > rollup.measures.len() + MAX_ERRORS {
        let most = rollup.measures.len();
        let message = format!("{parts} measures, expected at most {most}, each once");
        return Err(ParameterError::new("measures", message).into());
    }
    for name in text.split(',').map(str::trim) {
        match rollup.measures.iter().position(|known| known.name == name) {
            Some(position) if positions.contains(&position) => {
                let message = format!("{} twice, expected each measure once", quoted(name));
                errors.push(ParameterError::new("measures", message));
            }
            Some(position) => positions.push(position),
            None => {
                errors.push(ParameterError::new("measures", unknown_measure(model, rollup, name)))
            }
        }
    }
    match errors.is_empty() {
        true => Ok(positions),
        false => Err(ParameterErrors(errors)),
    }
}

fn unknown_measure(model: &Model, rollup: &Rollup, name: &str) -> String {
    let names: Vec<_> = rollup.measures.iter().map(|known| known.name.as_str()).collect();
    let others = model.rollups.iter().filter(|other| other.measure(name).is_some());
    let others: Vec<_> = others.map(|other| format!("`{}`", other.name)).collect();
    let elsewhere = match others.is_empty() {
        true => String::new(),
        false => format!("; it is one of {}", listed(&others)),
    };
    let near = suggestion(name, names.iter().copied());
    let (name, valid) = (quoted(name), listed(&names));
    format!("{name} is no measure of `{}`; {near}expected {valid}{elsewhere}", rollup.name)
}

fn zone(name: &str) -> Result<(TimeZone, String), ParameterErrors> {
    if name.eq_ignore_ascii_case("UTC") {
        return Ok((TimeZone::UTC, "UTC".to_owned()));
    }
    let zones = TimeZoneDatabase::bundled();
    if let Ok(zone) = zones.get(name) {
        let name = zone.iana_name().unwrap_or(name).to_owned();
        return Ok((zone, name));
    }
    let names: Vec<_> = zones.available().map(|name| name.to_string()).collect();
    let near = suggestion(name, names.iter().map(String::as_str));
    let name = quoted(name);
    let message =
        format!("{name} is no time zone; {near}expected a name such as UTC or Europe/Berlin");
    Err(ParameterError::new("time_zone", message).into())
}

/// Returns the value that a parameter names; `None` if it is absent.
fn one_of<T: Copy>(
    parameter: &str,
    text: Option<&str>,
    choices: &[(&str, T)],
) -> Result<Option<T>, ParameterErrors> {
    let Some(text) = text else { return Ok(None) };
    if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
        return Ok(Some(*choice));
    }
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let near = suggestion(text, names.iter().copied());
    let message = format!("{}; {near}expected {}", quoted(text), listed(&names));
    Err(ParameterError::new(parameter, message).into())
}
