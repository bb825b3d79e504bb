//! Gaps: the values of a period in which nothing is counted, by the same rule in a series and in
//! the earlier one that it is compared with.

use jiff::Timestamp;
use weir_model::Rollup;
use weir_model::rollup::NamedMeasure;
use weir_rollups::measured::{MeasuredValue, of_nothing};
use weir_rollups::{Fill, Period};

use crate::measured::MeasuredSlot;

/// The last point of a group's series that had values of its own: where it began, and its values.
#[derive(Clone, Debug, Default)]
pub(super) struct Series(Option<(Timestamp, Vec<MeasuredValue>)>);

impl Series {
    /// Returns a series whose last point with values of its own began at an instant.
    pub(super) fn after(start: Timestamp, values: Option<Vec<MeasuredValue>>) -> Self {
        Self(values.map(|values| (start, values)))
    }

    /// Returns where its last point with values of its own began.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.0.as_ref().map(|(start, _)| *start)
    }

    /// Returns the values of its next point: its own, or those that fill the gap. A parked rollup
    /// item is not a gap, and its values are not known.
    pub(super) fn next(
        &mut self,
        rollup: &Rollup,
        measures: &[&NamedMeasure],
        fill: Fill,
        period: Option<Period>,
        measured: MeasuredSlot,
    ) -> Vec<MeasuredValue> {
        let nulls = || vec![MeasuredValue::Nothing; measures.len()];
        match (measured.values, fill) {
            (Some(values), _) => {
                if let Some(period) = period {
                    self.0 = Some((period.start, values.clone()));
                }
                values
            }
            (None, _) if measured.is_parked => nulls(),
            (None, Fill::Null) => nulls(),
            (None, Fill::Previous) => {
                self.0.as_ref().map_or_else(nulls, |(_, values)| values.clone())
            }
            (None, Fill::Zero | Fill::None) => {
                measures.iter().map(|known| of_nothing(rollup, known)).collect()
            }
        }
    }
}
