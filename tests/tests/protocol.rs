//! The exactly-once protocol, checked exhaustively: every order in which a few records can be
//! delivered, cut, written, lost, repeated and acknowledged, within bounds.
//!
//! `aggregates/tests/theorem.rs` takes long histories and samples what may happen to them, one
//! invocation at a time. Here the histories are short, and everything that may happen to them
//! happens, with invocations of one shard at work at the same time and their writes interleaved.
//! The algebra is the product's own; the protocol around it is modelled:
//!
//! | step | in the product | here |
//! |---|---|---|
//! | batches are cut and delivered, again and anew | Lambda; `processor/src/mapping`: `worker.rs` `deliver`, `batch.rs` `cut` | `mapping.rs` `deliveries`, `deliver` |
//! | a child shard waits for its parent | Lambda; `mapping/lineage.rs` `startable` | `mapping.rs` `may_deliver` |
//! | a batch is folded into one update for each rollup item | `aggregates/src/fold.rs` `fold` | `algebra.rs`: that very function |
//! | an update is written if `watermark < :first` | `table/src/rollups/attempt.rs` `Rollups::add` | `writing.rs` `send`, `put` |
//! | whether that holds | `aggregates/src/watermark.rs` `lower_bound`, `to_bytes` | `algebra.rs`: those very bytes |
//! | a refused writer learns the watermark | `table/src/rollups.rs` `Rollups::absorbed` | `writing.rs` `fold_again`, a step later |
//! | and sends what is behind it | `Rollups::apply`, `aggregates/src/fold.rs` `Update::after` | the same, with that very function |
//! | updates are written in any order; a failure stops no other | `processor/src/rollups.rs` `absorb` | `machine.rs` `ways_on` |
//! | an error, a throttle, too many rounds: the write failed | `table/src/error.rs`, `Rollups::apply` | `writing.rs` `fail` |
//! | a time-out: sent again, or failed; made late, or never | the SDK's retries | `writing.rs` `lose`, `arrive` |
//! | the answer names the lowest record that failed | `absorb`, `processor/src/handler.rs` `response` | `mapping.rs` `reported` |
//! | a checkpoint follows from the answer | Lambda; `mapping/verdict.rs` `verdict`, `worker.rs` `deliver` | `mapping.rs` `answer` |
//! | a crash, a time-out, a denied permission: no answer | Lambda; `handler.rs` `HandlerError` | `mapping.rs` `die` |
//!
//! Where a row comes to count something, or stops to, its rollup item is written with it:
//! `crossing.rs` has that.
//!
//! # What it rests on
//!
//! Each is taken away in `mutants.rs`, and a number is wrong.
//!
//! 1. A batch begins at or before the first record of its shard that is not acknowledged. A
//!    parallelization factor above 1 breaks that.
//! 2. No record is passed over: retries are unbounded, and records live until they were handled.
//! 3. A watermark lives as long as its records can be delivered.
//! 4. Each shard has a watermark of its own, so its id must be known.
//!
//! And three that no variant takes away: a write is atomic; a record contributes the same whenever
//! it is delivered, which is why a rollup that was changed is refused; nobody else writes the
//! numbers.
//!
//! # What it does not rest on
//!
//! * That invocations of one shard do not overlap. One that Lambda gave up may work on beside its
//!   successors, be cut differently, ahead of them or behind them, and be believed or not. For an
//!   update has all its item's records from its first to its last, and all before the batch were
//!   absorbed when it was delivered and stay so; so whoever is admitted adds exactly what comes
//!   next.
//! * That a request which was given up is never made. It may arrive after its invocation, or after
//!   everything.
//! * That there is one mapping. Another one of the same stream that begins at the oldest record and
//!   keeps checkpoints of its own delivers nothing that one alone could not: no batch begins behind
//!   what it, and so the table, has absorbed.
//! * That a child shard waits for its parent: see `mutants.rs`.
//!
//! # The files
//!
//! | to see | read |
//! |---|---|
//! | what holds, and within which bounds | `exact.rs`, `machine.rs` `Bounds` |
//! | what fails, and the shortest way there | `mutants.rs`, `variant.rs` |
//! | what must always hold, and what must happen | `properties.rs`, `situations.rs` |
//! | all of that for rows and what counts them | `crossing.rs` |
//! | all of that for rollups that are built over items | `lifecycle.rs` |
//! | builds in large random worlds | `worlds.rs` |
//! | what there is and what may happen | `history.rs`, `state.rs`, `machine.rs` |
//!
//! With `--nocapture` the tests say how many states they visited, and tell each mutant's way to a
//! wrong number.
//!
//! **Invariant:** the protocol as built breaks no property in any state within the bounds, and each
//! mutant breaks one.

#[path = "protocol/algebra.rs"]
mod algebra;
#[path = "protocol/crossing.rs"]
mod crossing;
#[path = "protocol/exact.rs"]
mod exact;
#[path = "protocol/history.rs"]
mod history;
#[path = "protocol/lifecycle.rs"]
mod lifecycle;
#[path = "protocol/machine.rs"]
mod machine;
#[path = "protocol/mapping.rs"]
mod mapping;
#[path = "protocol/mutants.rs"]
mod mutants;
#[path = "protocol/properties.rs"]
mod properties;
#[path = "protocol/situations.rs"]
mod situations;
#[path = "protocol/state.rs"]
mod state;
#[path = "protocol/trace.rs"]
mod trace;
#[path = "protocol/variant.rs"]
mod variant;
#[path = "protocol/worlds.rs"]
mod worlds;
#[path = "protocol/writing.rs"]
mod writing;
