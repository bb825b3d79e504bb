//! The calculation of a report: the estimates of all rollups, their sum, and what would be cheaper.
//!
//! ```text
//! entity's share of all changes × (units of each rollup) + bookkeeping of the processor ─► total
//! a cheaper definition          ─► its own estimate ─► difference ─► saving
//! ```
//!
//! **Invariant:** everything is a fraction until it is printed, and is rounded once.

use weir_model::{Model, Rollup};
use weir_rollups::cost::{
    CheaperChange, CostEstimate, MeanUnits, Mix, SampledChanges, Watermarks, Workload, cheaper,
    merged,
};

use weir_rollups::watermark::STALE_AFTER_SECS;

use super::report::{
    Amount, EntityCost, KindUnits, KindWeights, MaxCost, PartCost, PricesReport, ProcessorCost,
    Report, RollupCost, Saving, dollars, kind_name, to_f64,
};
use super::sample::{EntitySample, SampleSource, Samples};
use crate::prices::{DATE, Dollars, MILLION, Prices, REGION};

/// The seconds of a month of 730 hours, as AWS's calculators have it.
const MONTH_SECONDS: u64 = 730 * 60 * 60;
/// The changes of a batch with which single changes are compared.
const LARGER_BATCH: u32 = 100;
/// The longest batching window of an event source mapping.
const MAX_WINDOW_SECONDS: u64 = 300;

/// The choices of an estimate.
#[derive(Clone, Copy, Debug)]
pub(super) struct CostOptions {
    pub(super) mix: Mix,
    pub(super) batch: u32,
    pub(super) shards: u32,
    pub(super) prices: Prices,
    /// Changes in a second, in millionths.
    pub(super) writes: Option<u64>,
    /// The limit, in millionths of a dollar.
    pub(super) max_cost: Option<u64>,
}

/// The units of a change of all entities.
#[derive(Clone, Copy, Debug)]
struct Units {
    write: MeanUnits,
    read: MeanUnits,
}

/// The estimates of all rollups of a definition.
struct Calculation<'a> {
    model: &'a Model,
    samples: &'a Samples,
    options: CostOptions,
    changes: Vec<SampledChanges<'a>>,
}

/// Returns the report about a definition.
pub(super) fn report(model: &Model, samples: &Samples, options: CostOptions) -> Report {
    let changes = samples.entities.iter();
    let changes = changes.map(|known| SampledChanges::new(model, &known.entity, &known.items));
    let calculation = Calculation { model, samples, options, changes: changes.collect() };
    calculation.report()
}

impl CostOptions {
    /// Returns the dollars of a million changes.
    fn per_million(&self, units: Units) -> Dollars {
        let [write, read] =
            [self.prices.per_million(units.write), self.prices.reads_per_million(units.read)];
        Dollars(write.0 + read.0)
    }

    /// Returns the dollars of a month; `None` if the number of changes is not known.
    fn per_month(&self, units: Units) -> Option<Dollars> {
        // Millionths of changes in a month, for the price of a million of them.
        let changes = self.writes? * MONTH_SECONDS;
        let of_month = |units: MeanUnits| units.times(changes, MILLION * MILLION);
        Some(self.per_million(Units { write: of_month(units.write), read: of_month(units.read) }))
    }

    fn amount(&self, units: Units) -> Amount {
        Amount {
            write_units_per_change: to_f64(units.write),
            read_units_per_change: to_f64(units.read),
            dollars_per_million_changes: dollars(self.per_million(units)),
            dollars_per_month: self.per_month(units).map(dollars),
        }
    }

    /// Returns a saving of units of a change of all entities.
    fn saving(
        &self,
        rollup: Option<&Rollup>,
        kind: &'static str,
        change: String,
        units: Units,
    ) -> Saving {
        Saving {
            rollup: rollup.map(|rollup| rollup.name.clone()),
            kind,
            change,
            write_units_per_change: to_f64(units.write),
            dollars_per_million_changes: dollars(self.per_million(units)),
            dollars_per_month: self.per_month(units).map(dollars),
        }
    }

    /// Returns the units of the processor: it reads the state before each batch, and stores the
    /// progress of a shard after it, at most once a second.
    fn processor(&self) -> Units {
        let batches = MeanUnits::new(1, u128::from(self.batch));
        let once_a_second = self.writes.filter(|writes| *writes > 0).map(|writes| {
            MeanUnits::new(u128::from(self.shards) * u128::from(MILLION), u128::from(writes))
        });
        let is_less = |seconds: &MeanUnits| seconds.less(batches).is_zero();
        Units { read: batches, write: once_a_second.filter(is_less).unwrap_or(batches) }
    }
}

impl Units {
    fn of_writes(write: MeanUnits) -> Self {
        Self { write, read: MeanUnits::ZERO }
    }
}

impl Calculation<'_> {
    fn report(&self) -> Report {
        let options = &self.options;
        let estimates = self.estimates(options.batch);
        let total = self.total(&estimates, options);
        let exceeds = |limit: u64| {
            let cost = options.per_month(total).unwrap_or_else(|| options.per_million(total));
            MaxCost {
                dollars: dollars(Dollars(limit.into())),
                per: if options.writes.is_some() { "month" } else { "million changes" },
                is_exceeded: cost > Dollars(limit.into()),
            }
        };
        let (source, sampled) = match &self.samples.source {
            SampleSource::Definition => ("definition", Vec::new()),
            SampleSource::Files(files) => ("file", files.clone()),
            SampleSource::Table(table) => ("table", vec![table.clone()]),
        };
        let is_left_out = |rollup: &&Rollup| self.sample(&rollup.entity).is_none();
        let mut left_out: Vec<_> = self.model.rollups.iter().filter(is_left_out).collect();
        left_out.dedup_by_key(|rollup| &rollup.entity);
        Report {
            table: self.model.table.name.clone(),
            source,
            sampled,
            mix: KindWeights::new(&options.mix),
            batch: options.batch,
            shards: options.shards,
            writes_per_second: options.writes.map(|writes| writes as f64 / MILLION as f64),
            prices: PricesReport {
                per_million_write_units: dollars(Dollars(options.prices.write.into())),
                per_million_read_units: dollars(Dollars(options.prices.read.into())),
                from: (options.prices == Prices::ON_DEMAND).then(|| format!("{REGION}, {DATE}")),
            },
            entities: self.samples.entities.iter().map(|known| self.entity(known)).collect(),
            left_out: left_out.into_iter().map(|rollup| rollup.entity.clone()).collect(),
            rollups: estimates.iter().map(|(rollup, known)| self.rollup(rollup, known)).collect(),
            processor: ProcessorCost { amount: options.amount(options.processor()) },
            total: options.amount(total),
            cheaper: self.savings(&estimates, total),
            max_cost: options.max_cost.map(exceeds),
        }
    }

    /// Returns the estimates of the rollups that are not left out.
    fn estimates(&self, batch: u32) -> Vec<(&Rollup, CostEstimate)> {
        let rollups = self.model.rollups.iter();
        let rollups = rollups.filter(|rollup| self.sample(&rollup.entity).is_some());
        rollups.map(|rollup| (rollup, self.estimate(rollup, batch))).collect()
    }

    /// Returns the estimate of a rollup, or of another definition of it.
    fn estimate(&self, rollup: &Rollup, batch: u32) -> CostEstimate {
        let samples = self.samples.entities.iter().zip(&self.changes);
        let mut samples = samples.filter(|(sample, _)| sample.entity == rollup.entity);
        let (sample, changes) = samples.next().expect("the rollup is not left out");
        let CostOptions { mix, shards, .. } = self.options;
        if sample.items.is_empty() {
            return CostEstimate::from_definition(rollup, &mix);
        }
        let watermarks = Watermarks { shards, scale: self.scale(sample) };
        CostEstimate::from_sample(self.model, rollup, changes, &Workload { mix, batch, watermarks })
    }

    /// Returns how many changes of three days, as long as watermarks are kept, each sampled item
    /// stands for. If the rate is not known, these are the stored items.
    fn scale(&self, sample: &EntitySample) -> u64 {
        let Some(writes) = self.options.writes else { return sample.scale() };
        let changes = u128::from(writes) * u128::from(STALE_AFTER_SECS) * u128::from(sample.weight);
        let share = u128::from(MILLION) * u128::from(self.samples.weight());
        let scale = changes.div_ceil(share * sample.items.len() as u128);
        u64::try_from(scale).unwrap_or(u64::MAX)
    }

    fn sample(&self, entity: &str) -> Option<&EntitySample> {
        self.samples.entities.iter().find(|sample| sample.entity == entity)
    }

    /// Returns the part of units that a change of any entity has of a rollup.
    fn shared(&self, rollup: &Rollup, units: MeanUnits) -> MeanUnits {
        let weight = self.sample(&rollup.entity).map_or(0, |sample| sample.weight);
        units.times(weight, self.samples.weight())
    }

    fn total(&self, estimates: &[(&Rollup, CostEstimate)], options: &CostOptions) -> Units {
        let shared = estimates.iter().map(|(rollup, known)| self.shared(rollup, known.mixed()));
        let Units { write, read } = options.processor();
        Units { write: shared.sum::<MeanUnits>() + write, read }
    }

    fn entity(&self, sample: &EntitySample) -> EntityCost {
        EntityCost {
            entity: sample.entity.clone(),
            share: sample.weight as f64 / self.samples.weight() as f64,
            sampled_items: sample.items.len() as u64,
            items: (!sample.items.is_empty()).then_some(sample.weight),
            rejected_rows: sample.rejected,
            rejection: sample.rejection.clone(),
        }
    }

    fn rollup(&self, rollup: &Rollup, estimate: &CostEstimate) -> RollupCost {
        let kinds = self.options.mix.kinds();
        let sampled = estimate.sampled.as_ref();
        let parts = estimate.parts.iter().map(|known| PartCost {
            part: known.part.name.clone(),
            kind: kind_name(known.part.kind),
            measures: known.part.measures.clone(),
            write_units: KindUnits::new(&kinds, |kind| known.of_kind(kind)),
            amount: self.options.amount(Units::of_writes(known.mixed)),
        });
        RollupCost {
            rollup: rollup.name.clone(),
            entity: rollup.entity.clone(),
            counted: sampled.map(|sampled| sampled.counted),
            skipped: sampled.map_or(0, |sampled| sampled.skipped),
            skipped_reason: sampled
                .and_then(|sampled| sampled.skip.as_ref())
                .map(ToString::to_string),
            write_units: KindUnits::new(&kinds, |kind| estimate.of_kind(kind)),
            amount: self.options.amount(Units::of_writes(estimate.mixed())),
            parts: parts.collect(),
        }
    }

    /// Returns the changes that save something, the greatest saving first.
    fn savings(&self, estimates: &[(&Rollup, CostEstimate)], total: Units) -> Vec<Saving> {
        let batch = self.options.batch;
        let mut savings: Vec<Saving> = Vec::new();
        for (position, (rollup, estimate)) in estimates.iter().enumerate() {
            for option in cheaper(rollup) {
                let saved = estimate.mixed().less(self.estimate(&option.rollup, batch).mixed());
                savings.extend(self.saving(rollup, &option.change, saved));
            }
            for (other, others) in &estimates[position + 1..] {
                let Some(option) = merged(rollup, other) else { continue };
                let both = estimate.mixed() + others.mixed();
                let saved = both.less(self.estimate(&option.rollup, batch).mixed());
                savings.extend(self.saving(rollup, &option.change, saved));
            }
        }
        savings.extend(self.batch_saving(total));
        let saved = |saving: &Saving| saving.dollars_per_million_changes;
        savings.sort_by(|one, other| saved(other).total_cmp(&saved(one)));
        savings
    }

    fn saving(&self, rollup: &Rollup, change: &CheaperChange, saved: MeanUnits) -> Option<Saving> {
        if saved.is_zero() {
            return None;
        }
        let units = Units::of_writes(self.shared(rollup, saved));
        let (kind, change) = match change {
            CheaperChange::Granularity { dropped, made_of } => (
                "bucket",
                format!(
                    "drop the bucket `{dropped}`: `{made_of}` then answers its questions, with \
                     more reads"
                ),
            ),
            CheaperChange::Ranking => {
                ("ranking", "drop `rank_by`, and with it the leaderboard".to_owned())
            }
            CheaperChange::Measures(lost) => {
                ("measures", format!("drop the measures {}", quoted(lost)))
            }
            CheaperChange::Merged { other } => {
                ("merge", format!("move the measures of `{other}` here: its groups are the same"))
            }
        };
        Some(self.options.saving(Some(rollup), kind, change, units))
    }

    /// Returns what batches of many changes save, compared with single changes; `None` if no
    /// batching window gathers so many.
    fn batch_saving(&self, total: Units) -> Option<Saving> {
        let window = match self.options.writes {
            Some(writes) => {
                let gathered = u64::from(LARGER_BATCH) * u64::from(self.options.shards) * MILLION;
                let seconds = gathered.div_ceil(writes.max(1));
                (seconds <= MAX_WINDOW_SECONDS).then(|| format!("a batching window of {seconds} s"))
            }
            None => Some("a longer batching window".to_owned()),
        };
        let window = window.filter(|_| self.options.batch == 1)?;
        let larger = CostOptions { batch: LARGER_BATCH, ..self.options };
        let after = self.total(&self.estimates(LARGER_BATCH), &larger);
        let units =
            Units { write: total.write.less(after.write), read: total.read.less(after.read) };
        let change = format!(
            "gather {LARGER_BATCH} changes in a batch by {window}; answers are later by that time"
        );
        Some(self.options.saving(None, "batch", change, units))
    }
}

fn quoted(names: &[String]) -> String {
    weir_model::shorten::listed(names.iter().map(|name| format!("`{name}`")))
}
