//! The registry of problems: each kind's type, status, title and meaning, side by side and listed once.
//!
//! **Invariant:** a type never changes its meaning; programs compare it.

use axum::http::StatusCode;
use table::Error;

/// What DynamoDB says of an item above its 400 KB.
const ITEM_TOO_LARGE: &str = "Item size";

/// What went wrong, by what the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Mend the named fields.
    Validation,
    /// Mend the syntax.
    BadJson,
    /// Mend the named parameters.
    BadQuery,
    /// Mend the header.
    BadHeader,
    /// Start again without the cursor.
    BadCursor,
    /// Choose one of the listed rollups.
    UnknownRollup,
    /// Change the item: DynamoDB will not take it.
    Refused,
    /// Send the request without a browser, or from a page of this machine.
    ForeignOrigin,
    /// Choose one of the listed entities.
    UnknownEntity,
    /// Choose one of the listed paths.
    UnknownPath,
    /// There is no such item.
    NotFound,
    /// Choose one of the methods in `Allow`.
    MethodNotAllowed,
    /// Send the body faster.
    RequestTimeout,
    /// Choose another key, or replace the item.
    AlreadyExists,
    /// Choose other values.
    Duplicate,
    /// Take another key, or send the same request.
    TokenReused,
    /// Look at the item, and decide again.
    ConditionFailed,
    /// Try again.
    Conflict,
    /// Send less.
    PayloadTooLarge,
    /// Send JSON.
    UnsupportedMediaType,
    /// Name the server as it is allowed to be named.
    ForeignHost,
    /// Try again after `Retry-After`.
    Throttled,
    /// Try again later.
    Unavailable,
    /// Deploy the table.
    MissingTable,
    /// Give the rollup a table to begin with.
    ChangedRollup,
    /// Build the rollup, or give it a table to begin with.
    UnbuiltRollup,
    /// Give the service its permissions.
    Denied,
    /// Read the log of the service.
    Internal,
}

/// What the registry says of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The last part of the problem's `type`.
    pub slug: &'static str,
    /// The status of the response.
    pub status: StatusCode,
    /// The problem's `title`: the same for every problem of the kind.
    pub title: &'static str,
    /// When it comes and what to do.
    pub doc: &'static str,
}

impl Kind {
    /// Every kind, by status.
    pub const EVERY: [Self; 28] = [
        Self::Validation,
        Self::BadJson,
        Self::BadQuery,
        Self::BadHeader,
        Self::BadCursor,
        Self::UnknownRollup,
        Self::Refused,
        Self::ForeignOrigin,
        Self::UnknownEntity,
        Self::UnknownPath,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::AlreadyExists,
        Self::Duplicate,
        Self::TokenReused,
        Self::Conflict,
        Self::ConditionFailed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::ForeignHost,
        Self::Denied,
        Self::Internal,
        Self::Throttled,
        Self::Unavailable,
        Self::MissingTable,
        Self::ChangedRollup,
        Self::UnbuiltRollup,
    ];

    /// The registry.
    pub fn entry(self) -> Entry {
        let (slug, status, title, doc) = match self {
            Self::Validation => (
                "validation",
                StatusCode::BAD_REQUEST,
                "fields are not what is expected",
                "a field of the body or the path is not what its attribute wants; `errors` names each one",
            ),
            Self::BadJson => (
                "bad-json",
                StatusCode::BAD_REQUEST,
                "the body is not the JSON that is expected",
                "the body is not JSON (the detail has the line and the column), breaks a rule for JSON, or has another shape",
            ),
            Self::BadQuery => (
                "bad-query",
                StatusCode::BAD_REQUEST,
                "parameters cannot be answered",
                "a parameter of the query is unknown, missing or not what is expected; `errors` names each one",
            ),
            Self::BadHeader => (
                "bad-header",
                StatusCode::BAD_REQUEST,
                "a header is not what is expected",
                "a header on which the request depends cannot be read, or says nothing here; the detail names it",
            ),
            Self::BadCursor => (
                "bad-cursor",
                StatusCode::BAD_REQUEST,
                "the cursor is none of this query",
                "a cursor belongs to the caller, the path and the parameters that it was returned for; only `limit`, `select`, `include`, `consistent` and `format` may change",
            ),
            Self::UnknownRollup => (
                "unknown-rollup",
                StatusCode::BAD_REQUEST,
                "no such rollup",
                "the definition has no rollup of that name; the detail lists those it has",
            ),
            Self::Refused => (
                "refused",
                StatusCode::BAD_REQUEST,
                "DynamoDB does not take it",
                "DynamoDB refuses the request for good; the same request will fail again",
            ),
            Self::ForeignOrigin => (
                "foreign-origin",
                StatusCode::FORBIDDEN,
                "a page of another site sent the request",
                "a server at a loopback address rejects requests of pages of other sites (`Origin`, `Sec-Fetch-Site`)",
            ),
            Self::UnknownEntity => (
                "unknown-entity",
                StatusCode::NOT_FOUND,
                "no such entity",
                "the first part of the path names nothing; the detail lists the names that do",
            ),
            Self::UnknownPath => (
                "unknown-path",
                StatusCode::NOT_FOUND,
                "no such path",
                "the path has too many, too few or empty parts; the detail lists the paths there are",
            ),
            Self::NotFound => (
                "not-found",
                StatusCode::NOT_FOUND,
                "no such item",
                "the table holds no item of this entity with that key",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "the path does not take this method",
                "the header `Allow` lists the methods that the path takes",
            ),
            Self::RequestTimeout => (
                "request-timeout",
                StatusCode::REQUEST_TIMEOUT,
                "the body was not whole in time",
                "the body took longer than the time-out of the server, and nothing was written; send it faster",
            ),
            Self::AlreadyExists => (
                "already-exists",
                StatusCode::CONFLICT,
                "an item with this key exists already",
                "POST only creates; PUT to the item's own path replaces, but not an item of another kind or with other key attributes",
            ),
            Self::Duplicate => (
                "duplicate",
                StatusCode::CONFLICT,
                "another item has the same values",
                "attributes that the definition has as unique are alike in another item; `errors` names them",
            ),
            Self::TokenReused => (
                "idempotency-key-reused",
                StatusCode::CONFLICT,
                "the idempotency key was another request's",
                "nothing was written; a key goes with one request, every value of it, for ten minutes",
            ),
            Self::ConditionFailed => (
                "condition-failed",
                StatusCode::PRECONDITION_FAILED,
                "the item is not as the condition says",
                "nothing was written; `current` is the item as it is, null when there is none",
            ),
            Self::Conflict => (
                "conflict",
                StatusCode::CONFLICT,
                "another write was at the same item",
                "nothing was written; the same request may succeed when it is sent again",
            ),
            Self::PayloadTooLarge => (
                "payload-too-large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too large",
                "the body, or the item it makes, is larger than the limit that the detail names",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body is not said to be JSON",
                "`Content-Type` is missing or not application/json, or its charset is not UTF-8",
            ),
            Self::ForeignHost => (
                "foreign-host",
                StatusCode::MISDIRECTED_REQUEST,
                "the request is for another host",
                "a server at a loopback address is named by loopback names or those in `WEIR_ALLOWED_HOSTS`",
            ),
            Self::Throttled => (
                "throttled",
                StatusCode::SERVICE_UNAVAILABLE,
                "too much was asked at once",
                "DynamoDB throttles the table; try again after the seconds in `Retry-After`",
            ),
            Self::Unavailable => (
                "unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "DynamoDB does not answer",
                "a write may or may not have happened; try again later",
            ),
            Self::MissingTable => (
                "missing-table",
                StatusCode::SERVICE_UNAVAILABLE,
                "a table does not exist",
                "the service is there but its table is not: deploy it, or name the right one",
            ),
            Self::ChangedRollup => (
                "changed-rollup",
                StatusCode::SERVICE_UNAVAILABLE,
                "the rollup is not what was counted",
                "it was added or changed after its table began, so its numbers would be wrong; it needs a table to begin with",
            ),
            Self::UnbuiltRollup => (
                "rollup-unbuilt",
                StatusCode::SERVICE_UNAVAILABLE,
                "the rollup has not counted every item",
                "it began on a table that had items, the table was created again, or no processor has started; the detail \
                 names the reason",
            ),
            Self::Denied => (
                "denied",
                StatusCode::INTERNAL_SERVER_ERROR,
                "the service may not use its table",
                "the permissions of the service, not of its caller, lack what the request needs",
            ),
            Self::Internal => (
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "the service failed",
                "the log of the service says why",
            ),
        };
        Entry { slug, status, title, doc }
    }

    /// The problem's `type`, a URI reference.
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.entry().slug)
    }

    /// The status of the response.
    pub fn status(self) -> StatusCode {
        self.entry().status
    }

    /// Whether the same request may succeed when it is sent again.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Conflict | Self::Throttled | Self::Unavailable)
    }
}

impl From<&Error> for Kind {
    fn from(error: &Error) -> Self {
        match error {
            Error::AlreadyExists { .. } | Error::OtherKind(_) | Error::OtherItem { .. } => {
                Self::AlreadyExists
            }
            Error::Duplicate { .. } => Self::Duplicate,
            Error::Cancelled { reason, .. } => Self::from(reason.as_ref()),
            Error::TokenReused { .. } => Self::TokenReused,
            Error::NotFound { .. } => Self::NotFound,
            Error::ConditionFailed { .. } => Self::ConditionFailed,
            Error::Invalid(_) => Self::Validation,
            Error::Cursor => Self::BadCursor,
            Error::OverBudget { .. } => Self::BadQuery,
            Error::Refused { message, .. } if message.starts_with(ITEM_TOO_LARGE) => {
                Self::PayloadTooLarge
            }
            Error::Refused { .. } => Self::Refused,
            Error::Conflict { .. } => Self::Conflict,
            Error::Throttled { .. } => Self::Throttled,
            Error::Unavailable { .. } => Self::Unavailable,
            Error::MissingTable { .. } => Self::MissingTable,
            Error::Denied { .. } => Self::Denied,
            Error::Type(_)
            | Error::OtherTable { .. }
            | Error::ChangedRollup { .. }
            | Error::Unreadable(_) => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_a_type_of_its_own() {
        let types: HashSet<_> = Kind::EVERY.into_iter().map(Kind::type_uri).collect();
        assert_eq!(types.len(), Kind::EVERY.len());
    }

    #[test]
    fn only_what_may_succeed_later_is_called_retryable() {
        let retryable: Vec<_> =
            Kind::EVERY.into_iter().filter(|kind| kind.is_retryable()).collect();
        assert_eq!(retryable, [Kind::Conflict, Kind::Throttled, Kind::Unavailable]);
    }
}
