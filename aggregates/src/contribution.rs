//! The contributions of one item to the rollup items of one rollup, and to their detail items.
//!
//! ```text
//! item ─┬─ groups × buckets     ──► keys of rollup items and detail items
//!       └─ numbers, detail items ──► amounts that each of them gains
//! ```
//!
//! | to see | read |
//! |---|---|
//! | the groups that an item belongs to | `group` |
//! | the buckets that it falls into, and until when they are kept | `time` |
//! | the amounts that it adds to a rollup item | `numbers` |
//! | the amounts that it adds to detail items | [`details`](crate::details) |
//! | the reason why it is not counted | [`skip`](crate::skip) |

mod group;
mod numbers;
mod time;

use weir_model::{Entity, Item, Model, Rollup};

pub use self::group::groups;
pub(crate) use self::time::expiry;
use crate::amounts::{Accumulator, Amounts};
use crate::bookkeeping::{Bookkeeping, ZeroCrossing};
use crate::bucket::Bucket;
use crate::colocated;
use crate::details::{DetailSpec, Details};
use crate::key::{self, RollupKey, partition};
use crate::sketch;
use crate::skip::{Part, Skip};
use crate::stored_key::StoredKey;

/// The contribution of one item to one rollup item, or to a detail item of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The rollup item or detail item.
    pub key: RollupKey,
    /// The attributes that are written with it.
    pub bookkeeping: Bookkeeping,
    /// The amounts that it gains.
    pub amounts: Amounts,
}

/// The contributions of items to a stripe of a rollup. Everything that is the same for all items is
/// computed once.
#[derive(Clone, Debug)]
pub struct Contributions<'a> {
    pub(crate) rollup: &'a Rollup,
    stripe: u16,
    /// The entity of the rollup; `None` if the definition does not have it.
    entity: Option<&'a Entity>,
    /// The detail items that it keeps.
    specs: Vec<DetailSpec<'a>>,
    /// The accumulator that ranks its items.
    score: Option<Accumulator>,
}

/// The rollup item of a group and a bucket, without what it gains.
struct RollupItem<'b> {
    group: &'b [String],
    bucket: &'b Bucket,
    key: RollupKey,
    bookkeeping: Bookkeeping,
}

impl<'a> Contributions<'a> {
    /// Returns the contributions to a stripe of a rollup.
    pub fn new(model: &'a Model, rollup: &'a Rollup, stripe: u16) -> Self {
        let entity = model.entity(&rollup.entity);
        Self {
            rollup,
            stripe,
            entity,
            specs: DetailSpec::for_rollup(rollup),
            score: numbers::score(rollup),
        }
    }

    /// Returns the contributions of an item by a change at a time in seconds since 1970. There are
    /// none for an item that is not of the rollup, and for buckets that have expired at that time.
    ///
    /// # Errors
    /// The reason why an item of the rollup cannot be counted. It then contributes nothing.
    pub fn for_item(&self, item: &Item, seconds: u32) -> Result<Vec<Contribution>, Skip> {
        let rollup = self.rollup;
        let is_about = self.entity.is_some_and(|entity| entity.matches(item));
        let admits = || {
            let admits = rollup.admits(item);
            admits.map_err(|foreign| Skip::Foreign(Part::Where, foreign))
        };
        if !is_about || !admits()? {
            return Ok(Vec::new());
        }
        let buckets = time::buckets(rollup, item)?;
        let groups = groups(rollup, item)?;
        let own = numbers::amounts(rollup, self.score.as_ref(), item)?;
        let details = self.specs.iter().map(|spec| Ok((spec, spec.details.amounts(item)?)));
        let details: Vec<_> = details.collect::<Result<_, Skip>>()?;
        let mut contributions = Vec::new();
        for group in &groups {
            for bucket in &buckets {
                // Keys are made of buckets that are gone too: whether an item is counted does not
                // depend on the time.
                let target = self.rollup_item(group, bucket)?;
                let mut parts = vec![];
                for (spec, amounts) in &details {
                    for detail in amounts {
                        parts.push(self.detail(
                            &target,
                            spec,
                            &detail.text,
                            detail.amounts.clone(),
                        )?);
                    }
                }
                let RollupItem { key, bookkeeping, .. } = target;
                parts.push(Contribution { key, bookkeeping, amounts: own.clone() });
                if !time::is_gone(rollup, bucket, seconds) {
                    contributions.extend(parts);
                }
            }
        }
        Ok(contributions)
    }

    /// Returns the attributes that are written with a stored item; `None` if no item of the table
    /// contributes to an item with such a key.
    pub fn bookkeeping(&self, stored: &StoredKey) -> Option<Bookkeeping> {
        let target = self.rollup_item(&stored.group, &stored.bucket).ok()?;
        let Some(detail) = &stored.detail else { return Some(target.bookkeeping) };
        let spec = self.specs.get(detail.kind)?;
        let contribution = self.detail(&target, spec, &detail.text, Amounts::default());
        contribution.ok().map(|contribution| contribution.bookkeeping)
    }

    /// Returns the key of the rollup item that a stored item is, or that it is a detail item of.
    pub fn item_key(&self, stored: &StoredKey) -> Option<RollupKey> {
        self.key(&stored.group, &stored.bucket)
    }

    /// Returns the accumulators of the rollup items, or of the detail items of one kind.
    pub fn accumulators(&self, kind: Option<usize>) -> Vec<Accumulator> {
        let Some(spec) = kind.and_then(|kind| self.specs.get(kind)) else {
            let mut all = Accumulator::for_rollup(self.rollup);
            all.extend(self.counted().into_iter().flat_map(|(_, one)| one));
            all.extend(self.score.as_ref().map(|of| Accumulator::Score { scale: of.scale() }));
            all.sort();
            all.dedup();
            return all;
        };
        let mut all = vec![Accumulator::Items];
        all.extend(spec.is_ranked.then_some(Accumulator::Score { scale: 0 }));
        if matches!(spec.details, Details::Sketch(_)) {
            all.extend((0..sketch::CELLS).map(|cell| Accumulator::Cell { cell }));
        }
        all
    }

    /// Returns the kinds of detail items that the rollup item counts, each with the accumulators
    /// that have their number.
    pub fn counted(&self) -> Vec<(usize, Vec<Accumulator>)> {
        let counted = self.specs.iter().enumerate();
        let counted = counted.filter_map(|(kind, spec)| Some((kind, self.one(spec)?)));
        counted
            .map(|(kind, one)| (kind, one.iter().map(|(known, _)| known.clone()).collect()))
            .collect()
    }

    fn rollup_item<'b>(
        &self,
        group: &'b [String],
        bucket: &'b Bucket,
    ) -> Result<RollupItem<'b>, Skip> {
        let rollup = self.rollup;
        let key = self.key(group, bucket).ok_or(Skip::KeyTooLong)?;
        let rank = match &rollup.rank {
            Some(rank) => {
                let within = rank.within.iter().map(|position| group[*position].as_str());
                Some(key::ranking(rollup, within, &bucket.key).ok_or(Skip::KeyTooLong)?)
            }
            None => None,
        };
        let expires_at = time::expires_at(rollup, bucket);
        Ok(RollupItem {
            group,
            bucket,
            key,
            bookkeeping: Bookkeeping { expires_at, rank, ..Bookkeeping::default() },
        })
    }

    /// Returns the key of a rollup item; `None` if DynamoDB does not accept it.
    fn key(&self, group: &[String], bucket: &Bucket) -> Option<RollupKey> {
        if let Some(colocated) = &self.rollup.colocated {
            let (partition, sort) = colocated::key(colocated, group, bucket)?;
            return Some(RollupKey { is_colocated: true, partition, sort });
        }
        let partition = partition(self.rollup, self.stripe, group.iter().map(String::as_str))?;
        Some(RollupKey::new(partition, bucket.key.clone()))
    }

    /// Returns the contribution to a detail item of a rollup item.
    fn detail(
        &self,
        target: &RollupItem<'_>,
        spec: &DetailSpec<'_>,
        text: &str,
        mut amounts: Amounts,
    ) -> Result<Contribution, Skip> {
        let key = spec.details.key(self.rollup, target.group, target.bucket, text)?;
        let mut rank = None;
        if spec.is_ranked {
            amounts.add(Accumulator::Score { scale: 0 }, 1);
            let ranking = key::ranking_in(&key.partition, &target.bucket.key);
            rank = Some(ranking.ok_or(Skip::KeyTooLong)?);
        }
        let bookkeeping = Bookkeeping {
            expires_at: target.bookkeeping.expires_at,
            rank,
            item: Some(target.key.clone()),
            crossing: self.crossing(target, spec),
        };
        Ok(Contribution { key, bookkeeping, amounts })
    }

    /// Returns the amounts that the rollup item gains while a detail item counts something, if it
    /// counts such detail items.
    fn crossing(&self, target: &RollupItem<'_>, spec: &DetailSpec<'_>) -> Option<ZeroCrossing> {
        let one = self.one(spec)?;
        Some(ZeroCrossing { bookkeeping: Box::new(target.bookkeeping.clone()), one })
    }

    /// Returns the amounts that a detail item that counts something is in its rollup item.
    fn one(&self, spec: &DetailSpec<'_>) -> Option<Amounts> {
        let Details::Values(of) = spec.details else { return None };
        if !spec.is_counted {
            return None;
        }
        let accumulator = Accumulator::distinct(of);
        let is_score = self.score.as_ref() == Some(&accumulator);
        let mut one = Amounts::default();
        one.add(accumulator, 1);
        if is_score {
            one.add(Accumulator::Score { scale: 0 }, 1);
        }
        Some(one)
    }
}
