//! What one item adds to the rollup items of one rollup, and to their rows.
//!
//! ```text
//! item ─┬─ groups × buckets ──► keys of rollup items and rows
//!       └─ numbers, rows    ──► what each of them gains
//! ```
//!
//! | to see | read |
//! |---|---|
//! | the groups that an item belongs to | `group` |
//! | the buckets that it falls into, and until when they are kept | `time` |
//! | what it adds to a rollup item | `numbers` |
//! | what it adds to rows | [`rows`](crate::rows) |
//! | why it is not counted | `skip` |

mod group;
mod numbers;
pub(crate) mod skip;
mod time;

use model::{Entity, Item, Model, Rollup};

pub use self::group::groups;
pub use self::skip::{Part, Skip};
pub(crate) use self::time::expiry;
use crate::amounts::{Accumulator, Amounts};
use crate::bookkeeping::{Bookkeeping, ZeroCrossing};
use crate::bucket::Bucket;
use crate::colocated;
use crate::key::{self, RollupKey, partition};
use crate::rows::{Kept, Rows};

/// What one item adds to one rollup item, or to a row of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The rollup item or row.
    pub key: RollupKey,
    /// What is written with it.
    pub bookkeeping: Bookkeeping,
    /// What it gains.
    pub amounts: Amounts,
}

/// What items add to a stripe of a rollup: what is the same for all of them is found once.
#[derive(Clone, Debug)]
pub struct Contributions<'a> {
    pub(crate) rollup: &'a Rollup,
    stripe: u16,
    /// What it is about; `None` if the definition has no such entity.
    entity: Option<&'a Entity>,
    /// The rows that it keeps.
    kept: Vec<Kept<'a>>,
    /// What ranks its items.
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
    /// Those to a stripe of a rollup.
    pub fn to(model: &'a Model, rollup: &'a Rollup, stripe: u16) -> Self {
        let entity = model.entity(&rollup.entity);
        Self { rollup, stripe, entity, kept: Kept::of(rollup), score: numbers::score(rollup) }
    }

    /// What an item adds by a change of a time in seconds since 1970. Nothing for an item that the rollup is not about, and
    /// for buckets that are not kept any more at that time.
    ///
    /// # Errors
    /// Why the item, which the rollup is about, cannot be counted. It then contributes nothing.
    pub fn of(&self, item: &Item, seconds: u32) -> Result<Vec<Contribution>, Skip> {
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
        let rows = self.kept.iter().map(|kept| Ok((kept, kept.rows.amounts(item)?)));
        let rows: Vec<_> = rows.collect::<Result<_, Skip>>()?;
        let mut contributions = Vec::new();
        for group in &groups {
            for bucket in &buckets {
                // Keys are made of buckets that are gone too: whether an item is counted does not depend on the time.
                let target = self.rollup_item(group, bucket)?;
                let mut parts = vec![];
                for (kept, amounts) in &rows {
                    for row in amounts {
                        parts.push(self.row(&target, kept, &row.text, row.amounts.clone())?);
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

    /// Where a rollup item is kept; `None` where DynamoDB takes no such key.
    fn key(&self, group: &[String], bucket: &Bucket) -> Option<RollupKey> {
        if let Some(colocated) = &self.rollup.colocated {
            let (partition, sort) = colocated::key(colocated, group, bucket)?;
            return Some(RollupKey { is_colocated: true, partition, sort });
        }
        let partition = partition(self.rollup, self.stripe, group.iter().map(String::as_str))?;
        Some(RollupKey::of(partition, bucket.key.clone()))
    }

    /// What is added to a row of a rollup item.
    fn row(
        &self,
        target: &RollupItem<'_>,
        kept: &Kept<'_>,
        text: &str,
        mut amounts: Amounts,
    ) -> Result<Contribution, Skip> {
        let key = kept.rows.key(self.rollup, target.group, target.bucket, text)?;
        let mut rank = None;
        if kept.is_ranked {
            amounts.add(Accumulator::Score { scale: 0 }, 1);
            let ranking = key::ranking_in(&key.partition, &target.bucket.key);
            rank = Some(ranking.ok_or(Skip::KeyTooLong)?);
        }
        let bookkeeping = Bookkeeping {
            expires_at: target.bookkeeping.expires_at,
            rank,
            item: Some(target.key.clone()),
            crossing: self.crossing(target, kept),
        };
        Ok(Contribution { key, bookkeeping, amounts })
    }

    /// What the rollup item gains while a row counts something, where it counts such rows.
    fn crossing(&self, target: &RollupItem<'_>, kept: &Kept<'_>) -> Option<ZeroCrossing> {
        let Rows::Values(of) = kept.rows else { return None };
        if !kept.is_counted {
            return None;
        }
        let accumulator = Accumulator::distinct(of);
        let is_score = self.score.as_ref() == Some(&accumulator);
        let mut one = Amounts::default();
        one.add(accumulator, 1);
        if is_score {
            one.add(Accumulator::Score { scale: 0 }, 1);
        }
        Some(ZeroCrossing { bookkeeping: Box::new(target.bookkeeping.clone()), one })
    }
}
