//! The items of the table.
//!
//! ```text
//! put, delete, update ──► Write: entity, key, guard, effect
//!                          ├─send───► one request
//!                          └─commit─► one transaction, where locks move
//! ```
//!
//! | to see | read |
//! |---|---|
//! | the table itself | `items/table.rs` |
//! | operations on one item | `put`, `delete`, `update`, `find` in `items` |
//! | operations on several | `batch`, `batch_get`, `transaction`, `transact_get` |
//! | what a write requires of the item that it meets, and its errors | `items/guard.rs` |
//! | how a write is sent to DynamoDB | `items/write.rs`, `items/action.rs` |
//! | how several writes are done together or not at all | `items/commit.rs` |
//! | how a token outlives a DynamoDB that forgets it | `items/receipt.rs` |
//! | when writes were done, for questions after them | `items/with_token.rs`, `write_token` |
//! | how attributes are kept unique | `items/locks.rs`, and `weir_model::unique` |
//! | how long a write waits for others at its item | `items/backoff.rs` |
//!
//! **Invariant:** a write of one entity never touches an item of another.

mod action;
mod backoff;
mod batch;
mod batch_get;
mod commit;
mod delete;
mod find;
mod guard;
mod locks;
mod put;
mod receipt;
mod table;
mod transact_get;
mod transaction;
mod update;
mod with_token;
mod write;

pub use batch::{BatchOutcome, BatchWrite, MAX_BATCH_WRITES};
pub use batch_get::{Found, MAX_BATCH_KEYS};
pub use commit::MAX_ACTIONS;
pub use find::Upserted;
pub use table::Table;
pub(crate) use transact_get::get_together;
pub use transaction::Transaction;
