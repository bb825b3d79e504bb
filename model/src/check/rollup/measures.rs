//! Checks the measures of a rollup: that each is one, of a value that it can measure.

use super::RESERVED;
use super::source::source;
use crate::attribute::AttributeType;
use crate::check::report::Report;
use crate::entity::Entity;
use crate::file::RollupFile;
use crate::nearest::expected;
use crate::number::Number;
use crate::rollup::{
    Direction, MAX_HISTOGRAM_EDGES, MAX_LISTED_VALUES, MEASURES, Measure, NamedMeasure, Quantile,
    Source,
};
use crate::shorten::listed;

/// The most measures of a rollup: DynamoDB takes an update expression of 4 KB.
const MAX_MEASURES: usize = 100;
/// The most numbers of a rollup item, for the same reason: each is named in the update.
const MAX_NUMBERS: usize = 300;

/// Reads one measure.
struct Reader<'a, 'b> {
    path: [&'a str; 4],
    text: &'a str,
    entity: &'a Entity,
    time: Option<&'a Source>,
    report: &'a mut Report<'b>,
}

pub(super) fn check(
    name: &str,
    file: &RollupFile,
    entity: &Entity,
    time: Option<&Source>,
    report: &mut Report<'_>,
) -> Vec<NamedMeasure> {
    let whole = ["rollups", name, "measures"];
    if file.measures.len() > MAX_MEASURES {
        let message = format!("{} measures", file.measures.len());
        report.key(&whole, message, format!("expected {MAX_MEASURES} or fewer"));
    }
    if file.measures.is_empty() {
        let help = "expected one or more, such as { orders = \"count\" }";
        report.key(&whole, "no measure", help);
    }
    let mut measures = Vec::new();
    for (measure, text) in &file.measures {
        let path = ["rollups", name, "measures", measure];
        report.name(&path, "a measure", measure);
        if RESERVED.contains(&measure.as_str()) {
            let help = format!("reserved names are {}", RESERVED.join(", "));
            report.key(&path, format!("`{measure}` is reserved, answers use it themselves"), help);
        }
        if file.by.contains(measure) {
            let message = format!("`{measure}` is a dimension and a measure");
            report.key(&path, message, "expected another name for the measure");
        }
        let reader = Reader { path, text, entity, time, report };
        if let Some(parsed) = reader.measure() {
            measures.push(NamedMeasure { name: measure.clone(), measure: parsed });
        }
    }
    ratios(name, file, &measures, report);
    let numbers: usize = measures.iter().map(|known| numbers(&known.measure)).sum();
    if numbers > MAX_NUMBERS {
        let message = format!("measures of {numbers} numbers");
        let help = format!("expected {MAX_NUMBERS} or fewer in one rollup: an update names each");
        report.key(&whole, message, help);
    }
    measures
}

/// Returns how many numbers of a rollup item a measure takes at most.
fn numbers(measure: &Measure) -> usize {
    match measure {
        Measure::Histogram { edges, .. } => edges.len() + 1,
        Measure::CountBy(of) => of.kind().values_of_few().len(),
        Measure::Sum(_) | Measure::Avg(_) => 2,
        Measure::Variance { .. } | Measure::StdDev { .. } => 4,
        _ => 1,
    }
}

/// Both parts of each ratio are measures that are numbers.
fn ratios(name: &str, file: &RollupFile, measures: &[NamedMeasure], report: &mut Report<'_>) {
    for known in measures {
        let Measure::Ratio { over, under } = &known.measure else { continue };
        let parts = std::iter::once(over).chain((over != under).then_some(under));
        for part in parts {
            let path = ["rollups", name, "measures", known.name.as_str()];
            let numbers: Vec<_> = measures
                .iter()
                .filter(|other| other.measure.is_number())
                .map(|other| other.name.as_str())
                .collect();
            // A measure that could not be read is reported already.
            let is_read = measures.iter().any(|other| other.name == *part);
            if numbers.contains(&part.as_str()) || (!is_read && file.measures.contains_key(part)) {
                continue;
            }
            let message = match is_read {
                true => format!("`{part}` is not one number"),
                false => format!("`{part}` is no measure of this rollup"),
            };
            report.value(&path, message, expected(part, &numbers));
        }
    }
}

impl Reader<'_, '_> {
    fn measure(mut self) -> Option<Measure> {
        if self.text == "count" {
            return Some(Measure::Count);
        }
        let call = self.text.strip_suffix(')').and_then(|text| text.split_once('('));
        let Some((function, arguments)) = call else {
            self.refuse(format!("`{}` is no measure", self.text), expected(self.text, &MEASURES));
            return None;
        };
        let arguments: Vec<&str> = arguments.split(',').map(str::trim).collect();
        let (first, rest) = arguments.split_first().expect("a split has a part");
        // No measure has an argument without a name: `count` itself goes without parentheses.
        let function = if arguments.contains(&"") { "" } else { function.trim() };
        match (function, rest) {
            ("count", []) => self.any(first).map(Measure::Present),
            ("sum", []) => self.number(first).map(Measure::Sum),
            ("avg", []) => self.number(first).map(Measure::Avg),
            (spread @ ("variance" | "variance_pop" | "stddev" | "stddev_pop"), []) => {
                let of = self.number(first)?;
                let is_population = spread.ends_with("_pop");
                Some(match spread.starts_with("variance") {
                    true => Measure::Variance { of, is_population },
                    false => Measure::StdDev { of, is_population },
                })
            }
            ("min", []) => self.extreme(first, Direction::Ascending),
            ("max", []) => self.extreme(first, Direction::Descending),
            (end @ ("smallest" | "largest"), [limit]) => {
                let of = self.one(first)?;
                let end =
                    if end == "smallest" { Direction::Ascending } else { Direction::Descending };
                Some(Measure::Extremes { of, end, limit: self.limit(limit)? })
            }
            ("distinct", []) => self.some(first).map(Measure::Distinct),
            ("top", [limit]) => {
                let of = self.some(first)?;
                Some(Measure::Top { of, limit: self.limit(limit)? })
            }
            ("count_by", []) => self.listed(first).map(Measure::CountBy),
            (end @ ("first" | "last"), times @ ([] | [_])) => {
                self.at_end(end, first, times.first().copied())
            }
            ("median", []) => self.quantile(first, "0.5"),
            ("quantile", [part]) => self.quantile(first, part),
            ("histogram", edges @ [_, ..]) => self.histogram(first, edges),
            ("ratio", [under]) => {
                Some(Measure::Ratio { over: (*first).to_owned(), under: (*under).to_owned() })
            }
            (percentile, []) if Quantile::of_percent(percentile).is_some() => {
                let quantile = Quantile::of_percent(percentile)?;
                Some(Measure::Quantile { of: self.number(first)?, quantile })
            }
            _ => {
                let text = self.text;
                self.refuse(format!("`{text}` is no measure"), expected(text, &MEASURES));
                None
            }
        }
    }

    fn refuse(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.report.value(&self.path, message, help);
    }

    /// Whatever is there.
    fn any(&mut self, name: &str) -> Option<Source> {
        source(&self.path, name, self.entity, self.report)
    }

    /// Returns a number.
    fn number(&mut self, name: &str) -> Option<Source> {
        let source = self.any(name)?;
        if source.kind().is_numeric() {
            return Some(source);
        }
        let function = self.text.split('(').next().unwrap_or_default().trim();
        let message =
            format!("`{name}` is {}, which `{function}` cannot add up", source.kind().noun());
        let numbers = self.entity.attributes.iter().filter(|other| other.kind.is_numeric());
        let numbers: Vec<_> = numbers.map(|other| other.name.as_str()).collect();
        let help = format!("the numbers of `{}` are: {}", self.entity.name, listed(&numbers));
        self.refuse(message, help);
        None
    }

    /// One value with an order.
    fn one(&mut self, name: &str) -> Option<Source> {
        let source = self.any(name)?;
        if source.kind().is_scalar() {
            return Some(source);
        }
        let message = format!("`{name}` is {}, which has no order", source.kind().noun());
        self.refuse(message, "expected text, a number, a boolean, an enum or a timestamp");
        None
    }

    /// One value or several.
    fn some(&mut self, name: &str) -> Option<Source> {
        let source = self.any(name)?;
        if source.of_one().kind.is_scalar() {
            return Some(source);
        }
        let message =
            format!("`{name}` is {}, whose values are not told apart", source.kind().noun());
        let help = "expected text, a number, a boolean, an enum, a timestamp, or a set or a list \
                    of such `items`";
        self.refuse(message, help);
        None
    }

    /// Returns a value of a few that are known.
    fn listed(&mut self, name: &str) -> Option<Source> {
        let source = self.any(name)?;
        if matches!(source.kind(), AttributeType::Enum { .. } | AttributeType::Boolean) {
            return Some(source);
        }
        let message = format!("`{name}` is {}, whose values are not known", source.kind().noun());
        let help = format!("expected an enum or a boolean; top({name}, 10) counts any values");
        self.refuse(message, help);
        None
    }

    fn extreme(&mut self, name: &str, end: Direction) -> Option<Measure> {
        let of = self.one(name)?;
        Some(Measure::Extreme { of, end })
    }

    fn limit(&mut self, text: &str) -> Option<u16> {
        let limit = text.parse().ok().filter(|limit| (1..=MAX_LISTED_VALUES).contains(limit));
        if limit.is_none() {
            let message = format!("`{text}` is no number of values");
            self.refuse(message, format!("expected 1 to {MAX_LISTED_VALUES}"));
        }
        limit
    }

    fn at_end(&mut self, end: &str, name: &str, time: Option<&str>) -> Option<Measure> {
        let of = self.one(name)?;
        let by = match time {
            Some(time) => self.any(time)?,
            None => match self.time {
                Some(time) => time.clone(),
                None => {
                    let help =
                        format!("expected `time` of the rollup, or {end}({name}, a timestamp)");
                    self.refuse(format!("`{}` by no time", self.text), help);
                    return None;
                }
            },
        };
        if !matches!(by.kind(), AttributeType::Timestamp(_)) {
            let message = format!("`{}` is {}", by.name(), by.kind().noun());
            self.refuse(message, "expected a timestamp");
            return None;
        }
        let end = if end == "first" { Direction::Ascending } else { Direction::Descending };
        Some(Measure::AtEnd { of, by: Box::new(by), end })
    }

    fn quantile(&mut self, name: &str, part: &str) -> Option<Measure> {
        let of = self.number(name)?;
        let quantile = part.parse().ok().and_then(|part| Quantile::from_number(&part));
        if quantile.is_none() {
            let help =
                "expected a number from 0 to 1 with six decimal places at most, such as 0.95";
            self.refuse(format!("`{part}` is no part of all values"), help);
        }
        Some(Measure::Quantile { of, quantile: quantile? })
    }

    fn histogram(&mut self, name: &str, texts: &[&str]) -> Option<Measure> {
        let of = self.number(name)?;
        if texts.len() > MAX_HISTOGRAM_EDGES {
            let message = format!("{} edges", texts.len());
            self.refuse(message, format!("expected {MAX_HISTOGRAM_EDGES} or fewer"));
            return None;
        }
        let mut edges: Vec<Number> = Vec::new();
        for text in texts {
            let Ok(edge) = text.parse::<Number>() else {
                self.refuse(format!("the edge `{text}` is no number"), "expected numbers");
                return None;
            };
            if edges.last().is_some_and(|before| *before >= edge) {
                let message = format!("the edge {edge} is not above the one before it");
                self.refuse(message, "expected edges in ascending order");
                return None;
            }
            let scale = of.attribute.scale();
            if edge.decimal_places() > scale {
                let message = format!("the edge {edge} has more decimal places than `{name}`");
                self.refuse(message, format!("expected {scale} at most"));
                return None;
            }
            edges.push(edge);
        }
        Some(Measure::Histogram { of, edges })
    }
}

#[cfg(test)]
mod tests;
