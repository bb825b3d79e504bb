//! Measures at random, of every kind.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::definition::{NUMBERS, SEVERAL, SINGLE, TIMES};

/// Edges of histograms. The outermost are beyond all that is measured.
const EDGES: [&str; 9] = ["-1e50", "-10", "-0.5", "0", "0.5", "1", "12.5", "100", "1e50"];

/// A measure, of places by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Measured {
    Count,
    Present(&'static str),
    Sum(&'static str),
    Avg(&'static str),
    Variance(&'static str, bool),
    StdDev(&'static str, bool),
    Min(&'static str),
    Max(&'static str),
    Smallest(&'static str, usize),
    Largest(&'static str, usize),
    Distinct(&'static str),
    Top(&'static str, usize),
    CountBy(&'static str),
    First(&'static str, Option<&'static str>),
    Last(&'static str, Option<&'static str>),
    /// The part in millionths, and the function as it is written.
    Quantile(&'static str, u32, &'static str),
    Histogram(&'static str, Vec<&'static str>),
    /// Of two other measures, by position.
    Ratio(usize, usize),
}

pub(crate) fn measure() -> impl Strategy<Value = Measured> {
    let anything = || prop_oneof![4 => select(&SINGLE[..]), 1 => select(&SEVERAL[..])];
    let some = || prop_oneof![2 => select(&SINGLE[..]), 1 => select(&SEVERAL[..])];
    let one = || select(&SINGLE[..]);
    let number = || select(&NUMBERS[..]);
    let by = || prop_oneof![Just(None), select(&TIMES[..]).prop_map(Some)];
    let parts = vec![
        (500_000, "median"),
        (950_000, "p95"),
        (10_000, "p01"),
        (0, "0"),
        (333_333, "0.333333"),
        (1_000_000, "1.0"),
    ];
    prop_oneof![
        Just(Measured::Count),
        anything().prop_map(Measured::Present),
        number().prop_map(Measured::Sum),
        number().prop_map(Measured::Avg),
        (number(), any::<bool>()).prop_map(|(of, pop)| Measured::Variance(of, pop)),
        (number(), any::<bool>()).prop_map(|(of, pop)| Measured::StdDev(of, pop)),
        one().prop_map(Measured::Min),
        one().prop_map(Measured::Max),
        (one(), 1_usize..4).prop_map(|(of, limit)| Measured::Smallest(of, limit)),
        (one(), 1_usize..4).prop_map(|(of, limit)| Measured::Largest(of, limit)),
        some().prop_map(Measured::Distinct),
        (some(), 1_usize..4).prop_map(|(of, limit)| Measured::Top(of, limit)),
        select(vec!["status", "gift"]).prop_map(Measured::CountBy),
        (one(), by()).prop_map(|(of, by)| Measured::First(of, by)),
        (one(), by()).prop_map(|(of, by)| Measured::Last(of, by)),
        (number(), select(parts)).prop_map(|(of, (part, text))| Measured::Quantile(of, part, text)),
        (number(), subsequence(EDGES.to_vec(), 1..=5)).prop_map(|(of, edges)| histogram(of, edges)),
        (0_usize..8, 0_usize..8).prop_map(|(over, under)| Measured::Ratio(over, under)),
    ]
}

/// Edges have no more decimal places than the number.
fn histogram(of: &'static str, mut edges: Vec<&'static str>) -> Measured {
    if of == "units" {
        edges.retain(|edge| !edge.contains('.'));
    }
    if edges.is_empty() {
        edges.push("0");
    }
    Measured::Histogram(of, edges)
}

impl Measured {
    /// The place that it reads of each item.
    pub(crate) fn source(&self) -> Option<&'static str> {
        match self {
            Self::Count | Self::Ratio(..) => None,
            Self::Present(of)
            | Self::Sum(of)
            | Self::Avg(of)
            | Self::Variance(of, _)
            | Self::StdDev(of, _)
            | Self::Min(of)
            | Self::Max(of)
            | Self::Smallest(of, _)
            | Self::Largest(of, _)
            | Self::Distinct(of)
            | Self::Top(of, _)
            | Self::CountBy(of)
            | Self::First(of, _)
            | Self::Last(of, _)
            | Self::Quantile(of, ..)
            | Self::Histogram(of, _) => Some(of),
        }
    }

    pub(crate) fn is_additive(&self) -> bool {
        matches!(self, Self::Count | Self::Present(_) | Self::Sum(_) | Self::Distinct(_))
    }

    pub(crate) fn is_number(&self) -> bool {
        match self {
            Self::Min(of) | Self::Max(of) | Self::First(of, _) | Self::Last(of, _) => {
                NUMBERS.contains(of)
            }
            Self::Avg(_) | Self::Variance(..) | Self::StdDev(..) | Self::Quantile(..) => true,
            other => other.is_additive(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let pop = |is_population: &bool| if *is_population { "_pop" } else { "" };
        let by = |by: &Option<&str>| by.map(|by| format!(", {by}")).unwrap_or_default();
        match self {
            Self::Count => "count".to_owned(),
            Self::Present(of) => format!("count({of})"),
            Self::Sum(of) => format!("sum({of})"),
            Self::Avg(of) => format!("avg({of})"),
            Self::Variance(of, is_population) => format!("variance{}({of})", pop(is_population)),
            Self::StdDev(of, is_population) => format!("stddev{}({of})", pop(is_population)),
            Self::Min(of) => format!("min({of})"),
            Self::Max(of) => format!("max({of})"),
            Self::Smallest(of, limit) => format!("smallest({of}, {limit})"),
            Self::Largest(of, limit) => format!("largest({of}, {limit})"),
            Self::Distinct(of) => format!("distinct({of})"),
            Self::Top(of, limit) => format!("top({of}, {limit})"),
            Self::CountBy(of) => format!("count_by({of})"),
            Self::First(of, time) => format!("first({of}{})", by(time)),
            Self::Last(of, time) => format!("last({of}{})", by(time)),
            Self::Quantile(of, _, text) => match text.starts_with(|c: char| c.is_ascii_digit()) {
                true => format!("quantile({of}, {text})"),
                false => format!("{text}({of})"),
            },
            Self::Histogram(of, edges) => format!("histogram({of}, {})", edges.join(", ")),
            Self::Ratio(over, under) => format!("ratio(m{over}, m{under})"),
        }
    }
}
