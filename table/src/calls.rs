//! A span for each call of DynamoDB: which operation, on which table, and what came of it.
//!
//! It is never entered, so that what is logged meanwhile does not repeat it; who traces sees it
//! below the span that the call was made in. Retries are within it.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use tracing::field::Empty;
use tracing::{Span, info_span};

/// The outcome of a call that did what was asked.
const OK: &str = "ok";
/// The outcome of a call that failed without a code of DynamoDB's: nothing answered, or nothing
/// that could be read.
const NO_ANSWER: &str = "no answer";

/// Begins and ends the spans.
#[derive(Debug)]
pub(crate) struct CallSpans;

/// The span of a call that has not ended.
#[derive(Debug)]
struct Call(Span);

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

/// Each operation by its module: its name, its table, and the code of its error.
macro_rules! operations {
    ($($module:ident $name:literal $input:ident $error:ident $table:expr;)*) => {
        /// The operation and the table that an input is for.
        fn subject(
            context: &BeforeSerializationInterceptorContextRef<'_>,
        ) -> (&'static str, Option<String>) {
            $(
                use aws_sdk_dynamodb::operation::$module::$input;
                if let Some(input) = context.input().downcast_ref::<$input>() {
                    let table: fn(&$input) -> Option<String> = $table;
                    return ($name, table(input));
                }
            )*
            ("other", None)
        }

        /// DynamoDB's code for what went wrong.
        fn code(context: &FinalizerInterceptorContextRef<'_>) -> Option<String> {
            let error = context.output_or_error()?.err()?.as_operation_error()?;
            $(
                use aws_sdk_dynamodb::operation::$module::$error;
                if let Some(error) = error.downcast_ref::<$error>() {
                    return error.code().map(str::to_owned);
                }
            )*
            None
        }
    };
}

operations! {
    put_item "PutItem" PutItemInput PutItemError |input| input.table_name.clone();
    update_item "UpdateItem" UpdateItemInput UpdateItemError |input| input.table_name.clone();
    get_item "GetItem" GetItemInput GetItemError |input| input.table_name.clone();
    delete_item "DeleteItem" DeleteItemInput DeleteItemError |input| input.table_name.clone();
    query "Query" QueryInput QueryError |input| input.table_name.clone();
    scan "Scan" ScanInput ScanError |input| input.table_name.clone();
    batch_get_item "BatchGetItem" BatchGetItemInput BatchGetItemError
        |input| input.request_items.as_ref()?.keys().next().cloned();
    batch_write_item "BatchWriteItem" BatchWriteItemInput BatchWriteItemError
        |input| input.request_items.as_ref()?.keys().next().cloned();
    transact_write_items "TransactWriteItems" TransactWriteItemsInput TransactWriteItemsError
        |_| None;
    describe_table "DescribeTable" DescribeTableInput DescribeTableError
        |input| input.table_name.clone();
}

impl Intercept for CallSpans {
    fn name(&self) -> &'static str {
        "CallSpans"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let span = info_span!(
            "dynamodb",
            otel.name = Empty,
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = "aws.dynamodb",
            db.operation.name = Empty,
            aws.dynamodb.table_names = Empty,
            outcome = Empty,
        );
        if !span.is_disabled() {
            let (operation, table) = subject(context);
            span.record("otel.name", format!("DynamoDB {operation}"));
            span.record("db.operation.name", operation);
            span.record("aws.dynamodb.table_names", table);
        }
        config.interceptor_state().store_put(Call(span));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Call(span)) = config.load::<Call>() else { return Ok(()) };
        if span.is_disabled() {
            return Ok(());
        }
        if matches!(context.output_or_error(), Some(Ok(_))) {
            span.record("outcome", OK);
        } else {
            span.record("outcome", code(context).as_deref().unwrap_or(NO_ANSWER));
            span.record("otel.status_code", "ERROR");
        }
        Ok(())
    }
}
