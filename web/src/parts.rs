//! The values that can be a part of a path.
//!
//! | value | as a part of a path |
//! |---|---|
//! | `a/b`, `a?b`, `100%`, `ü`, a control character | is escaped |
//! | empty | cannot be: no route has an empty part |
//! | `.`, `..` | rejected: a URL parser removes the part, and with `..` the part before it |
//!
//! The rule about dots is that of the WHATWG URL Standard ("single-dot" and "double-dot URL path
//! segment", of which `%2e` is one too) and of RFC 3986, section 5.2.4.
//!
//! **Invariant:** an item that is written over HTTP has a path, and so has every list and every
//! unique value that leads to it; a URL parser leaves each as it is.

use serde_json::{Map, Value};
use weir_model::template::scalar_text;
use weir_model::{Attribute, AttributeValue, Entity, FieldError, Item};

/// The parts that URL parsers resolve.
pub(crate) const DOT_SEGMENTS: [&str; 2] = [".", ".."];

/// The verbs of an update that give an attribute a value of its own.
const GIVING: [&str; 2] = ["set", "set_if_absent"];

/// Returns whether a URL parser would resolve the text where it is a part of a path.
pub(crate) fn is_dot_segment(text: &str) -> bool {
    DOT_SEGMENTS.contains(&text)
}

/// Returns the attributes whose values are parts of paths, each once: of its key, of what it is
/// listed by, of what is unique about it.
pub fn attributes(entity: &Entity) -> Vec<&str> {
    let mut names = entity.key_attributes();
    let listed = entity.patterns.iter().flat_map(|pattern| pattern.given_attributes());
    let unique = entity.open_unique().flat_map(|unique| &unique.attributes);
    for name in listed.chain(unique.map(String::as_str)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Returns the attributes of an item that cannot be parts of the paths that lead to it; the item's
/// own path is [`crate::paths::path_of`]'s to check.
pub fn unfit(entity: &Entity, item: &Item) -> Vec<FieldError> {
    let own = entity.key_attributes();
    let others = attributes(entity).into_iter().filter(|name| !own.contains(name));
    let others = others.filter_map(|name| entity.attribute(name));
    others.filter_map(|known| mistake(known, known.value_in(item)?)).collect()
}

/// Returns the members of an object that cannot be parts of the paths that lead to its item. What
/// is not a value of its attribute is not judged here.
pub fn unfit_members(entity: &Entity, object: &Map<String, Value>) -> Vec<FieldError> {
    let members = attributes(entity).into_iter().filter_map(|name| {
        let attribute = entity.attribute(name)?;
        let json = object.get(name).filter(|json| !json.is_null())?;
        mistake(attribute, &attribute.normalise(json).ok()?)
    });
    members.collect()
}

/// Returns the values that an update gives and that cannot be parts of the paths that lead to its
/// item.
pub(crate) fn unfit_updates(entity: &Entity, update: &Map<String, Value>) -> Vec<FieldError> {
    let given = GIVING.into_iter().filter_map(|verb| update.get(verb)?.as_object());
    given.flat_map(|members| unfit_members(entity, members)).collect()
}

fn mistake(attribute: &Attribute, value: &AttributeValue) -> Option<FieldError> {
    let text = scalar_text(&attribute.kind, value)?;
    let message = match text.as_str() {
        "" => "`` cannot be a part of a path; expected a value that is not empty".to_owned(),
        text if is_dot_segment(text) => dots(text),
        _ => return None,
    };
    Some(FieldError::new(&attribute.name, message))
}

/// Returns the message about a dot segment.
pub(crate) fn dots(text: &str) -> String {
    format!("`{text}` cannot be a part of a path, URL parsers resolve it; expected another value")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_model::Model;

    use super::*;

    fn model() -> Model {
        r##"
        [table]
        name = "desk"
        [table.indexes.GSI1]
        partition_key = "GSI1PK"
        sort_key = "GSI1SK"
        [entities.note]
        PK = "F#{folder}"
        SK = "N#{name}"
        GSI1PK = "TAG#{tag}"
        GSI1SK = "{rank}"
        unique = [["slug"], ["token"]]
        [entities.note.attributes]
        folder = { type = "string", required = true }
        name = { type = "string", required = true }
        tag = { type = "string", trim = true }
        rank = { type = "string" }
        slug = { type = "string" }
        token = { type = "string", hidden = true }
        "##
        .parse()
        .expect("a definition")
    }

    #[test]
    fn every_attribute_of_a_path_is_known_and_no_other() {
        assert_eq!(attributes(&model().entities[0]), ["folder", "name", "tag", "slug"]);
    }

    #[test]
    fn a_value_that_a_parser_resolves_or_that_is_empty_is_told_by_its_field() {
        let model = model();
        let note = &model.entities[0];
        let fields = |object: Value| {
            let found = unfit_members(note, object.as_object().expect("an object"));
            found.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        let dots = json!({
            "folder": "..", "name": ".", "tag": " .. ", "slug": "", "rank": "..", "token": ".",
        });
        assert_eq!(fields(dots), ["folder", "name", "tag", "slug"]);
        let others =
            json!({ "folder": "...", "name": "%2e%2e", "tag": "a/..", "slug": "..a", "rank": 1 });
        assert_eq!(fields(others), [""; 0]);
        assert_eq!(fields(json!({ "folder": null, "tag": 7 })), [""; 0]);
    }

    #[test]
    fn an_update_is_judged_by_what_it_gives() {
        let model = model();
        let update =
            json!({ "set": { "tag": ".." }, "set_if_absent": { "slug": "." }, "remove": ["tag"] });
        let found = unfit_updates(&model.entities[0], update.as_object().expect("an object"));
        assert_eq!(
            found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "`tag`: `..` cannot be a part of a path, URL parsers resolve it; expected another \
                 value",
                "`slug`: `.` cannot be a part of a path, URL parsers resolve it; expected another \
                 value",
            ]
        );
    }
}
