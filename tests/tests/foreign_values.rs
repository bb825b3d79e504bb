//! Values that other programs have stored, asked about in every way: by a list, a condition, a
//! filter, an update and a rollup.
//!
//! The items are written to the table directly, as those programs write them.
//!
//! | read | for |
//! |---|---|
//! | `cases` | the table: attributes of every type, in every form that is stored, and what each question answers |
//! | `everywhere` | the questions |
//! | `forms` | timestamps that are written in another form than the definition says |
//! | `nulls` | versions, unique attributes and transactions that meet a null |

mod cases;
mod everywhere;
mod forms;
mod nulls;
mod world;
