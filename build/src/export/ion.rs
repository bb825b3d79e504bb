//! An item in Amazon Ion, as an export has it.
//!
//! ```text
//! $ion_1_0 {Item:{Id:103.,Title:"Book 103",Price:2d3,Authors:$dynamodb_SS::["A","B"]}}
//! ```
//!
//! | DynamoDB | Ion |
//! |---|---|
//! | S, BOOL, NULL, B | string, bool, null, blob |
//! | N | decimal |
//! | M, L | struct, list |
//! | SS, NS, BS | list with the annotation `$dynamodb_SS`, `$dynamodb_NS`, `$dynamodb_BS` |
//!
//! Source: DynamoDB developer guide, "DynamoDB table export output format", "Amazon Ion".
//!
//! **Invariant:** an item is as DynamoDB JSON has it, or an error: no value is dropped, rounded or
//! replaced.

use std::collections::HashMap;

use ion_rs::{Decimal, Element, IonType, Sequence, Struct, Value};
use weir_model::{AttributeValue, Item};

/// The version marker that begins each line. JSON is Ion too: without the marker, an item in
/// DynamoDB JSON would be read as an item of maps.
const MARKER: &[u8] = b"$ion_1_0";
/// The field of a line that has the item.
const ITEM: &str = "Item";
const STRINGS: &str = "$dynamodb_SS";
const NUMBERS: &str = "$dynamodb_NS";
const BINARIES: &str = "$dynamodb_BS";
/// The exponents of the last digit of a number of DynamoDB: from 1E-130 with 38 digits to
/// 9.9…E+125.
const EXPONENTS: std::ops::RangeInclusive<i64> = -167..=125;

/// Reads the item of a line.
///
/// # Errors
/// The mistake, if the line is not an item of an export.
pub(super) fn item(line: &[u8]) -> Result<Item, String> {
    if !line.starts_with(MARKER) {
        return Err("missing version marker, expected `$ion_1_0`".to_owned());
    }
    let element = Element::read_one(line).map_err(|error| error.to_string())?;
    let Value::Struct(line) = element.value() else {
        return Err(unexpected(&element, "a struct with the field `Item`"));
    };
    let mut fields = attributes(line, |field| match field.value() {
        Value::Struct(item) => attributes(item, attribute).map(Item::from),
        _ => Err(unexpected(field, "a struct")),
    })?;
    match (fields.remove(ITEM), fields.keys().next()) {
        (Some(item), None) => Ok(item),
        (_, Some(other)) => Err(format!("unknown field `{other}`, expected `{ITEM}`")),
        (None, None) => Err(format!("missing field `{ITEM}`")),
    }
}

/// Returns the fields of a struct, each read by `read`. Ion allows a name twice, DynamoDB does not.
fn attributes<T>(
    fields: &Struct,
    read: impl Fn(&Element) -> Result<T, String>,
) -> Result<HashMap<String, T>, String> {
    let mut all = HashMap::new();
    for (name, element) in fields.fields() {
        let name = name.text().ok_or("the name of a field is unknown")?;
        let value = read(element).map_err(|mistake| format!("`{name}`: {mistake}"))?;
        if all.insert(name.to_owned(), value).is_some() {
            return Err(format!("the field `{name}` is there twice"));
        }
    }
    Ok(all)
}

fn attribute(element: &Element) -> Result<AttributeValue, String> {
    let mut annotations = element.annotations().iter();
    let annotation = annotations.next().map(|annotation| annotation.text().unwrap_or_default());
    if annotations.next().is_some() {
        return Err(unexpected(element, "one annotation at most"));
    }
    match (annotation, element.value()) {
        (Some(STRINGS), Value::List(list)) => set(list, text).map(AttributeValue::Ss),
        (Some(NUMBERS), Value::List(list)) => set(list, number).map(AttributeValue::Ns),
        (Some(BINARIES), Value::List(list)) => set(list, bytes).map(AttributeValue::Bs),
        (Some(other), _) => Err(format!(
            "unknown annotation `{other}`, expected `{STRINGS}`, `{NUMBERS}` or `{BINARIES}` of a \
             list"
        )),
        (None, Value::String(_)) => text(element).map(AttributeValue::S),
        (None, Value::Decimal(_) | Value::Int(_)) => number(element).map(AttributeValue::N),
        (None, Value::Blob(_)) => bytes(element).map(AttributeValue::B),
        (None, Value::Bool(value)) => Ok(AttributeValue::Bool(*value)),
        (None, Value::Null(IonType::Null)) => Ok(AttributeValue::Null(true)),
        (None, Value::List(list)) => set(list, attribute).map(AttributeValue::L),
        (None, Value::Struct(map)) => attributes(map, attribute).map(AttributeValue::M),
        (None, _) => Err(unexpected(element, "a type that exports have")),
    }
}

/// Returns the members of a list or set.
fn set<T>(list: &Sequence, read: impl Fn(&Element) -> Result<T, String>) -> Result<Vec<T>, String> {
    list.elements().map(read).collect()
}

fn text(element: &Element) -> Result<String, String> {
    element.as_string().map(str::to_owned).ok_or_else(|| unexpected(element, "a string"))
}

fn bytes(element: &Element) -> Result<Vec<u8>, String> {
    element.as_blob().map(<[u8]>::to_vec).ok_or_else(|| unexpected(element, "a blob"))
}

fn number(element: &Element) -> Result<String, String> {
    match element.value() {
        Value::Int(number) => Ok(number.to_string()),
        Value::Decimal(number) if number.is_zero() => Ok("0".to_owned()),
        Value::Decimal(number) if EXPONENTS.contains(&number.exponent()) => Ok(digits(number)),
        Value::Decimal(number) => Err(format!("`{number}` is not a number of DynamoDB")),
        _ => Err(unexpected(element, "a decimal")),
    }
}

/// Returns a number as DynamoDB writes it: all digits, without an exponent.
fn digits(number: &Decimal) -> String {
    let sign = if number.is_less_than_zero() { "-" } else { "" };
    let digits = number.coefficient().magnitude().to_string();
    let exponent = number.exponent();
    let scale = usize::try_from(exponent.unsigned_abs()).expect("within EXPONENTS");
    if exponent >= 0 {
        return format!("{sign}{digits}{:0>scale$}", "");
    }
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

fn unexpected(element: &Element, expected: &str) -> String {
    format!("found the Ion type {}, expected {expected}", element.ion_type())
}

#[cfg(test)]
mod tests;
