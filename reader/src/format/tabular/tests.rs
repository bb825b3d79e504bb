//! Answers of every shape, as they are written.

use serde_json::json;

use super::*;
use crate::tabular::cell;
use weir_query::columns::{MeasureColumn, Shape};

fn measures() -> Vec<MeasureColumn> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    [
        ("orders", Shape::Number),
        ("revenue", Shape::Number),
        ("closing", Shape::Value),
        ("products", Shape::List),
        ("statuses", Shape::Keys(texts(&["placed", "paid"]))),
        ("sizes", Shape::Bins(texts(&["0", "10"]))),
    ]
    .map(|(name, shape)| MeasureColumn { name: name.to_owned(), shape })
    .to_vec()
}

fn numbers() -> Vec<MeasureColumn> {
    measures().into_iter().take(2).collect()
}

fn text(csv: String) -> String {
    assert_eq!(
        csv.matches('\n').count(),
        csv.matches("\r\n").count(),
        "lines end as RFC 4180 has it"
    );
    csv.replace("\r\n", "\n")
}

fn months() -> Value {
    serde_json::from_str(
        r#"{"dimensions":{"country":"D,E","tier":2},"points":[
        {"start":"2026-01-01T00:00:00Z","end":"2026-02-01T00:00:00Z","orders":3,"revenue":12345678901234567890.12,
         "closing":"new","products":[{"value":"p \"1\"","count":2},{"value":"p2","count":1}],"statuses":{"paid":2,"placed":1},
         "sizes":[{"from":null,"to":0,"count":0},{"from":0,"to":10,"count":2},{"from":10,"to":null,"count":1}]},
        {"start":"2026-02-01T00:00:00Z","end":"2026-03-01T00:00:00Z","orders":0,"revenue":null,"closing":null,"products":[],
         "statuses":{"placed":0},"sizes":null,"parked":true}]}"#,
    )
    .expect("JSON")
}

#[test]
fn each_part_of_a_measure_has_its_column() {
    let columns = Columns::for_points(vec!["country".into(), "tier".into()], measures());
    insta::assert_snapshot!(text(csv(&months(), &columns)), @r#"
    country,tier,start,end,orders,revenue,closing,products,statuses.placed,statuses.paid,sizes.<0,sizes.0..10,sizes.>=10,parked
    "D,E",2,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,3,12345678901234567890.12,new,"[{""value"":""p \""1\"""",""count"":2},{""value"":""p2"",""count"":1}]",1,2,0,2,1,
    "D,E",2,2026-02-01T00:00:00Z,2026-03-01T00:00:00Z,0,,,[],0,,,,,true
    "#);
}

#[test]
fn an_answer_without_points_has_its_columns() {
    let columns = Columns::for_points(vec!["country".into()], numbers());
    let none = json!({ "dimensions": { "country": "DE" }, "points": [] });
    assert_eq!(text(csv(&none, &columns)), "country,start,end,orders,revenue,parked\n");
    assert_eq!(ndjson(&none), "");
}

#[test]
fn what_was_before_stands_behind_and_only_numbers_change() {
    let columns =
        Columns::for_series(vec![], [numbers(), measures()[2..3].to_vec()].concat(), true, true);
    let compared = json!({ "points": [
        { "start": "B", "end": "C", "orders": 3, "revenue": 12.5, "closing": "x",
          "previous": { "start": "A", "end": "B", "orders": 2, "revenue": 10, "closing": "y",
                        "parked": true },
          "change": { "orders": 1, "revenue": 2.5 } },
        { "start": "C", "end": "D", "orders": 0, "revenue": null, "closing": null, "filled": true,
          "previous": null },
    ] });
    insta::assert_snapshot!(text(csv(&compared, &columns)), @r"
    start,end,orders,revenue,closing,previous.start,previous.end,previous.orders,previous.revenue,previous.closing,previous.parked,change.orders,change.revenue,filled,parked
    B,C,3,12.5,x,A,B,2,10,y,true,1,2.5,,
    C,D,0,,,,,,,,,,,true,
    ");
}

#[test]
fn several_groups_stand_below_one_another() {
    let groups = json!({ "groups": [
        { "dimensions": { "country": "DE" },
          "points": [{ "start": "A", "end": "B", "orders": 1, "revenue": 2 }] },
        { "dimensions": { "country": null }, "points": [] },
        { "dimensions": { "country": "FR" },
          "points": [{ "start": "A", "end": "B", "orders": 3, "revenue": -4 }] },
    ] });
    let columns = Columns::for_points(vec!["country".into()], numbers());
    insta::assert_snapshot!(text(csv(&groups, &columns)), @r"
    country,start,end,orders,revenue,parked
    DE,A,B,1,2,
    FR,A,B,3,-4,
    ");
    insta::assert_snapshot!(ndjson(&groups), @r#"
    {"dimensions":{"country":"DE"},"start":"A","end":"B","orders":1,"revenue":2}
    {"dimensions":{"country":"FR"},"start":"A","end":"B","orders":3,"revenue":-4}
    "#);
}

#[test]
fn ranks_have_all_their_dimensions() {
    let ranks = json!({ "ranked_by": "revenue", "within": { "country": "DE" }, "ranks": [
        { "rank": 1, "dimensions": { "user": "ann" }, "orders": 3, "revenue": 12.5 },
        { "rank": 2, "dimensions": { "country": "DE", "user": "bob" }, "orders": 1, "revenue": 9 },
    ] });
    let columns = Columns::for_ranks(vec!["country".into(), "user".into()], numbers());
    insta::assert_snapshot!(text(csv(&ranks, &columns)), @r"
    rank,country,user,orders,revenue,parked
    1,DE,ann,3,12.5,
    2,DE,bob,1,9,
    ");
    insta::assert_snapshot!(ndjson(&ranks), @r#"
    {"dimensions":{"country":"DE","user":"ann"},"rank":1,"orders":3,"revenue":12.5}
    {"dimensions":{"country":"DE","user":"bob"},"rank":2,"orders":1,"revenue":9}
    "#);
}

#[test]
fn a_text_is_no_formula_in_a_spreadsheet() {
    let cases = [
        ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-", "'-"),
        ("-12.50", "-12.50"),
        ("ann=1", "ann=1"),
        ("'tis", "'tis"),
        ("", ""),
    ];
    for (given, written) in cases {
        assert_eq!(cell(Some(&json!(given))), written);
    }
    assert_eq!(cell(Some(&json!(-3))), "-3");
    let of_group =
        json!({ "dimensions": { "user": "=1" }, "points": [{ "start": null, "end": null }] });
    assert!(ndjson(&of_group).contains(r#""user":"=1""#), "a program reads it as it is");
}
