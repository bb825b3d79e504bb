//! Versions of items over HTTP: an item's `ETag`, and requests that depend on it.
//!
//! | header | on | the write is done |
//! |---|---|---|
//! | `If-Match: "7"`, or several | PUT, PATCH, DELETE | if the item has this version |
//! | `If-Match: *` | PUT, PATCH, DELETE | if there is an item |
//! | `If-None-Match: *` | PUT | if there is none |
//!
//! An entity counts versions in an attribute with `version = true`; of others, `*` alone can be
//! asked.
//!
//! **Invariant:** a precondition that cannot be kept is refused, never ignored.

use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use weir_model::filter::Test;
use weir_model::limits::{MAX_IN_OPERANDS, MAX_SHOWN_CHARACTERS};
use weir_model::shorten::shortened;
use weir_model::{AttributeValue, Entity, Item, Model, Number, Path, Predicate};

use crate::problem::{Kind, Problem};

/// The preconditions of a request on the item.
#[derive(Clone, Debug, Default)]
pub struct Preconditions {
    matches: Option<String>,
    none_matches: Option<String>,
}

/// Returns the headers of an answer that has an item: its version, if the entity counts them.
pub(crate) fn tagged(entity: &Entity, item: &Item) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let version = entity.version_of(item).map(|version| format!("\"{version}\""));
    if let Some(tag) = version.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        headers.insert(ETAG, tag);
    }
    headers
}

impl Preconditions {
    /// Returns the condition on the item for a PUT.
    ///
    /// # Errors
    /// A header other than those above.
    pub fn of_put(&self, model: &Model, entity: &Entity) -> Result<Predicate, Problem> {
        let creates = match self.none_matches.as_deref() {
            None => Predicate::always(),
            Some("*") => exists(model, false),
            Some(other) => return Err(unfit(&IF_NONE_MATCH, other, "expected *")),
        };
        Ok(self.matching(model, entity)?.and(creates))
    }

    /// Returns the condition on the item for a PATCH or a DELETE.
    ///
    /// # Errors
    /// A header other than those above.
    pub fn of_change(&self, model: &Model, entity: &Entity) -> Result<Predicate, Problem> {
        if let Some(given) = &self.none_matches {
            return Err(unfit(&IF_NONE_MATCH, given, "it goes with PUT"));
        }
        self.matching(model, entity)
    }

    /// Rejects preconditions of a request that depends on no item.
    ///
    /// # Errors
    /// Any of the headers.
    pub fn reject_any(&self) -> Result<(), Problem> {
        let given = [(IF_MATCH, &self.matches), (IF_NONE_MATCH, &self.none_matches)];
        match given.iter().find_map(|(name, text)| Some((name, text.as_deref()?))) {
            Some((name, text)) => Err(unfit(
                name,
                text,
                "it goes with PUT, PATCH and DELETE of an item at its own path",
            )),
            None => Ok(()),
        }
    }

    fn matching(&self, model: &Model, entity: &Entity) -> Result<Predicate, Problem> {
        let Some(given) = self.matches.as_deref() else { return Ok(Predicate::always()) };
        if given == "*" {
            return Ok(exists(model, true));
        }
        let Some(version) = entity.version() else {
            let expected = format!(
                "expected *: {} counts no versions, for none of its attributes has version = true",
                entity.name
            );
            return Err(unfit(&IF_MATCH, given, &expected));
        };
        let versions: Option<Vec<_>> = given.split(',').map(number).collect();
        let expected = "expected * or what an answer had as ETag, such as \"7\"";
        let versions = versions.ok_or_else(|| unfit(&IF_MATCH, given, expected))?;
        if versions.len() > MAX_IN_OPERANDS {
            let expected =
                format!("{} versions, expected at most {MAX_IN_OPERANDS}", versions.len());
            return Err(unfit(&IF_MATCH, given, &expected));
        }
        Ok(Predicate::Test(Path::from_attribute(version), Test::In(versions)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let matches = text(&parts.headers, &IF_MATCH)?;
        let none_matches = text(&parts.headers, &IF_NONE_MATCH)?;
        Ok(Self { matches, none_matches })
    }
}

/// Returns a header's text; that of several of its name as one list.
fn text(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Problem> {
    let values: Result<Vec<&str>, _> =
        headers.get_all(name).iter().map(HeaderValue::to_str).collect();
    match values {
        Ok(values) if values.is_empty() => Ok(None),
        Ok(values) => Ok(Some(values.join(",").trim().to_owned())),
        Err(_) => Err(unfit(name, "?", "expected ASCII")),
    }
}

/// Returns the version that a strong entity tag says.
fn number(tag: &str) -> Option<AttributeValue> {
    let text = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    let number: Number = text.parse().ok()?;
    Some(AttributeValue::N(number.to_string()))
}

fn exists(model: &Model, exists: bool) -> Predicate {
    Predicate::Test(Path::stored(&model.table.partition_key), Test::Exists(exists))
}

fn unfit(name: &HeaderName, given: &str, expected: &str) -> Problem {
    let name = if *name == IF_MATCH { "If-Match" } else { "If-None-Match" };
    let given = shortened(given, MAX_SHOWN_CHARACTERS);
    Problem::new(Kind::BadHeader, format!("`{name}: {given}`: {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        r##"
            [table]
            name = "shop"
            [entities.card]
            PK = "CARD#{user}"
            SK = "CARD"
            [entities.card.attributes]
            user = { type = "string", required = true }
            version = { type = "integer", version = true }
            [entities.note]
            PK = "NOTE#{user}"
            SK = "NOTE"
            [entities.note.attributes]
            user = { type = "string", required = true }
        "##
        .parse()
        .expect("a definition")
    }

    fn given(matches: Option<&str>, none_matches: Option<&str>) -> Preconditions {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Preconditions { matches: own(matches), none_matches: own(none_matches) }
    }

    #[test]
    fn what_cannot_be_kept_is_refused_and_says_what_was_expected() {
        let model = model();
        let [card, note] = [0, 1].map(|position| &model.entities[position]);
        let cases = [
            (card, Some("7"), None, "expected * or what an answer had as ETag"),
            (card, Some("W/\"7\""), None, "expected * or what an answer had as ETag"),
            (card, Some("\"7\", x"), None, "expected * or what an answer had as ETag"),
            (card, None, Some("\"7\""), "expected *"),
            (note, Some("\"7\""), None, "expected *: note counts no versions"),
        ];
        for (entity, matches, none_matches, expected) in cases {
            let problem = given(matches, none_matches).of_put(&model, entity).expect_err(expected);
            assert_eq!(problem.kind(), Kind::BadHeader);
            assert!(problem.detail().contains(expected), "{}", problem.detail());
        }
        assert!(given(None, Some("*")).of_change(&model, card).is_err());
        let many = vec!["\"7\""; 101].join(",");
        let problem = given(Some(&many), None).of_put(&model, card).expect_err("too many");
        assert!(problem.detail().ends_with("101 versions, expected at most 100"), "{problem:?}");
        assert!(given(Some("*"), None).reject_any().is_err());
        assert!(given(None, None).reject_any().is_ok());
    }

    #[test]
    fn a_version_is_a_condition_on_its_attribute() {
        let model = model();
        let condition = given(Some("\"7\", \"8\""), None).of_put(&model, &model.entities[0]);
        let condition = condition.expect("a condition");
        let item = |version: &str| {
            let version = AttributeValue::N(version.to_owned());
            Item::from(std::collections::HashMap::from([("version".to_owned(), version)]))
        };
        assert!(condition.holds(&item("7")) && condition.holds(&item("8")));
        assert!(!condition.holds(&item("9")));
        assert_eq!(tagged(&model.entities[0], &item("7"))[ETAG], "\"7\"");
        assert!(tagged(&model.entities[1], &item("7")).is_empty());
    }
}
