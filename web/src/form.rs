//! How items are written in an answer: as JSON of their attributes, or as DynamoDB writes them.
//!
//! ```text
//! Accept: application/json                  { "user": "ann", "number": 7, "tags": ["gift"] }
//! Accept: application/vnd.dynamodb+json
//!     { "PK": { "S": "USER#ann" }, …, "number": { "N": "7" }, "tags": { "SS": ["gift"] } }
//! ```
//!
//! The second is for clients that use DynamoDB's own tools: it tells a set from a list and a
//! decimal from a float, and has the stored names and the keys.
//!
//! **Invariant:** neither has what is hidden, nor a key that is made from it.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use weir_model::{Attribute, Entity, Item};

use crate::accept::Accept;
use crate::preconditions::tagged;
use crate::problem::{Kind, Problem};

/// The media type of items as DynamoDB writes them.
pub const DYNAMODB_JSON: &str = "application/vnd.dynamodb+json";

/// The media type of everything else.
pub(crate) const JSON: &str = "application/json";

/// How items are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As JSON of their attributes.
    Plain,
    /// As DynamoDB writes them.
    Stored,
}

impl Form {
    /// Returns an item of an entity.
    pub fn item(self, entity: &Entity, item: &Item) -> Map<String, Value> {
        match self {
            Self::Plain => entity.decode(item),
            Self::Stored => match serde_json::to_value(entity.shown(item)) {
                Ok(Value::Object(object)) => object,
                other => unreachable!("an item is an object in JSON: {other:?}"),
            },
        }
    }

    /// Returns the name that an attribute has in such an item.
    pub fn name(self, attribute: &Attribute) -> &str {
        match self {
            Self::Plain => &attribute.name,
            Self::Stored => &attribute.field,
        }
    }

    /// Returns an answer that is an item, with its version.
    pub fn answer_item(self, entity: &Entity, item: &Item) -> Response {
        (tagged(entity, item), self.answer(self.item(entity, item))).into_response()
    }

    /// Returns an answer that has items of this form.
    pub fn answer(self, body: impl Serialize) -> Response {
        let mut response = Json(body).into_response();
        if self == Self::Stored {
            let value = HeaderValue::from_static(DYNAMODB_JSON);
            response.headers_mut().insert(CONTENT_TYPE, value);
        }
        response
    }

    /// Refuses what has no form of DynamoDB's.
    ///
    /// # Errors
    /// The problem of the header, if it asks for that form.
    pub fn must_be_plain(self, what: &str) -> Result<(), Problem> {
        match self {
            Self::Plain => Ok(()),
            Self::Stored => {
                let detail =
                    format!("`Accept: {DYNAMODB_JSON}`: expected application/json with {what}");
                Err(Problem::new(Kind::BadHeader, detail))
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Form {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let accept = Accept::from_request_parts(parts, state).await?;
        Ok([Self::Plain, Self::Stored][accept.preferred(&[JSON, DYNAMODB_JSON])])
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use axum::http::header::ACCEPT;

    use super::*;

    async fn form(accept: &str) -> Form {
        let request = Request::builder().header(ACCEPT, accept).body(()).expect("a request");
        let Ok(form) = Form::from_request_parts(&mut request.into_parts().0, &()).await;
        form
    }

    #[tokio::test]
    async fn only_who_names_the_form_of_dynamodb_gets_it() {
        for accept in [
            "*/*",
            "application/json",
            "application/vnd.dynamodb+json;q=0",
            "text/html, */*;q=0.8",
            "application/json, application/vnd.dynamodb+json;q=0.1",
        ] {
            assert_eq!(form(accept).await, Form::Plain, "{accept}");
        }
        for accept in [
            "application/vnd.dynamodb+json",
            "Application/Vnd.DynamoDB+JSON; charset=utf-8",
            "text/html, application/vnd.dynamodb+json;q=0.5",
            "application/json;q=0.4, application/vnd.dynamodb+json;q=0.5, */*",
        ] {
            assert_eq!(form(accept).await, Form::Stored, "{accept}");
        }
    }
}
