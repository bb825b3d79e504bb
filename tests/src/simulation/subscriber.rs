//! The function of a world: the product's processor, with the rollups and a reactor that remembers
//! what it saw.
//!
//! **Invariant:** an event id is remembered only when the reactor ended well with its record. So at
//! the end, each record's being remembered means that no answer ever skipped one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use weir_model::Model;
use weir_processor::Processor;
use weir_table::{Connection, Rollups};

use super::dice::Dice;
use super::tally::Count;
use super::world::World;

/// The longest that the reactor works on a record.
const LONGEST_WORK_MS: u64 = 20;
/// A failure of the reactor is a panic so often.
const PANIC_PER_MILLE: u32 = 300;

/// The event ids that the reactor has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<BTreeSet<String>>>);

impl Seen {
    /// Returns whether it has seen one.
    pub(crate) fn has(&self, event_id: &str) -> bool {
        self.0.lock().expect("no panic").contains(event_id)
    }

    fn insert(&self, event_id: String) {
        self.0.lock().expect("no panic").insert(event_id);
    }
}

/// Returns the function, whose reactor notes what it has seen.
pub(crate) fn function(
    world: &Arc<World>,
    model: Arc<Model>,
    connection: &Connection,
    seen: &Seen,
    dice: &Arc<Mutex<Dice>>,
) -> Processor {
    let rollups = Rollups::new(connection, &model.table);
    let (world, seen_by_reactor, dice) = (Arc::clone(world), seen.clone(), Arc::clone(dice));
    Processor::new(model).rollups(rollups).react("seen", move |changes| {
        let (world, seen, dice) = (Arc::clone(&world), seen_by_reactor.clone(), Arc::clone(&dice));
        changes.try_for_each(move |record| {
            let (work, fails, panics) = {
                let mut dice = dice.lock().expect("no panic");
                let fails = !world.is_calm() && dice.happens(world.weather.reactor);
                (dice.millis(0..=LONGEST_WORK_MS), fails, dice.happens(PANIC_PER_MILLE))
            };
            let (world, seen) = (Arc::clone(&world), seen.clone());
            async move {
                sleep(work).await;
                if !fails {
                    seen.insert(record.event_id);
                    return Ok(());
                }
                world.journal.count(Count::ReactorFailures, 1);
                if panics {
                    // Without the message that a panic of the world's own would leave on standard
                    // error.
                    std::panic::resume_unwind(Box::new("the reactor's panic"));
                }
                Err("the reactor's failure")
            }
        })
    })
}

/// Returns the longest that the reactor delays an invocation.
pub(crate) fn longest_work(records: usize) -> Duration {
    Duration::from_millis(LONGEST_WORK_MS) * records as u32
}
