//! Updates: a plan of the model becomes one UpdateItem, and its refusal an error that says why.
//!
//! | the update | of an item that is not there |
//! |---|---|
//! | [`Table::patch`] | is [`Error::NotFound`] |
//! | [`Table::update`] | creates it when the update says all that is required, else is [`Error::NotFound`] |
//! | [`Table::upsert`] | creates it: it says everything |
//!
//! [`Table::check`] updates nothing.
//!
//! An update that leads into maps that are not there is refused by DynamoDB as a whole. Then the item is looked at, by a
//! write whose condition never holds and which answers with the item, and the update is made with these maps. So a writer
//! needs no permission to read.
//!
//! **Invariant:** whatever is refused, nothing of it was written.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use model::{Entity, Fresh, Item, ItemKey, Predicate, Update, UpdatePlan};
use serde_json::{Map, Value};

use super::Table;
use super::guard::{Absent, Guard};
use crate::error::Error;
use crate::expression::Placeholders;

/// How often an update is made anew for an item that others are changing.
const MAX_ROUNDS: u32 = 8;
/// What DynamoDB says of a path through a map that is not there.
const PATH_INVALID: &str = "document path";

/// How one UpdateItem ended, when not in an error.
enum Ended {
    Done(Box<Item>),
    Refused(Option<Item>),
    PathInvalid,
}

impl Table {
    /// Updates an item that is there; answers with what it has become.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::ConditionFailed`]; else what DynamoDB says.
    pub async fn patch(
        &self,
        entity: &Entity,
        key: &ItemKey,
        update: &Update,
        fresh: Fresh,
    ) -> Result<Item, Error> {
        let plan = entity.plan_update(&key.attributes, update, fresh).map_err(Error::Invalid)?;
        self.run(entity, key, &plan, Absent::Refused).await
    }

    /// Updates an item, or creates it if the update says all that is required of one; answers with what it has become.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::ConditionFailed`]; [`Error::OtherKind`] when an item of another
    /// kind has the key; else what DynamoDB says.
    pub async fn update(
        &self,
        entity: &Entity,
        key: &ItemKey,
        update: &Update,
        fresh: Fresh,
    ) -> Result<Item, Error> {
        let plan = entity.plan_update(&key.attributes, update, fresh).map_err(Error::Invalid)?;
        match entity.creating(&key.attributes, &plan, fresh) {
            Some(plan) => self.run(entity, key, &plan, Absent::Created).await,
            None => self.run(entity, key, &plan, Absent::Refused).await,
        }
    }

    /// Creates an item as given, or sets what is given in the one that is there, which keeps the rest; answers with what it
    /// has become.
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::OtherKind`] when an item of another kind has the key; else what DynamoDB says.
    pub async fn upsert(
        &self,
        entity: &Entity,
        object: &Map<String, Value>,
        fresh: Fresh,
    ) -> Result<Item, Error> {
        let (item, plan) = entity.plan_upsert(object, fresh).map_err(Error::Invalid)?;
        let key = entity.key_of(item).map_err(Error::Invalid)?;
        self.run(entity, &key, &plan, Absent::Created).await
    }

    /// Says whether an item that is there is as a condition says, by a write that changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::ConditionFailed`]; else what DynamoDB says.
    pub async fn check(
        &self,
        entity: &Entity,
        key: &ItemKey,
        condition: &Predicate,
    ) -> Result<(), Error> {
        let plan = UpdatePlan {
            assignments: Vec::new(),
            condition: condition.clone(),
            bounds: Vec::new(),
        };
        let guard = Guard::of(self, entity, Absent::Refused, &plan);
        match self.send(key, &guard.and(&plan), &plan).await? {
            Ended::Done(_) => Ok(()),
            Ended::Refused(item) => {
                guard.explain(self, entity, key, item.as_ref())?;
                Err(Error::ConditionFailed { item: item.map(Box::new) })
            }
            Ended::PathInvalid => unreachable!("nothing is updated"),
        }
    }

    async fn run(
        &self,
        entity: &Entity,
        key: &ItemKey,
        plan: &UpdatePlan,
        absent: Absent,
    ) -> Result<Item, Error> {
        let guard = Guard::of(self, entity, absent, plan);
        let mut current = plan.clone();
        for _ in 0..MAX_ROUNDS {
            let found = match self.send(key, &guard.and(&current), &current).await? {
                Ended::Done(item) => return Ok(*item),
                Ended::Refused(item) => item,
                Ended::PathInvalid => self.probe(key).await?,
            };
            // Where the guard admits what was found, only the maps on the way were not as they had been.
            guard.explain(self, entity, key, found.as_ref())?;
            let item = found.unwrap_or_else(super::no_item);
            current = plan.with_parents(&item).map_err(Error::Invalid)?;
        }
        Err(Error::Conflict { source: "other writers keep changing the item".into() })
    }

    async fn send(
        &self,
        key: &ItemKey,
        condition: &Predicate,
        plan: &UpdatePlan,
    ) -> Result<Ended, Error> {
        let mut placeholders = Placeholders::default();
        let update = placeholders.update(&plan.assignments);
        let condition = placeholders.condition(condition);
        let request = self
            .client
            .update_item()
            .table_name(self.name())
            .set_key(Some(self.model.table.key_item(&key.primary).into()))
            .set_update_expression((!update.is_empty()).then_some(update))
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match request.send().await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                return Ok(Ended::Done(Box::new(item.into())));
            }
            Err(error) => error,
        };
        match refused(error) {
            Ok(item) => Ok(Ended::Refused(item)),
            Err(error) => match Error::of(self.name(), error) {
                Error::Refused { message, .. } if message.contains(PATH_INVALID) => {
                    Ok(Ended::PathInvalid)
                }
                error => Err(error),
            },
        }
    }

    /// The item as it is, by a write that is never done.
    async fn probe(&self, key: &ItemKey) -> Result<Option<Item>, Error> {
        let request = self
            .client
            .update_item()
            .table_name(self.name())
            .set_key(Some(self.model.table.key_item(&key.primary).into()))
            .condition_expression("attribute_exists(#key) AND attribute_not_exists(#key)")
            .expression_attribute_names("#key", &self.model.table.partition_key)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => unreachable!("no item satisfies both halves of the condition"),
            Err(error) => refused(error).map_err(|error| Error::of(self.name(), error)),
        }
    }
}

/// The item that did not satisfy the condition; else the error as it was.
fn refused(error: SdkError<UpdateItemError>) -> Result<Option<Item>, SdkError<UpdateItemError>> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
            Ok(failed.item.clone().map(Item::from))
        }
        _ => Err(error),
    }
}
