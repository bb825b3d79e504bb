//! The groups that an item belongs to.

use weir_model::rollup::Source;
use weir_model::template::scalar_text;
use weir_model::{AttributeValue, Item, Rollup};

use crate::skip::{Part, Skip, typed_values};

/// Returns the texts of an item's dimensions, for each group that it belongs to: one, or of a set
/// or a list one for each member.
///
/// # Errors
/// The dimension that is absent or foreign. An absent set is one without members.
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

/// Returns the different texts of a dimension.
fn values(dimension: &Source, item: &Item) -> Result<Vec<String>, Skip> {
    let kind = dimension.of_one().kind;
    let values = typed_values(Part::Dimension, dimension, item)?;
    if values.is_empty() && !dimension.is_many() {
        return Err(Skip::DimensionAbsent(dimension.name().to_owned()));
    }
    let text = |value: &AttributeValue| {
        scalar_text(&kind, value).expect("a value of a dimension's type has one text")
    };
    let mut texts: Vec<_> = values.iter().map(text).collect();
    texts.sort_unstable();
    texts.dedup();
    Ok(texts)
}
