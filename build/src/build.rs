//! A build, from the comparison of the definition with the state of the rollups to their being
//! ready.
//!
//! ```text
//! compare ─► capture ─► cut ───────► scan or export ─► join ─► apply ─► ready ─► purge
//! state:              announced,                             building   ready
//!                     capturing
//! ```
//!
//! Everything before `apply` only reads. A process that is started again continues with the same
//! cut and applies the same base; two at once do no harm: see [`crate::base_shard`].
//!
//! | to see | read |
//! |---|---|
//! | what has to be done | `wanted` |
//! | how the cut of new revisions is chosen | `cut` |
//! | how long a build waits for what | `settings` |
//! | how the base gets into the rollup items | `apply` |
//! | which requests are sent again | `requests` |
//! | how the items of old revisions are deleted | `purge` |
//! | why a build has ended | `error` |
//!
//! **Invariant:** a revision becomes ready in the write that demands that it is still being built
//! with the cut of this build.

mod apply;
mod cut;
mod error;
mod events;
mod purge;
mod requests;
mod settings;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use weir_model::{Item, Model};
use weir_processor::mapping::{Source, StreamReader};
use weir_rollups::{Revision, RevisionState};
use weir_table::{BuildProgress, Connection, Rollups, RollupsState, Table};

pub use self::error::BuildError;
pub use self::events::{BuildEvent, BuildReport};
pub use self::purge::PurgeSettings;
pub use self::settings::{BuildSettings, Margins};
pub use self::wanted::{GiveUpReason, GivenUpBuild, StoredDefinitions, Wanted};

use self::cut::Chosen;
use crate::blocking::block;
use crate::capture::{
    Capture, CaptureCounts, CaptureEnd, CaptureError, CaptureStart, capture_while,
};
use crate::export::Export;
use crate::recorder::ImageRecorder;
use crate::requests::{describe, dynamodb_time, wait_until};
use crate::scan::scan;
use crate::spool::Spool;
use crate::target::BuildTarget;
use crate::unknown_rollup::UnknownRollup;

/// How often a build chooses another cut because the times of records stepped back across it.
const MAX_CUTS: u32 = 3;
/// How often the stored progress is renewed.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

/// The builder of the rollups of one table.
#[derive(Clone, Debug)]
pub struct Builder {
    connection: Connection,
    table: Table,
    rollups: Rollups,
    settings: BuildSettings,
}

impl Builder {
    /// Returns a builder of the rollups of a table's definition.
    pub fn new(connection: &Connection, table: &Table, settings: BuildSettings) -> Self {
        let rollups = Rollups::new(connection, &table.model().table);
        Self { connection: connection.clone(), table: table.clone(), rollups, settings }
    }

    /// Compares the definition with the state of the rollups. `only` names the rollups that are
    /// built; none for all of them.
    ///
    /// # Errors
    /// An unknown name, a rollup that cannot be built, or the error of DynamoDB.
    pub async fn compare(&self, only: &[String]) -> Result<Wanted, BuildError> {
        let model = self.table.model();
        UnknownRollup::check(model, only)?;
        let state = self.table.read_rollups_state().await?.ok_or(BuildError::Unregistered)?;
        let stored = self.stored_definitions(&state).await?;
        let now = self.table.dynamodb_time().await?;
        let wanted = Wanted::new(model, &state, &stored, only, now);
        self.check_colocated(&state, &wanted.begun)?;
        Ok(wanted)
    }

    /// Builds what the definition wants and the state lacks, and reports each step. `only` names
    /// the rollups that are built; none for all of them.
    ///
    /// # Errors
    /// The reason why it has ended, with what to do. Nothing that is half done is answered.
    pub async fn run(
        &self,
        only: &[String],
        report: &(dyn Fn(BuildEvent) + Sync),
    ) -> Result<BuildReport, BuildError> {
        let wanted = self.compare(only).await?;
        self.check_folders(&wanted).await?;
        let mut outcome = BuildReport::default();
        self.retire(&wanted, report).await?;
        let mut by_cut: BTreeMap<i64, Vec<Revision>> = BTreeMap::new();
        for revision in wanted.continued {
            by_cut.entry(revision.cut.unwrap_or_default()).or_default().push(revision);
        }
        let mut begun = wanted.begun;
        for revisions in by_cut.into_values() {
            let names = revisions.iter().map(|revision| revision.rollup.clone());
            if !self.confirm_cut(&revisions).await? {
                begun.extend(names);
                continue;
            }
            report(BuildEvent::Continued { revisions: revisions.clone() });
            let capture = self.capture(CaptureStart::TrimHorizon).await?;
            match self.finish(capture, &revisions, report, &mut outcome).await {
                Err(BuildError::Capture(error)) if error.needs_new_cut() => {
                    begun.extend(self.reject_cut(&revisions, &error, report).await?);
                }
                other => other?,
            }
        }
        for attempt in 1.. {
            if begun.is_empty() {
                break;
            }
            if self.settings.export.is_some() {
                return Err(BuildError::ExportWithoutCut(begun));
            }
            let capture = self.capture(CaptureStart::Latest).await?;
            let Chosen { revisions, ahead_until } = self.choose_cut(&begun).await?;
            let capture = capture.with_cut_ahead_until(ahead_until);
            report(BuildEvent::Begun { revisions: revisions.clone() });
            match self.finish(capture, &revisions, report, &mut outcome).await {
                Err(BuildError::Capture(error)) if error.needs_new_cut() => {
                    begun = self.reject_cut(&revisions, &error, report).await?;
                    if attempt == MAX_CUTS && !begun.is_empty() {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        Ok(outcome)
    }

    /// Gives up the builds that are under way. `only` names their rollups; none for all of them.
    /// Returns them.
    ///
    /// # Errors
    /// A rollup that neither the definition nor the state has, or the error of DynamoDB.
    pub async fn abort(&self, only: &[String]) -> Result<Vec<Revision>, BuildError> {
        let is_chosen = |revision: &Revision| only.is_empty() || only.contains(&revision.rollup);
        let change = |state: &mut RollupsState, _| {
            let known = self.known_rollups(state);
            if let Some(unknown) = only.iter().find(|name| !known.contains(*name)) {
                let known = known.into_iter().collect();
                return Err(UnknownRollup { name: unknown.clone(), known }.into());
            }
            let mut aborted = Vec::new();
            let under_way = state.revisions.iter_mut().filter(|known| known.is_under_way());
            for revision in under_way.filter(|revision| is_chosen(revision)) {
                revision.state = RevisionState::Aborted;
                aborted.push(revision.clone());
            }
            Ok(aborted)
        };
        self.table.change_rollups_state(change).await
    }

    /// Deletes the items of all revisions that are retired or aborted, and reports it if there are
    /// any. Returns the number of deleted items.
    ///
    /// # Errors
    /// The error of DynamoDB; the next purge continues.
    pub async fn purge(
        &self,
        settings: PurgeSettings,
        report: &(dyn Fn(BuildEvent) + Sync),
    ) -> Result<u64, BuildError> {
        purge::purge(&self.table, &self.rollups, settings, report).await
    }

    /// Returns the rollups of the definition and those with a build under way.
    fn known_rollups(&self, state: &RollupsState) -> BTreeSet<String> {
        let defined = self.table.model().rollups.iter().map(|rollup| &rollup.name);
        let under_way = state.revisions.iter().filter(|known| known.is_under_way());
        defined.chain(under_way.map(|known| &known.rollup)).cloned().collect()
    }

    /// Checks the folders of the spool and of the export, before anything is written.
    async fn check_folders(&self, wanted: &Wanted) -> Result<(), BuildError> {
        let is_idle = wanted.begun.is_empty() && wanted.continued.is_empty();
        if !is_idle {
            Spool::create(&self.settings.spool_folder)?;
        }
        let Some(folder) = &self.settings.export else { return Ok(()) };
        let export = Export::open(folder)?;
        let now = dynamodb_time(&self.table).await?;
        export.check(self.table.name(), now)?;
        if !wanted.begun.is_empty() {
            return Err(BuildError::ExportWithoutCut(wanted.begun.clone()));
        }
        let cuts = wanted.continued.iter().filter_map(|revision| revision.cut);
        Ok(cuts.max().map_or(Ok(()), |cut| export.check_cut(cut))?)
    }

    async fn stored_definitions(
        &self,
        state: &RollupsState,
    ) -> Result<StoredDefinitions, BuildError> {
        let mut stored = StoredDefinitions::new();
        for revision in state.revisions.iter().filter(|revision| revision.is_counted()) {
            // One that this version does not understand is not what the file says.
            if let Ok(model) = self.table.stored_definition(&revision.definition).await {
                stored.insert(revision.definition.clone(), model);
            }
        }
        Ok(stored)
    }

    /// Rejects the rollups whose items would be written over those of another revision.
    fn check_colocated(&self, state: &RollupsState, begun: &[String]) -> Result<(), BuildError> {
        match wanted::colocated_again(self.table.model(), state, begun).first() {
            Some(name) => Err(BuildError::Colocated((*name).to_owned())),
            None => Ok(()),
        }
    }

    /// Gives up the builds that do not count what the definition says, and retires the revisions of
    /// rollups that it lacks. What another builder made ready meanwhile stays until it is replaced.
    async fn retire(
        &self,
        wanted: &Wanted,
        report: &(dyn Fn(BuildEvent) + Sync),
    ) -> Result<(), BuildError> {
        if wanted.given_up.is_empty() && wanted.gone.is_empty() {
            return Ok(());
        }
        let given_up: Vec<_> = wanted.given_up.iter().map(|known| known.revision.clone()).collect();
        let change = |state: &mut RollupsState, _| {
            set(state, &given_up, RevisionState::Aborted, Revision::is_under_way);
            set(state, &wanted.gone, RevisionState::Retired, Revision::is_counted);
            Ok(())
        };
        self.change_state(change).await?;
        for build in &wanted.given_up {
            report(BuildEvent::GivenUp(build.clone()));
        }
        if !wanted.gone.is_empty() {
            report(BuildEvent::Retired { revisions: wanted.gone.clone() });
        }
        Ok(())
    }

    /// Gives up revisions that cannot be built with their cut. Returns the rollups to build again:
    /// a revision that another builder has made ready stays so, unless the error disproves it.
    async fn reject_cut(
        &self,
        revisions: &[Revision],
        error: &CaptureError,
        report: &(dyn Fn(BuildEvent) + Sync),
    ) -> Result<Vec<String>, BuildError> {
        report(BuildEvent::CutRejected { reason: error.to_string() });
        // One that was retired meanwhile stays so: nobody wants it any more.
        let may_change = |revision: &Revision| {
            revision.is_under_way() || (revision.is_counted() && error.disproves_revision())
        };
        let change = |state: &mut RollupsState, _| {
            set(state, revisions, RevisionState::Aborted, may_change);
            let is_aborted = |revision: &&Revision| {
                let known = state.find_mut(&revision.rollup, revision.number);
                known.is_some_and(|known| known.state == RevisionState::Aborted)
            };
            let aborted = revisions.iter().filter(is_aborted);
            Ok(aborted.map(|revision| revision.rollup.clone()).collect())
        };
        self.change_state(change).await
    }

    async fn capture(&self, start: CaptureStart) -> Result<Capture, BuildError> {
        let described = describe(&self.table).await?;
        let arn = described.stream_arn().ok_or(BuildError::NoStream)?.to_owned();
        let stream = StreamReader::open(&self.connection, &Source::Stream(arn)).await;
        let stream = stream.map_err(CaptureError::from)?;
        Ok(Capture::begin(stream, start, self.settings.capture).await?)
    }

    /// Captures, scans, adds up, applies, and makes the revisions ready.
    async fn finish(
        &self,
        capture: Capture,
        revisions: &[Revision],
        report: &(dyn Fn(BuildEvent) + Sync),
        outcome: &mut BuildReport,
    ) -> Result<(), BuildError> {
        let cut = revisions[0].cut.expect("a build has a cut");
        let cut = u32::try_from(cut).expect("a time before 2106");
        let mut models: Vec<Arc<Model>> = Vec::new();
        for revision in revisions {
            models.push(self.table.definition(revision).await?);
        }
        let targets: Vec<_> =
            models.iter().map(|model| BuildTarget { model, rollup: &model.rollups[0] }).collect();
        let spool = Spool::create(&self.settings.spool_folder)?;
        let recorder = ImageRecorder::new(&self.table.model().table, &targets, cut, spool);
        let counts = self.read(capture, &recorder, cut, revisions, report).await?;
        outcome.records += counts.since_cut;
        for skipped in recorder.skipped() {
            report(BuildEvent::Skipped(skipped));
        }
        self.begin_to_apply(revisions).await?;
        report(BuildEvent::Joining);
        let base = block(|| recorder.into_base())?;
        let counts = base.counts();
        report(BuildEvent::Joined(counts));
        outcome.items += counts.scanned + counts.captured;
        let applied = |updates| report(BuildEvent::Applied { updates });
        outcome.updates += self.apply(base, revisions, cut, &applied).await?;
        let retired = self.make_ready(revisions).await?;
        report(BuildEvent::Ready { revisions: revisions.to_vec(), retired: retired.clone() });
        outcome.ready.extend(revisions.iter().map(|revision| revision.rollup.clone()));
        Ok(())
    }

    /// Captures the stream from the cut on while the table, or its export, is read.
    async fn read(
        &self,
        capture: Capture,
        recorder: &ImageRecorder<'_>,
        cut: u32,
        revisions: &[Revision],
        report: &(dyn Fn(BuildEvent) + Sync),
    ) -> Result<CaptureCounts, BuildError> {
        let (send_end, end) = watch::channel(None);
        let capturing = capture.run(cut, end, |captured| match captured.is_since_cut {
            true => recorder.record_captured(captured.change),
            false => Ok(()),
        });
        let reading = async {
            report(BuildEvent::Waiting { until: i64::from(cut) });
            wait_until(&self.table, i64::from(cut) + seconds(self.settings.margins.scan)).await?;
            match &self.settings.export {
                Some(folder) => self.read_export(folder, recorder, report)?,
                None => self.scan(recorder, revisions, report).await?,
            }
            let delta = self.settings.margins.delta;
            let now = dynamodb_time(&self.table).await?;
            // DynamoDB's time is rounded down: the scan may have ended within the second after it.
            let until = now + seconds(delta).max(1);
            report(BuildEvent::Capturing { until });
            send_end.send_replace(Some(CaptureEnd::new(until, delta)));
            Ok::<_, BuildError>(())
        };
        let (counts, ()) = capture_while(capturing, reading).await?;
        Ok(counts)
    }

    async fn scan(
        &self,
        recorder: &ImageRecorder<'_>,
        revisions: &[Revision],
        report: &(dyn Fn(BuildEvent) + Sync),
    ) -> Result<(), BuildError> {
        let total = describe(&self.table).await?.items();
        let (progress, mut changed) = watch::channel(None);
        let record = |item: &Item| recorder.record_scanned(item);
        let scanning = scan(&self.table, &self.settings.scan, record, |scanned| {
            report(BuildEvent::Scanned { progress: scanned, of_items: total });
            progress.send_replace(Some(BuildProgress {
                phase: "scan".to_owned(),
                done: scanned.items,
                total: Some(total.max(scanned.items)),
            }));
        });
        let storing = async {
            while changed.changed().await.is_ok() {
                let known = changed.borrow_and_update().clone();
                if let Some(known) = known {
                    self.store_progress(revisions, &known).await;
                }
                sleep(PROGRESS_INTERVAL).await;
            }
            std::future::pending::<()>().await
        };
        tokio::select! {
            biased;
            scanned = scanning => { scanned?; Ok(()) }
            () = storing => unreachable!("it does not end"),
        }
    }

    /// Stores the progress for readers. It decides nothing, so a failure is only logged.
    async fn store_progress(&self, revisions: &[Revision], progress: &BuildProgress) {
        for revision in revisions {
            if let Err(error) = self.table.save_build_progress(revision, progress).await {
                tracing::warn!(rollup = revision.rollup, %error, "the progress was not stored");
            }
        }
    }

    fn read_export(
        &self,
        folder: &Path,
        recorder: &ImageRecorder<'_>,
        report: &(dyn Fn(BuildEvent) + Sync),
    ) -> Result<(), BuildError> {
        let export = Export::open(folder)?;
        export.check_cut(i64::from(recorder.cut()))?;
        let record = |item: &Item| recorder.record_scanned(item);
        block(|| export.read(record, |progress| report(BuildEvent::Exported(progress))))?;
        Ok(())
    }

    async fn begin_to_apply(&self, revisions: &[Revision]) -> Result<(), BuildError> {
        let change = |state: &mut RollupsState, _| {
            for revision in revisions {
                match found(state, revision)? {
                    known if known.is_under_way() => known.state = RevisionState::Building,
                    // Another builder was faster; its base is the same.
                    known if known.state == RevisionState::Ready => {}
                    _ => return Err(BuildError::Aborted(revision.rollup.clone())),
                }
            }
            Ok(())
        };
        self.change_state(change).await
    }

    /// Makes revisions ready, and retires those that they replace. Returns the latter.
    async fn make_ready(&self, revisions: &[Revision]) -> Result<Vec<Revision>, BuildError> {
        let change = |state: &mut RollupsState, _| {
            let mut retired = Vec::new();
            for revision in revisions {
                match found(state, revision)? {
                    known if known.is_under_way() => known.state = RevisionState::Ready,
                    known if known.state == RevisionState::Ready => {}
                    _ => return Err(BuildError::Aborted(revision.rollup.clone())),
                }
                for known in &mut state.revisions {
                    let is_replaced = known.rollup == revision.rollup
                        && known.number < revision.number
                        && !matches!(known.state, RevisionState::Aborted | RevisionState::Purged);
                    if is_replaced {
                        known.state = RevisionState::Retired;
                        retired.push(known.clone());
                    }
                }
            }
            Ok(retired)
        };
        self.change_state(change).await
    }
}

/// Returns the revision in the state, if it still has the cut of this build.
fn found<'a>(
    state: &'a mut RollupsState,
    revision: &Revision,
) -> Result<&'a mut Revision, BuildError> {
    let known = state.find_mut(&revision.rollup, revision.number);
    let known = known.filter(|known| known.cut == revision.cut);
    known.ok_or_else(|| BuildError::Aborted(revision.rollup.clone()))
}

/// Sets the state of those revisions that may change.
fn set(
    state: &mut RollupsState,
    revisions: &[Revision],
    to: RevisionState,
    may_change: impl Fn(&Revision) -> bool,
) {
    for revision in revisions {
        let known = state.find_mut(&revision.rollup, revision.number);
        if let Some(known) = known.filter(|known| may_change(known)) {
            known.state = to;
        }
    }
}

/// Returns whole seconds, rounded up.
pub(crate) fn seconds(duration: Duration) -> i64 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i64::try_from(whole).expect("a margin of less than centuries")
}
