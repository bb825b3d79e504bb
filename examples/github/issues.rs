//! A tracker of issues in typed Rust: opens several at once, each with a number of its own, closes
//! one, and lists the rest.
//!
//! With `weir dev examples/github/weir.toml` running in another terminal:
//!
//! ```text
//! AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000 cargo run -p weir-examples --example issues
//! ```
//!
//! `weir::entities!` generates `Issue`, `NewIssue`, `IssueKey`, `IssueUpdate`, `IssueStatus` and
//! the same for every other entity of the definition file when the program is compiled. A misspelt
//! name, or an invalid file, is an error of the compiler.

use std::io::Write;
use std::process::ExitCode;

use tokio::task::JoinSet;
use weir::TableError;
use weir::prelude::*;

weir::entities!("github/weir.toml");

/// The repository of the issues.
const OWNER: &str = "ann";
const REPO: &str = "weir";

/// A tracker of issues. Cheap to clone.
#[derive(Clone)]
struct Tracker {
    table: Table,
    repositories: Items<Repository>,
    issues: Items<Issue>,
    comments: Items<Comment>,
}

fn main() -> ExitCode {
    weir::run("issues", track())
}

async fn track() -> weir::Result {
    let client = Client::with_model(include_str!("weir.toml").parse()?).await?;
    let tracker = Tracker::new(&client)?;
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
    // The definition has whole seconds.
    let now = Timestamp::from_second(Timestamp::now().as_second())?;
    tracker.close(newest.number, now, "cy", "That is done.").await?;
    match tracker.close(newest.number, now, "bob", "Me too.").await {
        Err(TableError::Cancelled { index: 0, reason }) => {
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
    /// Binds the types to the entities of the definition.
    fn new(client: &Client) -> Result<Self, TableError> {
        Ok(Self {
            repositories: client.items()?,
            issues: client.items()?,
            comments: client.items()?,
            table: client.table().clone(),
        })
    }

    /// Opens an issue under the next number of the repository. An update that adds 1 returns the
    /// new value of the counter, and no two updates return the same. A program that ends before it
    /// writes the issue leaves a number without an issue.
    async fn open(&self, title: &str, author: &str) -> Result<Issue, TableError> {
        let key = RepositoryKey { owner: OWNER.to_owned(), repo: REPO.to_owned() };
        let counted = RepositoryUpdate::new().add_last_number(1);
        let number = self.repositories.patch(&key, &counted.into()).await?.last_number;
        self.issues.create(&NewIssue::new(OWNER, REPO, number, title, author)?).await
    }

    /// Closes an open issue and adds a comment, or does neither.
    async fn close(
        &self,
        number: i64,
        at: Timestamp,
        author: &str,
        why: &str,
    ) -> Result<(), TableError> {
        let key = IssueKey { owner: OWNER.to_owned(), repo: REPO.to_owned(), number };
        let closed = IssueUpdate::new()
            .set_status(IssueStatus::Closed)
            .set_closed_at(at)
            .when(json!({ "status": "open" }));
        let mut transaction = self.table.transaction();
        let closed = Update::from(closed);
        transaction.patch(self.issues.entity(), &self.issues.key(&key)?, &closed, weir::fresh());
        let comment = NewComment::new(OWNER, REPO, number, author, why)?;
        transaction.create(self.comments.item(&comment)?);
        transaction.commit(None).await
    }

    /// Returns the open issues, newest first: one query of an index that reverses their numbers.
    async fn open_issues(&self) -> Result<Vec<Issue>, TableError> {
        let open = json!({ "owner": OWNER, "repo": REPO, "status": IssueStatus::Open });
        self.issues.list("by_status", &open)?.all().await
    }
}
