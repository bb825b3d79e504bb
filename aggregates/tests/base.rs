//! The base and the changes from a cut on are together what a recount gives.
//!
//! A history of writes to a few items runs over time. The stream has a record of each write, with
//! the second in which it was made. A capture reads the records from the cut on, and each item is
//! scanned at an instant of its own between the start of the scan and its end. The base is what
//! [`BaseImages`] selects, and the changes from the cut on are folded as the processor folds them.
//!
//! Each weakening of the protocol must be found by a counterexample, or the test proves nothing.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use weir_model::{AttributeValue, Item, Model};
use weir_rollups::{
    Accumulator, Amounts, BaseImages, Change, Contributions, Image, RollupKey, ScannedImage, base,
    fold,
};

const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.sale]
PK = "SALE#{id}"
SK = "SALE"
[entities.sale.attributes]
id = { type = "string", required = true }
shop = { type = "string" }
amount = { type = "integer" }
[rollups.sales]
of = "sale"
by = ["shop"]
measures = { sales = "count", revenue = "sum(amount)", amounts = "distinct(amount)" }
"##;

/// The second of the first write.
const START: u32 = 1_795_153_254;
/// The seconds of a history.
const SECONDS: u32 = 40;
/// The second of the cut.
const CUT: u32 = 10;
/// The seconds in which items are scanned.
const SCAN: [u32; 2] = [12, 25];
/// The last second of which the capture reads records.
const CAPTURE_END: u32 = 30;
const ITEMS: usize = 5;

/// The value of an item: its shop and its amount.
type Value = (&'static str, i64);

/// A write to an item in a second; `None` deletes it.
#[derive(Clone, Debug)]
struct Write {
    second: u32,
    item: usize,
    value: Option<Value>,
}

/// The items at the beginning, the writes in their order, and when each item is scanned.
#[derive(Clone, Debug)]
struct World {
    initial: Vec<Option<Value>>,
    writes: Vec<Write>,
    scans: Vec<u32>,
}

/// The protocol, or a weakening of it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Protocol {
    AsDecided,
    ScanBeforeCut,
    CaptureEndsWithTheCut,
    ScannedItemsOnly,
    LastOldImage,
    NoRewind,
}

fn value() -> impl Strategy<Value = Option<Value>> {
    let some = (prop::sample::select(vec!["a", "b"]), 1_i64..4).prop_map(Some);
    prop_oneof![3 => some, 1 => Just(None)]
}

fn world() -> impl Strategy<Value = World> {
    let write = (0..SECONDS, 0..ITEMS, value());
    let write = write.prop_map(|(second, item, value)| Write { second, item, value });
    let parts = (
        prop::collection::vec(value(), ITEMS),
        prop::collection::vec(write, 0..40),
        prop::collection::vec(SCAN[0]..SCAN[1], ITEMS),
    );
    parts.prop_map(|(initial, mut writes, scans)| {
        writes.sort_by_key(|write| write.second);
        World { initial, writes, scans }
    })
}

fn item(id: usize, (shop, amount): Value) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let attributes = [
        ("_et", text("sale")),
        ("id", text(&id.to_string())),
        ("shop", text(shop)),
        ("amount", AttributeValue::N(amount.to_string())),
    ];
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
    attributes.collect::<HashMap<_, _>>().into()
}

impl World {
    /// Returns the value of an item after the writes of all seconds before this one.
    fn value_at(&self, id: usize, second: u32) -> Option<Value> {
        let mut writes =
            self.writes.iter().filter(|write| write.item == id && write.second < second);
        writes.next_back().map_or(self.initial[id], |write| write.value)
    }

    /// Returns the records of the stream: the second, the item and the change of each.
    fn records(&self) -> Vec<(u32, usize, Change)> {
        let mut values = self.initial.clone();
        let mut records = Vec::new();
        for (position, write) in self.writes.iter().enumerate() {
            let old = std::mem::replace(&mut values[write.item], write.value);
            let image = |value| item(write.item, value);
            let image = match (old, write.value) {
                (old, new) if old == new => continue,
                (None, Some(new)) => Image::Insert { new: image(new) },
                (Some(old), Some(new)) => Image::Modify { old: image(old), new: image(new) },
                (Some(old), None) => Image::Remove { old: image(old), expired: false },
                (None, None) => unreachable!("the values differ"),
            };
            let sequence = (1_000 + position).to_string().parse().expect("a sequence number");
            let change = Change { sequence, seconds: START + write.second, image };
            records.push((write.second, write.item, change));
        }
        records
    }

    /// Returns what the base and the changes from the cut on add up to.
    fn built(&self, model: &Model, protocol: Protocol) -> BTreeMap<RollupKey, Amounts> {
        let mut records = self.records();
        records.retain(|(second, ..)| *second >= CUT);
        let mut sums = Sums::default();
        self.add_base(model, protocol, &records, &mut sums);
        let changes = records.iter().map(|(_, _, change)| change);
        for update in fold(model, "shardId-a", changes).updates {
            sums.0.entry(update.key.clone()).or_default().merge(&update.amounts());
        }
        sums.without_zeros()
    }

    fn add_base(
        &self,
        model: &Model,
        protocol: Protocol,
        records: &[(u32, usize, Change)],
        sums: &mut Sums,
    ) {
        let end = if protocol == Protocol::CaptureEndsWithTheCut { CUT } else { CAPTURE_END };
        let mut captured: Vec<_> = records.iter().filter(|(second, ..)| *second <= end).collect();
        if protocol == Protocol::LastOldImage {
            captured.reverse();
        }
        let contributions = Contributions::new(model, &model.rollups[0], 0);
        let mut add = |item: &Item| {
            for part in contributions.for_item(item, START + CUT).expect("countable") {
                let update = base::update(part, START + CUT).expect("an item counts");
                sums.0.entry(update.key.clone()).or_default().merge(&update.amounts());
            }
        };
        let scan_of = |id: usize| match protocol {
            Protocol::ScanBeforeCut => self.value_at(id, CUT - 5),
            _ => self.value_at(id, self.scans[id]),
        };
        let mut images = BaseImages::default();
        for (_, id, change) in captured {
            let is_left_out = match protocol {
                Protocol::NoRewind => true,
                Protocol::ScannedItemsOnly => scan_of(*id).is_none(),
                _ => false,
            };
            if !is_left_out && images.is_first_captured(*id) {
                change.image.old_image().into_iter().for_each(&mut add);
            }
        }
        for id in 0..ITEMS {
            let Some(value) = scan_of(id) else { continue };
            if images.decide_scanned(id) == ScannedImage::Counted {
                add(&item(id, value));
            }
        }
    }

    /// Returns what the items that are left in the end contribute.
    fn recounted(&self, model: &Model) -> BTreeMap<RollupKey, Amounts> {
        let contributions = Contributions::new(model, &model.rollups[0], 0);
        let mut sums = Sums::default();
        for id in 0..ITEMS {
            let Some(value) = self.value_at(id, SECONDS) else { continue };
            for part in contributions.for_item(&item(id, value), START).expect("countable") {
                sums.0.entry(part.key).or_default().merge(&part.amounts);
            }
        }
        sums.without_zeros()
    }
}

#[derive(Default)]
struct Sums(BTreeMap<RollupKey, Amounts>);

impl Sums {
    fn without_zeros(mut self) -> BTreeMap<RollupKey, Amounts> {
        self.0.retain(|_, amounts| !amounts.is_zero());
        let rebuilt = self.0.into_iter().map(|(key, amounts)| {
            let mut rest = Amounts::default();
            for (accumulator, amount) in amounts.iter().filter(|(_, amount)| *amount != 0) {
                rest.add(accumulator.clone(), amount);
            }
            (key, rest)
        });
        rebuilt.collect()
    }
}

fn model() -> Model {
    DEFINITION.parse().unwrap_or_else(|error| panic!("{error:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn base_and_changes_from_the_cut_on_are_a_recount(world in world()) {
        let model = model();
        prop_assert_eq!(world.built(&model, Protocol::AsDecided), world.recounted(&model));
    }
}

#[test]
fn every_weakening_has_a_counterexample() {
    let model = model();
    for weak in [
        Protocol::ScanBeforeCut,
        Protocol::CaptureEndsWithTheCut,
        Protocol::ScannedItemsOnly,
        Protocol::LastOldImage,
        Protocol::NoRewind,
    ] {
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
        let found = TestRunner::new(config).run(&world(), |world| {
            prop_assert_eq!(world.built(&model, weak), world.recounted(&model));
            Ok(())
        });
        assert!(found.is_err(), "{weak:?} has no counterexample");
    }
}

#[test]
fn a_world_without_writes_is_its_scan() {
    let world = World {
        initial: vec![Some(("a", 1)), Some(("a", 1)), None, None, None],
        writes: Vec::new(),
        scans: vec![SCAN[0]; ITEMS],
    };
    let built = world.built(&model(), Protocol::AsDecided);
    let sales = &built[&RollupKey::new("sales#a", "all")];
    assert_eq!(sales.get(&Accumulator::Items), 2);
}
