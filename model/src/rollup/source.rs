//! Where a rollup finds a value in an item: in an attribute, or at a path into its maps.

use serde_dynamo::{AttributeValue, Item};

use crate::attribute::{Attribute, AttributeType, Members};
use crate::condition::StoredType;
use crate::filter::Condition;
use crate::foreign::Foreign;
use crate::path::{Path, Place};

/// A value that a rollup reads of each item.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Where it is, by the names that are stored.
    pub path: Path,
    /// The type and the rules of the value, under the name that the definition file has for it:
    /// `total` or `payment.total`.
    pub attribute: Attribute,
    /// How many of the first steps of the path lead to values that are declared as maps.
    maps: usize,
}

impl Source {
    /// Returns the source that a place is, under the text that names it.
    pub(crate) fn at(place: &Place<'_>, name: &str) -> Self {
        // A member of a hidden map is hidden.
        let hidden = place.rule().hidden || place.around().any(|(_, outer)| outer.hidden);
        let attribute = Attribute { name: name.to_owned(), hidden, ..place.rule().clone() };
        let is_map = |(_, outer): &(Path, &Attribute)| matches!(outer.kind, AttributeType::Map(_));
        let maps = place.around().take_while(is_map).count();
        Self { path: place.path.clone(), attribute, maps }
    }

    /// Returns its name in the definition, in questions and in the names of accumulators.
    pub fn name(&self) -> &str {
        &self.attribute.name
    }

    /// Returns the number of the first steps of its path that lead to values declared as maps. An
    /// item with another value there is not counted.
    pub fn declared_maps(&self) -> usize {
        self.maps
    }

    /// Returns whether a condition is about this value.
    pub fn is_read_by(&self, condition: &Condition) -> bool {
        self.path.is_by_names(&condition.path)
    }

    /// The type of its values.
    pub fn kind(&self) -> &AttributeType {
        &self.attribute.kind
    }

    /// Returns the value in an item; `None` for null.
    pub fn value_in<'a>(&self, item: &'a Item) -> Option<&'a AttributeValue> {
        self.path.value_in(item)
    }

    /// Returns why the value of an item, or a value on the way to it, is not of its declared type;
    /// `None` where it is, and where there is no value. What is hidden is not repeated.
    pub fn foreign(&self, item: &Item) -> Option<Foreign> {
        let on_the_way = (1..=self.maps).find_map(|length| {
            let path = self.path.first(length);
            let stored = StoredType::from_value(path.value_in(item)?);
            let reason = || AttributeType::Map(Members::Any).wrong_type(stored);
            (stored != StoredType::Map)
                .then(|| Foreign { attribute: path.to_string(), reason: reason() })
        });
        on_the_way.or_else(|| {
            let reason = self.kind().foreign(self.value_in(item)?)?;
            let hidden = || "a hidden value is not of the declared type".to_owned();
            let reason = if self.attribute.hidden { hidden() } else { reason };
            Some(Foreign { attribute: self.name().to_owned(), reason })
        })
    }

    /// Returns each value of an item: of a set or a list the different members, of anything else
    /// the value, if it is there.
    ///
    /// `None` where a set or a list is expected and something else is there.
    pub fn values_of(&self, item: &Item) -> Option<Vec<AttributeValue>> {
        let Some(value) = self.value_in(item) else { return Some(Vec::new()) };
        let mut values = match (self.kind(), value) {
            (AttributeType::Set(_), AttributeValue::Ss(members)) => {
                members.iter().cloned().map(AttributeValue::S).collect()
            }
            (AttributeType::Set(_), AttributeValue::Ns(members)) => {
                members.iter().cloned().map(AttributeValue::N).collect()
            }
            (AttributeType::Set(_), AttributeValue::Bs(members)) => {
                members.iter().cloned().map(AttributeValue::B).collect()
            }
            (AttributeType::List(_), AttributeValue::L(members)) => members.clone(),
            (AttributeType::Set(_) | AttributeType::List(_), _) => return None,
            (_, value) => vec![value.clone()],
        };
        let mut seen = Vec::new();
        values.retain(|value| {
            let is_new = !seen.contains(value) && !matches!(value, AttributeValue::Null(_));
            if is_new {
                seen.push(value.clone());
            }
            is_new
        });
        Some(values)
    }

    /// Returns the declaration of one of its values: of a set or a list a member, of anything else
    /// the whole; under the same name.
    pub fn of_one(&self) -> Attribute {
        let one = match &self.attribute.kind {
            AttributeType::List(Some(rule)) => (**rule).clone(),
            _ => self.attribute.of_one(),
        };
        Attribute { name: self.attribute.name.clone(), ..one }
    }

    /// Returns whether an item may have several values.
    pub fn is_many(&self) -> bool {
        matches!(self.attribute.kind, AttributeType::Set(_) | AttributeType::List(_))
    }
}
