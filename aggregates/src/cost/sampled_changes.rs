//! Changes of sampled items: what each kind of change makes of an item.
//!
//! An update gives each measured attribute the value of another sampled item, and a move does the
//! same with the dimensions and the time. A value that all items share is kept, unless it is a
//! number, to which one is added.
//!
//! **Invariant:** the changes follow from the sample alone, so that two runs have the same cost.

use std::collections::{BTreeSet, HashMap};

use weir_model::rollup::Source;
use weir_model::{AttributeValue, Item, Model, Number, Step};

use super::mix::ChangeKind;
use crate::change::Image;

/// The other items among which one with another value is looked for.
const DONORS: usize = 16;

/// The sampled items of an entity, and the attributes that changes are of.
#[derive(Clone, Debug)]
pub struct SampledChanges<'a> {
    items: &'a [Item],
    /// The stored attributes that rollups measure.
    measured: Vec<String>,
    /// The stored attributes that make groups and buckets.
    placing: Vec<String>,
}

impl<'a> SampledChanges<'a> {
    /// Returns the changes of sampled items of an entity.
    pub fn new(model: &Model, entity: &str, items: &'a [Item]) -> Self {
        let (mut measured, mut placing) = (BTreeSet::new(), BTreeSet::new());
        for rollup in model.rollups.iter().filter(|rollup| rollup.entity == entity) {
            let measures = rollup.measures.iter();
            measured.extend(measures.filter_map(|known| root(known.measure.source()?)));
            placing.extend(rollup.dimensions.iter().chain(&rollup.time).filter_map(root));
        }
        let measured = measured.difference(&placing).cloned().collect();
        Self { items, measured, placing: placing.into_iter().collect() }
    }

    /// Returns the items.
    pub fn items(&self) -> &'a [Item] {
        self.items
    }

    /// Returns what a change of a kind makes of an item, by the item's position.
    pub fn image(&self, kind: ChangeKind, position: usize) -> Image {
        let old = self.items[position].clone();
        match kind {
            ChangeKind::Insert => Image::Insert { new: old },
            ChangeKind::Delete => Image::Remove { old, expired: false },
            ChangeKind::Other => Image::Modify { new: old.clone(), old },
            ChangeKind::Update => Image::Modify { new: self.updated(position), old },
            ChangeKind::Move => Image::Modify { new: self.moved(position), old },
        }
    }

    /// Returns an item with other values of all measured attributes.
    fn updated(&self, position: usize) -> Item {
        let item = &self.items[position];
        let mut values: HashMap<_, _> = item.clone().into();
        for name in &self.measured {
            let other = self.donors(position).find_map(|donor| {
                let value = donor.get(name.as_str())?;
                (item.get(name.as_str()) != Some(value)).then(|| value.clone())
            });
            if let Some(value) = other.or_else(|| next_number(item.get(name.as_str())?)) {
                values.insert(name.clone(), value);
            }
        }
        values.into()
    }

    /// Returns an item in the groups and buckets of another one.
    fn moved(&self, position: usize) -> Item {
        let item = &self.items[position];
        let is_elsewhere = |donor: &&Item| {
            self.placing.iter().any(|name| item.get(name.as_str()) != donor.get(name.as_str()))
        };
        let Some(donor) = self.donors(position).find(is_elsewhere) else { return item.clone() };
        let mut values: HashMap<_, _> = item.clone().into();
        for name in &self.placing {
            match donor.get(name.as_str()) {
                Some(value) => drop(values.insert(name.clone(), value.clone())),
                None => drop(values.remove(name)),
            }
        }
        values.into()
    }

    /// Returns other items, some next to it and some far away.
    fn donors(&self, position: usize) -> impl Iterator<Item = &'a Item> {
        let items = self.items;
        (0..DONORS).map(move |step| {
            let distance = 1 + step + step * items.len() / DONORS;
            &items[(position + distance) % items.len()]
        })
    }
}

/// Returns the stored attribute in which a value is.
fn root(source: &Source) -> Option<String> {
    match source.path.steps.first() {
        Some(Step::Name(name)) => Some(name.clone()),
        _ => None,
    }
}

fn next_number(value: &AttributeValue) -> Option<AttributeValue> {
    let AttributeValue::N(text) = value else { return None };
    let next = text.parse::<Number>().ok()?.plus(&Number::from_units(1, 0));
    Some(AttributeValue::N(next.to_string()))
}
