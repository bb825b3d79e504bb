//! Whether one type takes every stored value of another.

use weir_model::attribute::{Attribute, AttributeType, Members};
use weir_model::instant::TimestampFormat;

/// Returns whether a type takes every stored value that is of another type.
pub(super) fn takes_all(wide: &AttributeType, narrow: &AttributeType) -> bool {
    use AttributeType::{Any, Decimal, Enum, Integer, List, Map, Number, String, Timestamp};
    match (wide, narrow) {
        (wide, narrow) if wide == narrow => true,
        (Any, _) | (String, Enum { .. }) | (List(None), List(_)) => true,
        (String, Timestamp(TimestampFormat::Rfc3339 { .. })) => true,
        (
            Timestamp(TimestampFormat::Rfc3339 { .. }),
            Timestamp(TimestampFormat::Rfc3339 { .. }),
        ) => true,
        (
            Number,
            Integer | Decimal { .. } | Timestamp(TimestampFormat::Epoch | TimestampFormat::EpochMs),
        ) => true,
        (Decimal { .. }, Integer) => true,
        (Decimal { scale }, Decimal { scale: narrow }) => scale >= narrow,
        (Enum { values }, Enum { values: narrow }) => {
            narrow.iter().all(|value| values.contains(value))
        }
        (List(Some(wide)), List(Some(narrow))) => takes_all(&wide.kind, &narrow.kind),
        (Map(wide), Map(narrow)) => takes_members(wide, narrow),
        _ => false,
    }
}

fn takes_members(wide: &Members, narrow: &Members) -> bool {
    match (wide, narrow) {
        (Members::Any, _) => true,
        (Members::Each(wide), Members::Each(narrow)) => takes_all(&wide.kind, &narrow.kind),
        (Members::Named(wide), Members::Named(narrow)) => takes_attributes(wide, narrow),
        _ => false,
    }
}

/// Returns whether a map of some attributes takes every map of others.
fn takes_attributes(wide: &[Attribute], narrow: &[Attribute]) -> bool {
    let taken = |known: &Attribute| {
        let other = wide.iter().find(|other| other.field == known.field);
        other.is_some_and(|other| {
            takes_all(&other.kind, &known.kind) && (known.required || !other.required)
        })
    };
    let is_new = |other: &&Attribute| narrow.iter().all(|known| known.field != other.field);
    narrow.iter().all(taken) && wide.iter().filter(is_new).all(|other| !other.required)
}
