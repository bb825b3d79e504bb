//! One invocation of the function, which may die between any two of its requests.
//!
//! **Invariant:** it is a task of its own: it continues when its caller stops waiting.

use std::sync::Arc;

use futures::future::{Either, select};
use tokio::task::JoinHandle;
use weir_table::error::chain;

use super::caller::{Caller, Death};
use super::fleet::Instance;
use super::tally::Count;
use super::world::World;

/// How an invocation ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// With this answer.
    Answered(Vec<u8>),
    /// With an error.
    Failed(String),
    /// In the middle.
    Crashed,
}

/// Begins an invocation.
pub(crate) fn invoke(
    world: &Arc<World>,
    Instance { function, is_old_version }: Instance,
    name: String,
    event: Vec<u8>,
    death: Option<(u32, Death)>,
) -> JoinHandle<Outcome> {
    let world = Arc::clone(world);
    world.journal.count(Count::Invocations, 1);
    tokio::spawn(async move {
        let _flight = world.fly();
        let (caller, killed) = Caller::new(name.clone(), death);
        let outcome = {
            let caller = caller.of_old_version(is_old_version);
            let handled = Box::pin(caller.scope(function.handle_json(&event)));
            match select(handled, killed).await {
                Either::Left((Ok(answer), _)) => Outcome::Answered(answer),
                Either::Left((Err(error), _)) => Outcome::Failed(chain(&error)),
                // The caller owns the killer, so it was killed.
                Either::Right(_) => Outcome::Crashed,
            }
        };
        match &outcome {
            Outcome::Answered(answer) => {
                let answer = String::from_utf8_lossy(answer);
                world.journal.record(format_args!("{name} answered {answer}"));
            }
            Outcome::Failed(error) => {
                world.journal.count(Count::FailedInvocations, 1);
                world.journal.record(format_args!("{name} failed: {error}"));
            }
            Outcome::Crashed => {
                world.journal.count(Count::Crashes, 1);
                world.journal.record(format_args!("{name} crashed"));
            }
        }
        outcome
    })
}
