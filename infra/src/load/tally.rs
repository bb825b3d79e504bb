//! How many rows there were, and what became of them.

use std::fmt;

/// The count of a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Rows that are stored.
    pub(crate) written: u64,
    /// Rows that cannot be stored, or not even read.
    pub(crate) refused: u64,
    /// Rows that DynamoDB did not take, however often they were sent.
    pub(crate) unwritten: u64,
}

impl Tally {
    /// All rows.
    pub(crate) fn rows(&self) -> u64 {
        self.written + self.refused + self.unwritten
    }

    /// Whether every row was written.
    pub(crate) fn is_whole(&self) -> bool {
        self.refused == 0 && self.unwritten == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, written, refused) = (self.rows(), self.written, self.refused);
        let noun = if rows == 1 { "row" } else { "rows" };
        write!(formatter, "{rows} {noun}: {written} written, {refused} refused")?;
        match self.unwritten {
            0 => Ok(()),
            unwritten => write!(formatter, ", {unwritten} not written"),
        }
    }
}
