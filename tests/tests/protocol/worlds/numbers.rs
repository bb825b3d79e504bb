//! The numbers of a revision, read and recounted.
//!
//! **Invariant:** a recount is made of sales by its own arithmetic, by none of the code under test.

use std::collections::{BTreeMap, BTreeSet};

use weir_rollups::{Accumulator, Amounts, RollupKey};

use super::store::Store;
use super::world::{Sale, World};

/// A group or a row, without its stripe: the partition and the sort key.
pub(super) type Plain = (String, String);

/// The stored numbers less the expected ones, of each group or row where they differ.
pub(super) type Drift = BTreeMap<Plain, Numbers>;

/// The numbers of a rollup item, or of a row, which has the first alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) items: i128,
    pub(super) present: i128,
    pub(super) sum: i128,
    pub(super) distinct: i128,
}

impl Numbers {
    /// Returns the numbers of amounts.
    pub(super) fn new(amounts: &Amounts) -> Self {
        let get = |accumulator: &Accumulator| amounts.get(accumulator);
        Self {
            items: get(&Accumulator::Items),
            present: get(&Accumulator::Present { attribute: "amount".to_owned() }),
            sum: get(&sum_of_amount()),
            distinct: get(&Accumulator::Distinct { attribute: "product".to_owned() }),
        }
    }

    /// Takes other numbers away.
    pub(super) fn subtract(&mut self, other: Self) {
        let Self { items, present, sum, distinct } = other;
        self.add(Self { items: -items, present: -present, sum: -sum, distinct: -distinct });
    }

    /// Adds other numbers.
    pub(super) fn add(&mut self, other: Self) {
        self.items += other.items;
        self.present += other.present;
        self.sum += other.sum;
        self.distinct += other.distinct;
    }
}

/// Returns the accumulator of the sum.
pub(super) fn sum_of_amount() -> Accumulator {
    Accumulator::Sum { attribute: "amount".to_owned(), scale: 0 }
}

/// Returns a key without its stripe.
pub(super) fn plain(key: &RollupKey) -> Plain {
    let (name, group) = key.partition.split_once('#').expect("a rollup by shop");
    let name = name.split('/').next().expect("a text has a first part");
    (format!("{name}#{group}"), key.sort.clone())
}

/// Returns the stored numbers that are not zero.
pub(super) fn stored(store: &Store) -> BTreeMap<Plain, Numbers> {
    let mut numbers: BTreeMap<Plain, Numbers> = BTreeMap::new();
    for (key, row) in store.rows() {
        numbers.entry(plain(key)).or_default().add(Numbers::new(&row.amounts));
    }
    numbers.retain(|_, numbers| *numbers != Numbers::default());
    numbers
}

/// Returns the numbers of the items in the end; with rows, if the rollup has them.
pub(super) fn recount(world: &World, has_rows: bool) -> BTreeMap<Plain, Numbers> {
    let mut numbers: BTreeMap<Plain, Numbers> = BTreeMap::new();
    let mut products: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Sale { shop, product, amount } in world.last.iter().flatten().copied() {
        let all = "all".to_owned();
        let group = numbers.entry((format!("sales#{shop}"), all)).or_default();
        group.items += 1;
        group.present += i128::from(amount.is_some());
        group.sum += amount.map_or(0, i128::from);
        if has_rows {
            products.entry(shop).or_default().insert(product);
            group.distinct = products[shop].len() as i128;
            let row = (format!("sales.values(product)#{shop}"), format!("all#{product}"));
            numbers.entry(row).or_default().items += 1;
        }
    }
    numbers
}
