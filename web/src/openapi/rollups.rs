//! The rollups in the OpenAPI document: what each can be asked, and what it answers.
//!
//! ```text
//! GET /rollups/{name}         points of one group or several     {name}.answer
//! GET /rollups/{name}/ranks   groups by their ranks in a bucket  {name}.ranks
//! ```

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use weir_model::Rollup;
use weir_model::rollup::{AnswerShape, Granularity, MAX_NEIGHBOURS, Measure, Rank, Source};

use super::builder::OperationBuilder;
use super::parameters::{limit, parameter, query};
use super::schema::{self, cursor, reference};
use crate::parameters::{POINTS_DEFAULT, POINTS_LIMIT, RANKS_DEFAULT, RANKS_LIMIT};
use crate::routes::Operation;

/// How times are written in a query.
const TIMES: &str = "2026, 2026-11, 2026-11-20, 2026-11-20T06:40 or RFC 3339";
/// The description of the field `complete_through`.
const COMPLETE_THROUGH: &str =
    "every change up to this time is counted; absent where that is not known";
/// The description of the field `incomplete_since`.
const INCOMPLETE_SINCE: &str =
    "changes after this time may be missing for good; absent where none are known to be lost";
/// The description of the field `after`.
const AFTER: &str = "whether the write of the parameter `after` is counted: `pending` if it was \
                     not within the time that the answer waits, `unknown` where it is not known \
                     how far the stream was counted; absent without the parameter";
/// The description of the freshness of an answer.
const FRESHNESS: &str = "the time of the newest change that is counted in what was read";
/// The days that a week may begin on.
const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// The months that a fiscal year may begin in.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// The earlier ranges that a range may be compared with.
const COMPARISONS: [&str; 4] =
    ["previous_period", "previous_month", "previous_quarter", "previous_year"];
/// The other media types of an answer beside JSON.
const OTHER_FORMS: [&str; 2] = ["text/csv", "application/x-ndjson"];

/// Returns a question to a rollup.
pub(super) fn question(rollup: &Rollup) -> Value {
    let summary = format!("what is counted of {} by group and time", rollup.entity);
    let mut answer = OperationBuilder::new(Operation::Rollup, "ask", &rollup.name, &summary);
    answer.tag = "rollups";
    answer.parameters = rollup.dimensions.iter().map(groups).collect();
    let every: Vec<_> = Granularity::EVERY
        .into_iter()
        .filter(|every| can_answer(rollup, *every))
        .map(Granularity::name)
        .collect();
    let description = "how long the buckets are; without it there is one total of the range";
    answer.parameters.push(query("every", json!({ "enum": every }), description));
    if rollup.time.is_some() {
        answer.parameters.extend(of_time(rollup));
    }
    answer.parameters.extend([
        measures(rollup),
        limit(&POINTS_LIMIT, POINTS_DEFAULT),
        query("cursor", text(), "the cursor of the page before"),
        after(),
        format(),
    ]);
    let description = "a page of points; a bucket in which nothing is counted has none, unless it \
                       is to be filled";
    let schema = reference(&format!("{}.answer", rollup.name));
    in_every_form(answer.success(StatusCode::OK, description, Some(schema)))
}

/// Returns the leaderboard of a rollup, if its groups are ranked.
pub(super) fn ranks(rollup: &Rollup) -> Option<Value> {
    let rank = rollup.rank.as_ref()?;
    let summary = format!("the groups by their {} in one bucket", rank.by);
    let mut answer = OperationBuilder::new(Operation::Ranks, "rank", &rollup.name, &summary);
    answer.tag = "rollups";
    let dimensions = rollup.dimensions.iter().enumerate();
    answer.parameters = dimensions
        .map(|(position, dimension)| {
            let is_within = rank.within.contains(&position);
            let description = match is_within {
                true => "the value whose groups are ranked",
                false => "of the group whose neighbours are asked for",
            };
            let schema = schema::group(&dimension.of_one().kind);
            parameter("query", dimension.name(), is_within, schema, description)
        })
        .collect();
    let kept: Vec<_> = rollup.granularities.iter().map(|kept| kept.name()).collect();
    let begins =
        format!("where the bucket begins in {}; none for all: {TIMES}", rollup.time_zone_name);
    let neighbours = json!({ "type": "integer", "minimum": 1, "maximum": MAX_NEIGHBOURS });
    answer.parameters.extend([
        query("every", json!({ "enum": kept }), "how long the bucket is"),
        query("from", text(), &begins),
        query(
            "order",
            json!({ "enum": ["desc", "asc"], "default": "desc" }),
            "the greatest or the least first",
        ),
        query(
            "neighbours",
            neighbours,
            "how many ranks before and behind the group of all dimensions",
        ),
        measures(rollup),
        limit(&RANKS_LIMIT, RANKS_DEFAULT),
        query("cursor", text(), "the cursor of the page before"),
        after(),
        format(),
    ]);
    let schema = reference(&format!("{}.ranks", rollup.name));
    Some(in_every_form(answer.success(StatusCode::OK, "a page of ranks", Some(schema))))
}

/// Returns the answer of a rollup.
pub(super) fn answer(rollup: &Rollup) -> Value {
    let points =
        || json!({ "type": "array", "description": "oldest first", "items": point(rollup) });
    let group = json!({
        "type": "object",
        "required": ["dimensions", "points"],
        "properties": { "dimensions": dimensions(rollup), "points": points() },
    });
    let every: Vec<_> = Granularity::EVERY
        .map(|every| json!(every.name()))
        .into_iter()
        .chain([Value::Null])
        .collect();
    let mut properties = json!({
        "rollup": { "const": rollup.name },
        "dimensions": dimensions(rollup),
        "every": { "enum": every, "description": "null for a total" },
        "time_zone": { "type": "string" },
        "from": instant(),
        "to": instant(),
        "compared": compared(),
        "points": points(),
        "groups": {
            "type": "array",
            "description": "instead of dimensions and points, where several groups are asked for",
            "items": group,
        },
    });
    trusted(rollup, &mut properties);
    json!({
        "type": "object",
        "required": [
            "rollup", "every", "time_zone", "from", "to", "freshness", "items_read", "cursor",
        ],
        "oneOf": [{ "required": ["dimensions", "points"] }, { "required": ["groups"] }],
        "properties": properties,
    })
}

/// Returns the leaderboard of a rollup.
pub(super) fn ranked(rollup: &Rollup, rank: &Rank) -> Value {
    let mut row = json!({
        "rank": {
            "type": ["integer", "null"],
            "minimum": 1,
            "description": "one more than there are groups before it, so that equal scores have \
                            equal ranks; null with rank_beyond",
        },
        "dimensions": dimensions(rollup),
    });
    row.as_object_mut().expect("an object").extend(measured(rollup));
    let row = json!({ "type": "object", "required": ["rank", "dimensions"], "properties": row });
    let kept: Vec<_> = rollup.granularities.iter().map(|kept| kept.name()).collect();
    let mut properties = json!({
        "rollup": { "const": rollup.name },
        "every": { "enum": kept },
        "start": instant(),
        "end": instant(),
        "ranked_by": { "const": rank.by },
        "within": dimensions(rollup),
        "ranks": { "type": "array", "items": row },
        "rank_beyond": {
            "type": "integer",
            "description": "how many groups were counted where neighbours are asked for and there \
                            are more before them: their ranks are null then",
        },
    });
    trusted(rollup, &mut properties);
    let required = [
        "rollup",
        "every",
        "start",
        "end",
        "ranked_by",
        "within",
        "ranks",
        "freshness",
        "items_read",
        "cursor",
    ];
    json!({ "type": "object", "required": required, "properties": properties })
}

/// Returns the list of rollups.
pub(super) fn list() -> Value {
    let text = text();
    let dimension = json!({ "type": "object", "properties": { "name": text, "type": text } });
    let rollup = json!({
        "type": "object",
        "properties": {
            "name": text,
            "of": text,
            "dimensions": { "type": "array", "items": dimension },
            "time": { "type": ["string", "null"] },
            "time_zone": text,
            "buckets": { "type": "array", "items": text },
            "measures": { "type": "object", "additionalProperties": text },
            "keep_seconds": { "type": "object", "additionalProperties": { "type": "integer" } },
            "ranked_by": text,
            "ranked_within": { "type": "array", "items": text },
            "state": {
                "enum": ["ready", "unbuilt", "changed", "unknown"],
                "description": "only a rollup that is ready is answered",
            },
            "reason": { "type": "string", "description": "why a rollup is not ready" },
            "incomplete_since": { "type": "string", "format": "date-time" },
        },
    });
    let through = json!({
        "type": ["string", "null"],
        "format": "date-time",
        "description": "every change up to this time is counted; null where that is not known",
    });
    json!({
        "type": "object",
        "required": ["rollups", "now", "complete_through", "records_counted"],
        "properties": {
            "rollups": { "type": "array", "items": rollup },
            "now": {
                "type": "string",
                "format": "date-time",
                "description": "the clock of the service",
            },
            "complete_through": through,
            "records_counted": {
                "type": ["integer", "null"],
                "description": "how many records of the stream were handled; null where that is \
                                not known",
            },
        },
    })
}

/// Returns whether there may be buckets that make up those of that length, whatever the calendar.
fn can_answer(rollup: &Rollup, every: Granularity) -> bool {
    rollup.granularities.iter().any(|kept| match kept {
        _ if *kept == every => true,
        _ if every == Granularity::All => false,
        Granularity::Week | Granularity::Year | Granularity::All => false,
        Granularity::Month | Granularity::Quarter => every > *kept,
        _ => every > *kept,
    })
}

/// Returns the groups that are asked for, by one dimension.
fn groups(dimension: &Source) -> Value {
    let one = schema::group(&dimension.of_one().kind);
    let schema = json!({ "type": "array", "items": one, "minItems": 1 });
    let description =
        "the group; several values ask for several groups, at most 100 of all dimensions together";
    let mut parameter = parameter("query", dimension.name(), true, schema, description);
    parameter["style"] = Value::from("form");
    parameter["explode"] = Value::from(true);
    parameter
}

/// Returns the parameters of a question about time.
fn of_time(rollup: &Rollup) -> [Value; 7] {
    let zone = &rollup.time_zone_name;
    let edge = |what: &str| format!("{what}; in the zone of the question: {TIMES}");
    let zones = json!({ "type": "string", "default": zone });
    let choice = |all: &[&str], default: usize| json!({ "enum": all, "default": all[default] });
    [
        query("from", text(), &edge("the beginning of the range, included")),
        query("to", text(), &edge("the end of the range, excluded")),
        query("time_zone", zones, "the zone whose calendar cuts time into buckets"),
        query("week_start", choice(&DAYS, 0), "the day that weeks begin on"),
        query(
            "fiscal_year_start",
            choice(&MONTHS, 0),
            "the month that years and quarters begin in",
        ),
        query(
            "fill",
            json!({ "enum": ["zero", "null", "previous"] }),
            "what is answered for a bucket in which nothing is counted",
        ),
        query(
            "compare",
            json!({ "enum": COMPARISONS }),
            "the earlier range that each point is compared with",
        ),
    ]
}

fn measures(rollup: &Rollup) -> Value {
    let names: Vec<_> = rollup.measures.iter().map(|known| &known.name).collect();
    let schema = json!({ "type": "array", "items": { "enum": names }, "uniqueItems": true });
    let mut parameter =
        query("measures", schema, "some of the measures, in this order, with commas between");
    parameter["style"] = Value::from("form");
    parameter["explode"] = Value::from(false);
    parameter
}

/// Returns the parameter of the token of a write.
fn after() -> Value {
    let description = "the header `Weir-Token` of a write: the answer waits some seconds until the \
                       write is counted, and says in `after` whether it is";
    query("after", text(), description)
}

fn format() -> Value {
    let schema = json!({ "enum": ["json", "csv", "ndjson"] });
    query("format", schema, "how the answer is written, whatever `Accept` says")
}

/// Returns an operation whose answer may be CSV and NDJSON, with headers that say what JSON has
/// beside its points.
fn in_every_form(mut operation: Value) -> Value {
    let success = &mut operation["responses"]["200"];
    for media_type in OTHER_FORMS {
        success["content"][media_type] = json!({ "schema": { "type": "string" } });
    }
    let header =
        |schema: Value, description: &str| json!({ "schema": schema, "description": description });
    success["headers"] = json!({
        "Link": header(text(), "`<?…&cursor=…>; rel=\"next\"`, where there is another page"),
        "Weir-Freshness": header(json!({ "type": "string", "format": "date-time" }), FRESHNESS),
        "Weir-After": header(json!({ "enum": ["counted", "pending", "unknown"] }), AFTER),
        "Weir-Error-Bounds": header(text(), "the relative error of each measure that is an \
            estimate, as a JSON object"),
        "Weir-Items-Read": header(json!({ "type": "integer" }), "how many items were read"),
    });
    operation
}

fn dimensions(rollup: &Rollup) -> Value {
    let dimensions = rollup.dimensions.iter();
    let dimensions =
        dimensions.map(|one| (one.name().to_owned(), schema::group(&one.of_one().kind)));
    json!({ "type": "object", "properties": dimensions.collect::<Map<_, _>>() })
}

/// Returns a point, with what it is compared with.
fn point(rollup: &Rollup) -> Value {
    let mut point =
        Map::from_iter([("start".to_owned(), instant()), ("end".to_owned(), instant())]);
    point.extend(measured(rollup));
    let numbers = rollup.measures.iter().filter(|known| known.measure.shape().answer.is_numeric());
    let change: Map<_, _> =
        numbers.map(|known| (known.name.clone(), json!({ "type": ["number", "null"] }))).collect();
    let filled = "nothing is counted in it: the values are what `fill` says";
    let parked =
        "DynamoDB has refused an update of it: the values may be wrong until it is repaired";
    let parked = json!({ "const": true, "description": parked });
    let mut earlier = point.clone();
    earlier.insert("parked".to_owned(), parked.clone());
    let previous = json!({ "type": ["object", "null"], "properties": earlier });
    point.extend([
        ("previous".to_owned(), previous),
        ("change".to_owned(), json!({ "type": ["object", "null"], "properties": change })),
        ("filled".to_owned(), json!({ "const": true, "description": filled })),
        ("parked".to_owned(), parked),
    ]);
    json!({ "type": "object", "required": ["start", "end"], "properties": point })
}

fn measured(rollup: &Rollup) -> impl Iterator<Item = (String, Value)> {
    rollup.measures.iter().map(|known| {
        let mut schema = measure(&known.measure);
        schema["description"] = Value::from(known.measure.to_string());
        (known.name.clone(), schema)
    })
}

/// Returns the values of a measure; `null` where there is none.
fn measure(measure: &Measure) -> Value {
    let count = || json!({ "type": "integer" });
    let list = |item: Value| json!({ "type": ["array", "null"], "items": item });
    match measure.shape().answer {
        AnswerShape::Number { is_whole: true } => json!({ "type": ["integer", "null"] }),
        AnswerShape::Number { is_whole: false } => json!({ "type": ["number", "null"] }),
        AnswerShape::Value(of) => json!({ "oneOf": [value(of), { "type": "null" }] }),
        AnswerShape::List(of) => list(json!({
            "type": "object",
            "required": ["value", "count"],
            "properties": { "value": value(of), "count": count() },
        })),
        AnswerShape::Counts(of) => {
            let counts: Map<_, _> = of
                .kind()
                .values_of_few()
                .into_iter()
                .map(|key| (key.to_owned(), count()))
                .collect();
            json!({ "type": ["object", "null"], "properties": counts })
        }
        AnswerShape::Bins(_) => {
            let edge = json!({ "type": ["number", "null"] });
            list(json!({
                "type": "object",
                "required": ["from", "to", "count"],
                "properties": { "from": edge, "to": edge, "count": count() },
            }))
        }
    }
}

fn value(of: &Source) -> Value {
    schema::group(&of.of_one().kind)
}

/// How far an answer is to be trusted, what it cost, and where the next page begins.
fn trusted(rollup: &Rollup, properties: &mut Value) {
    properties["freshness"] =
        json!({ "type": ["string", "null"], "format": "date-time", "description": FRESHNESS });
    properties["complete_through"] =
        json!({ "type": "string", "format": "date-time", "description": COMPLETE_THROUGH });
    properties["incomplete_since"] =
        json!({ "type": "string", "format": "date-time", "description": INCOMPLETE_SINCE });
    properties["after"] =
        json!({ "enum": ["counted", "pending", "unknown"], "description": AFTER });
    let estimated = rollup.measures.iter().filter(|known| rollup.is_estimated(&known.measure));
    let bounds: Map<_, _> =
        estimated.map(|known| (known.name.clone(), json!({ "type": "number" }))).collect();
    if !bounds.is_empty() {
        let description = "the relative error of each measure that is an estimate";
        properties["error_bounds"] =
            json!({ "type": "object", "description": description, "properties": bounds });
    }
    properties["items_read"] = json!({ "type": "integer" });
    properties["cursor"] = cursor();
}

/// Returns the earlier range that a range is compared with.
fn compared() -> Value {
    let edge = json!({ "type": "string", "format": "date-time" });
    json!({
        "type": "object",
        "description": "the earlier range, where `compare` asks for one",
        "required": ["from", "to"],
        "properties": { "from": edge, "to": edge },
    })
}

fn instant() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn text() -> Value {
    json!({ "type": "string" })
}

#[cfg(test)]
mod tests;
