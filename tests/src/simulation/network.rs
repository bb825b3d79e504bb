//! The network below the SDK: it takes each request of a world to the embedded DynamoDB, or does
//! not.
//!
//! It reads the body of a request to its end, as a connection does. The SDK takes a body that is
//! not read for an upload that has stalled, judges that by the clock of the machine, and breaks the
//! attempt off: a loaded machine made other worlds.
//!
//! **Invariant:** what arrives takes effect even if its sender is gone; [`World::landed`] waits for
//! it.

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::sleep;
use weir_table::Connection;

use super::caller::{Caller, Death};
use super::clock::http_date;
use super::dynamodb::{DynamoDb, StatusAndText, conflict, exception};
use super::faults::{Ending, Fate, Faults, Sent, Service};
use super::items_table;
use super::request::Request;
use super::shop::{ROLLUPS_TABLE, TABLE};
use super::source::Change;
use super::state_item;
use super::streams::Streams;
use super::tally::Count;
use super::world::World;

/// No server listens there: the network is a function call.
const ENDPOINT: &str = "http://127.0.0.1:8000";
/// The definition that an old version of Weir does not understand.
const LATER_DEFINITION: &str = "[later]\n";
/// The status of an operation that is not served.
const UNKNOWN: u16 = 400;

/// An answer of DynamoDB.
struct Answer {
    status: u16,
    body: String,
    date: String,
}

/// The way to DynamoDB.
#[derive(Clone)]
pub(crate) struct Network {
    world: Arc<World>,
    dynamodb: DynamoDb,
    streams: Streams,
    faults: Arc<Mutex<Faults>>,
}

impl Network {
    /// Returns the network of a world.
    pub(crate) fn new(
        world: &Arc<World>,
        dynamodb: &DynamoDb,
        streams: Streams,
        faults: Faults,
    ) -> Self {
        let (world, dynamodb) = (Arc::clone(world), dynamodb.clone());
        Self { world, dynamodb, streams, faults: Arc::new(Mutex::new(faults)) }
    }

    /// Returns a connection over this network, with retry quotas of its own.
    pub(crate) async fn connect(&self) -> Connection {
        Connection::to(ENDPOINT).await.with_http_client(self.clone())
    }

    async fn send(self, mut request: Request) -> Result<HttpResponse, ConnectorError> {
        request.is_of_old_version = Caller::is_of_old_version();
        let death = Caller::next_request();
        let fate = self.fate(&request, death);
        let (answer, answered) = oneshot::channel();
        let ending = fate.ending;
        if fate.arrival.is_some() {
            tokio::spawn(self.arrive(request, fate, answer));
        }
        if death.is_some() {
            return pending().await;
        }
        match ending {
            Ending::Silence => pending().await,
            Ending::Broken { after, is_retried } => {
                sleep(after).await;
                let reset = "the connection was reset".into();
                Err(match is_retried {
                    true => ConnectorError::io(reset),
                    false => ConnectorError::other(reset, None),
                })
            }
            Ending::Answered(_) => match answered.await {
                Ok(answer) => Ok(answer.into()),
                Err(_) => pending().await,
            },
        }
    }

    /// Returns the database at the other end.
    pub(crate) fn dynamodb(&self) -> DynamoDb {
        self.dynamodb.clone()
    }

    /// Decides the fate of a request, and records it.
    fn fate(&self, request: &Request, death: Option<Death>) -> Fate {
        let sent = Sent {
            partition: &request.partition,
            is_write: request.is_write(),
            service: request.service,
        };
        let mut fate = self.faults.lock().expect("no panic").decide(sent, self.world.is_calm());
        if death == Some(Death::BeforeEffect) {
            fate.arrival = None;
        }
        let journal = &self.world.journal;
        let Request { operation, about, attempt, .. } = request;
        if request.writes_items {
            journal.violate(format!("{} writes an item: {operation} {about}", Caller::name()));
        }
        journal.record(format_args!("{} {operation} {about} ×{attempt}: {fate}", Caller::name()));
        journal.count(Count::Requests, 1);
        if let Some(refusal) = fate.refusal {
            journal.count(refusal.count(), 1);
        }
        match (fate.arrival, fate.ending) {
            (_, Ending::Answered(_)) => {}
            (None, _) => journal.count(Count::BrokenConnections, 1),
            (Some(_), _) => journal.count(Count::LostResponses, 1),
        }
        fate
    }

    /// Serves a request at the other end, whether or not its sender still waits.
    async fn arrive(self, request: Request, fate: Fate, answer: oneshot::Sender<Answer>) {
        let _flight = self.world.fly();
        sleep(fate.arrival.unwrap_or_default()).await;
        if let Some(refusal) = fate.refusal {
            if let Ending::Answered(after) = fate.ending {
                sleep(after).await;
            }
            let refused = match request.actions {
                Some(actions) if refusal.count() == Count::Conflicts => conflict(actions),
                _ => exception(refusal.status, refusal.exception),
            };
            let _ = answer.send(Answer::new(&self.world, refused));
            return;
        }
        let served = Answer::new(&self.world, self.serve(&request));
        let journal = &self.world.journal;
        let Request { operation, about, .. } = &request;
        let status = served.status;
        let is_late = answer.is_closed();
        let failed = served.body.contains("ConditionalCheckFailed");
        journal.record(format_args!("  {operation} {about} in effect: {status} late={is_late}"));
        if is_late {
            journal.count(Count::LateEffects, 1);
        }
        if failed {
            journal.count(Count::Refolds, 1);
        }
        if request.actions.is_some() {
            let became = if status == 200 { Count::Crossings } else { Count::CancelledCrossings };
            journal.count(became, 1);
        }
        if let Ending::Answered(after) = fate.ending {
            sleep(after).await;
            let _ = answer.send(served);
        }
    }

    /// Serves a request, which makes records of the rollup items beside the items that it changes.
    fn serve(&self, request: &Request) -> StatusAndText {
        let read = |key: &Value| self.dynamodb.find(TABLE, key);
        let before: Vec<_> = request.colocated.iter().map(read).collect();
        let is_of_state = request.is_write() && request.is_of_state();
        let state = || is_of_state.then(|| state_item::read(&self.dynamodb, ROLLUPS_TABLE))?;
        let state_before = state();
        let served = self.serve_at_once(request);
        if is_of_state {
            state_item::check_change(&self.world, state_before.as_ref(), state().as_ref());
        }
        for (key, old) in request.colocated.iter().zip(before) {
            let new = read(key);
            if old != new {
                let change = Change { keys: key.clone(), old, new };
                let lag = self.world.source().note_rollup_item(change);
                self.world.journal.count(Count::ColocatedRecords, 1);
                self.world.notify();
                self.world.notify_in(lag);
            }
        }
        served
    }

    fn serve_at_once(&self, request: &Request) -> StatusAndText {
        let Request { operation, body, table, .. } = request;
        let served = match request.service {
            Service::DynamoDb => match (operation.as_str(), table.as_str()) {
                ("DescribeTable", table) => {
                    let described = items_table::describe(&self.world, table);
                    described.map(|description| (200, description.to_string()))
                }
                ("Scan", TABLE) => {
                    let request = serde_json::from_slice(body).expect("the SDK writes JSON");
                    let page = items_table::scan(&self.world, &self.dynamodb, &request);
                    Some((200, page.to_string()))
                }
                ("GetItem", _) if request.is_of_old_version && request.is_definition() => {
                    self.world.journal.count(Count::UnknownDefinitions, 1);
                    let text = json!({ "Item": { "text": { "S": LATER_DEFINITION } } });
                    Some((200, text.to_string()))
                }
                _ => self.dynamodb.serve(operation, body),
            },
            Service::Streams => self.streams.serve(operation, body),
        };
        served.unwrap_or_else(|| {
            self.world.journal.violate(format!("{operation} is not served by the simulation"));
            exception(UNKNOWN, "UnknownOperationException")
        })
    }
}

impl HttpConnector for Network {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let sent = Request::read(&request, &self.world);
        let body = ByteStream::new(request.take_body());
        let network = self.clone();
        HttpConnectorFuture::new(async move {
            body.collect().await.expect("a body in memory");
            network.send(sent).await
        })
    }
}

impl HttpClient for Network {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Network")
    }
}

impl Answer {
    /// Returns an answer that DynamoDB gives now.
    fn new(world: &World, (status, body): StatusAndText) -> Self {
        Self { status, body, date: http_date(world.now_ms()) }
    }
}

impl From<Answer> for HttpResponse {
    fn from(answer: Answer) -> Self {
        let status = answer.status.try_into().expect("a status");
        let mut response = Self::new(status, SdkBody::from(answer.body));
        response.headers_mut().insert("date", answer.date);
        response
    }
}
