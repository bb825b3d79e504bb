//! `Idempotency-Key`: a request that is sent again with the same key is done once.
//!
//! It becomes the token of a transaction, which DynamoDB remembers for ten minutes and for all
//! requests of the account. So the token is a hash of everything that makes two requests the same:
//!
//! ```text
//! token = base64url(SHA-256(table, caller, stage, method, route, key)), cut to 36 characters
//! ```
//!
//! **Invariant:** requests of different callers, to different routes or tables, have different
//! tokens, whatever their keys. No caller learns that another has used a key.

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::Extensions;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{Context, SHA256};
use weir_model::shorten::quoted;

use crate::caller::Caller;
use crate::gateway;
use crate::problem::{Kind, Problem};

/// The header.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 36;
/// How much of the hash a token has, in bytes: 36 characters of base64, the longest token that
/// DynamoDB takes ("TransactWriteItems", `ClientRequestToken`).
const TOKEN_BYTES: usize = 27;

/// The key of a request, if it has one, and what it is a key of.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    given: Option<String>,
    /// The caller, the stage, the method and the route.
    scope: [String; 4],
}

impl IdempotencyKey {
    /// Returns the token of a transaction on a table; `None` if the request has no key.
    pub fn token(&self, table: &str) -> Option<String> {
        let key = self.given.as_deref()?;
        let mut hash = Context::new(&SHA256);
        let scope = self.scope.iter().map(String::as_str);
        for part in [table].into_iter().chain(scope).chain([key]) {
            // With its length, or two parts could meet elsewhere and make the same text.
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Some(URL_SAFE_NO_PAD.encode(&hash.finish().as_ref()[..TOKEN_BYTES]))
    }

    /// Rejects the header where it has no meaning.
    ///
    /// # Errors
    /// The header, if it is there.
    pub fn reject_any(&self) -> Result<(), Problem> {
        match &self.given {
            None => Ok(()),
            Some(key) => {
                let expected = "it goes with POST of an item and of a transaction";
                Err(Problem::new(Kind::BadHeader, format!("{}: {expected}", shown(key))))
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let given = match (values.next(), values.next()) {
            (None, _) => None,
            (Some(value), other) => {
                let text = value.to_str().ok().filter(|_| other.is_none());
                let text = text.filter(|text| (1..=MAX_KEY_BYTES).contains(&text.len()));
                Some(text.map(str::to_owned).ok_or_else(|| unfit(value.as_bytes()))?)
            }
        };
        let caller = Caller::from_extensions(&parts.extensions);
        let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        let scope = [
            caller.scope().to_owned(),
            stage(&parts.extensions),
            parts.method.to_string(),
            route.unwrap_or_default().to_owned(),
        ];
        Ok(Self { given, scope })
    }
}

/// Returns the stage of the HTTP API; the empty text on a plain server.
fn stage(extensions: &Extensions) -> String {
    let stage = gateway::context(extensions).and_then(|context| context.stage.clone());
    stage.unwrap_or_default()
}

fn unfit(value: &[u8]) -> Problem {
    let expected = format!("expected one of 1 to {MAX_KEY_BYTES} characters of ASCII");
    let given = shown(&String::from_utf8_lossy(value));
    Problem::new(Kind::BadHeader, format!("{given}: {expected}, such as a UUID"))
}

/// Returns the header as it was given, shortened.
fn shown(key: &str) -> String {
    quoted(&format!("{IDEMPOTENCY_KEY}: {key}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn token(table: &str, scope: [&str; 4], key: &str) -> String {
        let scope = scope.map(str::to_owned);
        let key = IdempotencyKey { given: Some(key.to_owned()), scope };
        key.token(table).expect("it has a key")
    }

    #[test]
    fn a_header_in_a_problem_is_shortened() {
        let problem = unfit("k".repeat(100_000).as_bytes());
        let detail = problem.detail();
        let shown = format!("`Idempotency-Key: {}…`: expected one of 1 to 36", "k".repeat(43));
        assert!(detail.starts_with(&shown), "{detail}");
        let problem = unfit("ö".as_bytes());
        assert!(problem.detail().starts_with("`Idempotency-Key: ö`: expected"), "{problem:?}");
        let key = IdempotencyKey { given: Some("k".to_owned()), scope: Default::default() };
        let problem = key.reject_any().expect_err("a header");
        let shown = "`Idempotency-Key: k`: it goes with POST";
        assert!(problem.detail().starts_with(shown), "{problem:?}");
    }

    #[test]
    fn each_part_of_its_scope_makes_another_token_and_the_same_parts_the_same() {
        let scope = ["iam\nann", "$default", "POST", "/order"];
        let first = token("shop", scope, "k");
        assert_eq!(token("shop", scope, "k"), first);
        let mut tokens =
            HashSet::from([first, token("other", scope, "k"), token("shop", scope, "k2")]);
        for position in 0..scope.len() {
            let mut other = scope;
            other[position] = "other";
            tokens.insert(token("shop", other, "k"));
        }
        // The same letters, parted otherwise.
        tokens.insert(token("shop", ["iam\nan", "n$default", "POST", "/order"], "k"));
        tokens.insert(token("shopiam\n", ["ann", "$default", "POST", "/order"], "k"));
        assert_eq!(tokens.len(), 9);
        assert!(tokens.iter().all(|token| token.len() == 36 && token.is_ascii()));
    }
}
