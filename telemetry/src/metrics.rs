//! The registry of metrics: each one's names, unit, dimensions and meaning, listed once.
//!
//! ```text
//! registry      rollups_updates_parked            Counter
//! Prometheus    weir_rollups_updates_parked_total
//! CloudWatch    rollups_updates_parked            namespace Weir, dimensions table and the listed
//! ```
//!
//! They go to whatever recorder the process has installed through the `metrics` crate, or nowhere.
//! [`embedded`] is the one on Lambda; a processor elsewhere has one for Prometheus. [`describe`]
//! gives the recorder their meanings.
//!
//! **Invariant:** a metric is emitted with the dimensions that the registry lists, all of them and
//! in their order; each takes few values at a time, and no value that a caller chooses.

pub mod embedded;

use std::sync::atomic::{AtomicBool, Ordering};

use metrics::{
    Label, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

/// The namespace on CloudWatch.
pub const NAMESPACE: &str = "Weir";
/// The dimension on CloudWatch that every metric has: the name of the table of items.
pub const TABLE: &str = "table";

/// Whether metrics go to CloudWatch, and have their names there.
static IS_EMBEDDED: AtomicBool = AtomicBool::new(false);

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name on CloudWatch.
    pub cloudwatch: &'static str,
    /// Its name for Prometheus: with `weir_` before and, for a counter, `_total` behind.
    pub prometheus: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// The unit.
    pub unit: Unit,
    /// The dimension that its values have; on CloudWatch beside [`TABLE`].
    pub dimensions: &'static [&'static str],
    /// The meaning.
    pub meaning: &'static str,
}

/// How a metric moves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It grows while the process lives; on CloudWatch each value is what was added since the last.
    Counter,
    /// It is what it was last set to.
    Gauge,
    /// Each value counts by itself.
    Histogram,
}

macro_rules! registry {
    ($(
        $metric:ident = $kind:ident $name:literal $unit:ident [$($dimension:literal)*]
        $meaning:literal;
    )*) => {
        $(
            #[doc = $meaning]
            pub const $metric: Metric = Metric {
                cloudwatch: $name,
                prometheus: registry!(@prometheus $kind $name),
                kind: Kind::$kind,
                unit: Unit::$unit,
                dimensions: &[$($dimension),*],
                meaning: $meaning,
            };
        )*

        /// Every metric.
        pub const ALL: &[Metric] = &[$($metric),*];
    };
    (@prometheus Counter $name:literal) => { concat!("weir_", $name, "_total") };
    (@prometheus $kind:ident $name:literal) => { concat!("weir_", $name) };
}

registry! {
    PROCESSOR_RECORDS = Counter "processor_records" Count []
        "Records in the batches that the processor was handed; one that is delivered again counts \
         again.";
    PROCESSOR_CHANGES = Counter "processor_changes" Count ["entity"]
        "The same, by the entity of the item that changed; `none` where it is of no entity.";
    PROCESSOR_ITERATOR_AGE = Histogram "processor_iterator_age_ms" Milliseconds []
        "Age of the newest record of a batch when the processor was handed it.";
    UPDATES_ABSORBED = Counter "rollups_updates_absorbed" Count []
        "Updates that were added to their rollup items, wholly or in part.";
    UPDATES_REFOLDED = Counter "rollups_updates_refolded" Count []
        "Updates of which a part had been absorbed before, so that the rest was folded again.";
    UPDATES_DUPLICATE = Counter "rollups_updates_duplicate" Count []
        "Updates that had been absorbed before: delivered again, and added once.";
    UPDATES_PARKED = Counter "rollups_updates_parked" Count []
        "Updates that DynamoDB refused for good: their rollup items are wrong until they are \
         repaired.";
    UPDATES_FAILED = Counter "rollups_updates_failed" Count []
        "Updates that were throttled, in conflict or not answered, and whose records come again.";
    IMAGES_SKIPPED = Counter "rollups_images_skipped" Count ["reason"]
        "Images that a rollup is about and cannot count; one that is delivered again counts again.";
    PROGRESS_FAILED = Counter "progress_writes_failed" Count []
        "Writes of how far a shard was handled that failed or took longer than 300 ms; no batch \
         fails because of one.";
    WRITE_UNITS = Counter "rollups_write_units" Count []
        "Write units that DynamoDB says the processor's writes consumed; it says nothing of a \
         write whose condition failed.";
    HTTP_REQUESTS = Counter "http_requests" Count ["service" "status"]
        "Requests, by the class of the answer's status: `2xx`, `4xx`, `5xx`.";
    HTTP_THROTTLED = Counter "http_requests_throttled" Count ["service"]
        "Requests that were answered 503, for DynamoDB throttled the table.";
    HTTP_CONFLICTS = Counter "http_requests_in_conflict" Count ["service"]
        "Requests that were answered 409, for another write was at the same item.";
    HTTP_DURATION = Histogram "http_duration_ms" Milliseconds ["service"]
        "How long a request took, from its last header to the answer's first.";
    HTTP_READS = Histogram "http_reads" Count ["service"]
        "Reads of DynamoDB that a request made, of those that its budget allows.";
    HTTP_READ_BYTES = Histogram "http_read_bytes" Bytes ["service"]
        "Bytes that DynamoDB read for a request, as it bills them.";
    COLD_STARTS = Counter "cold_starts" Count ["service"]
        "Processes that became ready for their first request.";
    INIT_DURATION = Histogram "init_duration_ms" Milliseconds ["service"]
        "How long that took, from the beginning of `main`.";
    ITERATOR_AGE = Gauge "mapping_iterator_age_ms" Milliseconds ["shard"]
        "Age of the last record handed over, by shard; 0 when the shard is caught up, NaN while \
         this poller does not hold the lease.";
    SHARDS = Gauge "mapping_shards" Count ["stream"]
        "Shards being read, by stream.";
    RECORDS = Counter "mapping_records" Count []
        "Records handled.";
    RECORDS_FILTERED = Counter "mapping_records_filtered" Count []
        "Records passed over, for no filter matches them.";
    RECORDS_DISCARDED = Counter "mapping_records_discarded" Count []
        "Records discarded without being handled: their attempts or their age exceeded the \
         maximum.";
    INVOCATIONS = Counter "mapping_invocations" Count []
        "Batches handed over, final invocations included.";
    INVOCATIONS_FAILED = Counter "mapping_invocations_failed" Count []
        "Invocations that failed, wholly or in part.";
    RETRIES = Counter "mapping_retries" Count []
        "Failed invocations after which records are handed over again.";
    READS_FAILED = Counter "mapping_reads_failed" Count []
        "Reads of a shard that failed and are made again: while it grows, the iterator age does \
         not tell how far behind the shard is.";
    GAPS = Counter "mapping_gaps" Count []
        "Times that records were lost: trimmed before they were read, or written while the table \
         had another stream or none.";
    TABLE_MISSING = Gauge "mapping_table_missing" Count []
        "1 while the table of items does not exist, else 0.";
    LEASE_HELD = Gauge "mapping_lease_held" Count ["stream"]
        "1 while this poller holds the lease of the stream, 0 while it does not.";
    LEASES_LOST = Counter "mapping_leases_lost" Count []
        "How often another poller took the lease, or it could not be renewed in time.";
}

impl Metric {
    /// Counts so many more of a metric without dimensions.
    pub fn add(&self, count: u64) {
        self.add_by(&[], count);
    }

    /// Counts so many more, for these values of its dimensions.
    pub fn add_by(&self, values: &[&str], count: u64) {
        counter!(self.name(), self.labels(values)).increment(count);
    }

    /// Sets the value, for these values of its dimensions. `NaN`, which says that it is not known,
    /// is not a value of CloudWatch and is left out there.
    pub fn set_by(&self, values: &[&str], measured: f64) {
        if measured.is_nan() && IS_EMBEDDED.load(Ordering::Relaxed) {
            return;
        }
        gauge!(self.name(), self.labels(values)).set(measured);
    }

    /// Records a value of a metric without dimensions.
    pub fn record(&self, measured: f64) {
        self.record_by(&[], measured);
    }

    /// Records a value, for these values of its dimensions.
    pub fn record_by(&self, values: &[&str], measured: f64) {
        histogram!(self.name(), self.labels(values)).record(measured);
    }

    fn name(&self) -> &'static str {
        if IS_EMBEDDED.load(Ordering::Relaxed) { self.cloudwatch } else { self.prometheus }
    }

    fn labels(&self, values: &[&str]) -> Vec<Label> {
        assert_eq!(self.dimensions.len(), values.len(), "{} has other dimensions", self.cloudwatch);
        let labelled = self.dimensions.iter().zip(values);
        labelled.map(|(name, value)| Label::new(*name, (*value).to_owned())).collect()
    }
}

/// Tells the recorder of this process what each metric means.
pub fn describe() {
    for metric in ALL {
        let (name, unit, meaning) = (metric.name(), metric.unit, metric.meaning);
        match metric.kind {
            Kind::Counter => describe_counter!(name, unit, meaning),
            Kind::Gauge => describe_gauge!(name, unit, meaning),
            Kind::Histogram => describe_histogram!(name, unit, meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_is_unique_and_tells_its_kind() {
        let names: HashSet<_> = ALL.iter().map(|metric| metric.cloudwatch).collect();
        assert_eq!(names.len(), ALL.len());
        for Metric { cloudwatch: name, prometheus, kind, unit, dimensions, meaning } in ALL {
            assert!(name.chars().all(|char| char.is_ascii_lowercase() || char == '_'), "{name}");
            assert_eq!(prometheus.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_ms"), *unit == Unit::Milliseconds, "{name}");
            assert!(!dimensions.contains(&TABLE), "{name}: the table is added to all");
            assert!(meaning.ends_with('.'), "{name}: {meaning}");
        }
        assert_eq!(UPDATES_PARKED.prometheus, "weir_rollups_updates_parked_total");
        assert_eq!(ITERATOR_AGE.prometheus, "weir_mapping_iterator_age_ms");
    }

    #[test]
    #[should_panic(expected = "rollups_images_skipped has other dimensions")]
    fn a_metric_is_not_emitted_with_other_dimensions() {
        IMAGES_SKIPPED.add(1);
    }
}
