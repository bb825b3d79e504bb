//! The two definitions that are compared, and the values that each reads of an item.

use weir_model::filter::Test;
use weir_model::rollup::{Granularity, Source};
use weir_model::{Entity, Model, Rollup};

/// One of the two definitions.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) model: &'a Model,
    pub(super) rollup: &'a Rollup,
}

/// The two definitions.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) before: Side<'a>,
    pub(super) after: Side<'a>,
}

/// The part of a rollup that reads a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A condition that compares it.
    Comparison,
    /// The condition `exists` alone, which no type concerns.
    Existence,
    /// A dimension.
    Dimension,
    /// The time.
    Time,
    /// A measure.
    Measure,
}

impl<'a> Pair<'a> {
    pub(super) fn new(before: (&'a Model, &'a Rollup), after: (&'a Model, &'a Rollup)) -> Self {
        let side = |(model, rollup)| Side { model, rollup };
        Self { before: side(before), after: side(after) }
    }
}

impl<'a> Side<'a> {
    /// Returns the entity of the rollup.
    pub(super) fn entity(&self) -> Option<&'a Entity> {
        self.model.entity(&self.rollup.entity)
    }

    /// Returns every value that the rollup reads of an item, each with its reader.
    pub(super) fn sources(&self) -> Vec<(Reader, &'a Source)> {
        let rollup = self.rollup;
        let mut all: Vec<(Reader, &Source)> = Vec::new();
        all.extend(rollup.compared.iter().map(|source| match is_compared(rollup, source) {
            true => (Reader::Comparison, source),
            false => (Reader::Existence, source),
        }));
        all.extend(rollup.dimensions.iter().map(|source| (Reader::Dimension, source)));
        all.extend(needed_time(rollup).map(|source| (Reader::Time, source)));
        for known in &rollup.measures {
            let sources = known.measure.source().into_iter().chain(known.measure.time());
            all.extend(sources.map(|source| (Reader::Measure, source)));
        }
        all
    }
}

/// Returns the time of a rollup if a bucket needs it.
pub(super) fn needed_time(rollup: &Rollup) -> Option<&Source> {
    let needs_time = rollup.granularities.iter().any(|kept| *kept != Granularity::All);
    rollup.time.as_ref().filter(|_| needs_time)
}

/// Returns the place of a value: the same text for two sources exactly if they read the same place
/// of an item, through the same declared maps.
pub(super) fn place(source: &Source) -> String {
    format!("{:?} {}", source.path.steps, source.declared_maps())
}

/// Returns whether a condition of a rollup compares a value, so that it has to be of its type.
pub(super) fn is_compared(rollup: &Rollup, source: &Source) -> bool {
    rollup
        .filter
        .conditions
        .iter()
        .any(|condition| source.is_read_by(condition) && !matches!(condition.test, Test::Exists(_)))
}
