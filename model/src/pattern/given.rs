//! The values that a path or a program gives for a pattern: each in full, or as the keys have it.
//!
//! | a key has | given is | or |
//! |---|---|---|
//! | `{at:month}` | `2026-03-05T10:00:00Z` | `2026-03` |
//! | `{owner:lower}` | `Ann` | `ann` |
//! | `{at:month}` and `{at:day}` | `2026-03-05T10:00:00Z` | `2026-03-05` |
//! | `{n:08}`, `{n:desc08}` | `42` | |
//!
//! Four digits are a year where a key has years, also of a timestamp that is stored as a number:
//! lists read them so in ranges too.
//!
//! **Invariant:** the value that a shortened text is read as makes the same keys as every other
//! value that is written so.

use serde_dynamo::{AttributeValue, Item};
use serde_json::Value;

use super::Pattern;
use crate::attribute::{Attribute, AttributeType};
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::invalid::Invalid;
use crate::shorten::listed;
use crate::template::{Cut, Format};

/// The time that messages show cut.
const EXAMPLE: &str = "2026-11-20T06:40:00Z";

impl Pattern {
    /// Returns the given attributes as a stored item has them, each read from a text of a path.
    ///
    /// # Errors
    /// Every text that is not a value of its attribute, in full or as the keys have it.
    pub fn given_from_text(
        &self,
        entity: &Entity,
        texts: &[(&str, &str)],
    ) -> Result<Item, Vec<FieldError>> {
        entity.item_read_from(texts, |attribute, text| {
            let formats = self.formats(&attribute.name);
            match shortened(&formats, attribute, text) {
                Some(value) => Ok(value),
                None => {
                    attribute.encode_text(text).map_err(|cause| hinted(cause, &formats, attribute))
                }
            }
        })
    }

    /// Returns a given attribute as a stored item has it, read from JSON.
    pub(super) fn given_from_json(
        &self,
        attribute: &Attribute,
        json: &Value,
    ) -> Result<AttributeValue, Invalid> {
        let formats = self.formats(&attribute.name);
        let short = json.as_str().and_then(|text| shortened(&formats, attribute, text));
        match short {
            Some(value) => Ok(value),
            None => attribute.normalise(json).map_err(|cause| hinted(cause, &formats, attribute)),
        }
    }
}

/// Returns a value that each of the formats writes as it does every value that makes this text;
/// `None` for a text that tells less, or that they do not write.
fn shortened(formats: &[Format], attribute: &Attribute, text: &str) -> Option<AttributeValue> {
    if let Some(finest) = finest_cut(formats) {
        let AttributeType::Timestamp(stored) = attribute.kind else { return None };
        return stored.encode(finest.instant(text)?);
    }
    let format = only_case(formats)?;
    let few = attribute.kind.values_of_few();
    let candidates = if few.is_empty() { vec![text] } else { few };
    let mut values = candidates.into_iter().filter_map(|text| attribute.normalise_text(text).ok());
    values.find(|value| format.render(attribute, value).is_ok_and(|written| written == text))
}

/// Returns the texts that a schema or a message may name beside values in full: the finest cut, or
/// each of few values in the case of the key.
pub fn shortened_texts(formats: &[Format], attribute: &Attribute) -> Vec<String> {
    if let Some(finest) = finest_cut(formats) {
        let example = EXAMPLE.parse().expect("the example is a time");
        return vec![finest.text(example)];
    }
    let Some(format) = only_case(formats) else { return Vec::new() };
    let values = attribute.kind.values_of_few().into_iter();
    let values = values.filter_map(|text| attribute.normalise_text(text).ok());
    let mut texts: Vec<_> =
        values.filter_map(|value| format.render(attribute, &value).ok()).collect();
    texts.dedup();
    texts
}

/// Returns the finest cut, where an attribute is nowhere written but cut.
fn finest_cut(formats: &[Format]) -> Option<Cut> {
    let cuts = formats.iter().map(|format| match format {
        Format::Cut(cut) => Some(*cut),
        _ => None,
    });
    cuts.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Returns the case, where an attribute is nowhere written but in that one.
fn only_case(formats: &[Format]) -> Option<Format> {
    let (first, others) = formats.split_first()?;
    let is_case = matches!(first, Format::Lower | Format::Upper);
    (is_case && others.iter().all(|other| other == first)).then_some(*first)
}

/// Returns the mistake, with what the keys have besides.
fn hinted(cause: Invalid, formats: &[Format], attribute: &Attribute) -> Invalid {
    match shortened_texts(formats, attribute).as_slice() {
        [] => cause,
        texts => Invalid::new(format!("{cause}; or as the key has it: {}", listed(texts))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Model;
    use crate::field_error::FieldError;
    use crate::pattern::{Pattern, SortKeys};

    /// Returns the partition key that a path makes of a text, or the mistake.
    fn key(partition: &str, text: &str) -> Result<String, String> {
        let name = &partition[1..partition.find([':', '}']).expect("a template")];
        let model: Model = format!(
            "[table]\nname = \"things\"\n[entities.e]\nPK = \"P#{partition}\"\nSK = \"{{id}}\"\n\
             [entities.e.attributes]\n\
             id = {{ type = \"string\", required = true }}\n\
             at = {{ type = \"timestamp\", required = true }}\n\
             second = {{ type = \"timestamp\", required = true, format = \"epoch\" }}\n\
             n = {{ type = \"integer\", required = true }}\n\
             done = {{ type = \"boolean\", required = true }}\n\
             owner = {{ type = \"string\", required = true, pattern = \"^[A-Z]\" }}\n\
             state = {{ type = \"enum\", required = true, values = [\"Open\", \"Closed\"] }}\n"
        )
        .parse()
        .expect("a definition");
        let entity = &model.entities[0];
        let pattern = Pattern::of_table(entity);
        let item = pattern.given_from_text(entity, &[(name, text)]);
        let item = item.map_err(|errors| errors[0].message.clone())?;
        pattern.partition_key(entity, &item).map_err(|error| error.message)
    }

    #[test]
    fn a_value_is_given_in_full_or_as_the_key_has_it() {
        let cases = [
            ("{at:month}", "2026-03", "P#2026-03"),
            ("{at:month}", "2026-03-05T10:00:00Z", "P#2026-03"),
            ("{at:month}#{at:day}", "2026-03-05", "P#2026-03#2026-03-05"),
            ("{at:minute}", "2026-03-05T10:07", "P#2026-03-05T10:07"),
            ("{at:year}", "2026-12-31T23:30:00-01:00", "P#2027"),
            ("{second:year}", "2026", "P#2026"),
            ("{second:month}", "1795156854", "P#2026-11"),
            ("{second:010}", "0000000042", "P#0000000042"),
            ("{n:08}", "42", "P#00000042"),
            ("{n:08}", "00000042", "P#00000042"),
            ("{n:desc08}", "42", "P#99999957"),
            ("{done:upper}", "TRUE", "P#TRUE"),
            ("{done:upper}", "true", "P#TRUE"),
            ("{owner:lower}", "ann", "P#ann"),
            ("{owner:lower}", "Ann", "P#ann"),
            ("{state:lower}", "open", "P#open"),
            ("{state:lower}", "Open", "P#open"),
            ("{state:lower}#{state:upper}", "Open", "P#open#OPEN"),
        ];
        for (partition, text, expected) in cases {
            let found = key(partition, text);
            assert_eq!(found.as_deref(), Ok(expected), "{partition} {text}");
        }
    }

    #[test]
    fn a_text_that_is_neither_is_rejected_with_what_is_allowed() {
        let cases = [
            ("{at:month}", "2026-03-05", "; or as the key has it: 2026-11"),
            ("{at:month}#{at:day}", "2026-03", "; or as the key has it: 2026-11-20"),
            ("{at:month}", "2026-13", "; or as the key has it: 2026-11"),
            ("{at}", "2026-03", "expected an RFC 3339 timestamp"),
            ("{at:month}#{at}", "2026-03", "expected an RFC 3339 timestamp"),
            ("{state:lower}", "gone", "; or as the key has it: open, closed"),
            ("{state:lower}", "OPEN", "; or as the key has it: open, closed"),
            ("{state:lower}#{state:upper}", "open", "expected one of Open, Closed"),
            ("{owner:lower}", "aNN", "expected text that matches"),
            ("{n:08}", "123456789", "expected a whole number from 0 to 99999999"),
        ];
        for (partition, text, expected) in cases {
            let error = key(partition, text).expect_err(text);
            assert!(error.contains(expected), "{partition} {text}: {error}");
        }
    }

    const SEEN: &str = r##"
        [table]
        name = "things"
        [entities.sight]
        PK = "MONTH#{at:month}"
        SK = "{at:day}#{at}#{id}"
        [entities.sight.patterns.moments]
        by = ["at"]
        [entities.visit]
        PK = "USER#{user}"
        SK = "{at:day}#{id}"
        [entities.visit.patterns.days]
        by = ["at"]
        [entities.sight.attributes]
        at = { type = "timestamp", required = true }
        id = { type = "string", required = true }
        [entities.visit.attributes]
        user = { type = "string", required = true }
        at = { type = "timestamp", required = true }
        id = { type = "string", required = true }
    "##;

    #[test]
    fn an_attribute_of_the_sort_key_is_given_as_that_has_it() {
        let model: Model = SEEN.parse().expect("a definition");
        let read = |entity: &str, texts: &[(&str, &str)]| {
            let entity = model.entity(entity).expect("it is there");
            let pattern = &entity.patterns[0];
            let given = pattern.given_from_text(entity, texts)?;
            let read = pattern.partition_of(entity, &given).map_err(|error| vec![error])?;
            Ok::<_, Vec<FieldError>>((read.key, read.range))
        };
        let begins = |text: &str| SortKeys::BeginsWith(text.to_owned());
        let day = ("USER#ann".to_owned(), begins("2026-03-05#"));
        for at in ["2026-03-05", "2026-03-05T10:00:00Z"] {
            assert_eq!(read("visit", &[("user", "ann"), ("at", at)]), Ok(day.clone()), "{at}");
        }
        assert!(read("visit", &[("user", "ann"), ("at", "2026-03")]).is_err());
        let moment = ("MONTH#2026-03".to_owned(), begins("2026-03-05#2026-03-05T10:00:00.000Z#"));
        assert_eq!(read("sight", &[("at", "2026-03-05T10:00:00Z")]), Ok(moment));
        assert!(read("sight", &[("at", "2026-03")]).is_err(), "the sort key has it in full");
    }

    #[test]
    fn json_narrows_the_sort_key_where_what_is_behind_is_given_too() {
        let model: Model = SEEN.parse().expect("a definition");
        let sight = model.entity("sight").expect("it is there");
        let pattern = Pattern::of_table(sight);
        let read = |json: Value| pattern.partition_from_json(sight, json.as_object().expect("one"));
        let month = read(json!({ "at": "2026-03" })).expect("a month");
        assert_eq!((month.key.as_str(), &month.range), ("MONTH#2026-03", &SortKeys::Every));
        let at = "2026-03-05T10:00:00.000Z";
        assert_eq!(read(json!({ "at": at })), Ok(month));
        let one = read(json!({ "at": at, "id": "x" })).expect("a key");
        assert_eq!(one.range, SortKeys::Is(format!("2026-03-05#{at}#x")));
        let errors = read(json!({ "at": "2026-03", "id": "x" })).expect_err("a time is needed");
        assert_eq!(errors[0].field, "at");
        let errors = read(json!({ "id": "x" })).expect_err("a month is needed");
        assert_eq!(errors[0].message, "is missing, `sight` is read by it");
    }
}
