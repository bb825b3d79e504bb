//! Checks that no other item of the table can have the key of a rollup item.
//!
//! A rollup's key is compared with those entities and rollups only whose keys may begin like it
//! ([`Candidates`]).

use crate::check::report::Report;
use crate::entity::Entity;
use crate::overlap::{Candidates, Overlap};
use crate::rollup::{ColocatedKey, Rollup};
use crate::table::TableDefinition;
use crate::template::Template;
use crate::unique::LOCK;

/// The owners of the keys of a table: its entities, and the rollups that were checked so far.
pub(super) struct Neighbours<'a> {
    entities: &'a [Entity],
    /// The names and templates of the rollups.
    rollups: Vec<(&'a str, [Template; 2])>,
    /// All of them by their templates: first the entities, then the rollups.
    candidates: Candidates,
}

impl<'a> Neighbours<'a> {
    /// Returns the owners of a table without rollup items.
    pub(super) fn new(entities: &'a [Entity]) -> Self {
        let mut candidates = Candidates::default();
        for (number, entity) in entities.iter().enumerate() {
            candidates.add(number, &entity.primary_templates());
        }
        Self { entities, rollups: Vec::new(), candidates }
    }

    /// Adds a rollup as an owner of keys.
    pub(super) fn add_rollup(&mut self, rollup: &'a Rollup, key: &ColocatedKey) {
        self.candidates.add(self.entities.len() + self.rollups.len(), &key.templates());
        self.rollups.push((&rollup.name, key.templates().map(Template::clone)));
    }

    /// Reports each owner that could have a key of the rollup. Returns the entities whose templates
    /// are wider than the rollup's: these leave the rollup's keys alone.
    pub(super) fn check(
        &self,
        rollup: &Rollup,
        key: &ColocatedKey,
        table: &TableDefinition,
        report: &mut Report<'_>,
    ) -> Vec<usize> {
        let own = key.templates();
        let sort_key = table.sort_key.as_deref().unwrap_or_default();
        let mut reject = |owner: String| {
            let message = format!("`{}` can make the key of {owner}", rollup.name);
            let help =
                "expected literal text that tells them apart, such as `STATS#` before the time";
            report.value(&["rollups", &rollup.name, "key", sort_key], message, help);
        };
        let mut wider = Vec::new();
        for number in self.candidates.meeting(&own) {
            if let Some(entity) = self.entities.get(number) {
                match Overlap::between(&entity.primary_templates(), &own) {
                    Overlap::None => {}
                    Overlap::LeftIsWider => wider.push(number),
                    Overlap::RightIsWider | Overlap::Some => {
                        reject(format!("an item of `{}`", entity.name));
                    }
                }
            } else {
                let (name, [partition, sort]) = &self.rollups[number - self.entities.len()];
                if Overlap::between(&[partition, sort], &own) != Overlap::None {
                    reject(format!("an item of the rollup `{name}`"));
                }
            }
        }
        let lock = [format!("{LOCK}#{{of}}"), LOCK.to_owned()];
        let lock = lock.map(|text| Template::parse(&text, false).expect("a template"));
        if Overlap::between(&[&lock[0], &lock[1]], &own) != Overlap::None {
            reject("the lock of a unique value".to_owned());
        }
        wider
    }
}
