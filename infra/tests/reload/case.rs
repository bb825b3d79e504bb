//! One change of a definition, and what is answered before, during and after it.
//!
//! ```text
//! writes   ─────────────────────────────────────────────►
//! answers     before │ building, or as before │ after
//! file               └ saved                    recount
//! ```

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use weir_testing::running::PATIENCE;

use crate::reload::dev::{Dev, LOOK_INTERVAL, save};
use crate::reload::order::{BEFORE, Order, put_orders, write_all_the_time};
use crate::reload::{DEFINITION, edited};

/// The table of items.
const TABLE: &str = "shop";
const ROLLUPS: &str = "shop-rollups";
/// Questions to rollups that a case does not change.
pub(crate) const STATES: &str = "/rollups/states?state=paid";
pub(crate) const SALES: &str = "/rollups/sales?shop=a";

/// A change of the definition.
pub(crate) struct Case<'a> {
    /// Texts of the definition, and what takes their places.
    pub(crate) edits: &'a [(&'a str, &'a str)],
    /// What is printed after `weir.toml was saved: `.
    pub(crate) says: &'static [&'static str],
    /// The question that is asked all the time.
    pub(crate) question: &'static str,
    /// The different answers to it, one after the other.
    pub(crate) answers: &'static [&'static str],
    /// A question to a rollup that does not change.
    pub(crate) unchanged: &'static str,
    /// The numbers of the answer, as a recount gives them.
    pub(crate) recount: fn(&[Order]) -> Vec<(&'static str, f64)>,
}

/// A system that has made a change, for further questions.
pub(crate) struct ChangedSystem {
    pub(crate) dev: Arc<Dev>,
    pub(crate) folder: TempDir,
}

impl Case<'_> {
    /// Changes the definition while items are written and questions are asked, and compares.
    pub(crate) async fn check(&self) -> ChangedSystem {
        let folder = tempfile::tempdir().expect("a folder");
        let dev = Arc::new(Dev::in_memory(folder.path(), DEFINITION).await);
        put_orders(&dev).await;
        let is_counted = |_, answer: &Value| orders(answer) + 0.5 > f64::from(BEFORE) / 2.0;
        dev.answers(SALES, is_counted).await;
        let (status, answer) = dev.http.get(self.question).await;
        assert_eq!(label(status, &answer), self.answers[0], "{answer}");
        let (stop_writing, writing) = write_all_the_time(&dev);
        let (stop_asking, asking) = self.ask_all_the_time(&dev);
        save(folder.path(), &edited(self.edits));
        let mut position = 0;
        let first = self.says.iter().take(1).map(|line| format!("weir.toml was saved: {line}"));
        let rest = self.says.iter().skip(1).map(|line| (*line).to_owned());
        for line in first.chain(rest) {
            position = dev.says_from(position, &line).await;
        }
        let last = *self.answers.last().expect("an answer");
        dev.answers(self.question, |status, answer| label(status, answer) == last).await;
        stop_writing.send_replace(true);
        assert!(writing.await.expect("no write fails") > 0, "nothing was written meanwhile");
        stop_asking.send_replace(true);
        assert_eq!(asking.await.expect("the rest is answered"), self.answers);
        self.assert_recount(&dev).await;
        ChangedSystem { dev, folder }
    }

    /// Asks the question until it is stopped, and two more whose answers must never fail. Returns
    /// the different answers to the first, in their order.
    fn ask_all_the_time(&self, dev: &Arc<Dev>) -> (watch::Sender<bool>, JoinHandle<Vec<String>>) {
        let (stop, stopped) = watch::channel(false);
        let dev = Arc::clone(dev);
        let (question, unchanged) = (self.question, self.unchanged);
        // It may be given only after the file is saved.
        let mut labels: Vec<String> = vec![self.answers[0].to_owned()];
        let asking = async move {
            loop {
                let is_last = *stopped.borrow();
                let (status, answer) = dev.http.get(question).await;
                let label = label(status, &answer);
                if labels.last() != Some(&label) {
                    labels.push(label);
                }
                for path in [unchanged, "/order/1"] {
                    let (status, answer) = dev.http.get(path).await;
                    assert_eq!(status, 200, "{path}: {answer}");
                    let is_previous = answer.get("previous_definition").is_some();
                    assert!(!is_previous, "{path}: {answer}");
                }
                if is_last {
                    return labels;
                }
                tokio::time::sleep(LOOK_INTERVAL / 5).await;
            }
        };
        (stop, tokio::spawn(asking))
    }

    /// Waits until the answer is a recount of the items.
    pub(crate) async fn assert_recount(&self, dev: &Dev) {
        let items = dev.items(TABLE).await;
        let items: Vec<_> = items.iter().filter_map(Order::read).collect();
        let recount = (self.recount)(&items);
        assert!(recount.iter().all(|(_, number)| *number > 0.0), "{recount:?}");
        let is_recount = |_, answer: &Value| {
            let point = answer["points"].get(0).or_else(|| answer["ranks"].get(0));
            let number = |name: &str| point.and_then(|point| point[name].as_f64());
            recount.iter().all(|(name, expected)| number(name) == Some(*expected))
        };
        dev.answers(self.question, is_recount).await;
    }
}

impl ChangedSystem {
    /// Waits until no rollup item of a rollup is left.
    pub(crate) async fn assert_gone(&self, rollup: &str) {
        let is_of_rollup = |item: &Value| {
            let partition = item["PK"]["S"].as_str().unwrap_or_default();
            partition.split(['#', '@', '.', '/']).next() == Some(rollup)
        };
        let asked = Instant::now();
        while self.dev.items(ROLLUPS).await.iter().any(is_of_rollup) {
            assert!(asked.elapsed() < PATIENCE, "{}", self.dev.process.log.text());
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        let (status, answer) = self.dev.http.get(&format!("/rollups/{rollup}?shop=a")).await;
        assert_eq!(label(status, &answer), "400 unknown-rollup");
    }
}

/// Returns what is compared of an answer.
fn label(status: u16, answer: &Value) -> String {
    let problem = answer["type"].as_str().and_then(|kind| kind.rsplit('/').next());
    match (problem, &answer["previous_definition"]) {
        (Some(problem), _) => format!("{status} {problem}"),
        (None, Value::Bool(true)) => format!("{status} previous"),
        (None, _) => status.to_string(),
    }
}

fn orders(answer: &Value) -> f64 {
    answer["points"][0]["orders"].as_f64().unwrap_or_default()
}
