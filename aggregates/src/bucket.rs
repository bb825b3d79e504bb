//! Time buckets: which interval an instant falls into, at a granularity and in a zone.
//!
//! | granularity | key |
//! |---|---|
//! | minute, quarter_hour, hour | `hour#2026-11-20T06:00Z`: the instant it begins, so that a repeated local hour is two buckets |
//! | day, week | `day#2026-11-20`: the local date it begins on; weeks begin on Monday |
//! | month, quarter, year | `month#2026-11`, `quarter#2026-Q4`, `year#2026` |
//! | all | `all` |
//!
//! **Invariant:** keys of one granularity sort as their buckets do in time, and every instant is in
//! exactly one.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use weir_model::Granularity;

use crate::calendar::{self, Calendar};
use crate::clock::{self, Cut};
use crate::period::Period;

/// An interval: from `start` (included) to `end` (excluded). `All` has neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its granularity.
    pub granularity: Granularity,
    /// The instant it begins; `None` for all time.
    pub start: Option<Timestamp>,
    /// The instant the next one begins.
    pub end: Option<Timestamp>,
    /// Its sort key in the rollups table.
    pub key: String,
}

impl Bucket {
    /// Returns the bucket of all time.
    pub fn all() -> Self {
        Self {
            granularity: Granularity::All,
            start: None,
            end: None,
            key: Granularity::All.name().to_owned(),
        }
    }

    /// Returns the bucket that an instant falls into; `None` at the ends of what calendars hold
    /// (the years 0000 and 9999).
    pub fn at(granularity: Granularity, instant: Timestamp, zone: &TimeZone) -> Option<Self> {
        if granularity == Granularity::All {
            return Some(Self::all());
        }
        if let Some(seconds) = clock::seconds(granularity) {
            return clock::cut(seconds, instant, zone).map(|cut| Self::of_clock(granularity, cut));
        }
        let calendar = Calendar::new(zone.clone(), "");
        let first = calendar.first_date(granularity, calendar::date(instant, zone)?)?;
        Some(Self::of_dates(granularity, first, calendar.period_from(granularity, first)?))
    }

    /// Returns the bucket that follows; `None` for all time, or at the end of what calendars hold.
    pub fn next(&self, zone: &TimeZone) -> Option<Self> {
        Self::at(self.granularity, self.end?, zone)
    }

    /// Returns the bucket of a sort key; `None` for any other key.
    pub fn from_key(key: &str, zone: &TimeZone) -> Option<Self> {
        if key == Granularity::All.name() {
            return Some(Self::all());
        }
        let (name, label) = key.split_once('#')?;
        let granularity: Granularity = name.parse().ok()?;
        let bucket = match clock::seconds(granularity) {
            Some(seconds) => {
                let name = format!("{}:00Z", label.strip_suffix('Z')?).parse().ok()?;
                Self::of_clock(granularity, clock::named(seconds, name, zone)?)
            }
            None => {
                let start = calendar::beginning(first_date(granularity, label)?, zone)?;
                Self::at(granularity, start, zone)?
            }
        };
        (bucket.key == key).then_some(bucket)
    }

    fn of_clock(granularity: Granularity, cut: Cut) -> Self {
        let label = cut.name.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%MZ").to_string();
        Self::new(granularity, cut.period, &label)
    }

    fn of_dates(granularity: Granularity, first: Date, period: Period) -> Self {
        let label = match granularity {
            Granularity::Month => first.strftime("%Y-%m").to_string(),
            Granularity::Quarter => format!("{:04}-Q{}", first.year(), (first.month() + 2) / 3),
            Granularity::Year => first.strftime("%Y").to_string(),
            _ => first.to_string(),
        };
        Self::new(granularity, period, &label)
    }

    fn new(granularity: Granularity, period: Period, label: &str) -> Self {
        Self {
            granularity,
            start: Some(period.start),
            end: Some(period.end),
            key: format!("{granularity}#{label}"),
        }
    }
}

/// Returns the first date of a labelled bucket of the calendar.
fn first_date(granularity: Granularity, label: &str) -> Option<Date> {
    let text = match granularity {
        Granularity::All => return None,
        Granularity::Month => format!("{label}-01"),
        Granularity::Year => format!("{label}-01-01"),
        Granularity::Quarter => {
            let (year, quarter) = label.split_once("-Q")?;
            let month =
                quarter.parse::<u8>().ok().filter(|quarter| (1..=4).contains(quarter))? * 3 - 2;
            format!("{year}-{month:02}-01")
        }
        _ => label.to_owned(),
    };
    text.parse().ok()
}
