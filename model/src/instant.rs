//! Timestamps as they are stored: RFC 3339 text of a fixed precision in UTC, epoch seconds, or
//! epoch milliseconds.
//!
//! A fixed number of decimal places and a fixed offset keep stored text in the order of time, which
//! sort keys rely on. Text that other programs stored in another form is read as the instant that
//! it says.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_dynamo::AttributeValue;

use crate::number::Number;

/// Years that rollups and keys can hold: four digits, so that text sorts as time does.
const YEARS: std::ops::RangeInclusive<i16> = 0..=9999;

/// How long RFC 3339 text is up to the second: `2026-11-20T06:40:54`.
pub const SECOND_LENGTH: usize = 19;

/// How a timestamp attribute is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TimestampFormat {
    /// Text such as `2026-11-20T06:40:54.123Z`, with this many decimal places of a second (0, 3, 6
    /// or 9).
    Rfc3339 {
        /// Decimal places of a second.
        places: u8,
        /// How the offset is written.
        offset: Offset,
    },
    /// A number: seconds since 1970-01-01T00:00:00Z. DynamoDB's TTL reads this form only.
    Epoch,
    /// A number: milliseconds since 1970-01-01T00:00:00Z, which is what JavaScript's `Date.now()`
    /// says.
    EpochMs,
}

/// How the offset of stored RFC 3339 text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// `Z`
    Zulu,
    /// `+00:00`
    Colon,
    /// `+0000`
    Basic,
    /// In any way, and not in UTC alone: the text is not in the order of time. Weir writes `Z`.
    Any,
}

/// Separators between a date and a time.
const TIME_SEPARATORS: [char; 3] = ['T', 't', ' '];
/// The hours that an offset from UTC must stay below.
const DAY_HOURS: &str = "24";

/// Reads RFC 3339 text (`2026-11-20T06:40:54+01:00`) of the years 0000 to 9999, with or without its
/// colons, hyphens and seconds. Returns `None` for a leap second, for an offset of a day or more or
/// of seconds, and for a time zone in brackets: jiff would read the leap second as the second
/// before, round the offset, and ignore the zone.
pub fn parse(text: &str) -> Option<Timestamp> {
    let written = Written::new(text);
    let is_exact = !written.is_leap_second() && written.has_offset_of_rfc3339();
    if is_exact { in_range(text.parse().ok()?) } else { None }
}

/// Reads a date and a time without an offset, such as `2026-11-20T06:40` or `2026-11-20`. Returns
/// `None` for a leap second, and for an offset or a time zone, which jiff would ignore.
pub fn parse_local(text: &str) -> Option<DateTime> {
    let written = Written::new(text);
    let is_local = written.offset.is_empty() && !text.contains('[');
    if is_local && !written.is_leap_second() { text.parse().ok() } else { None }
}

/// Returns the text to add to the message about a text that is a timestamp but for a space where
/// its `+` should be, as a query string has it whose `+` was not escaped; empty for every other
/// text.
pub fn hint_at_plus(text: &str) -> &'static str {
    let restored =
        text.rsplit_once(' ').and_then(|(time, offset)| parse(&format!("{time}+{offset}")));
    match restored {
        Some(_) => "; it has a space where a `+` should be, which a query string writes as `%2B`",
        None => "",
    }
}

/// The parts of a timestamp's text that jiff reads less strictly than it is written.
struct Written<'a> {
    /// The digits of hour, minute and second, without colons and decimal places.
    clock: String,
    /// `Z`, or the sign with all that follows it.
    offset: &'a str,
}

impl<'a> Written<'a> {
    fn new(text: &'a str) -> Self {
        let time = text.split_once(TIME_SEPARATORS).map_or("", |(_, time)| time);
        let end = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
        let (clock, offset) = time.split_at(end);
        let clock = clock.split(['.', ',']).next().unwrap_or_default();
        Self { clock: clock.replace(':', ""), offset }
    }

    fn is_leap_second(&self) -> bool {
        self.clock.get(4..6) == Some("60")
    }

    /// Returns whether the offset is `Z`, or hours below 24 and perhaps minutes.
    fn has_offset_of_rfc3339(&self) -> bool {
        let Some(digits) = self.offset.strip_prefix(['+', '-']) else {
            return matches!(self.offset, "Z" | "z");
        };
        let digits = digits.replace(':', "");
        let hours = digits.get(..2);
        matches!(digits.len(), 2 | 4) && hours.is_some_and(|hours| hours < DAY_HOURS)
    }
}

/// Reads whole epoch seconds of the years 0000 to 9999.
pub fn parse_epoch(text: &str) -> Option<Timestamp> {
    in_range(Timestamp::from_second(text.parse().ok()?).ok()?)
}

/// Reads whole epoch milliseconds of the years 0000 to 9999.
pub fn parse_epoch_ms(text: &str) -> Option<Timestamp> {
    in_range(Timestamp::from_millisecond(text.parse().ok()?).ok()?)
}

/// Reads a stored timestamp: text, or a number of seconds. Text of other writers is read as jiff
/// reads it, a leap second as the second before: an item must contribute the same as its new and as
/// its old image.
pub fn read(value: &AttributeValue) -> Option<Timestamp> {
    match value {
        AttributeValue::S(text) => in_range(text.parse().ok()?),
        AttributeValue::N(text) => read_number(text, 9),
        _ => None,
    }
}

/// Reads a number of which one nanosecond is the last of `places` decimal places.
fn read_number(text: &str, places: u32) -> Option<Timestamp> {
    let nanos = text.parse::<Number>().ok()?.to_units(places)?;
    in_range(Timestamp::from_nanosecond(nanos).ok()?)
}

fn in_range(instant: Timestamp) -> Option<Timestamp> {
    YEARS.contains(&instant.to_zoned(TimeZone::UTC).year()).then_some(instant)
}

impl Offset {
    /// Returns the text that Weir writes.
    pub fn text(self) -> &'static str {
        match self {
            Self::Zulu | Self::Any => "Z",
            Self::Colon => "+00:00",
            Self::Basic => "+0000",
        }
    }
}

impl fmt::Debug for TimestampFormat {
    /// Returns the usual offset is left out: the fingerprints of rollups, which are stored, are
    /// made of this text.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rfc3339 { places, offset: Offset::Zulu } => {
                formatter.debug_struct("Rfc3339").field("places", places).finish()
            }
            Self::Rfc3339 { places, offset } => {
                let mut text = formatter.debug_struct("Rfc3339");
                text.field("places", places).field("offset", offset).finish()
            }
            Self::Epoch => formatter.write_str("Epoch"),
            Self::EpochMs => formatter.write_str("EpochMs"),
        }
    }
}

impl TimestampFormat {
    /// Text with this many decimal places of a second and the offset `Z`.
    pub const fn rfc3339(places: u8) -> Self {
        Self::Rfc3339 { places, offset: Offset::Zulu }
    }

    /// Returns how long stored text is; `None` for a format that stores numbers.
    pub fn length(self) -> Option<usize> {
        let Self::Rfc3339 { places, offset } = self else { return None };
        let fraction = usize::from(places) + usize::from(places > 0);
        Some(SECOND_LENGTH + fraction + offset.text().len())
    }

    /// Returns whether a stored value is written as this format writes it.
    pub fn is_written(self, value: &AttributeValue) -> bool {
        let instant = self.read(value);
        instant.and_then(|instant| self.encode(instant)).as_ref() == Some(value)
    }

    /// Reads what is stored in an attribute of this format: text of any offset and precision, or a
    /// number of seconds or milliseconds. Returns `None` for a value that DynamoDB stores as
    /// another type than the format has.
    pub fn read(self, value: &AttributeValue) -> Option<Timestamp> {
        match (self, value) {
            (Self::Rfc3339 { .. }, AttributeValue::S(_)) | (Self::Epoch, AttributeValue::N(_)) => {
                read(value)
            }
            (Self::EpochMs, AttributeValue::N(text)) => read_number(text, 6),
            _ => None,
        }
    }

    /// Returns the stored form, or `None` when the instant is finer than the format keeps.
    pub fn encode(self, instant: Timestamp) -> Option<AttributeValue> {
        (self.truncate(instant) == instant).then(|| self.store(instant))
    }

    /// Returns the instant with what the format does not keep cut off.
    pub fn truncate(self, instant: Timestamp) -> Timestamp {
        let places = match self {
            Self::Rfc3339 { places, .. } => u32::from(places),
            Self::Epoch => 0,
            Self::EpochMs => 3,
        };
        let step = 10_i128.pow(9 - places.min(9));
        let nanos = instant.as_nanosecond();
        Timestamp::from_nanosecond(nanos - nanos.rem_euclid(step)).unwrap_or(instant)
    }

    fn store(self, instant: Timestamp) -> AttributeValue {
        match self {
            Self::Rfc3339 { places, offset } => {
                let utc = text(instant, places);
                let local = utc.strip_suffix('Z').unwrap_or(&utc);
                AttributeValue::S(format!("{local}{}", offset.text()))
            }
            Self::Epoch => AttributeValue::N(instant.as_second().to_string()),
            Self::EpochMs => AttributeValue::N(instant.as_millisecond().to_string()),
        }
    }
}

/// RFC 3339 text in UTC with exactly `places` decimal places of a second.
pub fn text(instant: Timestamp, places: u8) -> String {
    format!("{instant:.*}", usize::from(places))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLIS: TimestampFormat = TimestampFormat::rfc3339(3);

    #[test]
    fn text_of_any_offset_is_stored_in_utc_with_fixed_places() {
        let instant = parse("2026-11-20T06:40:54+01:00").expect("valid");
        assert_eq!(
            MILLIS.encode(instant),
            Some(AttributeValue::S("2026-11-20T05:40:54.000Z".to_owned()))
        );
        assert_eq!(
            TimestampFormat::Epoch.encode(instant),
            Some(AttributeValue::N("1795153254".to_owned()))
        );
        assert_eq!(
            TimestampFormat::EpochMs.encode(instant),
            Some(AttributeValue::N("1795153254000".to_owned()))
        );
    }

    #[test]
    fn a_number_is_read_as_the_format_says() {
        let stored = AttributeValue::N("1795153254123".to_owned());
        let expected = parse("2026-11-20T05:40:54.123Z");
        assert!(expected.is_some());
        assert_eq!(TimestampFormat::EpochMs.read(&stored), expected);
        assert_eq!(TimestampFormat::Epoch.read(&stored), None, "a year of five digits");
        let text = AttributeValue::S("2026-11-20T05:40:54.123Z".to_owned());
        assert_eq!(MILLIS.read(&text), expected);
        assert_eq!(TimestampFormat::EpochMs.read(&text), None, "text where a number is declared");
        assert_eq!(MILLIS.read(&stored), None, "a number where text is declared");
    }

    #[test]
    fn text_has_the_declared_offset_and_length() {
        let instant = parse("2026-11-20T06:40:54.5Z").expect("valid");
        let cases = [
            (Offset::Zulu, "2026-11-20T06:40:54.500Z"),
            (Offset::Colon, "2026-11-20T06:40:54.500+00:00"),
            (Offset::Basic, "2026-11-20T06:40:54.500+0000"),
            (Offset::Any, "2026-11-20T06:40:54.500Z"),
        ];
        for (offset, text) in cases {
            let (format, stored) = (
                TimestampFormat::Rfc3339 { places: 3, offset },
                AttributeValue::S(text.to_owned()),
            );
            assert_eq!(format.encode(instant).as_ref(), Some(&stored));
            assert_eq!(format.read(&stored), Some(instant));
            assert_eq!(format.length(), Some(text.len()));
            assert!(format.is_written(&stored));
        }
        let others = ["2026-11-20T06:40:54.5Z", "2026-11-20T07:40:54.500+01:00", "at noon"];
        for text in others {
            assert!(!MILLIS.is_written(&AttributeValue::S(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn the_usual_form_is_printed_as_fingerprints_have_always_had_it() {
        assert_eq!(format!("{MILLIS:?}"), "Rfc3339 { places: 3 }");
        assert_eq!(format!("{:?}", TimestampFormat::EpochMs), "EpochMs");
    }

    #[test]
    fn what_is_finer_than_the_format_is_not_cut_silently() {
        let instant = parse("2026-11-20T06:40:54.1234Z").expect("valid");
        assert_eq!(MILLIS.encode(instant), None);
        assert_eq!(text(MILLIS.truncate(instant), 3), "2026-11-20T06:40:54.123Z");
    }

    #[test]
    fn stored_text_sorts_as_time_does() {
        let texts = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"];
        let stored: Vec<_> = texts.iter().map(|t| text(parse(t).expect("valid"), 3)).collect();
        assert!(stored.is_sorted(), "{stored:?}");
    }

    #[test]
    fn a_leap_second_is_rejected_in_every_form() {
        let forms = [
            "2016-12-31T23:59:60Z",
            "2016-12-31t23:59:60z",
            "2016-12-31 23:59:60.5Z",
            "20161231T235960Z",
            "20161231T235960,25Z",
            "2016-12-31T235960Z",
            "20161231T23:59:60Z",
            "2017-01-01T00:59:60+01:00",
            "20161231T155960-0800",
        ];
        for text in forms {
            assert_eq!(parse(text), None, "{text}");
            assert!(parse(&text.replace("60", "59")).is_some(), "{text}");
        }
        assert_eq!(parse_local("2016-12-31T23:59:60"), None);
        assert_eq!(parse_local("20161231T235960"), None);
    }

    #[test]
    fn an_offset_is_hours_below_a_day_and_minutes() {
        let accepted = ["Z", "z", "+00", "+23:59", "-2359", "-00:00"];
        let rejected = [
            "",
            "+24:00",
            "-24:00",
            "+2400",
            "+25",
            "+01:00:00",
            "+01:00:00.5",
            "+010030",
            "+1",
            "+01:60",
            " 01:00",
            "[Europe/Berlin]",
            "Z[Europe/Berlin]",
            "+01:00[!Europe/Berlin]",
            "+01:00[u-ca=iso8601]",
        ];
        let text = |offset: &str| format!("2026-11-20T06:40:54{offset}");
        for offset in accepted {
            assert!(parse(&text(offset)).is_some(), "{offset}");
        }
        for offset in rejected {
            assert_eq!(parse(&text(offset)), None, "{offset}");
        }
    }

    #[test]
    fn a_local_time_has_no_offset_and_no_zone() {
        for text in ["2026-11-20", "2026-11-20T06:40", "2026-11-20 06:40:54.5", "20261120T0640"] {
            assert!(parse_local(text).is_some(), "{text}");
        }
        for text in [
            "2026-11-20T06:40Z",
            "2026-11-20T06:40+24:00",
            "2026-11-20T06:40-25",
            "2026-11-20T06:40[Europe/Berlin]",
            "2026-11-20[Europe/Berlin]",
        ] {
            assert_eq!(parse_local(text), None, "{text}");
        }
    }

    #[test]
    fn a_space_in_place_of_a_plus_is_named() {
        assert!(hint_at_plus("2026-11-20T06:40:54 01:00").contains("`%2B`"));
        assert!(hint_at_plus("2026-11-20 06:40:54 01:00").contains("`%2B`"));
        for text in ["2026-11-20 06:40:54", "2026-11-20T06:40:54 24:00", "soon +", " ", ""] {
            assert_eq!(hint_at_plus(text), "", "{text}");
        }
    }

    #[test]
    fn digits_are_epoch_seconds_only_where_they_are_asked_for() {
        assert_eq!(parse("20260501"), None);
        assert_eq!(parse_epoch("0"), Some(Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn years_outside_four_digits_are_refused() {
        assert_eq!(parse("-009999-01-02T00:00:00Z"), None);
        assert_eq!(read(&AttributeValue::N("-99999999999".to_owned())), None);
    }

    #[test]
    fn both_stored_forms_are_read() {
        let text = AttributeValue::S("2001-01-01T00:47:00Z".to_owned());
        let epoch = AttributeValue::N("978310020".to_owned());
        assert_eq!(read(&text), read(&epoch));
        assert!(read(&text).is_some());
    }
}
