//! Time buckets: which stretch of time an instant falls into, at a granularity and in a zone.
//!
//! | granularity | key |
//! |---|---|
//! | minute, hour | `hour#2026-11-20T06:00Z`: the instant it begins, so that a repeated local hour is two buckets |
//! | day, week | `day#2026-11-20`: the local date it begins on; weeks begin on Monday |
//! | month, quarter, year | `month#2026-11`, `quarter#2026-Q4`, `year#2026` |
//! | all | `all` |
//!
//! **Invariant:** keys of one granularity sort as their buckets do in time, and every instant is in exactly one.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use model::Granularity;

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// A stretch of time: from `start` (included) to `end` (excluded). `All` has neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// How long it is.
    pub granularity: Granularity,
    /// The instant it begins; `None` for all time.
    pub start: Option<Timestamp>,
    /// The instant the next one begins.
    pub end: Option<Timestamp>,
    /// Its sort key in the rollups table.
    pub key: String,
}

impl Bucket {
    /// The bucket of all time.
    pub fn all() -> Self {
        Self {
            granularity: Granularity::All,
            start: None,
            end: None,
            key: Granularity::All.name().to_owned(),
        }
    }

    /// The bucket that an instant falls into; `None` at the ends of what calendars hold (the years 0000 and 9999).
    pub fn at(granularity: Granularity, instant: Timestamp, zone: &TimeZone) -> Option<Self> {
        match granularity {
            Granularity::All => Some(Self::all()),
            Granularity::Minute => Self::clock(granularity, instant, zone, 60),
            Granularity::Hour => Self::clock(granularity, instant, zone, 3600),
            _ => Self::calendar(granularity, &instant.to_zoned(zone.clone())),
        }
    }

    /// The bucket that follows; `None` for all time, or at the end of what calendars hold.
    pub fn next(&self, zone: &TimeZone) -> Option<Self> {
        Self::at(self.granularity, self.end?, zone)
    }

    /// The bucket whose sort key this is; `None` for a key that is no bucket's.
    pub fn from_key(key: &str, zone: &TimeZone) -> Option<Self> {
        if key == Granularity::All.name() {
            return Some(Self::all());
        }
        let (name, label) = key.split_once('#')?;
        let granularity: Granularity = name.parse().ok()?;
        let bucket = match granularity {
            Granularity::All => return None,
            Granularity::Minute | Granularity::Hour => {
                let start =
                    label.strip_suffix('Z').map(|label| format!("{label}:00Z"))?.parse().ok()?;
                Self::at(granularity, start, zone)?
            }
            _ => Self::calendar(
                granularity,
                &first_date(granularity, label)?.to_zoned(zone.clone()).ok()?,
            )?,
        };
        (bucket.key == key).then_some(bucket)
    }

    /// A bucket of the clock: local time cut to a multiple of `seconds`, told by the instant at which that is.
    ///
    /// Offsets count in whole minutes: before time zones were agreed, local mean times had seconds too.
    fn clock(
        granularity: Granularity,
        instant: Timestamp,
        zone: &TimeZone,
        seconds: i64,
    ) -> Option<Self> {
        let offset = i64::from(zone.to_offset(instant).seconds()).div_euclid(60) * 60;
        let whole = i64::try_from(instant.as_nanosecond().div_euclid(NANOS_PER_SECOND)).ok()?;
        let start =
            Timestamp::from_second((whole + offset).div_euclid(seconds) * seconds - offset).ok()?;
        let label = start.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%MZ").to_string();
        Some(Self {
            granularity,
            start: Some(start),
            end: Some(start.checked_add(SignedDuration::from_secs(seconds)).ok()?),
            key: format!("{granularity}#{label}"),
        })
    }

    fn calendar(granularity: Granularity, local: &Zoned) -> Option<Self> {
        let date = local.date();
        let month = |month: i8| Date::new(date.year(), month, 1).ok();
        let first = match granularity {
            Granularity::Week => {
                date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()?
            }
            Granularity::Month => month(date.month())?,
            Granularity::Quarter => month((date.month() - 1) / 3 * 3 + 1)?,
            Granularity::Year => month(1)?,
            _ => date,
        };
        Self::from_date(granularity, first, local.time_zone())
    }

    fn from_date(granularity: Granularity, first: Date, zone: &TimeZone) -> Option<Self> {
        let length = match granularity {
            Granularity::Week => 7.days(),
            Granularity::Month => 1.month(),
            Granularity::Quarter => 3.months(),
            Granularity::Year => 1.year(),
            _ => 1.day(),
        };
        let label = match granularity {
            Granularity::Month => first.strftime("%Y-%m").to_string(),
            Granularity::Quarter => format!("{:04}-Q{}", first.year(), (first.month() + 2) / 3),
            Granularity::Year => first.strftime("%Y").to_string(),
            _ => first.to_string(),
        };
        let start = first.to_zoned(zone.clone()).ok()?.timestamp();
        let end = first.checked_add(length).ok()?.to_zoned(zone.clone()).ok()?.timestamp();
        Some(Self {
            granularity,
            start: Some(start),
            end: Some(end),
            key: format!("{granularity}#{label}"),
        })
    }
}

/// The first date of a labelled bucket of the calendar.
fn first_date(granularity: Granularity, label: &str) -> Option<Date> {
    let text = match granularity {
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
