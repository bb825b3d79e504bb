//! The parts that the two HTTP services share: problems, limits, values from requests, the routes,
//! and the two hosts.
//!
//! ```text
//! request ──► finish ──► weir_writer::app / weir_reader::app ──► answer
//!                │             │  body, parameters, paths: what a request says, or a Problem
//!                └─────────────┴► Problem: what went wrong, as application/problem+json
//! ```
//!
//! | to see | read |
//! |---|---|
//! | every path that is served, and by which operation | [`routes`] |
//! | versions: `ETag`, `If-Match`, `If-None-Match` | [`Preconditions`] |
//! | `Idempotency-Key` | [`IdempotencyKey`] |
//! | what conditions a caller may send | [`conditions`] |
//! | every kind of problem, its status and when it comes | [`problem::Kind`] |
//! | `Accept`: items as DynamoDB writes them | [`Form`] |
//! | `Accept`: which form of an answer is preferred | [`Accept`] |
//! | which values can be a part of a path | [`parts`] |
//! | what is done where no route is | [`finish()`] |
//! | who sent a request | [`Caller`] |
//! | which hosts and pages a plain server accepts | `hosts` |
//! | headers of every answer | [`guard()`] |
//! | time limits and the limit on connections of a plain server | [`Server`], [`Limits`] |
//! | cursors as callers receive them | [`cursor`] |
//! | what is logged and measured of a request | `requests` |
//! | the id in `x-request-id` | `request_id` |
//! | an application that is replaced while it is served | [`ReplaceableApp`] |
//! | Lambda or a plain server | [`serve_on_lambda`], [`Server`] |
//! | what an HTTP API of AWS does to a path | `gateway` |
//!
//! **Invariant:** an application is a value, the same in both hosts and in tests.

mod accept;
pub mod body;
mod caller;
pub mod conditions;
pub mod cursor;
mod finish;
mod form;
mod gateway;
mod guard;
mod hosts;
mod idempotency;
pub mod openapi;
pub mod parameters;
pub mod parts;
mod path_texts;
pub mod paths;
mod preconditions;
pub mod problem;
mod replaceable;
mod request_id;
mod requests;
pub mod routes;
mod serve;
mod time_left;

pub use accept::Accept;
pub use body::{JsonObject, JsonRows, NoBody};
pub use caller::Caller;
pub use cursor::{CURSOR_KEY, CursorKeyError, CursorKeys, Cursors, Seal};
pub use finish::finish;
pub use form::{DYNAMODB_JSON, Form};
pub use guard::guard;
pub use hosts::{HostsError, parse_allowed_hosts};
pub use idempotency::{IDEMPOTENCY_KEY, IdempotencyKey, MAX_KEY_BYTES};
pub use parameters::Parameters;
pub use path_texts::PathTexts;
pub use paths::EntityPaths;
pub use preconditions::Preconditions;
pub use problem::{Kind, Problem};
pub use replaceable::ReplaceableApp;
pub use routes::{Operation, Route};
pub use serve::{
    Address, Limits, ServeError, Server, interrupted, is_body_timeout, serve_on, serve_on_lambda,
};
pub use time_left::TimeLeft;
pub use weir_model::json;

/// The header of an answer to a write: the token of what was written.
pub const WRITE_TOKEN: &str = "weir-token";
