//! Where in a definition file a thing stands: from a path such as `entities.order.PK` to the bytes
//! of the text.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The parsed text, with the place of every key and value.
pub struct Spans<'a> {
    root: Option<Spanned<DeTable<'a>>>,
}

/// Which part of an entry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The name before the equals sign, or the header of a table.
    Key,
    /// The value behind it.
    Value,
}

impl<'a> Spans<'a> {
    /// Reads the text; one that is not TOML has no places.
    pub fn parse(text: &'a str) -> Self {
        Self { root: DeTable::parse(text).ok() }
    }

    /// Returns the place of the entry at `path`, or of the deepest entry that leads to it. Members
    /// of arrays are named by their position.
    pub fn find(&self, path: &[&str], part: Part) -> Range<usize> {
        self.root.as_ref().map_or(0..0, |root| find(root.get_ref(), path, part).unwrap_or(0..0))
    }
}

fn find(table: &DeTable<'_>, path: &[&str], part: Part) -> Option<Range<usize>> {
    let (name, rest) = path.split_first()?;
    let (key, value) = table.get_key_value(*name)?;
    let own = if part == Part::Key || is_block(value) { key.span() } else { value.span() };
    if rest.is_empty() {
        return Some(own);
    }
    Some(within(value, rest, part).unwrap_or_else(|| key.span()))
}

fn within(value: &Spanned<DeValue<'_>>, path: &[&str], part: Part) -> Option<Range<usize>> {
    match value.get_ref() {
        DeValue::Table(table) => find(table, path, part),
        DeValue::Array(members) => {
            let (position, rest) = path.split_first()?;
            let member = members.get(position.parse::<usize>().ok()?)?;
            if rest.is_empty() { Some(member.span()) } else { within(member, rest, part) }
        }
        _ => None,
    }
}

/// Returns a table's value spans lines, or nothing at all when it is made by dotted headers; its
/// name is the better place.
fn is_block(value: &Spanned<DeValue<'_>>) -> bool {
    matches!(value.get_ref(), DeValue::Table(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "[table]\nname = \"shop\"\n[entities.order]\nPK = \"A\"\nlist = [\"x\", \"y\"]\n";

    #[test]
    fn a_path_leads_to_its_key_or_its_value() {
        let spans = Spans::parse(TEXT);
        assert_eq!(&TEXT[spans.find(&["table", "name"], Part::Value)], "\"shop\"");
        assert_eq!(&TEXT[spans.find(&["entities", "order"], Part::Value)], "order");
        assert_eq!(&TEXT[spans.find(&["entities", "order", "PK"], Part::Key)], "PK");
        assert_eq!(&TEXT[spans.find(&["entities", "order", "list", "1"], Part::Value)], "\"y\"");
    }

    #[test]
    fn a_path_that_ends_early_leads_to_what_is_there() {
        let spans = Spans::parse(TEXT);
        assert_eq!(&TEXT[spans.find(&["entities", "order", "SK"], Part::Value)], "order");
        assert_eq!(spans.find(&["rollups"], Part::Key), 0..0);
    }
}
