//! The template of a key, found by matching its parts with the values of attributes.
//!
//! ```text
//! ORDER#2026-11#0007    ◄── created "2026-11-20T06:40:54Z", number 7
//! ORDER#{created:month}#{number:04}
//! ```
//!
//! A template is proposed only if it makes the keys of all items of the sample.

use std::cell::Cell;

use serde_dynamo::{AttributeValue, Item};

use super::groups::text;
use crate::instant;

/// The steps of the search for one template.
const MAX_STEPS: u32 = 4_000;
/// How long the parts of a timestamp are, by the format that cuts it there.
const CUTS: [(&str, usize); 5] =
    [("minute", 16), ("hour", 13), ("day", 10), ("month", 7), ("year", 4)];
/// The characters between the parts of a key.
const BOUNDARIES: &str = "#|:/_~@-. $&=,;";

/// An attribute from which keys may be made.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Its name in the definition.
    pub(super) name: String,
    /// Its name in the table.
    pub(super) field: String,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    Field { candidate: usize, format: Format, optional: bool },
}

/// How a value is written in a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Plain,
    Lower,
    Upper,
    Padded(usize),
    Cut(&'static str, usize),
}

/// The search for the template of a key.
pub(super) struct Search<'a> {
    /// The key attribute.
    pub(super) key: &'a str,
    /// The items that have the key.
    pub(super) items: &'a [&'a Item],
    /// The attributes from which it may be made.
    pub(super) candidates: &'a [Candidate],
    /// Whether values in lower case are preferred, as ElectroDB writes keys.
    pub(super) prefers_lower: bool,
    /// Whether the key may end before an attribute that is absent.
    pub(super) may_end_early: bool,
}

impl Search<'_> {
    /// Returns the template that makes the key of all items, if there is one.
    pub(super) fn template(&self) -> Option<Vec<Piece>> {
        let longest = self.items.iter().max_by_key(|item| text(item, self.key).map(str::len))?;
        let key = text(longest, self.key)?;
        let steps = Cell::new(0);
        self.extend(longest, key, 0, &mut Vec::new(), &steps)
    }

    fn extend(
        &self,
        item: &Item,
        key: &str,
        start: usize,
        pieces: &mut Vec<Piece>,
        steps: &Cell<u32>,
    ) -> Option<Vec<Piece>> {
        steps.set(steps.get() + 1);
        if steps.get() > MAX_STEPS {
            return None;
        }
        let rest = &key[start..];
        if rest.is_empty() {
            return self.verified(pieces);
        }
        let mut options = self.options(item, rest);
        options.sort_by_key(|(length, piece)| {
            let is_lower = matches!(piece, Piece::Field { format: Format::Lower, .. });
            (std::cmp::Reverse(*length), is_lower != self.prefers_lower)
        });
        // Text up to the end of the next part.
        let is_end = |(_, c): &(usize, char)| BOUNDARIES.contains(*c);
        let literal =
            rest.char_indices().find(is_end).map_or(rest.len(), |(at, c)| at + c.len_utf8());
        options.push((literal, Piece::Literal(rest[..literal].to_owned())));
        for (length, piece) in options {
            pieces.push(piece);
            let found = self.extend(item, key, start + length, pieces, steps);
            pieces.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Returns each way in which the beginning of a text is the value of an attribute.
    fn options(&self, item: &Item, rest: &str) -> Vec<(usize, Piece)> {
        let mut options = Vec::new();
        for (candidate, attribute) in self.candidates.iter().enumerate() {
            let Some(value) = item.get(&attribute.field) else { continue };
            for (format, text) in forms(value, rest) {
                let is_here = !text.is_empty() && rest.starts_with(&text);
                let behind = rest[if is_here { text.len() } else { 0 }..].chars().next();
                if is_here && behind.is_none_or(|c| BOUNDARIES.contains(c)) {
                    options.push((text.len(), Piece::Field { candidate, format, optional: false }));
                }
            }
        }
        options
    }

    /// Returns the template if it makes the keys of all items.
    fn verified(&self, pieces: &[Piece]) -> Option<Vec<Piece>> {
        let mut ends: Option<usize> = None;
        for item in self.items {
            let key = text(item, self.key)?;
            let (made, end) = self.render(pieces, item);
            if made != key || end.is_some() && !self.may_end_early {
                return None;
            }
            ends = match (ends, end) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        let mut pieces = merged(pieces);
        let mut fields = 0;
        for piece in &mut pieces {
            if let Piece::Field { optional, .. } = piece {
                *optional = ends.is_some_and(|end| fields >= end);
                fields += 1;
            }
        }
        Some(pieces)
    }

    /// Returns the key of an item, and before which field it ends.
    fn render(&self, pieces: &[Piece], item: &Item) -> (String, Option<usize>) {
        let mut key = String::new();
        let mut fields = 0;
        for piece in pieces {
            match piece {
                Piece::Literal(text) => key.push_str(text),
                Piece::Field { candidate, format, .. } => {
                    let value = item.get(&self.candidates[*candidate].field);
                    let Some(text) = value.and_then(|value| written(value, *format)) else {
                        return (key, Some(fields));
                    };
                    key.push_str(&text);
                    fields += 1;
                }
            }
        }
        (key, None)
    }

    /// Returns the text of a template, as a definition has it.
    pub(super) fn text(&self, pieces: &[Piece]) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Field { candidate, format, optional } => {
                let mark = if *optional { "?" } else { "" };
                let suffix = match format {
                    Format::Plain => String::new(),
                    Format::Lower => ":lower".to_owned(),
                    Format::Upper => ":upper".to_owned(),
                    Format::Padded(width) => format!(":0{width}"),
                    Format::Cut(name, _) => format!(":{name}"),
                };
                format!("{{{}{mark}{suffix}}}", self.candidates[*candidate].name)
            }
        };
        pieces.iter().map(piece).collect()
    }
}

/// Joins pieces of text that follow each other.
fn merged(pieces: &[Piece]) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (merged.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(text),
            _ => merged.push(piece.clone()),
        }
    }
    merged
}

/// Returns the texts that a value may be at the beginning of a text.
fn forms(value: &AttributeValue, rest: &str) -> Vec<(Format, String)> {
    let mut formats = vec![Format::Plain];
    match value {
        AttributeValue::S(text) => {
            formats.extend([Format::Lower, Format::Upper]);
            if instant::parse(text).is_some() {
                formats.extend(CUTS.map(|(name, length)| Format::Cut(name, length)));
            }
        }
        AttributeValue::N(_) => {
            let digits = rest.chars().take_while(char::is_ascii_digit).count();
            formats.push(Format::Padded(digits));
        }
        AttributeValue::Bool(_) => {}
        _ => return Vec::new(),
    }
    let forms = formats.into_iter();
    forms.filter_map(|format| Some((format, written(value, format)?))).collect()
}

/// Returns a value as a format writes it.
fn written(value: &AttributeValue, format: Format) -> Option<String> {
    let plain = match value {
        AttributeValue::S(text) => text.clone(),
        AttributeValue::N(number) => number.clone(),
        AttributeValue::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    match format {
        Format::Plain => Some(plain),
        Format::Lower => Some(plain.to_lowercase()),
        Format::Upper => Some(plain.to_uppercase()),
        Format::Padded(width) => {
            let is_whole = plain.chars().all(|c| c.is_ascii_digit()) && plain.len() <= width;
            // A width that no value fills is not padding.
            (is_whole && (1..=38).contains(&width)).then(|| format!("{plain:0>width$}"))
        }
        Format::Cut(_, length) => {
            let is_utc = plain.ends_with('Z') || plain.ends_with("+00:00");
            plain.get(..length).filter(|_| is_utc).map(str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn item(values: &[(&str, &str)]) -> Item {
        let value = |text: &str| match text.parse::<u64>() {
            Ok(_) => AttributeValue::N(text.to_owned()),
            Err(_) => AttributeValue::S(text.to_owned()),
        };
        let values = values.iter().map(|(name, text)| ((*name).to_owned(), value(text)));
        values.collect::<HashMap<_, _>>().into()
    }

    fn template(rows: &[&[(&str, &str)]]) -> Option<String> {
        let items: Vec<Item> = rows.iter().map(|row| item(row)).collect();
        let items: Vec<&Item> = items.iter().collect();
        let candidates = ["user", "at", "n", "status"];
        let candidates =
            candidates.map(|name| Candidate { name: name.to_owned(), field: name.to_owned() });
        let search = Search {
            key: "K",
            items: &items,
            candidates: &candidates,
            prefers_lower: false,
            may_end_early: true,
        };
        search.template().map(|pieces| search.text(&pieces))
    }

    #[test]
    fn the_parts_of_a_key_are_matched_with_values() {
        let at = "2026-11-20T06:40:54Z";
        type Items<'a> = &'a [&'a [(&'a str, &'a str)]];
        let cases: [(Items<'_>, Option<&str>); 7] = [
            (&[&[("K", "USER#ann"), ("user", "ann")]], Some("USER#{user}")),
            (
                &[&[("K", "USER#ann"), ("user", "Ann")], &[("K", "USER#bob"), ("user", "bob")]],
                Some("USER#{user:lower}"),
            ),
            (&[&[("K", "O#2026-11#0007"), ("at", at), ("n", "7")]], Some("O#{at:month}#{n:04}")),
            (&[&[("K", at), ("at", at)]], Some("{at}")),
            (&[&[("K", "USER#ann"), ("user", "eve")], &[("K", "USER#bob")]], None),
            (
                &[
                    &[("K", "S#open#n_7"), ("status", "open"), ("n", "7")],
                    &[("K", "S#open#n_"), ("status", "open")],
                ],
                Some("S#{status}#n_{n?}"),
            ),
            (&[&[("K", "PROFILE")], &[("K", "PROFILE")]], Some("PROFILE")),
        ];
        for (rows, expected) in cases {
            assert_eq!(template(rows).as_deref(), expected, "{rows:?}");
        }
    }
}
