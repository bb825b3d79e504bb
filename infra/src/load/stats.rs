//! The numbers of rows that a load wrote, refused and did not write.

use std::fmt;

/// The numbers of rows of a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoadStats {
    /// Rows that are stored.
    pub(crate) written: u64,
    /// Rows that cannot be stored, or not even read.
    pub(crate) refused: u64,
    /// Rows that DynamoDB did not store, however often they were sent.
    pub(crate) unwritten: u64,
}

impl LoadStats {
    /// Returns the number of all rows.
    pub(crate) fn rows(&self) -> u64 {
        self.written + self.refused + self.unwritten
    }

    /// Returns whether every row was written.
    pub(crate) fn is_whole(&self) -> bool {
        self.refused == 0 && self.unwritten == 0
    }
}

impl fmt::Display for LoadStats {
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
