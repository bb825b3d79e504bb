//! One write of one item, as a value, and how it is asked of DynamoDB.
//!
//! An update that leads into maps that are not there is refused by DynamoDB as a whole. Then the
//! item is looked at, by a write whose condition never holds and which answers with the item, and
//! the update is made with these maps. So a writer needs no permission to read.
//!
//! **Invariant:** whatever is refused, nothing of it was written.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue as SdkValue, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use weir_model::{Entity, Item, ItemKey, Predicate, PrimaryKey, UpdatePlan};

use super::guard::Guard;
use super::table::Table;
use crate::error::Error;
use crate::expression::{Placeholders, check_length};

/// How often a write is tried for an item that others are changing.
const MAX_ROUNDS: u32 = 8;
/// DynamoDB's message about a path through a map that does not exist.
pub(crate) const PATH_INVALID: &str = "document path";
/// DynamoDB's name for a condition that did not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// A write of one item.
#[derive(Clone, Debug)]
pub(crate) struct Write<'a> {
    pub(crate) entity: Option<&'a Entity>,
    pub(crate) key: PrimaryKey,
    pub(crate) guard: Guard<'a>,
    pub(crate) effect: Effect,
}

/// The effect of a write on the item.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// This item takes its place.
    Put(Item),
    /// It is updated. The condition and the bounds of the plan are the guard's.
    Update(UpdatePlan),
    /// It is deleted.
    Delete,
    /// Nothing: only the guard counts.
    Check,
}

/// The outcome of a write.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// The item that was deleted.
    pub(crate) old: Option<Item>,
    /// The item that was written.
    pub(crate) new: Option<Item>,
}

/// How one request ended, when not in an error.
enum Ended {
    Done(Done),
    Refused(Option<Item>),
    PathInvalid,
}

impl Done {
    /// Returns the stored item.
    pub(crate) fn stored(self) -> Result<Item, Error> {
        self.new
            .ok_or_else(|| Error::Unreadable("a write that was answered without its item".into()))
    }
}

impl<'a> Write<'a> {
    /// The write that a plan is.
    pub(crate) fn updating(
        entity: &'a Entity,
        key: &ItemKey,
        existence: super::guard::Existence,
        plan: UpdatePlan,
    ) -> Self {
        let guard = Guard::from_plan(entity, &key.attributes, existence, &plan);
        let plan = UpdatePlan { condition: Predicate::always(), bounds: Vec::new(), ..plan };
        Self { entity: Some(entity), key: key.primary.clone(), guard, effect: Effect::Update(plan) }
    }

    /// The effect as it is sent first, when nothing is known of the item, with what must hold for
    /// it besides the guard.
    pub(crate) fn first_effect(&self) -> (Effect, Predicate) {
        let presumed = match &self.effect {
            Effect::Update(plan) => plan.presumed(),
            Effect::Put(_) | Effect::Delete | Effect::Check => Predicate::always(),
        };
        (self.effect.clone(), presumed)
    }

    /// Whether it may have to be made again for the item that it meets: where it changes a value
    /// relatively, or compares timestamps.
    pub(crate) fn may_be_made_again(&self) -> bool {
        let is_relative = matches!(&self.effect, Effect::Update(plan) if plan.is_relative());
        is_relative || self.guard.is_timed()
    }

    /// Says why a write cannot be done to what was found under its key; nothing if it can.
    pub(crate) fn explain(&self, table: &Table, found: Option<&Item>) -> Result<(), Error> {
        self.guard.meets(table, &self.key, found)?;
        if let (Effect::Update(plan), Some((entity, item))) = (&self.effect, self.entity.zip(found))
        {
            let conflicts = entity.stored_conflicts(plan, item);
            if !conflicts.is_empty() {
                return Err(Error::Invalid(conflicts));
            }
        }
        self.guard.admits(found)
    }

    /// The effect on an item as it is now, with what must hold for that besides the
    /// guard: maps that are not there are made, and what is null is taken for absent.
    pub(crate) fn effect_on(&self, item: Option<&Item>) -> Result<(Effect, Predicate), Error> {
        match &self.effect {
            Effect::Update(plan) => {
                let empty = super::table::no_item();
                let plan = plan.with_parents(item.unwrap_or(&empty)).map_err(Error::Invalid)?;
                let condition = plan.condition.clone();
                Ok((Effect::Update(plan), condition))
            }
            other => Ok((other.clone(), Predicate::always())),
        }
    }
}

impl Table {
    /// Does a write. Where locks move with it, what is answered of an updated item is what is there
    /// right afterwards.
    pub(crate) async fn run(&self, write: &Write<'_>) -> Result<Done, Error> {
        if write.moves_locks() {
            let seen = self.commit(std::slice::from_ref(write), None).await;
            let mut seen = seen.map_err(|failed| failed.error)?;
            let new = match &write.effect {
                Effect::Put(item) => Some(item.clone()),
                Effect::Update(_) => {
                    let item = self.probe(&write.key).await?;
                    write.guard.still(self, &write.key, item)?
                }
                Effect::Delete | Effect::Check => None,
            };
            return Ok(Done { old: seen.pop().flatten(), new });
        }
        let (mut effect, mut more) = write.first_effect();
        let mut known: Option<Item> = None;
        for round in 0..MAX_ROUNDS {
            let found = match self.send(write, &effect, &more, known.as_ref()).await {
                Ok(Ended::Done(done)) => return Ok(done),
                Ok(Ended::Refused(item)) => item,
                Ok(Ended::PathInvalid) => self.probe(&write.key).await?,
                // A transaction was at the item.
                Err(Error::Conflict { .. }) => {
                    tokio::time::sleep(super::backoff::delay(round)).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            write.explain(self, found.as_ref())?;
            // Where the guard admits what was found, only the places of the update, the maps on the
            // way to them, or the form of a timestamp were not as they had been.
            if !matches!(effect, Effect::Update(_)) && !write.guard.is_timed() {
                return Err(Error::ConditionFailed { item: found.map(Box::new) });
            }
            (effect, more) = write.effect_on(found.as_ref())?;
            known = found;
        }
        Err(Error::Conflict { source: "other writers keep changing the item".into() })
    }

    async fn send(
        &self,
        write: &Write<'_>,
        effect: &Effect,
        more: &Predicate,
        known: Option<&Item>,
    ) -> Result<Ended, Error> {
        let mut placeholders = Placeholders::default();
        let condition = placeholders.condition(&write.guard.and(self, more, known));
        check_length("where", condition.as_deref().unwrap_or_default())?;
        match effect {
            Effect::Put(item) => self.send_put(item, condition, &placeholders).await,
            Effect::Delete => self.send_delete(&write.key, condition, &placeholders).await,
            Effect::Update(plan) => {
                let update = placeholders.update(&plan.assignments);
                check_length("update", &update)?;
                self.send_update(&write.key, update, condition, &placeholders).await
            }
            Effect::Check => {
                self.send_update(&write.key, String::new(), condition, &placeholders).await
            }
        }
    }

    async fn send_put(
        &self,
        item: &Item,
        condition: Option<String>,
        placeholders: &Placeholders,
    ) -> Result<Ended, Error> {
        let request = self
            .client
            .put_item()
            .table_name(self.name())
            .set_item(Some(item.clone().into()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(Ended::Done(Done { old: None, new: Some(item.clone()) })),
            Err(error) => self.ended(error),
        }
    }

    async fn send_delete(
        &self,
        key: &PrimaryKey,
        condition: Option<String>,
        placeholders: &Placeholders,
    ) -> Result<Ended, Error> {
        let request = self
            .client
            .delete_item()
            .table_name(self.name())
            .set_key(Some(self.model.table.key_item(key).into()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(answer) => {
                Ok(Ended::Done(Done { old: answer.attributes.map(Item::from), new: None }))
            }
            Err(error) => self.ended(error),
        }
    }

    async fn send_update(
        &self,
        key: &PrimaryKey,
        update: String,
        condition: Option<String>,
        placeholders: &Placeholders,
    ) -> Result<Ended, Error> {
        let request = self
            .client
            .update_item()
            .table_name(self.name())
            .set_key(Some(self.model.table.key_item(key).into()))
            .set_update_expression((!update.is_empty()).then_some(update))
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(answer) => {
                Ok(Ended::Done(Done { old: None, new: answer.attributes.map(Item::from) }))
            }
            Err(error) => self.ended(error),
        }
    }

    /// The item as it is, by a write that is never done.
    pub(crate) async fn probe(&self, key: &PrimaryKey) -> Result<Option<Item>, Error> {
        let mut placeholders = Placeholders::default();
        let name = placeholders.name(&self.model.table.partition_key);
        let never = format!("attribute_exists({name}) AND attribute_not_exists({name})");
        let mut round = 0;
        loop {
            let never = Some(never.clone());
            match self.send_update(key, String::new(), never, &placeholders).await {
                Ok(Ended::Refused(item)) => return Ok(item),
                Ok(_) => unreachable!("no item satisfies both halves of the condition"),
                Err(Error::Conflict { .. }) if round < MAX_ROUNDS => {
                    tokio::time::sleep(super::backoff::delay(round)).await;
                    round += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the meaning of a rejection: a condition that did not hold, a path that led nowhere,
    /// or an error.
    fn ended<E>(&self, error: SdkError<E>) -> Result<Ended, Error>
    where
        E: Refusal + ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if error.code() == Some(CONDITION_FAILED) {
            let item = error.as_service_error().and_then(Refusal::item);
            return Ok(Ended::Refused(item.cloned().map(Item::from)));
        }
        match Error::from_sdk(self.name(), error) {
            Error::Refused { message, .. } if message.contains(PATH_INVALID) => {
                Ok(Ended::PathInvalid)
            }
            error => Err(error),
        }
    }
}

/// An error of the SDK that may bring the item on which a condition failed.
trait Refusal {
    fn item(&self) -> Option<&HashMap<String, SdkValue>>;
}

macro_rules! refusals {
    ($($error:ident)*) => {$(
        impl Refusal for $error {
            fn item(&self) -> Option<&HashMap<String, SdkValue>> {
                match self {
                    Self::ConditionalCheckFailedException(failed) => failed.item(),
                    _ => None,
                }
            }
        }
    )*};
}

refusals! { PutItemError UpdateItemError DeleteItemError }
