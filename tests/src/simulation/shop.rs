//! The subject of a world: a shop's sales, some of seven rollups of them, and everything a sale may
//! look like.
//!
//! ```text
//! by_shop_and_channel   two dimensions, a filter by list, two granularities
//! large_by_shop         one dimension, a filter by number, spread over stripes
//! everything            no dimension and no time: one rollup item that each sale changes
//! figures               a set as dimension; rows of values, whose count ranks the rollup item
//! spread                rows of values, of times and of a sketch, over stripes
//! beside                a rollup item beside the items, which counts rows of values
//! recent                days that are kept for some time only
//! ```
//!
//! Some sales cannot be counted, by one rollup or by all: an attribute is absent, foreign or too
//! large, or the item is not of the entity.

use serde_json::{Map, Value, json};

use super::dice::Dice;

/// The table of the sales, of which only the rollup items beside them are stored.
pub(crate) const TABLE: &str = "shop";
/// How the partitions of the rollup items beside them begin.
pub(crate) const COLOCATED_PARTITION: &str = "SHOP#";
/// The table that holds its rollups.
pub(crate) const ROLLUPS_TABLE: &str = "shop-rollups";

const SHOPS: [&str; 2] = ["a#1", "b%"];
const CHANNELS: [&str; 2] = ["web", "till"];
const LABELS: [&[&str]; 3] = [&["new"], &["new", "red#"], &["red#"]];
const STATUSES: [&str; 3] = ["placed", "paid", "cancelled"];
/// Two days of two months.
const TIMES: [&str; 2] = ["2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z"];
/// Around the filter's bound.
const AMOUNTS: [&str; 9] =
    ["0", "0.01", "9.99", "10", "12.5", "250.75", "250.740", "-3.20", "99999999999999999999"];
const WEIGHTS: [&str; 5] = ["1", "0.125", "-0.000000001", "3e2", "7.0000000005"];
/// Beyond what is added up safely.
const TOO_LARGE: &str = "1e20";
/// Of more decimal places than an amount has; a weight is rounded to nine.
const TOO_FINE: &str = "250.745";
/// None of the statuses.
const OTHER_STATUS: &str = "waiting";

/// An attribute is as it should be so often; otherwise it is absent or wrong.
const SOUND_PER_MILLE: u32 = 930;
/// How often a value that is not as it should be is absent.
const ABSENT_PER_MILLE: u32 = 300;
/// A write changes one attribute so often; otherwise all.
const ONE_ATTRIBUTE_PER_MILLE: u32 = 700;
/// An item is another entity so often.
const NOTE_PER_MILLE: u32 = 40;

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Absent,
    Text(&'static str),
    Number(&'static str),
    Set(&'static [&'static str]),
}

/// An item: a sale, or what is left of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sale {
    pub(crate) entity: &'static str,
    pub(crate) shop: Cell,
    pub(crate) channel: Cell,
    pub(crate) status: Cell,
    pub(crate) amount: Cell,
    pub(crate) weight: Cell,
    pub(crate) labels: Cell,
    pub(crate) at: Cell,
}

impl Sale {
    /// Returns a sale with everything chosen by chance.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        Self {
            entity: if dice.happens(NOTE_PER_MILLE) { "note" } else { "sale" },
            shop: text(dice, &SHOPS),
            channel: text(dice, &CHANNELS),
            status: status(dice),
            amount: number(dice, &AMOUNTS),
            weight: number(dice, &WEIGHTS),
            labels: set(dice, &LABELS),
            at: time(dice),
        }
    }

    /// Returns the sale after an update.
    pub(crate) fn changed(&self, dice: &mut Dice) -> Self {
        let other = Self::new(dice);
        if !dice.happens(ONE_ATTRIBUTE_PER_MILLE) {
            return other;
        }
        let same = self.clone();
        match dice.within(0..=6) {
            0 => Self { shop: other.shop, ..same },
            1 => Self { channel: other.channel, ..same },
            2 => Self { status: other.status, ..same },
            3 => Self { amount: other.amount, ..same },
            4 => Self { weight: other.weight, ..same },
            5 => Self { labels: other.labels, ..same },
            _ => Self { at: other.at, ..same },
        }
    }

    /// Returns the item as DynamoDB's JSON.
    pub(crate) fn image(&self, id: usize) -> Value {
        let mut image = keys(id);
        image.insert("_et".to_owned(), json!({ "S": self.entity }));
        image.insert("id".to_owned(), json!({ "S": id.to_string() }));
        let cells = [
            ("shop", &self.shop),
            ("channel", &self.channel),
            ("status", &self.status),
            ("amount", &self.amount),
            ("weight", &self.weight),
            ("labels", &self.labels),
            ("at", &self.at),
        ];
        for (name, cell) in cells {
            let value = match cell {
                Cell::Absent => continue,
                Cell::Text(text) => json!({ "S": text }),
                Cell::Number(number) => json!({ "N": number }),
                Cell::Set(members) => json!({ "SS": members }),
            };
            image.insert(name.to_owned(), value);
        }
        Value::Object(image)
    }
}

/// Returns an item's primary key as DynamoDB's JSON.
pub(crate) fn keys(id: usize) -> Map<String, Value> {
    let pairs = [("PK", format!("SALE#{id}")), ("SK", "SALE".to_owned())];
    pairs.into_iter().map(|(name, text)| (name.to_owned(), json!({ "S": text }))).collect()
}

fn text(dice: &mut Dice, of: &[&'static str]) -> Cell {
    if dice.happens(SOUND_PER_MILLE) {
        Cell::Text(dice.pick(of))
    } else {
        dice.pick(&[Cell::Absent, Cell::Number("7")])
    }
}

fn status(dice: &mut Dice) -> Cell {
    if dice.happens(SOUND_PER_MILLE) {
        Cell::Text(dice.pick(&STATUSES))
    } else {
        dice.pick(&[Cell::Absent, Cell::Number("7"), Cell::Text(OTHER_STATUS)])
    }
}

fn number(dice: &mut Dice, of: &[&'static str]) -> Cell {
    if dice.happens(SOUND_PER_MILLE) {
        Cell::Number(dice.pick(of))
    } else {
        let wrong = [Cell::Text("12"), Cell::Number(TOO_LARGE), Cell::Number(TOO_FINE)];
        if dice.happens(ABSENT_PER_MILLE) { Cell::Absent } else { dice.pick(&wrong) }
    }
}

fn set(dice: &mut Dice, of: &[&'static [&'static str]]) -> Cell {
    if dice.happens(SOUND_PER_MILLE) {
        Cell::Set(dice.pick(of))
    } else {
        dice.pick(&[Cell::Absent, Cell::Text("new")])
    }
}

fn time(dice: &mut Dice) -> Cell {
    if dice.happens(SOUND_PER_MILLE) {
        Cell::Text(dice.pick(&TIMES))
    } else {
        dice.pick(&[Cell::Absent, Cell::Text("at noon"), Cell::Number("5")])
    }
}
