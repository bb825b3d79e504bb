//! The audit log: one line for each change that a caller asked for, and its outcome.
//!
//! ```json
//! {"level":"INFO","message":"a change was requested","caller":"arn:aws:iam::1:user/ann",
//!  "verb":"patch","entity":"order","key":"{\"user\":\"ann\",\"number\":7}","outcome":"rejected",
//!  "problem":"condition-failed","request_id":"…","target":"audit"}
//! ```
//!
//! | outcome | is |
//! |---|---|
//! | `done` | DynamoDB has stored the change |
//! | `rejected` | nothing was written; `problem` says why, and is of a 4xx kind |
//! | `unknown` | the write failed with a problem of a 5xx kind: the change may have been done |
//!
//! A batch and a transaction have a line for each item. A request that is rejected before its items
//! are known, such as one whose body is not valid, changes nothing and has no line.
//!
//! **Invariant:** a line has the names and values of the key attributes, `[hidden]` for the value
//! of a hidden one, and no other value of the item. Where the key is not known, it has the names of
//! the unique attributes that the request names, with `[unique]` for their values.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::{Extension, Router};
use serde_json::{Map, Value};
use weir_http::{Caller, Kind};
use weir_model::{Entity, Item};
use weir_table::Error;

/// The placeholder of a line for the value of a hidden attribute.
const HIDDEN: &str = "[hidden]";
/// The placeholder of a line for the value of a unique attribute if the key is not known.
const UNIQUE: &str = "[unique]";

/// Marks the requests of an application that writes the audit log.
#[derive(Clone, Copy, Debug)]
struct Enabled;

/// Writes the audit lines of a request.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    /// The caller of the request; `None` where no audit log is written.
    caller: Option<Caller>,
}

/// Returns an application that writes the audit log.
pub fn audited(app: Router) -> Router {
    app.layer(Extension(Enabled))
}

impl Audit {
    /// Returns one that writes nothing.
    pub(crate) fn off() -> Self {
        Self { caller: None }
    }

    /// Notes that a change of an item was requested, with its attributes or those of its key.
    pub(crate) fn change<'a>(
        &'a self,
        verb: &'static str,
        entity: &'a Entity,
        attributes: &Item,
    ) -> Change<'a> {
        self.requested(verb, entity, || shown(entity, attributes))
    }

    /// Notes a change of the item that has certain values of these attributes, which are not its
    /// key.
    pub(crate) fn change_by<'a>(
        &'a self,
        verb: &'static str,
        entity: &'a Entity,
        unique: &[&str],
    ) -> Change<'a> {
        self.requested(verb, entity, || shown_unique(unique))
    }

    fn requested<'a>(
        &'a self,
        verb: &'static str,
        entity: &'a Entity,
        key: impl FnOnce() -> String,
    ) -> Change<'a> {
        Change { logged: self.caller.as_ref().map(|caller| (caller, key())), verb, entity }
    }
}

/// A change whose outcome is not known yet. It has the key as text, so that the item can be moved.
#[derive(Debug)]
#[must_use]
pub(crate) struct Change<'a> {
    /// The caller and the key; `None` where no audit log is written.
    logged: Option<(&'a Caller, String)>,
    verb: &'static str,
    entity: &'a Entity,
}

impl Change<'_> {
    /// Logs the change with its outcome.
    pub(crate) fn ended(self, result: Result<(), Kind>) {
        let Self { logged, verb, entity } = self;
        let Some((caller, key)) = logged else { return };
        let problem = result.err();
        tracing::info!(
            target: "audit",
            caller = caller.name(),
            verb,
            entity = entity.name,
            key,
            outcome = outcome(problem),
            problem = problem.map(|kind| kind.entry().slug),
            "a change was requested"
        );
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Audit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let is_enabled = parts.extensions.get::<Enabled>().is_some();
        let caller = is_enabled.then(|| Caller::from_extensions(&parts.extensions));
        Ok(Self { caller })
    }
}

/// Only a 4xx kind proves that nothing was written: a write of which one step failed inside may
/// have done another, or may have been done without an answer.
fn outcome(problem: Option<Kind>) -> &'static str {
    match problem {
        None => "done",
        Some(kind) if kind.entry().status.is_client_error() => "rejected",
        Some(_) => "unknown",
    }
}

/// Returns the attributes of a key as JSON text, in which control characters are escaped.
fn shown(entity: &Entity, item: &Item) -> String {
    let member = |name: &str| {
        let attribute = entity.attribute(name)?;
        let value = match attribute.hidden {
            true => HIDDEN.into(),
            false => weir_model::value::decode(attribute.value_in(item)?),
        };
        Some((name.to_owned(), value))
    };
    let members = entity.key_attributes().into_iter().filter_map(member);
    Value::Object(members.collect::<Map<_, _>>()).to_string()
}

/// Returns the names of unique attributes as JSON text of the same form.
fn shown_unique(names: &[&str]) -> String {
    let members = names.iter().map(|name| ((*name).to_owned(), Value::from(UNIQUE)));
    Value::Object(members.collect::<Map<_, _>>()).to_string()
}

/// Returns the kind of problem that a write ended in, if it did.
pub(crate) fn failure_kind<T>(written: &Result<T, Error>) -> Result<(), Kind> {
    written.as_ref().map(drop).map_err(Kind::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_rejected_only_if_nothing_was_written() {
        assert_eq!(outcome(None), "done");
        for kind in Kind::EVERY {
            let expected = if kind.entry().status.as_u16() < 500 { "rejected" } else { "unknown" };
            assert_eq!(outcome(Some(kind)), expected, "{kind:?}");
        }
        for kind in
            [Kind::Unavailable, Kind::Throttled, Kind::Internal, Kind::Denied, Kind::MissingTable]
        {
            assert_eq!(outcome(Some(kind)), "unknown", "{kind:?}");
        }
    }

    #[test]
    fn unique_attributes_have_their_names_and_no_values() {
        let shown = shown_unique(&["tenant", "email"]);
        assert_eq!(shown, r#"{"tenant":"[unique]","email":"[unique]"}"#);
    }
}
