//! The function as the product's own mapping sees it, and what the ledger sees of the mapping.
//!
//! **Invariant:** an event holds a stretch of one shard's records without gaps, or closes a window;
//! anything else has failed the seed.

use std::ops::Range;

use serde_json::Value;
use tokio::sync::watch;

use super::{Pollers, State};
use crate::simulation::caller::Death;
use crate::simulation::event::Verdict;
use crate::simulation::invocation::{Outcome, invoke};

impl Pollers {
    /// Returns the function as the mapping sees it.
    pub(super) async fn handle(
        &self,
        event: Vec<u8>,
        mut dead: watch::Receiver<bool>,
    ) -> Result<Vec<u8>, String> {
        let (shard, batch) = self.place(&event)?;
        let (name, death) = {
            let source = self.world.source();
            let State { ledger, dice, .. } = &mut *self.state();
            let name = ledger.begin(&self.world, source.shards(), shard, &batch);
            (name, Death::by_chance(dice, &self.world))
        };
        let mut invocation = invoke(&self.world, self.fleet.pick(), name.clone(), event, death);
        let outcome = tokio::select! {
            biased;
            outcome = &mut invocation => outcome.ok(),
            _ = dead.wait_for(|dead| *dead) => {
                invocation.abort();
                None
            }
        };
        let state = &mut *self.state();
        let verdict = state.ledger.end(&self.world, &name, shard, &batch, outcome.as_ref());
        let end = match verdict {
            Verdict::Handled => batch.end,
            Verdict::Before(place) => batch.start + place,
        };
        // The closing of a window says nothing of how far a replay has got.
        if !batch.is_empty() {
            state.handled.resize(state.handled.len().max(shard + 1), 0);
            state.handled[shard] = state.handled[shard].max(end);
        }
        self.world.notify();
        match outcome {
            Some(Outcome::Answered(answer)) => Ok(answer),
            Some(Outcome::Failed(error)) => Err(error),
            Some(Outcome::Crashed) | None => Err("it died".to_owned()),
        }
    }

    /// Returns where the records of an event are: which shard, and which of its records.
    fn place(&self, event: &[u8]) -> Result<(usize, Range<usize>), String> {
        let event: Value = serde_json::from_slice(event).map_err(|error| error.to_string())?;
        let source = self.world.source();
        let id = event["shardId"].as_str().unwrap_or_default();
        let shard = source.shards().iter().position(|shard| shard.id == id);
        let shard = shard.ok_or_else(|| self.strange(format!("an event of shard {id:?}")))?;
        let records = &source.shards()[shard].records;
        let numbers = event["Records"].as_array().into_iter().flatten();
        let numbers: Vec<_> =
            numbers.map(|record| record["dynamodb"]["SequenceNumber"].as_str()).collect();
        if numbers.is_empty() && event["isFinalInvokeForWindow"] == true {
            let end = self.state().ledger.acknowledged(shard);
            return Ok((shard, end..end));
        }
        let first = records
            .iter()
            .position(|record| numbers.first() == Some(&Some(&record.sequence_number)))
            .ok_or_else(|| self.strange(format!("an event that begins with {numbers:?}")))?;
        let batch = first..first + numbers.len();
        let expected = records.get(batch.clone()).into_iter().flatten();
        let expected: Vec<_> =
            expected.map(|record| Some(record.sequence_number.as_str())).collect();
        if expected != numbers {
            return Err(self.strange(format!("an event with gaps: {numbers:?}")));
        }
        Ok((shard, batch))
    }

    fn strange(&self, what: String) -> String {
        self.world.journal.violate(what.clone());
        what
    }
}
