//! What a whole process says: where its lines go, its cold start, its panics. The test runs itself
//! as that process.

use std::process::Command;
use std::thread;

use serde_json::Value;
use weir_telemetry::log::Format;
use weir_telemetry::metrics::{COLD_STARTS, INIT_DURATION, embedded};

/// Set for the process that is looked at.
const IS_CHILD: &str = "WEIR_TEST_IS_CHILD";

/// What it wrote to standard output and to standard error.
fn run(variables: &[(&str, &str)]) -> (String, String) {
    let this = std::env::current_exe().expect("this test");
    let output = Command::new(this)
        .args(["--exact", "a_process", "--nocapture", "--test-threads", "1"])
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .env_remove("RUST_LOG")
        .env(IS_CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(&output.stdout), text(&output.stderr))
}

/// The lines that are objects: libtest has a say too.
fn objects(text: &str) -> Vec<Value> {
    let objects = text.lines().filter(|line| line.starts_with('{'));
    objects.map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[tokio::test]
async fn a_process() {
    if std::env::var_os(IS_CHILD).is_none() {
        return;
    }
    // libtest has begun a line.
    println!();
    weir_telemetry::start("reader", Format::Text);
    embedded::install_on_lambda("shop").expect("the only recorder");
    weir_telemetry::ready();
    weir_telemetry::ready();
    tracing::info!(count = 1, "said");
    tracing::debug!("not said");
    weir_telemetry::flush().await;
    let panicked = thread::spawn(|| {
        let _span = tracing::info_span!("request", request_id = "7").entered();
        panic!("so it\nwent")
    });
    assert!(panicked.join().is_err());
}

#[test]
fn on_lambda_everything_is_a_line_of_json_on_standard_output() {
    let (output, errors) = run(&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")]);
    assert_eq!(errors, "");
    let lines = objects(&output);
    let [said, metrics, panic] = lines.as_slice() else { panic!("{output}") };
    assert_eq!((&said["level"], &said["message"]), (&"INFO".into(), &"said".into()));
    assert_eq!((&metrics["service"], &metrics["table"]), (&"reader".into(), &"shop".into()));
    assert_eq!(metrics[COLD_STARTS.cloudwatch], 1);
    let [took_ms] = metrics[INIT_DURATION.cloudwatch].as_array().expect("values").as_slice() else {
        panic!("one process starts once: {metrics}")
    };
    assert!((0.0..60_000.0).contains(&took_ms.as_f64().expect("a number")));
    assert_eq!((&panic["level"], &panic["panic"]), (&"ERROR".into(), &"so it\nwent".into()));
    assert_eq!(panic["request_id"], "7", "whose request it was");
    assert!(panic["location"].as_str().expect("a place").contains("tests/process.rs"));
}

#[test]
fn elsewhere_it_is_text_on_standard_error_and_nothing_is_measured() {
    let (output, errors) = run(&[]);
    assert_eq!(objects(&output), [""; 0], "{output}");
    let lines: Vec<_> = errors.lines().collect();
    assert!(lines[0].contains("INFO") && lines[0].contains("said count=1"), "{errors}");
    assert!(errors.contains("a panic panic=\"so it\\nwent\""), "{errors}");
}
