//! The groups that an item belongs to.

use model::rollup::Source;
use model::template::scalar_text;
use model::{AttributeValue, Item, Rollup};

use super::Skip;

/// The texts of an item's dimensions, for each group that it belongs to: one, or of a set or a list one for each member.
///
/// # Errors
/// The dimension that is absent or of another type. An absent set is one without members.
pub fn groups(rollup: &Rollup, item: &Item) -> Result<Vec<Vec<String>>, Skip> {
    let mut groups = vec![Vec::new()];
    for dimension in &rollup.dimensions {
        let values = values(dimension, item)?;
        let with_each = |group: Vec<String>| {
            values.iter().map(move |value| [group.as_slice(), std::slice::from_ref(value)].concat())
        };
        groups = groups.into_iter().flat_map(with_each).collect();
    }
    Ok(groups)
}

/// The different texts of a dimension.
fn values(dimension: &Source, item: &Item) -> Result<Vec<String>, Skip> {
    let wrong_type = || Skip::DimensionType(dimension.name().to_owned());
    let kind = dimension.of_one().kind;
    let values = dimension.values_of(item).ok_or_else(wrong_type)?;
    if values.is_empty() && !dimension.is_many() {
        return Err(Skip::DimensionAbsent(dimension.name().to_owned()));
    }
    let text = |value: &AttributeValue| scalar_text(&kind, value).ok_or_else(wrong_type);
    let mut texts: Vec<_> = values.iter().map(text).collect::<Result<_, _>>()?;
    texts.sort_unstable();
    texts.dedup();
    Ok(texts)
}
