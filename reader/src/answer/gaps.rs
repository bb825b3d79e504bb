//! Gaps: what stands where nothing is counted, by the same rule in a series and in the earlier one that it is compared with.

use aggregates::measured::{Answer, of_nothing};
use aggregates::{Fill, Period};
use jiff::Timestamp;
use model::Rollup;
use model::rollup::NamedMeasure;

use super::page::Measured;

/// How far a series of a group has come: where its last point with values of its own began, and those.
#[derive(Clone, Debug, Default)]
pub(super) struct Series(Option<(Timestamp, Vec<Answer>)>);

impl Series {
    /// A series whose last point with values of its own is this one.
    pub(super) fn behind(start: Timestamp, values: Option<Vec<Answer>>) -> Self {
        Self(values.map(|values| (start, values)))
    }

    /// Where its last point with values of its own began.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.0.as_ref().map(|(start, _)| *start)
    }

    /// The values of its next point: its own, or those that fill the gap. What is parked is no gap, and not known.
    pub(super) fn next(
        &mut self,
        rollup: &Rollup,
        asked: &[&NamedMeasure],
        fill: Fill,
        period: Option<Period>,
        measured: Measured,
    ) -> Vec<Answer> {
        let nulls = || vec![Answer::Nothing; asked.len()];
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
                asked.iter().map(|known| of_nothing(rollup, known)).collect()
            }
        }
    }
}
