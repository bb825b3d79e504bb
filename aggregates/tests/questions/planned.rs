//! Questions that can be answered: the groups, periods and measures of their plans.

use jiff::Timestamp;
use weir_rollups::query::MAX_GROUPS;
use weir_rollups::{Bucket, Fill, Plan, QueryRange, cover};

use crate::asking::{model, now, planned, rejected};
use crate::cases::check;

#[test]
fn a_question_is_one_partition_and_one_range_of_sort_keys() {
    check("keys.txt", |rollup, parameters| {
        let plan = planned(rollup, parameters);
        let model = model();
        let rollup = model.rollup(rollup).expect("there");
        let mut lines = plan.groups[0].partitions(rollup).expect("short");
        let buckets: Vec<Bucket> = match plan.range.whole() {
            None => vec![Bucket::all()],
            Some(range) => {
                let periods = plan.periods_from(range.start);
                let covers = periods.map(|period| cover(rollup, &period, now()));
                covers.flat_map(|buckets| buckets.expect(parameters)).collect()
            }
        };
        let key = |bucket: Option<&Bucket>| bucket.expect("a bucket").key.clone();
        lines.push(format!("{} … {}", key(buckets.first()), key(buckets.last())));
        lines
    });
}

#[test]
fn a_series_has_the_periods_of_a_calendar_each_with_the_one_it_is_compared_with() {
    check("periods.txt", |rollup, parameters| pairs(&planned(rollup, parameters)));
}

/// Returns the periods of a plan, each as the date or local time on which it begins and, behind
/// `<`, that of the period that it is compared with.
fn pairs(plan: &Plan) -> Vec<String> {
    let shown = |instant: Timestamp| {
        let text = instant.to_zoned(plan.calendar.zone.clone()).datetime().to_string();
        text.strip_suffix(":00").unwrap_or(&text).replace("T00:00", "")
    };
    let pairs = plan.pairs_from(Timestamp::MIN);
    pairs
        .map(|(period, earlier)| match earlier {
            None => shown(period.start),
            Some(earlier) => format!("{} < {}", shown(period.start), shown(earlier.start)),
        })
        .collect()
}

#[test]
fn a_day_begins_at_midnight_of_the_time_zone_that_is_asked_for() {
    let plan =
        planned("hourly", "every=day&time_zone=america/new_york&from=2026-03-08&to=2026-03-10");
    assert_eq!(plan.calendar.zone_name, "America/New_York");
    let first = plan.periods_from(Timestamp::MIN).next().expect("a period");
    assert_eq!(first.start.to_string(), "2026-03-08T05:00:00Z");
    assert_eq!(first.end.to_string(), "2026-03-09T04:00:00Z");
}

#[test]
fn a_question_about_several_groups_is_about_every_combination() {
    let plan = planned("delays", "origin=TXL&gate=1&gate=02&origin=SFO");
    let texts: Vec<_> = plan.groups.iter().map(|group| group.texts.join(" ")).collect();
    assert_eq!(texts, ["TXL 1", "TXL 2", "SFO 1", "SFO 2"]);
    let model = model();
    let partitions = plan.groups[3].partitions(model.rollup("delays").expect("there"));
    assert_eq!(partitions, Some(vec!["delays#SFO#2".to_owned()]));
}

#[test]
fn a_question_is_about_at_most_100_groups() {
    let many = |count: usize| {
        let gates: Vec<_> = (0..count).map(|gate| format!("gate={gate}&")).collect();
        format!("{}origin=TXL&origin=SFO", gates.concat())
    };
    assert_eq!(planned("delays", &many(MAX_GROUPS / 2)).groups.len(), MAX_GROUPS);
    let message = rejected("delays", &many(MAX_GROUPS / 2 + 1));
    assert_eq!(message, "`dimensions`: 102 groups at once, expected 100 or fewer");
}

#[test]
fn without_a_granularity_a_range_is_one_total() {
    let plan = planned("delays", "origin=TXL&gate=1&from=2026-01-15T06:00&to=2026-03-02");
    let QueryRange::Total(period) = plan.range else { panic!("{:?}", plan.range) };
    assert_eq!(period.start.to_string(), "2026-01-15T05:00:00Z");
    assert_eq!(period.end.to_string(), "2026-03-01T23:00:00Z");
    assert_eq!(plan.periods_from(Timestamp::MIN).collect::<Vec<_>>(), [period]);
    assert_eq!(plan.periods_from(period.end).count(), 0);
    assert_eq!(planned("total", "").range, QueryRange::AllTime);
}

#[test]
fn a_series_continues_where_a_page_ended() {
    let plan = planned("hourly", "every=day&from=2026-03-01&to=2026-04-01&compare=previous_period");
    let all: Vec<_> = plan.pairs_from(Timestamp::MIN).collect();
    assert_eq!(all.len(), 31);
    for position in [0, 7, 30] {
        let rest: Vec<_> = plan.pairs_from(all[position].0.start).collect();
        assert_eq!(rest, all[position..]);
        let (period, _) = all[position];
        let periods: Vec<_> = plan.periods_from(period.start).collect();
        assert_eq!(periods.len(), 31 - position);
    }
    assert_eq!(plan.pairs_from(all[30].0.end).count(), 0);
}

#[test]
fn measures_and_fills_are_chosen() {
    let plan = planned(
        "hourly",
        "measures=late,flights&fill=previous&every=day&from=2026-01-01&to=2026-01-02",
    );
    assert_eq!((plan.measures, plan.fill), (vec![1, 0], Fill::Previous));
    let plan = planned("total", "");
    assert_eq!((plan.measures, plan.fill), (vec![0], Fill::None));
}
