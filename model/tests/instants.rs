//! Text that is accepted as a timestamp denotes the instant that is written, compared with strict
//! constructors.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use weir_model::instant::parse;

/// The parts of a timestamp, valid or not, and how they are written.
#[derive(Clone, Debug)]
struct Parts {
    date: (i16, i8, i8),
    time: (i8, i8, i8),
    fraction: Option<String>,
    /// Sign, hours and minutes; `None` for `Z`.
    offset: Option<(char, i32, i32)>,
    separator: char,
    zulu: char,
    has_hyphens: bool,
    has_colons: bool,
}

impl Parts {
    fn text(&self) -> String {
        let Self { date: (year, month, day), time: (hour, minute, second), .. } = self;
        let (hyphen, colon) = (["", "-"][usize::from(self.has_hyphens)], self.colon());
        let fraction = self.fraction.as_ref().map_or(String::new(), |digits| format!(".{digits}"));
        let offset = match self.offset {
            None => self.zulu.to_string(),
            Some((sign, hours, minutes)) => format!("{sign}{hours:02}{colon}{minutes:02}"),
        };
        format!(
            "{year:04}{hyphen}{month:02}{hyphen}{day:02}{}{hour:02}{colon}{minute:02}{colon}\
             {second:02}{fraction}{offset}",
            self.separator
        )
    }

    fn colon(&self) -> &'static str {
        if self.has_colons { ":" } else { "" }
    }

    /// The instant of the parts, each of which must be in its range.
    fn instant(&self) -> Option<Timestamp> {
        let Self { date: (year, month, day), time: (hour, minute, second), .. } = *self;
        let digits = format!("{:0<9}", self.fraction.as_deref().unwrap_or_default());
        let date = Date::new(year, month, day).ok()?;
        let time = Time::new(hour, minute, second, digits.parse().ok()?).ok()?;
        let (sign, hours, minutes) = self.offset.unwrap_or(('+', 0, 0));
        let seconds = hours * 3600 + minutes * 60;
        if hours > 23 || minutes > 59 {
            return None;
        }
        let offset = Offset::from_seconds(if sign == '-' { -seconds } else { seconds }).ok()?;
        let instant = offset.to_timestamp(DateTime::from_parts(date, time)).ok()?;
        (0..=9999).contains(&Offset::UTC.to_datetime(instant).year()).then_some(instant)
    }
}

fn parts() -> impl Strategy<Value = Parts> {
    let date = (0..=9999_i16, 1..=12_i8, prop_oneof![20 => 1..=28_i8, 1 => 29..=32_i8]);
    let second = prop_oneof![4 => 0..=59_i8, 1 => Just(60), 1 => Just(61)];
    let time = (prop_oneof![9 => 0..=23_i8, 1 => Just(24)], 0..=59_i8, second);
    let hours = prop_oneof![4 => 0..=23_i32, 1 => 24..=26_i32];
    let minutes = prop_oneof![9 => 0..=59_i32, 1 => Just(60)];
    let offset = (select(vec!['+', '-']), hours, minutes);
    let fraction = prop::option::of("[0-9]{1,9}");
    let style = (select(vec!['T', 't', ' ']), select(vec!['Z', 'z']), any::<[bool; 2]>());
    (date, time, fraction, prop::option::of(offset), style).prop_map(
        |(date, time, fraction, offset, (separator, zulu, [has_hyphens, has_colons]))| Parts {
            date,
            time,
            fraction,
            offset,
            separator,
            zulu,
            has_hyphens,
            has_colons,
        },
    )
}

/// A character that texts are edited with.
fn edited() -> impl Strategy<Value = char> {
    select("0123456789TtZz+-:., []".chars().collect::<Vec<_>>())
}

/// Reads the digits of a text one after another.
struct Digits<'a>(&'a str);

impl Digits<'_> {
    fn number(&mut self, count: usize) -> Option<i32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        self.0 = rest;
        if is_number { digits.parse().ok() } else { None }
    }

    fn take(&mut self, wanted: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|first| wanted.contains(first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    /// A number of two digits, with that character before it or not.
    fn next(&mut self, before: char) -> Option<i32> {
        self.take(&[before]);
        self.number(2)
    }
}

/// Reads any text that has the shape of a timestamp, of whatever numbers.
fn written(text: &str) -> Option<Parts> {
    let mut digits = Digits(text);
    let year = match digits.take(&['+', '-']) {
        Some('-') => -digits.number(6)?,
        Some(_) => digits.number(6)?,
        None => digits.number(4)?,
    };
    let (month, day) = (digits.next('-')?, digits.next('-')?);
    let separator = digits.take(&['T', 't', ' '])?;
    let hour = digits.number(2)?;
    let has_more = |digits: &Digits| digits.0.starts_with(|c: char| c == ':' || c.is_ascii_digit());
    let minute = if has_more(&digits) { digits.next(':')? } else { 0 };
    let second = if has_more(&digits) { digits.next(':')? } else { 0 };
    let fraction = digits.take(&['.', ',']).map(|_| {
        let end = digits.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.0.len());
        let (fraction, rest) = digits.0.split_at(end);
        digits.0 = rest;
        fraction.to_owned()
    });
    let offset = match digits.take(&['Z', 'z', '+', '-'])? {
        'Z' | 'z' => None,
        sign => {
            let hours = digits.number(2)?;
            Some((sign, hours, if digits.0.is_empty() { 0 } else { digits.next(':')? }))
        }
    };
    let small = |number: i32| i8::try_from(number).ok();
    digits.0.is_empty().then_some(Parts {
        date: (i16::try_from(year).ok()?, small(month)?, small(day)?),
        time: (small(hour)?, small(minute)?, small(second)?),
        fraction,
        offset,
        separator,
        zulu: 'Z',
        has_hyphens: true,
        has_colons: true,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_timestamp_is_read_as_its_parts_say_or_rejected(parts in parts()) {
        prop_assert_eq!(parse(&parts.text()), parts.instant(), "{}", parts.text());
    }

    #[test]
    fn whatever_is_accepted_denotes_what_is_written(
        parts in parts(),
        edits in vec((any::<Index>(), 0..3, edited()), 1..4)
    ) {
        let mut text: Vec<char> = parts.text().chars().collect();
        for (index, kind, character) in edits {
            let at = index.index(text.len());
            match kind {
                0 => text[at] = character,
                1 => text.insert(at, character),
                _ => drop(text.remove(at)),
            }
        }
        let text: String = text.into_iter().collect();
        if let Some(instant) = parse(&text) {
            let expected = written(&text).and_then(|parts| parts.instant());
            prop_assert_eq!(Some(instant), expected, "{}", text);
        }
    }
}
