//! Checks how an entity's items are recognised: its `match`, and that no item satisfies those of
//! two entities.
//!
//! | `match` on | takes |
//! |---|---|
//! | an attribute that is not declared | a text, a number, a boolean, written on each item |
//! | a key with a template | the template's text, or its beginning |
//! | a declared attribute | a beginning that all its values have |

use std::collections::HashMap;

use regex::Regex;
use serde_dynamo::AttributeValue;

use super::report::Report;
use super::toml_value::to_json;
use crate::attribute::{Attribute, AttributeType};
use crate::entity::Entity;
use crate::file::EntityFile;
use crate::key_template::KeyTemplate;
use crate::rollup::ROLLUP_MARK;
use crate::table::TableDefinition;
use crate::template::{Segment, Template};
use crate::text_test::{ExpectedText, TextTest};
use crate::unique::LOCK;
use crate::value;

/// The operator of `match`.
const BEGINS_WITH: &str = "begins_with";

/// How the items of an entity are recognised.
#[derive(Default)]
pub(super) struct Recognition {
    /// The values that are written on each item.
    pub(super) discriminator: Vec<(String, AttributeValue)>,
    /// The tests of keys and declared attributes.
    pub(super) text_tests: Vec<TextTest>,
}

/// Checks the `match` of an entity.
pub(super) fn check(
    name: &str,
    file: &EntityFile,
    table: &TableDefinition,
    attributes: &[Attribute],
    keys: &[KeyTemplate],
    has_unique: bool,
    report: &mut Report<'_>,
) -> Recognition {
    if file.discriminator.is_empty() {
        let mark = (table.entity_attribute.clone(), AttributeValue::S(name.to_owned()));
        return Recognition { discriminator: vec![mark], text_tests: Vec::new() };
    }
    let mut recognition = Recognition::default();
    let mut checker = Checker { entity: name, table, attributes, keys, has_unique, report };
    for (attribute, value) in &file.discriminator {
        match value {
            toml::Value::Table(operators) => {
                let test = checker.beginning(attribute, operators);
                recognition.text_tests.extend(test);
            }
            toml::Value::String(text) if table.key_attributes().contains(&attribute.as_str()) => {
                recognition.text_tests.push(checker.whole_key(attribute, text));
            }
            other => {
                let value = checker.value(attribute, other);
                recognition.discriminator.extend(value.map(|value| (attribute.clone(), value)));
            }
        }
    }
    recognition
}

struct Checker<'a, 'r> {
    entity: &'a str,
    table: &'a TableDefinition,
    attributes: &'a [Attribute],
    keys: &'a [KeyTemplate],
    has_unique: bool,
    report: &'a mut Report<'r>,
}

impl<'a> Checker<'a, '_> {
    /// Returns the value that is written on each item.
    fn value(&mut self, attribute: &str, text: &toml::Value) -> Option<AttributeValue> {
        let path = ["entities", self.entity, "match", attribute];
        if attribute.is_empty()
            || self.table.key_attributes().contains(&attribute)
            || self.declared(attribute).is_some()
        {
            self.report.key(
                &path,
                format!("`match` on `{attribute}`, which is something else already"),
                "expected an attribute of its own, such as match = { kind = \"order\" }",
            );
        }
        match value::encode(&AttributeType::Any, &to_json(text)) {
            Ok(AttributeValue::S(mark))
                if *attribute == self.table.entity_attribute && mark == ROLLUP_MARK =>
            {
                let message =
                    format!("`match` on `{attribute}` is `{mark}`, which rollup items have");
                self.report.value(&path, message, "expected another text");
                None
            }
            Ok(value @ (AttributeValue::S(_) | AttributeValue::N(_) | AttributeValue::Bool(_))) => {
                Some(value)
            }
            _ => {
                self.report.value(
                    &path,
                    format!("`match` on `{attribute}` is no single value"),
                    "expected text, a number or a boolean",
                );
                None
            }
        }
    }

    /// Returns the test of a key that is the same text in all items.
    fn whole_key(&mut self, key: &str, text: &str) -> TextTest {
        let path = ["entities", self.entity, "match", key];
        let expected = ExpectedText::Equal(text.to_owned());
        let template = self.keys.iter().find(|known| known.key == key);
        let is_made = template.is_some_and(|known| {
            matches!(known.template.segments.as_slice(), [Segment::Literal(own)] if own == text)
        });
        if self.declared(key).is_some() || !is_made {
            let message = format!("`match` on the key `{key}` is `{text}`, its template is not");
            let help = format!(
                "expected {key} = \"{text}\" as its template, or match = {{ {key} = {{ \
                 begins_with = \"…\" }} }}"
            );
            self.report.value(&path, message, help);
        } else {
            self.check_always_made(key);
        }
        TextTest { attribute: key.to_owned(), expected }
    }

    /// Returns the test of a key or an attribute that begins with a text.
    fn beginning(
        &mut self,
        attribute: &str,
        operators: &toml::map::Map<String, toml::Value>,
    ) -> Option<TextTest> {
        let path = ["entities", self.entity, "match", attribute];
        let only = operators.len() == 1;
        let prefix = operators.get(BEGINS_WITH).and_then(toml::Value::as_str);
        let is_key = self.table.key_attributes().contains(&attribute);
        // Every item has a partition key, which is text.
        let is_partition_key = *attribute == self.table.partition_key;
        let is_valid = |prefix: &&str| only && (is_partition_key || !prefix.is_empty());
        let Some(prefix) = prefix.filter(is_valid) else {
            self.report.value(
                &path,
                format!("`match` on `{attribute}` is not a condition that it takes"),
                "expected text, a number or a boolean, or { begins_with = \"ORDER#\" }; the \
                 beginning of the partition key alone may be empty, for a table of one entity",
            );
            return None;
        };
        let lock = format!("{LOCK}#");
        let meets = |text: &str| text.starts_with(prefix) || prefix.starts_with(text);
        let other = match attribute {
            _ if attribute == self.table.entity_attribute => Some((ROLLUP_MARK, "rollup items")),
            _ if is_key && (!prefix.is_empty() || self.has_unique) => {
                Some((lock.as_str(), "locks of unique values"))
            }
            _ => None,
        };
        if let Some((text, noun)) = other.filter(|(text, _)| meets(text)) {
            let message = format!("`match` on `{attribute}` admits `{text}`, which {noun} have");
            self.report.value(&path, message, "expected another beginning");
            return None;
        }
        match (self.declared(attribute), is_key) {
            (Some(known), _) => self.check_value_begins(known, prefix),
            (None, true) => self.check_key_begins(attribute, prefix),
            (None, false) => {
                let message =
                    format!("`match` on the beginning of `{attribute}`, which is unknown");
                let help = format!(
                    "expected a key, or an attribute in [entities.{}.attributes] that is stored \
                     as `{attribute}`",
                    self.entity
                );
                self.report.key(&path, message, help);
            }
        }
        let expected = ExpectedText::Prefix(prefix.to_owned());
        Some(TextTest { attribute: attribute.to_owned(), expected })
    }

    /// Checks that a key begins with a text, whatever the values are that it is made from.
    fn check_key_begins(&mut self, key: &str, prefix: &str) {
        let template = self.keys.iter().find(|known| known.key == key);
        if template.is_some_and(|known| known.template.literal_prefix().starts_with(prefix)) {
            return self.check_always_made(key);
        }
        let path = ["entities", self.entity, "match", key];
        let message = match template {
            Some(_) => format!("the template of `{key}` does not begin with `{prefix}`"),
            None => format!("`match` on the key `{key}`, which has no template"),
        };
        self.report.value(
            &path,
            message,
            format!("expected a template such as {key} = \"{prefix}{{id}}\""),
        );
    }

    /// Checks that every item has a key: that of an index is absent where its attributes are.
    fn check_always_made(&mut self, key: &str) {
        let is_always = |template: &Template| {
            let known = |name: &&str| self.attributes.iter().find(|known| known.name == **name);
            let names = template.attributes();
            names.iter().all(|name| known(name).is_some_and(Attribute::is_always_present))
        };
        let is_primary = *key == self.table.partition_key
            || self.table.sort_key.as_deref().is_some_and(|sort_key| *key == *sort_key);
        let Some(own) = self.keys.iter().find(|known| known.key == key) else { return };
        let mut beside = self.keys.iter().filter(|known| own.beside.contains(&known.key));
        let is_made = is_primary
            || is_always(&own.template)
                && (!own.template.attributes().is_empty()
                    || own.beside.is_empty()
                    || beside.any(|other| is_always(&other.template)));
        if !is_made {
            let path = ["entities", self.entity, "match", key];
            let message = format!("`match` on the key `{key}`, which an item may lack");
            let help = "expected attributes in its template that are required or have a default";
            self.report.key(&path, message, help);
        }
    }

    /// Checks that all values of an attribute begin with a text, and that no item lacks it.
    fn check_value_begins(&mut self, attribute: &Attribute, prefix: &str) {
        if prefix.is_empty() {
            return;
        }
        let ensures = match &attribute.kind {
            AttributeType::Enum { values } => values.iter().all(|text| text.starts_with(prefix)),
            AttributeType::String => {
                let pattern = attribute.rules.pattern.as_ref();
                pattern.is_some_and(|pattern| pattern_begins(pattern, prefix))
            }
            _ => false,
        };
        if ensures && attribute.is_always_present() {
            return;
        }
        let path = ["entities", self.entity, "match", &attribute.field];
        let name = &attribute.name;
        let message = format!("`{name}` does not always begin with `{prefix}`");
        let help = format!(
            "expected `{name}` as a required enum whose values begin so, or a required string with \
             pattern = \"^{}\"",
            regex::escape(prefix)
        );
        self.report.key(&path, message, help);
    }

    fn declared(&self, field: &str) -> Option<&'a Attribute> {
        self.attributes.iter().find(|known| known.field == field)
    }
}

/// Returns whether a pattern admits only texts that begin with a text; errs towards "no".
fn pattern_begins(pattern: &Regex, prefix: &str) -> bool {
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_#:/".contains(c));
    let rest = pattern.as_str().strip_prefix('^').and_then(|rest| {
        let escaped = regex::escape(prefix);
        let verbatim = rest.strip_prefix(prefix).filter(|_| plain(prefix));
        verbatim.or_else(|| rest.strip_prefix(escaped.as_str()))
    });
    // What follows could make the last character optional, or be another alternative.
    rest.is_some_and(|rest| !rest.starts_with(['?', '*', '{']) && !rest.contains('|'))
}

/// Finds entities of which one item could be both's, without a comparison of all pairs where only
/// values are compared.
#[derive(Default)]
pub(super) struct Alike {
    /// The entities by each value that they are recognised by.
    by_value: HashMap<String, Vec<usize>>,
    /// Those with tests of texts.
    by_text: Vec<usize>,
}

impl Alike {
    /// Returns the first entity before the one at a position from which it cannot be told, and
    /// notes that one. Positions come in order.
    pub(super) fn find<'a>(
        &mut self,
        entities: &'a [Entity],
        position: usize,
    ) -> Option<&'a Entity> {
        let entity = &entities[position];
        let mut candidates: Vec<usize> = Vec::new();
        for (name, value) in &entity.discriminator {
            let same = self.by_value.entry(format!("{name}={value:?}")).or_default();
            candidates.extend(same.iter());
            same.push(position);
        }
        if entity.text_tests.is_empty() {
            candidates.extend(&self.by_text);
        } else {
            candidates = (0..position).collect();
            self.by_text.push(position);
        }
        candidates.sort_unstable();
        candidates.into_iter().map(|other| &entities[other]).find(|other| are_alike(other, entity))
    }
}

/// Returns whether one item may be both's.
///
/// Two entities that are recognised by values alone are alike if one has all values of the other:
/// other programs write the attribute of one of them on an item, not those of both. Beginnings of
/// keys say less, for every item has a key, so such entities must differ in an attribute.
fn are_alike(left: &Entity, right: &Entity) -> bool {
    if left.text_tests.is_empty() && right.text_tests.is_empty() {
        let within = |left: &Entity, right: &Entity| {
            !left.discriminator.is_empty()
                && left.discriminator.iter().all(|pair| right.discriminator.contains(pair))
        };
        return within(left, right) || within(right, left);
    }
    let differs = |(name, value): &(String, AttributeValue)| {
        let mut values = right.discriminator.iter().filter(|(other, _)| other == name);
        let is_other = |test: &TextTest| match value {
            AttributeValue::S(text) => test.attribute == *name && !test.expected.admits(text),
            _ => test.attribute == *name,
        };
        values.any(|(_, other)| other != value) || right.text_tests.iter().any(is_other)
    };
    let text_differs = |test: &TextTest| {
        let is_other = |(name, value): &(String, AttributeValue)| match value {
            AttributeValue::S(text) => *name == test.attribute && !test.expected.admits(text),
            _ => *name == test.attribute,
        };
        let is_apart = |other: &TextTest| {
            other.attribute == test.attribute && !other.expected.meets(&test.expected)
        };
        right.discriminator.iter().any(is_other) || right.text_tests.iter().any(is_apart)
    };
    !left.discriminator.iter().any(differs) && !left.text_tests.iter().any(text_differs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_ensures_a_beginning_only_if_it_cannot_be_left_out() {
        let cases = [
            ("^order#", true),
            ("^order#[a-z]+$", true),
            ("^order#+", true),
            ("order#", false),
            ("^order", false),
            ("^order#?", false),
            ("^order#*", false),
            ("^order#{0,1}", false),
            ("^order#x|y", false),
        ];
        for (pattern, expected) in cases {
            let parsed = Regex::new(pattern).expect(pattern);
            assert_eq!(pattern_begins(&parsed, "order#"), expected, "{pattern}");
        }
        let dot = Regex::new("^a.b").expect("valid");
        assert!(!pattern_begins(&dot, "a.b"), "a dot is any character");
        let escaped = Regex::new(r"^a\.b").expect("valid");
        assert!(pattern_begins(&escaped, "a.b"));
    }
}
