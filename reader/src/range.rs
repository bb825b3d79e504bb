//! The range of sort keys that a list reads: the entity's own keys, narrowed by what is asked.
//!
//! ```text
//! SK = "ORDER#{created_at}#{order_id}"      ?from=2026-11-01&to=2026-11-20
//!
//!       ORDER#2026-11-01T00:00:00.000Z ≤ SK < ORDER#2026-11-20T00:00:00.000Z
//! ```
//!
//! The parameters are about the first attribute of the sort key that the path does not determine. A
//! path that gives a month (`PK = "TIMELINE#{at:month}"`) leaves `at` open:
//!
//! | parameter | its value |
//! |---|---|
//! | `eq`, `begins_with` | is it; begins with it |
//! | `from` or `gte`, `gt` | is it or greater; is greater |
//! | `to` or `lt`, `lte` | is less; is it or less |
//! | `between=a,b` | is `a`, `b`, or between |
//!
//! A timestamp may have been stored in another form than the definition says, `+00:00` for `Z` or
//! with other decimal places. Its key then sorts elsewhere, but within the same second. So the
//! range of keys is of whole seconds, and `table` compares the items in it as instants. With
//! `offset = "any"` keys may sort anywhere, and no range of them is answered.
//!
//! **Invariant:** a range never leaves the keys that the entity's template makes; values are
//! compared as the sort key has them, and where that is not the order of the values, the question
//! is refused.

mod instants;

use std::collections::HashMap;

use jiff::Timestamp;
use weir_model::attribute::{Attribute, AttributeType, Case};
use weir_model::instant::TimestampFormat;
use weir_model::shorten::quoted;
use weir_model::template::{Cut, Format, Segment, escape};
use weir_model::{AttributeValue, Entity, FieldError, Item, Pattern, Template};
use weir_table::{Instants, SortRange};

/// Greater than every character that keys are made of, and so behind every key with the text before
/// it.
const END: char = char::MAX;
/// The least text that DynamoDB compares a key with: it takes no empty one.
const BEGINNING: &str = "\u{0}";
/// The text that completes a shortened timestamp.
const FIRST_INSTANT: &str = "0000-01-01T00:00:00Z";

/// The parameters of a list that filter its sort keys, as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct SortKeyFilter {
    begins_with: Option<String>,
    eq: Option<String>,
    between: Option<String>,
    low: Vec<(&'static str, String)>,
    high: Vec<(&'static str, String)>,
}

/// The range of a list: sort keys, and the instants in them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) keys: SortRange,
    pub(crate) instants: Option<Instants>,
}

impl From<SortRange> for Range {
    fn from(keys: SortRange) -> Self {
        Self { keys, instants: None }
    }
}

/// A sort key of which the path determines the beginning.
struct Open<'a> {
    entity: &'a Entity,
    given: Item,
    template: &'a Template,
    position: usize,
    first: &'a Attribute,
    format: Format,
}

impl SortKeyFilter {
    /// Takes the parameters from a request.
    pub(crate) fn take(mut text: impl FnMut(&'static str) -> Option<String>) -> Self {
        let begins_with = text("begins_with");
        let mut edges = |names: [&'static str; 3]| -> Vec<_> {
            names.into_iter().filter_map(|name| Some((name, text(name)?))).collect()
        };
        let low = edges(["from", "gte", "gt"]);
        let high = edges(["to", "lt", "lte"]);
        Self { begins_with, low, high, eq: text("eq"), between: text("between") }
    }

    /// Returns the parameters that are given, of those that exclude each other.
    fn given(&self) -> Vec<&'static str> {
        let one = |name: &'static str, text: &Option<String>| text.as_ref().map(|_| name);
        let [first, eq, between] = [
            one("begins_with", &self.begins_with),
            one("eq", &self.eq),
            one("between", &self.between),
        ];
        let edges = self.low.iter().chain(&self.high).map(|(name, _)| *name);
        first.into_iter().chain(eq).chain(between).chain(edges).collect()
    }
}

/// Returns the range of an entity's items in the partition of a path, whose attributes are given.
///
/// # Errors
/// The parameters that do not go with the sort key.
pub(crate) fn sort_keys(
    entity: &Entity,
    pattern: &Pattern,
    given: Item,
    asked: &SortKeyFilter,
) -> Result<Range, Vec<FieldError>> {
    let Some(template) = pattern.sort.as_ref().map(|key| &key.template) else {
        return closed(asked).map(|()| SortRange::Every.into());
    };
    let open = template.segments.iter().enumerate().find_map(|(position, segment)| match segment {
        Segment::Field { attribute, format, .. }
            if !pattern.determines(entity, attribute, *format) =>
        {
            Some((position, attribute, *format))
        }
        _ => None,
    });
    let Some((position, name, format)) = open else {
        closed(asked)?;
        let key = template.render(&entity.attributes, &given);
        let key = key.map_err(|cause| vec![error(&entity.name, cause.to_string())])?;
        return Ok(SortRange::Between(key.clone(), key).into());
    };
    let first = entity.attribute(name).expect("a template's attributes are declared");
    let open = Open { entity, given, template, position, first, format };
    let range = open.range(asked).and_then(|keys| open.of_instants(asked, keys));
    range.map_err(|error| vec![error])
}

/// Rejects filters of a sort key that the path gives as a whole.
fn closed(asked: &SortKeyFilter) -> Result<(), Vec<FieldError>> {
    let message = "expected no range, the path leaves nothing of the sort key open";
    let errors: Vec<_> = asked.given().into_iter().map(|name| error(name, message)).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

impl Open<'_> {
    fn range(&self, asked: &SortKeyFilter) -> Result<SortRange, FieldError> {
        match asked {
            SortKeyFilter { begins_with: Some(text), .. } => {
                self.alone(asked).and(self.begins_with(text))
            }
            SortKeyFilter { eq: Some(text), .. } => self.alone(asked).and(self.equal(text)),
            SortKeyFilter { between: Some(text), .. } => {
                self.alone(asked)?;
                let expected = "expected the least and the greatest with a comma between";
                let (low, high) = text
                    .split_once(',')
                    .ok_or_else(|| error("between", format!("{}, {expected}", quoted(text))))?;
                self.between(Some(("between", low, true)), Some(("between", high, true)))
            }
            SortKeyFilter { low, high, .. } if low.is_empty() && high.is_empty() => {
                Ok(SortRange::BeginsWith(self.text()?))
            }
            SortKeyFilter { low, high, .. } => self.between(edge(low)?, edge(high)?),
        }
    }

    /// Whether nothing else is asked of the sort key.
    fn alone(&self, asked: &SortKeyFilter) -> Result<(), FieldError> {
        match asked.given().as_slice() {
            [_] => Ok(()),
            [first, others @ ..] => {
                let message =
                    format!("goes without {}, expected one or the other", others.join(" and "));
                Err(error(first, message))
            }
            [] => Ok(()),
        }
    }

    /// Returns the prefix of every sort key of the entity in this partition.
    fn text(&self) -> Result<String, FieldError> {
        let attributes = &self.entity.attributes;
        let rendered = self.template.render_before(self.position, attributes, &self.given);
        rendered.map_err(|cause| error(&self.first.name, cause.to_string()))
    }

    fn begins_with(&self, text: &str) -> Result<SortRange, FieldError> {
        let text = match (&self.first.kind, self.format) {
            (AttributeType::String | AttributeType::Enum { .. }, format) => {
                cased(format, &self.cleaned(text))
            }
            (AttributeType::Timestamp(TimestampFormat::Rfc3339 { .. }), _) => {
                let of_time = |c: char| c.is_ascii_digit() || "-:T.Z".contains(c);
                if !text.chars().all(of_time) {
                    let expected =
                        "expected the beginning of a time in UTC such as 2026-11 or 2026-11-20T06";
                    return Err(error("begins_with", format!("{}, {expected}", quoted(text))));
                }
                let text = cased(self.format, &self.beginning_of_time(text)?);
                if let Format::Cut(cut) = self.format {
                    let longest = cut.text(Timestamp::UNIX_EPOCH).len();
                    if text.len() > longest {
                        let known = &text[..longest];
                        let message = format!(
                            "`{text}`, expected at most {longest} characters, such as {known}: \
                             the sort key has no finer times"
                        );
                        return Err(error("begins_with", message));
                    }
                }
                text
            }
            (kind, _) => {
                let (name, kind) = (&self.first.name, kind.name());
                let message = format!("`{name}` is of type {kind}, expected from and to instead");
                return Err(error("begins_with", message));
            }
        };
        let text = if self.template.escape { escape(&text).into_owned() } else { text };
        Ok(SortRange::BeginsWith(format!("{}{text}", self.text()?)))
    }

    /// Returns the sort keys of one value.
    fn equal(&self, text: &str) -> Result<SortRange, FieldError> {
        let (literal, is_end) = self.template.literal_behind(self.position);
        let key = format!("{}{}{literal}", self.text()?, self.key("eq", text)?);
        Ok(if is_end { SortRange::Between(key.clone(), key) } else { SortRange::BeginsWith(key) })
    }

    fn between(
        &self,
        low: Option<Edge<'_>>,
        high: Option<Edge<'_>>,
    ) -> Result<SortRange, FieldError> {
        let prefix = self.text()?;
        let key = |edge: Option<Edge<'_>>| {
            let Some((parameter, text, included)) = edge else { return Ok(None) };
            self.ordered(parameter)?;
            let key = format!("{prefix}{}", self.key(parameter, text)?);
            Ok(Some((key, included)))
        };
        let names = (low.map(|(name, ..)| name), high.map(|(name, ..)| name));
        let (low, high) = (key(low)?, key(high)?);
        // Reversed numbers: the greatest has the least key.
        let is_reversed = matches!(self.format, Format::Descending(_));
        let (low, high) = if is_reversed { (high, low) } else { (low, high) };
        let beginning = || if prefix.is_empty() { BEGINNING.to_owned() } else { prefix.clone() };
        // A key that begins with an edge is in the range or left out as a whole.
        let behind = |key: String| format!("{key}{END}");
        let low = match low {
            Some((key, true)) => key,
            Some((key, false)) => behind(key),
            None => beginning(),
        };
        let (high, included) = match high {
            Some((key, true)) => (behind(key), true),
            Some((key, false)) => (key, false),
            None => (behind(prefix.clone()), true),
        };
        if low >= high {
            let message = match names {
                (Some(low), Some(high)) if low == high => "expected the lower end first".to_owned(),
                (Some(low), Some(_)) => format!("expected more than `{low}`"),
                _ => "expected another value, no key is there".to_owned(),
            };
            let not_included = if included { "" } else { "; that itself is not included" };
            let parameter = names.1.or(names.0).unwrap_or_default();
            return Err(error(parameter, format!("{message}{not_included}")));
        }
        Ok(if included { SortRange::Between(low, high) } else { SortRange::Until(low, high) })
    }

    /// Whether values are in the order of their keys.
    fn ordered(&self, parameter: &str) -> Result<(), FieldError> {
        let kind = &self.first.kind;
        let is_plain = matches!(self.format, Format::Plain | Format::Lower | Format::Upper);
        if !is_plain || sorts_as_text(kind) {
            return Ok(());
        }
        let (name, kind) = (&self.first.name, kind.name());
        let message = format!(
            "`{name}` is of type {kind}, whose text in the sort key is not in its order; a range \
             needs a padded integer, such as {{{name}:08}}, or an RFC 3339 timestamp; text has \
             begins_with"
        );
        Err(error(parameter, message))
    }

    /// Returns the text that a value has in the sort key.
    fn key(&self, parameter: &str, text: &str) -> Result<String, FieldError> {
        let kind = &self.first.kind;
        let wrong = |message: String| error(parameter, message);
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
            check_cut(cut, kind, &value).map_err(&wrong)?;
        }
        let item = Item::from(HashMap::from([(self.first.field.clone(), value)]));
        let attributes = &self.entity.attributes;
        let rendered = self.template.render_segment(self.position, attributes, &item);
        rendered.map_err(|cause| wrong(cause.to_string()))
    }

    /// Returns a whole timestamp as it is stored, with the places of its precision; the beginning
    /// of one as it is.
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

/// One end of a range: its parameter, its value, and whether that is in the range.
type Edge<'a> = (&'static str, &'a str, bool);

/// Returns the one parameter of an end.
fn edge<'a>(given: &'a [(&'static str, String)]) -> Result<Option<Edge<'a>>, FieldError> {
    match given {
        [] => Ok(None),
        [(name, text)] => Ok(Some((name, text, matches!(*name, "from" | "gte" | "lte")))),
        [(first, _), (other, _), ..] => {
            Err(error(first, format!("goes without {other}, expected one or the other")))
        }
    }
}

/// Whether the plain text of a type's values is in their order, with whatever follows it in a key.
/// Text is not: the `#` behind it sorts after a space, and escapes sort elsewhere than what they
/// stand for.
fn sorts_as_text(kind: &AttributeType) -> bool {
    match kind {
        AttributeType::Timestamp(format) => matches!(format, TimestampFormat::Rfc3339 { .. }),
        kind => *kind == AttributeType::Boolean,
    }
}

/// Returns a cut key knows no more of a time than its cut: a finer one would be taken for the
/// whole.
fn check_cut(cut: Cut, kind: &AttributeType, value: &AttributeValue) -> Result<(), String> {
    let instant = kind.instant(value).ok_or("expected a time")?;
    let text = cut.text(instant);
    if completed(&text).parse().ok() == Some(instant) {
        return Ok(());
    }
    Err(format!("expected where a key begins, such as {text}: the sort key has no finer times"))
}

/// Returns a time as short as a year, completed to its first instant in UTC. A whole time, which
/// may be as short, stays.
fn completed(text: &str) -> String {
    let fits = |(given, first): (u8, u8)| match first {
        b'T' => matches!(given, b'T' | b't' | b' '),
        b'0'..=b'9' => given.is_ascii_digit(),
        _ => given == first,
    };
    let is_short = matches!(text.len(), 4 | 7 | 10 | 13 | 16 | 19);
    if is_short && text.bytes().zip(FIRST_INSTANT.bytes()).all(fits) {
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
    FieldError::new(field, message.into())
}

#[cfg(test)]
mod tests;
