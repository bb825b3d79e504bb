//! How long the service waits for an invocation, and what becomes of one that it has given up.
//!
//! **Invariant:** an answer that comes after the service gave up acknowledges nothing.

use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Lambda, State};
use crate::simulation::caller::Death;
use crate::simulation::event::{self, Verdict};
use crate::simulation::invocation::{Outcome, invoke};
use crate::simulation::subscriber::longest_work;
use crate::simulation::tally::Count;

/// How long an invocation may take, and how long it is given when the service gives up early.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(300);
const EARLY_TIMEOUT_MS: RangeInclusive<u64> = 5..=3_000;
/// An invocation that was given up is ended at once so often; otherwise it continues to its end.
const ENDED_PER_MILLE: u32 = 500;

impl Lambda {
    /// Invokes the function and waits as long as the service would; `None` when it gave up.
    pub(super) async fn outcome(
        &self,
        name: &str,
        event: Vec<u8>,
        records: usize,
    ) -> Option<Outcome> {
        let (death, patience) = {
            let State { dice, .. } = &mut *self.state();
            let gives_up = dice.happens(self.world.weather.timeout) && !self.world.is_calm();
            let early = dice.millis(EARLY_TIMEOUT_MS);
            let patience = if gives_up { early } else { FUNCTION_TIMEOUT + longest_work(records) };
            (Death::by_chance(dice, &self.world), patience)
        };
        let mut invocation = invoke(&self.world, self.fleet.pick(), name.to_owned(), event, death);
        match timeout(patience, &mut invocation).await {
            Ok(Ok(outcome)) => Some(outcome),
            Ok(Err(panic)) => {
                self.world.journal.violate(format!("{name} panicked: {panic}"));
                None
            }
            Err(_) => {
                self.give_up(name, &invocation);
                None
            }
        }
    }

    fn give_up(&self, name: &str, invocation: &JoinHandle<Outcome>) {
        let is_ended = self.chance(ENDED_PER_MILLE);
        self.world.journal.count(Count::Timeouts, 1);
        self.world.journal.record(format_args!("{name} timed out, ended: {is_ended}"));
        if is_ended {
            invocation.abort();
        }
    }

    /// Closes a window with an event without records, at which nothing can fail: a failure would
    /// suspend the shard.
    pub(super) async fn close_window(&self, shard: usize) {
        let event = {
            let source = self.world.source();
            event::final_event(&source.shards()[shard].id, &mut self.state().dice)
        };
        let name = format!("[final {shard}]");
        self.world.journal.count(Count::FinalInvocations, 1);
        let answered = invoke(&self.world, self.fleet.pick(), name.clone(), event, None).await;
        match answered {
            Ok(Outcome::Answered(answer))
                if event::verdict(&answer, &[]) == Ok(Verdict::Handled) => {}
            other => self.world.journal.violate(format!("{name} did not end well: {other:?}")),
        }
    }
}
