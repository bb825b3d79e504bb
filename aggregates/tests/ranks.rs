//! Questions about ranks, and groups told from the partitions of their rollup items.

use jiff::Timestamp;
use proptest::prelude::*;
use weir_model::Model;
use weir_rollups::{RankPlan, RankQuestion, key};

const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
[entities.order.attributes]
id = { type = "string", required = true }
country = { type = "string", required = true }
user = { type = "string", required = true }
at = { type = "timestamp", required = true }
total = { type = "decimal", scale = 2 }
[rollups.sales]
of = "order"
by = ["country", "user"]
time = "at"
buckets = ["day", "month", "all"]
keep = { day = "14d" }
time_zone = "Europe/Berlin"
rank_by = "revenue"
rank_within = ["country"]
measures = { orders = "count", revenue = "sum(total)" }
[rollups.users]
of = "order"
by = ["user"]
rank_by = "orders"
measures = { orders = "count" }
[rollups.plain]
of = "order"
by = ["user"]
stripes = 4
measures = { orders = "count" }
[rollups.whole]
of = "order"
measures = { orders = "count" }
"##;

fn model() -> Model {
    DEFINITION.parse().expect("valid")
}

fn plan(name: &str, text: &str) -> Result<RankPlan, String> {
    let mut question = RankQuestion::default();
    for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = value.to_owned();
        let parameter = match name {
            "every" => &mut question.every,
            "from" => &mut question.from,
            "order" => &mut question.order,
            "neighbours" => &mut question.neighbours,
            "measures" => &mut question.measures,
            _ => {
                question.dimensions.push((name.to_owned(), value));
                continue;
            }
        };
        *parameter = Some(value);
    }
    let model = model();
    let rollup = model.rollup(name).expect("there");
    let now: Timestamp = "2026-11-20T06:40:00Z".parse().expect("valid");
    RankPlan::new(&model, rollup, &question, now).map_err(|errors| errors.to_string())
}

#[test]
fn a_question_is_one_partition_of_the_index() {
    let of_month =
        plan("sales", "country=a%23&every=month&from=2026-11&order=asc").expect("planned");
    assert_eq!(of_month.rank, "sales.ranks#a%2523#month#2026-11");
    assert_eq!((of_month.within, of_month.descending), (vec![(0, "a%23".to_owned())], false));
    assert_eq!((of_month.around, of_month.measures), (None, vec![0, 1]));
    let of_all = plan("users", "measures=orders").expect("planned");
    assert_eq!((of_all.rank.as_str(), of_all.descending), ("users.ranks#all", true));
    let around = plan("sales", "country=DE&user=ann&neighbours=2&every=all").expect("planned");
    assert_eq!(around.rank, "sales.ranks#DE#all");
    let around = around.around.expect("a group");
    assert_eq!(
        (around.group.texts, around.neighbours),
        (vec!["DE".to_owned(), "ann".to_owned()], 2)
    );
}

#[test]
fn what_has_no_ranks_is_refused_with_what_has() {
    let kept = "it keeps day for 2w, month in Europe/Berlin";
    let cases = [
        (
            "plain",
            "",
            "`rollup`: the groups of `plain` have no ranks (rank_by); expected sales, users"
                .to_owned(),
        ),
        (
            "sales",
            "evry=day&order=up&neighbours=0&measures=x",
            "`neighbours`: `0`, expected a whole number from 1 to 50; `evry`: no such dimension; \
             the dimensions of `sales` are country, user; the other parameters are every, from, \
             order, neighbours, measures, limit, cursor, format; `every`: missing; expected one of \
             day, month, all; `order`: `up`, expected desc or asc; `measures`: `x` is no measure \
             of `sales`; expected orders, revenue"
                .to_owned(),
        ),
        (
            "sales",
            "every=all",
            "`country`: missing; the groups of `sales` are ranked within country"
                .to_owned(),
        ),
        (
            "sales",
            "every=all&country=DE&user=ann",
            "`user`: `sales` ranks groups within country; expected none, or neighbours beside it, \
             for the ranks around a group"
                .to_owned(),
        ),
        (
            "users",
            "user=ann",
            "`user`: `users` ranks all groups of a bucket; expected none, or neighbours beside it, \
             for the ranks around a group"
                .to_owned(),
        ),
        (
            "users",
            "neighbours=1",
            "`user`: missing; the dimensions of `users` are user, each is needed for neighbours"
                .to_owned(),
        ),
        (
            "sales",
            "every=all&country=DE&country=FR",
            "`country`: given twice, expected one value"
                .to_owned(),
        ),
        (
            "sales",
            "every=mnth&country=DE",
            "`every`: `mnth` is not kept by `sales`; did you mean `month`? expected day, month, all"
                .to_owned(),
        ),
        (
            "sales",
            "every=month&country=DE",
            "`from`: missing; expected where a month begins"
                .to_owned(),
        ),
        (
            "sales",
            "every=all&country=DE&from=2026",
            "`from`: every=all is all time; expected no from"
                .to_owned(),
        ),
        (
            "sales",
            "every=month&country=DE&from=2026-11-02",
            "`from`: `2026-11-02` is not where a month begins (Europe/Berlin); expected \
             2026-11-01T00:00:00+01:00 or 2026-12-01T00:00:00+01:00"
                .to_owned(),
        ),
        (
            "sales",
            "every=day&country=DE&from=2026-11-05",
            format!(
                "`from`: `2026-11-05` begins a day of `sales` that is not kept any more ({kept}); \
                 expected 2026-11-06T00:00:00+01:00 or later"
            ),
        ),
        (
            "sales",
            "every=day&country=DE&from=2026-10-05T12:00",
            "`from`: `2026-10-05T12:00` is not where a day begins (Europe/Berlin); expected \
             2026-11-06T00:00:00+01:00"
                .to_owned(),
        ),
        (
            "sales",
            "every=day&country=DE&from=soon",
            "`from`: `soon` is not a time; expected a time such as 2026, 2026-11, 2026-11-20, \
             2026-11-20T06:40 or RFC 3339"
                .to_owned(),
        ),
    ];
    for (rollup, text, expected) in cases {
        assert_eq!(plan(rollup, text), Err(expected), "{rollup}?{text}");
    }
}

proptest! {
    #[test]
    fn the_group_of_a_partition_is_the_one_it_was_made_of(
        texts in prop::collection::vec("[a#%25/3.é]{0,6}|\\PC{0,8}", 0..=2), stripe in 0_u16..4,
    ) {
        let model = model();
        let names = ["whole", if stripe > 0 { "plain" } else { "users" }, "sales"];
        let rollup = model.rollup(names[texts.len()]).expect("there");
        let stripe = if rollup.stripes > 1 { stripe } else { 0 };
        let partition = key::partition(rollup, stripe, texts.iter().map(String::as_str));
        let partition = partition.expect("a short one");
        prop_assert_eq!(key::group(rollup, &partition), Some(texts));
        for other in &model.rollups {
            let is_other = other.name != rollup.name;
            prop_assert!(!is_other || key::group(other, &partition).is_none());
        }
    }

    #[test]
    fn a_partition_that_is_no_groups_has_none(
        text in "\\PC{0,12}",
        name in prop::sample::select(vec!["whole", "users", "plain", "sales"]),
    ) {
        let model = model();
        let rollup = model.rollup(name).expect("there");
        for partition in [
            text.clone(),
            format!("{name}{text}"),
            format!("{name}/{text}"),
            format!("{name}/01#{text}"),
        ] {
            if let Some(texts) = key::group(rollup, &partition) {
                let texts = || texts.iter().map(String::as_str);
                let back = (0..rollup.stripes)
                    .filter_map(|stripe| key::partition(rollup, stripe, texts()));
                prop_assert!(back.into_iter().any(|back| back == partition));
            }
        }
    }
}
