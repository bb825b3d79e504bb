//! The parameter `after` of rollup questions: the token of a write that the answer waits for.

use std::time::Duration;

use weir_http::{Parameters, TimeLeft};
use weir_query::{QueryEngine, WriteToken};
use weir_table::WriteTokenError;

/// The part of the time left for a request that is kept for its answer, in milliseconds.
const ANSWER_MS: u64 = 2_000;

/// Takes the parameter.
pub(crate) fn write_token(parameters: &mut Parameters) -> Option<WriteToken> {
    let text = parameters.text("after")?;
    let token = text.parse().map_err(|error: WriteTokenError| {
        parameters.error("after", error.to_string());
    });
    token.ok()
}

/// Returns the engine, whose answers wait no longer than the time that is left allows.
pub(crate) fn within(engine: &QueryEngine, TimeLeft(left): TimeLeft) -> QueryEngine {
    let kept = Duration::from_millis(ANSWER_MS);
    let most = left.map_or(Duration::MAX, |left| left.saturating_sub(kept));
    engine.with_write_wait(engine.write_wait().min(most))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_model::Model;
    use weir_table::{Connection, Rollups, Table};

    use super::*;

    #[tokio::test]
    async fn an_answer_does_not_wait_beyond_the_deadline_of_its_request() {
        let connection = Connection::to("http://127.0.0.1:1").await;
        let model: Model = "[table]\nname = \"shop\"\n".parse().expect("a definition");
        let rollups = Rollups::new(&connection, &model.table);
        let engine = QueryEngine::new(&Table::new(&connection, Arc::new(model)), &rollups);
        let wait = |left| within(&engine, TimeLeft(left)).write_wait();
        assert_eq!(wait(None), engine.write_wait());
        assert_eq!(wait(Some(Duration::from_secs(60))), engine.write_wait());
        assert_eq!(wait(Some(Duration::from_secs(3))), Duration::from_secs(1));
        assert_eq!(wait(Some(Duration::from_secs(1))), Duration::ZERO);
    }
}
