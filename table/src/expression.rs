//! Conditions and updates in DynamoDB's words: every name and value by placeholder, each once.
//!
//! **Invariant:** no text of a definition or a request is part of an expression; only placeholders,
//! operators and positions are.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use weir_model::condition::{Predicate, StoredType};
use weir_model::filter::Test;
use weir_model::limits::MAX_EXPRESSION_BYTES;
use weir_model::update::{Assignment, Operation};
use weir_model::{AttributeValue, FieldError, Number, Path, Step};

use crate::error::Error;

/// The placeholders of one request's expressions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Placeholders {
    names: Vec<String>,
    values: Vec<AttributeValue>,
    /// The position of each name.
    named: HashMap<String, usize>,
    /// The positions of the values that are single, by their letters and text.
    single: HashMap<(&'static str, String), usize>,
    /// The positions of all other values, which are few: each takes five bytes of an expression.
    others: Vec<usize>,
}

impl Placeholders {
    /// The placeholder of a name.
    pub(crate) fn name(&mut self, name: &str) -> String {
        let position = match self.named.get(name) {
            Some(position) => *position,
            None => {
                self.names.push(name.to_owned());
                self.named.insert(name.to_owned(), self.names.len() - 1);
                self.names.len() - 1
            }
        };
        format!("#n{position}")
    }

    /// The placeholder of a value.
    pub(crate) fn value(&mut self, value: &AttributeValue) -> String {
        format!(":v{}", self.position(value))
    }

    fn position(&mut self, value: &AttributeValue) -> usize {
        let next = self.values.len();
        let position = match value {
            AttributeValue::S(text) | AttributeValue::N(text) => {
                let letters = StoredType::from_value(value).letters();
                *self.single.entry((letters, text.clone())).or_insert(next)
            }
            other => match self.others.iter().find(|known| self.values[**known] == *other) {
                Some(known) => *known,
                None => {
                    self.others.push(next);
                    next
                }
            },
        };
        if position == next {
            self.values.push(value.clone());
        }
        position
    }

    /// The names by placeholder; `None` when there is none, for DynamoDB takes no empty map.
    pub(crate) fn names(&self) -> Option<HashMap<String, String>> {
        let names = self.names.iter().enumerate();
        let names: HashMap<_, _> =
            names.map(|(position, name)| (format!("#n{position}"), name.clone())).collect();
        (!names.is_empty()).then_some(names)
    }

    /// The values by placeholder; `None` when there is none.
    pub(crate) fn values(&self) -> Option<HashMap<String, SdkValue>> {
        let values = self.values.iter().enumerate();
        let values: HashMap<_, _> = values
            .map(|(position, value)| (format!(":v{position}"), value.clone().into()))
            .collect();
        (!values.is_empty()).then_some(values)
    }

    /// A condition; `None` for one that says nothing.
    pub(crate) fn condition(&mut self, predicate: &Predicate) -> Option<String> {
        (!predicate.is_always()).then(|| self.predicate(predicate))
    }

    /// Adds the action of an update at each place.
    pub(crate) fn update(&mut self, assignments: &[Assignment]) -> String {
        let mut clauses: [(&str, Vec<String>); 4] =
            [("SET", vec![]), ("REMOVE", vec![]), ("ADD", vec![]), ("DELETE", vec![])];
        for assignment in assignments {
            let (clause, action) = self.action(assignment);
            let found = clauses.iter_mut().find(|(known, _)| *known == clause);
            found.expect("an action is in one of the clauses").1.push(action);
        }
        let clauses = clauses.iter().filter(|(_, actions)| !actions.is_empty());
        let clauses = clauses.map(|(clause, actions)| format!("{clause} {}", actions.join(", ")));
        clauses.collect::<Vec<_>>().join(" ")
    }

    fn action(&mut self, Assignment { path, operation }: &Assignment) -> (&'static str, String) {
        let place = self.path(path);
        let set = |value: String| ("SET", format!("{place} = {value}"));
        match operation {
            Operation::Value(value) => set(self.value(value)),
            Operation::ValueIfAbsent(value) => {
                set(format!("if_not_exists({place}, {})", self.value(value)))
            }
            // `ADD` is documented for attributes themselves only. Of numbers the same can be said
            // by `SET`; of sets nothing else can be said, and DynamoDB takes `ADD` and `DELETE` of
            // those that are in maps and lists too.
            Operation::Plus(value) if path.is_whole() => {
                ("ADD", format!("{place} {}", self.value(value)))
            }
            Operation::NextVersion => {
                let one = AttributeValue::N(Number::from(1).to_string());
                ("ADD", format!("{place} {}", self.value(&one)))
            }
            Operation::Plus(value) => {
                let (zero, value) = (self.value(&zero()), self.value(value));
                set(format!("if_not_exists({place}, {zero}) + {value}"))
            }
            Operation::Minus(value) => {
                let (zero, value) = (self.value(&zero()), self.value(value));
                set(format!("if_not_exists({place}, {zero}) - {value}"))
            }
            Operation::Append(members) => {
                let (none, members) = (self.value(&no_members()), self.value(members));
                set(format!("list_append(if_not_exists({place}, {none}), {members})"))
            }
            Operation::Prepend(members) => {
                let (none, members) = (self.value(&no_members()), self.value(members));
                set(format!("list_append({members}, if_not_exists({place}, {none}))"))
            }
            Operation::Union(members) => ("ADD", format!("{place} {}", self.value(members))),
            Operation::Without(members) => ("DELETE", format!("{place} {}", self.value(members))),
            Operation::Nothing => ("REMOVE", place),
        }
    }

    fn predicate(&mut self, predicate: &Predicate) -> String {
        match predicate {
            Predicate::All(parts) if parts.is_empty() => self.constant(true),
            Predicate::Any(parts) if parts.is_empty() => self.constant(false),
            Predicate::All(parts) => self.joined(parts, " AND "),
            Predicate::Any(parts) => self.joined(parts, " OR "),
            Predicate::Not(part) => format!("(NOT {})", self.predicate(part)),
            // Timestamps are compared as text: who sends this has asked for the form, if it must.
            Predicate::Test(path, test) | Predicate::Time(path, test, _) => {
                let place = self.path(path);
                self.test(&place, test)
            }
            Predicate::Size(path, test) => {
                let place = self.path(path);
                self.test(&format!("size({place})"), test)
            }
            Predicate::Type(path, stored) => {
                let letters = AttributeValue::S(stored.letters().to_owned());
                format!("attribute_type({}, {})", self.path(path), self.value(&letters))
            }
            Predicate::AbsentOr(path, stored) => {
                let (place, letters) = (self.path(path), stored.letters().to_owned());
                let letters = self.value(&AttributeValue::S(letters));
                format!("(attribute_not_exists({place}) OR attribute_type({place}, {letters}))")
            }
        }
    }

    fn joined(&mut self, parts: &[Predicate], word: &str) -> String {
        let parts: Vec<_> = parts.iter().map(|part| self.predicate(part)).collect();
        if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(word)) }
    }

    /// An expression that holds always, or never.
    fn constant(&mut self, holds: bool) -> String {
        let one = self.value(&AttributeValue::N("1".to_owned()));
        if holds { format!("{one} = {one}") } else { format!("{one} <> {one}") }
    }

    fn test(&mut self, place: &str, test: &Test) -> String {
        match test {
            Test::In(operands) => match operands.as_slice() {
                [] => self.constant(false),
                [only] => format!("{place} = {}", self.value(only)),
                several => {
                    let several: Vec<_> = several.iter().map(|value| self.value(value)).collect();
                    format!("{place} IN ({})", several.join(", "))
                }
            },
            Test::Ne(operand) => format!("{place} <> {}", self.value(operand)),
            Test::Gt(operand) => format!("{place} > {}", self.value(operand)),
            Test::Gte(operand) => format!("{place} >= {}", self.value(operand)),
            Test::Lt(operand) => format!("{place} < {}", self.value(operand)),
            Test::Lte(operand) => format!("{place} <= {}", self.value(operand)),
            Test::Between(low, high) => {
                format!("{place} BETWEEN {} AND {}", self.value(low), self.value(high))
            }
            Test::BeginsWith(operand) => format!("begins_with({place}, {})", self.value(operand)),
            Test::Contains(operand) => format!("contains({place}, {})", self.value(operand)),
            // A stored null counts as absent.
            Test::Exists(exists) => {
                let null = self.value(&AttributeValue::S("NULL".to_owned()));
                let absent =
                    format!("(attribute_not_exists({place}) OR attribute_type({place}, {null}))");
                if *exists { format!("(NOT {absent})") } else { absent }
            }
        }
    }

    fn path(&mut self, path: &Path) -> String {
        let mut text = String::new();
        for step in &path.steps {
            match step {
                Step::Name(name) if text.is_empty() => text = self.name(name),
                Step::Name(name) => text = format!("{text}.{}", self.name(name)),
                Step::Position(position) => text = format!("{text}[{position}]"),
            }
        }
        text
    }
}

/// Rejects an expression that is longer than DynamoDB takes, and says so of the part of a request
/// that it is made from.
pub(crate) fn check_length(part: &str, expression: &str) -> Result<(), Error> {
    let bytes = expression.len();
    if bytes <= MAX_EXPRESSION_BYTES {
        return Ok(());
    }
    let message = format!(
        "makes an expression of {bytes} bytes, expected at most {MAX_EXPRESSION_BYTES}, which is \
         what DynamoDB takes"
    );
    Err(Error::Invalid(vec![FieldError::new(part, message)]))
}

fn zero() -> AttributeValue {
    AttributeValue::N(Number::from(0).to_string())
}

fn no_members() -> AttributeValue {
    AttributeValue::L(Vec::new())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_model::Model;
    use weir_model::condition::parse;

    use super::*;

    fn entity() -> weir_model::Entity {
        let model: Model = r##"
            [table]
            name = "club"
            [entities.member]
            PK = "MEMBER#{id}"
            SK = "MEMBER"
            [entities.member.attributes]
            id = { type = "string", required = true }
            name = { type = "string" }
            size = { type = "integer" }
            skills = { type = "map" }
            tags = { type = "set", items = "string" }
            visits = { type = "list" }
        "##
        .parse()
        .expect("a definition");
        model.entities[0].clone()
    }

    /// An expression with its placeholders written out.
    fn spelt(placeholders: &Placeholders, expression: &str) -> String {
        let mut text = expression.to_owned();
        for (placeholder, name) in placeholders.names().into_iter().flatten() {
            text = text.replace(&placeholder, &name);
        }
        for (position, value) in placeholders.values.iter().enumerate() {
            text = text
                .replace(&format!(":v{position}"), &weir_model::value::decode(value).to_string());
        }
        text
    }

    #[test]
    fn conditions_are_written_with_their_parentheses() {
        let cases = [
            (json!({ "name": "a" }), "name = \"a\""),
            (
                json!({ "name": "a", "size": { "gt": 1, "lt": 9 } }),
                "(name = \"a\" AND (size > 1 AND size < 9))",
            ),
            (
                json!({ "or": [{ "name": "a" }, { "size": { "ne": 1 } }] }),
                "(name = \"a\" OR size <> 1)",
            ),
            (json!({ "not": { "tags": { "contains": "x" } } }), "(NOT contains(tags, \"x\"))"),
            (json!({ "size": [1, 2] }), "size IN (1, 2)"),
            (json!({ "skills.a": { "between": [1, 2] } }), "skills.a BETWEEN 1 AND 2"),
            (json!({ "visits[0]": { "begins_with": "a" } }), "begins_with(visits[0], \"a\")"),
            (json!({ "visits": { "size": { "gte": 2 } } }), "size(visits) >= 2"),
            (json!({ "name": { "type": "string" } }), "attribute_type(name, \"S\")"),
            (
                json!({ "name": { "exists": false } }),
                "(attribute_not_exists(name) OR attribute_type(name, \"NULL\"))",
            ),
        ];
        for (json, expected) in cases {
            let predicate = parse(&entity(), &json).unwrap_or_else(|errors| panic!("{errors:?}"));
            let mut placeholders = Placeholders::default();
            let condition = placeholders.condition(&predicate).expect("a condition");
            assert_eq!(spelt(&placeholders, &condition), expected, "{json}");
        }
        assert_eq!(Placeholders::default().condition(&Predicate::always()), None);
    }

    #[test]
    fn an_update_has_each_clause_once() {
        let path = |text: &str| Path::parse(&entity(), text).expect(text).path;
        let one = || AttributeValue::N("1".to_owned());
        let list = || AttributeValue::L(vec![one()]);
        let assignments = [
            Assignment { path: path("name"), operation: Operation::ValueIfAbsent(one()) },
            Assignment { path: path("size"), operation: Operation::Plus(one()) },
            Assignment { path: path("skills.a"), operation: Operation::Plus(one()) },
            Assignment { path: path("skills.b"), operation: Operation::Minus(one()) },
            Assignment { path: path("visits"), operation: Operation::Prepend(list()) },
            Assignment { path: path("tags"), operation: Operation::Nothing },
            Assignment {
                path: path("skills.c"),
                operation: Operation::Union(AttributeValue::Ns(vec!["1".to_owned()])),
            },
        ];
        let mut placeholders = Placeholders::default();
        let update = placeholders.update(&assignments);
        assert_eq!(
            spelt(&placeholders, &update),
            "SET name = if_not_exists(name, 1), skills.a = if_not_exists(skills.a, 0) + 1, \
             skills.b = if_not_exists(skills.b, 0) - 1, visits = list_append([1], \
             if_not_exists(visits, [])) REMOVE tags ADD size 1, skills.c [1]"
        );
    }
}
