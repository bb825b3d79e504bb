//! Times as parameters.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use weir_model::instant;
use weir_model::shorten::quoted;

use super::errors::ParameterError;
use crate::calendar;

/// Returns the time that the text of a parameter is.
pub(super) fn instant(
    parameter: &str,
    text: &str,
    zone: &TimeZone,
) -> Result<Timestamp, ParameterError> {
    parsed(text, zone).ok_or_else(|| {
        let hint = instant::hint_at_plus(text);
        let message = format!(
            "{} is not a time; expected a time such as 2026, 2026-11, 2026-11-20, \
             2026-11-20T06:40 or RFC 3339{hint}",
            quoted(text)
        );
        ParameterError::new(parameter, message)
    })
}

/// Reads a time: RFC 3339, or a local date or time of the zone, as short as a year.
fn parsed(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Some(instant) = instant::parse(text) {
        return Some(instant);
    }
    let padded = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    let local = instant::parse_local(&padded)?;
    if local.time() == Time::midnight() {
        return calendar::beginning(local.date(), zone);
    }
    local.to_zoned(zone.clone()).ok().map(|zoned: Zoned| zoned.timestamp())
}
