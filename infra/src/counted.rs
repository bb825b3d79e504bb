//! The state of the rollups, and the stored definitions of the revisions that processors count.
//!
//! While a build runs, the mapping must hand the changes of these definitions to the processor too.

use std::sync::Arc;

use weir_model::Model;
use weir_table::{Connection, Error, RollupsState, Table};

/// Returns the state of the rollups; `None` if the table of rollups does not exist or no processor
/// has registered its rollups.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn stored_state(table: &Table) -> Result<Option<RollupsState>, Error> {
    match table.read_rollups_state().await {
        Err(Error::MissingTable { .. }) => Ok(None),
        state => state,
    }
}

/// Returns the definition of each revision that is counted, with the rollup of that revision alone;
/// none if the table of rollups does not exist or no processor has registered its rollups.
///
/// # Errors
/// A definition that this version cannot use, or the error of DynamoDB.
pub(crate) async fn counted_definitions(
    connection: &Connection,
    model: &Arc<Model>,
) -> Result<Vec<Arc<Model>>, Error> {
    let table = Table::new(connection, Arc::clone(model));
    let state = stored_state(&table).await?;
    let mut definitions = Vec::new();
    for revision in state.iter().flat_map(|state| &state.revisions) {
        if revision.is_counted() {
            definitions.push(table.definition(revision).await?);
        }
    }
    Ok(definitions)
}
