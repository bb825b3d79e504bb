//! The one conditional write of an update, as an UpdateItem or as an action of a transaction.
//!
//! ```text
//! SET @<shard> = :last, rank = :rank, expires_at = :ttl   ADD count :n, …
//! REMOVE expires_at, @<shard>#timed
//! condition   attribute_not_exists(@<shard>) OR @<shard> < :first
//!             [and conditions on the count and on whose item it is]
//! ```

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue as SdkValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update as SdkUpdate,
};
use weir_model::ROLLUP_MARK;
use weir_model::table::RANK;
use weir_rollups::watermark::{self, WATERMARK_BYTES};
use weir_rollups::{Accumulator, Amounts, Bookkeeping, RollupKey, Update, Watermark};

use super::Rollups;
use super::place::Place;

/// When an update is added. Bytes of another size are not a watermark, whatever they compare to.
const UNABSORBED: &str =
    "(attribute_not_exists(#watermark) OR (#watermark < :first AND size(#watermark) = :bytes))";

/// Holds unless another client's item is there.
const UNCLAIMED: &str = "(attribute_not_exists(#partition) OR #entity = :mark)";

/// The effect of a write, and its condition.
#[derive(Debug, Default)]
pub(super) struct Expression {
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, SdkValue>,
}

impl Expression {
    /// Adds an update, unless its rollup item or row has absorbed it.
    pub(super) fn for_update(watermark: &str, update: &Update, place: Place<'_>) -> Self {
        let mut expression = Self::default();
        expression.name("#watermark", watermark);
        expression.value(":bytes", SdkValue::N(WATERMARK_BYTES.to_string()));
        expression.value(":first", super::bytes(Watermark::lower_bound(update.first())));
        expression.value(":last", super::bytes(update.last().to_bytes()));
        expression.set.push("#watermark = :last".to_owned());
        expression.conditions.push(UNABSORBED.to_owned());
        if !update.bookkeeping.is_row() {
            expression.keep_time(watermark, update);
        }
        let amounts = update.amounts();
        expression.amounts(&amounts);
        // So that a row that came and went at once is one of nothing, and goes away.
        if update.bookkeeping.is_row() && amounts.get(&Accumulator::Items) == 0 {
            expression.count();
            expression.number(":none", 0);
            expression.add.push("#count :none".to_owned());
        }
        expression.bookkeeping(&update.bookkeeping, place);
        expression.claim(place);
        expression
    }

    /// Keeps the last watermark that has a time, while the last one has none: the freshness of
    /// answers follows from it.
    ///
    /// An attribute that is set to another one gets what that was before the write.
    fn keep_time(&mut self, watermark: &str, update: &Update) {
        self.name("#timed", &watermark::timed_name(watermark));
        if update.last().is_timed() {
            self.remove.push("#timed".to_owned());
            return;
        }
        let timed = update.last_timed();
        self.set.push(match timed {
            Some(_) => "#timed = :timed".to_owned(),
            None => "#timed = if_not_exists(#timed, if_not_exists(#watermark, :last))".to_owned(),
        });
        if let Some(timed) = timed {
            self.value(":timed", super::bytes(timed.to_bytes()));
        }
    }

    /// Adds amounts, whatever has been absorbed.
    pub(super) fn for_amounts(
        amounts: &Amounts,
        bookkeeping: &Bookkeeping,
        place: Place<'_>,
    ) -> Self {
        let mut expression = Self::default();
        expression.amounts(amounts);
        expression.bookkeeping(bookkeeping, place);
        expression.claim(place);
        expression
    }

    /// Says that the item is wrong, and since when.
    pub(super) fn for_mark(name: &str, since: SdkValue, place: Place<'_>) -> Self {
        let mut expression = Self::default();
        expression.name("#parked", name);
        expression.value(":now", since);
        expression.set.push("#parked = :now".to_owned());
        expression.claim(place);
        expression
    }

    /// Only while the row continues to count something, or to count nothing, when so much is added
    /// to its count.
    pub(super) fn without_crossing(&mut self, added: i128) {
        if added == 0 {
            return;
        }
        self.count();
        self.number(":zero", 0);
        self.number(":left", -added);
        self.conditions.push(match added > 0 {
            true => "(#count > :zero OR #count <= :left)".to_owned(),
            false => {
                "(#count > :left OR #count <= :zero OR attribute_not_exists(#count))".to_owned()
            }
        });
    }

    /// Only while the row's count is what was seen.
    pub(super) fn with_count(&mut self, seen: Option<&SdkValue>) {
        self.count();
        match seen {
            Some(count) => {
                self.value(":seen", count.clone());
                self.conditions.push("#count = :seen".to_owned());
            }
            None => self.conditions.push("attribute_not_exists(#count)".to_owned()),
        }
    }

    fn count(&mut self) {
        self.name("#count", &Accumulator::Items.attribute_name());
    }

    fn amounts(&mut self, amounts: &Amounts) {
        for (position, (name, amount)) in amounts.to_add().enumerate() {
            self.name(&format!("#a{position}"), &name);
            self.value(&format!(":a{position}"), SdkValue::N(amount.to_string()));
            self.add.push(format!("#a{position} :a{position}"));
        }
    }

    /// Beside items, adds the condition that no other client's item is there.
    fn claim(&mut self, place: Place<'_>) {
        let Some(marked_by) = place.marked_by else { return };
        self.name("#partition", place.partition_key);
        self.name("#entity", marked_by);
        self.value(":mark", SdkValue::S(ROLLUP_MARK.to_owned()));
        self.set.push("#entity = :mark".to_owned());
        self.conditions.push(UNCLAIMED.to_owned());
    }

    fn bookkeeping(&mut self, bookkeeping: &Bookkeeping, place: Place<'_>) {
        if let Some(rank) = &bookkeeping.rank {
            self.name("#rank", RANK);
            self.value(":rank", SdkValue::S(rank.clone()));
            self.set.push("#rank = :rank".to_owned());
        }
        match bookkeeping.expires_at {
            Some(seconds) => {
                self.name("#ttl", place.ttl);
                self.value(":ttl", SdkValue::N(seconds.to_string()));
                self.set.push("#ttl = :ttl".to_owned());
            }
            // It counts again.
            None if bookkeeping.is_row() => {
                self.name("#ttl", place.ttl);
                self.remove.push("#ttl".to_owned());
            }
            None => {}
        }
    }

    fn name(&mut self, placeholder: &str, name: &str) {
        self.names.insert(placeholder.to_owned(), name.to_owned());
    }

    fn value(&mut self, placeholder: &str, value: SdkValue) {
        self.values.insert(placeholder.to_owned(), value);
    }

    fn number(&mut self, placeholder: &str, number: i128) {
        self.value(placeholder, SdkValue::N(number.to_string()));
    }

    fn condition(&self) -> Option<String> {
        (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "))
    }

    fn text(&self) -> String {
        let clauses = [("SET", &self.set), ("ADD", &self.add), ("REMOVE", &self.remove)];
        let clauses = clauses.iter().filter(|(_, parts)| !parts.is_empty());
        let clauses = clauses.map(|(clause, parts)| format!("{clause} {}", parts.join(", ")));
        clauses.collect::<Vec<_>>().join(" ")
    }

    /// As a request of its own. The old item comes back when the condition fails.
    pub(super) fn request(self, rollups: &Rollups, key: &RollupKey) -> UpdateItemFluentBuilder {
        let place = rollups.place(key);
        let request = rollups.client.update_item().table_name(place.table);
        request
            .set_key(Some(place.key(key)))
            .set_condition_expression(self.condition())
            .update_expression(self.text())
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// As an action of a transaction. The old item comes back when the condition fails.
    pub(super) fn action(self, rollups: &Rollups, key: &RollupKey) -> TransactWriteItem {
        let place = rollups.place(key);
        let update = SdkUpdate::builder()
            .table_name(place.table)
            .set_key(Some(place.key(key)))
            .set_condition_expression(self.condition())
            .update_expression(self.text())
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values).filter(|values| !values.is_empty()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = update.build().expect("table, key and expression are set");
        TransactWriteItem::builder().update(update).build()
    }
}
