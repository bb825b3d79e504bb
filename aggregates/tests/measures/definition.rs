//! Definitions at random: an entity with attributes of every kind, and a rollup of its items.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use weir_model::Model;

use crate::filter::FILTERS;
use crate::measure::{Measured, measure};

const ENTITY: &str = r##"
[table]
name = "shop"
[entities.other]
PK = "OTHER#{id}"
SK = "OTHER"
[entities.other.attributes]
id = { type = "string", required = true }
[entities.sale]
PK = "SALE#{id}"
SK = "SALE"
[entities.sale.attributes]
id = { type = "string", required = true }
total = { type = "decimal", scale = 2 }
units = { type = "integer" }
weight = { type = "number" }
name = { type = "string" }
status = { type = "enum", values = ["placed", "paid", "a=b"] }
gift = { type = "boolean" }
at = { type = "timestamp", precision = "second" }
seen = { type = "timestamp", format = "epoch" }
tags = { type = "set", items = "string" }
codes = { type = "set", items = "number" }
labels = { type = "list", items = "string" }
stops = { type = "list", items = { type = "timestamp", precision = "second" } }
info = { type = "map", attributes = { n = { type = "decimal", scale = 1 }, s = { type = "string" }, at = { type = "timestamp", precision = "second" } } }
"##;

/// What the values of a place in an item are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Numbers that are measured at so many decimal places.
    Number(u32),
    Text,
    /// Texts of a few.
    Few,
    Flag,
    /// Instants, as text of whole seconds where they are shown.
    Time,
    /// Instants, shown as seconds since 1970.
    Epoch,
    Texts,
    Numbers,
    List,
    Stops,
}

/// Of the enum.
pub(crate) const STATUSES: [&str; 3] = ["placed", "paid", "a=b"];
pub(crate) const NUMBERS: [&str; 4] = ["total", "units", "weight", "info.n"];
pub(crate) const SINGLE: [&str; 11] = [
    "total", "units", "weight", "name", "status", "gift", "at", "seen", "info.n", "info.s",
    "info.at",
];
pub(crate) const SEVERAL: [&str; 4] = ["tags", "codes", "labels", "stops"];
pub(crate) const TIMES: [&str; 3] = ["at", "seen", "info.at"];
const BUCKETS: [&str; 9] =
    ["day", "all", "hour", "month", "quarter_hour", "week", "quarter", "year", "minute"];
const ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];
/// Buckets that may be kept for some time, as the definition says it and in seconds.
const KEPT: [(&str, &str, i64); 4] = [
    ("day", "2d", 172_800),
    ("hour", "6h", 21_600),
    ("month", "3d", 259_200),
    ("week", "1w", 604_800),
];
/// A rollup.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) dimensions: Vec<&'static str>,
    pub(crate) time: &'static str,
    pub(crate) buckets: Vec<&'static str>,
    pub(crate) zone: &'static str,
    /// A position in [`FILTERS`].
    pub(crate) filter: usize,
    pub(crate) measures: Vec<Measured>,
    pub(crate) stripes: u16,
    pub(crate) keeps_expired: bool,
    pub(crate) kept: Vec<(&'static str, &'static str, i64)>,
    /// The measure that ranks, by position, and by how many of the first dimensions apart.
    pub(crate) rank: Option<(usize, usize)>,
}

/// What the values of a place are.
pub(crate) fn kind(place: &str) -> Kind {
    match place {
        "total" => Kind::Number(2),
        "units" => Kind::Number(0),
        "weight" => Kind::Number(9),
        "info.n" => Kind::Number(1),
        "status" => Kind::Few,
        "gift" => Kind::Flag,
        "at" | "info.at" => Kind::Time,
        "seen" => Kind::Epoch,
        "tags" => Kind::Texts,
        "codes" => Kind::Numbers,
        "labels" => Kind::List,
        "stops" => Kind::Stops,
        _ => Kind::Text,
    }
}

pub(crate) fn definition() -> impl Strategy<Value = Definition> {
    let dimensions = (
        prop_oneof![3 => subsequence(SINGLE.to_vec(), 0..=2), 1 => Just(vec!["name", "info.s"])],
        prop_oneof![2 => Just(None), 1 => select(&SEVERAL[..]).prop_map(Some)],
    );
    let dimensions =
        dimensions.prop_map(|(single, several)| [single, several.into_iter().collect()].concat());
    let kept = prop_oneof![2 => Just(Vec::new()), 1 => subsequence(KEPT.to_vec(), 1..=3)];
    let rank = prop::option::of((0_usize..8, 0_usize..3));
    let times =
        (select(&TIMES[..]), subsequence(BUCKETS.to_vec(), 1..=4), select(&ZONES[..]), kept);
    let measures = prop::collection::vec(measure(), 1..=8);
    let rest = (0..FILTERS.len(), select(vec![1_u16, 2, 5]), any::<bool>(), rank);
    let filter = |filter: usize, is_used: bool| if is_used { filter } else { 0 };
    (dimensions, times, measures, rest, any::<bool>()).prop_map(
        move |(dimensions, times, measures, rest, is_filtered)| {
            let (time, buckets, zone, kept) = times;
            let definition = Definition {
                dimensions,
                time,
                buckets,
                zone,
                filter: filter(rest.0, is_filtered),
                measures,
                stripes: rest.1,
                keeps_expired: rest.2,
                kept,
                rank: rest.3,
            };
            definition.consistent()
        },
    )
}

impl Definition {
    /// The nearest one that makes sense: what does not fit together is left out.
    fn consistent(mut self) -> Self {
        let of = |wanted: usize, can: Vec<usize>| can.get(wanted % can.len().max(1)).copied();
        let positions = |test: fn(&Measured) -> bool| -> Vec<usize> {
            (0..self.measures.len()).filter(|at| test(&self.measures[*at])).collect()
        };
        let (numbers, additive) =
            (positions(Measured::is_number), positions(Measured::is_additive));
        for measure in &mut self.measures {
            if let Measured::Ratio(over, under) = measure {
                let parts = of(*over, numbers.clone()).zip(of(*under, numbers.clone()));
                *measure =
                    parts.map_or(Measured::Count, |(over, under)| Measured::Ratio(over, under));
            }
        }
        // An hour does not always end an hour after it began there.
        let is_plain = |bucket: &str| bucket != "hour" || self.zone != "Australia/Lord_Howe";
        self.kept.retain(|(bucket, ..)| self.buckets.contains(bucket) && is_plain(bucket));
        self.rank = self
            .rank
            .filter(|_| !self.dimensions.is_empty())
            .and_then(|(by, within)| Some((of(by, additive)?, within % self.dimensions.len())));
        if self.rank.is_some() {
            self.stripes = 1;
        }
        self
    }

    /// As a definition file.
    pub(crate) fn text(&self) -> String {
        let (expiry, filter) =
            (if self.keeps_expired { "keep" } else { "retract" }, FILTERS[self.filter].0);
        let kept: Vec<_> =
            self.kept.iter().map(|(bucket, text, _)| format!("{bucket} = {text:?}")).collect();
        let rank = self.rank.map_or_else(String::new, |(by, within)| {
            format!("rank_by = \"m{by}\"\nrank_within = {:?}\n", &self.dimensions[..within])
        });
        let measures: String = self
            .measures
            .iter()
            .enumerate()
            .map(|(at, measure)| format!("m{at} = \"{}\"\n", measure.text()))
            .collect();
        format!(
            "{ENTITY}[rollups.sales]\nof = \"sale\"\nby = {:?}\ntime = {:?}\nbuckets = \
             {:?}\ntime_zone = {:?}\nstripes = {}\n\
             on_ttl_expiry = {expiry:?}\nkeep = {{ {} \
             }}\n{filter}\n{rank}[rollups.sales.measures]\n{measures}",
            self.dimensions,
            self.time,
            self.buckets,
            self.zone,
            self.stripes,
            kept.join(", "),
        )
    }

    pub(crate) fn model(&self) -> Model {
        let text = self.text();
        Model::parse("weir.toml", &text).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
    }
}
