//! Formats: how a value is written into a key, and the one text that it has there.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use serde_dynamo::AttributeValue;

use super::{RenderError, TemplateError};
use crate::attribute::{Attribute, AttributeType, Case};
use crate::instant::TimestampFormat;
use crate::number::Number;

/// The widest zero padding: what an i128 power of ten holds comfortably.
const MAX_WIDTH: usize = 30;

/// How an attribute's value is written into a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As its text.
    Plain,
    /// Padded with zeros to this many digits.
    Padded(usize),
    /// Subtracted from the greatest number of this many digits, and padded.
    Descending(usize),
    /// A timestamp cut to this many characters of its RFC 3339 text.
    Cut(Cut),
    /// In lower case.
    Lower,
    /// In upper case.
    Upper,
}

/// The unit to which a timestamp is cut; the finer is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// `2026`
    Year,
    /// `2026-11`
    Month,
    /// `2026-11-20`
    Day,
    /// `2026-11-20T06`
    Hour,
    /// `2026-11-20T06:40`
    Minute,
}

impl Format {
    /// Returns whether the format can write values of a type.
    pub fn fits(self, kind: &AttributeType) -> bool {
        match self {
            Self::Plain | Self::Lower | Self::Upper => kind.is_scalar(),
            Self::Padded(_) | Self::Descending(_) => matches!(
                kind,
                AttributeType::Integer
                    | AttributeType::Timestamp(TimestampFormat::Epoch | TimestampFormat::EpochMs)
            ),
            Self::Cut(_) => matches!(kind, AttributeType::Timestamp(_)),
        }
    }

    /// Returns whether all values of a type are of the same length when they are written so.
    pub fn has_fixed_length(self, kind: &AttributeType) -> bool {
        match self {
            Self::Padded(_) | Self::Descending(_) | Self::Cut(_) => true,
            Self::Plain | Self::Lower | Self::Upper => {
                matches!(kind, AttributeType::Timestamp(TimestampFormat::Rfc3339 { .. }))
            }
        }
    }

    /// Returns whether it writes different values of an attribute differently, so that the text
    /// tells the value.
    pub fn is_lossless(self, attribute: &Attribute) -> bool {
        let case = match self {
            Self::Plain | Self::Padded(_) | Self::Descending(_) => return true,
            Self::Cut(_) => return false,
            Self::Lower => Case::Lower,
            Self::Upper => Case::Upper,
        };
        match &attribute.kind {
            AttributeType::String => attribute.rules.case == Some(case),
            AttributeType::Enum { values } => {
                let mut written = HashSet::new();
                values.iter().all(|value| written.insert(self.cased(value)))
            }
            // Letters of numbers, booleans and timestamps have one case each.
            _ => true,
        }
    }

    /// Returns whether what it writes of a value of an attribute tells what the other format writes
    /// of it.
    pub fn determines(self, other: Self, attribute: &Attribute) -> bool {
        let is_finer = matches!((self, other), (Self::Cut(own), Self::Cut(other)) if own >= other);
        self == other || is_finer || self.is_lossless(attribute)
    }

    /// Returns the text in the case of the format.
    fn cased(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            _ => text.to_owned(),
        }
    }

    pub(crate) fn render(
        self,
        attribute: &Attribute,
        value: &AttributeValue,
    ) -> Result<String, RenderError> {
        let unfit = |expected: &str| RenderError::Unfit {
            attribute: attribute.name.clone(),
            value: crate::value::shown(&crate::value::decode(value)),
            expected: expected.to_owned(),
        };
        let wrong_type = || unfit(&format!("expected {}", attribute.kind.noun()));
        match self {
            Self::Plain | Self::Lower | Self::Upper => {
                let text = scalar_text(&attribute.kind, value).ok_or_else(wrong_type)?;
                Ok(self.cased(&text))
            }
            Self::Cut(cut) => {
                let instant = attribute.kind.instant(value).ok_or_else(wrong_type)?;
                Ok(cut.text(instant))
            }
            Self::Padded(width) | Self::Descending(width) => {
                let greatest = 10_i128.pow(u32::try_from(width).unwrap_or(0)) - 1;
                let fits = |number: &i128| (0..=greatest).contains(number);
                let number = whole(value).filter(fits).ok_or_else(|| {
                    unfit(&format!("expected a whole number from 0 to {greatest}"))
                })?;
                let number =
                    if matches!(self, Self::Descending(_)) { greatest - number } else { number };
                Ok(format!("{number:0width$}"))
            }
        }
    }
}

impl Cut {
    /// Returns the timestamp, cut, in UTC.
    pub fn text(self, instant: jiff::Timestamp) -> String {
        let pattern = match self {
            Self::Year => "%Y",
            Self::Month => "%Y-%m",
            Self::Day => "%Y-%m-%d",
            Self::Hour => "%Y-%m-%dT%H",
            Self::Minute => "%Y-%m-%dT%H:%M",
        };
        instant.to_zoned(TimeZone::UTC).strftime(pattern).to_string()
    }

    /// Returns the instant at which begins what a timestamp was cut to; `None` for a text that no
    /// timestamp is cut to.
    pub fn instant(self, text: &str) -> Option<jiff::Timestamp> {
        const FIRST: &str = "0000-01-01T00:00:00Z";
        let whole = format!("{text}{}", FIRST.get(text.len()..)?);
        let instant = whole.parse().ok()?;
        (self.text(instant) == text).then_some(instant)
    }
}

/// Returns the one text that a scalar value has in keys and dimensions; `None` when it is not of
/// that type.
///
/// Numbers are written without an exponent or trailing zeros, timestamps in UTC with the places
/// their type declares, so that equal values have equal text whichever program wrote them.
pub fn scalar_text(kind: &AttributeType, value: &AttributeValue) -> Option<String> {
    match (kind, value) {
        (AttributeType::String | AttributeType::Enum { .. }, AttributeValue::S(text)) => {
            Some(text.clone())
        }
        (
            AttributeType::Number | AttributeType::Integer | AttributeType::Decimal { .. },
            AttributeValue::N(text),
        ) => text.parse::<Number>().ok().map(|number| number.to_string()),
        (AttributeType::Boolean, AttributeValue::Bool(value)) => Some(value.to_string()),
        (AttributeType::Timestamp(format), _) => {
            let instant = format.read(value)?;
            match format.encode(format.truncate(instant))? {
                AttributeValue::S(text) | AttributeValue::N(text) => Some(text),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Returns the text of a format behind the attribute's name: `:08`; empty for the plain one.
pub(super) fn suffix(format: Format) -> String {
    match format {
        Format::Plain => String::new(),
        Format::Padded(width) => format!(":0{width}"),
        Format::Descending(width) => format!(":desc0{width}"),
        Format::Cut(Cut::Year) => ":year".to_owned(),
        Format::Cut(Cut::Month) => ":month".to_owned(),
        Format::Cut(Cut::Day) => ":day".to_owned(),
        Format::Cut(Cut::Hour) => ":hour".to_owned(),
        Format::Cut(Cut::Minute) => ":minute".to_owned(),
        Format::Lower => ":lower".to_owned(),
        Format::Upper => ":upper".to_owned(),
    }
}

fn whole(value: &AttributeValue) -> Option<i128> {
    let AttributeValue::N(text) = value else { return None };
    let number = text.parse::<Number>().ok()?;
    number.is_integer().then(|| number.to_units(0))?
}

pub(super) fn parse(text: &str) -> Result<Format, TemplateError> {
    let format = match text {
        "lower" => Format::Lower,
        "upper" => Format::Upper,
        "year" => Format::Cut(Cut::Year),
        "month" => Format::Cut(Cut::Month),
        "day" => Format::Cut(Cut::Day),
        "hour" => Format::Cut(Cut::Hour),
        "minute" => Format::Cut(Cut::Minute),
        _ => {
            let (digits, descending) =
                text.strip_prefix("desc").map_or((text, false), |digits| (digits, true));
            let width = digits.strip_prefix('0').and_then(|width| width.parse::<usize>().ok());
            let width = width.filter(|width| (1..=MAX_WIDTH).contains(width));
            let width = width.ok_or_else(|| TemplateError::Format(text.to_owned()))?;
            if descending { Format::Descending(width) } else { Format::Padded(width) }
        }
    };
    Ok(format)
}
