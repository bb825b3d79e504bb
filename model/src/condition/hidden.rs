//! What a condition asks about that answers leave out: whoever could ask about it would find it
//! out.

use super::Predicate;
use crate::attribute::{Attribute, AttributeType, Members};
use crate::entity::Entity;
use crate::filter::Test;
use crate::path::Path;
use crate::step::Step;
use crate::update::{Update, Verb};

impl Entity {
    /// Returns the places that a condition asks about and that are hidden, or are compared with
    /// something hidden in them.
    pub fn hidden_places(&self, condition: &Predicate) -> Vec<String> {
        match condition {
            Predicate::All(parts) | Predicate::Any(parts) => {
                parts.iter().flat_map(|part| self.hidden_places(part)).collect()
            }
            Predicate::Not(part) => self.hidden_places(part),
            Predicate::Test(path, Test::Exists(_))
            | Predicate::Type(path, _)
            | Predicate::AbsentOr(path, _) => self.hidden(path, |_| false),
            // How many attributes a map has tells whether it has the hidden ones.
            Predicate::Size(path, _) => self.hidden(path, |rule| {
                matches!(&rule.kind, AttributeType::Map(Members::Named(_))) && rule.hides_parts()
            }),
            Predicate::Test(path, _) | Predicate::Time(path, ..) => {
                self.hidden(path, Attribute::hides_parts)
            }
        }
    }

    /// Returns the places that an update changes by what they are, and that are hidden and have
    /// limits. Whether a change fits tells such a value: a caller who adds until nothing more fits
    /// knows it.
    pub fn hidden_limits(&self, update: &Update) -> Vec<String> {
        let told = update.actions.iter().filter(|(verb, text, _)| {
            let Ok(place) = Path::parse(self, text) else { return false };
            let rules = self.rules(&place.path);
            let has_limits = match verb {
                Verb::Add | Verb::Subtract | Verb::Append | Verb::Prepend => {
                    place.rule().rules.has_limits()
                }
                Verb::Delete => place.rule().required || place.rule().rules.has_limits(),
                Verb::Set | Verb::SetIfAbsent | Verb::Remove => false,
            };
            has_limits && rules.iter().any(|rule| rule.hidden)
        });
        told.map(|(_, text, _)| text.clone()).collect()
    }

    /// Returns the path where it is hidden, or tells too much of what it leads to.
    fn hidden(&self, path: &Path, tells: impl Fn(&Attribute) -> bool) -> Vec<String> {
        let rules = self.rules(path);
        let is_hidden = rules.iter().any(|rule| rule.hidden);
        let told = is_hidden || rules.last().is_some_and(|rule| tells(rule));
        if told { vec![path.to_string()] } else { Vec::new() }
    }

    /// Returns the rules of the places on the way to a stored place, and of it.
    fn rules(&self, path: &Path) -> Vec<&Attribute> {
        let mut steps = path.steps.iter();
        let first = steps.next().and_then(|step| named(&self.attributes, step));
        let mut rules: Vec<_> = first.into_iter().collect();
        for step in steps {
            let Some(rule) = rules.last() else { break };
            let next = match &rule.kind {
                AttributeType::List(Some(member)) | AttributeType::Map(Members::Each(member)) => {
                    Some(&**member)
                }
                AttributeType::Map(Members::Named(attributes)) => named(attributes, step),
                _ => None,
            };
            let Some(next) = next else { break };
            rules.push(next);
        }
        rules
    }
}

/// Returns the attribute that is stored by the name that a step has.
fn named<'a>(attributes: &'a [Attribute], step: &Step) -> Option<&'a Attribute> {
    attributes.iter().find(|known| *step == Step::Name(known.field.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Model;
    use crate::condition::parse;

    #[test]
    fn a_condition_asks_about_what_is_hidden_wherever_its_answer_depends_on_it() {
        let model: Model = r##"
            [table]
            name = "shop"
            [entities.order]
            PK = "ORDER#{id}"
            SK = "ORDER"
            [entities.order.attributes]
            id    = { type = "string", required = true }
            own   = { type = "map", hidden = true, items = "string" }
            [entities.order.attributes.parts]
            type = "map"
            attributes.name = { type = "string" }
            attributes.cost = { type = "number", hidden = true }
            [entities.order.attributes.lines]
            type = "list"
            items.type = "map"
            items.attributes.sku = { type = "string" }
            items.attributes.cost = { type = "number", hidden = true, field = "c" }
        "##
        .parse()
        .expect("a definition");
        let entity = &model.entities[0];
        let cases = [
            (json!({ "id": "1" }), vec![]),
            (json!({ "own": { "exists": true } }), vec!["own"]),
            (json!({ "own.a": "x" }), vec!["own.a"]),
            (json!({ "parts.cost": { "exists": true } }), vec!["parts.cost"]),
            (json!({ "lines[0].cost": 1 }), vec!["lines[0].cost"]),
            (json!({ "parts.name": "a", "lines[0].sku": "b" }), vec![]),
            (json!({ "parts": { "exists": true, "type": "map" } }), vec![]),
            (json!({ "parts": { "size": 2 } }), vec!["parts"]),
            (json!({ "lines": { "size": 2 } }), vec![]),
            (
                json!({ "not": { "lines": { "contains": { "sku": "a", "cost": 1 } } } }),
                vec!["lines"],
            ),
            (json!({ "or": [{ "lines[0]": { "eq": { "sku": "a" } } }] }), vec!["lines[0]"]),
        ];
        for (json, expected) in cases {
            let condition =
                parse(entity, &json).unwrap_or_else(|errors| panic!("{json}: {errors:?}"));
            assert_eq!(entity.hidden_places(&condition), expected, "{json}");
        }
    }
}
