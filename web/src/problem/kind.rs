//! The registry of problems: each kind's type, status, title and meaning, side by side and listed
//! once.
//!
//! **Invariant:** a type never changes its meaning; programs compare it.

use axum::http::StatusCode;
use weir_table::Error;

/// The beginning of DynamoDB's message about an item above its 400 KB.
const ITEM_TOO_LARGE: &str = "Item size";

/// The entry of a kind in the registry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The last part of the problem's `type`.
    pub slug: &'static str,
    /// The status of the response.
    pub status: StatusCode,
    /// The problem's `title`: the same for every problem of the kind.
    pub title: &'static str,
    /// The cause, and what the caller can do.
    pub doc: &'static str,
}

macro_rules! registry {
    ($(
        #[doc = $advice:literal]
        $kind:ident $slug:literal $status:ident $title:literal $doc:literal;
    )*) => {
        /// The kind of a problem, by what the caller can do about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = $advice] $kind,)*
        }

        /// The entries, in the order of the kinds.
        const REGISTRY: &[Entry] = &[$(
            Entry { slug: $slug, status: StatusCode::$status, title: $title, doc: $doc },
        )*];

        impl Kind {
            /// Every kind, by status.
            pub const EVERY: [Self; REGISTRY.len()] = [$(Self::$kind),*];
        }
    };
}

// kind, type, status, title, and the cause with what the caller can do
registry! {
    /// Fix the named fields.
    Validation "validation" BAD_REQUEST "fields are not what is expected"
        "a field of the body or the path is not what its attribute wants; `errors` names each one";
    /// Fix the syntax.
    BadJson "bad-json" BAD_REQUEST "the body is not the JSON that is expected"
        "the body is not JSON (the detail has the line and the column), breaks a rule for JSON, \
         or has another shape";
    /// Fix the named parameters.
    BadQuery "bad-query" BAD_REQUEST "parameters cannot be answered"
        "a parameter of the query is unknown, missing or not what is expected; `errors` names \
         each one";
    /// Fix the header.
    BadHeader "bad-header" BAD_REQUEST "a header is not what is expected"
        "a header on which the request depends cannot be read, or says nothing here; the detail \
         names it";
    /// Start again without the cursor.
    BadCursor "bad-cursor" BAD_REQUEST "the cursor is none of this query"
        "a cursor belongs to the caller, the path and the parameters that it was returned for; \
         only `limit`, `select`, `include`, `consistent` and `format` may change";
    /// Choose one of the listed rollups.
    UnknownRollup "unknown-rollup" BAD_REQUEST "no such rollup"
        "the definition has no rollup of that name; the detail lists those it has";
    /// Change the item: DynamoDB will not take it.
    Refused "refused" BAD_REQUEST "DynamoDB does not take it"
        "DynamoDB refuses the request for good; the same request will fail again";
    /// Send the request without a browser, or from a page of this machine.
    ForeignOrigin "foreign-origin" FORBIDDEN "a page of another site sent the request"
        "a server at a loopback address rejects requests of pages of other sites (`Origin`, \
         `Sec-Fetch-Site`)";
    /// Choose one of the listed entities.
    UnknownEntity "unknown-entity" NOT_FOUND "no such entity"
        "the first part of the path names nothing; the detail lists the names that do";
    /// Choose one of the listed paths.
    UnknownPath "unknown-path" NOT_FOUND "no such path"
        "the path has too many, too few or empty parts; the detail lists the paths there are";
    /// There is no such item.
    NotFound "not-found" NOT_FOUND "no such item"
        "the table holds no item of this entity with that key";
    /// Choose one of the methods in `Allow`.
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "the path does not take this method"
        "the header `Allow` lists the methods that the path takes";
    /// Send the body faster.
    RequestTimeout "request-timeout" REQUEST_TIMEOUT "the body was not whole in time"
        "the body took longer than the time-out of the server, and nothing was written; send it \
         faster";
    /// Choose another key, or replace the item.
    AlreadyExists "already-exists" CONFLICT "an item with this key exists already"
        "POST only creates; PUT to the item's own path replaces, but not an item of another kind \
         or with other key attributes";
    /// Choose other values.
    Duplicate "duplicate" CONFLICT "another item has the same values"
        "attributes that the definition has as unique are alike in another item; `errors` names \
         them";
    /// Take another key, or send the same request.
    TokenReused "idempotency-key-reused" CONFLICT "the idempotency key was another request's"
        "nothing was written; a key goes with one request, every value of it, for ten minutes";
    /// Try again.
    Conflict "conflict" CONFLICT "another write was at the same item"
        "nothing was written; the same request may succeed when it is sent again";
    /// Look at the item, and decide again.
    ConditionFailed "condition-failed" PRECONDITION_FAILED "the item is not as the condition says"
        "nothing was written; `current` is the item as it is, null when there is none";
    /// Send less.
    PayloadTooLarge "payload-too-large" PAYLOAD_TOO_LARGE "the body is too large"
        "the body, or the item it makes, is larger than the limit that the detail names";
    /// Send JSON.
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE
        "the body is not said to be JSON"
        "`Content-Type` is missing or not application/json, or its charset is not UTF-8";
    /// Name the server as it is allowed to be named.
    ForeignHost "foreign-host" MISDIRECTED_REQUEST "the request is for another host"
        "a server at a loopback address is named by loopback names or those in \
         `WEIR_ALLOWED_HOSTS`";
    /// Give the service its permissions.
    Denied "denied" INTERNAL_SERVER_ERROR "the service may not use its table"
        "the permissions of the service, not of its caller, lack what the request needs";
    /// Read the log of the service.
    Internal "internal" INTERNAL_SERVER_ERROR "the service failed"
        "the log of the service says why";
    /// Try again after `Retry-After`.
    Throttled "throttled" SERVICE_UNAVAILABLE "too much was asked at once"
        "DynamoDB throttles the table; try again after the seconds in `Retry-After`";
    /// Try again later.
    Unavailable "unavailable" SERVICE_UNAVAILABLE "DynamoDB does not answer"
        "a write may or may not have happened; try again later";
    /// Deploy the table.
    MissingTable "missing-table" SERVICE_UNAVAILABLE "a table does not exist"
        "the service is there but its table is not: deploy it, or name the right one";
    /// Try again after `Retry-After`.
    BuildingRollup "rollup-building" SERVICE_UNAVAILABLE "the rollup is being built"
        "a build counts the items that are in the table already; the detail states its progress, \
         try again after the seconds in `Retry-After`";
    /// Build the rollup.
    UnbuiltRollup "rollup-unbuilt" SERVICE_UNAVAILABLE "the rollup has not counted every item"
        "it began on a table that had items, it was added or changed and not built since, the \
         table was created again, or no processor has started; the detail names the reason";
}

impl Kind {
    /// Returns the kind's entry in the registry.
    pub fn entry(self) -> Entry {
        REGISTRY[self as usize]
    }

    /// Returns the problem's `type`, a URI reference.
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.entry().slug)
    }

    /// Returns the status of the response.
    pub fn status(self) -> StatusCode {
        self.entry().status
    }

    /// Returns whether the same request may succeed when it is sent again.
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
            | Error::Definition { .. }
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
