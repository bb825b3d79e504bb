//! Commands of the AWS CLI that a plan tells its reader to run.

use weir_model::table::{RANK, RANKS_INDEX, ROLLUPS_TTL, SCORE};

use super::facts::Facts;

/// Returns a command of the AWS CLI for the DynamoDB of the plan.
pub(super) fn aws(facts: &Facts, command: &str) -> String {
    match &facts.endpoint {
        Some(url) => format!("aws {command} --endpoint-url {url}"),
        None => format!("aws {command}"),
    }
}

/// Returns the command that adds the index of ranks to a table of rollups.
pub(super) fn add_rank_index(facts: &Facts, table: &str) -> String {
    let command = format!(
        "dynamodb update-table --table-name {table} --attribute-definitions \
         AttributeName={RANK},AttributeType=S AttributeName={SCORE},AttributeType=N \
         --global-secondary-index-updates '[{{\"Create\": {{\"IndexName\": \"{RANKS_INDEX}\", \
         \"KeySchema\": [{{\"AttributeName\": \"{RANK}\", \"KeyType\": \"HASH\"}}, \
         {{\"AttributeName\": \"{SCORE}\", \"KeyType\": \"RANGE\"}}], \
         \"Projection\": {{\"ProjectionType\": \"KEYS_ONLY\"}}}}}}]'"
    );
    aws(facts, &command)
}

/// Returns the command that enables the time to live of a table of rollups.
pub(super) fn enable_ttl(facts: &Facts, table: &str) -> String {
    let command = format!(
        "dynamodb update-time-to-live --table-name {table} --time-to-live-specification \
         Enabled=true,AttributeName={ROLLUPS_TTL}"
    );
    aws(facts, &command)
}
