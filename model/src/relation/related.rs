//! The items to which an item leads by a relation.

use std::collections::HashMap;

use serde_dynamo::Item;

use super::{Binding, Listing, Relation};
use crate::entity::Entity;
use crate::item_key::ItemKey;
use crate::nearest::nearest;
use crate::pattern::Partition;
use crate::shorten::listed;
use crate::template::scalar_text;

impl Entity {
    /// Returns the relation of that name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }

    /// Returns the message about a name that none of its relations has.
    pub fn no_such_relation(&self, name: &str) -> String {
        let names: Vec<&str> = self.relations.iter().map(|known| known.name.as_str()).collect();
        match nearest(name, names.iter().copied()) {
            _ if names.is_empty() => format!("{} has no relations", self.name),
            Some(near) => format!("{} has no such relation; did you mean `{near}`?", self.name),
            None => format!("{} has no such relation; it has {}", self.name, listed(&names)),
        }
    }
}

impl Listing {
    /// Returns the items that an item of `from` is related to; `None` where it leads nowhere.
    pub(super) fn partition(&self, from: &Entity, item: &Item, to: &Entity) -> Option<Partition> {
        let values = values(&self.bindings, from, item, to)?;
        self.pattern.partition_of(to, &values).ok()
    }
}

/// Returns the key of the item of `to` that an item of `from` leads to; `None` where it leads
/// nowhere.
pub(super) fn key(
    bindings: &[Binding],
    from: &Entity,
    item: &Item,
    to: &Entity,
) -> Option<ItemKey> {
    to.key_of(values(bindings, from, item, to)?).ok()
}

/// Returns the attributes of `to` that an item of `from` determines.
fn values(bindings: &[Binding], from: &Entity, item: &Item, to: &Entity) -> Option<Item> {
    let value = |Binding { attribute, from: source }: &Binding| {
        let (attribute, source) = (to.attribute(attribute)?, from.attribute(source)?);
        let text = scalar_text(&source.kind, source.value_in(item)?)?;
        Some((attribute.field.clone(), attribute.normalise_text(&text).ok()?))
    };
    Some(bindings.iter().map(value).collect::<Option<HashMap<_, _>>>()?.into())
}
