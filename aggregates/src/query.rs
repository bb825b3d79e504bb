//! Questions to a rollup: checked against its definition, and planned as periods that its buckets
//! make up.
//!
//! ```text
//! texts ──Plan::new──► groups × periods ──cover──► buckets ──runs──► ranges of sort keys
//! ```
//!
//! | to see | read |
//! |---|---|
//! | which groups are asked about | `group` |
//! | the calendar, the measures, and other choices | `choices` |
//! | the range and the periods that it is cut into | `range` |
//! | what it is compared with | `previous`: the range is that of `earlier`, its periods those of `pairs` |
//! | whether buckets make up every period | `coverage` |
//! | why a period has no answer, and which question has one | `explanation` |
//! | which ranking is asked about | `ranks` |
//! | which groups and buckets are exported | `export` |
//!
//! **Invariant:** a question that no buckets answer exactly is refused with what could be asked
//! instead; nothing is guessed, and no plan is a scan.

mod choices;
mod compare;
mod coverage;
mod earlier;
mod errors;
mod explanation;
mod export;
mod group;
mod pairs;
mod previous;
mod range;
mod ranks;
mod time;

use jiff::Timestamp;
use weir_model::{Granularity, Model, Rollup};

use self::coverage::{Coverage, Gap};
use self::errors::noted;
use self::pairs::Pairs;
use crate::bucket::Bucket;
use crate::calendar::Calendar;
use crate::cover::cover;
use crate::period::Period;

pub use self::coverage::MAX_PERIODS;
pub use self::errors::{ParameterError, ParameterErrors};
pub use self::export::{BucketRange, ExportPlan, ExportQuestion};
pub use self::group::{Group, MAX_GROUPS};
pub use self::pairs::Previous;
pub use self::ranks::{Around, RankPlan, RankQuestion};
pub use crate::instant::local;

/// A question as it is asked: everything in text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// Dimensions and their values, by name; one that has several is asked about several groups.
    pub dimensions: Vec<(String, String)>,
    /// The beginning of the range, included.
    pub from: Option<String>,
    /// The end of the range, excluded.
    pub to: Option<String>,
    /// The granularity of a series; without it, a total is asked for.
    pub every: Option<String>,
    /// The zone of the calendar, instead of the rollup's.
    pub time_zone: Option<String>,
    /// The first day of a week, instead of Monday.
    pub week_start: Option<String>,
    /// The month in which years begin, instead of January.
    pub fiscal_year_start: Option<String>,
    /// The value of a period in which nothing is counted.
    pub fill: Option<String>,
    /// The earlier range that it is compared with.
    pub compare: Option<String>,
    /// The names of measures, with commas between them, instead of all.
    pub measures: Option<String>,
}

/// A question that can be answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The groups it is about, one or more.
    pub groups: Vec<Group>,
    /// The calendar that cuts time into periods.
    pub calendar: Calendar,
    /// The range.
    pub range: QueryRange,
    /// The earlier range that it is compared with.
    pub previous: Option<Previous>,
    /// The value of a period in which nothing is counted.
    pub fill: Fill,
    /// The positions of the measures that are asked for, in the order in which they are.
    pub measures: Vec<usize>,
    /// When it is asked: buckets that are not kept any more then are not used.
    pub now: Timestamp,
}

/// The range of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryRange {
    /// One point of all time.
    AllTime,
    /// One point of a range.
    Total(Period),
    /// A point of each period of a range.
    Series {
        /// The length of the periods.
        every: Granularity,
        /// The beginning of the first.
        from: Timestamp,
        /// The end of the last.
        to: Timestamp,
    },
}

/// The value of a period in which nothing is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fill {
    /// No point.
    #[default]
    None,
    /// A point of what is measured of nothing.
    Zero,
    /// A point without values.
    Null,
    /// A point with the values of the one before.
    Previous,
}

impl Plan {
    /// Plans the answer to a question that is asked at an instant.
    ///
    /// # Errors
    /// Every parameter that does not go with the rollup.
    pub fn new(
        model: &Model,
        rollup: &Rollup,
        question: &Question,
        now: Timestamp,
    ) -> Result<Self, ParameterErrors> {
        let mut errors = Vec::new();
        let groups = noted(group::groups(model, rollup, &question.dimensions), &mut errors);
        let measures =
            noted(choices::measures(model, rollup, question.measures.as_deref()), &mut errors);
        let fill = noted(choices::fill(question), &mut errors);
        let compare = noted(choices::compare(question), &mut errors);
        let calendar = noted(choices::calendar(rollup, question), &mut errors);
        let range = calendar.as_ref().and_then(|calendar| {
            noted(range::query_range(rollup, calendar, question, now), &mut errors)
        });
        let earlier = calendar.as_ref().zip(range.as_ref()).zip(compare.flatten());
        let previous = earlier.and_then(|((calendar, range), compare)| {
            let previous = previous::previous(rollup, calendar, range, compare, now);
            noted(previous.map_err(ParameterErrors::from), &mut errors)
        });
        match (groups, calendar, range, fill, measures) {
            (Some(groups), Some(calendar), Some(range), Some(fill), Some(measures))
                if errors.is_empty() =>
            {
                Ok(Self { groups, calendar, range, previous, fill, measures, now })
            }
            _ => Err(ParameterErrors(errors)),
        }
    }

    /// Returns the periods of the range from the one that an instant is in, such as that at which
    /// the page before ended. A total is one period, and all time is none.
    pub fn periods_from(&self, instant: Timestamp) -> impl Iterator<Item = Period> {
        self.range.periods(&self.calendar, instant)
    }

    /// Returns the same periods, each with the earlier one that it is compared with; `None` where
    /// it has no counterpart, and where nothing is compared.
    pub fn pairs_from(&self, instant: Timestamp) -> impl Iterator<Item = (Period, Option<Period>)> {
        // Pairs are made from the first on, so only what is compared is gone through.
        let from =
            self.previous.and_then(|_| self.range.whole()).map_or(instant, |range| range.start);
        let mut pairs = self.previous.map(|previous| Pairs::new(&self.calendar, previous));
        let paired = self
            .periods_from(from)
            .map(move |period| (period, pairs.as_mut().and_then(|pairs| pairs.with(period))));
        paired.skip_while(move |(period, _)| period.end <= instant)
    }

    /// Returns the buckets that make up a period of the range, or of the earlier one.
    ///
    /// # Errors
    /// The reason why the question has no answer.
    pub fn cover(&self, rollup: &Rollup, period: &Period) -> Result<Vec<Bucket>, ParameterError> {
        let (calendar, now) = (&self.calendar, self.now);
        cover(rollup, period, now).map_err(|cause| {
            match self.range.every().zip(self.range.whole()) {
                Some((every, range)) => {
                    let coverage = Coverage { rollup, calendar, every, now };
                    coverage.explain(&range, &Gap { period: *period, cause })
                }
                None => ParameterError::new("to", cause.to_string()),
            }
        })
    }
}

impl QueryRange {
    /// Returns the length of its periods; `None` for a total and for all time.
    pub fn every(&self) -> Option<Granularity> {
        match self {
            Self::Series { every, .. } => Some(*every),
            Self::Total(_) | Self::AllTime => None,
        }
    }

    /// Returns the whole range as one period; `None` for all time.
    pub fn whole(&self) -> Option<Period> {
        match self {
            Self::AllTime => None,
            Self::Total(period) => Some(*period),
            Self::Series { from, to, .. } => Some(Period { start: *from, end: *to }),
        }
    }

    /// Returns its periods from the one that an instant is in.
    fn periods(self, calendar: &Calendar, instant: Timestamp) -> impl Iterator<Item = Period> {
        let start = self.whole().map_or(instant, |range| range.start.max(instant));
        let first = self.period(calendar, start);
        std::iter::successors(first, move |before| self.period(calendar, before.end))
    }

    /// Returns the period that an instant is in; `None` from the end of the range on.
    fn period(self, calendar: &Calendar, instant: Timestamp) -> Option<Period> {
        match self {
            Self::AllTime => None,
            Self::Total(period) => Some(period).filter(|period| instant < period.end),
            Self::Series { every, to, .. } => {
                calendar.period(every, instant).filter(|period| period.end <= to)
            }
        }
    }
}
