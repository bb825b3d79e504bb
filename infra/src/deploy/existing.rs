//! A table that exists already and is not the stack's: whether the stream that was named is one of
//! it.

use crate::error::Error;

/// Rejects a stream of another table than the one that the definition, or a parameter, names.
pub(super) fn check(stream_arn: &str, table: &str) -> Result<(), Error> {
    let named = stream_arn.split('/').nth(1).unwrap_or_default();
    if named == table {
        return Ok(());
    }
    Err(Error::Argument(format!(
        "--existing-table names a stream of the table `{named}`, and the definition is of \
         `{table}`; expected a stream of `{table}`, or --parameter TableName={named} if the table \
         is the right one"
    )))
}
