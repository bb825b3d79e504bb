//! Attributes by their names.

use super::Attribute;
use crate::nearest::nearest;
use crate::shorten::listed;

/// Returns the message about a name that none of the attributes has.
pub(crate) fn no_such_attribute(owner: &str, attributes: &[Attribute], name: &str) -> String {
    let names = attributes.iter().map(|attribute| attribute.name.as_str());
    match nearest(name, names.clone()) {
        Some(candidate) => format!("{owner} has no such attribute; did you mean `{candidate}`?"),
        None => {
            format!("{owner} has no such attribute; it has {}", listed(names))
        }
    }
}

/// Returns the attribute of that name.
pub(crate) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name == name)
}
