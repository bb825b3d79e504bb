//! The parts of a rollup that a change writes, with the measures that need them.

use weir_model::{Measure, Rollup};

use crate::details::{DetailSpec, Details};

/// A part of a rollup that a change writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostPart {
    /// Its kind.
    pub kind: PartKind,
    /// Its name: `rollup item`, `ranking by revenue`, or that of detail items, `values(total)`.
    pub name: String,
    /// The names of the measures that are read from it.
    pub measures: Vec<String>,
}

/// A kind of parts of a rollup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// The rollup items.
    Item,
    /// The entries of rollup items in the index of ranks.
    Ranking,
    /// The detail items of one kind, with their entries in the index of ranks.
    Details,
}

impl CostPart {
    /// Returns the parts of a rollup: the rollup item, its ranking if there is one, and then the
    /// detail items in the order of [`DetailSpec::for_rollup`].
    pub fn for_rollup(rollup: &Rollup) -> Vec<Self> {
        let mut parts = vec![Self {
            kind: PartKind::Item,
            name: "rollup item".to_owned(),
            measures: names(rollup, |measure| Details::for_measure(measure).is_none()),
        }];
        if let Some(rank) = &rollup.rank {
            parts.push(Self {
                kind: PartKind::Ranking,
                name: format!("ranking by {}", rank.by),
                measures: vec![rank.by.clone()],
            });
        }
        parts.extend(DetailSpec::for_rollup(rollup).iter().map(|spec| Self {
            kind: PartKind::Details,
            name: spec.details.name(),
            measures: names(rollup, |measure| Details::for_measure(measure) == Some(spec.details)),
        }));
        parts
    }
}

fn names(rollup: &Rollup, is_of: impl Fn(&Measure) -> bool) -> Vec<String> {
    let measures = rollup.measures.iter().filter(|known| is_of(&known.measure));
    measures.map(|known| known.name.clone()).collect()
}
