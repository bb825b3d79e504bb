//! The estimate of a base: how many rollup items a build will write, from a sample of the items.
//!
//! ```text
//! sample ─► contributions, as the build computes them ─► keys, by how many items add to each
//!                                                            └─► write units of the whole table
//! ```
//!
//! The number of different keys among all items is estimated from that among n of N items by the
//! guaranteed-error estimator of Charikar, Chaudhuri, Motwani and Narasayya, "Towards Estimation
//! Error Guarantees for Distinct Values" (PODS 2000): a key that one sampled item adds to stands
//! for √(N / n) keys, and each other key for itself. No estimator can be certain to be closer than
//! a factor of about √(N / n).
//!
//! **Invariant:** if the sample has all items, the number of keys is exact, and so are the write
//! units of rollup items below 1 KB without `distinct`.

use std::collections::HashMap;

use weir_model::{Item, Rollup};
use weir_rollups::{Contribution, Contributions, Cost, RollupKey, Skip, item_bytes};

use crate::target::BuildTarget;

/// The write units of a rollup item or a detail item below 1 KB.
const ITEM_UNITS: f64 = 1.0;
/// The write units of an entry in the index of ranks.
const RANK_UNITS: f64 = 1.0;
/// The most write units of a detail item that its rollup item counts: an attempt whose condition
/// fails, then a transaction of both, which DynamoDB bills twice. Up to 24 detail items of one
/// rollup item share a transaction, so most cost less.
const CROSSING_UNITS: f64 = 5.0;

/// The estimate of the base of some rollups.
#[derive(Clone, Debug, PartialEq)]
pub struct BaseEstimate {
    /// The items of the sample.
    pub sampled_items: u64,
    /// The mean size of a sampled item, in bytes; `None` of an empty sample.
    pub item_bytes: Option<f64>,
    /// The rollups, in the order in which they were given.
    pub rollups: Vec<RollupEstimate>,
}

/// The estimate of the base of one rollup.
#[derive(Clone, Debug, PartialEq)]
pub struct RollupEstimate {
    /// The rollup.
    pub rollup: String,
    /// The sampled items that it counts.
    pub counted: u64,
    /// The sampled items that it cannot count.
    pub skipped: u64,
    /// The reason why it cannot count the first of them.
    pub skip: Option<Skip>,
    /// The rollup items and detail items of the sampled items.
    pub sampled_keys: u64,
    /// The estimate of the rollup items and detail items of all items; `None` without a sample.
    pub keys: Option<u64>,
    /// The estimate of the write units; `None` without a sample.
    pub write_units: Option<u64>,
    /// The write units if no two items add to the same rollup item.
    pub most_write_units: u64,
}

/// A key that sampled items add to.
#[derive(Clone, Copy, Debug, Default)]
struct SampledKey {
    contributions: u64,
    units: f64,
}

impl BaseEstimate {
    /// Estimates the base of rollups of a table of `items` items from a sample of them. Buckets
    /// that have expired at a time in seconds since 1970 are left out.
    pub fn new(targets: &[BuildTarget<'_>], sample: &[Item], items: u64, seconds: u32) -> Self {
        let bytes: u64 = sample.iter().map(item_bytes).sum();
        let mean = (!sample.is_empty()).then(|| bytes as f64 / sample.len() as f64);
        let rollups =
            targets.iter().map(|target| RollupEstimate::new(target, sample, items, seconds));
        Self { sampled_items: sample.len() as u64, item_bytes: mean, rollups: rollups.collect() }
    }
}

impl RollupEstimate {
    fn new(target: &BuildTarget<'_>, sample: &[Item], items: u64, seconds: u32) -> Self {
        let mut estimate = Self {
            rollup: target.rollup.name.clone(),
            counted: 0,
            skipped: 0,
            skip: None,
            sampled_keys: 0,
            keys: None,
            write_units: None,
            most_write_units: 0,
        };
        if sample.is_empty() {
            estimate.most_write_units = insert_units(target.rollup) * items;
            return estimate;
        }
        let keys = estimate.fold(target, sample, seconds);
        let scale = (items as f64 / sample.len() as f64).max(1.0);
        let (mut different, mut units, mut most) = (0.0, 0.0, 0.0);
        for key in keys.values() {
            let stands_for = if key.contributions == 1 { scale.sqrt() } else { 1.0 };
            different += stands_for;
            units += stands_for * key.units;
            most += scale * key.contributions as f64 * key.units;
        }
        estimate.sampled_keys = keys.len() as u64;
        estimate.keys = Some(whole(different));
        estimate.write_units = Some(whole(units));
        estimate.most_write_units = whole(most);
        estimate
    }

    /// Adds up the contributions of the sample by key.
    fn fold(
        &mut self,
        target: &BuildTarget<'_>,
        sample: &[Item],
        seconds: u32,
    ) -> HashMap<RollupKey, SampledKey> {
        let contributions = Contributions::new(target.model, target.rollup, 0);
        let mut keys: HashMap<RollupKey, SampledKey> = HashMap::new();
        for item in sample {
            match contributions.for_item(item, seconds) {
                Ok(parts) => {
                    self.counted += u64::from(!parts.is_empty());
                    for part in parts.into_iter().filter(|part| !part.amounts.is_zero()) {
                        let units = write_units(&part);
                        let known = keys.entry(part.key).or_default();
                        known.contributions += 1;
                        known.units = units;
                    }
                }
                Err(reason) => {
                    self.skipped += 1;
                    self.skip.get_or_insert(reason);
                }
            }
        }
        keys
    }
}

/// Returns the write units of the update that a contribution leads to.
fn write_units(contribution: &Contribution) -> f64 {
    let bookkeeping = &contribution.bookkeeping;
    let own = if bookkeeping.crossing.is_some() { CROSSING_UNITS } else { ITEM_UNITS };
    if bookkeeping.rank.is_some() { own + RANK_UNITS } else { own }
}

/// Returns the most write units of an item that shares no rollup item with another one.
fn insert_units(rollup: &Rollup) -> u64 {
    u64::from(Cost::for_rollup(rollup).insert())
}

/// Returns the whole number above an estimate, which is not negative.
fn whole(estimate: f64) -> u64 {
    estimate.ceil() as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use weir_model::{AttributeValue, Model};

    use super::*;

    const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.sale]
PK = "SALE#{id}"
SK = "SALE"
[entities.sale.attributes]
id = { type = "string", required = true }
shop = { type = "string" }
customer = { type = "string" }
amount = { type = "integer" }
[rollups.sales]
of = "sale"
by = ["shop"]
measures = { sales = "count", revenue = "sum(amount)" }
[rollups.customers]
of = "sale"
by = ["shop"]
measures = { customers = "distinct(customer)" }
"##;
    const NOW: u32 = 1_795_153_254;

    fn sale(id: usize, shop: &str, customer: usize) -> Item {
        let text = |text: String| AttributeValue::S(text);
        Item::from(HashMap::from(
            [
                ("PK", text(format!("SALE#{id}"))),
                ("SK", text("SALE".to_owned())),
                ("_et", text("sale".to_owned())),
                ("id", text(id.to_string())),
                ("shop", text(shop.to_owned())),
                ("customer", text(format!("c{customer}"))),
                ("amount", AttributeValue::N("5".to_owned())),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        ))
    }

    fn estimate(sample: &[Item], items: u64) -> BaseEstimate {
        let model: Model = DEFINITION.parse().expect("a definition");
        let targets: Vec<_> =
            model.rollups.iter().map(|rollup| BuildTarget { model: &model, rollup }).collect();
        BaseEstimate::new(&targets, sample, items, NOW)
    }

    #[test]
    fn a_sample_of_all_items_is_counted_exactly() {
        let sample: Vec<_> = (0..10).map(|id| sale(id, ["a", "b"][id % 2], id / 2)).collect();
        let known = estimate(&sample, 10);
        let [sales, customers] = &known.rollups[..] else { panic!("two rollups") };
        assert_eq!((sales.counted, sales.keys, sales.write_units), (10, Some(2), Some(2)));
        assert_eq!(sales.most_write_units, 10);
        // Five customers of each shop have a detail item, in a transaction with the rollup item.
        assert_eq!(customers.keys, Some(2 + 10));
        assert_eq!(customers.write_units, Some(2 + 10 * 5));
        assert_eq!(known.item_bytes, Some(item_bytes(&sample[0]) as f64));
    }

    #[test]
    fn a_key_of_one_sampled_item_stands_for_several_and_others_for_themselves() {
        let sample: Vec<_> = (0..100).map(|id| sale(id, "a", id)).collect();
        let known = estimate(&sample, 10_000);
        let [sales, customers] = &known.rollups[..] else { panic!("two rollups") };
        assert_eq!((sales.keys, sales.most_write_units), (Some(1), 10_000));
        assert_eq!(customers.keys, Some(1 + 100 * 10), "√(10,000 / 100) = 10");
        assert!(customers.write_units < Some(customers.most_write_units));
    }

    #[test]
    fn items_that_cannot_be_counted_are_reported_with_the_first_reason() {
        let mut foreign = sale(1, "a", 1);
        foreign.insert("amount".to_owned(), AttributeValue::S("much".to_owned()));
        let known = estimate(&[sale(2, "a", 2), foreign], 2);
        assert_eq!((known.rollups[0].counted, known.rollups[0].skipped), (1, 1));
        let reason = known.rollups[0].skip.as_ref().expect("a reason").to_string();
        assert!(reason.contains("amount"), "{reason}");
        assert_eq!(known.rollups[1].skipped, 0, "it does not read the attribute");
    }

    #[test]
    fn without_a_sample_there_is_an_upper_bound_alone() {
        let known = estimate(&[], 1_000);
        assert_eq!((known.item_bytes, known.rollups[0].keys), (None, None));
        assert_eq!(known.rollups[0].most_write_units, 1_000);
        assert!(known.rollups[1].most_write_units > 1_000);
    }
}
