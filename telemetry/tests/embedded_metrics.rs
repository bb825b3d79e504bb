//! Metrics in the log, as CloudWatch reads them: one process, one recorder, one test.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_telemetry::metrics::{
    self, COLD_STARTS, IMAGES_SKIPPED, INIT_DURATION, PROCESSOR_ITERATOR_AGE, PROCESSOR_RECORDS,
    UPDATES_PARKED, embedded,
};

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic holds it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    /// The lines since the last time.
    fn lines(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().expect("no panic holds it"));
        let text = String::from_utf8(bytes).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }
}

/// The line of a set of dimensions, without its time and after a look at it.
fn line<'a>(lines: &'a [Value], dimensions: &Value) -> &'a Value {
    let directive = |line: &Value| line["_aws"]["CloudWatchMetrics"][0].clone();
    let found = lines.iter().find(|line| directive(line)["Dimensions"] == json!([dimensions]));
    let line = found.unwrap_or_else(|| panic!("no line has {dimensions}: {lines:?}"));
    assert_eq!(directive(line)["Namespace"], "Weir");
    assert!(line["_aws"]["Timestamp"].as_u64().expect("milliseconds") > 1_700_000_000_000);
    line
}

#[tokio::test]
async fn what_was_measured_is_written_once_and_what_was_not_is_left_out() {
    weir_telemetry::flush().await;
    PROCESSOR_RECORDS.add(1_000);
    let output = Output::default();
    embedded::install("shop", output.clone()).expect("the only recorder");
    assert!(embedded::install("shop", output.clone()).is_err(), "a second one");
    weir_telemetry::flush().await;
    assert_eq!(output.lines(), [""; 0], "nothing was measured since");

    PROCESSOR_RECORDS.add(3);
    PROCESSOR_RECORDS.add(4);
    UPDATES_PARKED.add(0);
    PROCESSOR_ITERATOR_AGE.record(1_500.0);
    IMAGES_SKIPPED.add_by(&["too large"], 2);
    IMAGES_SKIPPED.add_by(&["no time"], 1);
    weir_telemetry::flush().await;
    let lines = output.lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let all = line(&lines, &json!(["table"]));
    assert_eq!((&all["table"], &all["processor_records"]), (&json!("shop"), &json!(7)));
    assert_eq!(all["processor_iterator_age_ms"], json!([1500.0]));
    let named = json!([
        { "Name": "processor_iterator_age_ms", "Unit": "Milliseconds" },
        { "Name": "processor_records", "Unit": "Count" },
    ]);
    let mut metrics = all["_aws"]["CloudWatchMetrics"][0]["Metrics"].clone();
    let listed = metrics.as_array_mut().expect("a list");
    listed.sort_by_key(|metric| metric["Name"].to_string());
    assert_eq!(metrics, named, "and no zero of a parked update");
    let skipped = line(&lines, &json!(["table", "reason"]));
    assert_eq!(skipped["table"], "shop");

    PROCESSOR_RECORDS.add(5);
    weir_telemetry::flush().await;
    let lines = output.lines();
    assert_eq!(lines.len(), 1, "no old value comes again: {lines:?}");
    assert_eq!(line(&lines, &json!(["table"]))["processor_records"], 5, "what was added since");

    // Whatever has been installed meanwhile, a process starts once.
    weir_telemetry::ready();
    weir_telemetry::ready();
    weir_telemetry::flush().await;
    let lines = output.lines();
    let started = line(&lines, &json!(["table", "service"]));
    assert_eq!(
        (&started[COLD_STARTS.cloudwatch], &started["service"]),
        (&json!(1), &json!("weir"))
    );
    assert!(started.get(INIT_DURATION.cloudwatch).is_none(), "nobody knows when it began");
    assert!(metrics::ALL.len() <= 100, "the most that a line may have");
}
