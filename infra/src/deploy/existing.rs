//! A table that exists already and is not the stack's: whether its owner has done what a deployment
//! needs.

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
        "--existing-table names a stream of the table `{named}`, and the definition is of \
         `{table}`; expected a stream of `{table}`, or --parameter TableName={named} if the table \
         is the right one"
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
        "the owner of the table `{}` must change it first; nothing was deployed:\n      {}",
        plan.table,
        lines.join("\n      ")
    )))
}

/// Rejects a stream that the table does not have any more.
pub(super) fn check_stream(given: &str, found: Option<&str>) -> Result<(), Error> {
    match found {
        Some(found) if found == given => Ok(()),
        _ => Err(Error::Argument(format!(
            "--existing-table names the stream `{given}`; expected the stream of the table, \
             `{}`",
            found.unwrap_or("which has none")
        ))),
    }
}
