//! Sealed cursors: where a page ended, as callers receive it.
//!
//! A position names keys, and a list with a filter may end at an item that the filter excludes. So
//! the services encrypt and authenticate each cursor before it leaves them:
//!
//! ```text
//! table, rollups ──position──► Seal::close ──► caller ──► Seal::open ──position──► table, rollups
//!                                  └── key, caller, list, parameters ──┘
//! ```
//!
//! | A cursor is bound to | from |
//! |---|---|
//! | the caller | [`Caller::scope`] |
//! | the list: entity, pattern, partition, order; or the rollup | the handler |
//! | each parameter that decides which items are read | [`Parameters::bound`] |
//!
//! A client may change [`FREE`] parameters between two pages.
//!
//! `weir_query::QueryEngine` and `weir_table::List` return plain positions, because programs call
//! them. A program that gives such a position to a client of its own seals it with [`Seal`].
//!
//! **Invariant:** a cursor that was changed, or that belongs to another caller, list or question,
//! is rejected as [`weir_table::Error::Cursor`] before anything is read.

mod key;
mod keys;

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::caller::Caller;
use crate::parameters::Parameters;

pub use keys::{CURSOR_KEY, CursorKeyError, CursorKeys};

/// The parameters that may change between two pages: they decide how much is answered and how it
/// is shown, and neither which items are read nor in which order.
pub const FREE: [&str; 6] = ["limit", "cursor", "select", "include", "consistent", "format"];

/// The cursors of a request: its keys and its caller.
#[derive(Clone, Debug)]
pub struct Cursors {
    keys: CursorKeys,
    caller: Caller,
}

/// The seal of one list and one caller.
#[derive(Clone, Debug)]
pub struct Seal {
    keys: CursorKeys,
    /// The list and the caller to which a cursor is bound.
    bound_to: Vec<u8>,
}

impl Cursors {
    /// Returns the cursors of a caller.
    pub fn new(keys: CursorKeys, caller: Caller) -> Self {
        Self { keys, caller }
    }

    /// Returns the seal of a list. `list` names what is read: its kind, its name, its partition.
    /// `asked` are the parameters of the request, by [`Parameters::bound`].
    pub fn for_list(&self, list: &[&str], asked: &[(String, String)]) -> Seal {
        Seal::new(&self.keys, self.caller.scope(), list, asked)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Cursors {
    type Rejection = Infallible;

    /// # Panics
    /// If the application was built without an `Extension` of [`CursorKeys`].
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let keys = parts.extensions.get::<CursorKeys>();
        let keys = keys.expect("the application that answers with cursors adds their keys");
        Ok(Self::new(keys.clone(), Caller::from_extensions(&parts.extensions)))
    }
}

impl Seal {
    /// Returns the seal of one list and one caller.
    pub fn new(keys: &CursorKeys, caller: &str, list: &[&str], asked: &[(String, String)]) -> Self {
        let asked = asked.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let texts = [caller].into_iter().chain(list.iter().copied()).chain(asked);
        // With the number of texts that name the list, no parameter can be read as one of them.
        let mut bound_to = length_bytes(list.len()).to_vec();
        for text in texts {
            bound_to.extend(length_bytes(text.len()));
            bound_to.extend(text.as_bytes());
        }
        Self { keys: keys.clone(), bound_to }
    }

    /// Returns the cursor that a caller receives for a position.
    pub fn close(&self, position: Option<String>) -> Option<String> {
        position.map(|position| self.keys.seal(&self.bound_to, &position))
    }

    /// Returns the position in a cursor of a caller.
    ///
    /// # Errors
    /// [`weir_table::Error::Cursor`] for any text that this seal did not close.
    pub fn open(&self, cursor: Option<String>) -> Result<Option<String>, weir_table::Error> {
        let open = |cursor: String| self.keys.open(&self.bound_to, &cursor);
        cursor.map(|cursor| open(cursor).ok_or(weir_table::Error::Cursor)).transpose()
    }
}

fn length_bytes(length: usize) -> [u8; 8] {
    u64::try_from(length).expect("no text has more bytes").to_be_bytes()
}

impl Parameters {
    /// Returns the parameters of the request that a cursor is bound to, in the order of their
    /// names: all but the [`FREE`] ones and those in `apart`, which the handler binds itself.
    pub fn bound(&self, apart: &[&str]) -> Vec<(String, String)> {
        let is_bound = |name: &str| !FREE.contains(&name) && !apart.contains(&name);
        let mut bound: Vec<_> =
            self.whole().iter().filter(|(name, _)| is_bound(name)).cloned().collect();
        bound.sort_unstable();
        bound
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use lambda_http::request::RequestContext;

    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Returns the cursors of a request that an authorizer let in as a subject.
    async fn cursors_of(keys: &CursorKeys, subject: &str) -> Cursors {
        let context = serde_json::json!({
            "timeEpoch": 0, "http": { "method": "GET", "path": "/" },
            "authorizer": { "jwt": { "claims": { "iss": "https://a", "sub": subject } } },
        });
        let context = serde_json::from_value(context).expect("a request context");
        let mut request = Request::new(());
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        request.extensions_mut().insert(keys.clone());
        let (mut parts, ()) = request.into_parts();
        Cursors::from_request_parts(&mut parts, &()).await.expect("it never fails")
    }

    #[tokio::test]
    async fn a_cursor_of_one_subject_is_rejected_from_another() {
        let keys = CursorKeys::random();
        let (ann, bob) = (cursors_of(&keys, "ann").await, cursors_of(&keys, "bob").await);
        let list = ["list", "order"];
        let cursor = ann.for_list(&list, &[]).close(Some("here".to_owned()));
        let again = cursors_of(&keys, "ann").await.for_list(&list, &[]).open(cursor.clone());
        assert_eq!(again.expect("her own"), Some("here".to_owned()));
        assert!(matches!(bob.for_list(&list, &[]).open(cursor), Err(weir_table::Error::Cursor)));
    }

    #[test]
    fn a_cursor_is_of_one_caller_one_list_and_one_question() {
        let keys = CursorKeys::random();
        let list = ["list", "order", "USER#ann"];
        let seal = |caller: &str, list: &[&str], pairs: &[(&str, &str)]| {
            Seal::new(&keys, caller, list, &asked(pairs))
        };
        let own = seal("ann", &list, &[("from", "1")]);
        let cursor = own.close(Some("here".to_owned()));
        assert_eq!(own.open(cursor.clone()).expect("its own"), Some("here".to_owned()));
        let others = [
            seal("bob", &list, &[("from", "1")]),
            seal("", &["ann", "list", "order", "USER#ann"], &[("from", "1")]),
            seal("ann", &["list", "order", "USER#bob"], &[("from", "1")]),
            seal("ann", &["list", "user", "USER#ann"], &[("from", "1")]),
            seal("ann", &["list", "order", "USER#ann", "from", "1"], &[]),
            seal("ann", &["list", "order", "USER#annfrom", "1"], &[]),
            seal("ann", &list, &[("from", "2")]),
            seal("ann", &list, &[("to", "1")]),
            seal("ann", &list, &[("from", "1"), ("to", "2")]),
            seal("ann", &list, &[]),
        ];
        for (position, other) in others.iter().enumerate() {
            assert!(
                matches!(other.open(cursor.clone()), Err(weir_table::Error::Cursor)),
                "{position}"
            );
        }
        assert_eq!(own.open(None).expect("no cursor"), None);
        assert_eq!(own.close(None), None);
    }
}
