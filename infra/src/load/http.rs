//! The writer behind HTTP, as a place where batches go.

use serde::Deserialize;

use super::{Answer, Object, Sink};
use crate::client::{Client, Error, FieldProblem};

/// The batch route of one entity.
pub(super) struct Writer<'a> {
    client: &'a Client,
    path: String,
}

/// What the writer answers to a batch.
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

impl<'a> Writer<'a> {
    pub(super) fn new(client: &'a Client, entity: &str) -> Self {
        Self { client, path: format!("/batch/{entity}") }
    }

    /// Writes a batch that is too large for one request.
    fn send_halves(&mut self, objects: &[Object]) -> Result<Answer, Error> {
        let (first, second) = objects.split_at(objects.len() / 2);
        let mut answer = self.send(first)?;
        let Answer { refused, unprocessed } = self.send(second)?;
        let behind = |position: usize| first.len() + position;
        answer.refused.extend(refused.into_iter().map(|(position, why)| (behind(position), why)));
        answer.unprocessed.extend(unprocessed.into_iter().map(behind));
        Ok(answer)
    }
}

impl Sink for Writer<'_> {
    type Error = Error;

    /// A writer that is too busy has written nothing of the batch, as far as it says: all of it is sent again.
    fn send(&mut self, objects: &[Object]) -> Result<Answer, Error> {
        let report = match self.client.post(&self.path, &objects) {
            Ok(answer) => answer,
            Err(Error::Busy { .. }) => {
                let unprocessed = (0..objects.len()).collect();
                return Ok(Answer { refused: Vec::new(), unprocessed });
            }
            Err(Error::Refused(problem)) if problem.is_of_size() && objects.len() > 1 => {
                return self.send_halves(objects);
            }
            Err(error) => return Err(error),
        };
        let report: Report = serde_json::from_value(report)
            .map_err(|error| self.client.strange(&self.path, &error.to_string()))?;
        let refused = report.failed.iter().map(|row| (row.index, reason(row)));
        Ok(Answer { refused: refused.collect(), unprocessed: report.unprocessed })
    }

    fn passed(&mut self, _rows: u64) -> Result<(), Error> {
        Ok(())
    }
}

/// What is wrong with a row, in a line.
fn reason(row: &FailedRow) -> String {
    let texts = row.errors.iter().map(ToString::to_string);
    let more = (row.more_errors > 0).then(|| format!("and {} more", row.more_errors));
    texts.chain(more).collect::<Vec<_>>().join("; ")
}
