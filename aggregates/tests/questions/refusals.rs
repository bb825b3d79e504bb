//! Questions that are rejected: each names the parameter and the values that are allowed.

use crate::{planned, refused};

#[test]
fn a_choice_that_is_none_is_refused_with_those_there_are() {
    let cases = [
        (
            "measures=flight,late",
            "`measures`: `flight` is no measure of `hourly`; did you mean `flights`? expected \
             flights, late",
        ),
        (
            "measures=delay",
            "`measures`: `delay` is no measure of `hourly`; expected flights, late; it is one of \
             `delays`",
        ),
        ("measures=late,late", "`measures`: `late` twice, expected each measure once"),
        ("fill=last", "`fill`: `last`; expected zero, null, previous"),
        (
            "compare=previous",
            "`compare`: `previous`; did you mean `previous_year`? expected previous_period, \
             previous_month, previous_quarter, previous_year",
        ),
        ("week_start=Sunday", "`week_start`: `Sunday`; did you mean `sunday`? expected monday,"),
        ("fiscal_year_start=4", "`fiscal_year_start`: `4`; expected january,"),
        (
            "time_zone=Europe/Berlim",
            "`time_zone`: `Europe/Berlim` is no time zone; did you mean `Europe/Berlin`? expected \
             a name such as",
        ),
        (
            "gate=1",
            "`gate`: no such dimension; `hourly` has no dimensions; it is one of `delays`; the \
             other parameters are from, to, every, time_zone,",
        ),
    ];
    for (text, expected) in cases {
        let message = refused("hourly", &format!("{text}&every=day&from=2026-01-01&to=2026-01-02"));
        assert!(message.starts_with(expected), "{text}: {message}");
    }
}

#[test]
fn what_no_buckets_make_up_is_refused_with_what_some_do() {
    let cases = [
        (
            "hourly",
            "every=day&time_zone=Asia/Kathmandu&from=2026-11-20&to=2026-11-21",
            "`time_zone`: a day (Asia/Kathmandu) begins at 2026-11-20T00:00:00+05:45, which is not \
             where a bucket of `hourly` does (it keeps hour, day in UTC); expected time_zone=UTC, \
             or a time zone whose offset is whole hours, such as Europe/Berlin",
        ),
        (
            "monthly",
            "every=week&from=2026-11-16&to=2026-11-23",
            "`every`: a week (UTC) begins at 2026-11-16T00:00:00Z, which is not where a bucket of \
             `monthly` does (it keeps month in UTC); expected every=month, quarter, year",
        ),
        (
            "monthly",
            "every=month&time_zone=Europe/Berlin&from=2026-11&to=2026-12",
            "`time_zone`: a month (Europe/Berlin) begins at 2026-11-01T00:00:00+01:00, which is \
             not where a bucket of `monthly` does (it keeps month in UTC); expected time_zone=UTC",
        ),
        (
            "by_minute",
            "every=year&from=2026&to=2027",
            "`every`: a year takes more than 100000 buckets of `by_minute` (it keeps minute in \
             UTC); expected every=quarter_hour, hour, day, week, month",
        ),
        (
            "monthly",
            "from=2026-01-15&to=2026-03",
            "`from`: `2026-01-15` is not where a bucket of `monthly` begins (it keeps month in \
             UTC); expected 2026-01-01T00:00:00Z or 2026-02-01T00:00:00Z",
        ),
        (
            "hourly",
            "time_zone=Asia/Kathmandu&from=2026-01-01T00:45&to=2026-01-02",
            "`to`: `2026-01-02` is not where a bucket of `hourly` ends (it keeps hour, day in \
             UTC); expected 2026-01-01T23:45:00+05:45 or 2026-01-02T00:45:00+05:45",
        ),
        (
            "hourly",
            "",
            "`from`: missing; `hourly` does not keep all time (it keeps hour, day in UTC); \
             expected where the range begins, and its end in `to`",
        ),
        (
            "hourly",
            "every=all",
            "`every`: `all` is not kept by `hourly` (it keeps hour, day in UTC); expected from and \
             to instead, for the total of a range",
        ),
        (
            "total",
            "every=day&from=2026-01-01&to=2026-01-02",
            "`every`: `day` cannot be made of what `total` keeps; expected all",
        ),
        (
            "total",
            "from=2026-01-01&to=2026-01-02",
            "`from`: `total` keeps no buckets in time; expected no range",
        ),
        (
            "by_minute",
            "every=minute&from=2026&to=2027",
            "`every`: about 525600 periods from 2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z, of \
             100000 at most; expected a shorter range or every=quarter_hour",
        ),
        (
            "by_minute",
            "every=week&week_start=sunday&from=2026-11-16&to=2026-11-22",
            "`from`: `2026-11-16` is not where a week begins (UTC, weeks from Sunday); expected \
             2026-11-15T00:00:00Z or 2026-11-22T00:00:00Z",
        ),
        (
            "monthly",
            "every=month&from=2026-01&to=2026-02&compare=previous_period&fill=zero&time_zone=UTC\
             &measures=",
            "`measures`: `` is no measure of `monthly`; expected flights",
        ),
    ];
    for (rollup, text, expected) in cases {
        assert_eq!(refused(rollup, text), expected, "{text}");
    }
}

/// It is the twentieth of November: hours are kept since the sixth, days since that of the year
/// before.
#[test]
fn what_is_not_kept_any_more_is_refused_with_what_is() {
    let kept = "it keeps hour for 2w, day for 52w, month in Europe/Berlin";
    let cases = [
        (
            "every=day&from=2025-11-01&to=2026-01-01",
            format!(
                "`from`: a day (Europe/Berlin) from 2025-11-01T00:00:00+01:00 is made of buckets \
                 of `kept` that are not kept any more ({kept}); expected \
                 from=2025-11-21T00:00:00+01:00, or every=month, quarter, year"
            ),
        ),
        (
            "every=day&time_zone=UTC&from=2026-10-01&to=2026-11-19",
            format!(
                "`from`: a day (UTC) from 2026-10-01T00:00:00Z is made of buckets of `kept` that \
                 are not kept any more ({kept}); expected from=2026-11-07T00:00:00Z, or \
                 time_zone=Europe/Berlin, or a time zone that is whole hours from Europe/Berlin"
            ),
        ),
        (
            "every=hour&from=2026-10-01&to=2026-11-19&compare=previous_period",
            format!(
                "`from`: an hour (Europe/Berlin) from 2026-10-01T00:00:00+02:00 is made of buckets \
                 of `kept` that are not kept any more ({kept}); expected \
                 from=2026-11-06T07:00:00+01:00, or every=day, week, month, quarter, year"
            ),
        ),
        (
            "every=day&from=2026-01-01&to=2026-11-19&compare=previous_year",
            format!(
                "`compare`: the range from 2025-01-01T00:00:00+01:00 to 2025-11-19T00:00:00+01:00 \
                 cannot be compared with: `from`: a day (Europe/Berlin) from \
                 2025-01-01T00:00:00+01:00 is made of buckets of `kept` that are not kept any more \
                 ({kept}); expected from=2025-11-21T00:00:00+01:00, or every=month, quarter, year"
            ),
        ),
        (
            "from=2026-10-01T12:00&to=2026-11-19",
            format!(
                "`from`: `2026-10-01T12:00` is where a bucket of `kept` begins that is not kept \
                 any more ({kept}); expected 2026-10-01T00:00:00+02:00 or 2026-10-02T00:00:00+02:00"
            ),
        ),
        (
            "from=2024&to=2025-10-15",
            format!(
                "`to`: `2025-10-15` is where a bucket of `kept` ends that is not kept any more \
                 ({kept}); expected 2025-10-01T00:00:00+02:00 or 2025-11-01T00:00:00+01:00"
            ),
        ),
        (
            "from=2025-11-01&to=2025-11-25",
            format!(
                "`from`: what follows `2025-11-01` is made of buckets of `kept` that are not kept \
                 any more ({kept}); expected from=2025-11-21T00:00:00+01:00"
            ),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused("kept", text), expected, "{text}");
    }
    planned("kept", "every=day&from=2025-11-21&to=2026-11-20");
    planned("kept", "every=month&from=2020&to=2026-11&compare=previous_year");
    planned("kept", "from=2020&to=2026-11-20T06:00");
}

/// Lord Howe Island is ahead by whole hours in summer alone.
#[test]
fn a_series_with_a_period_in_its_middle_that_no_buckets_make_up_is_refused_as_a_whole() {
    let summer = "every=month&time_zone=Australia/Lord_Howe&from=2026-01&to=2026-04";
    let year = "time_zone=Australia/Lord_Howe&from=2026-01&to=2027-01";
    planned("hourly", summer);
    planned("hourly", &format!("every=year&{year}"));
    assert_eq!(
        refused("hourly", &format!("every=month&{year}")),
        "`time_zone`: a month (Australia/Lord_Howe) ends at 2026-05-01T00:00:00+10:30, which is \
         not where a bucket of `hourly` does (it keeps hour, day in UTC); expected every=year, or \
         time_zone=UTC, or a time zone whose offset is whole hours, such as Europe/Berlin"
    );
}
