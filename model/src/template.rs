//! Key templates: how an item's attributes make its keys.
//!
//! | written | is |
//! |---|---|
//! | `USER#` | itself |
//! | `{user_id}` | the attribute's text |
//! | `{number:08}` | an integer padded with zeros to 8 digits |
//! | `{number:desc08}` | 99999999 − the integer, padded: the newest sorts first |
//! | `{created_at:month}` | a timestamp cut to `year`, `month`, `day`, `hour` or `minute`, in UTC |
//! | `{email:lower}` `{code:upper}` | the text in that case |
//!
//! `#` and `%` inside a value are percent-escaped.
//!
//! **Invariant:** with escaping, two different values never render to the same key, and no value can end its own
//! segment and begin another.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use serde_dynamo::{AttributeValue, Item};
use thiserror::Error;

use crate::attribute::{Attribute, AttributeType};
use crate::instant;
use crate::number::Number;

/// The widest zero padding: what an i128 power of ten holds comfortably.
const MAX_WIDTH: usize = 30;

/// A parsed key template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its pieces, in order.
    pub segments: Vec<Segment>,
    /// Whether `#` and `%` inside values are escaped.
    pub escape: bool,
}

/// A piece of a key template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Text that stands for itself.
    Literal(String),
    /// An attribute's value.
    Field {
        /// The attribute's name.
        attribute: String,
        /// How its value is written.
        format: Format,
    },
}

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

/// What a timestamp is cut to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Why a template cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// A brace without its partner.
    #[error("a `{{` without its `}}`, or the reverse")]
    Unbalanced,
    /// `{}`.
    #[error("a field without a name")]
    Unnamed,
    /// A format that is none.
    #[error(
        "unknown format `{0}`; expected a width such as 08 or desc08, lower, upper, year, month, day, hour or minute"
    )]
    Format(String),
}

/// Why an item's values cannot make a key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RenderError {
    /// The item lacks an attribute.
    #[error("`{0}` is missing, a key is made from it")]
    Missing(String),
    /// A value does not fit the format.
    #[error("`{attribute}` is {value}, which does not fit its place in a key: {expected}")]
    Unfit {
        /// The attribute.
        attribute: String,
        /// Its value.
        value: String,
        /// What fits.
        expected: String,
    },
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str, escape: bool) -> Result<Self, TemplateError> {
        let mut segments = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            if !rest[open..].starts_with('{') {
                return Err(TemplateError::Unbalanced);
            }
            let close = rest[open..].find('}').ok_or(TemplateError::Unbalanced)? + open;
            if open > 0 {
                segments.push(Segment::Literal(rest[..open].to_owned()));
            }
            segments.push(field(&rest[open + 1..close])?);
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            segments.push(Segment::Literal(rest.to_owned()));
        }
        Ok(Self { segments, escape })
    }

    /// The attributes it names, each once, in order.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for segment in &self.segments {
            if let Segment::Field { attribute, .. } = segment
                && !names.contains(&attribute.as_str())
            {
                names.push(attribute.as_str());
            }
        }
        names
    }

    /// The text before its first field: what every key it makes begins with.
    pub fn literal_prefix(&self) -> &str {
        match self.segments.first() {
            Some(Segment::Literal(text)) => text,
            _ => "",
        }
    }

    /// The key that an item's values make.
    ///
    /// # Errors
    /// The attribute that is missing or does not fit.
    pub fn render(&self, attributes: &[Attribute], item: &Item) -> Result<String, RenderError> {
        let mut key = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => key.push_str(text),
                Segment::Field { attribute, format } => {
                    let missing = || RenderError::Missing(attribute.clone());
                    let declared = attributes
                        .iter()
                        .find(|known| known.name == *attribute)
                        .ok_or_else(missing)?;
                    let value = declared.of(item).ok_or_else(missing)?;
                    let text = format.render(declared, value)?;
                    key.push_str(&if self.escape {
                        escape(&text)
                    } else {
                        Cow::Borrowed(text.as_str())
                    });
                }
            }
        }
        Ok(key)
    }
}

impl Format {
    /// Whether the format can write values of a type.
    pub fn fits(self, kind: &AttributeType) -> bool {
        match self {
            Self::Plain => kind.is_scalar(),
            Self::Padded(_) | Self::Descending(_) => matches!(kind, AttributeType::Integer),
            Self::Cut(_) => matches!(kind, AttributeType::Timestamp(_)),
            Self::Lower | Self::Upper => {
                matches!(kind, AttributeType::String | AttributeType::Enum { .. })
            }
        }
    }

    fn render(self, attribute: &Attribute, value: &AttributeValue) -> Result<String, RenderError> {
        let unfit = |expected: &str| RenderError::Unfit {
            attribute: attribute.name.clone(),
            value: crate::value::shown(&crate::value::decode(value)),
            expected: expected.to_owned(),
        };
        let wrong_type = || unfit(&format!("expected {}", attribute.kind.noun()));
        match self {
            Self::Plain => scalar_text(&attribute.kind, value).ok_or_else(wrong_type),
            Self::Lower => scalar_text(&attribute.kind, value)
                .map(|text| text.to_lowercase())
                .ok_or_else(wrong_type),
            Self::Upper => scalar_text(&attribute.kind, value)
                .map(|text| text.to_uppercase())
                .ok_or_else(wrong_type),
            Self::Cut(cut) => {
                let instant = instant::read(value).ok_or_else(wrong_type)?;
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
    /// The timestamp, cut, in UTC.
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
}

/// The one text that a scalar value has in keys and dimensions; `None` when it is not of that type.
///
/// Numbers are written without an exponent or trailing zeros, timestamps in UTC with the places their type declares,
/// so that equal values have equal text whoever wrote them.
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
            let instant = instant::read(value)?;
            match format.encode(format.truncate(instant))? {
                AttributeValue::S(text) | AttributeValue::N(text) => Some(text),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Percent-escapes `%` and `#`, which separate the parts of a key.
pub fn escape(value: &str) -> Cow<'_, str> {
    if value.contains(['#', '%']) {
        Cow::Owned(value.replace('%', "%25").replace('#', "%23"))
    } else {
        Cow::Borrowed(value)
    }
}

fn whole(value: &AttributeValue) -> Option<i128> {
    let AttributeValue::N(text) = value else { return None };
    let number = text.parse::<Number>().ok()?;
    number.is_integer().then(|| number.to_units(0))?
}

fn field(text: &str) -> Result<Segment, TemplateError> {
    let (name, format) =
        text.split_once(':').map_or((text, None), |(name, format)| (name, Some(format)));
    if name.is_empty() {
        return Err(TemplateError::Unnamed);
    }
    if name.contains('{') {
        return Err(TemplateError::Unbalanced);
    }
    let format = format.map_or(Ok(Format::Plain), parse_format)?;
    Ok(Segment::Field { attribute: name.to_owned(), format })
}

fn parse_format(text: &str) -> Result<Format, TemplateError> {
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn attribute(name: &str, kind: AttributeType) -> Attribute {
        Attribute { required: true, ..Attribute::plain(name, kind) }
    }

    fn item(values: &[(&str, AttributeValue)]) -> Item {
        values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect::<HashMap<_, _>>()
            .into()
    }

    #[test]
    fn every_format_renders_as_documented() {
        let time = AttributeType::Timestamp(instant::TimestampFormat::Rfc3339 { places: 3 });
        let attributes = [
            attribute("n", AttributeType::Integer),
            attribute("at", time),
            attribute("name", AttributeType::String),
        ];
        let item = item(&[
            ("n", AttributeValue::N("42".to_owned())),
            ("at", AttributeValue::S("2026-11-20T06:40:54.000Z".to_owned())),
            ("name", AttributeValue::S("A#b%".to_owned())),
        ]);
        let cases = [
            ("N#{n}", "N#42"),
            ("{n:08}", "00000042"),
            ("{n:desc08}", "99999957"),
            ("{at:month}/{at:minute}", "2026-11/2026-11-20T06:40"),
            ("{at}", "2026-11-20T06:40:54.000Z"),
            ("{name:lower}#{name:upper}", "a%23b%25#A%23B%25"),
        ];
        for (text, expected) in cases {
            let template = Template::parse(text, true).expect(text);
            assert_eq!(template.render(&attributes, &item).expect(text), expected, "{text}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_read_says_why() {
        assert_eq!(Template::parse("A{b", true), Err(TemplateError::Unbalanced));
        assert_eq!(Template::parse("A}b", true), Err(TemplateError::Unbalanced));
        assert_eq!(Template::parse("A{}", true), Err(TemplateError::Unnamed));
        assert_eq!(Template::parse("{a:8}", true), Err(TemplateError::Format("8".to_owned())));
        assert_eq!(
            Template::parse("{a:desc0}", true),
            Err(TemplateError::Format("desc0".to_owned()))
        );
    }

    #[test]
    fn a_number_that_outgrows_its_padding_is_refused() {
        let attributes = [attribute("n", AttributeType::Integer)];
        let template = Template::parse("{n:02}", true).expect("valid");
        for value in ["100", "-1"] {
            let item = item(&[("n", AttributeValue::N(value.to_owned()))]);
            assert!(template.render(&attributes, &item).is_err(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn different_values_never_make_the_same_key(a in "[a#%25]{0,6}", b in "[a#%25]{0,6}", c in "[a#%25]{0,6}", d in "[a#%25]{0,6}") {
            let attributes = [attribute("x", AttributeType::String), attribute("y", AttributeType::String)];
            let template = Template::parse("K#{x}#{y}", true).expect("valid");
            let text = |value: &str| AttributeValue::S(value.to_owned());
            let left = template.render(&attributes, &item(&[("x", text(&a)), ("y", text(&b))])).expect("renders");
            let right = template.render(&attributes, &item(&[("x", text(&c)), ("y", text(&d))])).expect("renders");
            prop_assert_eq!(left == right, a == c && b == d);
        }
    }
}
