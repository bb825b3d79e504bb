//! Drift that the operator of a world plants in rollup items by hand, and what the product's
//! verifier finds of it.
//!
//! **Invariant:** a verification finds nothing but what was planted; one that ends finds all that
//! was planted before it began, unless a repair may have been at work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;
use weir_build::{Difference, VerifyError, VerifyEvent, VerifyReport};
use weir_table::error::chain;

use crate::simulation::definition::COLOCATED;
use crate::simulation::dice::Dice;
use crate::simulation::dynamodb::DynamoDb;
use crate::simulation::revisions::owner;
use crate::simulation::shop::{COLOCATED_PARTITION, ROLLUPS_TABLE, TABLE};
use crate::simulation::state_item::{self, Owner};
use crate::simulation::tally::Count;
use crate::simulation::world::World;

/// The numbers that are added.
const NUMBERS: [i64; 5] = [1, -1, 3, -4, 100];

/// The partition and the sort key of a rollup item.
type Key = (String, String);

/// The drift of a world. Clones share it.
#[derive(Clone)]
pub(crate) struct Drift {
    dynamodb: DynamoDb,
    planted: Arc<Mutex<BTreeMap<Key, Planted>>>,
    /// Everything that was ever planted, and how much of it was repaired before a time of calm.
    ever: Arc<Mutex<Vec<Key>>>,
    repaired: Arc<AtomicUsize>,
    /// The number of verifications that repair.
    repairing: Arc<AtomicUsize>,
}

/// What is known of a planted drift.
#[derive(Clone, Debug)]
struct Planted {
    owner: Owner,
    /// Whether a repair was under way then, or was begun since.
    may_be_repaired: bool,
}

/// One verification.
pub(super) struct Verification {
    drift: Drift,
    /// How much was planted and repaired before it began.
    since: usize,
    /// What was planted before it began.
    before: BTreeSet<Key>,
    repairs: bool,
    found: Mutex<BTreeSet<Key>>,
}

impl Drift {
    pub(super) fn new(dynamodb: DynamoDb) -> Self {
        Self {
            dynamodb,
            planted: Arc::default(),
            ever: Arc::default(),
            repaired: Arc::default(),
            repairing: Arc::default(),
        }
    }

    /// Returns whether drift may be left.
    pub(super) fn is_planted(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Returns the rollups in which drift was planted.
    pub(super) fn rollups(&self) -> BTreeSet<String> {
        self.lock().values().map(|planted| planted.owner.0.clone()).collect()
    }

    /// Forgets what was planted: all of it is repaired.
    pub(super) fn forget(&self) {
        self.lock().clear();
        self.repaired.store(self.ever().len(), Ordering::Relaxed);
    }

    /// Changes a number of a rollup item of a revision that is ready, if there is one.
    pub(super) fn plant(&self, world: &World, dice: &mut Dice) {
        let items = self.dynamodb.items();
        let revisions = state_item::revisions(state_item::find(&items));
        let mut places = Vec::new();
        for item in &items {
            let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
            let (partition, sort) = (text("PK"), text("SK"));
            if partition.starts_with('@') || item["expires_at"].is_object() {
                continue;
            }
            let owner = owner(&partition, &revisions);
            let is_served = revisions.get(&owner).is_some_and(|stored| stored.is_ready())
                && !revisions.iter().any(|((rollup, number), stored)| {
                    *rollup == owner.0 && *number > owner.1 && stored.is_ready()
                });
            let key = first_stripe(&(partition.clone(), sort.clone()));
            if !is_served || self.lock().contains_key(&key) {
                continue;
            }
            let attributes = item.as_object().into_iter().flatten();
            let numbers =
                attributes.filter(|(name, value)| value["N"].is_string() && !name.starts_with('@'));
            for (name, _) in numbers {
                places.push((partition.clone(), sort.clone(), name.clone(), owner.clone()));
            }
        }
        places.sort();
        if places.is_empty() {
            return;
        }
        let (partition, sort, name, owner) = dice.pick(&places);
        let number = dice.pick(&NUMBERS);
        let table = match partition.starts_with(COLOCATED_PARTITION) {
            true => TABLE,
            false => ROLLUPS_TABLE,
        };
        let key = json!({ "PK": { "S": partition }, "SK": { "S": sort } });
        self.dynamodb.add(table, &key, &name, number);
        let text = format_args!("planted {number} in {name} of {partition} {sort}").to_string();
        world.journal.record(format_args!("{text}"));
        world.journal.count(Count::DriftPlanted, 1);
        let may_be_repaired = self.repairing.load(Ordering::Relaxed) > 0;
        let planted = Planted { owner, may_be_repaired };
        let key = first_stripe(&(partition, sort));
        self.ever().push(key.clone());
        self.lock().insert(key, planted);
    }

    /// Begins a verification.
    pub(super) fn begin(&self, repairs: bool) -> Verification {
        let mut planted = self.lock();
        if repairs {
            self.repairing.fetch_add(1, Ordering::Relaxed);
            planted.values_mut().for_each(|known| known.may_be_repaired = true);
        }
        let before = planted.keys().cloned().collect();
        let since = self.repaired.load(Ordering::Relaxed);
        Verification { drift: self.clone(), since, before, repairs, found: Mutex::default() }
    }

    /// Counts a verification that has failed, and records it.
    pub(super) fn note_failure(&self, world: &World, name: &str, error: &VerifyError) {
        world.journal.record(format_args!("{name} failed: {}", chain(error)));
        world.journal.count(Count::VerificationsFailed, 1);
    }

    fn ever(&self) -> MutexGuard<'_, Vec<Key>> {
        self.ever.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Planted>> {
        self.planted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verification {
    /// Checks a step.
    pub(super) fn note(&self, world: &World, name: &str, event: &VerifyEvent) {
        world.journal.record(format_args!("{name}: {event:?}"));
        match event {
            VerifyEvent::Found(difference) => self.note_difference(world, name, difference),
            VerifyEvent::Repaired { .. } => world.journal.count(Count::DriftRepaired, 1),
            _ => {}
        }
    }

    fn note_difference(&self, world: &World, name: &str, difference: &Difference) {
        let key = (difference.key.partition.clone(), difference.key.sort.clone());
        world.journal.count(Count::DriftFound, 1);
        let is_planted = self.drift.ever()[self.since..]
            .iter()
            .any(|planted| *planted == key || is_detail_of(planted, &key));
        if !is_planted {
            world.journal.violate(format!("{name} finds what nobody planted: {difference:?}"));
        }
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    /// Checks the result.
    pub(super) fn finish(&self, world: &World, name: &str, report: &VerifyReport) {
        let journal = &world.journal;
        journal.record(format_args!("{name} has verified: {report:?}"));
        journal.count(Count::Verifications, 1);
        journal.count(Count::VerifiedItems, report.compared.items as usize);
        journal.count(Count::UndecidedNumbers, report.compared.undecided as usize);
        if report.unknown.items > 0 {
            journal.violate(format!("{name} does not know {:?}", report.unknown));
        }
        if self.repairs || report.compared.undecided > 0 {
            return;
        }
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, planted) in self.drift.lock().iter() {
            let is_verified = report.revisions.iter().any(|revision| {
                (&revision.rollup, revision.number) == (&planted.owner.0, planted.owner.1)
            });
            let is_due = self.before.contains(key) && !planted.may_be_repaired && is_verified;
            if is_due && !found.contains(key) {
                journal.violate(format!("{name} does not find the drift of {key:?}"));
            }
        }
    }
}

impl Drop for Verification {
    fn drop(&mut self) {
        if self.repairs {
            self.drift.repairing.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Returns a key with the first stripe in place of any other.
fn first_stripe((partition, sort): &Key) -> Key {
    let end = partition.find(['#', '.']).unwrap_or(partition.len());
    let (name, rest) = partition.split_at(end);
    match name.split_once('/') {
        Some((name, _)) => (format!("{name}/00{rest}"), sort.clone()),
        None => (partition.clone(), sort.clone()),
    }
}

/// Returns whether a key is that of a detail item of a rollup item.
fn is_detail_of((partition, sort): &Key, item: &Key) -> bool {
    let Some((name, rest)) = partition.split_once('.') else { return false };
    let group = rest.find('#').map_or("", |place| &rest[place..]);
    if let Some(own_group) = item.0.strip_prefix(COLOCATED_PARTITION) {
        let bucket = item.1.rsplit('#').next().unwrap_or_default();
        return name == COLOCATED
            && group.ends_with(own_group.trim_start_matches('#'))
            && sort.contains(&format!("#{bucket}#"));
    }
    let unstriped = |text: &str| text.split('/').next().unwrap_or(text).to_owned();
    let (own, own_group) = item.0.split_at(item.0.find('#').unwrap_or(item.0.len()));
    unstriped(own) == name && own_group == group && sort.starts_with(&format!("{}#", item.1))
}
