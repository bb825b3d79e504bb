//! Questions about ranks: which groups of a bucket have the greatest score, and which are around
//! one of them.
//!
//! **Invariant:** a plan is about one partition of the index of ranks.

use jiff::Timestamp;
use weir_model::rollup::{MAX_NEIGHBOURS, Rank, Source};
use weir_model::shorten::{listed, quoted};
use weir_model::{Granularity, Model, Rollup, suggestion};

use super::errors::{ParameterError, ParameterErrors, noted};
use super::group::{self, Group};
use super::time::instant;
use super::{choices, explanation};
use crate::bucket::Bucket;
use crate::calendar::Calendar;
use crate::cover::RetainedBuckets;
use crate::instant::local;
use crate::key;
use crate::period::Period;

/// The parameters beside the dimensions.
const PARAMETERS: &str = "every, from, order, neighbours, measures, limit, cursor, format";

/// A question as it is asked: everything in text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RankQuestion {
    /// Dimensions and their values, by name: those within which groups are ranked; all of them
    /// where neighbours are asked for.
    pub dimensions: Vec<(String, String)>,
    /// The granularity of the bucket; needed where several are kept.
    pub every: Option<String>,
    /// The beginning of the bucket; `None` for all time.
    pub from: Option<String>,
    /// `desc` for the greatest first, which is the default, or `asc`.
    pub order: Option<String>,
    /// The number of groups before and after the group of the dimensions.
    pub neighbours: Option<String>,
    /// The names of measures, with commas between them, instead of all.
    pub measures: Option<String>,
}

/// A question about ranks that can be answered.
#[derive(Clone, Debug, PartialEq)]
pub struct RankPlan {
    /// The bucket.
    pub bucket: Bucket,
    /// The partition of the index.
    pub rank: String,
    /// The positions of the dimensions within which groups are ranked, with their texts.
    pub within: Vec<(usize, String)>,
    /// Whether the greatest score is first.
    pub descending: bool,
    /// The group whose neighbours are asked for.
    pub around: Option<Around>,
    /// The positions of the measures that are asked for, in the order in which they are.
    pub measures: Vec<usize>,
}

/// A group whose neighbours are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// The group.
    pub group: Group,
    /// The number of groups before it, and after it.
    pub neighbours: u32,
}

impl RankPlan {
    /// Plans the answer to a question that is asked at an instant.
    ///
    /// # Errors
    /// Every parameter that does not go with the rollup.
    pub fn new(
        model: &Model,
        rollup: &Rollup,
        question: &RankQuestion,
        now: Timestamp,
    ) -> Result<Self, ParameterErrors> {
        let Some(rank) = &rollup.rank else { return Err(unranked(model, rollup).into()) };
        let mut errors = Vec::new();
        let neighbours = neighbours(question).map_err(ParameterErrors::from);
        let neighbours = noted(neighbours, &mut errors);
        let is_around = question.neighbours.is_some();
        let texts = texts(model, rollup, rank, &question.dimensions, is_around);
        let texts = noted(texts, &mut errors);
        let bucket = bucket(rollup, question, now).map_err(ParameterErrors::from);
        let bucket = noted(bucket, &mut errors);
        let descending = noted(descending(question).map_err(ParameterErrors::from), &mut errors);
        let measures = choices::measures(model, rollup, question.measures.as_deref());
        let measures = noted(measures, &mut errors);
        let (Some(neighbours), Some(texts), Some(bucket), Some(descending), Some(measures)) =
            (neighbours, texts, bucket, descending, measures)
        else {
            return Err(ParameterErrors(errors));
        };
        let group: Option<Vec<_>> = texts.iter().cloned().collect();
        let within = rank.within.iter();
        let within: Vec<_> =
            within.filter_map(|position| Some((*position, texts[*position].clone()?))).collect();
        let key = key::ranking(rollup, within.iter().map(|(_, text)| text.as_str()), &bucket.key);
        let around = neighbours.zip(group);
        let around =
            around.map(|(neighbours, texts)| Around { group: Group { texts }, neighbours });
        let has_key = around.as_ref().is_none_or(|one| one.group.partitions(rollup).is_some());
        let Some(rank) = key.filter(|_| has_key) else {
            let texts: Vec<_> = texts.into_iter().map(Option::unwrap_or_default).collect();
            return Err(group::too_long(rollup, &texts).into());
        };
        Ok(Self { bucket, rank, within, descending, around, measures })
    }
}

/// Returns the error of a rollup without ranks, with the rollups that have them.
fn unranked(model: &Model, rollup: &Rollup) -> ParameterError {
    let ranked = model.rollups.iter().filter(|other| other.rank.is_some());
    let ranked: Vec<_> = ranked.map(|other| other.name.as_str()).collect();
    let expected = match ranked.is_empty() {
        true => "no rollup of the definition has it".to_owned(),
        false => format!("expected {}", listed(&ranked)),
    };
    let name = &rollup.name;
    ParameterError::new(
        "rollup",
        format!("the groups of `{name}` have no ranks (rank_by); {expected}"),
    )
}

fn neighbours(question: &RankQuestion) -> Result<Option<u32>, ParameterError> {
    let Some(text) = &question.neighbours else { return Ok(None) };
    let count = text.parse().ok().filter(|count| (1..=MAX_NEIGHBOURS).contains(count));
    count.map(Some).ok_or_else(|| {
        let message =
            format!("{}, expected a whole number from 1 to {MAX_NEIGHBOURS}", quoted(text));
        ParameterError::new("neighbours", message)
    })
}

fn descending(question: &RankQuestion) -> Result<bool, ParameterError> {
    match question.order.as_deref() {
        None | Some("desc") => Ok(true),
        Some("asc") => Ok(false),
        Some(text) => {
            Err(ParameterError::new("order", format!("{}, expected desc or asc", quoted(text))))
        }
    }
}

/// Returns the text of each dimension, where it is needed.
fn texts(
    model: &Model,
    rollup: &Rollup,
    rank: &Rank,
    given: &[(String, String)],
    is_around: bool,
) -> Result<Vec<Option<String>>, ParameterErrors> {
    let mut errors = group::unknown(model, rollup, given, PARAMETERS);
    // Where an unknown name is given, a dimension that is missing is likely the one that was meant.
    let is_misnamed = !errors.is_empty();
    let mut texts = Vec::new();
    for (position, dimension) in rollup.dimensions.iter().enumerate() {
        let is_needed = is_around || rank.within.contains(&position);
        let is_given = given.iter().any(|(name, _)| name == dimension.name());
        if !is_given && (!is_needed || is_misnamed) {
            texts.push(None);
            continue;
        }
        match text(rollup, rank, dimension, given, is_needed, is_around) {
            Ok(text) => texts.push(Some(text)),
            Err(wrong) => errors.push(wrong),
        }
    }
    if errors.is_empty() { Ok(texts) } else { Err(ParameterErrors(errors)) }
}

fn text(
    rollup: &Rollup,
    rank: &Rank,
    dimension: &Source,
    given: &[(String, String)],
    is_needed: bool,
    is_around: bool,
) -> Result<String, ParameterError> {
    let refuse = |message: String| Err(ParameterError::new(dimension.name(), message));
    let within = rank.within.iter().map(|position| rollup.dimensions[*position].name());
    let within: Vec<_> = within.collect();
    if !is_needed {
        let within = match within.is_empty() {
            true => "all groups of a bucket".to_owned(),
            false => format!("groups within {}", within.join(", ")),
        };
        return refuse(format!(
            "`{}` ranks {within}; expected none, or neighbours beside it, for the ranks around a \
             group",
            rollup.name
        ));
    }
    let values = group::values(dimension, given)?;
    match <[String; 1]>::try_from(values) {
        Ok([text]) => Ok(text),
        Err(values) if values.is_empty() && is_around => refuse(format!(
            "missing; {}, each is needed for neighbours",
            group::expectation(rollup)
        )),
        Err(values) if values.is_empty() => refuse(format!(
            "missing; the groups of `{}` are ranked within {}",
            rollup.name,
            within.join(", ")
        )),
        Err(_) => refuse("given twice, expected one value".to_owned()),
    }
}

/// Returns the bucket, which must be one that is kept.
fn bucket(
    rollup: &Rollup,
    question: &RankQuestion,
    now: Timestamp,
) -> Result<Bucket, ParameterError> {
    let every = every(rollup, question.every.as_deref())?;
    let (every, text) = match (every, &question.from) {
        (Granularity::All, None) => return Ok(Bucket::all()),
        (Granularity::All, Some(_)) => {
            return Err(ParameterError::new("from", "every=all is all time; expected no from"));
        }
        (every, Some(text)) => (every, text),
        (every, None) => {
            let message = format!("missing; expected where {} begins", explanation::noun(every));
            return Err(ParameterError::new("from", message));
        }
    };
    let calendar = Calendar::for_rollup(rollup);
    let refuse = |message: String| Err(ParameterError::new("from", message));
    let from = instant("from", text, &calendar.zone)?;
    let around = calendar.period(every, from);
    let bucket = Bucket::at(every, from, &calendar.zone);
    let (Some(around), Some(bucket)) = (around, bucket) else {
        return refuse(format!("`{text}` is beyond the years 0000 to 9999"));
    };
    let kept = RetainedBuckets::at(rollup, now);
    let shown = |instant| local(instant, &calendar.zone);
    let first = kept.first_behind(&calendar, every, from).map(|first| first.start);
    let Period { start, end } = around;
    if start != from {
        let near: Vec<_> = [start, end].into_iter().filter(|near| first <= Some(*near)).collect();
        let near = if near.is_empty() { first.into_iter().collect() } else { near };
        let near: Vec<_> = near.into_iter().map(shown).collect();
        return refuse(format!(
            "`{text}` is not where {} begins ({}); expected {}",
            explanation::noun(every),
            explanation::calendar_name(&calendar, every),
            near.join(" or ")
        ));
    }
    if !kept.has(every, end) {
        let later =
            first.map_or(String::new(), |first| format!("; expected {} or later", shown(first)));
        return refuse(format!(
            "`{text}` begins {} of `{}` that is not kept any more ({}){later}",
            explanation::noun(every),
            rollup.name,
            kept.names()
        ));
    }
    Ok(bucket)
}

/// Returns the granularity, which may be left out where there is one.
fn every(rollup: &Rollup, text: Option<&str>) -> Result<Granularity, ParameterError> {
    let names: Vec<_> = rollup.granularities.iter().map(|kept| kept.name()).collect();
    let Some(text) = text else {
        return match rollup.granularities.as_slice() {
            [only] => Ok(*only),
            _ => {
                let message = format!("missing; expected one of {}", listed(&names));
                Err(ParameterError::new("every", message))
            }
        };
    };
    let kept = rollup.granularities.iter().copied().find(|kept| kept.name() == text);
    kept.ok_or_else(|| {
        let near = suggestion(text, names.iter().copied());
        let (name, names) = (&rollup.name, listed(&names));
        ParameterError::new(
            "every",
            format!("`{text}` is not kept by `{name}`; {near}expected {names}"),
        )
    })
}
