//! Problems, as RFC 9457 defines them: `application/problem+json`.
//!
//! ```json
//! { "type": "/problems/validation", "title": "fields are not what is expected", "status": 400,
//!   "detail": "2 fields of flight are not what is expected",
//!   "errors": [{ "field": "delay", "message": "expected a number, found \"late\"" }, …] }
//! ```
//!
//! `errors` holds the first [`weir_model::limits::MAX_ERRORS`]; of others `more_errors` says how
//! many there are. Texts from a request are shortened. So a problem without `current` is less than
//! 1 MB however large the request was.
//!
//! **Invariant:** a problem of the 5xx kinds tells its caller nothing of the inside; its cause is
//! logged once, when it becomes a response, and its `request_id` is that of the line.

mod kind;

pub use kind::{Entry, Kind};

use std::error::Error as StdError;

use axum::Json;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use weir_model::limits::MAX_MESSAGE_CHARACTERS;
use weir_model::shorten::{quoted, shortened};
use weir_model::{Entity, FieldError, errors};
use weir_table::error::chain;

use crate::path_texts::PathTexts;
use crate::request_id;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// How long a caller is asked to wait before it tries again, in seconds.
const RETRY_AFTER_S: u16 = 1;
/// The longest detail, in characters.
const MAX_DETAIL_CHARACTERS: usize = 2 * MAX_MESSAGE_CHARACTERS;

/// A request that was not done as asked.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    current: Option<Box<Value>>,
    action: Option<usize>,
    retry_after_secs: Option<u16>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// A problem as its caller reads it.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    /// How many more errors there are.
    #[serde(skip_serializing_if = "is_zero")]
    more_errors: usize,
    /// The id of the request, if the log has details.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a Value>,
    /// Which action of a transaction it is about, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<usize>,
}

impl Problem {
    /// Returns a problem of that kind; the detail names the thing and its value, and says what was
    /// expected.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: shortened(&detail.into(), MAX_DETAIL_CHARACTERS).into_owned(),
            errors: Vec::new(),
            current: None,
            action: None,
            retry_after_secs: None,
            cause: None,
        }
    }

    /// Asks the caller to wait so many seconds before it tries again.
    #[must_use]
    pub fn retry_after(self, seconds: u16) -> Self {
        Self { retry_after_secs: Some(seconds), ..self }
    }

    /// Returns the problem of fields of `what` that are not what its attributes want, all of them.
    pub fn fields(what: &str, errors: Vec<FieldError>) -> Self {
        let detail = match errors::total(&errors) {
            1 => errors[0].to_string(),
            several => format!("{several} fields of {what} are not what is expected"),
        };
        Self { errors: errors::capped(errors), ..Self::new(Kind::Validation, detail) }
    }

    /// Returns the problem of parameters that cannot be answered, all of them.
    pub fn parameters(errors: Vec<FieldError>) -> Self {
        let detail = match errors::total(&errors) {
            1 => errors[0].to_string(),
            several => format!("{several} parameters are not what is expected"),
        };
        Self { errors: errors::capped(errors), ..Self::new(Kind::BadQuery, detail) }
    }

    /// Returns the problem of a path that leads to no item.
    pub fn no_item(entity: &Entity, path: &PathTexts) -> Self {
        let pairs = path.pairs();
        let key: Vec<_> =
            pairs.iter().map(|(name, text)| format!("{name} {}", quoted(text))).collect();
        let detail = format!("there is no {} with {}", entity.name, key.join(", "));
        Self::new(Kind::NotFound, detail)
    }

    /// Returns the problem of a write to an item of an entity.
    pub fn of_write(entity: &Entity, error: weir_table::Error) -> Self {
        match error {
            weir_table::Error::Invalid(errors) => Self::fields(&entity.name, errors),
            weir_table::Error::Duplicate { ref attributes, .. } => {
                let message = format!("another {} has the same", entity.name);
                let errors = attributes.iter().map(|name| FieldError::new(name, &message));
                let errors = errors.collect();
                Self { errors, ..Self::new(Kind::Duplicate, error.to_string()) }
            }
            weir_table::Error::ConditionFailed { ref item } => {
                let shown = item.as_ref().map(|item| entity.decode(item));
                let current = Some(Box::new(shown.map_or(Value::Null, Value::Object)));
                Self { current, ..Self::new(Kind::ConditionFailed, error.to_string()) }
            }
            weir_table::Error::AlreadyExists { ref item, .. } if entity.matches(item) => {
                let current = Some(Box::new(Value::Object(entity.decode(item))));
                Self { current, ..error.into() }
            }
            error => error.into(),
        }
    }

    /// The same with another detail.
    #[must_use]
    pub fn detailed(self, detail: String) -> Self {
        Self { detail: shortened(&detail, MAX_DETAIL_CHARACTERS).into_owned(), ..self }
    }

    /// Returns the problem of an action of a transaction.
    #[must_use]
    pub fn of_action(self, index: usize) -> Self {
        let detail = format!("action {index}: {}", self.detail);
        Self { action: Some(index), detail, ..self }
    }

    /// Returns its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns its detail.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Returns the fields or parameters that are wrong, where it is about them.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    fn caused_by(self, cause: impl StdError + Send + Sync + 'static) -> Self {
        Self { cause: Some(Box::new(cause)), ..self }
    }

    fn log(&self) {
        let problem = self.kind.entry().slug;
        let cause = self.cause.as_deref().map_or_else(|| self.detail.clone(), |cause| chain(cause));
        let is_callers = self.kind.entry().status.is_client_error();
        if self.kind == Kind::BuildingRollup {
            // The build reports its progress; each question meanwhile is not a failure.
            tracing::info!(problem, cause, "a question came before its rollup was built");
        } else if self.kind.is_retryable() {
            tracing::warn!(problem, cause, "a request failed and may be sent again");
        } else if is_callers {
            tracing::info!(problem, cause, "a request was refused");
        } else {
            tracing::error!(problem, cause, "a request failed");
        }
    }
}

impl From<weir_table::Error> for Problem {
    fn from(error: weir_table::Error) -> Self {
        use weir_table::Error;
        let kind = Kind::from(&error);
        match error {
            Error::Cancelled { index, reason } => Self::from(*reason).of_action(index),
            Error::TokenReused { .. } => {
                let detail = "the Idempotency-Key was another request's within ten minutes; what \
                              differs may be a value \
                    that each request is given anew: send times and ids yourself";
                Self::new(kind, detail).caused_by(error)
            }
            Error::Invalid(errors) => Self::fields("the item", errors),
            Error::Refused { .. } if kind == Kind::PayloadTooLarge => {
                Self::new(kind, "the item is larger than the 400 KB that DynamoDB stores")
            }
            Error::AlreadyExists { .. }
            | Error::OtherKind(_)
            | Error::OtherItem { .. }
            | Error::Duplicate { .. }
            | Error::NotFound { .. }
            | Error::ConditionFailed { .. }
            | Error::Cursor
            | Error::OverBudget { .. }
            | Error::Refused { .. } => Self::new(kind, error.to_string()),
            Error::Conflict { .. } => Self::new(kind, error.to_string()).caused_by(error),
            Error::Throttled { .. } => {
                let detail = "DynamoDB takes no more requests at the moment";
                Self::new(kind, detail).caused_by(error)
            }
            Error::Unavailable { .. } => {
                let detail = "DynamoDB did not answer in time, or failed inside";
                Self::new(kind, detail).caused_by(error)
            }
            Error::MissingTable { .. } => {
                let detail = "a table of the service does not exist; its log names it";
                Self::new(kind, detail).caused_by(error)
            }
            Error::Denied { .. } => {
                let detail = "the service lacks a permission on its table";
                Self::new(kind, detail).caused_by(error)
            }
            Error::Type(_)
            | Error::OtherTable { .. }
            | Error::Definition { .. }
            | Error::Unreadable(_) => {
                Self::new(kind, "the log of the service says why").caused_by(error)
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Entry { status, title, .. } = self.kind.entry();
        let is_logged = status.is_server_error() || self.cause.is_some();
        if is_logged {
            self.log();
        }
        let document = Document {
            r#type: self.kind.type_uri(),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
            more_errors: errors::total(&self.errors) - self.errors.len(),
            request_id: is_logged.then(request_id::current).flatten(),
            current: self.current.as_deref(),
            action: self.action,
        };
        let mut response = (status, Json(document)).into_response();
        response.extensions_mut().insert(self.kind);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        let retryable = Some(RETRY_AFTER_S).filter(|_| self.kind.is_retryable());
        if let Some(seconds) = self.retry_after_secs.or(retryable) {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use weir_model::AttributeValue;
    use weir_table::Error;

    use super::*;

    fn source() -> weir_table::error::Source {
        "an inside that nobody should see".into()
    }

    #[test]
    fn what_dynamodb_says_becomes_what_the_caller_can_do() {
        let table = || "a table that nobody should see".to_owned();
        let item = Box::new(std::collections::HashMap::<String, AttributeValue>::new().into());
        let refused = |message: &str| Error::Refused { message: message.into(), source: source() };
        let cases = [
            (Error::AlreadyExists { key: "PK A".into(), item }, 409, "already-exists", false),
            (Error::OtherKind("PK A".into()), 409, "already-exists", false),
            (
                Error::OtherItem { entity: "user".into(), attributes: vec!["name".into()] },
                409,
                "already-exists",
                false,
            ),
            (Error::Cursor, 400, "bad-cursor", false),
            (
                Error::OverBudget { limits: weir_table::Reads::default(), relation: None },
                400,
                "bad-query",
                false,
            ),
            (refused("One or more parameter values"), 400, "refused", false),
            (refused("Item size has exceeded"), 413, "payload-too-large", false),
            (Error::Conflict { source: source() }, 409, "conflict", true),
            (Error::Throttled { table: table(), source: source() }, 503, "throttled", true),
            (Error::Unavailable { table: table(), source: source() }, 503, "unavailable", true),
            (Error::MissingTable { table: table(), source: source() }, 503, "missing-table", false),
            (Error::Denied { table: table(), source: source() }, 500, "denied", false),
            (Error::Unreadable("a watermark".into()), 500, "internal", false),
        ];
        for (error, status, slug, retry) in cases {
            let is_retryable = error.is_retryable();
            let problem = Problem::from(error);
            assert_eq!(problem.kind().entry().slug, slug);
            assert!(
                !problem.detail().contains("nobody should see"),
                "{slug}: {}",
                problem.detail()
            );
            assert!(!problem.detail().contains("watermark"), "{slug}: {}", problem.detail());
            let response = problem.into_response();
            assert_eq!(response.status().as_u16(), status, "{slug}");
            assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), retry, "{slug}");
            assert_eq!(is_retryable, retry, "{slug}");
        }
    }

    #[test]
    fn several_fields_are_counted_and_one_is_told() {
        let error = |field: &str| FieldError::new(field, "expected");
        let one = Problem::fields("order", vec![error("a")]);
        assert_eq!(one.detail(), "`a`: expected");
        let two = Problem::fields("order", vec![error("a"), error("b")]);
        assert_eq!(two.detail(), "2 fields of order are not what is expected");
        assert_eq!(two.errors().len(), 2);
    }
}
