//! The kinds of changes of a table's items, and how many of a hundred are of each.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The greatest weight of a kind.
const MAX_WEIGHT: u32 = 1_000_000;

/// A kind of changes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A new item.
    Insert,
    /// New values of all measured attributes.
    Update,
    /// New values of all dimensions and of the time: a deletion there and an insertion here.
    Move,
    /// An item is deleted.
    Delete,
    /// A change of what no rollup reads.
    Other,
}

/// The weights of the kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    weights: [u32; ChangeKind::EVERY.len()],
}

/// The reason why a text is not a mix.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MixError {
    /// A part is not a kind and a weight.
    #[error("`{0}` is not a kind of change and its weight; expected for example `insert=70`")]
    Part(String),
    /// A kind does not exist.
    #[error("unknown kind of change `{found}`; expected one of {}", ChangeKind::names())]
    Kind {
        /// The name.
        found: String,
    },
    /// A weight is not a whole number in range.
    #[error(
        "the weight `{found}` of `{kind}` is not valid; expected a whole number up to {MAX_WEIGHT}"
    )]
    Weight {
        /// The kind.
        kind: ChangeKind,
        /// The text.
        found: String,
    },
    /// A kind is there twice.
    #[error("`{0}` is there twice; expected each kind once")]
    Twice(ChangeKind),
    /// All weights are zero.
    #[error("all weights are 0; expected one above 0")]
    Empty,
}

impl ChangeKind {
    /// Every kind.
    pub const EVERY: [Self; 5] =
        [Self::Insert, Self::Update, Self::Move, Self::Delete, Self::Other];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Move => "move",
            Self::Delete => "delete",
            Self::Other => "other",
        }
    }

    fn names() -> String {
        Self::EVERY.map(Self::name).join(", ")
    }

    /// Returns its place in [`ChangeKind::EVERY`].
    pub(super) fn position(self) -> usize {
        Self::EVERY.iter().position(|kind| *kind == self).expect("it is one of them")
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Mix {
    /// Returns the weight of a kind.
    pub fn weight(&self, kind: ChangeKind) -> u32 {
        self.weights[kind.position()]
    }

    /// Returns the sum of all weights, which is above zero.
    pub fn sum(&self) -> u64 {
        self.weights.iter().map(|weight| u64::from(*weight)).sum()
    }

    /// Returns the kinds of changes that there are.
    pub fn kinds(&self) -> Vec<ChangeKind> {
        ChangeKind::EVERY.into_iter().filter(|kind| self.weight(*kind) > 0).collect()
    }

    /// Returns so many kinds in an order in which each stretch is mixed as the whole.
    pub(super) fn spread(&self, changes: usize) -> Vec<ChangeKind> {
        let sum = i64::try_from(self.sum()).expect("below five millions");
        let mut due = [0_i64; ChangeKind::EVERY.len()];
        let next = |_| {
            due.iter_mut().zip(self.weights).for_each(|(due, weight)| *due += i64::from(weight));
            let most = *due.iter().max().expect("there are kinds");
            let kind = due.iter().position(|due| *due == most).expect("one is the most");
            due[kind] -= sum;
            ChangeKind::EVERY[kind]
        };
        (0..changes).map(next).collect()
    }
}

impl Default for Mix {
    /// The mix of `insert=70,update=20,delete=10`.
    fn default() -> Self {
        Self { weights: [70, 20, 0, 10, 0] }
    }
}

impl FromStr for Mix {
    type Err = MixError;

    fn from_str(text: &str) -> Result<Self, MixError> {
        let mut weights = [None; ChangeKind::EVERY.len()];
        for part in text.split(',').map(str::trim) {
            let (name, weight) =
                part.split_once('=').ok_or_else(|| MixError::Part(part.to_owned()))?;
            let (name, weight) = (name.trim(), weight.trim());
            let kind = ChangeKind::EVERY.into_iter().find(|kind| kind.name() == name);
            let kind = kind.ok_or_else(|| MixError::Kind { found: name.to_owned() })?;
            let parsed = weight.parse().ok().filter(|weight| *weight <= MAX_WEIGHT);
            let parsed: u32 =
                parsed.ok_or_else(|| MixError::Weight { kind, found: weight.to_owned() })?;
            if weights[kind.position()].replace(parsed).is_some() {
                return Err(MixError::Twice(kind));
            }
        }
        let mix = Self { weights: weights.map(Option::unwrap_or_default) };
        if mix.sum() == 0 { Err(MixError::Empty) } else { Ok(mix) }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.kinds().into_iter();
        let parts: Vec<_> = kinds.map(|kind| format!("{kind}={}", self.weight(kind))).collect();
        formatter.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_read_and_printed_in_one_form() {
        let mix: Mix = " delete=1, insert=3".parse().expect("a mix");
        assert_eq!(mix.to_string(), "insert=3,delete=1");
        assert_eq!(Mix::default(), "insert=70,update=20,delete=10".parse().expect("a mix"));
    }

    #[test]
    fn a_wrong_mix_names_the_part_and_what_is_allowed() {
        for (text, expected) in [
            ("", "`` is not a kind of change and its weight; expected for example `insert=70`"),
            ("insert", "`insert` is not a kind of change and its weight"),
            ("instert=7", "unknown kind of change `instert`; expected one of insert, update, move"),
            ("insert=-7", "the weight `-7` of `insert` is not valid; expected a whole number up"),
            ("insert=0.5", "the weight `0.5` of `insert`"),
            ("insert=1000001", "the weight `1000001` of `insert`"),
            ("insert=7,insert=8", "`insert` is there twice; expected each kind once"),
            ("insert=0", "all weights are 0; expected one above 0"),
        ] {
            let error = text.parse::<Mix>().expect_err(text).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn changes_are_mixed_in_every_stretch() {
        let mix: Mix = "insert=3,delete=1".parse().expect("a mix");
        let kinds = mix.spread(400);
        for stretch in kinds.chunks(4) {
            let inserts = stretch.iter().filter(|kind| **kind == ChangeKind::Insert).count();
            assert_eq!(inserts, 3, "{stretch:?}");
        }
    }
}
