//! The detail items that measures are read from, for slots of one group.
//!
//! | measure | of one bucket | of several |
//! |---|---|---|
//! | `min`, `max`, `smallest`, `largest`, `first`, `last` | those at one end of its range | those of each bucket |
//! | `distinct` | none: its rollup item has it | all, each value counted once |
//! | `top` | the first of the index of ranks; if many share the last place, the first in order too | all |
//! | quantiles | all, of which there are few | the same |
//!
//! | to see | read |
//! |---|---|
//! | which detail items a measure needs | `needs`, which is pure |
//! | a stored detail item | `stored` |
//! | how they are read | `reader` |
//! | how many may be read | `budget` |
//!
//! A detail item that counts nothing any more stays for 96 hours. If one is at the end of a bucket,
//! it is skipped, and counts as a detail item that was read.
//!
//! **Invariant:** no answer is made of more detail items than its budget has, whatever its groups,
//! slots and measures. Either the page ends before them, or the query is rejected at the first one
//! beyond the budget if a single step has so many.

mod budget;
mod needs;
mod reader;
mod stored;

use std::collections::HashMap;

use weir_model::Measure;
use weir_rollups::Sketch;
use weir_rollups::details::Details;
use weir_rollups::measured::{DetailsRead, details_of_nothing};
use weir_rollups::sketch::Octave;

use self::needs::Need;
use self::stored::DetailItems;
use crate::slot::SlotTotals;

pub(crate) use self::budget::DetailBudget;
pub(crate) use self::needs::{least_items_per_bucket, reads_per_partition};
pub(crate) use self::reader::DetailReader;

/// The detail items that were read, by the position of the slot and the need of a measure.
#[derive(Debug, Default)]
pub(crate) struct DetailsOfSlots {
    by_need: HashMap<(usize, Need), DetailItems>,
    /// The number of detail items and index entries that were read.
    pub(crate) items_read: usize,
}

impl DetailsOfSlots {
    /// Returns the detail items of a measure in the slot at a position; `None` if the measure is
    /// read from rollup items alone.
    pub(crate) fn get(
        &self,
        position: usize,
        measure: &Measure,
        totals: &SlotTotals,
    ) -> Option<DetailsRead> {
        if totals.live.is_empty() {
            return details_of_nothing(measure);
        }
        let need = Need::for_measure(measure, totals.live.len())?;
        let live = self.by_need.get(&(position, need))?.live();
        Some(match Details::for_measure(measure)? {
            Details::Sketch(_) => {
                let mut sketch = Sketch::default();
                let octaves = live.filter_map(|(text, item)| Some((Octave::parse(text)?, item)));
                for (octave, item) in octaves {
                    item.cells.iter().for_each(|(cell, count)| sketch.add(octave, *cell, *count));
                }
                DetailsRead::Sketch(sketch)
            }
            Details::Values(_) | Details::Times { .. } => {
                DetailsRead::Values(live.map(|(text, item)| (text.clone(), item.count)).collect())
            }
        })
    }
}
