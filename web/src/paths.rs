//! The paths of an entity's items.
//!
//! ```text
//! /{entity}                                              collection   POST creates
//! /{entity}/{partition attributes…}                      partition    GET lists
//! /{entity}/{partition attributes…}/{sort attributes…}   item         GET, PUT, DELETE
//! /query/{entity}/{pattern}/{its attributes…}            a pattern    GET lists
//! /collections/{collection}/{partition attributes…}      a collection GET lists
//! /unique/{entity}/{attribute+attribute}/{values…}       an item      GET, PUT
//! ```
//!
//! No entity is named `query`, `collections` or `unique`, and patterns have no path below their
//! entity: a value of an item, which stands there, may be any text, the name of an index too.
//!
//! The path of a list gives each attribute in full, or as the partition key has it: a month for
//! `PK = "TIMELINE#{at:month}"`. The path of an item gives all of them in full.
//!
//! Where the sort key has no attributes of its own (`SK = "PROFILE"`), or the table no sort key,
//! the partition path is the item's path. A partition then holds one such item, unless its key
//! shortens an attribute that the sort key has in full (`SK = "{at}"`); patterns list such a
//! partition, this path does not.
//!
//! **Invariant:** every item that is written over HTTP has one path, whose parts are not empty and
//! no dot segments, and the path makes its key.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use weir_model::limits::MAX_FIELD_CHARACTERS;
use weir_model::shorten::shortened;
use weir_model::template::scalar_text;
use weir_model::unique::Unique;
use weir_model::{Entity, FieldError, Item, Pattern};

use crate::parts;
use crate::path_texts::PathTexts;
use crate::problem::{Kind, Problem};

/// The escaped characters of a path's parts: all but those that RFC 3986 leaves unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The patterns of an entity's paths, as axum reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityPaths {
    /// Where items are created.
    pub collection: String,
    /// Where a partition is listed; the same as `item` when it has no list.
    pub partition: String,
    /// Where an item is.
    pub item: String,
}

/// Returns the pattern of the path of an access pattern.
pub fn pattern_path(entity: &Entity, pattern: &Pattern) -> String {
    format!("/query/{}/{}{}", entity.name, pattern.name, places(&pattern.given_attributes()))
}

/// Returns the pattern of the path of an item by what is unique about it.
pub fn unique_path(entity: &Entity, unique: &Unique) -> String {
    let names: Vec<_> = unique.attributes.iter().map(String::as_str).collect();
    format!("/unique/{}/{}{}", entity.name, names.join("+"), places(&names))
}

/// Returns the pattern of the path of a collection; the entity is one of it.
pub fn collection_path(name: &str, entity: &Entity) -> String {
    format!("/collections/{name}{}", places(&entity.partition_attributes()))
}

fn places(names: &[&str]) -> String {
    names.iter().map(|name| format!("/{{{name}}}")).collect()
}

impl EntityPaths {
    /// Returns the paths of an entity.
    pub fn new(entity: &Entity) -> Self {
        let partition = places(&entity.partition_attributes());
        let sort = places(&entity.sort_attributes());
        let collection = format!("/{}", entity.name);
        Self {
            item: format!("{collection}{partition}{sort}"),
            partition: format!("{collection}{partition}"),
            collection,
        }
    }

    /// Returns whether a partition is listed: its path is not that of an item.
    pub fn has_list(&self) -> bool {
        self.partition != self.item
    }
}

/// Returns the attributes in an item's path, in order.
pub fn path_attributes(entity: &Entity) -> Vec<&str> {
    entity.key_attributes()
}

/// Returns the path of a stored item.
///
/// # Errors
/// Every attribute of the path that is absent, empty or a dot segment: no path would lead to the
/// item.
pub fn path_of(entity: &Entity, item: &Item) -> Result<String, Vec<FieldError>> {
    let mut path = format!("/{}", entity.name);
    let mut errors = Vec::new();
    for name in path_attributes(entity) {
        let attribute = entity.attribute(name);
        let text =
            attribute.and_then(|attribute| scalar_text(&attribute.kind, attribute.value_in(item)?));
        match text.filter(|text| !text.is_empty()) {
            Some(text) if parts::is_dot_segment(&text) => {
                errors.push(FieldError::new(name, parts::dots(&text)));
            }
            Some(text) => {
                path.push('/');
                path.extend(utf8_percent_encode(&text, ESCAPED));
            }
            None => {
                let message = "expected a value: it is a part of the item's path";
                errors.push(FieldError::new(name, message));
            }
        }
    }
    if errors.is_empty() { Ok(path) } else { Err(errors) }
}

impl<S: Send + Sync> FromRequestParts<S> for PathTexts {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, state: &S) -> Result<Self, Problem> {
        check_encoding(Kind::Validation, request.uri.path())?;
        let texts = RawPathParams::from_request_parts(request, state)
            .await
            .map_err(|rejection| Problem::new(Kind::UnknownPath, rejection.body_text()))?;
        let texts: Vec<_> =
            texts.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        // The router takes an empty part between two others for a value.
        if let Some((name, _)) = texts.iter().find(|(_, text)| text.is_empty()) {
            let path = request.uri.path();
            let detail = format!("`{path}` has an empty part, expected a value of {name}");
            return Err(Problem::new(Kind::UnknownPath, detail));
        }
        // What another client, or something in front of this service, would have resolved.
        let dots = texts.iter().filter(|(_, text)| parts::is_dot_segment(text));
        let dots: Vec<_> =
            dots.map(|(name, text)| FieldError::new(name, parts::dots(text))).collect();
        if dots.is_empty() { Ok(Self(texts)) } else { Err(Problem::fields("the path", dots)) }
    }
}

/// Refuses text of a URL that is not well encoded.
pub(crate) fn check_encoding(kind: Kind, text: &str) -> Result<(), Problem> {
    if is_well_encoded(text) {
        return Ok(());
    }
    let expected = "expected %25 for a percent sign";
    let text = shortened(text, MAX_FIELD_CHARACTERS);
    Err(Problem::new(kind, format!("`{text}` is not percent-encoded UTF-8, {expected}")))
}

/// Returns whether every `%` begins an escape and the whole is UTF-8 once decoded. What is not
/// would be taken for other text.
fn is_well_encoded(text: &str) -> bool {
    let mut after_percents = text.split('%').skip(1);
    let escapes = after_percents
        .all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
    escapes && percent_decode_str(text).decode_utf8().is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use weir_model::{AttributeValue, Model};

    use super::*;

    #[test]
    fn what_is_not_percent_encoded_utf8_is_told_from_what_is() {
        for text in ["/a%20b", "/%C3%BC", "/%25zz", "/plain?a=b+c"] {
            assert!(is_well_encoded(text), "{text}");
        }
        for text in ["/%zz", "/%", "/%2", "/%ff", "/%C3"] {
            assert!(!is_well_encoded(text), "{text}");
        }
    }

    fn entity(keys: &str) -> Entity {
        let text = format!(
            "[table]\nname = \"shop\"\n[entities.order]\n{keys}\n[entities.order.attributes]\n\
             user = {{ type = \"string\", required = true }}\n\
             number = {{ type = \"integer\", required = true }}\n"
        );
        let model: Model = text.parse().expect("a definition");
        model.entities[0].clone()
    }

    #[test]
    fn paths_follow_the_keys() {
        let cases = [
            ("PK = \"U#{user}\"\nSK = \"O#{number}\"", "/order/{user}", "/order/{user}/{number}"),
            ("PK = \"U#{user}\"\nSK = \"PROFILE\"", "/order/{user}", "/order/{user}"),
            (
                "PK = \"U#{user}\"\nSK = \"{user}#{number}\"",
                "/order/{user}",
                "/order/{user}/{number}",
            ),
            ("PK = \"ALL\"\nSK = \"{number}\"", "/order", "/order/{number}"),
            ("PK = \"ALL\"\nSK = \"ONE\"", "/order", "/order"),
        ];
        for (keys, partition, item) in cases {
            let paths = EntityPaths::new(&entity(keys));
            assert_eq!(paths.collection, "/order", "{keys}");
            assert_eq!(
                (paths.partition.as_str(), paths.item.as_str()),
                (partition, item),
                "{keys}"
            );
            assert_eq!(paths.has_list(), partition != item, "{keys}");
        }
    }

    #[test]
    fn an_items_path_escapes_what_would_end_a_part() {
        let entity = entity("PK = \"U#{user}\"\nSK = \"O#{number}\"");
        let item = |user: &str| -> Item {
            HashMap::from([
                ("user".to_owned(), AttributeValue::S(user.to_owned())),
                ("number".to_owned(), AttributeValue::N("7".to_owned())),
            ])
            .into()
        };
        assert_eq!(path_of(&entity, &item("a/b ü")), Ok("/order/a%2Fb%20%C3%BC/7".to_owned()));
        for user in ["", ".", ".."] {
            let errors = path_of(&entity, &item(user)).expect_err("no path");
            assert_eq!(errors[0].field, "user", "{user}");
        }
        assert_eq!(path_of(&entity, &item("%2e%2E")), Ok("/order/%252e%252E/7".to_owned()));
        assert_eq!(path_of(&entity, &item("...")), Ok("/order/.../7".to_owned()));
    }
}
