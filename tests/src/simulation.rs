//! The simulation: whole worlds, each from one seed, in which almost everything goes wrong and the
//! rollups must not.
//!
//! ```text
//! history ─► source ─► shards ─► event source mapping ─► Processor ─► SDK ─► network ─► DynamoDB
//!  writes    items     end and    delivers and cuts       the product's       refuses, loses,
//!               │      split      again, overlaps,        own code            delays
//!               │                 discards                                            │
//!               └─────────────── recount ═══ must equal ═══ rollup items ─────────────┘
//! ```
//!
//! Everything but the product is the world's: time is virtual, the network is a function call, and
//! chance comes from the seed, so a world is cheap and a failing one can be lived again.
//!
//! In half of the worlds the definition changes and the product's own builder runs, at random
//! moments, on tables that have items already.
//!
//! | to see | read |
//! |---|---|
//! | what is written, and what a sale may look like | `history`, `shop` |
//! | the rollups, and how they change | `definition` |
//! | builders that are killed, suspended, and beside others | `builds` |
//! | what a builder sees of the table | `items_table` |
//! | instances that know the definition before | `fleet` |
//! | shards and sequence numbers | `source`, `numbers` |
//! | what Lambda may do | `lambda`, `invocation`, `event` |
//! | the product's own mapping, polling a stream | `pollers`, `streams`, `clock` |
//! | what may become of a request | `faults`, `network` |
//! | what must hold | `ledger`, `oracle`, `verify`, `revisions`, `answers` |
//!
//! **Invariant:** a seed gives the same world, request for request, whatever ran before it. Nothing
//! in a world uses another thread, the clock, or a socket.

mod answers;
mod builds;
mod caller;
mod clock;
pub mod command;
mod definition;
mod dice;
mod dynamodb;
mod event;
mod faults;
mod fleet;
mod history;
mod host;
mod invocation;
mod items_table;
mod journal;
mod lambda;
mod ledger;
mod life;
pub mod many;
mod network;
mod numbers;
mod oracle;
mod pollers;
mod request;
mod revisions;
mod shop;
mod source;
mod state_item;
mod streams;
mod subscriber;
pub mod tally;
mod verify;
mod weather;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::runtime::Builder;

use self::tally::Tally;

/// The result of a seed.
#[derive(Clone, Debug)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// The counts of events.
    pub tally: Tally,
    /// The same for two runs that were the same, request for request.
    pub digest: u64,
    /// The journal, if it was asked for.
    pub lines: Vec<String>,
    /// Why the seed failed, if it did.
    pub failure: Option<String>,
}

/// Lives the world of a seed to its end. Its events are kept if they are to be read.
pub fn run(seed: u64, is_read: bool) -> Run {
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime without threads or sockets").block_on(life::live(seed, is_read))
    }));
    lived.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let (tally, digest, lines) = (Tally::default(), 0, Vec::new());
        Run { seed, tally, digest, lines, failure: Some(format!("a panic: {text}")) }
    })
}
