//! The change stream of a table: from a Lambda event, or polled, to rollups and reactors.
//!
//! ```text
//! Lambda ───────────────┐
//!                       ├─ event JSON ─► Processor ─► Invocation ─┬─► rollups   fold, apply
//! event source mapping ─┘                                         └─► reactors  changes, typed
//! ```
//!
//! To see how an event becomes changes read [`invocation`]; how a failure becomes a batch item
//! failure, [`handler`]; how the environment makes a program of it, `run`; how records are polled
//! where there is no Lambda, [`mapping`]; what is logged of a batch, `batch_log`; where the
//! progress of each shard is stored, `shard_progress`; what is measured,
//! [`weir_telemetry::metrics`]; how a reactor is tested, [`testing`].
//!
//! **Invariant:** an invocation answers success only after every rollup write was acknowledged and
//! every reactor ended well; otherwise it names the lowest record that must be delivered again, so
//! nothing is skipped.

mod batch_log;
pub mod changes;
pub mod event;
mod failure;
pub mod handler;
mod host;
pub mod invocation;
pub mod mapping;
pub mod prometheus;
mod reactor;
mod rollups;
mod run;
mod shard_progress;
pub mod testing;
mod tracking;
mod unfinished;

pub use changes::{Changes, TypedChange, TypedChanges};
pub use failure::Failure;
pub use handler::{HandlerError, Processor};
pub use invocation::{Invocation, StreamChange};
pub use run::RunError;
