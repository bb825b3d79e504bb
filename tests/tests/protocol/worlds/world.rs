//! A random world: items, the writes to them over two minutes, and the stream that they make.
//!
//! A shard splits at a random time: its items go on in two children. A record names a second that
//! is not exactly that of its write, and the stream brings it some seconds later.
//!
//! **Invariant:** one seed is one world, and nothing that happens later changes it.

use std::collections::HashMap;

use fastrand::Rng;
use weir_model::{AttributeValue, Item};
use weir_rollups::{Change, Image, SequenceNumber};

/// The length of a world, in seconds.
pub(super) const HORIZON: f64 = 120.0;
/// The most that the second of a record differs from its write.
const JITTER: f64 = 0.4;
/// The most that it differs where times step back; less than every margin.
const STEP: f64 = 1.0;
/// The most that the stream is late, in seconds.
const MAX_DELAY: f64 = 3.0;
/// The second in which a world begins, since 1970.
const EPOCH: u32 = 1_700_000_000;
/// The order in which shards are created, and so the most of them.
const MAX_SHARDS: usize = 9;

const SHOPS: [&str; 3] = ["a", "b", "c"];
const PRODUCTS: [&str; 4] = ["mug", "cup", "pot", "jar"];

/// A sale: what counts of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sale {
    pub(super) shop: &'static str,
    pub(super) product: &'static str,
    /// Cents; `None` for an item without an amount.
    pub(super) amount: Option<u32>,
}

/// One write, and the record that the stream has of it.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) at: f64,
    pub(super) item: usize,
    pub(super) new: Option<Sale>,
    /// The time from which the stream brings the record.
    pub(super) readable: f64,
    pub(super) change: Change,
}

/// A shard of the stream.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    pub(super) parent: Option<usize>,
    /// The time from which it takes no records.
    pub(super) closed: f64,
    /// Its records, in order.
    pub(super) writes: Vec<Write>,
}

/// Items, writes and shards.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) initial: Vec<Option<Sale>>,
    /// Parents before children.
    pub(super) shards: Vec<Shard>,
    /// The items in the end.
    pub(super) last: Vec<Option<Sale>>,
    /// Whether the seconds that records name may step back.
    pub(super) steps_back: bool,
}

impl World {
    /// Returns the world of a seed.
    pub(super) fn new(rng: &mut Rng, steps_back: bool) -> Self {
        let count = rng.usize(8..24);
        let initial: Vec<_> = (0..count).map(|_| rng.bool().then(|| sale(rng))).collect();
        let mut times: Vec<f64> = (0..rng.usize(40..160)).map(|_| rng.f64() * HORIZON).collect();
        times.sort_by(f64::total_cmp);
        let mut shards = Shards::new(rng, count);
        let mut items = initial.clone();
        for (number, at) in times.into_iter().enumerate() {
            let item = rng.usize(..count);
            let new = next(rng, items[item]);
            let old = std::mem::replace(&mut items[item], new);
            let Some(image) = image(item, old, new) else { continue };
            let shard = shards.shard(item, at);
            let change = Change {
                sequence: sequence(number),
                seconds: EPOCH + shards.second(rng, shard, at, steps_back),
                image,
            };
            let readable = shards.readable(rng, shard, at);
            let write = Write { at, item, new, readable, change };
            shards.shards[shard].writes.push(write);
        }
        Self { initial, shards: shards.shards, last: items, steps_back }
    }

    /// Returns an item as a strongly consistent read at a time gives it.
    pub(super) fn read(&self, item: usize, at: f64) -> Option<Item> {
        let writes = self.shards.iter().flat_map(|shard| &shard.writes);
        let last = writes.filter(|write| write.item == item && write.at <= at);
        let last = last.max_by(|left, right| left.at.total_cmp(&right.at));
        let sale = last.map_or(self.initial[item], |write| write.new);
        sale.map(|sale| sale.item(item))
    }

    /// Returns the items of the beginning.
    pub(super) fn initial_items(&self) -> impl Iterator<Item = Item> {
        let sales = self.initial.iter().enumerate();
        sales.filter_map(|(item, sale)| Some((*sale)?.item(item)))
    }

    /// Returns the id of a shard.
    pub(super) fn shard_id(shard: usize) -> String {
        format!("shardId-{shard:08}")
    }
}

impl Shard {
    /// Returns the number of first records that the stream has brought by a time.
    pub(super) fn readable(&self, at: f64) -> usize {
        self.writes.iter().take_while(|write| write.readable <= at).count()
    }
}

impl Sale {
    /// Returns the stored item.
    fn item(self, item: usize) -> Item {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut attributes = HashMap::from([
            ("_et".to_owned(), text("sale")),
            ("id".to_owned(), text(&item.to_string())),
            ("shop".to_owned(), text(self.shop)),
            ("product".to_owned(), text(self.product)),
        ]);
        if let Some(amount) = self.amount {
            attributes.insert("amount".to_owned(), AttributeValue::N(amount.to_string()));
        }
        attributes.into()
    }
}

/// Returns the second, since 1970, at a time of a world.
pub(super) fn since_1970(at: f64) -> u32 {
    EPOCH + at as u32
}

/// The shards while a world is made.
struct Shards {
    shards: Vec<Shard>,
    /// The children of a shard.
    children: HashMap<usize, [usize; 2]>,
    /// The shard of each item at the beginning.
    first: Vec<usize>,
    /// The child of its shard that each item goes to.
    sides: Vec<[usize; 3]>,
    /// The second of the last record of each shard, and the time from which that is readable.
    last: Vec<(u32, f64)>,
}

impl Shards {
    fn new(rng: &mut Rng, items: usize) -> Self {
        let roots = rng.usize(1..4);
        let root = Shard { parent: None, closed: f64::INFINITY, writes: Vec::new() };
        let mut shards = vec![root; roots];
        let mut children = HashMap::new();
        let mut created = vec![0.0; roots];
        for parent in 0.. {
            if parent == shards.len() || shards.len() + 2 > MAX_SHARDS {
                break;
            }
            if rng.u8(..3) == 0 {
                continue;
            }
            let closed = created[parent] + rng.f64() * (HORIZON - created[parent]);
            shards[parent].closed = closed;
            children.insert(parent, [shards.len(), shards.len() + 1]);
            let child = Shard { parent: Some(parent), closed: f64::INFINITY, writes: Vec::new() };
            shards.extend([child.clone(), child]);
            created.extend([closed, closed]);
        }
        let first = (0..items).map(|_| rng.usize(..roots)).collect();
        let sides = (0..items).map(|_| [(); 3].map(|()| rng.usize(..2))).collect();
        let last = vec![(0, 0.0); shards.len()];
        Self { shards, children, first, sides, last }
    }

    /// Returns the shard that has the records of an item at a time.
    fn shard(&self, item: usize, at: f64) -> usize {
        let mut shard = self.first[item];
        for depth in 0.. {
            if at < self.shards[shard].closed {
                break;
            }
            shard = self.children[&shard][self.sides[item][depth % 3]];
        }
        shard
    }

    /// Returns the second that a record names. Unless times step back, it is not less than that of
    /// an earlier record of the shard and its ancestors.
    fn second(&mut self, rng: &mut Rng, shard: usize, at: f64, steps_back: bool) -> u32 {
        let off = if steps_back { STEP } else { JITTER };
        let second = (at + off * (2.0 * rng.f64() - 1.0)).max(0.0) as u32;
        if steps_back {
            return second;
        }
        let second = second.max(self.lineage(shard).map(|it| self.last[it].0).max().unwrap_or(0));
        self.last[shard].0 = second;
        second
    }

    /// Returns the time from which a record can be read, behind those before it.
    fn readable(&mut self, rng: &mut Rng, shard: usize, at: f64) -> f64 {
        let earlier = self.lineage(shard).map(|it| self.last[it].1);
        let readable = earlier.fold(at + rng.f64() * MAX_DELAY, f64::max);
        self.last[shard].1 = readable;
        readable
    }

    /// Returns a shard and its ancestors.
    fn lineage(&self, shard: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(shard), |shard| self.shards[*shard].parent)
    }
}

fn sale(rng: &mut Rng) -> Sale {
    let amount = (rng.u8(..10) > 0).then(|| rng.u32(1..100));
    Sale { shop: SHOPS[rng.usize(..3)], product: PRODUCTS[rng.usize(..4)], amount }
}

/// Returns the next value of an item: deleted, inserted, in another group, or another amount of
/// few, so that an item often returns to an earlier value.
fn next(rng: &mut Rng, old: Option<Sale>) -> Option<Sale> {
    let Some(old) = old else { return Some(sale(rng)) };
    match rng.u8(..10) {
        0..3 => None,
        3..6 => Some(sale(rng)),
        6..8 => Some(Sale { amount: Some(rng.u32(1..4)), ..old }),
        _ => Some(Sale { product: PRODUCTS[rng.usize(..4)], ..old }),
    }
}

fn image(item: usize, old: Option<Sale>, new: Option<Sale>) -> Option<Image> {
    match (old.map(|sale| sale.item(item)), new.map(|sale| sale.item(item))) {
        (None, Some(new)) => Some(Image::Insert { new }),
        (Some(old), Some(new)) if old != new => Some(Image::Modify { old, new }),
        (Some(old), None) => Some(Image::Remove { old, expired: false }),
        _ => None,
    }
}

/// Returns the sequence number of a write. Numbers cross from 21 to 22 digits, where the order of
/// texts is another.
fn sequence(number: usize) -> SequenceNumber {
    let number = 999_999_999_999_999_999_950 + 3 * number as u128;
    number.to_string().parse().expect("a sequence number")
}
