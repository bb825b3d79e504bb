//! The document of a rollup with every measure.

use weir_model::Model;

use super::super::document;
use super::*;

const DEFINITION: &str = r##"
    [table]
    name = "shop"
    [entities.order]
    PK = "USER#{user}"
    SK = "ORDER#{placed}"
    [entities.order.attributes]
    user = { type = "string", required = true }
    placed = { type = "timestamp", required = true }
    total = { type = "decimal", scale = 2, required = true }
    status = { type = "enum", values = ["placed", "paid"], required = true }
    country = { type = "enum", values = ["DE", "FR"], required = true }
    tags = { type = "set", items = "string" }
    gift = { type = "boolean" }
    [rollups.sales]
    of = "order"
    by = ["country", "tags"]
    time = "placed"
    buckets = ["month", "all"]
    rank_by = "revenue"
    rank_within = ["country"]
    [rollups.sales.measures]
    orders = "count"
    revenue = "sum(total)"
    rate = "ratio(revenue, orders)"
    newest = "last(status)"
    products = "top(user, 5)"
    statuses = "count_by(status)"
    gifts = "count_by(gift)"
    sizes = "histogram(total, 0, 10)"
    p95 = "p95(total)"
    [rollups.ever]
    of = "order"
    buckets = ["all"]
    measures = { orders = "count" }
"##;

fn model() -> Model {
    DEFINITION.parse().expect("a definition")
}

fn parameters(operation: &Value) -> Vec<&str> {
    let parameters = operation["parameters"].as_array().expect("parameters").iter();
    parameters.map(|parameter| parameter["name"].as_str().expect("a name")).collect()
}

fn parameter_of<'a>(operation: &'a Value, name: &str) -> &'a Value {
    let mut parameters = operation["parameters"].as_array().expect("parameters").iter();
    parameters.find(|parameter| parameter["name"] == name).expect(name)
}

#[test]
fn a_question_may_be_about_several_groups_and_any_calendar() {
    let document = document(&model());
    let ask = &document["paths"]["/rollups/sales"]["get"];
    assert_eq!(
        parameters(ask),
        [
            "country",
            "tags",
            "every",
            "from",
            "to",
            "time_zone",
            "week_start",
            "fiscal_year_start",
            "fill",
            "compare",
            "measures",
            "limit",
            "cursor",
            "after",
            "format",
        ]
    );
    let country = parameter_of(ask, "country");
    assert_eq!(country["schema"]["items"]["enum"], json!(["DE", "FR"]));
    assert_eq!(
        (&country["style"], &country["explode"], &country["required"]),
        (&json!("form"), &json!(true), &json!(true))
    );
    assert_eq!(parameter_of(ask, "tags")["schema"]["items"], json!({ "type": "string" }));
    assert_eq!(
        parameter_of(ask, "every")["schema"]["enum"],
        json!(["month", "quarter", "year", "all"])
    );
    assert_eq!(parameter_of(ask, "measures")["schema"]["items"]["enum"][1], "revenue");
    assert_eq!(
        parameter_of(ask, "compare")["schema"]["enum"],
        json!(["previous_period", "previous_month", "previous_quarter", "previous_year"])
    );
    let success = &ask["responses"]["200"];
    assert!(success["content"]["text/csv"].is_object() && success["headers"]["Link"].is_object());
    let ever = &document["paths"]["/rollups/ever"]["get"];
    assert_eq!(parameters(ever), ["every", "measures", "limit", "cursor", "after", "format"]);
}

#[test]
fn finer_buckets_answer_for_longer_ones_and_weeks_for_themselves() {
    let every = |buckets: &str| -> String {
        let definition = DEFINITION.replace("[\"month\", \"all\"]", buckets);
        let model: Model = definition.parse().expect("a definition");
        let document = document(&model);
        let every =
            parameter_of(&document["paths"]["/rollups/sales"]["get"], "every")["schema"]["enum"]
                .clone();
        let names: Vec<String> = serde_json::from_value(every).expect("names");
        names.join(" ")
    };
    assert_eq!(every(r#"["minute"]"#), "minute quarter_hour hour day week month quarter year");
    assert_eq!(every(r#"["day", "all"]"#), "day week month quarter year all");
    assert_eq!(every(r#"["week", "year"]"#), "week year");
    assert_eq!(every(r#"["quarter"]"#), "quarter year");
}

#[test]
fn each_measure_has_its_schema() {
    let document = document(&model());
    let answer = &document["components"]["schemas"]["sales.answer"]["properties"];
    let point = &answer["points"]["items"]["properties"];
    let kind = |name: &str| point[name]["type"].clone();
    assert_eq!(
        (kind("orders"), kind("rate")),
        (json!(["integer", "null"]), json!(["number", "null"]))
    );
    assert_eq!(point["newest"]["oneOf"][0]["enum"], json!(["placed", "paid"]));
    assert_eq!(point["products"]["items"]["properties"]["value"], json!({ "type": "string" }));
    let keys = |name: &str| {
        point[name]["properties"].as_object().expect(name).keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        (keys("statuses"), keys("gifts")),
        (vec!["placed".into(), "paid".into()], vec!["false".into(), "true".into()])
    );
    assert_eq!(point["sizes"]["items"]["required"], json!(["from", "to", "count"]));
    assert_eq!(keys("change"), ["orders", "revenue", "rate", "p95"]);
    assert_eq!(point["previous"]["properties"]["products"], point["products"]);
    assert_eq!(answer["error_bounds"]["properties"], json!({ "p95": { "type": "number" } }));
    assert_eq!(answer["compared"]["required"], json!(["from", "to"]));
    let group = &answer["groups"]["items"]["properties"];
    assert_eq!(
        (&group["points"], &group["dimensions"]),
        (&answer["points"], &answer["dimensions"])
    );
    assert!(
        document["components"]["schemas"]["ever.answer"]["properties"]["error_bounds"].is_null()
    );
}

#[test]
fn a_ratio_of_a_quantile_is_an_estimate_too() {
    let definition = DEFINITION.replace("ratio(revenue, orders)", "ratio(p95, orders)");
    let document = document(&definition.parse().expect("a definition"));
    let answer = &document["components"]["schemas"]["sales.answer"]["properties"];
    let number = json!({ "type": "number" });
    assert_eq!(answer["error_bounds"]["properties"], json!({ "rate": number, "p95": number }));
}

#[test]
fn only_what_is_ranked_has_a_leaderboard() {
    let document = document(&model());
    let ranks = &document["paths"]["/rollups/sales/ranks"]["get"];
    assert_eq!(
        parameters(ranks),
        [
            "country",
            "tags",
            "every",
            "from",
            "order",
            "neighbours",
            "measures",
            "limit",
            "cursor",
            "after",
            "format"
        ]
    );
    assert_eq!(
        (&parameter_of(ranks, "country")["required"], &parameter_of(ranks, "tags")["required"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(parameter_of(ranks, "every")["schema"]["enum"], json!(["month", "all"]));
    let schema = &document["components"]["schemas"]["sales.ranks"]["properties"];
    assert_eq!(schema["ranked_by"], json!({ "const": "revenue" }));
    assert_eq!(
        schema["ranks"]["items"]["properties"]["revenue"]["type"],
        json!(["number", "null"])
    );
    assert!(document["paths"]["/rollups/ever/ranks"].is_null());
}
