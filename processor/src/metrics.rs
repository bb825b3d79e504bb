//! The registry of metrics: each one's name, unit and meaning, listed once.
//!
//! They go to whatever recorder the process has installed through the `metrics` crate, or nowhere;
//! [`exporter`] installs one that Prometheus reads. [`describe`] tells the recorder what they mean.
//!
//! **Invariant:** a label takes few values at a time: the ids of shards that are listed, and the
//! labels of streams that are polled.

pub mod exporter;

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

/// A metric.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name, with the unit or, for a counter, with `total` at its end.
    pub name: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// What is counted or measured.
    pub unit: Unit,
    /// What it says.
    pub meaning: &'static str,
}

/// How a metric moves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It grows while the process lives.
    Counter,
    /// It is what it was last set to.
    Gauge,
}

macro_rules! registry {
    ($($metric:ident = $kind:ident $name:literal $unit:ident $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $metric: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                unit: Unit::$unit,
                meaning: $meaning,
            };
        )*

        /// Every metric.
        pub const ALL: &[Metric] = &[$($metric),*];
    };
}

registry! {
    ITERATOR_AGE = Gauge "weir_mapping_iterator_age_ms" Milliseconds
        "Age of the last record handed over, by shard; 0 when the shard is caught up.";
    SHARDS = Gauge "weir_mapping_shards" Count
        "Shards being read, by stream.";
    RECORDS = Counter "weir_mapping_records_total" Count
        "Records handled.";
    RECORDS_FILTERED = Counter "weir_mapping_records_filtered_total" Count
        "Records passed over, for no filter matches them.";
    RECORDS_DISCARDED = Counter "weir_mapping_records_discarded_total" Count
        "Records discarded without being handled: their attempts or their age exceeded the maximum.";
    INVOCATIONS = Counter "weir_mapping_invocations_total" Count
        "Batches handed over, final invocations included.";
    INVOCATIONS_FAILED = Counter "weir_mapping_invocations_failed_total" Count
        "Invocations that failed, wholly or in part.";
    RETRIES = Counter "weir_mapping_retries_total" Count
        "Failed invocations after which records are handed over again.";
    READS_FAILED = Counter "weir_mapping_reads_failed_total" Count
        "Reads of a shard that failed and are made again: while it grows, the iterator age does not tell how far behind the shard is.";
    GAPS = Counter "weir_mapping_gaps_total" Count
        "Times that records of a shard were trimmed before they were read: they are lost.";
    LEASES_LOST = Counter "weir_mapping_leases_lost_total" Count
        "How often another poller took the lease, or it could not be renewed in time.";
    UPDATES_ABSORBED = Counter "weir_rollups_updates_absorbed_total" Count
        "Updates that were added to their rollup items, wholly or in part.";
    UPDATES_REFOLDED = Counter "weir_rollups_updates_refolded_total" Count
        "Updates of which a part had been absorbed before, so that the rest was folded again.";
    UPDATES_DUPLICATE = Counter "weir_rollups_updates_duplicate_total" Count
        "Updates that had been absorbed before: delivered again, and added once.";
    UPDATES_PARKED = Counter "weir_rollups_updates_parked_total" Count
        "Updates that DynamoDB refused for good: their rollup items are wrong until they are repaired.";
    UPDATES_FAILED = Counter "weir_rollups_updates_failed_total" Count
        "Updates that were throttled, in conflict or not answered, and whose records come again.";
    IMAGES_SKIPPED = Counter "weir_rollups_images_skipped_total" Count
        "Images that a rollup is about and cannot count; one that is delivered again counts again.";
}

impl Metric {
    /// Counts so many more.
    pub fn add(&self, count: u64) {
        counter!(self.name).increment(count);
    }

    /// Sets the value for a label.
    pub fn set(&self, label: &'static str, value: &str, measured: f64) {
        gauge!(self.name, label => value.to_owned()).set(measured);
    }
}

/// Tells the recorder of this process what each metric means.
pub fn describe() {
    for Metric { name, kind, unit, meaning } in ALL {
        match kind {
            Kind::Counter => describe_counter!(*name, *unit, *meaning),
            Kind::Gauge => describe_gauge!(*name, *unit, *meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_is_unique_and_tells_its_kind() {
        let names: HashSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for Metric { name, kind, unit, meaning } in ALL {
            assert!(name.starts_with("weir_"), "{name}");
            assert!(name.chars().all(|char| char.is_ascii_lowercase() || char == '_'), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_ms"), *unit == Unit::Milliseconds, "{name}");
            assert!(meaning.ends_with('.'), "{name}: {meaning}");
        }
    }
}
