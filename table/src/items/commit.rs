//! Writes that must all be done or none: the actions of a transaction, and an item with the locks of its unique attributes.
//!
//! ```text
//! writes ──look──► what is there ──► actions on items, each under its guard, and on locks ──► one TransactWriteItems
//!            ▲                                                                                        │
//!            └───────────── an item was not as it had been seen, or another transaction was at it ◄───┘
//! ```
//!
//! To move the locks of an item one must know those it has. So it is looked at, by a write that is never done, and the
//! transaction depends on its unique attributes being as they were seen. A create need not look.
//!
//! What a token stands for is what was sent the first time. Updates that made maps then would be sent otherwise now that these are
//! there; so, when DynamoDB says that the token was another's, they are sent as they would have been without them. It knows the token,
//! and does none of these anew.
//!
//! **Invariant:** a transaction that is done leaves, for each item it wrote, exactly the locks that its values make.

mod earlier;
mod size;

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use model::{Item, PrimaryKey, limits};

use self::earlier::earlier;
use self::size::stored_bytes;
use super::Table;
use super::guard::Wanted;
use super::locks::Locks;
use super::write::{Effect, Write};
use crate::error::Error;

/// The most actions that DynamoDB takes in a transaction.
pub const MAX_ACTIONS: usize = limits::MAX_ACTIONS;
/// How often a transaction is made anew while others are at its items.
pub(super) const MAX_ROUNDS: u32 = 12;
/// How long to wait at least before it is made anew; doubled each time, up to the most.
const DELAY: Duration = Duration::from_millis(5);
const MAX_DELAY: Duration = Duration::from_millis(320);

/// Why a transaction was not done: an error, and at which write, where it is at one.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) index: Option<usize>,
    pub(crate) error: Error,
}

/// What is known of the item that a write is at.
#[derive(Clone, Debug)]
enum Seen {
    Unknown,
    Known(Option<Item>),
}

/// What became of a transaction that DynamoDB cancelled.
enum Cancelled {
    /// It may be done if it is made anew from what is known now.
    Again,
    Failed(Failed),
}

impl Write<'_> {
    /// Whether it may take a lock or give one back.
    pub(crate) fn moves_locks(&self) -> bool {
        let Some(entity) = self.entity.filter(|entity| !entity.unique.is_empty()) else {
            return false;
        };
        match &self.effect {
            Effect::Put(_) | Effect::Delete => true,
            Effect::Update(plan) => entity.moves_locks(plan),
            Effect::Check => false,
        }
    }

    /// Whether what it does depends on what is there.
    fn looks(&self) -> bool {
        let is_nested = matches!(&self.effect, Effect::Update(plan) if plan.is_nested());
        is_nested || self.moves_locks() && self.guard.wanted() != Wanted::Absent
    }
}

impl Table {
    /// Does all writes or none; answers with what those that looked have seen. No two are at one item.
    pub(crate) async fn commit(
        &self,
        writes: &[Write<'_>],
        token: Option<&str>,
    ) -> Result<Vec<Option<Item>>, Failed> {
        let mut seen = vec![Seen::Unknown; writes.len()];
        let mut foreign = HashSet::new();
        for round in 0..MAX_ROUNDS {
            self.look(writes, &mut seen).await?;
            let (actions, locks) = self.actions(writes, &seen, &foreign)?;
            let error = match self.transact(actions, token).await {
                Ok(()) => return Ok(items(seen)),
                Err(error) => error,
            };
            let cancelled = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    self.cancelled(writes, &mut seen, &locks, &mut foreign, reasons)
                }
                Some(TransactWriteItemsError::IdempotentParameterMismatchException(_))
                    if self.was_done(writes, token).await? =>
                {
                    return Ok(items(seen));
                }
                _ => Cancelled::Failed(Failed::whole(Error::of(self.name(), error))),
            };
            match cancelled {
                Cancelled::Again => tokio::time::sleep(delay(round)).await,
                Cancelled::Failed(failed) => return Err(failed),
            }
        }
        let source = "other transactions keep changing the items".into();
        Err(Failed::whole(Error::Conflict { source }))
    }

    async fn transact(
        &self,
        actions: Vec<TransactWriteItem>,
        token: Option<&str>,
    ) -> Result<(), SdkError<TransactWriteItemsError>> {
        if let Some(token) = token.filter(|_| self.keeps_receipts && actions.len() < MAX_ACTIONS) {
            return self.transact_with_receipt(actions, token).await;
        }
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions))
            .set_client_request_token(token.map(str::to_owned));
        request.send().await.map(drop)
    }

    /// Whether these writes were done with this token before: sent as they would be now, or as they
    /// would have been when maps that their updates lead through were not there yet, or when
    /// places that they change were null.
    ///
    /// If the items are larger together than DynamoDB takes in a transaction, these writes were not
    /// done on them as they are, and nothing is sent. So writes whose items have grown beyond that
    /// since are taken for others.
    async fn was_done(&self, writes: &[Write<'_>], token: Option<&str>) -> Result<bool, Failed> {
        let mut seen = vec![Seen::Unknown; writes.len()];
        let mut bytes = 0;
        for (index, write) in writes.iter().enumerate() {
            if write.looks() || write.may_be_made_again() {
                let item =
                    self.probe(&write.key).await.map_err(|error| Failed::at(index, error))?;
                bytes += item.as_ref().map_or(0, stored_bytes);
                if bytes > limits::MAX_TRANSACTION_BYTES {
                    return Ok(false);
                }
                seen[index] = Seen::Known(item);
            }
        }
        for earlier in earlier(writes, &seen) {
            let Ok((actions, _)) = self.actions(writes, &earlier, &HashSet::new()) else {
                continue;
            };
            drop(earlier);
            let Err(error) = self.transact(actions, token).await else { return Ok(true) };
            let is_other = error.as_service_error().is_some_and(|error| {
                error.is_idempotent_parameter_mismatch_exception()
                    || error.is_transaction_canceled_exception()
            });
            // Of anything else it is not known whether they were done.
            if !is_other {
                return Err(Failed::whole(Error::of(self.name(), error)));
            }
        }
        Ok(false)
    }

    /// Looks at the items of those writes that must know them. What is wrong with them is for DynamoDB to say: a transaction that
    /// was done before, with the same token, may have left them so.
    async fn look(&self, writes: &[Write<'_>], seen: &mut [Seen]) -> Result<(), Failed> {
        for (index, write) in writes.iter().enumerate() {
            if write.looks() && matches!(seen[index], Seen::Unknown) {
                let item =
                    self.probe(&write.key).await.map_err(|error| Failed::at(index, error))?;
                seen[index] = Seen::Known(item);
            }
        }
        Ok(())
    }

    /// The actions on the items, in the order of the writes, and then those on locks.
    fn actions(
        &self,
        writes: &[Write<'_>],
        seen: &[impl Borrow<Seen>],
        foreign: &HashSet<PrimaryKey>,
    ) -> Result<(Vec<TransactWriteItem>, Locks), Failed> {
        let mut actions = Vec::new();
        let mut locks = Locks::default();
        for (index, write) in writes.iter().enumerate() {
            let seen: &Seen = seen[index].borrow();
            let (known, item) = match seen {
                Seen::Unknown => (false, None),
                Seen::Known(item) => (true, item.as_ref()),
            };
            let failed = |error| Failed::at(index, error);
            let (effect, mut more) = match known {
                true => write.effect_on(item).map_err(failed)?,
                false => write.first_effect(),
            };
            if let Some(entity) = write.entity.filter(|_| write.moves_locks()) {
                if known {
                    more = more.and(entity.same_locks(item));
                }
                let key = self.model.table.key_item(&write.key);
                locks.add(index, entity, &effect, item, &key).map_err(failed)?;
            }
            actions.push(self.action(write, &effect, &more, item));
        }
        locks.forget(foreign);
        let (items, all) = (actions.len(), actions.len() + locks.len());
        if all > MAX_ACTIONS {
            let message = format!(
                "{items} actions on items and {} on the locks of their unique attributes, expected at most {MAX_ACTIONS} in all",
                all - items
            );
            return Err(Failed::whole(Error::refused(message)));
        }
        actions.extend(locks.actions(self, writes));
        Ok((actions, locks))
    }

    /// What follows from the reasons of a cancellation: one for each action.
    fn cancelled(
        &self,
        writes: &[Write<'_>],
        seen: &mut [Seen],
        locks: &Locks,
        foreign: &mut HashSet<PrimaryKey>,
        reasons: &[CancellationReason],
    ) -> Cancelled {
        let mut again = false;
        for (index, (write, reason)) in writes.iter().zip(reasons).enumerate() {
            let message = reason.message().unwrap_or_default().to_owned();
            match reason.code().unwrap_or_default() {
                "ConditionalCheckFailed" => {
                    let item = reason.item.clone().map(Item::from);
                    if let Err(error) = write.explain(self, item.as_ref()) {
                        return Cancelled::Failed(Failed::at(index, error));
                    }
                    if !write.looks() && !write.may_be_made_again() {
                        let item = item.map(Box::new);
                        let error = Error::ConditionFailed { item };
                        return Cancelled::Failed(Failed::at(index, error));
                    }
                    (again, seen[index]) = (true, Seen::Known(item));
                }
                "ValidationError" if message.contains(super::write::PATH_INVALID) => {
                    (again, seen[index]) = (true, Seen::Unknown);
                }
                "None" | "" | "TransactionConflict" => {}
                code => {
                    let error = Error::of_reason(self.name(), code, message);
                    return Cancelled::Failed(Failed::at(index, error));
                }
            }
        }
        let conflicts = |reason: &CancellationReason| reason.code() == Some("TransactionConflict");
        if again || reasons.iter().any(conflicts) {
            return Cancelled::Again;
        }
        let refused = reasons
            .iter()
            .skip(writes.len())
            .position(|reason| reason.code() == Some("ConditionalCheckFailed"));
        match refused.map(|position| locks.refused(position, writes)) {
            Some(Ok((index, error))) => Cancelled::Failed(Failed::at(index, error)),
            Some(Err(key)) => {
                foreign.insert(key);
                Cancelled::Again
            }
            None => {
                let message = "a transaction was cancelled for no reason that is known".to_owned();
                Cancelled::Failed(Failed::whole(Error::refused(message)))
            }
        }
    }
}

/// The items that were seen.
fn items(seen: Vec<Seen>) -> Vec<Option<Item>> {
    let item = |seen| match seen {
        Seen::Known(item) => item,
        Seen::Unknown => None,
    };
    seen.into_iter().map(item).collect()
}

impl Failed {
    fn at(index: usize, error: Error) -> Self {
        Self { index: Some(index), error }
    }

    fn whole(error: Error) -> Self {
        Self { index: None, error }
    }
}

/// How long to wait after a round: so long that those who met are not likely to meet again.
pub(super) fn delay(round: u32) -> Duration {
    let most = MAX_DELAY.min(DELAY * 2_u32.saturating_pow(round));
    let random = RandomState::new().build_hasher().finish();
    let most_micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random % most_micros.max(1))
}
