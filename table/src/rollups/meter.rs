//! The capacity that writes consume, as DynamoDB reports it on request.
//!
//! **Invariant:** if DynamoDB reports nothing, the capacity is unknown: `None`, not zero.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::ConsumedCapacity;

use super::Rollups;

/// The write units that were reported so far. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Arc<Mutex<Option<f64>>>);

impl Meter {
    pub(super) fn add(&self, consumed: Option<&ConsumedCapacity>) {
        let Some(units) = consumed.and_then(ConsumedCapacity::capacity_units) else { return };
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *sum = Some(sum.unwrap_or_default() + units);
    }
}

impl Rollups {
    /// Returns the same rollups, with a meter of their own that begins at nothing.
    #[must_use]
    pub fn metered(&self) -> Self {
        Self { meter: Meter::default(), ..self.clone() }
    }

    /// Returns the write units that its writes consumed; `None` if DynamoDB reported nothing. A
    /// write whose condition failed is billed too, but not reported.
    pub fn write_units(&self) -> Option<f64> {
        *self.meter.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reported_units_add_up_and_without_a_report_they_are_unknown() {
        let meter = Meter::default();
        let sum = || *meter.0.lock().expect("no panic holds it");
        meter.add(None);
        meter.add(Some(&ConsumedCapacity::builder().build()));
        assert_eq!(sum(), None);
        for units in [1.0, 2.0] {
            meter.clone().add(Some(&ConsumedCapacity::builder().capacity_units(units).build()));
        }
        assert_eq!(sum(), Some(3.0));
    }
}
