//! Writes with the token of what they wrote.
//!
//! Whatever a future wrote was written before DynamoDB dated its answer, and that is not after the
//! latest answer to the future. So it does not matter which calls were writes, which were repeated,
//! and which were reads behind them.

use super::table::Table;
use crate::answer_times;
use crate::write_token::WriteToken;

impl Table {
    /// Runs a future that writes to this table, and returns its output with the token of what it
    /// wrote: a rollup question after that token includes it.
    ///
    /// The token is there whether or not the future succeeded; it is `None` if DynamoDB was not
    /// asked, or did not date an answer. The future calls DynamoDB itself: calls of a task that it
    /// spawns do not count.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// let new = json!({ "user": "ann", "number": 7, "total": 12.5 });
    /// let item = order.encode(new.as_object().expect("an object"), fresh())?;
    /// let (created, token) = table.with_token(table.create(item)).await;
    /// created?;
    /// println!("{}", token.expect("DynamoDB dates its answers"));
    /// # Ok(()) });
    /// ```
    pub async fn with_token<F: Future>(&self, writes: F) -> (F::Output, Option<WriteToken>) {
        let (output, answered_at) = answer_times::noted(writes).await;
        (output, answered_at.and_then(|second| WriteToken::new(self.name(), second)))
    }
}
