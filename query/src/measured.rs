//! The measures of one slot, made of the sums of its rollup items and of its detail items.

use jiff::Timestamp;
use serde_json::{Map, Value};
use weir_model::rollup::NamedMeasure;
use weir_model::{Measure, Rollup, value};
use weir_rollups::measured::{MeasuredValue, measured};
use weir_rollups::sketch::RELATIVE_ERROR;

use crate::details::DetailsOfSlots;
use crate::error::QueryError;
use crate::json;
use crate::slot::SlotTotals;

/// The measures of a group in a slot.
pub(crate) struct MeasuredSlot {
    /// One value for each measure of the query; `None` if nothing is counted.
    pub(crate) values: Option<Vec<MeasuredValue>>,
    /// Whether DynamoDB has refused an update of one of its rollup items.
    pub(crate) is_parked: bool,
}

impl MeasuredSlot {
    /// Computes the measures of the slot at a position among those that were read.
    ///
    /// # Errors
    /// The detail item that cannot be read.
    pub(crate) fn new(
        rollup: &Rollup,
        measures: &[&NamedMeasure],
        (position, totals): (usize, &SlotTotals),
        details: &DetailsOfSlots,
    ) -> Result<Self, QueryError> {
        let is_parked = totals.is_parked;
        let Some(amounts) = totals.amounts.as_ref().filter(|_| !totals.is_empty()) else {
            return Ok(Self { values: None, is_parked });
        };
        let details = |measure: &Measure| details.get(position, measure, totals);
        let values = measures.iter().map(|known| {
            measured(rollup, &known.measure, amounts, &details)
                .map_err(weir_table::Error::Unreadable)
        });
        let values = values.collect::<Result<_, weir_table::Error>>()?;
        Ok(Self { values: Some(values), is_parked })
    }
}

/// Returns the measures that these are made of: ratios are replaced by their parts.
pub(crate) fn parts<'a>(rollup: &'a Rollup, measures: &[&'a NamedMeasure]) -> Vec<&'a Measure> {
    let mut parts = Vec::new();
    for known in measures {
        match known.measure.parts() {
            Some(names) => parts.extend(names.into_iter().filter_map(|name| rollup.measure(name))),
            None => parts.push(&known.measure),
        }
    }
    parts
}

/// Returns values as JSON, by the names of their measures.
pub(crate) fn named<'a>(
    measures: &'a [&NamedMeasure],
    values: &'a [MeasuredValue],
) -> impl Iterator<Item = (String, Value)> + 'a {
    measures.iter().zip(values).map(|(known, value)| (known.name.clone(), json::measured(value)))
}

/// Returns seconds since 1970 as RFC 3339 text.
pub(crate) fn freshness(newest: Option<u32>) -> Option<String> {
    Some(Timestamp::from_second(i64::from(newest?)).ok()?.to_string())
}

/// Returns the relative error that values may have, by the names of the measures that are
/// estimates.
pub(crate) fn error_bounds(rollup: &Rollup, measures: &[&NamedMeasure]) -> Map<String, Value> {
    let is_estimated =
        |name: &str| rollup.measure(name).is_some_and(|measure| rollup.is_estimated(measure));
    let bound = |known: &&NamedMeasure| {
        let bound = match known.measure.parts() {
            // 1.01 / 0.99, and 1 / 0.99.
            Some(parts) if parts.into_iter().all(is_estimated) => "0.0203",
            Some(_) => "0.0102",
            None => RELATIVE_ERROR,
        };
        (known.name.clone(), value::number_to_json(bound))
    };
    let estimated = measures.iter().filter(|known| rollup.is_estimated(&known.measure));
    estimated.map(bound).collect()
}
