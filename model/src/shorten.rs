//! Texts of callers and lists of names in messages, none of them longer than a reader needs.

use std::borrow::Cow;

use crate::limits::{MAX_NAMES, MAX_SHOWN_CHARACTERS};

/// Returns the text itself, or its first characters and `…`.
pub fn shortened(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// Returns a text of a caller in backticks, shortened.
pub fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text, MAX_SHOWN_CHARACTERS))
}

/// Returns the first of some names, and how many more there are: `a, b and 12 more`.
pub fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    joined(names, ", ")
}

/// The same with another separator, such as ` or `.
pub fn joined<S: AsRef<str>>(names: impl IntoIterator<Item = S>, separator: &str) -> String {
    let mut text = String::new();
    let mut others: usize = 0;
    for (position, name) in names.into_iter().enumerate() {
        if position >= MAX_NAMES {
            others += 1;
            continue;
        }
        if position > 0 {
            text.push_str(separator);
        }
        text.push_str(name.as_ref());
    }
    if others > 0 {
        text.push_str(&format!(" and {others} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_names_ends_after_twenty_and_counts_the_others() {
        let names = |count: usize| (0..count).map(|number| format!("n{number}"));
        assert_eq!(listed(names(3)), "n0, n1, n2");
        assert!(listed(names(20)).ends_with("n18, n19"));
        assert!(listed(names(5000)).ends_with("n18, n19 and 4980 more"));
        assert_eq!(listed(names(0)), "");
    }

    #[test]
    fn a_text_is_shortened_by_characters_and_never_within_one() {
        assert_eq!(quoted("ä"), "`ä`");
        assert_eq!(shortened("ääää", 4), "ääää");
        assert_eq!(shortened("ääääb", 4), "ääää…");
        assert_eq!(quoted(&"x".repeat(400_000)).chars().count(), MAX_SHOWN_CHARACTERS + 3);
    }
}
