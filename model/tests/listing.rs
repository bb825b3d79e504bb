//! A list by a value has the items whose partition keys are written as that value's is, and no
//! others: for every format in the partition key with every format in the sort key.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use weir_model::{Entity, Item, Model, Partition, Pattern, SortKeys, WriteContext};

/// An attribute of each type that has formats, and those.
const TIMES: [&str; 8] = ["", "year", "month", "day", "hour", "minute", "lower", "upper"];
const EPOCHS: [&str; 8] = ["", "year", "month", "day", "hour", "minute", "012", "desc012"];
const INTEGERS: [&str; 3] = ["", "06", "desc06"];
const TEXTS: [&str; 3] = ["", "lower", "upper"];

fn model(kind: &str, partition: &str, sort: &str) -> Model {
    let field = |format: &str| match format {
        "" => "{v}".to_owned(),
        format => format!("{{v:{format}}}"),
    };
    let (partition, sort) = (field(partition), field(sort));
    let text = format!(
        "[table]\nname = \"forms\"\n[entities.e]\nPK = \"E#{partition}\"\nSK = \"{sort}#{{id}}\"\n\
         [entities.e.attributes]\nid = {{ type = \"string\", required = true }}\n\
         v = {{ {kind}, required = true }}\n"
    );
    text.parse().expect("a definition")
}

fn stored(entity: &Entity, value: &Value) -> Item {
    let object = json!({ "id": "i", "v": value });
    entity.encode(object.as_object().expect("an object"), WriteContext::NONE).expect("an item")
}

/// A key of a stored item.
fn key<'a>(item: &'a Item, name: &str) -> &'a str {
    match item.get(name) {
        Some(weir_model::AttributeValue::S(text)) => text,
        other => panic!("{name} is {other:?}"),
    }
}

fn has(read: &Partition, item: &Item) -> bool {
    let sort = key(item, "SK");
    read.key == key(item, "PK")
        && match &read.range {
            SortKeys::Every => true,
            SortKeys::BeginsWith(text) => sort.starts_with(text.as_str()),
            SortKeys::Is(text) => sort == text,
        }
}

/// What a path gives: the value in full, and as the key has it unless that is another number.
fn texts(item: &Item, value: &Value, format: &str) -> Vec<String> {
    let full = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let written = key(item, "PK").strip_prefix("E#").expect("it begins so");
    let written = written.replace("%23", "#").replace("%25", "%");
    if format.starts_with("desc") { vec![full] } else { vec![full, written] }
}

fn assert_listed(kind: &str, partition: &str, sort: &str, values: [Value; 2]) {
    let model = model(kind, partition, sort);
    let entity = &model.entities[0];
    let pattern = Pattern::of_table(entity);
    let [own, other] = values.each_ref().map(|value| stored(entity, value));
    let are_together = key(&own, "PK") == key(&other, "PK");
    for text in texts(&own, &values[0], partition) {
        let at = format!("{kind}: {partition:?} / {sort:?} by {text:?}, {values:?}");
        let given = pattern.given_from_text(entity, &[("v", &text)]);
        let given = given.unwrap_or_else(|errors| panic!("{at}: {errors:?}"));
        let read = pattern.partition_of(entity, &given).expect(&at);
        assert!(has(&read, &own), "{at}: {read:?}");
        assert_eq!(has(&read, &other), are_together, "{at}: {read:?}");
        let object = json!({ "v": text });
        let json = pattern.partition_from_json(entity, object.as_object().expect("an object"));
        assert_eq!(json, Ok(read), "{at}");
    }
    // Texts may differ in case.
    let is_text = kind.contains("string") || kind.contains("enum");
    if !is_text && !pattern.common_attributes().is_empty() {
        assert_eq!(are_together, own.get("v") == other.get("v"), "{kind} {partition} {values:?}");
    }
    let whole = json!({ "v": values[0], "id": "i" });
    let read = pattern.partition_from_json(entity, whole.as_object().expect("an object"));
    let read = read.expect("a whole key");
    assert!(matches!(&read.range, SortKeys::Is(sort) if sort == key(&own, "SK")), "{read:?}");
}

/// Seconds that meet in a month, a day, an hour or a minute now and then.
fn seconds() -> impl Strategy<Value = i64> {
    let around = select(vec![0_i64, 1_772_323_200, 1_767_225_600, 1_772_409_600]);
    let off = select(vec![1_i64, 60, 3600, 86_400, 2_000_000]);
    (around, off, 0_i64..3).prop_map(|(around, off, times)| around + off * times)
}

fn time(second: i64) -> Value {
    json!(format!("{:.3}", jiff::Timestamp::from_second(second).expect("a time")))
}

proptest! {
    #[test]
    fn times_are_listed(
        partition in select(&TIMES[..]), sort in select(&TIMES[..]),
        one in seconds(), two in seconds(),
    ) {
        assert_listed("type = \"timestamp\"", partition, sort, [time(one), time(two)]);
    }

    #[test]
    fn times_that_are_numbers_are_listed(
        partition in select(&EPOCHS[..]), sort in select(&EPOCHS[..]),
        one in seconds().prop_filter("four digits are a \
                                      year", |second| *second > 9999), two in seconds(),
    ) {
        let kind = "type = \"timestamp\", format = \"epoch\"";
        assert_listed(kind, partition, sort, [json!(one), json!(two)]);
    }

    #[test]
    fn integers_are_listed(
        partition in select(&INTEGERS[..]), sort in select(&INTEGERS[..]),
        one in 0_i64..1_000_000, two in 0_i64..1_000_000,
    ) {
        assert_listed("type = \"integer\"", partition, sort, [json!(one), json!(two)]);
    }

    #[test]
    fn texts_are_listed(
        partition in select(&TEXTS[..]), sort in select(&TEXTS[..]), lower: bool, one in "[aA#% \
            ßẞΣσςİK]{1,3}", two in "\\PC{1,3}",
    ) {
        let kind = if lower { "type = \"string\", lower = true" } else { "type = \"string\"" };
        let clean = |text: String| json!(if lower { text.to_lowercase() } else { text });
        let values = [clean(one), clean(two)];
        assert_listed(kind, partition, sort, values.clone());
        assert_listed(kind, partition, sort, [values[0].clone(), values[0].clone()]);
    }

    #[test]
    fn choices_are_listed(
        partition in select(&TEXTS[..]), sort in select(&TEXTS[..]),
        one in select(vec!["Open", "open", "Closed"]),
        two in select(vec!["Open", "open", "Closed"]),
    ) {
        let kind = "type = \"enum\", values = [\"Open\", \"open\", \"Closed\"]";
        assert_listed(kind, partition, sort, [json!(one), json!(two)]);
    }
}
