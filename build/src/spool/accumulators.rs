//! The table of accumulators: each has a number, by which records name it. A definition has as many
//! as it has measures, values and bins.

use std::collections::HashMap;

use weir_rollups::Accumulator;

/// The accumulators of a spool by number.
#[derive(Debug, Default)]
pub(crate) struct AccumulatorTable {
    numbers: HashMap<Accumulator, usize>,
    known: Vec<Accumulator>,
}

impl AccumulatorTable {
    /// Returns the number of an accumulator, a new one if it has none.
    pub(crate) fn number(&mut self, accumulator: &Accumulator) -> usize {
        if let Some(number) = self.numbers.get(accumulator) {
            return *number;
        }
        let number = self.known.len();
        self.known.push(accumulator.clone());
        self.numbers.insert(accumulator.clone(), number);
        number
    }

    /// Returns the accumulator of a number.
    pub(crate) fn get(&self, number: usize) -> Option<&Accumulator> {
        self.known.get(number)
    }
}
