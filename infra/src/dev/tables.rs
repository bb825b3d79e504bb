//! The tables of a definition: made if they do not exist, extended if they lack something.

use weir_table::{Error, Provisioned, Table};

/// Makes the tables, or adds what the definition needs and they lack. Without a DynamoDB of its
/// own, `weir dev` adds nothing to the table of items.
pub(super) async fn provision(table: &Table, is_embedded: bool) -> Result<Provisioned, Error> {
    if is_embedded {
        // No other program can: this one serves the DynamoDB.
        table.enable_stream().await?;
        table.extend_items().await?;
    }
    table.extend_rollups().await?;
    table.provision().await
}
