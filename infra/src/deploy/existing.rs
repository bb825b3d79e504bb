//! The checks of an existing table that does not belong to the stack, and of its stream.

use crate::error::Error;
use crate::plan::Plan;

/// The preconditions that the owner of the table meets.
const OF_THE_OWNER: [&str; 2] = ["table", "stream"];

/// Rejects a stream of another table than the one that the definition, or a parameter, names.
pub(super) fn check_name(stream_arn: &str, table: &str) -> Result<(), Error> {
    let named = stream_arn.split('/').nth(1).unwrap_or_default();
    if named == table {
        return Ok(());
    }
    Err(Error::Argument(format!(
        "--existing-table names a stream of the table `{named}`; expected a stream of `{table}`, \
         the table of the definition, or --parameter TableName={named}"
    )))
}

/// Rejects a table that does not exist, or whose stream a build cannot use.
pub(super) fn check_owner(plan: &Plan) -> Result<(), Error> {
    let failed = plan.failed_preconditions().into_iter();
    let failed = failed.filter(|known| OF_THE_OWNER.contains(&known.name));
    let lines = failed.map(|known| {
        let way_out = known.way_out.as_deref().unwrap_or_default();
        format!("{}: {}\n      → {way_out}", known.name, known.detail)
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return Ok(());
    }
    Err(Error::Argument(format!(
        "cannot deploy over the table `{}` before its owner has changed it:\n      {}",
        plan.table,
        lines.join("\n      ")
    )))
}

/// Rejects a stream that the table no longer has.
pub(super) fn check_stream(given: &str, found: Option<&str>) -> Result<(), Error> {
    match found {
        Some(found) if found == given => Ok(()),
        _ => Err(Error::Argument(format!(
            "--existing-table names the stream `{given}`; expected the stream of the table, {}",
            found.map_or_else(|| "which has none".to_owned(), |found| format!("`{found}`"))
        ))),
    }
}
