//! The writer and the reader as one application over a DynamoDB: items, lists, batches and rollups
//! by HTTP.
//!
//! The definition is the shop of the design: a partition of a customer holds orders and a profile.

mod batches;
mod budget;
mod callers;
mod collections;
mod cursors;
mod derived_keys;
mod filters;
mod forms;
mod headers;
mod hidden;
mod hostile;
mod items;
mod lists;
mod many;
mod nested;
mod preconditions;
mod queries;
mod ranks;
mod relations;
mod rollups;
mod shop;
mod together;
mod transactions;
mod unique;
mod updates;
