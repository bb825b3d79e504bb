//! A shop that is served: writer and reader merged, as `weir dev` serves them.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use serde_json::Value;
use tower::ServiceExt;
use weir_http::{CursorKeys, Seal};
use weir_reader::Settings;
use weir_rollups::Image;
use weir_table::{Budget, Connection, Reads, Rollups, Table};
use weir_testing::changes;
use weir_testing::dynamodb::{TestDynamo, with_own_tables};
use weir_testing::fixture::fixture;
pub(crate) use weir_testing::http::encoded;
use weir_testing::json::item;

/// The application and what it is made of.
pub(crate) struct Shop {
    pub(crate) table: Table,
    pub(crate) rollups: Rollups,
    app: Router,
    cursors: CursorKeys,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// What was read for it.
    pub(crate) read: Option<Reads>,
}

impl Shop {
    /// A shop whose tables are made, and empty.
    pub(crate) async fn open() -> Self {
        let shop = Self::without_tables().await;
        shop.table.provision().await.expect("tables can be made");
        shop
    }

    /// A shop whose tables do not exist.
    pub(crate) async fn without_tables() -> Self {
        Self::defined(&fixture("shop")).await
    }

    /// A shop of another definition, whose tables are made, and empty.
    pub(crate) async fn with_definition(definition: &str) -> Self {
        let shop = Self::defined(definition).await;
        shop.table.provision().await.expect("tables can be made");
        shop
    }

    /// A shop of another definition over a connection, whose tables are made, and empty.
    pub(crate) async fn over(connection: Connection, definition: &str) -> Self {
        let shop = Self::connected(connection, definition);
        shop.table.provision().await.expect("tables can be made");
        shop
    }

    async fn defined(definition: &str) -> Self {
        Self::connected(TestDynamo::start().await.connect().await, definition)
    }

    fn connected(connection: Connection, definition: &str) -> Self {
        let model = definition.parse().unwrap_or_else(|error| panic!("{error:?}"));
        let model = Arc::new(with_own_tables(model));
        let rollups = Rollups::new(&connection, &model.table);
        let settings = Settings::default();
        Self::serving(settings, Table::new(&connection, model), rollups)
    }

    /// The same shop, whose requests read no more than this.
    pub(crate) fn within(&self, limits: Reads) -> Self {
        let settings = Settings { limits, cursors: self.cursors.clone(), ..Settings::default() };
        Self::serving(settings, self.table.clone(), self.rollups.clone())
    }

    /// The same tables, as another process serves them.
    pub(crate) fn restarted(&self) -> Self {
        Self::serving(Settings::default(), self.table.clone(), self.rollups.clone())
    }

    fn serving(settings: Settings, table: Table, rollups: Rollups) -> Self {
        let routes = weir_http::routes::all(table.model());
        let cursors = settings.cursors.clone();
        let reader = weir_reader::app(table.clone(), rollups.clone(), settings);
        let app = weir_writer::app(table.clone()).merge(reader);
        Self { table, rollups, app: weir_http::finish(app, &routes), cursors }
    }

    /// The cursor that a caller without a name receives for a position in a list.
    pub(crate) fn sealed(&self, list: &[&str], asked: &[(&str, &str)], position: &str) -> String {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let asked: Vec<_> = asked.iter().map(pair).collect();
        let seal = Seal::new(&self.cursors, "", list, &asked);
        seal.close(Some(position.to_owned())).expect("a cursor")
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: impl ToString) -> Reply {
        self.send_with(&[], method, path, body).await
    }

    /// The same shop, which writes the audit log.
    pub(crate) fn audited(self) -> Self {
        Self { app: weir_writer::audited(self.app), ..self }
    }

    /// Sends a request with headers.
    pub(crate) async fn send_with(
        &self,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: impl ToString,
    ) -> Reply {
        self.send_by(None, headers, method, path, body).await
    }

    /// Sends a request of a caller that the host has authenticated.
    pub(crate) async fn send_by(
        &self,
        caller: Option<&str>,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: impl ToString,
    ) -> Reply {
        let request = Request::builder().method(method).uri(path);
        let own = (header::CONTENT_TYPE.as_str(), "application/json");
        let is_typed = headers.iter().any(|(name, _)| *name == own.0);
        let headers = headers.iter().chain((!is_typed).then_some(&own));
        let request = headers.fold(request, |request, (name, text)| request.header(*name, *text));
        let mut request = request.body(Body::from(body.to_string())).expect("a request");
        if let Some(caller) = caller {
            request.extensions_mut().insert(weir_http::Caller::new(caller));
        }
        let response = self.app.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        Reply {
            status: parts.status.as_u16(),
            read: parts.extensions.get::<Budget>().map(Budget::spent),
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "").await
    }

    /// Counts items of an entity as if they had come through the stream.
    pub(crate) async fn count(&self, entity: &str, rows: &[Value]) {
        let model = self.table.model();
        let entity = model.entity(entity).expect("it is defined");
        let change = |(position, row)| {
            changes::change(100 + position, Image::Insert { new: item(entity, row) })
        };
        let counted: Vec<_> = rows.iter().enumerate().map(change).collect();
        changes::count(model, &self.rollups, &counted).await;
    }

    /// Writes rows, each of which must be written.
    pub(crate) async fn load(&self, entity: &str, rows: &[Value]) {
        let reply = self.send("POST", &format!("/batch/{entity}"), Value::from(rows)).await;
        assert_eq!(reply.json()["written"], rows.len(), "{}", reply.text);
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The status and the type of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        let json = self.json();
        let kind = json["type"].as_str().unwrap_or_else(|| panic!("no problem: {}", self.text));
        (self.status, kind.trim_start_matches("/problems/").to_owned())
    }
}

/// A problem as [`Reply::problem`] tells it.
pub(crate) fn problem(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}
