//! The stream of the table of items, as DescribeTable names it.

use crate::error::Error;
use crate::items::Table;

impl Table {
    /// The label of the table's newest stream; `None` where the table has no stream.
    ///
    /// # Errors
    /// What DynamoDB says, such as that there is no such table.
    pub async fn stream_label(&self) -> Result<Option<String>, Error> {
        let name = self.name();
        let described = self.client.describe_table().table_name(name).send().await;
        let described = described.map_err(|error| Error::of(name, error))?;
        Ok(described.table.and_then(|table| table.latest_stream_label))
    }
}
