//! A process of the product's builder or verifier: it builds, aborts, purges, or verifies, and may
//! be killed or suspended at any moment.
//!
//! **Invariant:** a process that is killed sends no further request; those on their way may take
//! effect.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use weir_build::{BuildError, BuildEvent, Builder, PurgeSettings, Verifier, VerifyError};
use weir_table::Table;

use super::site::Site;
use super::suspension::suspendable;
use crate::simulation::caller::{Caller, Death};
use crate::simulation::definition::Definition;
use crate::simulation::tally::Count;

/// The errand of a process of the builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// A build, which may be suspended before it applies its base.
    Build {
        stops: bool,
    },
    Abort,
    /// A purge that waits so long first.
    Purge(Duration),
    /// A verification, which may repair.
    Verify {
        repairs: bool,
    },
}

/// The reason why an errand has failed.
enum Failure {
    Build(BuildError),
    Verify(VerifyError),
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

/// A process that runs or has ended.
pub(super) struct Process {
    name: String,
    task: JoinHandle<()>,
    suspended: Arc<watch::Sender<bool>>,
    resumes_at: Option<Instant>,
    is_build: bool,
}

impl Process {
    /// Starts a process, which may die of one of its requests.
    pub(super) fn start(
        site: &Arc<Site>,
        name: String,
        errand: Errand,
        definition: &Definition,
        death: Option<(u32, Death)>,
    ) -> Self {
        site.world.journal.record(format_args!("{name} starts, {errand:?}: {definition}"));
        let (suspend, suspended) = watch::channel(false);
        let suspend = Arc::new(suspend);
        let (site, definition) = (Arc::clone(site), definition.clone());
        let (own_name, sender) = (name.clone(), Arc::clone(&suspend));
        let task = tokio::spawn(async move {
            let (caller, killed) = Caller::new(own_name.clone(), death);
            let running = caller.scope(run(&site, &own_name, errand, &definition, &sender));
            let running = Box::pin(suspendable(running, suspended));
            let outcome = select(running, killed).await;
            let journal = &site.world.journal;
            match outcome {
                Either::Left((Ok(()), _)) => journal.record(format_args!("{own_name} is done")),
                Either::Left((Err(Failure::Build(error)), _)) => {
                    site.note_failure(&own_name, &error);
                }
                Either::Left((Err(Failure::Verify(error)), _)) => {
                    site.drift.note_failure(&site.world, &own_name, &error);
                }
                Either::Right(_) => {
                    journal.record(format_args!("{own_name} dies"));
                    journal.count(Count::BuildersKilled, 1);
                }
            }
        });
        let is_build = matches!(errand, Errand::Build { .. });
        Self { name, task, suspended: suspend, resumes_at: None, is_build }
    }

    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_build(&self) -> bool {
        self.is_build
    }

    pub(super) fn is_running(&self) -> bool {
        !self.task.is_finished()
    }

    pub(super) fn is_suspended(&self) -> bool {
        *self.suspended.borrow()
    }

    /// Ends it where it is.
    pub(super) fn kill(&self) {
        self.task.abort();
    }

    /// Suspends it for some time; without one, until it is resumed.
    pub(super) fn suspend(&mut self, time: Option<Duration>) {
        self.resumes_at = time.map(|time| Instant::now() + time);
        self.suspended.send_replace(true);
    }

    /// Lets it continue.
    pub(super) fn resume(&mut self) {
        self.resumes_at = None;
        self.suspended.send_replace(false);
    }

    /// Lets it continue some time later.
    pub(super) fn resume_in(&mut self, time: Duration) {
        self.resumes_at = Some(Instant::now() + time);
    }

    /// Lets it continue if it is time.
    pub(super) fn resume_if_due(&mut self) {
        if self.resumes_at.is_some_and(|at| at <= Instant::now()) {
            self.resume();
        }
    }

    /// Waits until it has ended; the error is the panic with which it did, or that it takes longer.
    pub(super) async fn ended(&mut self, limit: Duration) -> Result<(), String> {
        match timeout(limit, &mut self.task).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.is_cancelled() => Ok(()),
            Ok(Err(panic)) => Err(format!("{} panicked: {panic}", self.name)),
            Err(_) => Err(format!("{} does not end within {limit:?}", self.name)),
        }
    }
}

/// Runs an errand to its end.
async fn run(
    site: &Site,
    name: &str,
    errand: Errand,
    definition: &Definition,
    suspended: &watch::Sender<bool>,
) -> Result<(), Failure> {
    let connection = site.network.connect().await;
    let table = Table::new(&connection, Arc::new(definition.model()));
    let builder = Builder::new(&connection, &table, site.settings.clone());
    let journal = &site.world.journal;
    match errand {
        Errand::Build { stops } => {
            let report = |event| {
                site.note(name, &event);
                let is_joined = matches!(event, BuildEvent::Joined(_));
                if stops && is_joined && !site.world.is_calm() {
                    journal.count(Count::BuildersStopped, 1);
                    suspended.send_replace(true);
                }
            };
            builder.run(&[], &report).await?;
        }
        Errand::Abort => {
            let aborted = builder.abort(&[]).await?;
            journal.count(Count::BuildsAborted, aborted.len());
        }
        Errand::Purge(grace) => {
            let settings = PurgeSettings { grace, ..PurgeSettings::LOCAL };
            let deleted = builder.purge(settings, &|_| ()).await?;
            journal.count(Count::Purged, deleted as usize);
        }
        Errand::Verify { repairs } => {
            let verifier = Verifier::new(&connection, &table, site.settings.clone());
            let run = site.drift.begin(repairs);
            let report = |event| run.note(&site.world, name, &event);
            let outcome = verifier.run(&[], repairs, &report).await;
            let outcome = outcome.map_err(Failure::Verify)?;
            run.finish(&site.world, name, &outcome);
        }
    }
    Ok(())
}
