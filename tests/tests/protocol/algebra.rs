//! The algebra of the product, tabulated: the checker runs on small numbers, but every fold, every
//! rest and every condition is what `aggregates` says.
//!
//! | table | made with |
//! |---|---|
//! | the updates of each batch that a shard can be cut into | `weir_rollups::fold` on records with real images |
//! | what is left of an update behind each watermark | `Update::after` |
//! | whether the condition admits an update at each watermark | `Watermark::to_bytes` and `lower_bound`, byte by byte |
//!
//! A rule written down a second time could be wrong in the same way, or right where the product is
//! wrong.
//!
//! **Invariant:** an update is one [`UpdateId`], however it came about, so equal states are equal
//! values.

use std::collections::HashMap;

use weir_model::{AttributeValue, Item, Model};
use weir_rollups::{
    Amounts, Change, Image, RollupKey, SequenceNumber, Update, Watermark, ZeroCrossing, fold,
};

use crate::history::{History, KEYS, Key, Number, Record};
use crate::mapping::Batch;

/// A rollup's definition is put behind it.
const ENTITIES: &str = r##"
[table]
name = "shop"
[entities.sale]
PK = "SALE#{id}"
SK = "SALE"
[entities.sale.attributes]
id = { type = "string", required = true }
shop = { type = "string" }
amount = { type = "integer" }
"##;
/// The shops whose sales are added up, or counted.
const SHOPS: [&str; KEYS] = ["a", "b"];
/// Below the first sequence number. Numbers cross from 21 to 22 digits, where the order of texts is
/// another.
const SEQUENCE_BASE: u128 = 999_999_999_999_999_999_990;
/// Between two sequence numbers.
const SEQUENCE_STEP: u128 = 4;
/// Only stripes depend on the shard's id, and the rollup has none.
const SHARD: &str = "shardId-1";
/// When each record was written.
const SECONDS: u32 = 1_700_000_000;

/// The form in which a rollup stores what the keys of a history stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredForm {
    rollup: &'static str,
    /// The partition and sort keys.
    keys: [(&'static str, &'static str); KEYS],
    /// The attribute that holds the amount.
    amount: &'static str,
}

/// The rollup items of two shops.
pub(crate) const ITEMS: StoredForm = StoredForm {
    rollup: r#"by = ["shop"]
measures = { revenue = "sum(amount)" }"#,
    keys: [("sales#a", "all"), ("sales#b", "all")],
    amount: "sum(amount)",
};
/// The rows of two shops, which one rollup item counts.
pub(crate) const ROWS: StoredForm = StoredForm {
    rollup: r#"measures = { shops = "distinct(shop)" }"#,
    keys: [("sales.values(shop)", "all#a"), ("sales.values(shop)", "all#b")],
    amount: "count",
};
/// Where a rollup item counts its rows.
const DISTINCT: &str = "distinct(shop)";

/// An update in the tables.
pub(crate) type UpdateId = u8;

/// An update, as the checker sees it.
#[derive(Clone, Debug)]
pub(crate) struct PlannedUpdate {
    pub(crate) key: Key,
    pub(crate) shard: usize,
    pub(crate) first: Number,
    pub(crate) last: Number,
    pub(crate) amount: i32,
    /// What counts the row while it counts something.
    crossing: Option<ZeroCrossing>,
    /// By watermark: whether the condition admits it.
    admitted: Vec<bool>,
    /// By watermark: what is left.
    rests: Vec<Option<UpdateId>>,
}

/// The tables of one history.
#[derive(Clone, Debug)]
pub(crate) struct Algebra {
    updates: Vec<PlannedUpdate>,
    /// By batch: the update of each rollup item.
    folds: HashMap<Batch, [Option<UpdateId>; KEYS]>,
}

impl Algebra {
    /// Tabulates a history.
    pub(crate) fn new(history: &History, kept: StoredForm) -> Self {
        let definition = format!("{ENTITIES}[rollups.sales]\nof = \"sale\"\n{}", kept.rollup);
        let model: Model = definition.parse().expect("valid");
        let mut tables = Tabulation { history, kept, known: Vec::new(), updates: Vec::new() };
        let mut folds = HashMap::new();
        for shard in 0..history.shards.len() {
            let changes = changes(history, shard);
            for end in 1..=changes.len() {
                for first in 0..end {
                    let mut updates = [None; KEYS];
                    for update in fold(&model, SHARD, &changes[first..end]).updates {
                        // Not that of the rollup item which counts the rows.
                        let Some(key) = kept.key_of(&update) else { continue };
                        updates[key] = Some(tables.intern(shard, &update));
                    }
                    let batch = Batch { shard, from: first as u8, to: end as u8 };
                    folds.insert(batch, updates);
                }
            }
        }
        let Tabulation { updates, .. } = tables;
        Self { updates, folds }
    }

    /// The updates of a batch, by rollup item.
    pub(crate) fn fold(&self, batch: Batch) -> [Option<UpdateId>; KEYS] {
        self.folds[&batch]
    }

    /// An update.
    pub(crate) fn update(&self, id: UpdateId) -> &PlannedUpdate {
        &self.updates[usize::from(id)]
    }
}

impl PlannedUpdate {
    /// `attribute_not_exists(watermark) OR watermark < :first`.
    pub(crate) fn is_admitted(&self, watermark: Number) -> bool {
        self.admitted[usize::from(watermark)]
    }

    /// Whether its row comes to count something with it, or stops to.
    pub(crate) fn crosses(&self, count: i32) -> bool {
        self.counted(count) != 0
    }

    /// What is added to the number of rows that count something, when this is added to a row's
    /// count.
    pub(crate) fn counted(&self, count: i32) -> i32 {
        let crossing = self.crossing.as_ref().expect("it is a row's");
        let amounts = crossing.amounts(i128::from(count), i128::from(count + self.amount));
        amount(&amounts, DISTINCT)
    }

    /// What is left of it behind a watermark.
    pub(crate) fn rest(&self, watermark: Number) -> Option<UpdateId> {
        self.rests[usize::from(watermark)]
    }
}

/// The tables while they are made.
struct Tabulation<'a> {
    history: &'a History,
    kept: StoredForm,
    known: Vec<Update>,
    updates: Vec<PlannedUpdate>,
}

impl Tabulation<'_> {
    /// The id of an update, and of everything that may be left of it.
    fn intern(&mut self, shard: usize, update: &Update) -> UpdateId {
        if let Some(known) = self.known.iter().position(|known| known == update) {
            return known as UpdateId;
        }
        let id = self.updates.len();
        self.known.push(update.clone());
        self.updates.push(self.planned(shard, update));
        self.updates[id].rests.push(Some(id as UpdateId));
        for number in 1..=self.history.greatest() {
            let rest = update.after(sequence(number)).map(|rest| self.intern(shard, &rest));
            self.updates[id].rests.push(rest);
        }
        UpdateId::try_from(id).expect("few updates")
    }

    fn planned(&self, shard: usize, update: &Update) -> PlannedUpdate {
        let number = |wanted: SequenceNumber| {
            let found = (1..=self.history.greatest()).find(|number| sequence(*number) == wanted);
            found.expect("an update is made of the history's records")
        };
        let bound = Watermark::lower_bound(update.first());
        let below = |number| watermark(number).to_bytes() < bound;
        PlannedUpdate {
            key: self.kept.key_of(update).expect("only those are tabulated"),
            shard,
            first: number(update.first()),
            last: number(update.last().sequence),
            amount: amount(&update.amounts(), self.kept.amount),
            crossing: update.bookkeeping.crossing.clone(),
            admitted: [true].into_iter().chain((1..=self.history.greatest()).map(below)).collect(),
            rests: Vec::new(),
        }
    }
}

impl StoredForm {
    fn key_of(&self, update: &Update) -> Option<Key> {
        let RollupKey { partition, sort, .. } = &update.key;
        self.keys.iter().position(|key| *key == (partition.as_str(), sort.as_str()))
    }
}

/// What is added to an attribute.
fn amount(amounts: &Amounts, attribute: &str) -> i32 {
    let added = amounts.to_add().find(|(name, _)| name == attribute);
    added.map_or(0, |(_, amount)| amount.to_string().parse().expect("a small amount"))
}

fn sequence(number: Number) -> SequenceNumber {
    let text = (SEQUENCE_BASE + SEQUENCE_STEP * u128::from(number)).to_string();
    text.parse().expect("a sequence number")
}

fn watermark(number: Number) -> Watermark {
    Watermark { sequence: sequence(number), seconds: SECONDS }
}

fn changes(history: &History, shard: usize) -> Vec<Change> {
    let change = |(index, record): (usize, &Record)| Change {
        sequence: sequence(history.number(shard, index)),
        seconds: SECONDS,
        image: image(record),
    };
    history.shards[shard].iter().enumerate().map(change).collect()
}

fn image(record: &Record) -> Image {
    match (record.old.map(item), record.new.map(item)) {
        (None, Some(new)) => Image::Insert { new },
        (Some(old), Some(new)) => Image::Modify { old, new },
        (Some(old), None) => Image::Remove { old, expired: false },
        (None, None) => panic!("a record has an image"),
    }
}

fn item((key, amount): (Key, i32)) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let attributes = HashMap::from([
        ("_et".to_owned(), text("sale")),
        ("id".to_owned(), text("1")),
        ("shop".to_owned(), text(SHOPS[key])),
        ("amount".to_owned(), AttributeValue::N(amount.to_string())),
    ]);
    attributes.into()
}
