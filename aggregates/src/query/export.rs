//! Exports: the groups, buckets and measures of a rollup that are written as rows.
//!
//! A question is about periods, which buckets make up. An export is about the buckets themselves:
//! each that is kept is a row, and nothing is filled, added up or compared.
//!
//! **Invariant:** a bucket is in the range of an export if it begins there. So the exports of
//! ranges that follow one another have each bucket once.

use jiff::Timestamp;
use weir_model::shorten::{listed, quoted};
use weir_model::{Granularity, Model, Rollup, suggestion};

use super::choices;
use super::errors::{ParameterError, ParameterErrors, noted};
use super::group::{Group, product, unknown, values};
use super::time::instant;
use crate::bucket::Bucket;
use crate::contribution::expiry;
use crate::instant::just_before;

/// The parameters beside the dimensions.
const PARAMETERS: &str = "bucket, from, to, measures";
/// The most groups that are named by their values rather than looked for.
const MAX_NAMED_GROUPS: usize = 10_000;

/// An export as it is asked for: everything in text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportQuestion {
    /// Dimensions and their values, by name; a dimension that is not named has all its values.
    pub dimensions: Vec<(String, String)>,
    /// The granularities; all that the rollup keeps if none is named.
    pub buckets: Vec<String>,
    /// The beginning of the range in which buckets begin, included.
    pub from: Option<String>,
    /// The end of that range, excluded.
    pub to: Option<String>,
    /// The names of measures, with commas between them, instead of all.
    pub measures: Option<String>,
}

/// An export that can be made.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportPlan {
    /// The texts of each dimension, in the rollup's order; `None` for all.
    selected: Vec<Option<Vec<String>>>,
    /// The granularities, finest first.
    pub granularities: Vec<Granularity>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// The positions of the measures, in the order in which they are asked for.
    pub measures: Vec<usize>,
    /// When it is asked for: buckets that are not kept any more then are left out.
    now: Timestamp,
}

/// The buckets of one granularity, from the first to the last; `None` where there is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRange {
    /// Their granularity.
    pub granularity: Granularity,
    /// The oldest.
    pub first: Option<Bucket>,
    /// The newest, included.
    pub last: Option<Bucket>,
}

impl ExportPlan {
    /// Plans an export that is asked for at an instant.
    ///
    /// # Errors
    /// Every parameter that does not go with the rollup.
    pub fn new(
        model: &Model,
        rollup: &Rollup,
        question: &ExportQuestion,
        now: Timestamp,
    ) -> Result<Self, ParameterErrors> {
        let mut errors = unknown(model, rollup, &question.dimensions, PARAMETERS);
        let selected = rollup.dimensions.iter().map(|dimension| {
            let texts = values(dimension, &question.dimensions).map_err(ParameterErrors::from);
            noted(texts, &mut errors).filter(|texts| !texts.is_empty())
        });
        let selected = selected.collect();
        let measures = choices::measures(model, rollup, question.measures.as_deref());
        let measures = noted(measures, &mut errors);
        let edge = |parameter: &str, text: &Option<String>| {
            let edge = text.as_ref().map(|text| instant(parameter, text, &rollup.time_zone));
            edge.transpose().map_err(ParameterErrors::from)
        };
        let from = noted(edge("from", &question.from), &mut errors);
        let to = noted(edge("to", &question.to), &mut errors);
        let granularities = noted(granularities(rollup, question), &mut errors);
        if let (Some(Some(from)), Some(Some(to))) = (from, to)
            && from >= to
        {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let message = format!(
                "`{}`; expected a time after `from`, which is `{}`: `to` itself is not included",
                text(&question.to),
                text(&question.from)
            );
            errors.push(ParameterError::new("to", message));
        }
        match (granularities, from, to, measures) {
            (Some(granularities), Some(from), Some(to), Some(measures)) if errors.is_empty() => {
                Ok(Self { selected, granularities, from, to, measures, now })
            }
            _ => Err(ParameterErrors(errors)),
        }
    }

    /// Returns whether a group is exported, given the texts of its dimensions.
    pub fn has_group(&self, texts: &[String]) -> bool {
        let is_selected =
            |(selected, text): (&Option<Vec<String>>, &String)| match selected.as_deref() {
                Some(selected) => selected.contains(text),
                None => true,
            };
        self.selected.iter().zip(texts).all(is_selected)
    }

    /// Returns the groups, if every dimension has its values; `None` if the groups of the rollup
    /// have to be looked for.
    pub fn named_groups(&self) -> Option<Vec<Group>> {
        let choices: Vec<Vec<String>> = self.selected.iter().cloned().collect::<Option<_>>()?;
        let count = choices.iter().fold(1_usize, |count, texts| count.saturating_mul(texts.len()));
        (count <= MAX_NAMED_GROUPS).then(|| product(&choices))
    }

    /// Returns the buckets of a granularity that are exported; `None` if there are none.
    pub fn buckets(&self, rollup: &Rollup, granularity: Granularity) -> Option<BucketRange> {
        let range = BucketRange { granularity, first: None, last: None };
        if granularity == Granularity::All {
            return Some(range);
        }
        let zone = &rollup.time_zone;
        let at = |instant| Bucket::at(granularity, instant, zone);
        let from = self.from.and_then(at).and_then(|bucket| {
            if bucket.start < self.from { bucket.next(zone) } else { Some(bucket) }
        });
        let first = later(from, self.first_that_is_kept(rollup, granularity));
        let last = self.to.and_then(just_before).and_then(at);
        let is_empty = first.as_ref().zip(last.as_ref());
        if is_empty.is_some_and(|(first, last)| first.start > last.start) {
            return None;
        }
        Some(BucketRange { first, last, ..range })
    }

    fn first_that_is_kept(&self, rollup: &Rollup, granularity: Granularity) -> Option<Bucket> {
        let keep = i64::try_from(*rollup.keep.get(&granularity)?).ok()?;
        // Buckets that end after this instant are kept, and so is the bucket that contains it.
        let since = Timestamp::from_second(self.now.as_second().saturating_sub(keep)).ok()?;
        Bucket::at(granularity, since, &rollup.time_zone)
    }

    /// Returns whether a bucket in the range of its granularity is kept. Of a bucket that is not,
    /// DynamoDB may have deleted some items.
    pub fn is_kept(&self, rollup: &Rollup, bucket: &Bucket) -> bool {
        let expires_at = bucket.end.and_then(|end| expiry(&rollup.keep, bucket.granularity, end));
        expires_at.is_none_or(|expires_at| expires_at > self.now.as_second())
    }
}

/// Returns the later of two buckets of one granularity.
fn later(one: Option<Bucket>, other: Option<Bucket>) -> Option<Bucket> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one.start < other.start { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// Returns the granularities that are asked for; in a range, those that begin and end.
fn granularities(
    rollup: &Rollup,
    question: &ExportQuestion,
) -> Result<Vec<Granularity>, ParameterErrors> {
    let kept = &rollup.granularities;
    let mut errors = Vec::new();
    for text in &question.buckets {
        if !kept.iter().any(|granularity| granularity.name() == text) {
            let names: Vec<_> = kept.iter().map(|granularity| granularity.name()).collect();
            let near = suggestion(text, names.iter().copied());
            let message = format!(
                "{} is not kept by `{}`; {near}expected {}",
                quoted(text),
                rollup.name,
                listed(&names)
            );
            errors.push(ParameterError::new("bucket", message));
        }
    }
    if !errors.is_empty() {
        return Err(ParameterErrors(errors));
    }
    let is_asked = |granularity: &Granularity| {
        question.buckets.is_empty()
            || question.buckets.iter().any(|text| granularity.name() == text)
    };
    let asked: Vec<Granularity> = kept.iter().copied().filter(is_asked).collect();
    let ranged = [("from", &question.from), ("to", &question.to)];
    let Some((parameter, _)) = ranged.into_iter().find(|(_, text)| text.is_some()) else {
        return Ok(asked);
    };
    let in_time: Vec<Granularity> =
        asked.iter().copied().filter(|granularity| *granularity != Granularity::All).collect();
    if in_time.is_empty() || (!question.buckets.is_empty() && in_time.len() < asked.len()) {
        let message = "the bucket `all` is all time and takes no range; expected no from and no to";
        return Err(ParameterError::new(parameter, message).into());
    }
    Ok(in_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r##"
        [table]
        name = "shop"
        [entities.order]
        PK = "ORDER#{id}"
        SK = "ORDER"
        [entities.order.attributes]
        id = { type = "string", required = true }
        at = { type = "timestamp", required = true }
        country = { type = "string" }
        tier = { type = "integer" }
        [rollups.sales]
        of = "order"
        by = ["country", "tier"]
        time = "at"
        time_zone = "Europe/Berlin"
        buckets = ["hour", "day", "month", "all"]
        keep = { hour = "2d" }
        measures = { orders = "count", tiers = "distinct(tier)" }
    "##;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn plan(question: &ExportQuestion) -> Result<(Model, ExportPlan), String> {
        let model: Model = DEFINITION.parse().expect("a definition");
        let now = "2026-11-20T12:00:00Z".parse().expect("an instant");
        let plan = ExportPlan::new(&model, &model.rollups[0], question, now);
        plan.map(|plan| (model, plan)).map_err(|error| error.to_string())
    }

    #[test]
    fn buckets_begin_in_the_range_and_are_kept() {
        let (from, to) = (Some("2026-11-15T10:30".to_owned()), Some("2026-11-20T00:30".to_owned()));
        let question = ExportQuestion { from, to, ..ExportQuestion::default() };
        let (model, plan) = plan(&question).expect("a plan");
        let keys = |granularity| {
            let range = plan.buckets(&model.rollups[0], granularity)?;
            Some([range.first?.key, range.last?.key])
        };
        let expected = ["hour#2026-11-18T12:00Z", "hour#2026-11-19T23:00Z"];
        assert_eq!(keys(Granularity::Hour), Some(expected.map(str::to_owned)));
        let expected = ["day#2026-11-16", "day#2026-11-20"];
        assert_eq!(keys(Granularity::Day), Some(expected.map(str::to_owned)));
        assert_eq!(keys(Granularity::Month), None, "November begins before the range");
        use Granularity::{Day, Hour, Month};
        assert_eq!(plan.granularities, [Hour, Day, Month], "all time is in no range");
    }

    #[test]
    fn groups_are_named_only_if_every_dimension_has_values() {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let of = |pairs: &[(&str, &str)]| {
            let dimensions = pairs.iter().map(pair).collect();
            plan(&ExportQuestion { dimensions, ..ExportQuestion::default() }).expect("a plan").1
        };
        let some = of(&[("country", "DE"), ("country", "FR")]);
        assert_eq!(some.named_groups(), None);
        assert!(some.has_group(&texts(&["FR", "2"])) && !some.has_group(&texts(&["GB", "2"])));
        let all = of(&[("country", "DE"), ("country", "FR"), ("tier", "2.0")]);
        let groups = [texts(&["DE", "2"]), texts(&["FR", "2"])].map(|texts| Group { texts });
        assert_eq!(all.named_groups(), Some(groups.to_vec()));
    }

    #[test]
    fn every_mistake_is_listed_with_what_is_allowed() {
        let question = ExportQuestion {
            dimensions: vec![("county".to_owned(), "DE".to_owned())],
            buckets: texts(&["week"]),
            from: Some("soon".to_owned()),
            measures: Some("order".to_owned()),
            to: None,
        };
        let told = plan(&question).expect_err("mistakes");
        for expected in [
            "`county`: no such dimension; did you mean `country`? ",
            "the dimensions of `sales` are country, tier;",
            "the other parameters are bucket, from, to, measures",
            "`from`: `soon` is not a time; expected a time such as 2026, 2026-11, ",
            "`bucket`: `week` is not kept by `sales`; expected hour, day, month, all",
            "`measures`: `order` is no measure of `sales`; did you mean `orders`? ",
        ] {
            assert!(told.contains(expected), "{expected}: {told}");
        }
        let range = |buckets: &[&str], from: &str, to: &str| {
            let [from, to] = [from, to].map(|text| Some(text.to_owned()));
            let question =
                ExportQuestion { buckets: texts(buckets), from, to, ..ExportQuestion::default() };
            plan(&question).expect_err("a mistake")
        };
        let expected = "`from`: the bucket `all` is all time and takes no range; expected no from \
                        and no to";
        assert_eq!(range(&["all"], "2026", "2027"), expected);
        let expected = "`to`: `2026`; expected a time after `from`, which is `2027`: `to` itself \
                        is not included";
        assert_eq!(range(&[], "2027", "2026"), expected);
    }
}
