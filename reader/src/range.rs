//! The range of sort keys that a list reads: the entity's own keys, narrowed by `begins_with`, or `from` and `to`.
//!
//! ```text
//! SK = "ORDER#{created_at}#{order_id}"      ?from=2026-11-01&to=2026-11-20
//!
//!       ORDER#2026-11-01T00:00:00.000Z ≤ SK < ORDER#2026-11-20T00:00:00.000Z
//! ```
//!
//! The parameters are about the first attribute of the sort key that the path does not give.
//!
//! **Invariant:** a range never leaves the keys that the entity's template makes; values are compared as the sort key
//! has them, and where that is not the order of the values, the question is refused.

use std::collections::HashMap;

use model::attribute::{Attribute, AttributeType, Case};
use model::instant::{self, TimestampFormat};
use model::template::{Cut, Format, Segment, escape};
use model::{AttributeValue, Entity, FieldError, Item, Template};
use table::SortRange;

/// Greater than every character that keys are made of, and so behind every key with the text before it.
const END: char = char::MAX;
/// The least text that DynamoDB compares a key with: it takes no empty one.
const BEGINNING: &str = "\u{0}";
/// What a shortened timestamp is completed with, from its length on.
const FIRST_INSTANT: &str = "0000-01-01T00:00:00Z";

/// What is asked of a list, in text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) begins_with: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}

/// A range of sort keys, of which one may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyRange {
    pub(crate) range: SortRange,
    excluded: Option<String>,
}

/// A sort key that the path gives the beginning of.
struct Open<'a> {
    entity: &'a Entity,
    item: Item,
    prefix: Template,
    first: &'a Attribute,
    format: Format,
}

impl KeyRange {
    /// The range of an entity's items in the partition of a path.
    ///
    /// # Errors
    /// The parameters that do not go with the sort key.
    pub(crate) fn of(
        entity: &Entity,
        path: &[(&str, &str)],
        asked: &Asked,
    ) -> Result<Self, Vec<FieldError>> {
        let Some(open) = Open::of(entity, path)? else { return Ok(Self::default()) };
        match (&asked.begins_with, &asked.from, &asked.to) {
            (None, None, None) => {
                open.text().map(|prefix| Self::from(SortRange::BeginsWith(prefix)))
            }
            (Some(text), None, None) => open.begins_with(text),
            (None, from, to) => open.between(from.as_deref(), to.as_deref()),
            (Some(_), ..) => {
                Err(error("begins_with", "goes without from and to, expected one or the other"))
            }
        }
        .map_err(|error| vec![error])
    }

    /// Whether a sort key that DynamoDB found in the range is one of it.
    pub(crate) fn admits(&self, sort_key: &str) -> bool {
        self.excluded.as_deref() != Some(sort_key)
    }
}

impl From<SortRange> for KeyRange {
    fn from(range: SortRange) -> Self {
        Self { range, excluded: None }
    }
}

impl<'a> Open<'a> {
    /// `None` for an entity without a sort key.
    fn of(entity: &'a Entity, path: &[(&str, &str)]) -> Result<Option<Self>, Vec<FieldError>> {
        let Some(template) = entity.sort() else { return Ok(None) };
        let given = |name: &str| path.iter().any(|(given, _)| *given == name);
        let open = template.segments.iter().position(
            |segment| matches!(segment, Segment::Field { attribute, .. } if !given(attribute)),
        );
        let Some(position) = open else { return Ok(None) };
        let Segment::Field { attribute, format } = &template.segments[position] else {
            return Ok(None);
        };
        let segments = template.segments[..position].to_vec();
        Ok(Some(Self {
            entity,
            item: entity.item_from_text(path)?,
            prefix: Template { segments, escape: template.escape },
            first: entity.attribute(attribute).expect("a template's attributes are declared"),
            format: *format,
        }))
    }

    /// What every sort key of the entity begins with in this partition.
    fn text(&self) -> Result<String, FieldError> {
        let rendered = self.prefix.render(&self.entity.attributes, &self.item);
        rendered.map_err(|cause| error(&self.first.name, cause.to_string()))
    }

    fn begins_with(&self, text: &str) -> Result<KeyRange, FieldError> {
        let text = match (&self.first.kind, self.format) {
            (AttributeType::String | AttributeType::Enum { .. }, format) => {
                cased(format, &self.cleaned(text))
            }
            (AttributeType::Timestamp(TimestampFormat::Rfc3339 { .. }), _) => {
                let of_time = |c: char| c.is_ascii_digit() || "-:T.Z".contains(c);
                if !text.chars().all(of_time) {
                    let expected =
                        "expected the beginning of a time in UTC such as 2026-11 or 2026-11-20T06";
                    return Err(error("begins_with", format!("`{text}`, {expected}")));
                }
                self.beginning_of_time(text)?
            }
            (kind, _) => {
                let (name, kind) = (&self.first.name, kind.name());
                let message = format!("`{name}` is of type {kind}, expected from and to instead");
                return Err(error("begins_with", message));
            }
        };
        let text = if self.prefix.escape { escape(&text).into_owned() } else { text };
        Ok(SortRange::BeginsWith(format!("{}{text}", self.text()?)).into())
    }

    fn between(&self, from: Option<&str>, to: Option<&str>) -> Result<KeyRange, FieldError> {
        let prefix = self.text()?;
        let key = |parameter: &'static str, text: Option<&str>| {
            text.map(|text| self.key(parameter, text).map(|text| format!("{prefix}{text}")))
                .transpose()
        };
        let (from, to) = (key("from", from)?, key("to", to)?);
        let everything = || format!("{prefix}{END}");
        let beginning = || if prefix.is_empty() { BEGINNING.to_owned() } else { prefix.clone() };
        // Reversed numbers: the greatest has the least key, and what begins with `to` is left out as a whole.
        let (low, high) = if matches!(self.format, Format::Descending(_)) {
            let behind = |key: String| format!("{key}{END}");
            (to.map(behind), from.map(behind))
        } else {
            (from, to)
        };
        let is_empty = low.as_ref().zip(high.as_ref()).is_some_and(|(low, high)| low >= high);
        if is_empty {
            return Err(error("to", "expected more than `from`; `to` itself is not included"));
        }
        let low = low.unwrap_or_else(beginning);
        Ok(KeyRange {
            excluded: high.clone(),
            range: SortRange::Between(low, high.unwrap_or_else(everything)),
        })
    }

    /// The text that a value has in the sort key.
    fn key(&self, parameter: &str, text: &str) -> Result<String, FieldError> {
        let kind = &self.first.kind;
        let wrong = |message: String| error(parameter, message);
        if matches!(self.format, Format::Plain | Format::Lower | Format::Upper)
            && !sorts_as_text(kind)
        {
            let (name, kind) = (&self.first.name, kind.name());
            let message = format!(
                "`{name}` is of type {kind}, whose text in the sort key is not in its order; \
                 a range needs a padded integer, such as {{{name}:08}}, or an RFC 3339 timestamp; text has begins_with"
            );
            return Err(wrong(message));
        }
        if text.is_empty() {
            return Err(wrong("expected a value".to_owned()));
        }
        let text = match kind {
            AttributeType::Timestamp(_) => completed(text),
            _ => text.to_owned(),
        };
        let value =
            self.first.normalise_text(&text).map_err(|invalid| wrong(invalid.to_string()))?;
        if let Format::Cut(cut) = self.format {
            check_cut(cut, &value).map_err(&wrong)?;
        }
        let field = Segment::Field { attribute: self.first.name.clone(), format: self.format };
        let template = Template { segments: vec![field], escape: self.prefix.escape };
        let item = Item::from(HashMap::from([(self.first.field.clone(), value)]));
        let rendered = template.render(&self.entity.attributes, &item);
        rendered.map_err(|cause| wrong(cause.to_string()))
    }

    /// A whole timestamp as it is stored, with the places of its precision; the beginning of one as it is.
    fn beginning_of_time(&self, text: &str) -> Result<String, FieldError> {
        if !text.ends_with('Z') {
            return Ok(text.to_owned());
        }
        let wrong = |message: String| error("begins_with", message);
        match self.first.normalise_text(text).map_err(|invalid| wrong(invalid.to_string()))? {
            AttributeValue::S(stored) => Ok(stored),
            _ => Err(wrong("expected the beginning of a time".to_owned())),
        }
    }

    /// Text in the case that the attribute is stored in.
    fn cleaned(&self, text: &str) -> String {
        match self.first.rules.case {
            Some(Case::Lower) => text.to_lowercase(),
            Some(Case::Upper) => text.to_uppercase(),
            None => text.to_owned(),
        }
    }
}

/// Whether the plain text of a type's values is in their order, with whatever follows it in a key. Text is not: the `#`
/// behind it sorts after a space, and escapes sort elsewhere than what they stand for.
fn sorts_as_text(kind: &AttributeType) -> bool {
    match kind {
        AttributeType::Timestamp(format) => *format != TimestampFormat::Epoch,
        kind => *kind == AttributeType::Boolean,
    }
}

/// A cut key knows no more of a time than its cut: a finer one would be taken for the whole.
fn check_cut(cut: Cut, value: &AttributeValue) -> Result<(), String> {
    let instant = instant::read(value).ok_or("expected a time")?;
    let text = cut.text(instant);
    if completed(&text).parse().ok() == Some(instant) {
        return Ok(());
    }
    Err(format!("expected where a key begins, such as {text}: the sort key has no finer times"))
}

/// A time as short as a year, completed to its first instant in UTC.
fn completed(text: &str) -> String {
    let is_short = matches!(text.len(), 4 | 7 | 10 | 13 | 16 | 19) && text.is_ascii();
    if is_short && (text.len() == 4 || text.contains('-')) {
        format!("{text}{}", &FIRST_INSTANT[text.len()..])
    } else {
        text.to_owned()
    }
}

fn cased(format: Format, text: &str) -> String {
    match format {
        Format::Lower => text.to_lowercase(),
        Format::Upper => text.to_uppercase(),
        _ => text.to_owned(),
    }
}

fn error(field: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), message: message.into() }
}

#[cfg(test)]
mod tests;
