//! Plans of any question: either its periods make up its range and buckets make them up, or it is
//! refused with what is wrong.

use std::sync::LazyLock;

use jiff::civil::date;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use weir_model::{Granularity, Model};
use weir_rollups::{ParameterErrors, Plan, QueryRange, Question, cover};

const DEFINITION: &str = concat!(
    include_str!("../../tests/fixtures/visits.toml"),
    r##"
[rollups.hourly]
of = "visit"
time = "at"
buckets = ["hour", "day", "week", "month"]
measures = { visits = "count" }
[rollups.quarter_hourly]
of = "visit"
time = "at"
buckets = ["quarter_hour", "day", "month", "all"]
time_zone = "America/New_York"
measures = { visits = "count" }
[rollups.kept]
of = "visit"
time = "at"
buckets = ["hour", "day", "month"]
keep = { hour = "14d", day = "104w" }
time_zone = "Europe/Berlin"
measures = { visits = "count" }
[rollups.monthly]
of = "visit"
time = "at"
buckets = ["month"]
time_zone = "Asia/Kathmandu"
measures = { visits = "count" }
[rollups.total]
of = "visit"
measures = { visits = "count" }
"##
);

static MODEL: LazyLock<Model> = LazyLock::new(|| DEFINITION.parse().expect("valid"));
static NOW: LazyLock<Timestamp> = LazyLock::new(|| "2026-11-20T06:40:00Z".parse().expect("valid"));

/// Of how many periods it is seen whether buckets make them up.
const MOST_TRIED: usize = 400;
const PARAMETERS: [&str; 9] = [
    "from",
    "to",
    "every",
    "time_zone",
    "week_start",
    "fiscal_year_start",
    "fill",
    "compare",
    "measures",
];

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.7, prop::sample::select(texts).prop_map(str::to_owned))
}

/// Dates and times, most of which are whole, some of which are none or at the ends of the calendar.
fn time() -> impl Strategy<Value = Option<String>> {
    let date = (2020_i16..2030, 1_i8..=12, 1_i8..=28);
    let date = date.prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}"));
    let month = (2020_i16..2030, 1_i8..=12).prop_map(|(year, month)| format!("{year}-{month:02}"));
    let clock = (0_i8..24, prop::sample::select(vec![0, 15, 30, 45, 7]));
    let whole = (date.clone(), clock)
        .prop_map(|(date, (hour, minute))| format!("{date}T{hour:02}:{minute:02}"));
    let odd = prop::sample::select(vec![
        "",
        "2026-02-30",
        "0000",
        "9999",
        "9999-12-31",
        "-009999-01-01",
        "-009999-01-02T02:00:00Z",
        "9999-12-30T22:00:00Z",
        "2026-03-29T02:30",
        "2018-11-04",
        "2011-12-30",
        "é026",
        "2026-1",
    ]);
    let any = prop_oneof![
        6 => month, 5 => date, 4 => whole, 1 => odd.prop_map(str::to_owned), 1 => any::<String>(),
    ];
    prop::option::weighted(0.9, any)
}

/// A range, most of the time one of whole years, months, days or hours.
fn range() -> impl Strategy<Value = (Option<String>, Option<String>)> {
    let whole = (0_i32..3000, 1_i32..60, 0_usize..4).prop_map(|(days, long, unit)| {
        let day = date(2020, 1, 1) + days.days();
        let hour = i8::try_from(days % 24).expect("less than 24");
        let (from, span) = match unit {
            0 => (date(day.year(), 1, 1).at(0, 0, 0, 0), (long % 3 + 1).years()),
            1 => (day.first_of_month().at(0, 0, 0, 0), long.months()),
            2 => (day.at(0, 0, 0, 0), long.days()),
            _ => (day.at(hour, 0, 0, 0), long.hours()),
        };
        (Some(from.to_string()), Some((from + span).to_string()))
    });
    prop_oneof![9 => whole, 1 => (time(), time())]
}

prop_compose! {
    fn question()(
        (from, to) in range(),
        every in one_of(&[
            "minute", "quarter_hour", "hour", "day", "week", "month", "quarter", "year", "all",
            "eon",
        ]),
        time_zone in one_of(&["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
        week_start in one_of(&["monday", "sunday"]),
        fiscal_year_start in one_of(&["january", "april"]),
        compare in one_of(&[
            "previous_period", "previous_month", "previous_quarter", "previous_year",
        ]),
    ) -> Question {
        Question {
            from,
            to,
            every,
            time_zone,
            week_start,
            fiscal_year_start,
            compare,
            ..Question::default()
        }
    }
}

/// Each mistake names a parameter, and what is expected in its place.
fn is_told(errors: &ParameterErrors) -> Result<(), TestCaseError> {
    prop_assert!(!errors.0.is_empty());
    for error in &errors.0 {
        prop_assert!(PARAMETERS.contains(&error.parameter.as_str()), "{}", error);
        let is_helpful = [
            "expected",
            "beyond the years",
            "the dimensions of",
            "has no dimensions",
            "it keeps",
            "nothing to compare",
        ];
        prop_assert!(is_helpful.iter().any(|help| error.message.contains(help)), "{}", error);
    }
    Ok(())
}

fn is_exact(name: &str, plan: &Plan) -> Result<(), TestCaseError> {
    let rollup = MODEL.rollup(name).expect("there");
    let Some(range) = plan.range.whole() else {
        prop_assert!(rollup.granularities.contains(&Granularity::All));
        prop_assert_eq!(plan.periods_from(Timestamp::UNIX_EPOCH).count(), 0);
        return Ok(());
    };
    let mut at = range.start;
    let previous = plan.previous.map(|previous| previous.range);
    let mut earlier_at = previous.and_then(|previous| previous.whole()).map(|range| range.start);
    for (position, (period, earlier)) in plan.pairs_from(Timestamp::MIN).enumerate() {
        prop_assert_eq!(period.start, at);
        at = period.end;
        if let Some(earlier) = earlier {
            prop_assert!(Some(earlier.start) >= earlier_at);
            prop_assert!(earlier.end <= period.start || plan.range.every().is_none());
            earlier_at = Some(earlier.end);
        }
        if position < MOST_TRIED {
            prop_assert!(cover(rollup, &period, *NOW).is_ok(), "{:?}", period);
            prop_assert!(earlier.is_none_or(|earlier| cover(rollup, &earlier, *NOW).is_ok()));
        }
    }
    prop_assert_eq!(at, range.end);
    if let (Some(previous), Some(at)) = (previous, earlier_at) {
        let end = previous.whole().expect("a range").end;
        prop_assert!(at <= end);
        prop_assert_eq!(
            matches!(previous, QueryRange::Total(_)),
            matches!(plan.range, QueryRange::Total(_))
        );
        cover(rollup, &previous.whole().expect("a range"), *NOW).ok();
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn any_question_is_planned_exactly_or_refused_with_what_could_be_asked(
        question in question(),
        name in prop::sample::select(vec!["hourly", "quarter_hourly", "kept", "monthly", "total"]),
    ) {
        let rollup = MODEL.rollup(name).expect("there");
        match Plan::new(&MODEL, rollup, &question, *NOW) {
            Ok(plan) => is_exact(name, &plan)?,
            Err(errors) => is_told(&errors)?,
        }
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(
        texts in prop::array::uniform9(prop::option::of(any::<String>())),
    ) {
        let [page, from, to, every, time_zone, week_start, fill, compare, measures] = texts;
        let dimensions = page.into_iter().map(|page| (page.clone(), page)).collect();
        let question = Question {
            dimensions,
            from,
            to,
            every,
            time_zone,
            week_start,
            fill,
            compare,
            measures,
            ..Question::default()
        };
        for rollup in &MODEL.rollups {
            if let Err(errors) = Plan::new(&MODEL, rollup, &question, *NOW) {
                prop_assert!(!errors.0.is_empty());
            }
        }
    }
}
