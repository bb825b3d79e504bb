//! The oracle: the rollups as a recount of the items gives them, and as they are stored.
//!
//! Both sides are read over the DynamoDB API as rows, whole tables at a time, which no product code
//! does. The recount uses the definition's names but none of the algebra: it cuts text, and adds
//! with big decimals.

use std::collections::BTreeMap;

use bigdecimal::{BigDecimal, Zero};
use serde_json::{Value, json};
use weir_model::Model;

use crate::dynamodb::TestDynamo;
use crate::http::Client;

/// By partition and sort key of a rollup item: the value of each accumulator that is not zero.
pub type Rows = BTreeMap<(String, String), BTreeMap<String, BigDecimal>>;

/// The buckets that most rollups have.
pub const DAY_MONTH_ALL: &[&str] = &["day", "month", "all"];

/// When a rollup item or a row expires.
const EXPIRES_AT: &str = "expires_at";

/// One rollup, in the words of a recount.
#[derive(Clone, Copy)]
pub struct Rollup<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its dimensions: stored names of text attributes, or of a set of texts, each of which is a
    /// group.
    pub by: &'a [&'a str],
    /// The stored name of its time, RFC 3339 text or a number of milliseconds; no name for one that
    /// has no time.
    pub time: &'a str,
    /// Its buckets: those of [`DAY_MONTH_ALL`], or some of them.
    pub buckets: &'a [&'a str],
    /// The stored names of the numbers it measures.
    pub measured: &'a [&'a str],
    /// Which items it counts.
    pub admits: fn(&Value) -> bool,
}

impl Rollup<'_> {
    /// Counts the items again, in UTC.
    pub fn recount(&self, items: &[Value]) -> Rows {
        let mut rows = Rows::new();
        for item in items.iter().filter(|item| (self.admits)(item)) {
            let bucket = |bucket: &&str| match *bucket {
                "day" => format!("day#{}", &time(&item[self.time])[..10]),
                "month" => format!("month#{}", &time(&item[self.time])[..7]),
                other => other.to_owned(),
            };
            let groups = self.partitions(item).into_iter();
            let places = groups.flat_map(|partition| {
                self.buckets.iter().map(move |name| (partition.clone(), bucket(name)))
            });
            for place in places {
                let row = rows.entry(place).or_default();
                *row.entry("count".to_owned()).or_default() += 1;
                for name in self.measured {
                    let Some(number) = item[*name]["N"].as_str() else { continue };
                    *row.entry(format!("count({name})")).or_default() += 1;
                    *row.entry(format!("sum({name})")).or_default() +=
                        number.parse::<BigDecimal>().expect(number);
                }
            }
        }
        for row in rows.values_mut() {
            row.retain(|_, value| !value.is_zero());
        }
        rows
    }

    /// Returns the partitions of an item's groups: one, or one for each member of a set.
    fn partitions(&self, item: &Value) -> Vec<String> {
        let mut partitions = vec![self.name.to_owned()];
        for name in self.by {
            let members = item[*name]["SS"].as_array().map(|members| members.iter().collect());
            let values: Vec<&Value> = match item.get(*name) {
                Some(value) => members.unwrap_or_else(|| vec![&value["S"]]),
                None => Vec::new(),
            };
            let with_each = |partition: String| {
                let value = |value: &&Value| {
                    let value = value.as_str().expect("text");
                    format!("{partition}#{}", value.replace('%', "%25").replace('#', "%23"))
                };
                values.iter().map(value).collect::<Vec<_>>()
            };
            partitions = partitions.into_iter().flat_map(with_each).collect();
        }
        partitions
    }
}

/// Returns a stored time as RFC 3339 text in UTC.
fn time(value: &Value) -> String {
    match value["N"].as_str() {
        Some(milliseconds) => {
            let milliseconds = milliseconds.parse().expect("whole milliseconds");
            jiff::Timestamp::from_millisecond(milliseconds).expect("a time").to_string()
        }
        None => value["S"].as_str().expect("a time").to_owned(),
    }
}

/// Returns the rollup items and rows as they are stored, their stripes added up, without
/// watermarks, zeros, when they expire, and those in which nothing is counted.
pub fn stored(items: &[Value]) -> Rows {
    let text = |item: &Value, name: &str| item[name]["S"].as_str().expect(name).to_owned();
    let mut rows = Rows::new();
    for item in items.iter().filter(|item| !text(item, "PK").starts_with('@')) {
        let row = rows.entry((without_stripe(&text(item, "PK")), text(item, "SK"))).or_default();
        let attributes = item.as_object().expect("an item").iter();
        for (name, value) in
            attributes.filter(|(name, _)| !name.starts_with('@') && *name != EXPIRES_AT)
        {
            let Some(number) = value["N"].as_str() else { continue };
            *row.entry(name.clone()).or_default() += number.parse::<BigDecimal>().expect(number);
        }
    }
    for row in rows.values_mut() {
        row.retain(|_, value| !value.is_zero());
    }
    rows.retain(|_, row| !row.is_empty());
    rows
}

/// Returns a partition `rollup/07#group` as the group's own, `rollup#group`.
fn without_stripe(partition: &str) -> String {
    let (rollup, group) = partition.split_at(partition.find('#').unwrap_or(partition.len()));
    format!("{}{group}", rollup.split('/').next().unwrap_or(rollup))
}

/// Returns a number, in units of its last place, as it is in a key: the number of digits, then the
/// digits; below zero each digit is taken from 9.
pub fn ordered(units: i128) -> String {
    let digits = units.unsigned_abs().to_string();
    let text = match units {
        0 => "00".to_owned(),
        _ => format!("{:02}{digits}", digits.len()),
    };
    if units >= 0 {
        return text;
    }
    let turned = text.bytes().map(|digit| char::from(b'0' + b'9' - digit));
    format!("-{}", turned.collect::<String>())
}

/// Compares what is stored with what must be, row by row.
///
/// # Panics
/// With the first rows that differ, and how many do.
pub fn assert_exact(stored: &Rows, recounted: &Rows) {
    let differences = differences(stored, recounted);
    assert!(differences.is_none(), "{}", differences.unwrap_or_default());
}

/// Returns the first rows in which what is stored is not what must be, and how many do; `None` when
/// all is as it must be.
pub fn differences(stored: &Rows, recounted: &Rows) -> Option<String> {
    let keys: std::collections::BTreeSet<_> = stored.keys().chain(recounted.keys()).collect();
    let differ: Vec<_> =
        keys.into_iter().filter(|key| stored.get(key) != recounted.get(key)).collect();
    let shown = |row: Option<&BTreeMap<String, BigDecimal>>| {
        let values = row.into_iter().flatten().map(|(name, value)| format!("{name} {value}"));
        values.collect::<Vec<_>>().join(", ")
    };
    let shown: Vec<_> = differ
        .iter()
        .take(5)
        .map(|key| {
            let (is, must_be) = (shown(stored.get(key)), shown(recounted.get(key)));
            format!("{key:?}: stored [{is}], recounted [{must_be}]")
        })
        .collect();
    let count = format!("{} of {} rollup items differ", differ.len(), recounted.len());
    (!differ.is_empty()).then(|| format!("{count}\n{}", shown.join("\n")))
}

/// Compares all that is stored in a model's rollups table with a recount of its table. Returns how
/// many rollup items there are.
///
/// # Panics
/// As [`assert_exact`].
pub async fn assert_all_exact(
    dynamodb: &TestDynamo,
    model: &Model,
    rollups: &[Rollup<'_>],
) -> usize {
    let items = scan(&dynamodb.url, &model.table.name).await;
    let kept = scan(&dynamodb.url, &model.table.rollups_table).await;
    let recounted = rollups.iter().flat_map(|rollup| rollup.recount(&items)).collect();
    assert_exact(&stored(&kept), &recounted);
    recounted.len()
}

/// Returns every item of a table, read with Scan.
pub async fn scan(dynamodb: &str, table: &str) -> Vec<Value> {
    let client = Client::new(dynamodb);
    let mut items = Vec::new();
    let mut start = Value::Null;
    loop {
        let mut request = json!({"TableName": table, "ConsistentRead": true});
        if !start.is_null() {
            request["ExclusiveStartKey"] = start;
        }
        let mut answer = client.dynamodb("Scan", &request).await;
        items.append(answer["Items"].as_array_mut().expect("items"));
        start = answer["LastEvaluatedKey"].take();
        if start.is_null() {
            return items;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_keys_are_in_the_order_of_texts() {
        assert_eq!([ordered(1250), ordered(0), ordered(-320)], ["041250", "00", "-96679"]);
    }
}
