//! Names of a definition as names of Rust: of types, variants and fields.

use proc_macro2::{Ident, Span};
use quote::format_ident;

/// How plurals end, with what their singulars end with; what ends so and is none comes first.
const PLURALS: [(&str, &str); 9] = [
    ("ss", "ss"),
    ("us", "us"),
    ("is", "is"),
    ("ies", "y"),
    ("sses", "ss"),
    ("xes", "x"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("s", ""),
];

/// `order_line` as the name of a type: `OrderLine`. What no name has in it is left out.
pub(crate) fn pascal(text: &str) -> String {
    let words =
        text.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        })
        .collect();
    if name.starts_with(|char: char| char.is_ascii_alphabetic()) {
        name
    } else {
        format!("Value{name}")
    }
}

/// An attribute's name as the name of a field.
pub(crate) fn ident(name: &str) -> Ident {
    let plain: String =
        name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    let plain = if plain.starts_with(|char: char| char.is_ascii_digit()) {
        format!("_{plain}")
    } else {
        plain
    };
    match syn::parse_str::<Ident>(&plain) {
        Ok(ident) => ident,
        Err(_) if matches!(plain.as_str(), "self" | "Self" | "super" | "crate" | "_") => {
            format_ident!("{plain}_")
        }
        Err(_) => Ident::new_raw(&plain, Span::call_site()),
    }
}

/// The name of one of many: `Line` of `Lines`, `Address` of `Addresses`. What looks like no plural
/// stays as it is.
pub(crate) fn singular(name: &str) -> String {
    let found = PLURALS.iter().find_map(|(many, one)| Some((name.strip_suffix(many)?, one)));
    match found {
        Some((stem, one)) if !stem.is_empty() => format!("{stem}{one}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_is_named_as_one() {
        for (many, one) in [
            ("Lines", "Line"),
            ("Addresses", "Address"),
            ("Address", "Address"),
            ("Entries", "Entry"),
            ("Boxes", "Box"),
            ("Branches", "Branch"),
            ("Status", "Status"),
            ("Log", "Log"),
            ("S", "S"),
        ] {
            assert_eq!(singular(many), one);
        }
    }
}
