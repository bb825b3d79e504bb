//! The writer and the reader as one application over a DynamoDB: items, lists, batches and rollups
//! by HTTP.
//!
//! The definition is the shop of the design: a partition of a customer holds orders and a profile.

#[path = "http/batches.rs"]
mod batches;
#[path = "http/budget.rs"]
mod budget;
#[path = "http/callers.rs"]
mod callers;
#[path = "http/collections.rs"]
mod collections;
#[path = "http/cursors.rs"]
mod cursors;
#[path = "http/derived_keys.rs"]
mod derived_keys;
#[path = "http/filters.rs"]
mod filters;
#[path = "http/forms.rs"]
mod forms;
#[path = "http/headers.rs"]
mod headers;
#[path = "http/hidden.rs"]
mod hidden;
#[path = "http/hostile.rs"]
mod hostile;
#[path = "http/items.rs"]
mod items;
#[path = "http/lists.rs"]
mod lists;
#[path = "http/many.rs"]
mod many;
#[path = "http/nested.rs"]
mod nested;
#[path = "http/preconditions.rs"]
mod preconditions;
#[path = "http/queries.rs"]
mod queries;
#[path = "http/ranks.rs"]
mod ranks;
#[path = "http/relations.rs"]
mod relations;
#[path = "http/rollups.rs"]
mod rollups;
#[path = "http/shop.rs"]
mod shop;
#[path = "http/together.rs"]
mod together;
#[path = "http/transactions.rs"]
mod transactions;
#[path = "http/unique.rs"]
mod unique;
#[path = "http/updates.rs"]
mod updates;
