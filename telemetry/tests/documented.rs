//! The list of metrics in `docs/observability.md` is that of the registry, to the letter.

use weir_telemetry::metrics::{ALL, Metric};

const PAGE: &str = include_str!("../../docs/observability.md");
/// How the rows of the list's head begin.
const HEAD: &str = "| on CloudWatch |";
/// What stands where a metric is not written.
const NOWHERE: &str = "–";

/// The row of a metric. The event source mapping has no Lambda, and only the processor is asked by
/// Prometheus.
fn row(metric: &Metric) -> String {
    let Metric { cloudwatch, prometheus, unit, dimensions, meaning, .. } = metric;
    let of_mapping = cloudwatch.starts_with("mapping_");
    let of_function = ["http_", "cold_", "init_"].iter().any(|start| cloudwatch.starts_with(start));
    let name = |name: &str, is_written: bool| match is_written {
        true => format!("`{name}`"),
        false => NOWHERE.to_owned(),
    };
    let (cloudwatch, prometheus) = (name(cloudwatch, !of_mapping), name(prometheus, !of_function));
    let by: Vec<_> = dimensions.iter().map(|dimension| format!("`{dimension}`")).collect();
    format!("| {cloudwatch} | {prometheus} | {unit:?} | {} | {meaning} |", by.join(", "))
}

#[test]
fn every_metric_is_documented_as_it_is() {
    let documented = PAGE.lines().skip_while(|line| !line.starts_with(HEAD)).skip(2);
    let documented: Vec<_> = documented.take_while(|line| line.starts_with('|')).collect();
    let expected: Vec<_> = ALL.iter().map(row).collect();
    assert_eq!(documented, expected, "the list should be\n{}", expected.join("\n"));
}
