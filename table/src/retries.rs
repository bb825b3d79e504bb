//! The retry quotas of a connection: how much it may retry, for each group of keys.
//!
//! The SDK takes tokens from a bucket for each retry, and requests that succeed put tokens back.
//! While the bucket is empty, the SDK retries nothing. By default one bucket serves every client of
//! a service in the process, so a single throttled item would stop the retries of all other items.
//! A connection therefore has many buckets, and the key that a request is about selects one.
//!
//! **Invariant:** the buckets belong to one connection. The retries of another connection in the
//! process do not matter.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::AttributeValue;
use weir_model::table::ROLLUPS_PARTITION_KEY;
use weir_rollups::fnv::fnv1a;

/// How many buckets a connection has: a key shares its bucket with one of so many others.
const BUCKETS: u64 = 256;
/// The tokens of a bucket, and what a retry costs: the SDK's own values (aws-smithy-runtime,
/// `token_bucket_for_spec`).
const CAPACITY: usize = 500;
const RETRY_COST: u32 = 14;
const THROTTLING_RETRY_COST: u32 = 5;

/// Selects the bucket of each request. Clones share the buckets.
#[derive(Clone, Debug)]
pub(crate) struct RetryQuotas(Arc<[RetryPartition]>);

type Attributes = HashMap<String, AttributeValue>;

impl RetryQuotas {
    /// Full buckets.
    pub(crate) fn new() -> Self {
        let partition = |_| {
            let bucket = TokenBucket::builder()
                .capacity(CAPACITY)
                .retry_cost(RETRY_COST)
                .timeout_retry_cost(RETRY_COST)
                .throttling_retry_cost(THROTTLING_RETRY_COST);
            RetryPartition::custom("weir").token_bucket(bucket.build()).build()
        };
        Self((0..BUCKETS).map(partition).collect())
    }

    fn partition_for(&self, subject: &str) -> RetryPartition {
        let bucket = fnv1a(subject.bytes()) % BUCKETS;
        self.0[bucket as usize].clone()
    }
}

impl Intercept for RetryQuotas {
    fn name(&self) -> &'static str {
        "RetryQuotas"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(self.partition_for(&subject(context)));
        Ok(())
    }
}

/// The target of a request: the key of an item, or what a query asks for. Requests for many keys
/// have no subject, and share a bucket.
fn subject(context: &BeforeSerializationInterceptorContextRef<'_>) -> String {
    let input = context.input();
    let attributes = if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
        input.key()
    } else if let Some(input) = input.downcast_ref::<GetItemInput>() {
        input.key()
    } else if let Some(input) = input.downcast_ref::<DeleteItemInput>() {
        input.key()
    } else if let Some(input) = input.downcast_ref::<PutItemInput>() {
        input.item()
    } else if let Some(input) = input.downcast_ref::<QueryInput>() {
        input.expression_attribute_values()
    } else if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
        transaction(input)
    } else {
        None
    };
    attributes.map(named).unwrap_or_default()
}

/// The item that the last action of a transaction is about: of rows and the rollup item that counts
/// them, it is the rollup item, which is the busiest.
fn transaction(input: &TransactWriteItemsInput) -> Option<&Attributes> {
    let last = input.transact_items().last()?;
    let update = last.update().map(|update| update.key());
    let put = || last.put().map(|put| put.item());
    let delete = || last.delete().map(|delete| delete.key());
    let check = || last.condition_check().map(|check| check.key());
    update.or_else(put).or_else(delete).or_else(check)
}

/// The text of these attributes: of the partition key alone where it is named as in every table of
/// rollups, because DynamoDB throttles partitions, and else of all of them.
fn named(attributes: &Attributes) -> String {
    match attributes.get(ROLLUPS_PARTITION_KEY) {
        Some(partition) => format!("{partition:?}"),
        None => format!("{:?}", attributes.iter().collect::<BTreeMap<_, _>>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_one_partition_share_a_subject_and_the_order_of_attributes_does_not_matter() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let named = |attributes: &[(&str, &str)]| {
            let attributes =
                attributes.iter().map(|(name, value)| ((*name).to_owned(), text(value)));
            named(&attributes.collect())
        };
        let one = named(&[("PK", "spend#ann"), ("SK", "all")]);
        assert_eq!(one, named(&[("SK", "day#2026-11-20"), ("PK", "spend#ann")]));
        assert_ne!(one, named(&[("PK", "spend#bob"), ("SK", "all")]));
        assert_eq!(named(&[("id", "7"), ("at", "8")]), named(&[("at", "8"), ("id", "7")]));
        assert_ne!(named(&[("id", "7"), ("at", "8")]), named(&[("id", "8"), ("at", "7")]));
    }
}
