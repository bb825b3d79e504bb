//! The repair of items that differ: the opposite of the drift is added, under a watermark of its
//! own.
//!
//! The processor adds to an item whatever the drift is, so the drift stays what it is until it is
//! repaired. The watermark is that of a virtual shard whose records are the repairs of the item. So
//! a repair that is sent again adds nothing, and two verifications that found one drift repair it
//! once.
//!
//! An attribute that is not a number is replaced by its value, if the watermarks of the item are
//! those to which the value belongs. The processor cannot add to it meanwhile.
//!
//! **Invariant:** an item loses its mark only when everything that it was marked for is in it.

use std::collections::{BTreeMap, HashMap, HashSet};

use weir_rollups::{
    Accumulator, Amounts, Contribution, RollupKey, SequenceNumber, Update, Watermark,
};
use weir_table::{Applied, Outcome, Parked, SettledUpdate, ShardId};

use super::finding::Finding;
use super::report::{RepairOutcome, VerifyEvent};
use super::verified_rollup::VerifiedRollup;
use super::{Report, Verifier, VerifyError};
use crate::backoff::{Retries, retried};
use crate::capture::check_age;
use crate::target::repair_shard;

/// The findings that are repaired together.
const CHUNK: usize = 200;

/// Repairs the findings of one verification.
pub(super) struct Repairer<'a> {
    verifier: &'a Verifier,
    rollups: &'a [VerifiedRollup<'a>],
    /// The last record of each shard that the processor had acknowledged when the capture began.
    acknowledged: &'a [(ShardId, Watermark)],
    cut: u32,
    is_on: bool,
    left: Vec<Finding>,
    /// The rollup items of which a detail item is not repaired.
    with_wrong_details: HashSet<RollupKey>,
    is_to_be_continued: bool,
    /// Whether a repair has failed.
    has_failed: bool,
}

impl<'a> Repairer<'a> {
    /// Returns a repairer of findings of a cut; one that is not on repairs nothing.
    pub(super) fn new(
        verifier: &'a Verifier,
        rollups: &'a [VerifiedRollup<'a>],
        acknowledged: &'a [(ShardId, Watermark)],
        cut: u32,
        is_on: bool,
    ) -> Self {
        let with_wrong_details = HashSet::new();
        Self {
            verifier,
            rollups,
            acknowledged,
            cut,
            is_on,
            left: Vec::new(),
            with_wrong_details,
            is_to_be_continued: false,
            has_failed: false,
        }
    }

    /// Adds a finding, and repairs those so far if they are many. Returns the number of repaired
    /// items.
    pub(super) async fn add(
        &mut self,
        finding: Finding,
        report: Report<'_>,
    ) -> Result<u64, VerifyError> {
        if self.is_on {
            self.left.push(finding);
        }
        if self.left.len() < CHUNK {
            return Ok(0);
        }
        self.finish(report).await
    }

    /// Returns whether another verification is to repair what was not repaired.
    pub(super) fn is_to_be_continued(&self) -> bool {
        self.is_to_be_continued
    }

    /// Returns whether every finding is repaired.
    pub(super) fn has_repaired_all(&self) -> bool {
        !self.has_failed && !self.is_to_be_continued
    }

    /// Repairs the findings that are left. Returns the number of repaired items.
    pub(super) async fn finish(&mut self, report: Report<'_>) -> Result<u64, VerifyError> {
        let findings = std::mem::take(&mut self.left);
        if findings.is_empty() {
            return Ok(0);
        }
        // The stream has the records of the cut, so no item has forgotten a repair of it.
        check_age(self.cut, (self.verifier.settings.capture.wall_clock)())?;
        self.verifier.check_ready(self.rollups).await?;
        let mut outcomes: HashMap<RollupKey, RepairOutcome> = HashMap::new();
        let mut updates = Vec::new();
        for finding in &findings {
            if self.has_appeared(finding).await? {
                outcomes.insert(finding.key.clone(), RepairOutcome::Changed);
                continue;
            }
            if !self.overwrite(finding).await? || finding.is_inexact {
                outcomes.insert(finding.key.clone(), RepairOutcome::Changed);
            }
            updates.extend(self.update(finding));
        }
        for (key, outcome) in self.apply(updates).await? {
            outcomes.entry(key).or_insert(outcome);
        }
        let mut repaired = 0;
        for finding in findings {
            let mut outcome = outcomes.remove(&finding.key).unwrap_or(RepairOutcome::Repaired);
            if outcome == RepairOutcome::Repaired {
                self.raise_watermarks(&finding).await?;
                if !self.unpark(&finding).await? {
                    outcome = RepairOutcome::StillMarked;
                }
            }
            let is_repaired = outcome == RepairOutcome::Repaired;
            self.has_failed |= !is_repaired;
            // What depends on an attribute that was not a number could not be compared.
            self.is_to_be_continued |=
                matches!(outcome, RepairOutcome::StillMarked | RepairOutcome::Changed)
                    || !finding.unreadable.is_empty();
            repaired += u64::from(is_repaired && finding.is_shown());
            if let Some(item) = self.item_of_detail(&finding).filter(|_| !is_repaired) {
                self.with_wrong_details.insert(item);
            }
            if finding.is_shown() {
                report(VerifyEvent::Repaired {
                    difference: finding.difference(self.rollups),
                    outcome,
                });
            }
        }
        Ok(repaired)
    }

    /// Replaces the attributes that are not numbers. Returns `false` if something was written
    /// meanwhile.
    async fn overwrite(&self, finding: &Finding) -> Result<bool, VerifyError> {
        let mut by_item: BTreeMap<&RollupKey, Vec<_>> = BTreeMap::new();
        for one in &finding.unreadable {
            let value = (one.accumulator.clone(), one.stored.clone(), one.expected);
            by_item.entry(&one.key).or_default().push(value);
        }
        let mut is_done = true;
        for (key, values) in by_item {
            let of_item = finding.unreadable.iter().find(|one| one.key == *key);
            let watermarks = of_item.map(|one| one.watermarks.as_slice()).unwrap_or_default();
            let written = retried(weir_table::Error::is_retryable, || {
                self.verifier.rollups.overwrite(key, &values, watermarks)
            });
            is_done &= written.await?;
        }
        Ok(is_done)
    }

    /// Returns the update that takes the drift of an item away; `None` if it has none.
    fn update(&self, finding: &Finding) -> Option<Update> {
        if finding.drift.is_zero() && !finding.is_rank_wrong {
            return None;
        }
        let mut amounts = finding.drift.negated();
        let known = &self.rollups[finding.rollup];
        let kind = known.subject(&finding.key).and_then(|subject| subject.kind);
        // An item without a score is not in the ranking.
        for accumulator in known.accumulators(kind) {
            if matches!(accumulator, Accumulator::Score { .. }) {
                amounts.add(accumulator.clone(), 0);
            }
        }
        Some(self.numbered(finding, amounts))
    }

    fn numbered(&self, finding: &Finding, amounts: Amounts) -> Update {
        let known = &self.rollups[finding.rollup];
        let before: u128 = match finding.repairs {
            Some(repairs) => repairs.to_string().parse().unwrap_or_default(),
            None => 0,
        };
        let sequence: SequenceNumber =
            (before + 1).to_string().parse().expect("a number of few digits");
        let contribution = Contribution {
            key: finding.key.clone(),
            bookkeeping: known.bookkeeping(&finding.key).unwrap_or_default(),
            amounts,
        };
        Update::from_contribution(contribution, Watermark { sequence, seconds: self.cut })
    }

    async fn apply(
        &self,
        updates: Vec<Update>,
    ) -> Result<Vec<(RollupKey, RepairOutcome)>, VerifyError> {
        let mut outcomes = Vec::new();
        let mut updates = updates;
        let (mut retries, mut is_again) = (Retries::default(), false);
        loop {
            let settled = self.verifier.rollups.apply_all(&repair_shard(), updates).await;
            let (mut failed, mut last) = (Vec::new(), None);
            for SettledUpdate { update, result } in settled {
                match result {
                    // Another verification has repaired the item, perhaps of something else.
                    Ok(Outcome::Applied(Applied::Nothing)) if !is_again => {
                        outcomes.push((update.key, RepairOutcome::Changed));
                    }
                    Ok(Outcome::Applied(_)) => {
                        outcomes.push((update.key, RepairOutcome::Repaired));
                    }
                    Ok(Outcome::Parked(refusal)) => {
                        let reason = weir_table::error::chain(&refusal);
                        outcomes.push((update.key, RepairOutcome::Rejected(reason)));
                    }
                    Err(error) if error.is_retryable() => {
                        failed.push(update);
                        last = Some(error);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            let Some(error) = last else { return Ok(outcomes) };
            retries.wait(error).await?;
            (updates, is_again) = (failed, true);
        }
    }

    /// Returns the key of the rollup item of a detail item.
    fn item_of_detail(&self, finding: &Finding) -> Option<RollupKey> {
        let subject = self.rollups[finding.rollup].subject(&finding.key)?;
        subject.kind.map(|_| subject.item.key)
    }

    /// Removes the marks of a repaired item. Returns `false` if it keeps one.
    async fn unpark(&self, finding: &Finding) -> Result<bool, VerifyError> {
        if finding.parked.is_empty() && finding.records.is_empty() {
            return Ok(true);
        }
        if finding.has_pending || self.with_wrong_details.contains(&finding.key) {
            return Ok(false);
        }
        let mut is_done = true;
        let mut marks: Vec<_> = finding.parked.clone();
        for record in &finding.records {
            let of_record: Vec<_> =
                marks.iter().filter(|(key, _)| *key == record.key).cloned().collect();
            marks.retain(|(key, _)| *key != record.key);
            is_done &= self.remove_marks(Some(record), &of_record).await?;
        }
        for mark in marks {
            is_done &= self.remove_marks(None, &[mark]).await?;
        }
        Ok(is_done)
    }

    async fn remove_marks(
        &self,
        record: Option<&Parked>,
        marks: &[(RollupKey, String)],
    ) -> Result<bool, VerifyError> {
        let removed = retried(weir_table::Error::is_retryable, || {
            self.verifier.rollups.unpark(record, marks)
        });
        Ok(removed.await?)
    }

    /// Notes in a repaired item that it contains every record that the processor had acknowledged
    /// when the verification began: those that were lost are in the repair.
    async fn raise_watermarks(&self, finding: &Finding) -> Result<(), VerifyError> {
        let known = &self.rollups[finding.rollup];
        for (shard, last) in self.acknowledged {
            let key = known.key_for_shard(&finding.key, &shard.id);
            let raised = retried(weir_table::Error::is_retryable, || {
                self.verifier.rollups.raise_watermark(&key, shard, *last)
            });
            raised.await?;
        }
        Ok(())
    }

    /// Returns whether an item that the scan did not meet is there.
    async fn has_appeared(&self, finding: &Finding) -> Result<bool, VerifyError> {
        if finding.is_stored || finding.drift.is_zero() {
            return Ok(false);
        }
        let read = retried(weir_table::Error::is_retryable, || {
            self.verifier.rollups.get_together(std::slice::from_ref(&finding.key))
        });
        Ok(read.await?.iter().any(Option::is_some))
    }
}
