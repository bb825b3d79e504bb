//! The definition of a world: the shop with some of its rollups, each in one of two variants.
//!
//! ```text
//! shop.toml      the entities, and the first variant of each rollup
//! changed.toml   the second: another filter, other groups, buckets, measures or stripes
//! ```
//!
//! **Invariant:** a text is that of one definition, so the text that was stored with a revision
//! says how its items are recounted.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use weir_model::Model;

use super::dice::Dice;

const FIRST: &str = include_str!("shop.toml");
const SECOND: &str = include_str!("changed.toml");
/// How the part of a rollup begins.
const ROLLUP: &str = "[rollups.";

/// The rollup that a world has only while it may change: its buckets are kept for some time.
pub(crate) const KEPT: &str = "recent";
/// The rollup whose items are among those of the table.
pub(crate) const COLOCATED: &str = "beside";
/// How many rollups a definition has that stays as it is.
const ROLLUPS: usize = 2;
/// How many rollups a definition has at most that changes.
const MOST_ROLLUPS: usize = 3;
/// A change adds, removes, or changes a rollup, each so often.
const ADDED_PER_MILLE: u32 = 300;
const REMOVED_PER_MILLE: u32 = 200;
/// A change of the rollup that cannot be changed is tried so often when it is its turn.
const REJECTED_PER_MILLE: u32 = 300;

/// The variant of a rollup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variant {
    First,
    Second,
}

/// A rollup as a definition has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) rollup: String,
    pub(crate) variant: Variant,
}

/// The rollups of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    rollups: BTreeMap<String, Variant>,
}

impl Definition {
    /// Returns a definition with the first variant of some rollups.
    pub(crate) fn new(dice: &mut Dice, may_change: bool) -> Self {
        let mut names = parts(FIRST).into_keys().collect::<Vec<_>>();
        names.retain(|name| may_change || name != KEPT);
        while names.len() > ROLLUPS {
            names.remove(dice.within(0..=names.len() - 1));
        }
        Self { rollups: names.into_iter().map(|name| (name, Variant::First)).collect() }
    }

    /// Returns the rollups.
    pub(crate) fn counted(&self) -> impl Iterator<Item = Counted> {
        let rollups = self.rollups.iter();
        rollups.map(|(rollup, variant)| Counted { rollup: rollup.clone(), variant: *variant })
    }

    /// Returns the variant of a rollup.
    pub(crate) fn variant(&self, rollup: &str) -> Option<Variant> {
        self.rollups.get(rollup).copied()
    }

    /// Returns the text of the definition file.
    pub(crate) fn text(&self) -> String {
        let entities = FIRST.find(ROLLUP).map_or(FIRST, |place| &FIRST[..place]);
        let (first, second) = (parts(FIRST), parts(SECOND));
        let rollups = self.rollups.iter().map(|(rollup, variant)| match variant {
            Variant::First => first[rollup].as_str(),
            Variant::Second => second[rollup].as_str(),
        });
        format!("{entities}{}", rollups.collect::<String>())
    }

    /// Returns its model.
    pub(crate) fn model(&self) -> Model {
        self.text().parse().expect("a definition")
    }

    /// Returns the definition after a change of one rollup.
    pub(crate) fn changed(&self, dice: &mut Dice) -> Self {
        let mut rollups = self.rollups.clone();
        let others = parts(FIRST).into_keys().filter(|name| !rollups.contains_key(name));
        let others: Vec<_> = others.collect();
        let adds = dice.happens(ADDED_PER_MILLE) && rollups.len() < MOST_ROLLUPS;
        let removes = dice.happens(REMOVED_PER_MILLE) && rollups.len() > 1;
        if adds {
            let variant = dice.pick(&[Variant::First, Variant::Second]);
            rollups.insert(dice.pick(&others), variant);
            return Self { rollups };
        }
        let names: Vec<_> = rollups.keys().cloned().collect();
        let name = dice.pick(&names);
        let is_rejected = name == COLOCATED && !dice.happens(REJECTED_PER_MILLE);
        if removes || (is_rejected && rollups.len() > 1) {
            rollups.remove(&name);
        } else if !is_rejected {
            let other = match rollups[&name] {
                Variant::First => Variant::Second,
                Variant::Second => Variant::First,
            };
            rollups.insert(name, other);
        }
        Self { rollups }
    }

    /// Returns the definition without a rollup; with another one if it was the only one.
    pub(crate) fn without(&self, rollup: &str) -> Self {
        let mut rollups = self.rollups.clone();
        rollups.remove(rollup);
        if rollups.is_empty() {
            rollups.insert("everything".to_owned(), Variant::First);
        }
        Self { rollups }
    }
}

impl Display for Definition {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let rollups = self.rollups.iter();
        let rollups = rollups.map(|(rollup, variant)| format!("{rollup} {variant:?}"));
        formatter.write_str(&rollups.collect::<Vec<_>>().join(", "))
    }
}

/// Returns the text of each rollup of a file.
fn parts(file: &str) -> BTreeMap<String, String> {
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    let mut name = None;
    for line in file.lines() {
        if let Some(rest) = line.strip_prefix(ROLLUP) {
            name = rest.split(['.', ']']).next();
        }
        if let Some(name) = name {
            let part = parts.entry(name.to_owned()).or_default();
            part.push_str(line);
            part.push('\n');
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_have_a_variant_of_every_rollup() {
        let (first, second) = (parts(FIRST), parts(SECOND));
        assert!(first.keys().eq(second.keys()));
        for variant in [Variant::First, Variant::Second] {
            for rollup in first.keys() {
                let rollups = BTreeMap::from([(rollup.clone(), variant)]);
                let model = Definition { rollups }.model();
                assert_eq!(model.rollups[0].name, *rollup);
            }
        }
    }

    #[test]
    fn a_change_changes_the_text_and_is_taken_back_by_chance() {
        let mut dice = Dice::new(1, "definition");
        let first = Definition::new(&mut dice, true);
        let mut texts = std::collections::BTreeSet::from([first.text()]);
        let mut changed = first.clone();
        for _ in 0..500 {
            changed = changed.changed(&mut dice);
            texts.insert(changed.text());
        }
        assert!(texts.len() > 20, "{} definitions", texts.len());
    }
}
