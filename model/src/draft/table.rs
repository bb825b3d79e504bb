//! The beginning of a draft: what it was made from, the stream, the table and its indexes.

use super::SampledTable;
use super::document::{Block, Document};
use super::names::{key, quoted};

/// What a stream must record.
const NEEDED_VIEW: &str = "NEW_AND_OLD_IMAGES";

/// Adds the table.
pub(super) fn write(table: &SampledTable, document: &mut Document) {
    let mut block = Block::default();
    let count = table.items.len();
    let all = if table.is_complete { ", all that it has" } else { "" };
    let items = if count == 1 { "item" } else { "items" };
    block.comment(&format!("Drafted from {count} {items} of the table `{}`{all}.", table.name));
    block.comment("Check every line: the sample shows what is there, not what is meant.");
    block.comment("");
    for line in stream(table) {
        block.comment(&line);
    }
    block.line("[table]");
    block.line(format!("name = {}", quoted(&table.name)));
    block.line(format!("partition_key = {}", quoted(&table.partition_key.name)));
    let sort_key = table.sort_key.as_ref().map(|key| key.name.as_str()).unwrap_or_default();
    block.line(format!("sort_key = {}", quoted(sort_key)));
    if let Some(ttl) = &table.ttl {
        block.optional_line(format!("ttl = {}", quoted(ttl)));
    }
    document.push(block);
    for index in &table.indexes {
        let mut block = Block::optional();
        block.line(format!("[table.indexes.{}]", key(&index.name)));
        block.line(format!("partition_key = {}", quoted(&index.partition_key.name)));
        if let Some(sort_key) = &index.sort_key {
            block.line(format!("sort_key = {}", quoted(&sort_key.name)));
        }
        if !index.is_text() {
            block.comment_out("Not described: a key of this index is not text.");
        }
        document.push(block);
    }
}

/// Returns the state of the stream, and the command that enables it.
fn stream(table: &SampledTable) -> Vec<String> {
    let command = |specification: &str| {
        format!(
            "  aws dynamodb update-table --table-name {} --stream-specification {specification}",
            table.name
        )
    };
    let enable = command(&format!("StreamEnabled=true,StreamViewType={NEEDED_VIEW}"));
    match table.stream_view.as_deref() {
        Some(NEEDED_VIEW) => {
            vec![format!("The table's stream has {NEEDED_VIEW}, as rollups need it.")]
        }
        None => vec![
            "The table has no stream. Rollups need one; its owner enables it with:".to_owned(),
            enable,
        ],
        Some(view) => vec![
            format!(
                "The table's stream has {view}; rollups need {NEEDED_VIEW}. Its owner replaces"
            ),
            "the stream, after a look at who else reads it:".to_owned(),
            command("StreamEnabled=false"),
            enable,
        ],
    }
}
