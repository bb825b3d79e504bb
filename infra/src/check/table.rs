//! The summary of a table and its indexes.

use weir_model::{Index, TableDefinition};

use super::{row, section};

pub(super) fn summary(table: &TableDefinition) -> String {
    let mut rows = vec![
        row(["partition key", &table.partition_key]),
        row(["sort key", table.sort_key.as_deref().unwrap_or("none")]),
        row(["entity", &table.entity_attribute]),
    ];
    if let Some(ttl) = &table.ttl {
        rows.push(row(["time to live", ttl]));
    }
    rows.push(row(["rollups", &format!("in the table {}", table.rollups_table)]));
    section(&format!("table {}", table.name), rows)
}

pub(super) fn index_summary(index: &Index) -> String {
    let rows = vec![
        row(["partition key", &index.partition_key]),
        row(["sort key", index.sort_key.as_deref().unwrap_or("none")]),
    ];
    section(&format!("index {}", index.name), rows)
}
