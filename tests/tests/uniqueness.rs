//! Unique attributes: after any writes, however many write at once, the locks are those that a
//! recount of the items gives, and no two items share a value.
//!
//! | to see | read |
//! |---|---|
//! | the table, and the recount of its locks | `uniqueness/club.rs`, `uniqueness/club.toml` |
//! | the values that a write takes and gives back | `uniqueness/writes.rs` |
//! | lookups by a value, other kinds of items, rollups | `uniqueness/items.rs` |
//! | many callers at once | `uniqueness/races.rs` |

mod club;
mod items;
mod races;
mod writes;
