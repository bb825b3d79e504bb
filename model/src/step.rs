//! The steps of a document path.

/// A step into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Into a map, by name.
    Name(String),
    /// Into a list, by position from 0.
    Position(usize),
}

/// Writes steps as a path: `lines[0].price`.
pub(crate) fn joined<'a>(steps: impl Iterator<Item = &'a Step>) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Name(name) if text.is_empty() => text.push_str(name),
            Step::Name(name) => text.extend([".", name]),
            Step::Position(position) => text.push_str(&format!("[{position}]")),
        }
    }
    text
}
