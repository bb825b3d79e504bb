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
//! | `{due?}`, `{due?:lower}` | the same if the item has it; else the key ends before it |
//!
//! `#` and `%` inside a value are percent-escaped. In a table written by others (`escape = false`)
//! values are written as they are, and one that has in it what stands behind it in the template is
//! refused: in `#project_{project}#task_{task}`, the project `a#task_b` of the task `c` would have
//! the key of the project `a` and the task `b#task_c`.
//!
//! **Invariant:** items whose values are different, as the template writes them, have different
//! keys; no value can end its own segment and begin another.

mod format;

use std::borrow::Cow;
use std::fmt;

use serde_dynamo::Item;
use thiserror::Error;

use crate::attribute::Attribute;

pub use format::{Cut, Format, scalar_text};

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
        /// Whether the key of an item that lacks it ends before it.
        optional: bool,
    },
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
        "unknown format `{0}`; expected a width such as 08 or desc08, lower, upper, year, month, \
         day, hour or minute"
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
        /// The values that fit.
        expected: String,
    },
    /// A value has in it what stands behind it in the key, and could make the key of another item.
    #[error(
        "`{attribute}` is {value}; expected a value without `{behind}`, which stands behind it in \
         a key, where it could make the key of another item"
    )]
    Forges {
        /// The attribute.
        attribute: String,
        /// Its value.
        value: String,
        /// The text behind it.
        behind: String,
    },
}

impl RenderError {
    /// Returns the attribute that it is about.
    pub fn attribute(&self) -> &str {
        match self {
            Self::Missing(attribute)
            | Self::Unfit { attribute, .. }
            | Self::Forges { attribute, .. } => attribute,
        }
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// The mistake in the text.
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

    /// Returns the attributes it names, each once, in order.
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

    /// Returns the formats in which it writes an attribute, in order.
    pub fn formats(&self, name: &str) -> impl Iterator<Item = Format> {
        self.segments.iter().filter_map(move |segment| match segment {
            Segment::Field { attribute, format, .. } if attribute == name => Some(*format),
            _ => None,
        })
    }

    /// Returns the text before its first field: what every key it makes begins with.
    pub fn literal_prefix(&self) -> &str {
        match self.segments.first() {
            Some(Segment::Literal(text)) => text,
            _ => "",
        }
    }

    /// Returns whether an item that has these attributes, and no others of those it names, has a
    /// key of it.
    pub fn is_made_from(&self, has: impl Fn(&str) -> bool) -> bool {
        let absent = self.segments.iter().find_map(|segment| match segment {
            Segment::Field { attribute, optional, .. } if !has(attribute) => Some(*optional),
            _ => None,
        });
        absent.unwrap_or(true)
    }

    /// Returns the key that an item's values make.
    ///
    /// # Errors
    /// The attribute that is missing or does not fit.
    pub fn render(&self, attributes: &[Attribute], item: &Item) -> Result<String, RenderError> {
        self.render_before(self.segments.len(), attributes, item)
    }

    /// Returns the beginning of the key, up to the segment at that position.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_before(
        &self,
        position: usize,
        attributes: &[Attribute],
        item: &Item,
    ) -> Result<String, RenderError> {
        let mut key = String::new();
        for position in 0..position {
            match self.render_segment(position, attributes, item) {
                Err(RenderError::Missing(_)) if self.is_optional(position) => break,
                text => key.push_str(&text?),
            }
        }
        Ok(key)
    }

    /// Returns the text of the segment at that position.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_segment(
        &self,
        position: usize,
        attributes: &[Attribute],
        item: &Item,
    ) -> Result<String, RenderError> {
        let (attribute, format) = match &self.segments[position] {
            Segment::Literal(text) => return Ok(text.clone()),
            Segment::Field { attribute, format, .. } => (attribute, *format),
        };
        let missing = || RenderError::Missing(attribute.clone());
        let declared = attributes.iter().find(|known| known.name == *attribute);
        let declared = declared.ok_or_else(missing)?;
        let text = format.render(declared, declared.value_in(item).ok_or_else(missing)?)?;
        if self.escape {
            return Ok(escape(&text).into_owned());
        }
        match self.bound(position).filter(|_| !format.has_fixed_length(&declared.kind)) {
            Some(behind) if !ends_before(&text, behind) => Err(RenderError::Forges {
                attribute: attribute.clone(),
                value: crate::value::shown(&text.into()),
                behind: behind.to_owned(),
            }),
            _ => Ok(text),
        }
    }

    /// Returns the text by which the end of an unescaped value is known: what stands behind it,
    /// unless all that follows is text. Then the value is all before that, whatever it is.
    fn bound(&self, position: usize) -> Option<&str> {
        match &self.segments[position + 1..] {
            [Segment::Literal(behind), Segment::Field { .. }, ..] => Some(behind),
            _ => None,
        }
    }

    /// Returns whether the key of an item that lacks an attribute ends before it.
    pub fn may_lack(&self, name: &str) -> bool {
        self.segments.iter().any(|segment| {
            matches!(segment, Segment::Field { attribute, optional: true, .. } if attribute == name)
        })
    }

    fn is_optional(&self, position: usize) -> bool {
        matches!(self.segments[position], Segment::Field { optional: true, .. })
    }
}

impl fmt::Display for Template {
    /// Writes the text that the template was read from.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => formatter.write_str(text),
            Segment::Field { attribute, format, optional } => {
                let optional = if *optional { "?" } else { "" };
                write!(formatter, "{{{attribute}{optional}{}}}", format::suffix(*format))
            }
        })
    }
}

/// Returns whether who looks for the text behind a value finds it behind the value, and not
/// earlier.
fn ends_before(value: &str, behind: &str) -> bool {
    format!("{value}{behind}").find(behind) == Some(value.len())
}

/// Percent-escapes `%` and `#`, which separate the parts of a key.
pub fn escape(value: &str) -> Cow<'_, str> {
    if value.contains(['#', '%']) {
        Cow::Owned(value.replace('%', "%25").replace('#', "%23"))
    } else {
        Cow::Borrowed(value)
    }
}

/// Returns the value that was escaped; `None` for text that [`escape`] does not return.
pub fn unescape(text: &str) -> Option<String> {
    let value = text.replace("%23", "#").replace("%25", "%");
    (escape(&value) == text).then_some(value)
}

fn field(text: &str) -> Result<Segment, TemplateError> {
    let (name, format) =
        text.split_once(':').map_or((text, None), |(name, format)| (name, Some(format)));
    let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
    if name.is_empty() {
        return Err(TemplateError::Unnamed);
    }
    if name.contains('{') {
        return Err(TemplateError::Unbalanced);
    }
    let format = format.map_or(Ok(Format::Plain), format::parse)?;
    Ok(Segment::Field { attribute: name.to_owned(), format, optional })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use serde_dynamo::AttributeValue;

    use super::*;
    use crate::attribute::AttributeType;
    use crate::instant::TimestampFormat;

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
        let time = AttributeType::Timestamp(TimestampFormat::rfc3339(3));
        let attributes = [
            attribute("n", AttributeType::Integer),
            attribute("at", time),
            attribute("since", AttributeType::Timestamp(TimestampFormat::EpochMs)),
            attribute("done", AttributeType::Boolean),
            attribute("name", AttributeType::String),
        ];
        let item = item(&[
            ("n", AttributeValue::N("42".to_owned())),
            ("at", AttributeValue::S("2026-11-20T06:40:54.000Z".to_owned())),
            ("since", AttributeValue::N("1795156854000".to_owned())),
            ("done", AttributeValue::Bool(true)),
            ("name", AttributeValue::S("A#b%".to_owned())),
        ]);
        let cases = [
            ("N#{n}", "N#42"),
            ("{n:08}", "00000042"),
            ("{n:desc08}", "99999957"),
            ("{at:month}/{at:minute}", "2026-11/2026-11-20T06:40"),
            ("{at}", "2026-11-20T06:40:54.000Z"),
            ("{at:lower}", "2026-11-20t06:40:54.000z"),
            ("{since}#{since:016}#{since:month}", "1795156854000#0001795156854000#2026-11"),
            ("{done:upper}", "TRUE"),
            ("{name:lower}#{name:upper}", "a%23b%25#A%23B%25"),
        ];
        for (text, expected) in cases {
            let template = Template::parse(text, true).expect(text);
            assert_eq!(template.render(&attributes, &item).expect(text), expected, "{text}");
            assert_eq!(template.to_string(), text);
        }
    }

    #[test]
    fn a_key_ends_before_an_optional_attribute_that_is_absent() {
        let attributes = [
            attribute("a", AttributeType::String),
            attribute("b", AttributeType::String),
            attribute("c", AttributeType::Integer),
        ];
        let template = Template::parse("K#{a}#b_{b?:lower}#c_{c?:03}#end", false).expect("valid");
        assert_eq!(template.to_string(), "K#{a}#b_{b?:lower}#c_{c?:03}#end");
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let (a, b, c) =
            (("a", text("A")), ("b", text("B")), ("c", AttributeValue::N("7".to_owned())));
        let cases = [
            (vec![a.clone(), b.clone(), c.clone()], Ok("K#A#b_b#c_007#end")),
            (vec![a.clone(), b], Ok("K#A#b_b#c_")),
            (vec![a.clone(), c.clone()], Ok("K#A#b_")),
            (vec![a], Ok("K#A#b_")),
            (vec![c], Err(RenderError::Missing("a".to_owned()))),
        ];
        for (values, expected) in cases {
            let made = template.is_made_from(|name| values.iter().any(|(given, _)| *given == name));
            assert_eq!(made, expected.is_ok(), "{values:?}");
            let rendered = template.render(&attributes, &item(&values));
            assert_eq!(rendered, expected.map(str::to_owned), "{values:?}");
        }
    }

    #[test]
    fn an_unescaped_value_with_the_text_behind_it_is_refused() {
        let time = AttributeType::Timestamp(TimestampFormat::rfc3339(3));
        let attributes = [
            attribute("project", AttributeType::String),
            attribute("task", AttributeType::String),
            attribute("at", time),
        ];
        let rendered = |text: &str, project: &str, task: &str| {
            let text_of = |text: &str| AttributeValue::S(text.to_owned());
            let values = [
                ("project", text_of(project)),
                ("task", text_of(task)),
                ("at", text_of("2026-11-20T06:40:54.000Z")),
            ];
            Template::parse(text, false).expect(text).render(&attributes, &item(&values))
        };
        let keys = "#project_{project}#task_{task}";
        assert_eq!(rendered(keys, "a#b", "#task_").as_deref(), Ok("#project_a#b#task_#task_"));
        let error = rendered(keys, "a#task_b", "c").expect_err("a forged key");
        assert_eq!(
            error.to_string(),
            "`project` is \"a#task_b\"; expected a value without `#task_`, which stands behind it \
             in a key, where it \
             could make the key of another item"
        );
        // `##` could end behind the first of the two as well.
        assert!(rendered("{project}##{task}", "a#", "b").is_err());
        assert_eq!(rendered("{project}#end", "a#end", "").as_deref(), Ok("a#end#end"));
        assert_eq!(rendered("{at}-{task}", "", "b").as_deref(), Ok("2026-11-20T06:40:54.000Z-b"));
    }

    #[test]
    fn a_template_that_cannot_be_read_says_why() {
        assert_eq!(Template::parse("A{b", true), Err(TemplateError::Unbalanced));
        assert_eq!(Template::parse("A}b", true), Err(TemplateError::Unbalanced));
        assert_eq!(Template::parse("A{}", true), Err(TemplateError::Unnamed));
        assert_eq!(Template::parse("A{?}", true), Err(TemplateError::Unnamed));
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
        fn different_values_never_make_the_same_key(
            a in "[a#%25]{0,6}", b in "[a#%25]{0,6}", c in "[a#%25]{0,6}", d in "[a#%25]{0,6}",
        ) {
            let attributes = ["x", "y"].map(|name| attribute(name, AttributeType::String));
            let template = Template::parse("K#{x}#{y}", true).expect("valid");
            let text = |value: &str| AttributeValue::S(value.to_owned());
            let left = item(&[("x", text(&a)), ("y", text(&b))]);
            let left = template.render(&attributes, &left).expect("renders");
            let right = item(&[("x", text(&c)), ("y", text(&d))]);
            let right = template.render(&attributes, &right).expect("renders");
            prop_assert_eq!(left == right, a == c && b == d);
        }

        #[test]
        fn unescaped_values_that_are_taken_never_make_the_same_key(
            a in "[a#b]{0,6}", b in "[a#b]{0,6}", c in "[a#b]{0,6}", d in "[a#b]{0,6}",
            behind in "#|##|#a|a#a|#ba#b",
        ) {
            let attributes = ["x", "y"].map(|name| attribute(name, AttributeType::String));
            let template = Template::parse(&format!("K#{{x}}{behind}{{y}}"), false).expect("valid");
            let text = |value: &str| AttributeValue::S(value.to_owned());
            let left = template.render(&attributes, &item(&[("x", text(&a)), ("y", text(&b))]));
            let right = template.render(&attributes, &item(&[("x", text(&c)), ("y", text(&d))]));
            prop_assert!(left.is_err() || left != right || a == c && b == d);
        }
    }
}
