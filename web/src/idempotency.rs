//! `Idempotency-Key`: a request that is sent again with the same key is done once.
//!
//! It becomes the token of a transaction, which DynamoDB remembers for ten minutes.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::problem::{Kind, Problem};

/// The header.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The longest key, in bytes: the longest token that DynamoDB takes.
pub const MAX_KEY_BYTES: usize = 36;

/// The key of a request, if it has one.
#[derive(Clone, Debug)]
pub struct IdempotencyKey(pub Option<String>);

impl IdempotencyKey {
    /// Refuses the header where it would say nothing.
    ///
    /// # Errors
    /// The header, if it is there.
    pub fn of_none(&self) -> Result<(), Problem> {
        match &self.0 {
            None => Ok(()),
            Some(key) => {
                let expected = "it goes with POST of an item and of a transaction";
                let detail = format!("`{IDEMPOTENCY_KEY}: {key}`: {expected}");
                Err(Problem::new(Kind::BadHeader, detail))
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = given.next() else { return Ok(Self(None)) };
        let text = value.to_str().ok().filter(|text| (1..=MAX_KEY_BYTES).contains(&text.len()));
        match text.filter(|_| given.next().is_none()) {
            Some(text) => Ok(Self(Some(text.to_owned()))),
            None => {
                let expected = format!("expected one of 1 to {MAX_KEY_BYTES} characters of ASCII");
                let given = String::from_utf8_lossy(value.as_bytes());
                let detail = format!("`{IDEMPOTENCY_KEY}: {given}`: {expected}, such as a UUID");
                Err(Problem::new(Kind::BadHeader, detail))
            }
        }
    }
}
