//! Which records the processor is not invoked for: those that cannot concern any rollup.
//!
//! An image contributes to a rollup only if it is recognised as one of the rollup's entity, by its
//! values and by the beginnings of its keys, and satisfies its `where`. As much of that as Lambda's
//! patterns can say is the rollup's [`Shape`]; a record passes when one of its images has one:
//!
//! ```text
//! { "dynamodb": { "NewImage": { "_et": { "S": ["order"] },
//!                               "status": { "S": ["placed", "paid"] } } } }
//! { "dynamodb": { "OldImage": { … the same … } } }   an update that leaves the rollup: only this
//! ```
//!
//! | a condition | becomes |
//! |---|---|
//! | a text, or a list of texts | those texts |
//! | `begins_with` a text | that prefix |
//! | `exists = false` | no text: what is absent has none |
//! | `exists = true` | nothing: a pattern names a type, and a value may be of any |
//! | anything about numbers, booleans, bytes, sets, lists | nothing: numbers are texts in records, and are not compared |
//! | anything about instants | nothing: one instant has many texts |
//! | `ne`, `contains`, an order, a path into a map | nothing |
//!
//! A condition that becomes nothing lets records through that then contribute nothing, which costs
//! an invocation and is right. `lower`, `upper` and `trim` change nothing here: a pattern and
//! `where` compare the same operand with the same stored text.
//!
//! Where rollup items are kept in the table of items, each pattern also asks for an image that is
//! there and has not their mark, so that what the processor writes does not invoke it:
//!
//! ```text
//! { "dynamodb": { "NewImage": { "_et": { "S": [{ "anything-but": ["@rollup"] },
//!                                                { "exists": false }] },
//!                               "PK": { "S": [{ "exists": true }] } } } }
//! ```
//!
//! Lambda takes five filters of 4,096 characters. A shape takes two, so more than two shapes are
//! joined until two are left, and one that is too long loses what makes it long: each step lets
//! more through. If nothing is left, there is no filter. If there are no rollups, no record passes.
//!
//! While a build runs, the processor also counts the revisions that the build will replace. The
//! filters are then those of all definitions that are counted, joined in the same way.
//!
//! **Invariant:** a record of which an image contributes to any rollup passes.
//! `infra/tests/filter.rs` holds it against random definitions, items and changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use weir_model::filter::{Condition, Test};
use weir_model::rollup::ROLLUP_MARK;
use weir_model::{AttributeValue, ExpectedText, Model, Rollup};
use weir_processor::mapping::{MAX_FILTERS, MAX_PATTERN_CHARS};

/// The images of a record that may have a shape.
const IMAGES: [&str; 2] = ["NewImage", "OldImage"];
/// An event name that no record has, for a definition without rollups: it then has a processor that
/// is never invoked.
const NO_EVENT: &str = "NONE";
/// The type of attribute that patterns are about: text.
const TEXT: &str = "S";

/// The form of an image: for each attribute named here, the texts it may be. One without
/// attributes is any image.
#[derive(Clone, Debug, Default, PartialEq)]
struct Shape(BTreeMap<String, Texts>);

/// Which texts.
#[derive(Clone, Debug, PartialEq)]
enum Texts {
    /// Any of these texts and prefixes.
    Some { equal: Vec<String>, prefixes: Vec<String> },
    /// No text at all: the attribute is absent, or of another type.
    None,
    /// Any text, as a key has one: the image is there.
    Any,
    /// Any text but the mark of rollup items, or none.
    Unmarked,
}

/// Returns the patterns of the filters; none if every record must pass.
pub fn patterns(model: &Model) -> Vec<Value> {
    widened_patterns(model, &[])
}

/// Returns the patterns of the filters of a definition and of the stored definitions that are still
/// counted; none if every record must pass.
pub fn widened_patterns(model: &Model, counted: &[Arc<Model>]) -> Vec<Value> {
    let models = || counted.iter().map(Arc::as_ref).chain([model]);
    let shapes = models().flat_map(|model| {
        model.rollups.iter().map(|rollup| Shape::for_rollup(model, rollup).shortened())
    });
    let shapes = joined(shapes.collect());
    if shapes.is_empty() {
        return vec![json!({ "eventName": [NO_EVENT] })];
    }
    if shapes.iter().any(Shape::is_any) {
        // The mark of rollup items is in an attribute that the definition names.
        let patterns = of_items(model);
        return match models().all(|known| of_items(known) == patterns) {
            true => patterns,
            false => Vec::new(),
        };
    }
    shapes.iter().flat_map(Shape::patterns).collect()
}

/// Returns the patterns of the filters for a processor that wants every record: all but those of
/// rollup items.
pub fn of_items(model: &Model) -> Vec<Value> {
    let shape = Shape::default().without_rollup_items(model);
    if shape.is_any() { Vec::new() } else { shape.patterns() }
}

/// Returns the shapes, no more than the filters can hold. Together they admit all that they
/// admitted before.
fn joined(mut shapes: Vec<Shape>) -> Vec<Shape> {
    loop {
        if let Some(place) = superfluous(&shapes) {
            shapes.remove(place);
        } else if shapes.len() > MAX_FILTERS / IMAGES.len() {
            let (first, second) = nearest(&shapes);
            let removed = shapes.remove(second);
            shapes[first] = shapes[first].join(&removed).shortened();
        } else {
            return shapes;
        }
    }
}

/// Returns a shape that admits nothing but what another admits.
fn superfluous(shapes: &[Shape]) -> Option<usize> {
    let is_within = |place: usize| {
        let others = shapes.iter().enumerate().filter(|(other, _)| *other != place);
        others.map(|(_, other)| other).any(|other| other.join(&shapes[place]) == *other)
    };
    (0..shapes.len()).find(|place| is_within(*place))
}

/// Returns the two of which the fewest attributes are widened, as that of the discriminator is for
/// two entities, and then the fewest lost; two that lose all of them come last.
fn nearest(shapes: &[Shape]) -> (usize, usize) {
    let pairs = (0..shapes.len())
        .flat_map(|first| (first + 1..shapes.len()).map(move |second| (first, second)));
    let cost = |&(first, second): &(usize, usize)| {
        let (first, second) = (&shapes[first], &shapes[second]);
        let joined = first.join(second);
        let is_widened = |(name, texts): &(&String, &Texts)| first.0.get(*name) != Some(*texts);
        let lost = first.0.len() + second.0.len() - 2 * joined.0.len();
        (joined.is_any(), joined.0.iter().filter(is_widened).count(), lost)
    };
    pairs.min_by_key(cost).expect("there are two shapes or more")
}

impl Shape {
    /// Returns the form of the images that can contribute to a rollup.
    fn for_rollup(model: &Model, rollup: &Rollup) -> Self {
        let entity = model.entity(&rollup.entity).expect("a rollup is of an entity of its model");
        let mut shape = Self::default();
        for (name, value) in &entity.discriminator {
            if let AttributeValue::S(text) = value {
                shape.0.insert(name.clone(), Texts::equal([text]));
            }
        }
        for test in &entity.text_tests {
            shape.0.insert(test.attribute.clone(), Texts::for_test(&test.expected));
        }
        for condition in &rollup.filter.conditions {
            // Of several conditions on one attribute the first will do: each of them is necessary.
            if let ([name], Some(texts)) = (&condition.path[..], Texts::for_condition(condition)) {
                shape.0.entry(name.clone()).or_insert(texts);
            }
        }
        shape.without_rollup_items(model)
    }

    /// Returns the same for no rollup item, where such are in the table.
    fn without_rollup_items(mut self, model: &Model) -> Self {
        if model.has_colocated_rollups() {
            let table = &model.table;
            self.0.entry(table.entity_attribute.clone()).or_insert(Texts::Unmarked);
            // An image that is not there has no mark either.
            self.0.entry(table.partition_key.clone()).or_insert(Texts::Any);
        }
        self
    }

    fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a shape that admits what either admits.
    fn join(&self, other: &Self) -> Self {
        let joined = |(name, texts): (&String, &Texts)| {
            Some((name.clone(), texts.join(other.0.get(name)?)?))
        };
        Self(self.0.iter().filter_map(joined).collect())
    }

    /// Returns the same without the longest attributes, until a filter can hold it.
    fn shortened(mut self) -> Self {
        while self.pattern(IMAGES[0]).to_string().chars().count() > MAX_PATTERN_CHARS {
            let longest = self.0.iter().max_by_key(|(_, texts)| texts.rules().to_string().len());
            let longest = longest.expect("a pattern without attributes is short").0.clone();
            self.0.remove(&longest);
        }
        self
    }

    fn patterns(&self) -> Vec<Value> {
        IMAGES.map(|image| self.pattern(image)).into()
    }

    fn pattern(&self, image: &str) -> Value {
        let rule =
            |(name, texts): (&String, &Texts)| (name.clone(), json!({ TEXT: texts.rules() }));
        let rules: Map<String, Value> = self.0.iter().map(rule).collect();
        json!({ "dynamodb": { image: rules } })
    }
}

impl Texts {
    fn equal<'a>(texts: impl IntoIterator<Item = &'a String>) -> Self {
        Self::Some { equal: texts.into_iter().cloned().collect(), prefixes: Vec::new() }
    }

    /// Returns the texts that pass a test by which an entity is recognised.
    fn for_test(expected: &ExpectedText) -> Self {
        match expected {
            ExpectedText::Equal(text) => Self::equal([text]),
            ExpectedText::Prefix(prefix) if prefix.is_empty() => Self::Any,
            ExpectedText::Prefix(prefix) => {
                Self::Some { equal: Vec::new(), prefixes: vec![prefix.clone()] }
            }
        }
    }

    /// Returns the texts that an attribute may have for a condition to hold, if there are such.
    fn for_condition(condition: &Condition) -> Option<Self> {
        match &condition.test {
            Test::In(operands) if !condition.instants => {
                let texts: Option<Vec<_>> = operands.iter().map(text).collect();
                texts.map(Self::equal)
            }
            Test::BeginsWith(operand) => {
                let prefix = text(operand).filter(|prefix| !prefix.is_empty())?;
                Some(Self::Some { equal: Vec::new(), prefixes: vec![prefix.clone()] })
            }
            Test::Exists(false) => Some(Self::None),
            _ => None,
        }
    }

    /// Texts that admit what either admits, where a pattern can say that.
    fn join(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::None, Self::None) => Some(Self::None),
            // No entity is recognised by the mark.
            (Self::Unmarked, _) | (_, Self::Unmarked) => Some(Self::Unmarked),
            (Self::Any, Self::Any | Self::Some { .. }) | (Self::Some { .. }, Self::Any) => {
                Some(Self::Any)
            }
            (
                Self::Some { equal, prefixes },
                Self::Some { equal: more_equal, prefixes: more_prefixes },
            ) => Some(Self::Some {
                equal: with(equal, more_equal),
                prefixes: with(prefixes, more_prefixes),
            }),
            _ => None,
        }
    }

    /// Returns the alternatives of a pattern.
    fn rules(&self) -> Value {
        match self {
            Self::None => json!([{ "exists": false }]),
            Self::Any => json!([{ "exists": true }]),
            Self::Unmarked => json!([{ "anything-but": [ROLLUP_MARK] }, { "exists": false }]),
            Self::Some { equal, prefixes } => {
                let prefixes = prefixes.iter().map(|prefix| json!({ "prefix": prefix }));
                equal.iter().map(|text| json!(text)).chain(prefixes).collect()
            }
        }
    }
}

fn text(operand: &AttributeValue) -> Option<&String> {
    match operand {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

/// Returns the texts with those of the others that they have not.
fn with(texts: &[String], others: &[String]) -> Vec<String> {
    let new = others.iter().filter(|other| !texts.contains(other));
    texts.iter().chain(new).cloned().collect()
}

#[cfg(test)]
mod tests;
