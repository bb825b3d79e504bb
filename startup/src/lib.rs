//! The start of a deployed program: what its environment sets.
//!
//! ```text
//! Environment ──► model()           the definition file, over the tables that are named
//!             ├─► open(&model)      the connection, the table and its rollups
//!             ├─► read_limits()     the reads of a request
//!             ├─► serve(app, port)  Lambda, or a plain server with its limits
//!             └─► cursor_keys()     the keys that seal cursors
//! ```
//!
//! | to see | read |
//! |---|---|
//! | every variable | [`variables`] |
//! | how a value is parsed, and its error | [`Environment`], [`InvalidVariable`] |
//! | where the definition and the names of tables come from | `definition` |
//! | how the tables are reached, and what a request may read | `tables` |
//! | the host of an application | `http` |
//! | logs from the beginning, metrics and traces to the end | [`run`] |
//!
//! **Invariant:** this crate and the command are the only ones that read the environment of the
//! process, but for logs and traces, which start before anything else. Everything else takes
//! values.

mod definition;
mod environment;
mod error;
mod http;
mod program;
mod tables;
pub mod variables;

pub use environment::Environment;
pub use error::{InvalidVariable, StartError};
pub use program::run;
pub use tables::OpenedTables;
