//! The content of the loaded files, as far as the table at the end and the guide need it: groups,
//! times, an item of each entity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use weir_model::{Entity, Item, Model, Rollup};
use weir_rollups::contribution::groups;

use crate::load::Object;

/// The most groups that are looked at for the greatest.
pub(super) const MAX_GROUPS: usize = 10_000;

/// The values seen in the rows of files.
pub(super) struct Groups {
    model: Arc<Model>,
    /// The groups of the rollup that examples are about.
    pub(super) seen: BTreeSet<Vec<String>>,
    /// The first and the last time at which it counts an item.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// The first item of each entity, by its name.
    pub(super) samples: BTreeMap<String, Item>,
}

impl Groups {
    /// Nothing yet.
    pub(super) fn new(model: &Arc<Model>) -> Self {
        Self {
            model: Arc::clone(model),
            seen: BTreeSet::new(),
            span: None,
            samples: BTreeMap::new(),
        }
    }

    /// Takes note of a row. One that cannot be stored is nothing.
    pub(super) fn note(&mut self, entity: &Entity, object: &Object) {
        let model = Arc::clone(&self.model);
        let rollup = example(&model).filter(|rollup| rollup.entity == entity.name);
        if rollup.is_none() && self.samples.contains_key(&entity.name) {
            return;
        }
        let Ok(item) = entity.encode(object, weir_writer::fresh()) else { return };
        if let Some(rollup) = rollup.filter(|rollup| rollup.filter.admits(&item)) {
            self.note_group(rollup, &item);
        }
        self.samples.entry(entity.name.clone()).or_insert(item);
    }

    fn note_group(&mut self, rollup: &Rollup, item: &Item) {
        let Ok(groups) = groups(rollup, item) else { return };
        for group in groups {
            if self.seen.len() < MAX_GROUPS {
                self.seen.insert(group);
            }
        }
        let time = rollup.time.as_ref().and_then(|time| time.kind().instant(time.value_in(item)?));
        if let Some(time) = time {
            let (first, last) = self.span.unwrap_or((time, time));
            self.span = Some((first.min(time), last.max(time)));
        }
    }
}

/// Returns the rollup that examples are about: the one that is shown, else the first.
pub(super) fn example(model: &Model) -> Option<&Rollup> {
    shown(model).or(model.rollups.first())
}

/// Returns the rollup that `[dev.show]` names.
pub(super) fn shown(model: &Model) -> Option<&Rollup> {
    model.rollup(&model.dev.show.as_ref()?.rollup)
}
