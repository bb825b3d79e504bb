//! A verification: every rollup item is compared with a recount of the items, while writers and the
//! processor continue; and the repair of those that differ.
//!
//! ```text
//! stream ─► capture of what the processor has not acknowledged ─┐
//! table  ─► scan ─► recount at the cut ─────────────────────────┼─► comparison ─► repair
//! rollups ► scan ─► amounts and watermarks of each item ────────┘
//! ```
//!
//! The watermarks of a rollup item say which changes it contains, and the capture has the changes.
//! So the verifier distinguishes a change that is not counted yet from a lost one: see
//! [`comparison`].
//!
//! | to see | read |
//! |---|---|
//! | the records, and how they are sorted | `recorder`, `record`, `sorter` |
//! | how an item is compared | `comparison` |
//! | how numbers of detail items are read | `reading`, `touched` |
//! | how they are compared | `detail_numbers`, `count_range` |
//! | how an item is repaired | `repair` |
//! | the report | `report`, `finding` |
//!
//! **Invariant:** nothing is written but repairs, and those only to items that differ.

mod comparison;
mod count_range;
mod detail_numbers;
mod error;
mod finding;
mod positions;
mod reading;
mod record;
mod recorder;
mod repair;
mod report;
mod sorter;
mod touched;
mod verified_rollup;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use weir_model::rollup::OnExpiry;
use weir_model::{Item, Model};
use weir_processor::mapping::{Source, StreamReader};
use weir_rollups::{
    Amounts, Revision, RevisionState, RollupKey, SequenceNumber, StoredAmounts, Watermark,
};
use weir_table::checkpoints::Checkpoints;
use weir_table::{Connection, ItemsTable, Parked, Rollups, RollupsState, ShardId, Table};

pub use self::comparison::ComparisonCounts;
pub use self::error::VerifyError;
pub use self::finding::{Difference, DifferingValue};
pub use self::recorder::UnknownItems;
pub use self::report::{RepairOutcome, SkippedReason, SkippedRollup, VerifyEvent, VerifyReport};

use self::comparison::Comparison;
use self::finding::Finding;
use self::recorder::Recorder;
use self::repair::Repairer;
use self::verified_rollup::VerifiedRollup;
use crate::backoff::retried;
use crate::blocking::block;
use crate::build::{BuildSettings, seconds};
use crate::capture::{
    Capture, CaptureCounts, CaptureEnd, CaptureError, CaptureStart, capture_while,
};
use crate::recorder::ImageRecorder;
use crate::requests::{describe, dynamodb_time, rollups_state, wait_until};
use crate::scan::{PageRequest, scan, scan_pages};
use crate::spool::Spool;
use crate::target::BuildTarget;
use crate::unknown_rollup::UnknownRollup;

/// How often a verification begins again because the times of records stepped back.
const MAX_CUTS: u32 = 3;
/// How often a verification that repairs begins again because items changed while it repaired them.
const MAX_PASSES: u32 = 5;
/// How long the processor may take to count the captured changes, before the next pass.
const PROCESSOR_PATIENCE: Duration = Duration::from_secs(120);
const PROGRESS_PAUSE: Duration = Duration::from_secs(1);
/// How often the number of compared items is reported.
const REPORT_EVERY: u64 = 10_000;

/// The verifier of the rollups of one table.
#[derive(Clone, Debug)]
pub struct Verifier {
    connection: Connection,
    table: Table,
    rollups: Rollups,
    checkpoints: Checkpoints,
    settings: BuildSettings,
}

/// The report of each step.
type Report<'a> = &'a (dyn Fn(VerifyEvent) + Sync);

/// One comparison of everything.
#[derive(Default)]
struct Pass {
    report: VerifyReport,
    /// Whether another one is to repair what this one could not.
    is_to_be_continued: bool,
    /// The last captured record of each shard, by its id.
    captured: HashMap<String, SequenceNumber>,
}

/// The revisions that are verified, with the state in which they were found.
struct Wanted {
    revisions: Vec<Revision>,
    skipped: Vec<SkippedRollup>,
    /// How often it was noted by then that changes may be missing.
    gaps: u64,
}

/// What was read, and when.
struct ReadTimes {
    captured: CaptureCounts,
    /// The updates that DynamoDB had rejected before the rollups were scanned.
    parked: Vec<Parked>,
    /// No record of a later second was absorbed when the stored items were scanned.
    scanned_by: u32,
    /// The end of the capture, in seconds since 1970.
    ended_at: i64,
}

impl Verifier {
    /// Returns a verifier of the rollups of a table's definition. Of the margins of the settings,
    /// that of the scan and that of the end of the capture are used.
    pub fn new(connection: &Connection, table: &Table, settings: BuildSettings) -> Self {
        let definition = &table.model().table;
        let checkpoints = Checkpoints::new(connection.dynamodb(), &definition.rollups_table);
        Self {
            connection: connection.clone(),
            table: table.clone(),
            rollups: Rollups::new(connection, definition),
            checkpoints,
            settings,
        }
    }

    /// Compares every item of the rollups with a recount, and reports each step. `only` names the
    /// rollups; none for all of them. With `is_repair` each item that differs is repaired.
    ///
    /// # Errors
    /// The reason why it has ended before everything was compared.
    pub async fn run(
        &self,
        only: &[String],
        is_repair: bool,
        report: Report<'_>,
    ) -> Result<VerifyReport, VerifyError> {
        let mut repaired = 0;
        let (mut rejected, mut passes) = (0, 0);
        loop {
            match self.run_once(only, is_repair, report).await {
                Err(VerifyError::Capture(error)) if error.needs_new_cut() => {
                    rejected += 1;
                    if rejected == MAX_CUTS {
                        return Err(error.into());
                    }
                    report(VerifyEvent::CutRejected { reason: error.to_string() });
                }
                Err(error) => return Err(error),
                Ok(Pass { report: mut outcome, is_to_be_continued, captured }) => {
                    passes += 1;
                    repaired += outcome.repaired;
                    if !is_to_be_continued || passes == MAX_PASSES {
                        outcome.differences += repaired - outcome.repaired;
                        outcome.repaired = repaired;
                        return Ok(outcome);
                    }
                    report(VerifyEvent::Again);
                    self.wait_for_processor(&captured).await?;
                }
            }
        }
    }

    async fn run_once(
        &self,
        only: &[String],
        is_repair: bool,
        report: Report<'_>,
    ) -> Result<Pass, VerifyError> {
        let wanted = self.wanted(only).await?;
        let Wanted { revisions, skipped, gaps } = &wanted;
        report(VerifyEvent::Begun { revisions: revisions.clone(), skipped: skipped.clone() });
        let mut outcome = VerifyReport {
            revisions: revisions.clone(),
            skipped: skipped.clone(),
            ..VerifyReport::default()
        };
        if revisions.is_empty() {
            return Ok(Pass { report: outcome, ..Pass::default() });
        }
        let mut models: Vec<Arc<Model>> = Vec::new();
        for revision in revisions {
            models.push(self.table.definition(revision).await?);
        }
        let rollups = models.iter().zip(revisions).enumerate();
        let rollups: Vec<_> = rollups
            .map(|(position, (model, revision))| VerifiedRollup::new(position, model, revision))
            .collect();
        let started_at = dynamodb_time(&self.table).await?;
        let (capture, label, acknowledged) = self.capture().await?;
        let described = describe(&self.table).await?;
        let cut = self.cut(&described).await?;
        outcome.cut = i64::from(cut);
        let recorder = self.recorder(&rollups, &label, cut)?;
        let times = self.read(capture, &recorder, cut, &described, report).await?;
        (outcome.captured, outcome.ended_at) = (times.captured, times.ended_at);
        for skipped in recorder.skipped() {
            report(VerifyEvent::Skipped(skipped));
        }
        // The items of a revision that was retired before they were read may be deleted.
        self.check_ready(&rollups).await?;
        report(VerifyEvent::Sorting);
        let recorded = block(|| recorder.finish())?;
        outcome.items = recorded.counts.captured + recorded.counts.scanned;
        outcome.repeated = recorded.counts.repeated;
        outcome.unknown = recorded.unknown.clone();
        let mut comparison =
            Comparison::new(&rollups, recorded, times.ended_at, times.scanned_by, times.parked)?;
        let mut repairer = Repairer::new(self, &rollups, &acknowledged, cut, is_repair);
        loop {
            let before = comparison.counts().items;
            let Some(mut finding) = block(|| comparison.next())? else { break };
            if self.has_changed_since(&rollups, &finding).await? {
                outcome.compared.undecided += finding.leave_numbers_out();
            }
            if !finding.is_different() {
                continue;
            }
            let compared = comparison.counts().items;
            if before / REPORT_EVERY != compared / REPORT_EVERY {
                report(VerifyEvent::Compared { items: compared });
            }
            if finding.is_shown() {
                outcome.differences += 1;
                report(VerifyEvent::Found(finding.difference(&rollups)));
            }
            outcome.repaired += repairer.add(finding, report).await?;
        }
        for finding in comparison.left_records() {
            outcome.differences += 1;
            report(VerifyEvent::Found(finding.difference(&rollups)));
            outcome.repaired += repairer.add(finding, report).await?;
        }
        outcome.repaired += repairer.finish(report).await?;
        let is_to_be_continued = repairer.is_to_be_continued();
        let captured = comparison.captured();
        let undecided = outcome.compared.undecided;
        outcome.compared = comparison.counts();
        outcome.compared.undecided += undecided;
        report(VerifyEvent::Compared { items: outcome.compared.items });
        outcome.has_failed_repairs = is_repair && !repairer.has_repaired_all();
        let is_complete = outcome.is_clean()
            && outcome.compared.undecided == 0
            && outcome.compared.pending_since.is_none_or(|since| i64::from(since) > started_at);
        self.complete(&mut outcome, is_repair && is_complete, *gaps).await?;
        Ok(Pass { report: outcome, is_to_be_continued, captured })
    }

    /// Returns whether a number of detail items was written since the scan that found it to differ,
    /// though no change of them was captured: by another verification that repairs.
    async fn has_changed_since(
        &self,
        rollups: &[VerifiedRollup<'_>],
        finding: &Finding,
    ) -> Result<bool, VerifyError> {
        let Some(scanned) = &finding.scanned_numbers else { return Ok(false) };
        let stripes = rollups[finding.rollup].stripes_of(&finding.key);
        let read = retried(weir_table::Error::is_retryable, || self.rollups.get_together(&stripes))
            .await?;
        let accumulators: Vec<_> = scanned.iter().map(|(known, _)| known.clone()).collect();
        let mut numbers = Amounts::default();
        for item in read.iter().flatten() {
            numbers.merge(&StoredAmounts::read(&accumulators, item).amounts);
        }
        Ok(accumulators.iter().any(|known| numbers.get(known) != scanned.get(known)))
    }

    /// Checks that nobody has replaced a revision.
    async fn check_ready(&self, rollups: &[VerifiedRollup<'_>]) -> Result<(), VerifyError> {
        let mut state = self.state().await?;
        for VerifiedRollup { revision, .. } in rollups {
            let current = state.find_mut(&revision.rollup, revision.number);
            if current.is_none_or(|current| current.state != RevisionState::Ready) {
                return Err(VerifyError::Replaced(revision.rollup.clone()));
            }
        }
        Ok(())
    }

    /// Waits until the processor has acknowledged the last record of each shard that was captured,
    /// for two minutes at most.
    async fn wait_for_processor(
        &self,
        captured: &HashMap<String, SequenceNumber>,
    ) -> Result<(), VerifyError> {
        let began_at = Instant::now();
        while began_at.elapsed() < PROCESSOR_PATIENCE {
            let described = describe(&self.table).await?;
            let label = described.stream_label().unwrap_or_default();
            let known = self.checkpoints.shard_progress(label).await?;
            let is_behind = |(shard_id, last): (&String, &SequenceNumber)| {
                let known = known.iter().find(|known| known.shard_id == *shard_id);
                known.is_none_or(|known| known.last.sequence < *last)
            };
            if !captured.iter().any(is_behind) {
                break;
            }
            sleep(PROGRESS_PAUSE).await;
        }
        Ok(())
    }

    /// Returns the revisions to verify.
    async fn wanted(&self, only: &[String]) -> Result<Wanted, VerifyError> {
        let model = self.table.model();
        UnknownRollup::check(model, only)?;
        let state = self.state().await?;
        let label = describe(&self.table).await?.stream_label().map(str::to_owned);
        if label.is_some() && state.stream_label.is_some() && label != state.stream_label {
            return Err(VerifyError::OtherStream);
        }
        let gaps = state.gaps;
        let mut wanted = Wanted { revisions: Vec::new(), skipped: Vec::new(), gaps };
        let is_chosen = |name: &String| only.is_empty() || only.contains(name);
        for rollup in model.rollups.iter().filter(|rollup| is_chosen(&rollup.name)) {
            let mut skip = |reason| {
                let rollup = rollup.name.clone();
                wanted.skipped.push(SkippedRollup { rollup, reason });
            };
            let Some(revision) = state.served(&rollup.name) else {
                let newest = state.newest(&rollup.name).map(|revision| revision.state);
                skip(SkippedReason::NotReady(newest));
                continue;
            };
            let definition = self.table.definition(revision).await?;
            match definition.rollups[0].on_ttl_expiry {
                OnExpiry::Keep => skip(SkippedReason::KeepsExpired),
                _ => wanted.revisions.push(revision.clone()),
            }
        }
        Ok(wanted)
    }

    /// Takes the place in each shard behind what the processor has acknowledged. Returns the label
    /// of the stream and the last acknowledged record of each shard as well.
    async fn capture(&self) -> Result<(Capture, String, Vec<(ShardId, Watermark)>), VerifyError> {
        let described = describe(&self.table).await?;
        let arn = described.stream_arn().ok_or(VerifyError::NoStream)?.to_owned();
        let stream = StreamReader::open(&self.connection, &Source::Stream(arn)).await;
        let stream = stream.map_err(CaptureError::from)?;
        let label = stream.label().to_owned();
        let known = self.checkpoints.shard_progress(&label).await?;
        let after = known.iter().map(|known| (known.shard_id.clone(), known.last.sequence));
        let start = CaptureStart::After(after.collect());
        let capture = Capture::begin(stream, start, self.settings.capture).await?;
        let acknowledged =
            known.into_iter().map(|known| (ShardId::new(&label, known.shard_id), known.last));
        let acknowledged = acknowledged.collect();
        Ok((capture, label, acknowledged))
    }

    /// Returns the second to which the recount belongs: the next one of which no record can have
    /// the time yet.
    async fn cut(&self, described: &ItemsTable) -> Result<u32, VerifyError> {
        let unit = described.record_time_secs();
        let now = dynamodb_time(&self.table).await?;
        let cut = (now + described.clock_uncertainty_secs() + 1 + unit - 1) / unit * unit;
        Ok(u32::try_from(cut).expect("a time before 2106"))
    }

    fn recorder<'a>(
        &'a self,
        rollups: &'a [VerifiedRollup<'a>],
        label: &str,
        cut: u32,
    ) -> Result<Recorder<'a>, VerifyError> {
        let folder = &self.settings.spool_folder;
        let targets =
            rollups.iter().map(|known| BuildTarget { model: known.model, rollup: known.rollup });
        let targets: Vec<_> = targets.collect();
        let definition = &self.table.model().table;
        let images = ImageRecorder::new(definition, &targets, cut, Spool::create(folder)?);
        Ok(Recorder::new(definition, rollups, images, label, folder)?)
    }

    /// Captures the stream while both tables are read.
    async fn read(
        &self,
        capture: Capture,
        recorder: &Recorder<'_>,
        cut: u32,
        described: &ItemsTable,
        report: Report<'_>,
    ) -> Result<ReadTimes, VerifyError> {
        let (send_end, end) = watch::channel(None);
        let capturing = capture.run(cut, end, |captured| recorder.record_change(captured));
        let reading = async {
            let from = i64::from(cut) + seconds(self.settings.margins.scan);
            report(VerifyEvent::Waiting { until: from });
            wait_until(&self.table, from).await?;
            self.scan_items(recorder, described, report).await?;
            // Those of later updates have marks that are later than this.
            let parked = retried(weir_table::Error::is_retryable, || self.rollups.parked()).await?;
            self.scan_rollups(recorder, report).await?;
            let scanned_by = self.latest_record(described).await?;
            self.read_together(recorder, described, report).await?;
            let delta = self.settings.margins.delta;
            // DynamoDB's time is rounded down: the last read may have ended within the second.
            let until = dynamodb_time(&self.table).await? + seconds(delta).max(1);
            report(VerifyEvent::Capturing { until });
            send_end.send_replace(Some(CaptureEnd::new(until, delta)));
            Ok::<_, VerifyError>((parked, scanned_by, until))
        };
        let (captured, (parked, scanned_by, ended_at)) = capture_while(capturing, reading).await?;
        Ok(ReadTimes { captured, parked, scanned_by, ended_at })
    }

    async fn scan_items(
        &self,
        recorder: &Recorder<'_>,
        described: &ItemsTable,
        report: Report<'_>,
    ) -> Result<(), VerifyError> {
        let of_items = described.items();
        let record = |item: &Item| recorder.record_item(item);
        scan(&self.table, &self.settings.scan, record, |progress| {
            report(VerifyEvent::ScannedItems { progress, of_items });
        })
        .await?;
        Ok(())
    }

    async fn scan_rollups(
        &self,
        recorder: &Recorder<'_>,
        report: Report<'_>,
    ) -> Result<(), VerifyError> {
        let read = |PageRequest { segment, position, limit }| async move {
            self.rollups.scan_segment(segment, position.as_ref(), limit).await
        };
        let record = |(key, item): &(RollupKey, Item)| recorder.record_stored(key, item);
        scan_pages(read, &self.settings.scan, record, |progress| {
            report(VerifyEvent::ScannedRollups { progress });
        })
        .await?;
        Ok(())
    }

    /// Returns the latest time that a record may have that was written before now, in seconds since
    /// 1970.
    async fn latest_record(&self, described: &ItemsTable) -> Result<u32, VerifyError> {
        let unit = described.record_time_secs();
        let now = dynamodb_time(&self.table).await? + described.clock_uncertainty_secs();
        // A whole second has begun; of a longer unit, none later has.
        Ok(u32::try_from(now / unit * unit).expect("a time before 2106"))
    }

    /// Takes away the mark of rollups from which changes were missing, if no further gap was noted
    /// since the verification began.
    async fn complete(
        &self,
        outcome: &mut VerifyReport,
        is_complete: bool,
        gaps: u64,
    ) -> Result<(), VerifyError> {
        let is_marked = |revision: &&Revision| revision.incomplete_since.is_some();
        let marked: Vec<_> = outcome.revisions.iter().filter(is_marked).cloned().collect();
        let names = marked.iter().map(|revision| revision.rollup.clone()).collect();
        if !is_complete || marked.is_empty() {
            outcome.incomplete = names;
            return Ok(());
        }
        let change = |state: &mut RollupsState, _| {
            if state.gaps != gaps {
                return Ok::<_, VerifyError>(false);
            }
            for revision in &marked {
                if let Some(known) = state.find_mut(&revision.rollup, revision.number) {
                    known.incomplete_since = None;
                }
            }
            Ok(true)
        };
        match self.table.change_rollups_state(change).await? {
            true => outcome.completed = names,
            false => outcome.incomplete = names,
        }
        Ok(())
    }

    async fn state(&self) -> Result<RollupsState, VerifyError> {
        rollups_state(&self.table).await?.ok_or(VerifyError::Unregistered)
    }
}
