//! The writer behind HTTP, as a sink of batches.

use serde::Deserialize;

use super::{BatchResult, Object, Sink};
use crate::client::{Client, Error, FieldProblem};

/// The batch route of one entity, as a sink.
pub(super) struct HttpSink<'a> {
    client: &'a Client,
    path: String,
}

/// The response of the writer to a batch.
#[derive(Debug, Deserialize)]
struct Report {
    failed: Vec<FailedRow>,
    unprocessed: Vec<usize>,
}

#[derive(Debug, Deserialize)]
struct FailedRow {
    index: usize,
    errors: Vec<FieldProblem>,
    #[serde(default)]
    more_errors: usize,
}

impl<'a> HttpSink<'a> {
    pub(super) fn new(client: &'a Client, entity: &str) -> Self {
        Self { client, path: format!("/batch/{entity}") }
    }

    /// Writes a batch that is too large for one request.
    fn send_halves(&mut self, objects: &[Object]) -> Result<BatchResult, Error> {
        let (first, second) = objects.split_at(objects.len() / 2);
        let mut answer = self.send(first)?;
        let BatchResult { refused, unprocessed } = self.send(second)?;
        let behind = |position: usize| first.len() + position;
        answer.refused.extend(refused.into_iter().map(|(position, why)| (behind(position), why)));
        answer.unprocessed.extend(unprocessed.into_iter().map(behind));
        Ok(answer)
    }
}

impl Sink for HttpSink<'_> {
    type Error = Error;

    /// Sends a batch. A writer that is too busy reports nothing as written, so all of it is sent
    /// again.
    fn send(&mut self, objects: &[Object]) -> Result<BatchResult, Error> {
        let report = match self.client.post(&self.path, &objects) {
            Ok(answer) => answer,
            Err(Error::Busy { .. }) => {
                let unprocessed = (0..objects.len()).collect();
                return Ok(BatchResult { refused: Vec::new(), unprocessed });
            }
            Err(Error::Refused(problem)) if problem.is_of_size() && objects.len() > 1 => {
                return self.send_halves(objects);
            }
            Err(error) => return Err(error),
        };
        let report: Report = serde_json::from_value(report)
            .map_err(|error| self.client.strange(&self.path, &error.to_string()))?;
        let refused = report.failed.iter().map(|row| (row.index, reason(row)));
        Ok(BatchResult { refused: refused.collect(), unprocessed: report.unprocessed })
    }

    fn advance(&mut self, _rows: u64) -> Result<(), Error> {
        Ok(())
    }
}

/// Returns the errors of a row in one line.
fn reason(row: &FailedRow) -> String {
    let texts = row.errors.iter().map(ToString::to_string);
    let more = (row.more_errors > 0).then(|| format!("and {} more", row.more_errors));
    texts.chain(more).collect::<Vec<_>>().join("; ")
}
