//! The running system follows its definition file.
//!
//! ```text
//! save ─► valid? ─► items may stay? ─► compare, tables ─► build begins ─► HTTP ─► ready ─► purge
//!         └─ no ─┴─ no ─┴─ failed: the definition before is served, and the reason is printed
//! ```
//!
//! | to see | read |
//! |---|---|
//! | when the file was saved | `watch` |
//! | which definitions are rejected, and why | `rejection` |
//! | what is printed of a definition that is accepted | `summary` |
//! | what else gets the new definition | `switch` |
//! | how its rollups are built | `builds` |
//!
//! HTTP gets the new definition when the builds have begun: a rollup that is added is answered 503
//! `rollup-building` by its first request.
//!
//! **Invariant:** one definition is built at a time, and the last valid one in the end. A save that
//! is taken while a build runs ends the build; the next one continues what is still wanted.

mod rejection;
mod summary;

use std::future::{Future, pending};
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use weir_model::Model;
use weir_startup::Environment;
use weir_table::error::chain;

use self::summary::Summary;
use super::Error;
use super::builds::Builds;
use super::switch::DefinitionSwitch;
use super::system::View;
use super::tables;
use super::watch::DefinitionWatcher;
use crate::{definition, terminal};

/// The follower of a definition file.
pub(super) struct Reload {
    pub(super) path: PathBuf,
    pub(super) environment: Environment,
    pub(super) watcher: DefinitionWatcher,
    pub(super) switch: DefinitionSwitch,
    /// The definition of the start, which the processor has.
    pub(super) started: Arc<Model>,
    /// The system under the definition that is served.
    pub(super) view: View,
}

/// What is done while the next save is waited for.
type Work = Pin<Box<dyn Future<Output = ()>>>;

/// The outcome of a build.
enum BuildOutcome {
    /// The rollups that are ready; empty if there was nothing to build.
    Ready(String),
    /// The reason why some are not.
    Failed(String),
}

impl Reload {
    /// Follows the file for as long as it is polled.
    ///
    /// # Errors
    /// The output cannot be written.
    pub(super) async fn follow(mut self, out: &mut impl Write) -> Result<(), Error> {
        let (tell, mut outcomes) = unbounded_channel();
        // The build at the start may have replaced revisions.
        let mut work: Work = Box::pin(purge(self.view.clone()));
        loop {
            tokio::select! {
                saved = self.watcher.next() => {
                    let Some(model) = self.accept(saved) else { continue };
                    // The state of the rollups stays as it is while it is compared.
                    drop(work);
                    while let Ok(built) = outcomes.try_recv() {
                        self.report(built, out)?;
                    }
                    self.take(model, out).await?;
                    work = Box::pin(build(self.view.clone(), self.switch.clone(), tell.clone()));
                }
                Some(built) = outcomes.recv() => self.report(built, out)?,
                () = &mut work => work = Box::pin(pending()),
            }
        }
    }

    /// Returns the definition in the text of a saved file. Prints why there is none.
    fn accept(&self, saved: Result<String, definition::Error>) -> Option<Model> {
        let model = match saved.and_then(|text| definition::parse(&self.path, &text)) {
            Ok(model) => model,
            Err(error) => {
                error.print();
                self.print_kept("");
                return None;
            }
        };
        let model = match self.environment.name_tables(model) {
            Ok(model) => model,
            Err(error) => {
                self.print_kept(&format!(": {}", chain(&error)));
                return None;
            }
        };
        let reasons = rejection::reasons(&self.started, &self.view.model, &model);
        if reasons.is_empty() {
            return Some(model);
        }
        self.print_kept(&format!(":\n{reasons}"));
        None
    }

    /// Takes a definition: compares its rollups with those that there are, extends the tables, and
    /// prints what changes. If one of them fails, the definition before stays.
    async fn take(&mut self, model: Model, out: &mut impl Write) -> Result<(), Error> {
        let after = self.view.with_definition(model);
        let wanted = match Builds::new(&after).wanted().await {
            Ok(wanted) => wanted,
            Err(error) => {
                self.fail(&error);
                return Ok(());
            }
        };
        if let Err(error) = self.extend_tables(&after).await {
            self.fail(&error);
            return Ok(());
        }
        let summary = Summary {
            before: &self.view.model,
            after: &after.model,
            wanted: &wanted,
            is_embedded: after.is_embedded,
        };
        write!(out, "{}", summary.text(&self.path))?;
        self.view = after;
        Ok(out.flush()?)
    }

    async fn extend_tables(&self, after: &View) -> Result<(), weir_table::Error> {
        let has_ttl = |view: &View| view.model.table.ttl.is_some();
        if after.is_embedded && has_ttl(&self.view) && !has_ttl(after) {
            after.table.disable_ttl().await?;
        }
        tables::provision(&after.table, after.is_embedded).await.map(drop)
    }

    /// Prints why a valid definition is not taken. The next save is tried, even of the same text.
    fn fail(&mut self, error: &dyn std::error::Error) {
        self.watcher.forget();
        self.print_kept(&format!(": {}", chain(error)));
    }

    /// Prints that a definition is not taken, and why if that is not printed already.
    fn print_kept(&self, why: &str) {
        let path = self.path.display();
        let end = if why.ends_with('\n') { "" } else { "\n" };
        // If standard error is closed, there is no reader.
        let _ = writeln!(
            terminal::messages(),
            "weir: {path} was saved and is not taken{why}{end}weir: the definition before is still \
             served; correct the file and save it again"
        );
    }

    fn report(&mut self, built: BuildOutcome, out: &mut impl Write) -> io::Result<()> {
        match built {
            BuildOutcome::Ready(text) => {
                write!(out, "{text}")?;
                out.flush()
            }
            BuildOutcome::Failed(text) => {
                self.watcher.forget();
                // If standard error is closed, there is no reader.
                let _ = writeln!(
                    terminal::messages(),
                    "weir: {text}\nweir: save {} again to retry",
                    self.path.display()
                );
                Ok(())
            }
        }
    }
}

/// Builds the rollups of a definition, serves it when the builds have begun, and deletes the items
/// that they replace.
async fn build(view: View, switch: DefinitionSwitch, tell: UnboundedSender<BuildOutcome>) {
    let serve = || switch.serve(&view.table, &view.rollups);
    let builds = Builds::new(&view);
    let built = match builds.run(&serve).await {
        Ok(report) => BuildOutcome::Ready(summary::ready(&report)),
        Err(error) => {
            // It may not have begun. What is not built is answered 503.
            serve();
            BuildOutcome::Failed(Error::Build(error).to_string())
        }
    };
    // An error means that nothing is printed any more.
    let _ = tell.send(built);
    builds.purge().await;
}

async fn purge(view: View) {
    Builds::new(&view).purge().await;
}
