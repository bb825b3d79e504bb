//! What follows from the definition and gets another one while it runs: the HTTP application, and
//! how often expired items are removed.
//!
//! The event source mapping keeps the definition of the start. It counts each rollup by the stored
//! definition that the state of the rollups names, which it reads before each batch.

use std::time::Duration;

use axum::Router;
use tokio::sync::watch;
use weir_http::ReplaceableApp;
use weir_table::{Rollups, Table};

use super::database::sweep_interval;

/// The parts of the system that get another definition. Clones are the same parts.
#[derive(Clone)]
pub(super) struct DefinitionSwitch {
    app: ReplaceableApp,
    /// The same for every application, so that cursors stay valid.
    reading: weir_reader::Settings,
    sweeps: watch::Sender<Option<Duration>>,
}

impl DefinitionSwitch {
    /// Returns the parts that begin with the definition of a table.
    pub(super) fn new(
        table: &Table,
        rollups: &Rollups,
        reading: weir_reader::Settings,
        sweeps: watch::Sender<Option<Duration>>,
    ) -> Self {
        let app = ReplaceableApp::new(app(table, rollups, &reading));
        Self { app, reading, sweeps }
    }

    /// Returns the application to serve.
    pub(super) fn app(&self) -> Router {
        self.app.router()
    }

    /// Serves the definition of a table from now on.
    pub(super) fn serve(&self, table: &Table, rollups: &Rollups) {
        self.app.replace(app(table, rollups, &self.reading));
        // The pause between two sweeps begins anew with each change, so there is one only if need
        // be.
        let wanted = sweep_interval(table.model());
        self.sweeps.send_if_modified(|sweeps| std::mem::replace(sweeps, wanted) != wanted);
    }
}

fn app(table: &Table, rollups: &Rollups, reading: &weir_reader::Settings) -> Router {
    let routes = weir_http::routes::all(table.model());
    let reader = weir_reader::app(table.clone(), rollups.clone(), reading.clone());
    weir_http::finish(weir_writer::app(table.clone()).merge(reader), &routes)
}
