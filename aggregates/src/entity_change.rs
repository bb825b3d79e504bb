//! Changes of entities and of the table between two definitions, and what each of them does to the
//! items that are stored.
//!
//! ```text
//! (before, after) ─┬─ table       its keys, its time to live, its indexes
//!                  ├─ entities    added, removed, renamed, recognised by another `match`
//!                  ├─ keys        templates of the primary key and of indexes
//!                  └─ attributes  types, stored names, options
//!                       │
//!                       └──► [EntityChange { kind, from, to }] ──► Safe, Note or Rejected
//! ```
//!
//! `kind` has every kind of change with its severity, its effect and the way out.
//!
//! **Invariant:** a change that would leave stored items unrecognised, or make a second item of
//! one, is rejected.

mod attributes;
mod entities;
mod entry;
mod keys;
mod kind;
mod severity;
mod table;
mod wider;

use weir_model::Model;

pub use self::entry::EntityChange;
pub use self::kind::EntityChangeKind;
pub use self::severity::Severity;

/// Returns the changes between two definitions of one table that concern its stored items, in the
/// order of the definition after.
pub fn entity_changes(before: &Model, after: &Model) -> Vec<EntityChange> {
    let mut all = table::changes(before, after);
    all.extend(entities::changes(before, after));
    all
}
