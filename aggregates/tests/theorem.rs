//! The theorem: any history, cut into any batches, with anything delivered again, gives what a
//! recount gives.
//!
//! A history of writes to a few items becomes the records of two shards. They are delivered as an
//! event source mapping may: in order the first time, in batches cut anywhere, any stretch again
//! and cut anew, and with invocations that die after some of their writes. Rollup items are kept as
//! DynamoDB would keep them, by the conditional write alone. In the end they are compared with a
//! recount of the items, made by other code.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use weir_model::{AttributeValue, Item, Model};
use weir_rollups::contribution::Contributions;
use weir_rollups::fold::Skipped;
use weir_rollups::read_amounts;
use weir_rollups::{Accumulator, Amounts, Change, Image, RollupKey, Update, Watermark, fold};

const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.sale]
PK = "SALE#{id}"
SK = "SALE"
[entities.sale.attributes]
id = { type = "string", required = true }
shop = { type = "string" }
shops = { type = "set", items = "string" }
amount = { type = "decimal", scale = 2 }
weight = { type = "number" }
at = { type = "timestamp", precision = "second" }
[entities.other]
PK = "OTHER#{id}"
SK = "OTHER"
[entities.other.attributes]
id = { type = "string", required = true }
[rollups.sales]
of = "sale"
where = { amount = { gte = 1 } }
by = ["shop"]
time = "at"
buckets = ["hour", "day", "month", "all"]
measures = { sales = "count", revenue = "sum(amount)", weight = "avg(weight)" }
stripes = 1
"##;

const SHARDS: usize = 2;
/// The watermark attribute is one for each shard; its name does not matter here.
const WATERMARK: [&str; SHARDS] = ["@a", "@b"];

const SHARD_IDS: [&str; SHARDS] = ["shardId-a", "shardId-b"];

/// What an item may be after a write.
#[derive(Clone, Debug, PartialEq)]
struct Sale {
    shop: Option<&'static str>,
    /// Where its shops are a set: one more, which may be the same.
    other_shop: Option<&'static str>,
    /// Cents; `None` for an item without an amount.
    amount: Option<i64>,
    weight: Option<Weight>,
    hour: u8,
    /// What is stored in another type than it declares.
    foreign: Option<Foreign>,
    entity: &'static str,
}

/// A value that is not of its declared type.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Foreign {
    /// An amount of more decimal places than it declares.
    Amount,
    /// A number where a shop is declared, and text where a set of shops is.
    Shop,
    /// A number of seconds where text is declared.
    Time,
}

#[derive(Clone, Debug, PartialEq)]
enum Weight {
    Grams(i64),
    NotANumber,
    TooLarge,
}

/// One write to one of a few items; `None` deletes it.
#[derive(Clone, Debug)]
struct Write {
    item: usize,
    value: Option<Sale>,
}

/// A delivery of one shard's records: from how far back, how many, and after how many of its writes
/// it dies.
#[derive(Clone, Debug)]
struct Delivery {
    shard: usize,
    back: usize,
    length: usize,
    dies_after: Option<usize>,
}

fn sale() -> impl Strategy<Value = Sale> {
    let shop = prop_oneof![
        4 => prop::sample::select(vec![Some("a#1"), Some("b"), Some("")]),
        1 => Just(None),
    ];
    let weight = prop_oneof![
        6 => (-5000_i64..5000).prop_map(|grams| Some(Weight::Grams(grams))),
        2 => Just(None),
        1 => Just(Some(Weight::NotANumber)),
        1 => Just(Some(Weight::TooLarge)),
    ];
    let other_shop = prop::sample::select(vec![Some("a#1"), Some("c"), None]);
    let amount = prop_oneof![8 => (-200_i64..2000).prop_map(Some), 1 => Just(None)];
    let entity = prop_oneof![9 => Just("sale"), 1 => Just("other")];
    let foreign = prop::sample::select(vec![Foreign::Amount, Foreign::Shop, Foreign::Time]);
    let foreign = prop::option::weighted(0.2, foreign);
    (shop, other_shop, amount, weight, 0_u8..50, foreign, entity).prop_map(
        |(shop, other_shop, amount, weight, hour, foreign, entity)| Sale {
            shop,
            other_shop,
            amount,
            weight,
            hour,
            foreign,
            entity,
        },
    )
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let value = prop_oneof![4 => sale().prop_map(Some), 1 => Just(None)];
    prop::collection::vec(
        (0_usize..6, value).prop_map(|(item, value)| Write { item, value }),
        0..60,
    )
}

fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let dies_after = prop_oneof![3 => Just(None), 2 => (0_usize..6).prop_map(Some)];
    let delivery = (0..SHARDS, 0_usize..20, 1_usize..15, dies_after)
        .prop_map(|(shard, back, length, dies_after)| Delivery { shard, back, length, dies_after });
    prop::collection::vec(delivery, 0..40)
}

impl Sale {
    fn hours(&self) -> (u8, u8) {
        (1 + self.hour / 24, self.hour % 24)
    }

    /// Its shops, as a set has them.
    fn shops(&self) -> BTreeSet<&'static str> {
        self.shop.into_iter().chain(self.other_shop).collect()
    }

    fn item(&self, id: usize) -> Item {
        let (day, hour) = self.hours();
        let text = |text: String| AttributeValue::S(text);
        let mut item = HashMap::from([
            ("_et".to_owned(), text(self.entity.to_owned())),
            ("id".to_owned(), text(id.to_string())),
            ("at".to_owned(), text(format!("2026-03-{day:02}T{hour:02}:30:00Z"))),
        ]);
        if let Some(shop) = self.shop {
            item.insert("shop".to_owned(), text(shop.to_owned()));
        }
        let shops: Vec<_> = self.shops().into_iter().map(str::to_owned).collect();
        if !shops.is_empty() {
            item.insert("shops".to_owned(), AttributeValue::Ss(shops));
        }
        if let Some(cents) = self.amount {
            let sign = if cents < 0 { "-" } else { "" };
            let (whole, rest) = (cents.abs() / 100, cents.abs() % 100);
            item.insert("amount".to_owned(), AttributeValue::N(format!("{sign}{whole}.{rest:02}")));
        }
        match self.weight {
            Some(Weight::Grams(grams)) => {
                drop(item.insert("weight".to_owned(), AttributeValue::N(format!("{grams}e-3"))))
            }
            Some(Weight::NotANumber) => {
                drop(item.insert("weight".to_owned(), text("heavy".to_owned())))
            }
            Some(Weight::TooLarge) => {
                drop(item.insert("weight".to_owned(), AttributeValue::N("1e20".to_owned())))
            }
            None => {}
        }
        let number = |text: &str| AttributeValue::N(text.to_owned());
        let spoilt = match self.foreign {
            Some(Foreign::Amount) => vec![("amount", number("12.345"))],
            Some(Foreign::Shop) => vec![("shop", number("7")), ("shops", text("b".to_owned()))],
            Some(Foreign::Time) => vec![("at", number("1772323200"))],
            None => Vec::new(),
        };
        item.extend(spoilt.into_iter().map(|(name, value)| (name.to_owned(), value)));
        item.into()
    }
}

/// After so many writes an item goes on in the other shard, as when a shard ends.
const WRITES_PER_SHARD: usize = 20;

/// The records of each shard: numbers leave gaps.
fn records(writes: &[Write]) -> (Vec<Vec<Change>>, HashMap<usize, Sale>) {
    let mut items: HashMap<usize, Sale> = HashMap::new();
    let mut shards = vec![Vec::new(); SHARDS];
    for (position, write) in writes.iter().enumerate() {
        let old = items.get(&write.item).map(|sale| sale.item(write.item));
        let new = write.value.as_ref().map(|sale| sale.item(write.item));
        match &write.value {
            Some(sale) => drop(items.insert(write.item, sale.clone())),
            None => drop(items.remove(&write.item)),
        }
        let image = match (old, new) {
            (None, Some(new)) => Image::Insert { new },
            (Some(old), Some(new)) => Image::Modify { old, new },
            (Some(old), None) => Image::Remove { old, expired: false },
            (None, None) => continue,
        };
        let sequence =
            format!("99999999999999999999{}", position * 7 + 3).parse().expect("a sequence number");
        shards[(write.item + position / WRITES_PER_SHARD) % SHARDS].push(Change {
            sequence,
            seconds: 1_700_000_000,
            image,
        });
    }
    (shards, items)
}

/// The definition, with each group spread over so many stripes.
fn striped(stripes: u16) -> Model {
    DEFINITION.replace("stripes = 1", &format!("stripes = {stripes}")).parse().expect("valid")
}

/// The definition, with the groups of a set: an item is in that of each of its shops.
fn of_each_shop() -> Model {
    DEFINITION.replace(r#"by = ["shop"]"#, r#"by = ["shops"]"#).parse().expect("valid")
}

/// The rollup items, as DynamoDB holds them.
type Store = BTreeMap<RollupKey, HashMap<String, AttributeValue>>;

/// The conditional write, and the retry with what is left, as the shell does them.
fn apply(store: &mut Store, shard: usize, update: &Update) {
    let mut pending = update.clone();
    for round in 0.. {
        assert!(round < 2, "a rollup item that nothing else writes needs no third round");
        let item = store.entry(pending.key.clone()).or_default();
        let stored = match item.get(WATERMARK[shard]) {
            Some(AttributeValue::B(bytes)) => Some(bytes.clone()),
            _ => None,
        };
        if stored.as_ref().is_none_or(|stored| *stored < Watermark::lower_bound(pending.first())) {
            item.insert(WATERMARK[shard].to_owned(), AttributeValue::B(pending.last().to_bytes()));
            for (name, amount) in pending.amounts().to_add() {
                let before = match item.get(&name) {
                    Some(AttributeValue::N(text)) => {
                        text.parse::<weir_model::Number>().expect("a number")
                    }
                    _ => weir_model::Number::from(0),
                };
                let sum = before.to_units(9).expect("fits") + amount.to_units(9).expect("fits");
                item.insert(
                    name,
                    AttributeValue::N(weir_model::Number::from_units(sum, 9).to_string()),
                );
            }
            return;
        }
        let absorbed =
            Watermark::from_bytes(&stored.expect("the condition failed")).expect("readable");
        match pending.after(absorbed.sequence) {
            Some(rest) => pending = rest,
            None => return,
        }
    }
}

/// Delivers one batch; whether it ended well.
fn deliver(
    model: &Model,
    store: &mut Store,
    shard: usize,
    batch: &[Change],
    dies_after: Option<usize>,
) -> bool {
    let updates = fold(model, SHARD_IDS[shard], batch).updates;
    let survives = dies_after.unwrap_or(updates.len());
    for update in updates.iter().take(survives) {
        apply(store, shard, update);
    }
    survives >= updates.len()
}

/// Delivers everything: as the deliveries say first, then whatever of each shard has not been
/// handled yet.
fn deliver_all(model: &Model, store: &mut Store, shards: &[Vec<Change>], deliveries: &[Delivery]) {
    let mut done = [0_usize; SHARDS];
    for delivery in deliveries {
        let records = &shards[delivery.shard];
        let start = done[delivery.shard].saturating_sub(delivery.back);
        let end = (start + delivery.length).min(records.len());
        if deliver(model, store, delivery.shard, &records[start..end], delivery.dies_after) {
            done[delivery.shard] = done[delivery.shard].max(end);
        }
    }
    for (shard, records) in shards.iter().enumerate() {
        deliver(model, store, shard, &records[done[shard]..], None);
    }
}

/// What a recount of the items gives, by its own arithmetic: by partition and bucket, items, cents,
/// weights, milligrams.
fn recount(items: &HashMap<usize, Sale>) -> BTreeMap<(String, String), (i128, i128, i128, i128)> {
    recount_by(items, |sale| sale.shop.into_iter().collect())
}

/// The same for items that are each in several groups.
fn recount_by(
    items: &HashMap<usize, Sale>,
    shops: fn(&Sale) -> BTreeSet<&'static str>,
) -> BTreeMap<(String, String), (i128, i128, i128, i128)> {
    let mut groups = BTreeMap::new();
    let is_countable = |sale: &&Sale| sale.entity == "sale" && sale.foreign.is_none();
    let sales = items.values().filter(is_countable);
    for (sale, shop) in sales.flat_map(|sale| shops(sale).into_iter().map(move |shop| (sale, shop)))
    {
        let Some(cents) = sale.amount else { continue };
        let grams = match sale.weight {
            Some(Weight::Grams(grams)) => Some(i128::from(grams)),
            Some(Weight::NotANumber | Weight::TooLarge) => continue,
            None => None,
        };
        if cents < 100 {
            continue;
        }
        let (day, hour) = sale.hours();
        let buckets = [
            format!("hour#2026-03-{day:02}T{hour:02}:00Z"),
            format!("day#2026-03-{day:02}"),
            "month#2026-03".to_owned(),
            "all".to_owned(),
        ];
        for bucket in buckets {
            let group = groups
                .entry((format!("sales#{}", shop.replace('#', "%23")), bucket))
                .or_insert((0, 0, 0, 0));
            group.0 += 1;
            group.1 += i128::from(cents);
            group.2 += i128::from(grams.is_some());
            group.3 += grams.unwrap_or(0) * 1_000_000;
        }
    }
    groups
}

fn kept(model: &Model, store: &Store) -> BTreeMap<(String, String), (i128, i128, i128, i128)> {
    let rollup = &model.rollups[0];
    let name = |name: &str| name.to_owned();
    let read = |amounts: &Amounts| {
        (
            amounts.get(&Accumulator::Items),
            amounts.get(&Accumulator::Sum { attribute: name("amount"), scale: 2 }),
            amounts.get(&Accumulator::Present { attribute: name("weight") }),
            amounts.get(&Accumulator::Sum { attribute: name("weight"), scale: 9 }),
        )
    };
    let mut rows: BTreeMap<_, Amounts> = BTreeMap::new();
    for (key, item) in store {
        let (_, group) = key.partition.split_once('#').expect("a group");
        let row = rows.entry((format!("sales#{group}"), key.sort.clone())).or_default();
        row.merge(&read_amounts(rollup, &item.clone().into()).expect("readable"));
    }
    let rows = rows.into_iter().map(|(key, amounts)| (key, read(&amounts)));
    rows.filter(|(_, amounts)| *amounts != (0, 0, 0, 0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_delivery_of_any_history_gives_what_a_recount_gives(
        writes in writes(),
        deliveries in deliveries(),
        stripes in prop::sample::select(vec![1, 2, 5]),
    ) {
        let model = striped(stripes);
        let (shards, items) = records(&writes);
        let mut store = Store::new();
        deliver_all(&model, &mut store, &shards, &deliveries);
        prop_assert_eq!(kept(&model, &store), recount(&items));
    }

    #[test]
    fn items_that_are_in_the_group_of_each_member_of_a_set_are_counted_in_each(
        writes in writes(), deliveries in deliveries(),
    ) {
        let model = of_each_shop();
        let (shards, items) = records(&writes);
        let mut store = Store::new();
        deliver_all(&model, &mut store, &shards, &deliveries);
        prop_assert_eq!(kept(&model, &store), recount_by(&items, Sale::shops));
    }

    #[test]
    fn a_replay_of_everything_afterwards_changes_nothing(writes in writes(), from in 0_usize..30) {
        let model: Model = DEFINITION.parse().expect("valid");
        let (shards, items) = records(&writes);
        let mut store = Store::new();
        deliver_all(&model, &mut store, &shards, &[]);
        for (shard, records) in shards.iter().enumerate() {
            for batch in records[from.min(records.len())..].chunks(4) {
                deliver(&model, &mut store, shard, batch, None);
            }
        }
        prop_assert_eq!(kept(&model, &store), recount(&items));
    }
}

/// Two records that cancel each other must still advance the watermark: a replay that begins
/// between them would otherwise apply the second alone.
#[test]
fn a_replay_that_begins_between_two_cancelling_records_applies_neither() {
    let model: Model = DEFINITION.parse().expect("valid");
    let sale = Sale {
        shop: Some("b"),
        other_shop: None,
        amount: Some(500),
        weight: None,
        hour: 1,
        foreign: None,
        entity: "sale",
    };
    let writes = [Write { item: 0, value: Some(sale) }, Write { item: 0, value: None }];
    let (shards, items) = records(&writes);
    let mut store = Store::new();
    deliver(&model, &mut store, 0, &shards[0], None);
    deliver(&model, &mut store, 0, &shards[0][1..], None);
    assert_eq!(kept(&model, &store), recount(&items));
}

#[test]
fn a_record_twice_in_one_batch_counts_once() {
    let model: Model = DEFINITION.parse().expect("valid");
    let sale = Sale {
        shop: Some("b"),
        other_shop: None,
        amount: Some(500),
        weight: None,
        hour: 1,
        foreign: None,
        entity: "sale",
    };
    let (shards, items) = records(&[Write { item: 0, value: Some(sale) }]);
    let twice: Vec<_> = shards[0].iter().chain(&shards[0]).cloned().collect();
    let mut store = Store::new();
    deliver(&model, &mut store, 0, &twice, None);
    assert_eq!(kept(&model, &store), recount(&items));
}

#[test]
fn a_set_without_members_is_in_no_group_and_what_is_no_set_is_reported() {
    let model = of_each_shop();
    let sale = |shop| Sale {
        shop,
        other_shop: None,
        amount: Some(500),
        weight: None,
        hour: 1,
        foreign: None,
        entity: "sale",
    };
    let contributions = Contributions::new(&model, &model.rollups[0], 0);
    let contributed = |item: &Item| contributions.for_item(item, 0);
    assert_eq!(contributed(&sale(None).item(0)), Ok(Vec::new()));
    let mut text = sale(Some("b")).item(0);
    text.insert("shops".to_owned(), AttributeValue::S("b".to_owned()));
    let reason = |item: &Item| contributed(item).expect_err("a foreign value").to_string();
    let expected = |stored: &str| {
        format!("`shops`: stored as {stored}, expected a string set: a set is declared")
    };
    assert_eq!(reason(&text), expected("a string"));
    text.insert("shops".to_owned(), AttributeValue::Ns(vec!["1".to_owned()]));
    assert_eq!(reason(&text), expected("a number set"));
}

#[test]
fn what_cannot_be_counted_is_reported_with_its_reason() {
    let model: Model = DEFINITION.parse().expect("valid");
    let sale = Sale {
        shop: None,
        other_shop: None,
        amount: Some(500),
        weight: None,
        hour: 1,
        foreign: None,
        entity: "sale",
    };
    let heavy = Sale { shop: Some("b"), weight: Some(Weight::NotANumber), ..sale.clone() };
    let large = Sale { weight: Some(Weight::TooLarge), ..heavy.clone() };
    let fine = Sale { foreign: Some(Foreign::Amount), ..heavy.clone() };
    let write = |item, value: &Sale| Write { item, value: Some(value.clone()) };
    // The second and the third write are of one item: its images are a new one, an old one and a
    // new one.
    let writes =
        [write(0, &sale), write(2, &heavy), write(2, &heavy), write(4, &large), write(6, &fine)];
    let (mut shards, _) = records(&writes);
    for change in &mut shards[0] {
        let (Image::Insert { new } | Image::Modify { new, .. }) = &mut change.image else {
            continue;
        };
        let AttributeValue::S(id) = new["id"].clone() else { panic!("an id") };
        for (name, text) in [("PK", format!("SALE#{id}")), ("SK", "SALE".to_owned())] {
            new.insert(name.to_owned(), AttributeValue::S(text));
        }
    }
    let fold = fold(&model, SHARD_IDS[0], &shards[0]);
    let key = |skipped: &Skipped| skipped.item.as_ref().map(|key| key.partition.clone());
    let reasons: Vec<_> = fold
        .skipped
        .iter()
        .map(|skipped| (skipped.reason.to_string(), skipped.images, key(skipped)))
        .collect();
    let cases = [
        ("the dimension `shop` is absent", 1, "SALE#0"),
        ("`weight`: stored as a string, expected a number: a number is declared", 3, "SALE#2"),
        (
            "`weight`: too large to be added up safely, expected a number below 10^20, and 10^29 \
             in units of its last place",
            1,
            "SALE#4",
        ),
        ("`amount`: 12.345 has 3 decimal places, expected at most 2", 1, "SALE#6"),
    ];
    let expected =
        cases.map(|(reason, images, key)| (reason.to_owned(), images, Some(key.to_owned())));
    assert_eq!(reasons, expected);
    assert!(fold.updates.is_empty());
}

#[test]
fn neither_a_hidden_value_nor_a_key_that_is_made_from_one_is_reported() {
    let hidden = DEFINITION
        .replacen(
            r#"id = { type = "string", required = true }"#,
            r#"id = { type = "string", required = true, hidden = true }"#,
            1,
        )
        .replace(
            r#"weight = { type = "number" }"#,
            r#"weight = { type = "number", hidden = true }"#,
        )
        .replace("stripes = 1", "stripes = 1\nreveals = [\"weight\"]");
    let model: Model = hidden.parse().expect("valid");
    let mut new = Sale {
        shop: Some("b"),
        other_shop: None,
        amount: Some(500),
        weight: Some(Weight::NotANumber),
        hour: 1,
        foreign: None,
        entity: "sale",
    }
    .item(0);
    for (name, text) in [("PK", "SALE#0"), ("SK", "SALE")] {
        new.insert(name.to_owned(), AttributeValue::S(text.to_owned()));
    }
    let sequence = "100".parse().expect("a sequence number");
    let change = Change { sequence, seconds: 1_700_000_000, image: Image::Insert { new } };
    let skipped = &fold(&model, SHARD_IDS[0], [&change]).skipped[0];
    let reason = "`weight`: a hidden value is not of the declared type";
    assert_eq!((skipped.reason.to_string().as_str(), &skipped.item), (reason, &None));
}

#[test]
fn a_histogram_may_have_edges_beyond_all_that_is_measured() {
    let measures = r#"{ sizes = "histogram(amount, -1e50, 0, 1e50)" }"#;
    let (before, _) = DEFINITION.split_once("measures = ").expect("measures");
    let model: Model = format!("{before}measures = {measures}").parse().expect("valid");
    let sale = Sale {
        shop: Some("b"),
        other_shop: None,
        amount: Some(500),
        weight: None,
        hour: 1,
        foreign: None,
        entity: "sale",
    };
    let contributed = Contributions::new(&model, &model.rollups[0], 0).for_item(&sale.item(0), 0);
    let edge = |text: &str| Some(text.parse().expect("a number"));
    let (from, to) = (edge("0"), edge("1e50"));
    let stretch = Accumulator::Between { attribute: "amount".to_owned(), from, to };
    assert!(contributed.expect("counted").iter().all(|added| added.amounts.get(&stretch) == 1));
}
