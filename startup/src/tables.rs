//! The tables of a program, and the reads that a request may make of them.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use weir_model::Model;
use weir_table::{
    Connection, DEFAULT_READ_MB, DEFAULT_READS, MB, MIN_READ_MB, Reads, Rollups, Table,
};

use crate::environment::Environment;
use crate::error::InvalidVariable;

/// The budgets that a request may have, in reads: at least as many as the state of the rollups and
/// a page need.
const READS: RangeInclusive<u64> = 100..=1_000_000;
/// The budgets that a request may have, in megabytes.
const READ_MB: RangeInclusive<u64> = MIN_READ_MB..=10_000;
/// How long a question may wait for a write, in seconds: an answer comes before API Gateway gives
/// up, after 30 s.
const WRITE_WAIT_SECS: RangeInclusive<u64> = 0..=20;

/// The tables of a definition, with the connection to them.
#[derive(Clone, Debug)]
pub struct OpenedTables {
    /// The connection.
    pub connection: Connection,
    /// The table of items.
    pub table: Table,
    /// The rollups.
    pub rollups: Rollups,
}

impl Environment {
    /// Connects to the DynamoDB that the environment and the AWS profile name.
    pub async fn connect(&self) -> Connection {
        Connection::from_variables(|name| self.text(name)).await
    }

    /// Connects to the same with this region and this profile of the AWS configuration, if they are
    /// given.
    pub async fn connect_in(&self, region: Option<&str>, profile: Option<&str>) -> Connection {
        Connection::in_account(|name| self.text(name), region, profile).await
    }

    /// Connects, and opens the tables of a model.
    pub async fn open(&self, model: &Arc<Model>) -> OpenedTables {
        let connection = self.connect().await;
        let table = Table::new(&connection, Arc::clone(model));
        let rollups = Rollups::new(&connection, &model.table);
        OpenedTables { connection, table, rollups }
    }

    /// Returns the most that one request may read, as `WEIR_REQUEST_MAX_READS` and
    /// `WEIR_REQUEST_MAX_READ_MB` set it.
    ///
    /// # Errors
    /// A value that is not a number in its range.
    pub fn read_limits(&self) -> Result<Reads, InvalidVariable> {
        let reads = self.number("WEIR_REQUEST_MAX_READS", READS)?;
        let mb = self.number("WEIR_REQUEST_MAX_READ_MB", READ_MB)?;
        let (reads, mb) = (reads.unwrap_or(DEFAULT_READS), mb.unwrap_or(DEFAULT_READ_MB));
        Ok(Reads { reads, bytes: mb * MB })
    }

    /// Returns how long a rollup question with the token of a write waits, if
    /// `WEIR_AFTER_WAIT_SECS` sets it.
    ///
    /// # Errors
    /// A value that is not a number in its range.
    pub fn write_wait(&self) -> Result<Option<Duration>, InvalidVariable> {
        self.seconds("WEIR_AFTER_WAIT_SECS", WRITE_WAIT_SECS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_not_a_number_in_its_range_is_rejected_with_its_variable() {
        let reads = "WEIR_REQUEST_MAX_READS";
        let read = |text: &str| Environment::from_pairs([(reads, text)]).read_limits();
        assert_eq!(read("100").expect("the least").reads, 100);
        for text in ["", "0", "99", "-1", "1e3", "1000001", "many"] {
            let error = read(text).expect_err(text).to_string();
            let expected = "a whole number from 100 to 1000000";
            assert_eq!(error, format!("{reads} is `{text}`, expected {expected}"));
        }
    }

    #[test]
    fn the_least_megabytes_are_8() {
        let read = |text: &str| {
            Environment::from_pairs([("WEIR_REQUEST_MAX_READ_MB", text)]).read_limits()
        };
        assert!(read("7").is_err());
        assert_eq!(read("8").expect("the least").bytes, 8 * MB);
    }
}
