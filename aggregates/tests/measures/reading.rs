//! What a group has in the store: the numbers of its rollup items and its rows, of one bucket or of
//! several together.

use std::collections::{BTreeMap, BTreeSet};

use bigdecimal::{BigDecimal, Zero};
use weir_model::{Measure, Rollup};
use weir_rollups::details::{DetailSpec, parts};
use weir_rollups::key::partition;
use weir_rollups::measured::DetailsRead;
use weir_rollups::sketch::{CELLS, Octave};
use weir_rollups::{Amounts, Details, MeasuredValue, RollupKey, Sketch, measured, read_amounts};

use crate::store::{Store, Stored};

/// The rows of each kind, by its name: by text, what is counted in a row, or in each of its cells.
type Counts = BTreeMap<String, BTreeMap<String, BTreeMap<u8, i128>>>;

/// What a group has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) amounts: Amounts,
    rows: Counts,
    /// The keys that were read.
    pub(crate) keys: BTreeSet<RollupKey>,
}

/// Stands for the count of a row that has no cells.
const NO_CELL: u8 = CELLS;

impl Reading {
    /// What a group has of one bucket.
    pub(crate) fn read(
        store: &Store,
        rollup: &Rollup,
        group: &[String],
        bucket: &str,
    ) -> Result<Self, String> {
        let mut reading = Self::default();
        let texts = || group.iter().map(String::as_str);
        for stripe in 0..rollup.stripes {
            let key = RollupKey::new(partition(rollup, stripe, texts()).expect("short"), bucket);
            if let Some(stored) = store.items.get(&key) {
                reading.amounts.merge(&read_amounts(rollup, &stored.item())?);
                reading.keys.insert(key);
            }
            for kept in DetailSpec::for_rollup(rollup) {
                let partition = kept.details.partition(rollup, stripe, texts()).expect("short");
                let first = RollupKey::new(partition.clone(), format!("{bucket}#"));
                let rows = store.items.range(first..).take_while(|(key, _)| {
                    key.partition == partition && key.sort.starts_with(&format!("{bucket}#"))
                });
                for (key, row) in rows {
                    reading.keys.insert(key.clone());
                    reading.row(kept, bucket, key, row)?;
                }
            }
        }
        Ok(reading)
    }

    fn row(
        &mut self,
        kept: DetailSpec<'_>,
        bucket: &str,
        key: &RollupKey,
        row: &Stored,
    ) -> Result<(), String> {
        let (label, text) = parts(&key.sort).ok_or_else(|| format!("{key:?} is no row's"))?;
        let count = whole(&row.number("count"));
        if label != bucket || count < 0 {
            return Err(format!("{key:?} in {bucket} counts {count}"));
        }
        if count > 0
            && kept.is_ranked
            && (whole(&row.number("score")) != count || row.rank.is_none())
        {
            return Err(format!("{key:?} is not ranked by {count}: {row:?}"));
        }
        if count == 0 {
            return if row.is_zero() { Ok(()) } else { Err(format!("{key:?} has {row:?}")) };
        }
        let cells =
            self.rows.entry(kept.details.name()).or_default().entry(text.to_owned()).or_default();
        match kept.details {
            Details::Sketch(_) => {
                for cell in 0..CELLS {
                    *cells.entry(cell).or_insert(0) += whole(&row.number(&format!("{cell:02}")));
                }
            }
            // A value has one row, in one stripe.
            _ if cells.is_empty() => drop(cells.insert(NO_CELL, count)),
            _ => return Err(format!("{key:?} is one of two rows of a value")),
        }
        Ok(())
    }

    /// Adds what the group has of another bucket.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.amounts.merge(&other.amounts);
        for (kind, rows) in &other.rows {
            for (text, cells) in rows {
                let mine =
                    self.rows.entry(kind.clone()).or_default().entry(text.clone()).or_default();
                for (cell, count) in cells {
                    *mine.entry(*cell).or_insert(0) += count;
                }
            }
        }
    }

    /// How many rows of a kind count something.
    pub(crate) fn live(&self, rows: Details<'_>) -> usize {
        self.rows.get(&rows.name()).map_or(0, BTreeMap::len)
    }

    /// A measure, with all rows that there are.
    pub(crate) fn answer(
        &self,
        rollup: &Rollup,
        measure: &Measure,
    ) -> Result<MeasuredValue, String> {
        measured(rollup, measure, &self.amounts, &|measure| {
            let rows = Details::for_measure(measure)?;
            let none = BTreeMap::new();
            let counted = self.rows.get(&rows.name()).unwrap_or(&none);
            Some(match rows {
                Details::Sketch(_) => DetailsRead::Sketch(sketch(counted)),
                _ => DetailsRead::Values(
                    counted.iter().map(|(text, cells)| (text.clone(), cells[&NO_CELL])).collect(),
                ),
            })
        })
    }
}

fn sketch(octaves: &BTreeMap<String, BTreeMap<u8, i128>>) -> Sketch {
    let mut sketch = Sketch::default();
    for (text, cells) in octaves {
        let octave = Octave::parse(text).expect("an octave");
        cells.iter().for_each(|(cell, count)| sketch.add(octave, *cell, *count));
    }
    sketch
}

fn whole(number: &BigDecimal) -> i128 {
    if number.is_zero() {
        return 0;
    }
    number.to_plain_string().parse().expect("a whole number")
}
