//! Rollups that begin at a second at which their table was empty: what is counted from then on is
//! what a recount gives, however much of the stream before that second is left.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use weir_model::{AttributeValue, Item, Model};
use weir_rollups::{Accumulator, Amounts, Change, Image, SequenceNumber, fold};

const DEFINITION: &str = concat!(
    include_str!("../../tests/fixtures/orders.toml"),
    r#"
[rollups.sales]
of = "order"
measures = { sales = "count", revenue = "sum(total)" }
"#
);

const SHARD: &str = "shardId-a";
const ITEMS: usize = 4;
/// The second in which the rollups begin.
const BEGINNING: u32 = 1_000;

/// A write to an item: its amount, or none to delete it; and how many seconds after the one before.
type Write = (usize, Option<i64>, u32);

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let amount = prop_oneof![3 => (-50_i64..50).prop_map(Some), 2 => Just(None)];
    prop::collection::vec((0..ITEMS, amount, 0_u32..3), 0..30)
}

/// A table and the records that its writes make.
#[derive(Default)]
struct Table {
    items: BTreeMap<usize, i64>,
    records: Vec<Change>,
}

impl Table {
    fn write(&mut self, item: usize, amount: Option<i64>, seconds: u32) {
        let old = self.items.get(&item).copied();
        let image = match (old, amount) {
            (None, None) => return,
            (None, Some(new)) => Image::Insert { new: order(item, new) },
            (Some(old), Some(new)) => {
                Image::Modify { old: order(item, old), new: order(item, new) }
            }
            (Some(old), None) => Image::Remove { old: order(item, old), expired: false },
        };
        match amount {
            Some(amount) => drop(self.items.insert(item, amount)),
            None => drop(self.items.remove(&item)),
        }
        let number = 100_000 + self.records.len();
        let sequence: SequenceNumber = number.to_string().parse().expect("a sequence number");
        self.records.push(Change { sequence, seconds, image });
    }
}

fn order(id: usize, amount: i64) -> Item {
    let text = |text: String| AttributeValue::S(text);
    HashMap::from([
        ("PK".to_owned(), text(format!("ORDER#{id}"))),
        ("SK".to_owned(), text("ORDER".to_owned())),
        ("_et".to_owned(), text("order".to_owned())),
        ("id".to_owned(), text(id.to_string())),
        ("total".to_owned(), AttributeValue::N(amount.to_string())),
    ])
    .into()
}

proptest! {
    #[test]
    fn what_is_counted_from_an_empty_table_on_is_what_a_recount_gives(
        before in writes(),
        after in writes(),
        trimmed in 0_usize..40,
    ) {
        let model: Model = DEFINITION.parse().expect("a definition");
        let mut table = Table::default();
        for (item, amount, seconds) in before {
            table.write(item, amount, BEGINNING - 100 + seconds);
        }
        for item in 0..ITEMS {
            table.write(item, None, BEGINNING - 1);
        }
        let mut now = BEGINNING;
        for (item, amount, seconds) in after {
            now += seconds;
            table.write(item, amount, now);
        }
        // The stream may have lost any of the records before.
        let is_before = |change: &&Change| change.seconds < BEGINNING;
        let most = table.records.iter().take_while(is_before).count();
        let left = &table.records[trimmed.min(most)..];
        let counted = left.iter().filter(|change| change.is_since(i64::from(BEGINNING)));
        let mut sums = Amounts::default();
        for update in fold(&model, SHARD, counted).updates {
            sums.merge(&update.amounts());
        }
        let revenue = Accumulator::Sum { attribute: "total".to_owned(), scale: 0 };
        prop_assert_eq!(sums.get(&Accumulator::Items), table.items.len() as i128);
        prop_assert_eq!(sums.get(&revenue), i128::from(table.items.values().sum::<i64>()));
    }
}
