//! Explanations: why a series has a gap, and which question has none.
//!
//! | the gap | the parameter to change |
//! |---|---|
//! | its buckets have expired | `from` |
//! | it goes with the time zone of the buckets | `time_zone` |
//! | it goes with their weeks or years | `week_start`, `fiscal_year_start` |
//! | any other | `every` |

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use weir_model::{Granularity, Rollup};

use super::coverage::{Coverage, Gap};
use super::errors::ParameterError;
use crate::calendar::Calendar;
use crate::clock;
use crate::cover::{MAX_BUCKETS, Uncovered};
use crate::instant::local;
use crate::period::Period;

impl Coverage<'_> {
    /// Checks that buckets make up every period of a range.
    ///
    /// # Errors
    /// The explanation of the first gap.
    pub(super) fn check(&self, range: &Period) -> Result<(), ParameterError> {
        match self.first_gap(range) {
            None => Ok(()),
            Some(gap) => Err(self.explain(range, &gap)),
        }
    }

    /// Returns the error for a gap in a range: the parameter to change, and what to ask instead.
    pub(super) fn explain(&self, range: &Period, gap: &Gap) -> ParameterError {
        let is_gone = matches!(gap.cause, Uncovered::Gone { .. });
        let later = if is_gone { self.first_covered(&gap.period) } else { None };
        let later = later.map(|later| format!("from={}", local(later, &self.calendar.zone)));
        let advice: Vec<_> = later.into_iter().chain(self.advice(range)).collect();
        let mut message = self.describe(gap);
        if !advice.is_empty() {
            message = format!("{message}; expected {}", advice.join(", or "));
        }
        ParameterError::new(if is_gone { "from" } else { self.parameter_at_fault(range) }, message)
    }

    /// Describes a gap.
    fn describe(&self, gap: &Gap) -> String {
        let noun = noun(self.every);
        let calendar = self.calendar_name();
        let shown = |instant| local(instant, &self.calendar.zone);
        let (rollup, kept) = (&self.rollup.name, self.kept().names());
        match &gap.cause {
            Uncovered::TooMany(_) => {
                format!("{noun} takes more than {MAX_BUCKETS} buckets of `{rollup}` ({kept})")
            }
            Uncovered::Gone { .. } => format!(
                "{noun} ({calendar}) from {} is made of buckets of `{rollup}` that are not kept \
                 any more ({kept})",
                shown(gap.period.start)
            ),
            Uncovered::Edge { edge, at, .. } => format!(
                "{noun} ({calendar}) {} at {}, which is not where a bucket of `{rollup}` does \
                 ({kept})",
                edge.verb(),
                shown(*at)
            ),
        }
    }

    /// Returns where the first period behind a gap begins that the kept buckets make up.
    fn first_covered(&self, gap: &Period) -> Option<Timestamp> {
        let (kept, own) = (self.kept(), Calendar::for_rollup(self.rollup));
        let behind = |granularity: &Granularity| {
            let bucket = kept.first_behind(&own, *granularity, gap.end)?;
            let around = self.period(bucket.start)?;
            if around.start == bucket.start { Some(around) } else { self.period(around.end) }
        };
        let behind = kept.granularities.iter().filter_map(behind);
        behind.filter(|period| self.covers(period)).map(|period| period.start).min()
    }

    /// Returns the parameter without which the range would be answered; `every` if there is none.
    fn parameter_at_fault(&self, range: &Period) -> &'static str {
        let (calendar, own) = (self.calendar, Calendar::for_rollup(self.rollup));
        let in_zone = Calendar {
            zone: own.zone.clone(),
            zone_name: own.zone_name.clone(),
            ..calendar.clone()
        };
        if calendar.zone != own.zone && self.in_calendar(&in_zone).reaches(range) {
            return "time_zone";
        }
        if !self.in_calendar(&own).reaches(range) {
            return "every";
        }
        match self.every {
            Granularity::Week if calendar.week_start != own.week_start => "week_start",
            Granularity::Quarter | Granularity::Year
                if calendar.fiscal_year_start != own.fiscal_year_start =>
            {
                "fiscal_year_start"
            }
            _ => "every",
        }
    }

    /// Returns parameters that would be answered instead.
    fn advice(&self, range: &Period) -> Vec<String> {
        let own = Calendar::for_rollup(self.rollup);
        let is_answered = |other: &Granularity| {
            *other != Granularity::All
                && *other != self.every
                && self.of_length(*other).reaches(range)
        };
        let others = Granularity::EVERY.into_iter().filter(is_answered).map(Granularity::name);
        let others: Vec<_> = others.collect();
        let mut advice = Vec::new();
        if !others.is_empty() {
            advice.push(format!("every={}", others.join(", ")));
        }
        if self.calendar.zone != own.zone && self.in_calendar(&own).reaches(range) {
            advice.push(format!("time_zone={}", own.zone_name));
            advice.extend(other_zones(self.rollup));
        }
        advice
    }

    /// Returns the calendar as far as it says where periods begin: `UTC, years from April`.
    fn calendar_name(&self) -> String {
        calendar_name(self.calendar, self.every)
    }
}

/// Returns a granularity as a noun.
pub(super) fn noun(every: Granularity) -> &'static str {
    match every {
        Granularity::Minute => "a minute",
        Granularity::QuarterHour => "a quarter of an hour",
        Granularity::Hour => "an hour",
        Granularity::Day => "a day",
        Granularity::Week => "a week",
        Granularity::Month => "a month",
        Granularity::Quarter => "a quarter",
        Granularity::Year => "a year",
        Granularity::All => "all time",
    }
}

/// Returns a calendar as far as it says where periods begin: `UTC, years from April`.
pub(super) fn calendar_name(calendar: &Calendar, every: Granularity) -> String {
    let from = match every {
        Granularity::Week if calendar.week_start != Weekday::Monday => {
            format!(", weeks from {:?}", calendar.week_start)
        }
        Granularity::Quarter | Granularity::Year if calendar.fiscal_year_start != 1 => {
            let first = Date::new(1, calendar.fiscal_year_start, 1);
            first.map_or(String::new(), |first| format!(", years from {}", first.strftime("%B")))
        }
        _ => String::new(),
    };
    format!("{}{from}", calendar.zone_name)
}

/// Returns the zones whose days begin where buckets of the clock do.
fn other_zones(rollup: &Rollup) -> Option<String> {
    let finest = rollup.granularities.iter().find(|kept| clock::seconds(**kept).is_some())?;
    let apart = match finest {
        Granularity::Hour => "whole hours",
        Granularity::QuarterHour => "whole quarters of an hour",
        _ => return None,
    };
    Some(match rollup.time_zone_name.as_str() {
        "UTC" => format!("a time zone whose offset is {apart}, such as Europe/Berlin"),
        name => format!("a time zone that is {apart} from {name}"),
    })
}
