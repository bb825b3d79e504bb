//! Answers of rollup questions and leaderboards, without HTTP.
//!
//! ```text
//! RollupQuery ──plan──► periods ──cover──► buckets ──► rollup items, detail items ──► RollupAnswer
//! RankQuery   ──plan──► a ranking ──► entries of the index ──► rollup items ──► RankAnswer
//! ```
//!
//! A [`QueryEngine`] checks the state of the rollups before it reads them. It rejects a rollup that
//! is not built, and answers one that was changed under its previous definition until a build has
//! replaced it.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use weir_model::Model;
//! use weir_table::{Connection, Rollups, Table};
//! use weir_query::{QueryEngine, Question, RankQuery, RankQuestion, RollupQuery};
//!
//! # async fn example(text: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let model: Arc<Model> = Arc::new(text.parse()?);
//! let connection = Connection::from_variables(|name| std::env::var(name).ok()).await;
//! let rollups = Rollups::new(&connection, &model.table);
//! let engine = QueryEngine::new(&Table::new(&connection, model), &rollups);
//!
//! // The orders of each day of a week.
//! let question = Question {
//!     every: Some("day".to_owned()),
//!     from: Some("2026-11-16".to_owned()),
//!     to: Some("2026-11-23".to_owned()),
//!     ..Question::default()
//! };
//! let answer = engine.answer(&RollupQuery::new("orders", question)).await?;
//! for point in answer.points.iter().flatten() {
//!     println!("{} {}", point["start"], point["orders"]);
//! }
//!
//! // The ten groups with the greatest scores.
//! let ranks = engine.ranks(&RankQuery::new("scores", RankQuestion::default())).await?;
//! for group in &ranks.ranks {
//!     println!("{} {}", group["rank"], group["dimensions"]);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | to see | read |
//! |---|---|
//! | the entry, and the check of the state | `engine`, `status` |
//! | the definition that a rollup is answered under | `served` |
//! | how periods become points, page by page | `series` |
//! | how entries of the index become ranks | `ranks` |
//! | how all groups and buckets become rows of a file | [`export`] |
//! | the sums of rollup items, and measures made of them | `slot`, `measured` |
//! | how detail items are planned and read | `details` |
//! | measures as JSON, the columns of an answer, and its state | `json`, `columns`, `page_info` |
//!
//! **Invariant:** every answer passes the check of [`QueryEngine`]; the functions that read rollups
//! without it are private.

pub mod columns;
mod cursor;
mod details;
mod engine;
mod error;
pub mod export;
mod json;
pub mod limits;
mod measured;
mod page_info;
mod ranks;
mod series;
mod served;
mod slot;
mod stats;
mod status;

pub use weir_rollups::{
    ExportQuestion, ParameterError, ParameterErrors, Question, RankQuestion, Revision,
};
pub use weir_table::WriteToken;

pub use columns::Columns;
pub use engine::QueryEngine;
pub use error::QueryError;
pub use export::{Export, ExportQuery};
pub use page_info::PageInfo;
pub use ranks::{RankAnswer, RankQuery};
pub use series::{AnswerGroup, AnswerPoint, ComparedRange, RollupAnswer, RollupQuery};
pub use status::{AfterWrite, Completeness, RollupsSnapshot};
