//! The running system: its parts, and the order in which they start and stop.
//!
//! ```text
//! start   ports ──► DynamoDB ──► tables ──► event source mapping ──► HTTP
//! stop    HTTP: no more requests ──► mapping: batch in flight, lease ──► DynamoDB: the file
//! ```

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use dynoxide::storage::Storage;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use weir_http::Server;
use weir_model::Model;
use weir_processor::Processor;
use weir_processor::mapping::{EventSourceMapping, Progress, Settings, Source};
use weir_startup::{Environment, StartError};
use weir_table::checkpoints::Checkpoints;
use weir_table::error::chain;
use weir_table::{Connection, OpenedState, Provisioned, Rollups, RollupsState, Table};

use super::Error;
use super::database::{Embedded, Trimmer, sweep_interval};
use super::part::Part;
use super::switch::DefinitionSwitch;
use super::tables;

/// Who holds the lease of the stream: the one process that has the embedded database.
const OWNER: &str = "weir dev";
/// The pause after a read of the stream that found nothing: a change is to be seen at once.
const IDLE_PAUSE: Duration = Duration::from_millis(50);
/// The most records of a batch: enough that each rollup item is written rarely, few enough that a
/// batch ends soon after a request to stop.
const BATCH_RECORDS: usize = 5_000;
/// How long a batch may fill. A load makes larger batches then, which touch each rollup item less
/// often.
const BATCHING_WINDOW: Duration = Duration::from_millis(100);
/// How long batches in flight are waited for on a stop: a user waits at the terminal.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// Where the DynamoDB is.
pub(super) enum Host {
    /// In this process.
    Embedded {
        /// The file that it is kept in; in memory without one.
        data: Option<PathBuf>,
        /// The port that it serves.
        port: u16,
    },
    /// At a URL.
    Endpoint(String),
}

/// Everything that runs.
pub(super) struct System {
    /// The view of the system for the parts of `weir dev`.
    pub(super) view: View,
    /// What gets another definition while it runs.
    pub(super) switch: DefinitionSwitch,
    http: Part,
    mapping: Part,
    trimmer: Option<Part>,
    database: Option<Part>,
}

/// The running system as its user sees it. Cheap to clone.
#[derive(Clone)]
pub(super) struct View {
    pub(super) model: Arc<Model>,
    pub(super) table: Table,
    pub(super) rollups: Rollups,
    pub(super) connection: Connection,
    pub(super) checkpoints: Checkpoints,
    /// Whether the table was made just now.
    pub(super) is_new: bool,
    /// Whether its rollups count every change.
    pub(super) state: RollupsState,
    /// Where writer and reader are.
    pub(super) url: String,
    /// Where the DynamoDB is.
    pub(super) endpoint: String,
    /// Whether the DynamoDB is in this process.
    pub(super) is_embedded: bool,
    progress: Progress,
}

impl System {
    /// Starts everything.
    pub(super) async fn start(model: Arc<Model>, host: Host, port: u16) -> Result<Self, Error> {
        let environment = Environment::from_process();
        let server = environment.server()?;
        let limits = environment.read_limits().map_err(StartError::from)?;
        let mut reading = weir_reader::Settings { limits, ..weir_reader::Settings::default() };
        if let Some(write_wait) = environment.write_wait().map_err(StartError::from)? {
            reading.write_wait = write_wait;
        }
        let http = bind(port, "--port").await?;
        let url = url(&http)?;
        let owner = match &host {
            Host::Embedded { .. } => OWNER.to_owned(),
            Host::Endpoint(_) => format!("{OWNER} {}", process::id()),
        };
        let (sweeps, sweeping) = watch::channel(sweep_interval(&model));
        let Serving { endpoint, database, storage } =
            database(host, server.clone(), sweeping).await?;
        let connection = Connection::to(&endpoint).await;
        let mut table = Table::new(&connection, Arc::clone(&model));
        if storage.is_some() {
            // The embedded DynamoDB keeps tokens in memory, and the file outlives the process.
            table = table.with_receipts();
        }
        let is_embedded = database.is_some();
        let provisioned = tables::provision(&table, is_embedded).await;
        let provisioned =
            provisioned.map_err(|source| Error::DynamoDb { endpoint: endpoint.clone(), source })?;
        let rollups = Rollups::new(&connection, &model.table);
        let checkpoints = table.checkpoints();
        let trimmer = storage.map(|storage| {
            let (table, checkpoints) = (table.clone(), checkpoints.clone());
            Trimmer::new(storage, table, checkpoints, &provisioned.stream_arn).start()
        });
        let defaults = Settings::new(Source::Stream(provisioned.stream_arn.clone()), owner);
        let visibility_margin = match database {
            // The embedded DynamoDB shows a record at once.
            Some(_) => Duration::ZERO,
            None => defaults.visibility_margin,
        };
        let settings = Settings {
            visibility_margin,
            batch_size: BATCH_RECORDS,
            batching_window: BATCHING_WINDOW,
            idle_pause: IDLE_PAUSE,
            shutdown_timeout: SHUTDOWN_TIMEOUT,
            ..defaults
        };
        let mapping = EventSourceMapping::new(&connection, checkpoints.clone(), settings)
            .of_table(table.clone());
        let progress = mapping.progress();
        let Provisioned { is_new, rollups: state, .. } = provisioned;
        let opened = OpenedState { state: state.clone(), found_gap: false };
        let processor = Processor::new(Arc::clone(&model))
            .rollups(rollups.clone())
            .state(table.clone(), &opened);
        let mapping = poll(mapping, processor);
        let switch = DefinitionSwitch::new(&table, &rollups, reading, sweeps);
        let http = serve(http, server, switch.app());
        let view = View {
            model,
            table,
            rollups,
            connection,
            checkpoints,
            is_new,
            state,
            url,
            endpoint,
            is_embedded,
            progress,
        };
        Ok(Self { view, switch, http, mapping, trimmer, database })
    }

    /// Waits until a part ends by itself.
    pub(super) async fn broken(&mut self) -> Error {
        let database = async {
            match &mut self.database {
                Some(database) => database.broken().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            error = self.http.broken() => error,
            error = self.mapping.broken() => error,
            error = database => error,
        }
    }

    /// Stops everything, each part after those that need it.
    pub(super) async fn stop(self) -> Result<(), Error> {
        let http = self.http.stop().await;
        let mapping = self.mapping.stop().await;
        let mut outcome = http.and(mapping);
        for part in [self.trimmer, self.database].into_iter().flatten() {
            outcome = outcome.and(part.stop().await);
        }
        outcome
    }
}

impl View {
    /// Returns the view of the same system under another definition of its tables.
    pub(super) fn with_definition(&self, model: Model) -> Self {
        let model = Arc::new(model);
        let table = self.table.with_definition(Arc::clone(&model));
        let rollups = Rollups::new(&self.connection, &model.table);
        Self { model, table, rollups, ..self.clone() }
    }

    /// Waits until every change made so far is in the rollups. `replaying` is called with the first
    /// that is counted.
    pub(super) async fn catch_up(
        &self,
        mut stopping: watch::Receiver<bool>,
        replaying: impl FnOnce() -> std::io::Result<()>,
    ) -> Result<(), Error> {
        let mut replaying = Some(replaying);
        let style =
            ProgressStyle::with_template("{spinner} {msg}").expect("the template is constant");
        let spinner = ProgressBar::new_spinner().with_style(style);
        spinner.enable_steady_tick(TICK);
        let mut progress = self.progress.clone();
        let caught_up = self.progress.caught_up_after(Instant::now());
        tokio::pin!(caught_up);
        let outcome = loop {
            let records = progress.snapshot().records;
            if let Some(replaying) = replaying.take_if(|_| records > 0) {
                replaying()?;
            }
            spinner.set_message(format!("{records} changes are in the rollups"));
            tokio::select! {
                ended = &mut caught_up => break ended.map_err(stopped),
                ended = progress.changed() => if let Err(ended) = ended {
                    break Err(stopped(ended));
                },
                _ = stopping.wait_for(|stop| *stop) => break Err(Error::Stopped),
            }
        };
        spinner.finish_and_clear();
        outcome
    }
}

fn stopped(error: weir_processor::mapping::Stopped) -> Error {
    Error::Ended { part: MAPPING, reason: error.to_string() }
}

/// The name of the part that polls.
const MAPPING: &str = "event source mapping";

/// A DynamoDB that answers at its endpoint.
struct Serving {
    endpoint: String,
    /// The embedded one.
    database: Option<Part>,
    /// Another connection to its file, to trim the stream.
    storage: Option<Storage>,
}

async fn database(
    host: Host,
    server: Server,
    sweeps: watch::Receiver<Option<Duration>>,
) -> Result<Serving, Error> {
    match host {
        Host::Endpoint(endpoint) => Ok(Serving { endpoint, database: None, storage: None }),
        Host::Embedded { data, port } => {
            let listener = bind(port, "--dynamodb-port").await?;
            let endpoint = url(&listener)?;
            let embedded = Embedded::open(data.as_deref())?;
            let storage = embedded.trimming_storage()?;
            let database = Some(embedded.serve(listener, server, sweeps));
            Ok(Serving { endpoint, database, storage })
        }
    }
}

fn poll(mapping: EventSourceMapping, processor: Processor) -> Part {
    Part::start(MAPPING, move |stop| async move {
        processor.poll(mapping, stop.requested()).await.map_err(|error| chain(&error))
    })
}

fn serve(listener: TcpListener, server: Server, app: Router) -> Part {
    Part::start("HTTP server", move |stop| async move {
        server.serve(listener, app, stop.requested()).await.map_err(|error| error.to_string())
    })
}

async fn bind(port: u16, flag: &'static str) -> Result<TcpListener, Error> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    bound.map_err(|reason| Error::Port { port, flag, reason })
}

fn url(listener: &TcpListener) -> Result<String, Error> {
    Ok(format!("http://{}", listener.local_addr()?))
}
