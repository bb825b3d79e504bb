//! The actions of a transaction in the SDK's words: a put, an update, a deletion or a check, each
//! under its condition.

use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update as SdkUpdate,
};
use weir_model::{Item, Predicate, PrimaryKey, UpdatePlan};

use super::table::Table;
use super::write::{Effect, Write};
use crate::expression::Placeholders;

const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;
/// Why building an action does not fail.
const COMPLETE: &str = "what an action needs is set";

impl Table {
    /// The action that a write is, with what must hold besides its guard, for an item of which is
    /// known what it is, or nothing.
    pub(crate) fn action(
        &self,
        write: &Write<'_>,
        effect: &Effect,
        more: &Predicate,
        known: Option<&Item>,
    ) -> TransactWriteItem {
        let condition = write.guard.and(self, more, known);
        match effect {
            Effect::Put(item) => self.transact_put(item, &condition),
            // DynamoDB takes no update of nothing: what it would take away is not there.
            Effect::Update(plan) if plan.assignments.is_empty() => {
                self.transact_check(&write.key, &condition)
            }
            Effect::Update(plan) => self.transact_update(&write.key, plan, &condition),
            Effect::Delete => self.transact_delete(&write.key, &condition),
            Effect::Check => self.transact_check(&write.key, &condition),
        }
    }

    pub(crate) fn transact_put(&self, item: &Item, condition: &Predicate) -> TransactWriteItem {
        let mut placeholders = Placeholders::default();
        let condition = placeholders.condition(condition);
        let put = Put::builder()
            .table_name(self.name())
            .set_item(Some(item.clone().into()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values_on_condition_check_failure(ALL_OLD);
        TransactWriteItem::builder().put(put.build().expect(COMPLETE)).build()
    }

    pub(crate) fn transact_delete(
        &self,
        key: &PrimaryKey,
        condition: &Predicate,
    ) -> TransactWriteItem {
        let mut placeholders = Placeholders::default();
        let condition = placeholders.condition(condition);
        let delete = Delete::builder()
            .table_name(self.name())
            .set_key(Some(self.model.table.key_item(key).into()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values_on_condition_check_failure(ALL_OLD);
        TransactWriteItem::builder().delete(delete.build().expect(COMPLETE)).build()
    }

    fn transact_update(
        &self,
        key: &PrimaryKey,
        plan: &UpdatePlan,
        condition: &Predicate,
    ) -> TransactWriteItem {
        let mut placeholders = Placeholders::default();
        let update = placeholders.update(&plan.assignments);
        let condition = placeholders.condition(condition);
        let update = SdkUpdate::builder()
            .table_name(self.name())
            .set_key(Some(self.model.table.key_item(key).into()))
            .update_expression(update)
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values_on_condition_check_failure(ALL_OLD);
        TransactWriteItem::builder().update(update.build().expect(COMPLETE)).build()
    }

    fn transact_check(&self, key: &PrimaryKey, condition: &Predicate) -> TransactWriteItem {
        let mut placeholders = Placeholders::default();
        let condition = placeholders.condition(condition);
        let check = ConditionCheck::builder()
            .table_name(self.name())
            .set_key(Some(self.model.table.key_item(key).into()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values_on_condition_check_failure(ALL_OLD);
        TransactWriteItem::builder().condition_check(check.build().expect(COMPLETE)).build()
    }
}
