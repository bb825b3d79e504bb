//! Tests of the loop that sends rows.

use serde_json::json;

use super::*;
use crate::rows::Source;

/// A sink that remembers what it was sent and answers as a test says.
struct Recorder {
    sent: Vec<usize>,
    passed: Vec<u64>,
    answers: Vec<BatchResult>,
}

impl Sink for Recorder {
    type Error = std::convert::Infallible;

    fn send(&mut self, objects: &[Object]) -> Result<BatchResult, Self::Error> {
        self.sent.push(objects.len());
        Ok(if self.answers.is_empty() { BatchResult::default() } else { self.answers.remove(0) })
    }

    fn advance(&mut self, rows: u64) -> Result<(), Self::Error> {
        self.passed.push(rows);
        Ok(())
    }
}

fn row(line: u64, bytes: usize) -> Row {
    let values = json!({"line": line}).as_object().cloned().expect("an object");
    Row { line, bytes, values: Ok(values) }
}

/// Returns the calls of the sink, the numbers of rows, and the messages.
fn check(rows: Vec<Row>, answers: Vec<BatchResult>) -> (Recorder, LoadStats, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, told) = (directory.path().join("rows"), directory.path().join("told"));
    std::fs::write(&path, "").expect("written");
    let source = Source::open(&path, None).expect("opened");
    let mut recorder = Recorder { sent: Vec::new(), passed: Vec::new(), answers };
    let mut progress = Progress::new(&source, std::fs::File::create(&told).expect("a file"));
    let Ok(stats) = load_rows(rows.into_iter(), &mut progress, &mut recorder);
    let told = std::fs::read_to_string(told).expect("told");
    (recorder, stats, told.replace(&format!("{}", path.display()), "rows"))
}

#[test]
fn batches_are_bounded_by_rows_and_by_bytes() {
    let (recorder, stats, _) = check((1..=251).map(|line| row(line, 10)).collect(), vec![]);
    assert_eq!((recorder.sent, recorder.passed), (vec![250, 1], vec![250, 251]));
    assert_eq!(stats.to_string(), "251 rows: 251 written, 0 refused");
    let large = (1..=3).map(|line| row(line, MAX_BATCH_BYTES / 2)).collect();
    assert_eq!(check(large, vec![]).0.sent, [2, 1]);
}

#[test]
fn what_was_left_undone_is_sent_again_and_the_rest_is_not() {
    let first = BatchResult { refused: vec![(0, "bad".to_owned())], unprocessed: vec![1, 3] };
    let second = BatchResult { refused: vec![], unprocessed: vec![1] };
    let (recorder, stats, told) =
        check((1..=4).map(|line| row(line, 10)).collect(), vec![first, second]);
    assert_eq!(recorder.sent, [4, 2, 1]);
    assert_eq!(stats, LoadStats { written: 3, refused: 1, unwritten: 0 });
    assert!(!stats.is_whole());
    assert_eq!(told, "rows:1: bad\n");
}

#[test]
fn a_row_that_cannot_be_read_is_counted_and_the_rest_is_sent() {
    let bad = Row { line: 2, bytes: 0, values: Err("not JSON".to_owned()) };
    let (recorder, stats, told) = check(vec![row(1, 10), bad, row(3, 10)], vec![]);
    assert_eq!((recorder.sent, recorder.passed), (vec![2], vec![3]));
    assert_eq!(told, "rows:2: not JSON\n");
    assert_eq!(stats.to_string(), "3 rows: 2 written, 1 refused");
}

#[test]
fn an_empty_file_is_no_batch() {
    let (recorder, stats, _) = check(vec![], vec![]);
    assert_eq!(
        (recorder.sent.len(), stats.to_string()),
        (0, "0 rows: 0 written, 0 refused".to_owned())
    );
}

#[test]
fn many_refused_rows_are_told_as_a_number() {
    let bad = |line| Row { line, bytes: 0, values: Err("not JSON".to_owned()) };
    let (_, stats, told) = check((1..=25).map(bad).collect(), vec![]);
    assert_eq!(stats.to_string(), "25 rows: 0 written, 25 refused");
    assert_eq!(told.lines().count(), 21);
    assert!(told.ends_with("rows: 5 more rows were refused\n"), "{told}");
}

#[test]
fn what_is_never_taken_is_not_written() {
    let answers = (0..ATTEMPTS).map(|_| BatchResult { refused: vec![], unprocessed: vec![0] });
    let (recorder, stats, _) = check(vec![row(1, 10)], answers.collect());
    assert_eq!(recorder.sent.len(), ATTEMPTS as usize);
    assert_eq!(stats.to_string(), "1 row: 0 written, 0 refused, 1 not written");
}
