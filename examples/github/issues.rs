//! A tracker of issues in typed Rust: opens several at once, each with a number of its own, closes
//! one, and lists the rest.
//!
//! With `weir dev examples/github/weir.toml` running in another terminal:
//!
//! ```text
//! cargo run --release -p weir-examples --example issues
//! ```
//!
//! `weir_macros::entities!` makes `Issue`, `NewIssue`, `IssueKey`, `IssueUpdate`, `IssueStatus` and the
//! same of every other entity from the definition file, when this is compiled: a name that is
//! misspelt, or a file that is wrong, is an error then.

use std::io::Write;

use jiff::{Timestamp, Unit};
use serde_json::json;
use tokio::task::JoinSet;
use weir_model::Update;
use weir_startup::Environment;
use weir_table::{Connection, Error, Items, Table};

weir_macros::entities!("github/weir.toml");

/// The DynamoDB of `weir dev`, unless `AWS_ENDPOINT_URL_DYNAMODB` names another.
const ENDPOINT: &str = "http://127.0.0.1:8000";
/// The repository that this is about.
const OWNER: &str = "ann";
const REPO: &str = "weir";

/// The items that a tracker writes and reads. Cheap to clone.
#[derive(Clone)]
struct Tracker {
    table: Table,
    repositories: Items<Repository>,
    issues: Items<Issue>,
    comments: Items<Comment>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = Environment::from_process();
    let endpoint = environment.text("AWS_ENDPOINT_URL_DYNAMODB");
    let connection = Connection::to(endpoint.as_deref().unwrap_or(ENDPOINT)).await;
    let model = environment.name_tables(include_str!("weir.toml").parse()?)?;
    let tracker = Tracker::new(Table::new(&connection, model.into()))?;
    let mut out = std::io::stdout();

    let mut opening = JoinSet::new();
    for title in ["Name the gates", "Paint the gates", "Oil the gates", "Count the gates"] {
        let tracker = tracker.clone();
        opening.spawn(async move { tracker.open(title, "cy").await });
    }
    for opened in opening.join_all().await {
        let Issue { number, title, .. } = opened?;
        writeln!(out, "opened {number}: {title}")?;
    }

    let newest = tracker.open_issues().await?.into_iter().next().ok_or("no issue is open")?;
    // As fine as the definition has it: whole seconds.
    let now = Timestamp::now().round(Unit::Second)?;
    tracker.close(newest.number, now, "cy", "That is done.").await?;
    match tracker.close(newest.number, now, "bob", "Me too.").await {
        Err(Error::Cancelled { index: 0, reason }) => {
            writeln!(out, "closed {}, and not twice: {reason}", newest.number)?;
        }
        other => other?,
    }
    for Issue { number, title, .. } in tracker.open_issues().await? {
        writeln!(out, "open {number}: {title}")?;
    }
    Ok(())
}

impl Tracker {
    /// The items of a table, whose definition the types are compared with.
    fn new(table: Table) -> Result<Self, Error> {
        Ok(Self {
            repositories: table.entity("repository")?,
            issues: table.entity("issue")?,
            comments: table.entity("comment")?,
            table,
        })
    }

    /// Opens an issue under the next number of the repository. An update that adds 1 answers with
    /// what the counter has become, and no two are answered the same. Who is gone before the issue
    /// is written leaves a number that no issue has.
    async fn open(&self, title: &str, author: &str) -> Result<Issue, Error> {
        let key = RepositoryKey { owner: OWNER.to_owned(), repo: REPO.to_owned() };
        let counted = RepositoryUpdate::new().add_last_number(1);
        let number = self.repositories.patch(&key, &counted.into()).await?.last_number;
        self.issues.create(&NewIssue::new(OWNER, REPO, number, title, author)).await
    }

    /// Closes an issue that is open and says why, or does neither.
    async fn close(
        &self,
        number: i64,
        at: Timestamp,
        author: &str,
        why: &str,
    ) -> Result<(), Error> {
        let key = IssueKey { owner: OWNER.to_owned(), repo: REPO.to_owned(), number };
        let closed = IssueUpdate::new()
            .set_status(IssueStatus::Closed)
            .set_closed_at(at)
            .when(json!({ "status": "open" }));
        let mut transaction = self.table.transaction();
        let closed = Update::from(closed);
        transaction.patch(
            self.issues.entity(),
            &self.issues.key(&key)?,
            &closed,
            weir_table::fresh(),
        );
        let comment = NewComment::new(OWNER, REPO, number, author, why);
        transaction.create(self.comments.item(&comment)?);
        transaction.commit(None).await
    }

    /// The open issues, newest first: one query of an index in which their numbers are reversed.
    async fn open_issues(&self) -> Result<Vec<Issue>, Error> {
        let open = json!({ "owner": OWNER, "repo": REPO, "status": IssueStatus::Open });
        self.issues.list("by_status", &open)?.all().await
    }
}
