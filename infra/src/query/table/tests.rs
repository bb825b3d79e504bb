//! Answers of every shape, as people see them.

use super::*;

const MONTHS: &str = r#"{"rollup":"spend","dimensions":{"user_id":"a,b"},"every":"month","time_zone":"UTC",
    "from":"2026-01-01T00:00:00Z","to":"2026-03-01T00:00:00Z","points":[
    {"start":"2026-01-01T00:00:00Z","end":"2026-02-01T00:00:00Z","orders":9,"average":12345678901234567890.12},
    {"start":"2026-02-01T00:00:00Z","end":"2026-03-01T00:00:00Z","orders":12,"average":null}],"cursor":null}"#;
const NESTED: &str = r#"{"rollup":"sales","dimensions":{},"every":"month","points":[
    {"start":"A","end":"B","orders":3,"products":[{"value":"p1","count":2},{"value":7,"count":1}],"statuses":{"placed":1,"paid":2},
     "sizes":[{"from":null,"to":0,"count":0},{"from":0,"to":10.5,"count":2},{"from":10.5,"to":null,"count":1}]},
    {"start":"B","end":"C","orders":0,"products":[],"statuses":{"placed":0,"paid":0},"sizes":null,"filled":true}],"cursor":null}"#;
const GROUPS: &str = r#"{"rollup":"sales","every":"month","groups":[
    {"dimensions":{"country":"DE","tier":2},"points":[{"start":"A","end":"B","orders":4,"profit":-1.5},{"start":"B","end":"C","orders":8,"profit":3}]},
    {"dimensions":{"country":"FR","tier":2},"points":[{"start":"A","end":"B","orders":1,"profit":0.5},{"start":"B","end":"C","orders":2,"profit":null}]}],
    "freshness":"2026-11-20T06:40:03Z","items_read":12,"cursor":"AQ"}"#;
const RANKS: &str = r#"{"rollup":"sales","every":"month","start":"A","end":"B","ranked_by":"revenue","within":{},"ranks":[
    {"rank":1,"dimensions":{"user":"ann"},"orders":3,"revenue":12.5},{"rank":2,"dimensions":{"user":"bob"},"orders":5,"revenue":6.25}],
    "freshness":"2026-11-20T06:40:03Z","items_read":3,"cursor":"AQ"}"#;
const NOTHING: &str = r#"{"rollup":"spend","points":[],"cursor":null}"#;

fn shown(json: &str, chart: Chart, of: Option<&str>) -> String {
    text(&QueryAnswer::parse(json), chart, of).expect("drawn")
}

fn plain(json: &str) -> String {
    shown(json, Chart::None, None)
}

#[test]
fn a_table_has_numbers_on_the_right() {
    insta::assert_snapshot!(plain(MONTHS), @r"
    start                 end                   orders                  average
    2026-01-01T00:00:00Z  2026-02-01T00:00:00Z       9  12345678901234567890.12
    2026-02-01T00:00:00Z  2026-03-01T00:00:00Z      12
    ");
    insta::assert_snapshot!(plain(NOTHING), @"nothing is counted in this group and range");
}

#[test]
fn a_total_is_a_list() {
    let total = r#"{"rollup":"spend","dimensions":{},"every":null,"compared":{"from":"Z","to":"A"},"points":[
        {"start":"A","end":"B","orders":21,"p95":1.25,"statuses":{"paid":20,"placed":1},"products":[{"value":"p1","count":2}],
         "previous":{"start":"Z","end":"A","orders":20},"change":{"orders":1}}],
        "freshness":"2026-11-20T06:40:03Z","error_bounds":{"p95":0.01},"items_read":1,"cursor":null}"#;
    insta::assert_snapshot!(plain(total), @r"
    start            A
    end              B
    orders           21
    p95              1.25
    statuses.paid    20
    statuses.placed  1
    products         p1 ×2
    previous.orders  20
    change.orders    1

    compared with Z to A, 1 item read, counted up to 2026-11-20T06:40:03Z, p95 within 1 %
    ");
    let all = r#"{"rollup":"spend","dimensions":{},"every":"all","points":[{"start":null,"end":null,"orders":21}],"cursor":null}"#;
    insta::assert_snapshot!(shown(all, Chart::Bars, None), @"orders  21");
}

#[test]
fn what_is_within_a_measure_is_read_at_a_glance() {
    insta::assert_snapshot!(plain(NESTED), @r"
    start  end  orders  products     statuses.placed  statuses.paid  sizes.<0  sizes.0..10.5  sizes.>=10.5  filled
    A      B         3  p1 ×2, 7 ×1                1              2         0              2             1
    B      C         0                             0              0                                           true
    ");
}

#[test]
fn several_groups_are_told_apart_and_there_may_be_more() {
    insta::assert_snapshot!(plain(GROUPS), @r"
    country  tier  start  end  orders  profit
    DE          2  A      B         4    -1.5
    DE          2  B      C         8       3
    FR          2  A      B         1     0.5
    FR          2  B      C         2
    there are more points behind --limit

    12 items read, counted up to 2026-11-20T06:40:03Z
    ");
}

#[test]
fn a_point_that_may_be_wrong_is_seen() {
    let parked = r#"{"rollup":"spend","dimensions":{},"every":"month","points":[
        {"start":"2026-01-01T00:00:00Z","orders":9},{"start":"2026-02-01T00:00:00Z","orders":1,"parked":true}],
        "items_read":2,"cursor":null}"#;
    insta::assert_snapshot!(plain(parked), @r"
    start                 orders  parked
    2026-01-01T00:00:00Z       9
    2026-02-01T00:00:00Z       1    true

    2 items read, parked values may be wrong until they are repaired
    ");
}

#[test]
fn a_parked_period_before_is_seen() {
    let parked = r#"{"rollup":"spend","dimensions":{},"every":"month","compared":{"from":"A","to":"B"},"points":[
        {"start":"B","end":"C","orders":9,"previous":{"start":"A","end":"B","orders":7,"parked":true},"change":{"orders":2}}],
        "items_read":2,"cursor":null}"#;
    insta::assert_snapshot!(plain(parked), @r"
    start  end  orders  previous.orders  previous.parked  change.orders
    B      C         9                7             true              2

    compared with A to B, 2 items read, parked values may be wrong until they are repaired
    ");
}

#[test]
fn bars_are_of_the_first_number_or_of_what_was_asked_for() {
    insta::assert_snapshot!(shown(MONTHS, Chart::Bars, None), @r"
    start                 end                   orders                  average  orders
    2026-01-01T00:00:00Z  2026-02-01T00:00:00Z       9  12345678901234567890.12  ██████████████████
    2026-02-01T00:00:00Z  2026-03-01T00:00:00Z      12                           ████████████████████████
    ");
    insta::assert_snapshot!(shown(GROUPS, Chart::Bars, Some("profit")), @r"
    country  tier  start  end  orders  profit  profit
    DE          2  A      B         4    -1.5  ████████
    DE          2  B      C         8       3          ████████████████
    FR          2  A      B         1     0.5          ██▋
    FR          2  B      C         2
    there are more points behind --limit

    12 items read, counted up to 2026-11-20T06:40:03Z
    ");
    insta::assert_snapshot!(shown(NESTED, Chart::Bars, Some("statuses.paid")), @r"
    start  end  orders  products     statuses.placed  statuses.paid  sizes.<0  sizes.0..10.5  sizes.>=10.5  filled  statuses.paid
    A      B         3  p1 ×2, 7 ×1                1              2         0              2             1          ████████████████████████
    B      C         0                             0              0                                           true
    ");
    insta::assert_snapshot!(shown(RANKS, Chart::Bars, None), @r"
    rank  user  orders  revenue  revenue
       1  ann        3     12.5  ████████████████████████
       2  bob        5     6.25  ████████████
    there are more ranks behind --limit

    ranked by revenue, from A to B, 3 items read, counted up to 2026-11-20T06:40:03Z
    ");
}

#[test]
fn a_sparkline_is_a_line_for_each_group_and_measure() {
    insta::assert_snapshot!(shown(GROUPS, Chart::Sparkline, None), @r"
    country  tier  measure      least  most
    DE       2     orders   ▁█      4     8
    DE       2     profit   ▁█   -1.5     3
    FR       2     orders   ▁█      1     2
    FR       2     profit   ▅     0.5   0.5
    there are more points behind --limit

    12 items read, counted up to 2026-11-20T06:40:03Z
    ");
    insta::assert_snapshot!(shown(NESTED, Chart::Sparkline, None), @r"
    measure              least  most
    orders           █▁      0     3
    statuses.placed  █▁      0     1
    statuses.paid    █▁      0     2
    sizes.<0         ▅       0     0
    sizes.0..10.5    ▅       2     2
    sizes.>=10.5     ▅       1     1
    ");
    insta::assert_snapshot!(shown(NOTHING, Chart::Sparkline, None), @"nothing is counted in this group and range");
}

#[test]
fn what_cannot_be_drawn_is_refused_with_what_can() {
    let wrong =
        text(&QueryAnswer::parse(GROUPS), Chart::Bars, Some("tier")).expect_err("a dimension");
    assert_eq!(wrong, "--chart-of is `tier`, expected a measure that is a number: orders, profit");
    assert!(
        text(&QueryAnswer::parse(NOTHING), Chart::Bars, Some("orders")).is_ok(),
        "there is nothing to draw"
    );
    let texts = r#"{"rollup":"s","dimensions":{},"every":"day","points":[{"start":"A","end":"B","last":"x"},{"start":"B","end":"C","last":"y"}],"cursor":null}"#;
    let wrong = text(&QueryAnswer::parse(texts), Chart::Bars, Some("last")).expect_err("a text");
    assert_eq!(wrong, "--chart-of is `last`, expected a measure that is a number: there is none");
    insta::assert_snapshot!(shown(texts, Chart::Sparkline, None), @"no measure is a number to draw");
}

#[test]
fn an_answer_after_a_write_says_whether_it_is_counted() {
    let last_line = |after: &str| {
        let answer = format!(
            r#"{{"rollup":"s","every":"all","points":[{{"start":null,"end":null,"orders":1}}],
            "after":"{after}","items_read":1,"cursor":null}}"#
        );
        plain(&answer).lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(last_line("counted"), "1 item read, the write is counted");
    assert_eq!(last_line("pending"), "1 item read, the write is not counted yet");
    let unknown = "1 item read, it is unknown whether the write is counted";
    assert_eq!(last_line("unknown"), unknown);
}
