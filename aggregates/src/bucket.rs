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
const MINUTE_SECONDS: i64 = 60;
const HOUR_SECONDS: i64 = 3600;

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
            Granularity::Minute => Self::clock(granularity, instant, zone, MINUTE_SECONDS),
            Granularity::Hour => Self::clock(granularity, instant, zone, HOUR_SECONDS),
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
            Granularity::Minute => Self::labelled(granularity, label, zone, MINUTE_SECONDS)?,
            Granularity::Hour => Self::labelled(granularity, label, zone, HOUR_SECONDS)?,
            _ => Self::calendar(
                granularity,
                &first_date(granularity, label)?.to_zoned(zone.clone()).ok()?,
            )?,
        };
        (bucket.key == key).then_some(bucket)
    }

    /// A bucket of the clock: local time cut to a multiple of `seconds`, told by the instant at which that is.
    ///
    /// Where the clock changes within it by less than an hour, the bucket ends there and the next one begins there, at
    /// that offset's own cut. Offsets count in whole minutes: before time zones were agreed, local mean times had
    /// seconds too.
    fn clock(
        granularity: Granularity,
        instant: Timestamp,
        zone: &TimeZone,
        seconds: i64,
    ) -> Option<Self> {
        let offset = offset_seconds(zone, instant);
        let whole = i64::try_from(instant.as_nanosecond().div_euclid(NANOS_PER_SECOND)).ok()?;
        let cut =
            Timestamp::from_second((whole + offset).div_euclid(seconds) * seconds - offset).ok()?;
        let end = cut.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        // A change of the clock at the very instant counts as one before it.
        let just_after = instant.checked_add(SignedDuration::from_nanos(1)).ok()?;
        let began = zone.preceding(just_after).next().map(|change| change.timestamp());
        let changes = zone.following(instant).next().map(|change| change.timestamp());
        let label = cut.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%MZ").to_string();
        Some(Self {
            granularity,
            start: began
                .filter(|change| offset_seconds(zone, cut) != offset && *change > cut)
                .or(Some(cut)),
            end: changes
                .filter(|change| *change < end && offset_seconds(zone, *change) != offset)
                .or(Some(end)),
            key: format!("{granularity}#{label}"),
        })
    }

    /// The bucket of the clock whose label this is. The label's own instant may lie in the bucket before, where the
    /// clock has changed since.
    fn labelled(
        granularity: Granularity,
        label: &str,
        zone: &TimeZone,
        seconds: i64,
    ) -> Option<Self> {
        let cut: Timestamp = format!("{}:00Z", label.strip_suffix('Z')?).parse().ok()?;
        let key = format!("{granularity}#{label}");
        let last = cut.checked_add(SignedDuration::from_secs(seconds - 1)).ok()?;
        let candidates =
            [cut, last].into_iter().filter_map(|instant| Self::at(granularity, instant, zone));
        candidates.into_iter().find(|bucket| bucket.key == key)
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

/// A zone's offset in whole minutes, as seconds.
fn offset_seconds(zone: &TimeZone, instant: Timestamp) -> i64 {
    i64::from(zone.to_offset(instant).seconds()).div_euclid(MINUTE_SECONDS) * MINUTE_SECONDS
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
