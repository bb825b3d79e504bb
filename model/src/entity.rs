//! An entity: one kind of item, its attributes and its keys; JSON in, a stored item out, and back.

mod keys;
mod named;

use std::collections::HashMap;

use serde_dynamo::{AttributeValue, Item};
use serde_json::{Map, Value};

use crate::attribute::{self, Attribute};
use crate::condition::Predicate;
use crate::encoding::Encoding;
use crate::errors;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::invalid::Invalid;
use crate::item_key::{ItemKey, PrimaryKey};
use crate::key_template::KeyTemplate;
use crate::nearest::suggestion;
use crate::overlap::Claim;
use crate::path::Path;
use crate::pattern::Pattern;
use crate::relation::Relation;
use crate::shorten::listed;
use crate::template::{RenderError, Template};
use crate::text_test::TextTest;
use crate::unique::Unique;
use crate::value::{self, Hidden};
use crate::write_context::WriteContext;

/// One kind of item of the table.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// Its attributes, in the file's order.
    pub attributes: Vec<Attribute>,
    /// Its key templates, by key attribute: the table's own first, then those of the indexes it is
    /// in.
    pub keys: Vec<KeyTemplate>,
    /// How many of `keys` are the table's own: 1, or 2 with a sort key.
    pub primary: usize,
    /// The attributes, with their values, by which a stored item is known to be one of these, and
    /// which are written on each.
    pub discriminator: Vec<(String, AttributeValue)>,
    /// Tests of keys and attributes by which a stored item is known to be one of these, besides.
    pub text_tests: Vec<TextTest>,
    /// An attribute and a value that none of these has, where rollup items are in the same table
    /// and the discriminator would not tell them from these: their mark.
    pub excluded: Option<(String, AttributeValue)>,
    /// The collections it belongs to.
    pub collections: Vec<String>,
    /// How its items are read besides by their own keys: the patterns of the file, then the indexes
    /// that it is in.
    pub patterns: Vec<Pattern>,
    /// The unique constraints of its items.
    pub unique: Vec<Unique>,
    /// How its items lead to others.
    pub relations: Vec<Relation>,
    /// Keys that its templates could make of some values, and that are other entities'.
    pub claims: Vec<Claim>,
}

impl Entity {
    /// Returns the attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        attribute::find(&self.attributes, name)
    }

    /// Returns whether a stored item is one of these.
    pub fn matches(&self, item: &Item) -> bool {
        self.discriminator.iter().all(|(name, value)| item.get(name) == Some(value))
            && self.text_tests.iter().all(|test| test.passes(item))
            && self.excluded.as_ref().is_none_or(|(name, value)| item.get(name) != Some(value))
    }

    /// Returns the condition that holds for exactly the items of the entity.
    pub fn kind(&self) -> Predicate {
        let test = |value: &AttributeValue| Test::In(vec![value.clone()]);
        let marks = self.discriminator.iter();
        let marks = marks.map(|(name, value)| Predicate::Test(Path::stored(name), test(value)));
        let differs = |(name, value): &(String, AttributeValue)| {
            Predicate::Test(Path::stored(name), Test::Ne(value.clone()))
        };
        let texts = self.text_tests.iter();
        let texts = texts.map(|text| Predicate::Test(Path::stored(&text.attribute), text.test()));
        Predicate::All(marks.chain(texts).chain(self.excluded.as_ref().map(differs)).collect())
    }

    /// Returns the templates of the primary key.
    pub(crate) fn primary_templates(&self) -> Vec<&Template> {
        self.keys[..self.primary].iter().map(|key| &key.template).collect()
    }

    /// Returns the claim on all keys that these templates make.
    pub(crate) fn claim(&self) -> Claim {
        Claim::new(&self.name, &self.primary_templates())
    }

    /// Returns the template of the partition key.
    pub fn partition(&self) -> &Template {
        &self.keys[0].template
    }

    /// Returns the template of the sort key.
    pub fn sort(&self) -> Option<&Template> {
        self.keys[..self.primary].get(1).map(|key| &key.template)
    }

    /// Returns the attributes that make the partition key, each once, in order: the first part of
    /// an item's path.
    pub fn partition_attributes(&self) -> Vec<&str> {
        self.partition().attributes()
    }

    /// Returns the attributes of the sort key that are not in the partition key: the rest of an
    /// item's path.
    pub fn sort_attributes(&self) -> Vec<&str> {
        let partition = self.partition_attributes();
        let sort = self.sort().map(Template::attributes).unwrap_or_default();
        sort.into_iter().filter(|name| !partition.contains(name)).collect()
    }

    /// Returns the attributes that the primary key is made from, each once, in order.
    pub fn key_attributes(&self) -> Vec<&str> {
        let mut names = self.partition_attributes();
        names.extend(self.sort_attributes());
        names
    }

    /// Encodes a JSON object as a stored item: defaults applied, every value checked, keys made.
    ///
    /// `null` is the same as absent.
    ///
    /// # Errors
    /// Every field that cannot be stored.
    pub fn encode(
        &self,
        object: &Map<String, Value>,
        context: WriteContext,
    ) -> Result<Item, Vec<FieldError>> {
        let encoding = Encoding::to_store(context);
        let mut values = value::encode_object(&self.name, &self.attributes, object, encoding)
            .map_err(Invalid::fields)?;
        values.extend(self.discriminator.iter().cloned());
        let mut item = Item::from(values);
        self.add_keys(&mut item)?;
        Ok(item)
    }

    /// Returns the primary key that the given texts make, one for each attribute in it, as a path
    /// gives them.
    ///
    /// # Errors
    /// Every text that is not a value of its attribute, and every attribute that is missing.
    pub fn key_from_text(&self, texts: &[(&str, &str)]) -> Result<ItemKey, Vec<FieldError>> {
        self.key_of(self.item_from_text(texts)?)
    }

    /// Returns the primary key that the members of an object make, one for each attribute in it.
    ///
    /// # Errors
    /// Every member that is not an attribute of the key, and every attribute that is missing or
    /// does not fit.
    pub fn key_from_json(&self, object: &Map<String, Value>) -> Result<ItemKey, Vec<FieldError>> {
        let names = self.key_attributes();
        let mut errors = Vec::new();
        let mut values = HashMap::new();
        for (name, json) in object {
            let attribute = self.attribute(name).filter(|_| names.contains(&name.as_str()));
            let Some(attribute) = attribute else {
                errors::note(&mut errors, || {
                    let near = suggestion(name, names.iter().copied());
                    let expected = listed(&names);
                    let message = format!("is not part of the key; {near}expected {expected}");
                    FieldError::new(name, message)
                });
                continue;
            };
            match attribute.encode(json, WriteContext::NONE) {
                Ok(value) => drop(values.insert(attribute.field.clone(), value)),
                Err(invalid) => errors::append(&mut errors, invalid.at(name)),
            }
        }
        if errors.is_empty() { self.key_of(values.into()) } else { Err(errors) }
    }

    /// Returns the primary key that the given attributes make; others among them are left out.
    ///
    /// # Errors
    /// Every attribute of the key that is missing or does not fit.
    pub fn key_of(&self, item: Item) -> Result<ItemKey, Vec<FieldError>> {
        let names = self.key_attributes();
        let is_missing = |name: &&&str| {
            self.attribute(name).is_none_or(|attribute| attribute.value_in(&item).is_none())
        };
        let missing = names.iter().filter(is_missing);
        let missing =
            missing.map(|name| FieldError::new(name, RenderError::Missing(name.to_string())));
        let missing: Vec<_> = missing.collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let primary = self.primary_key_of(&item)?;
        let attributes: HashMap<String, AttributeValue> = names
            .into_iter()
            .filter_map(|name| {
                let attribute = self.attribute(name)?;
                Some((attribute.field.clone(), attribute.value_in(&item)?.clone()))
            })
            .collect();
        Ok(ItemKey { attributes: attributes.into(), primary })
    }

    /// Returns the JSON object of a stored item: its declared attributes in the file's order,
    /// without the hidden ones.
    pub fn decode(&self, item: &Item) -> Map<String, Value> {
        value::decode_object(&self.attributes, item.as_ref(), Hidden::LeftOut)
    }

    /// Returns the visible part of a stored item: its declared attributes without the hidden ones,
    /// what says of which entity it is, and the keys that nothing hidden is in.
    pub fn shown(&self, item: &Item) -> Item {
        let is_shown = |name: &&str| self.attribute(name).is_some_and(|known| !known.hidden);
        let attributes = self.attributes.iter().filter(|attribute| !attribute.hidden);
        let attributes = attributes.filter_map(|known| {
            Some((known.field.clone(), value::shown_as(&known.kind, known.value_in(item)?)))
        });
        let open = |key: &&KeyTemplate| key.template.attributes().iter().all(is_shown);
        let keys = self.keys.iter().filter(open).map(|key| &key.key);
        let marks = self.discriminator.iter().map(|(name, _)| name);
        let others = keys.chain(marks);
        let others = others.filter_map(|name| Some((name.clone(), item.get(name)?.clone())));
        let mut shown: HashMap<_, _> = others.collect();
        shown.extend(attributes);
        shown.into()
    }

    /// Returns the attributes that the given texts are, as a stored item has them.
    ///
    /// # Errors
    /// Every text that is not a value of its attribute.
    pub fn item_from_text(&self, texts: &[(&str, &str)]) -> Result<Item, Vec<FieldError>> {
        self.item_read_from(texts, Attribute::encode_text)
    }

    /// Returns the attributes that the given texts are, each read by a function.
    pub(crate) fn item_read_from(
        &self,
        texts: &[(&str, &str)],
        read: impl Fn(&Attribute, &str) -> Result<AttributeValue, Invalid>,
    ) -> Result<Item, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut values = HashMap::new();
        for (name, text) in texts {
            let Some(attribute) = self.attribute(name) else {
                errors.push(FieldError::new(name, self.no_such_attribute(name)));
                continue;
            };
            match read(attribute, text) {
                Ok(value) => drop(values.insert(attribute.field.clone(), value)),
                Err(invalid) => errors.extend(invalid.at(name)),
            }
        }
        if errors.is_empty() { Ok(values.into()) } else { Err(errors) }
    }

    /// Returns the message about a name that none of its attributes has.
    pub fn no_such_attribute(&self, name: &str) -> String {
        attribute::no_such_attribute(&self.name, &self.attributes, name)
    }

    pub(crate) fn render(&self, key: &KeyTemplate, item: &Item) -> Result<String, FieldError> {
        let text = key.template.render(&self.attributes, item);
        let text = text.map_err(|error| FieldError::new(error.attribute(), &error))?;
        let names = key.template.attributes();
        let field = names.first().copied().unwrap_or(&key.key);
        if text.is_empty() {
            return Err(FieldError::new(
                field,
                format!("expected a value: the key {} is made from it", key.key),
            ));
        }
        if text.len() > key.max_bytes {
            let message = format!(
                "makes the key {} {} bytes long, DynamoDB takes at most {}",
                key.key,
                text.len(),
                key.max_bytes
            );
            return Err(FieldError::new(field, message));
        }
        Ok(text)
    }
}
