//! The checker against definition files: a good one, and one file for each thing that can be wrong.

mod hidden;
mod homes;
mod others;
mod reserved;

use crate::Model;
use crate::error::DefinitionError;

const SHOP: &str = r##"
[table]
name = "shop"
ttl = "expires_at"
[table.indexes.GSI1]
partition_key = "GSI1PK"
sort_key = "GSI1SK"

[entities.customer]
PK = "USER#{user_id}"
SK = "PROFILE"
[entities.customer.attributes]
user_id = { type = "string", required = true }
email = { type = "string", trim = true, lower = true }
address = { type = "map" }

[entities.order]
PK = "USER#{user_id}"
SK = "ORDER#{created_at}#{order_id}"
GSI1PK = "STATUS#{status}"
GSI1SK = "{created_at}"
[entities.order.attributes]
user_id = { type = "string", required = true, pattern = "^[a-z0-9]+$" }
order_id = { type = "string", default = "uuid" }
status = { type = "enum", values = ["placed", "paid", "cancelled"], default = "placed" }
total = { type = "decimal", scale = 2, required = true, min = 0 }
created_at = { type = "timestamp", default = "now", read_only = true }
tags = { type = "set", items = "string" }
expires_at = { type = "timestamp", format = "epoch" }

[rollups.spend]
of = "order"
where = { status = ["placed", "paid"], total = { gt = 0 } }
by = ["user_id"]
time = "created_at"
time_zone = "Europe/Berlin"
buckets = ["all", "month", "day"]
measures = { orders = "count", revenue = "sum(total)", average = "avg(total)" }
"##;

/// The shop with one passage replaced.
fn broken(from: &str, to: &str) -> DefinitionError {
    assert!(SHOP.contains(from), "the shop has no {from}");
    Model::parse("weir.toml", &SHOP.replacen(from, to, 1)).expect_err(to)
}

/// The message, the text it points at, and the help of the only problem.
fn only_problem(from: &str, to: &str) -> (String, String, String) {
    let error = broken(from, to);
    let text = SHOP.replacen(from, to, 1);
    let [problem] = error.problems.as_slice() else {
        panic!("{to}: {:#?}", error.problems);
    };
    let span = problem.span.offset()..problem.span.offset() + problem.span.len();
    (problem.message.clone(), text[span].to_owned(), problem.help.clone().unwrap_or_default())
}

#[test]
fn a_good_file_is_read_whole() {
    let model = Model::parse("weir.toml", SHOP).expect("valid");
    assert_eq!(model.table.rollups_table, "shop-rollups");
    assert_eq!(model.table.key_attributes(), ["PK", "SK", "GSI1PK", "GSI1SK"]);
    let order = model.entity("order").expect("there");
    assert_eq!(order.partition_attributes(), ["user_id"]);
    assert_eq!(order.sort_attributes(), ["created_at", "order_id"]);
    let spend = model.rollup("spend").expect("there");
    assert_eq!(
        spend.granularities.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["day", "month", "all"]
    );
    assert_eq!(spend.filter.conditions.len(), 2);
}

#[test]
fn each_mistake_is_named_where_it_stands_with_what_was_expected() {
    // (what is replaced, by what) → (a part of the message, the text pointed at, a part of the help)
    let cases = [
        (
            r#"by = ["user_id"]"#,
            r#"by = ["usr_id"]"#,
            "`usr_id` is no attribute",
            r#""usr_id""#,
            "did you mean `user_id`?",
        ),
        (
            r#"of = "order""#,
            r#"of = "ordre""#,
            "`ordre` is no entity",
            r#""ordre""#,
            "did you mean `order`?",
        ),
        ("sum(total)", "sum(status)", "`status` is an enum", r#""sum(status)""#, "total"),
        (
            "sum(total)",
            "total(total)",
            "`total(total)` is no measure",
            r#""total(total)""#,
            "count",
        ),
        (
            r#""all", "month""#,
            r#""all", "mnth""#,
            "`mnth` is no bucket",
            r#""mnth""#,
            "did you mean `month`?",
        ),
        ("time = \"created", "stripes = 65\ntime = \"created", "65 stripes", "65", "1 to 64"),
        ("time = \"created", "stripes = 0\ntime = \"created", "0 stripes", "0", "1 to 64"),
        (
            "time = \"created_at\"\n",
            "",
            "without `time`",
            "[\"all\", \"month\", \"day\"]",
            "timestamp",
        ),
        (
            r#"time = "created_at""#,
            r#"time = "status""#,
            "`status` is an enum",
            r#""status""#,
            "timestamp",
        ),
        ("Europe/Berlin", "Europe/Berln", "no time zone", r#""Europe/Berln""#, "Europe/Berlin"),
        ("{ gt = 0 }", "{ gtr = 0 }", "`gtr` is no operator", "gtr", "did you mean `gt`?"),
        ("{ gt = 0 }", "{ gt = \"x\" }", "cannot be compared", "\"x\"", "decimal number"),
        ("{ gt = 0 }", "{ between = [1] }", "`between` is [1]", "[1]", "two ends"),
        ("{ gt = 0 }", "{ between = [2, 1] }", "admits nothing", "[2, 1]", "the lower end first"),
        (
            r#""USER#{user_id}"
SK = "PROFILE""#,
            r#""USER#{userid}"
SK = "PROFILE""#,
            "names no attribute",
            r#""USER#{userid}""#,
            "did you mean `user_id`?",
        ),
        (
            r#"SK = "PROFILE""#,
            r#"SK = "{email}""#,
            "may be absent",
            r#""{email}""#,
            "required = true",
        ),
        (
            r#"SK = "PROFILE""#,
            r#"SK = "ORDER#{user_id}#x""#,
            "the same primary key",
            r#""ORDER#{created_at}#{order_id}""#,
            "tells them apart",
        ),
        (
            r#"SK = "PROFILE""#,
            r#"SK = "{user_id""#,
            "is no key template",
            r#""{user_id""#,
            "without",
        ),
        (
            r#"SK = "PROFILE""#,
            r#"SKK = "PROFILE""#,
            "`SKK` is neither",
            "SKK",
            "did you mean `SK`?",
        ),
        (r#"GSI1SK = "{created_at}""#, "", "none for `GSI1SK`", "GSI1PK", "both, or neither"),
        ("scale = 2, ", "", "without `scale`", "total", "scale = 2"),
        ("scale = 2", "scale = 99", "a scale of 99", "99", "at most 18"),
        (r#", items = "string""#, "", "without `items`", "tags", "items ="),
        (
            r#"trim = true, lower = true"#,
            "scale = 2",
            "says nothing about type `string`",
            "scale",
            "decimal",
        ),
        (
            r#"pattern = "^[a-z0-9]+$""#,
            r#"pattern = "[""#,
            "no regular expression",
            r#""[""#,
            "unclosed",
        ),
        (
            r#"default = "placed""#,
            r#"default = "open""#,
            "is no value of it",
            r#""open""#,
            "placed, paid, cancelled",
        ),
        (
            r#"format = "epoch""#,
            r#"format = "rfc3339""#,
            "not an epoch timestamp",
            "expires_at",
            "epoch",
        ),
        (
            r#"name = "shop""#,
            r#"name = "my shop""#,
            "no name that DynamoDB takes",
            r#""my shop""#,
            "3 to 255",
        ),
        (
            r#"ttl = "expires_at""#,
            r#"rollups_table = "shop""#,
            "the table `shop` itself",
            r#""shop""#,
            "of its own",
        ),
        (
            r#"tags = {"#,
            r#"tags = { field = "_et","#,
            "which the table uses itself",
            "tags",
            "another name",
        ),
        (
            r#"tags = {"#,
            r#"PK = {"#,
            "`PK` is stored as the key `PK`, and is a set",
            "PK",
            "another `field`",
        ),
    ];
    check_all(&cases);
}

#[test]
fn what_cannot_be_kept_unique_is_refused() {
    let cases = [
        (
            r#"address = { type = "map" }"#,
            r#"address = { type = "map", unique = true }"#,
            "`address` cannot be unique: it is a map",
            "true",
            "text, numbers, booleans",
        ),
        (
            r#"address = { type = "map" }"#,
            r#"version = { type = "integer", version = true, unique = true }"#,
            "`version` cannot be unique",
            "true",
            "that requests give",
        ),
        (
            r#"SK = "PROFILE""#,
            "SK = \"PROFILE\"\nunique = [[\"user_id\", \"emial\"]]",
            "`emial` names no attribute of `customer`",
            r#"["user_id", "emial"]"#,
            "did you mean `email`?",
        ),
        (
            r#"SK = "PROFILE""#,
            "SK = \"PROFILE\"\nunique = [[\"email\", \"user_id\"], [\"user_id\", \"email\"]]",
            "unique already",
            r#"["user_id", "email"]"#,
            "each constraint once",
        ),
        (
            r#"SK = "PROFILE""#,
            "SK = \"PROFILE\"\nunique = [[]]",
            "on no attribute",
            "[]",
            r#"[["tenant", "email"]]"#,
        ),
        (
            r#"tags = { type = "set", items = "string" }"#,
            r#"number = { type = "integer", unique = true }"#,
            "`order` has unique attributes and expires by `expires_at`",
            "expires_at",
            "taken for ever",
        ),
    ];
    check_all(&cases);
}

#[test]
fn what_would_go_wrong_later_is_refused_at_once() {
    let cases = [
        (
            r#"SK = "ORDER#{created_at}#{order_id}""#,
            r#"SK = "ORDER#{user_id}-{order_id}""#,
            "no `#` stands between `{user_id}` and `{order_id}`",
            r#""ORDER#{user_id}-{order_id}""#,
            "the same key",
        ),
        (r#"SK = "PROFILE""#, r#"SK = """#, "`SK` is empty", r#""""#, "key template"),
        (
            r#"ttl = "expires_at""#,
            r#"ttl = "expires""#,
            "no entity has an attribute",
            r#""expires""#,
            "did you mean `expires_at`?",
        ),
        (
            r#"ttl = "expires_at""#,
            r#"entity_attribute = "PK""#,
            "is a key",
            r#""PK""#,
            "another attribute",
        ),
        (
            r#"email = { type = "string""#,
            r#"email = { field = "", type = "string""#,
            "an empty name",
            "email",
            "a name in `field`",
        ),
        (r#"total = { gt = 0 }"#, r#"total = {}"#, "no operator", "total", "ne, gt"),
        (
            r#"total = { gt = 0 }"#,
            r#"total = { contains = 0 }"#,
            "never holds",
            "contains",
            "can be searched",
        ),
        (
            r#"total = { gt = 0 }"#,
            r#"tags = { contains = 3 }"#,
            "3 cannot be compared with `tags`",
            "3",
            "expected a string",
        ),
        (r#"total = { gt = 0 }"#, r#""total." = 1"#, "an empty part", r#""total.""#, "each side"),
        (
            r#"orders = "count""#,
            r#"user_id = "count""#,
            "is a dimension and a measure",
            "user_id",
            "another name",
        ),
        (
            "[entities.customer]\n",
            "[entities.customer]\nmatch = { user_id = \"x\" }\n",
            "something else already",
            "user_id",
            "of its own",
        ),
        (
            "[entities.customer]\n",
            "[entities.customer]\nmatch = { kind = [1] }\n",
            "no single value",
            "[1]",
            "a boolean",
        ),
        (
            "[entities.customer]\n",
            "[entities.customer]\nmatch = { _et = \"order\" }\n",
            "told by the same attributes",
            "order",
            "no item of the other",
        ),
    ];
    check_all(&cases);
}

#[test]
fn fields_of_a_fixed_length_need_no_separator() {
    let text = SHOP.replace("ORDER#{created_at}#{order_id}", "ORDER#{created_at}{order_id}");
    assert!(Model::parse("weir.toml", &text).is_ok());
}

/// What is replaced, by what; a part of the message, the text pointed at, a part of the help.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn check_all(cases: &[Case<'_>]) {
    for &(from, to, message, pointed_at, help) in cases {
        let (found_message, found_text, found_help) = only_problem(from, to);
        assert!(found_message.contains(message), "{to}: {found_message}");
        assert_eq!(found_text, pointed_at, "{to}: {found_message}");
        assert!(found_help.contains(help), "{to}: {found_help}");
    }
}

#[test]
fn a_misspelt_field_of_the_file_itself_is_suggested() {
    let (message, text, help) = only_problem("ttl = ", "tttl = ");
    assert_eq!((message.as_str(), text.as_str()), ("unknown field `tttl`", "tttl"));
    assert!(help.contains("did you mean `ttl`?"), "{help}");
}

#[test]
fn every_problem_is_reported_at_once_in_the_order_of_the_file() {
    let text = SHOP
        .replace("sum(total)", "sum(totl)")
        .replace("scale = 2", "scale = 99")
        .replace("[\"user_id\"]", "[\"x\"]");
    let error = Model::parse("weir.toml", &text).expect_err("three mistakes");
    let offsets: Vec<_> = error.problems.iter().map(|problem| problem.span.offset()).collect();
    assert!(error.problems.len() >= 3 && offsets.is_sorted(), "{:#?}", error.problems);
}

#[test]
fn text_that_is_no_toml_points_at_its_place() {
    let error = Model::parse("weir.toml", "[table\nname = 1").expect_err("no TOML");
    assert_eq!(error.problems.len(), 1);
    assert!(error.problems[0].span.offset() <= 7, "{:?}", error.problems[0]);
}

#[test]
fn an_item_round_trips_through_its_entity() {
    use std::collections::BTreeMap;

    let model = Model::parse("weir.toml", SHOP).expect("valid");
    let order = model.entity("order").expect("there");
    let object = serde_json::json!({
        "user_id": "u1", "order_id": "o1", "status": "paid", "total": 12.50,
        "created_at": "2026-11-20T06:40:54.000Z", "tags": ["a", "b"]
    });
    let context = crate::WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] };
    let item = order.encode(object.as_object().expect("an object"), context).expect("valid");
    let text = |name: &str| format!("{:?}", item.get(name).expect(name));
    let keys: BTreeMap<_, _> =
        ["PK", "SK", "GSI1PK", "GSI1SK", "_et", "total"].map(|name| (name, text(name))).into();
    assert_eq!(keys["PK"], r#"S("USER#u1")"#);
    assert_eq!(keys["SK"], r#"S("ORDER#2026-11-20T06:40:54.000Z#o1")"#);
    assert_eq!(keys["GSI1PK"], r#"S("STATUS#paid")"#);
    assert_eq!(keys["_et"], r#"S("order")"#);
    assert_eq!(keys["total"], r#"N("12.5")"#);
    let mut expected = object.clone();
    expected["total"] = serde_json::json!(12.5);
    assert_eq!(serde_json::Value::Object(order.decode(&item)), expected);
    let path = [("user_id", "u1"), ("created_at", "2026-11-20T07:40:54+01:00"), ("order_id", "o1")];
    assert_eq!(
        order.key_from_text(&path).ok().map(|key| key.primary),
        model.table.primary_key(&item)
    );
}

#[test]
fn every_field_that_cannot_be_stored_is_named_at_once() {
    let model = Model::parse("weir.toml", SHOP).expect("valid");
    let order = model.entity("order").expect("there");
    let object = serde_json::json!({"user_id": "NO", "totl": 1, "status": "lost", "tags": []});
    let context = crate::WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] };
    let errors =
        order.encode(object.as_object().expect("an object"), context).expect_err("four mistakes");
    let mut fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["status", "tags", "total", "totl", "user_id"]);
}

#[test]
fn an_absent_attribute_leaves_the_item_out_of_an_index_and_defaults_fill_the_rest() {
    let text = SHOP.replace(", default = \"placed\"", "");
    let model = Model::parse("weir.toml", &text).expect("valid");
    let order = model.entity("order").expect("there");
    let object = serde_json::json!({"user_id": "u1", "total": "0.10"});
    let context = crate::WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] };
    let item = order.encode(object.as_object().expect("an object"), context).expect("valid");
    assert!(item.get("GSI1PK").is_none() && item.get("GSI1SK").is_some(), "{item:?}");
    assert!(order.decode(&item)["order_id"].as_str().is_some_and(|id| id.len() == 36));
    assert_eq!(order.decode(&item)["created_at"], "1970-01-01T00:00:00.000Z");
}

/// The shop with what a mistake is made in.
const PATTERNS: &str = r##"
[entities.order.patterns.by_status]
index = "GSI1"
by = ["created_at"]
order = "desc"
where = { total = { gte = 10 } }
"##;

#[test]
fn an_entity_is_read_by_its_patterns_and_by_each_index_that_it_is_in() {
    let text = SHOP.replace("[rollups.spend]", &format!("{PATTERNS}\n[rollups.spend]"));
    let model = Model::parse("weir.toml", &text).expect("valid");
    let order = model.entity("order").expect("there");
    let names: Vec<_> = order.patterns.iter().map(|pattern| pattern.name.as_str()).collect();
    assert_eq!(names, ["by_status", "GSI1"]);
    let by_status = &order.patterns[0];
    assert_eq!(by_status.given_attributes(), ["status", "created_at"]);
    assert_eq!(by_status.open_attributes(order), [""; 0]);
    assert!(by_status.descending && !by_status.filter.is_always());
    assert_eq!(order.patterns[1].open_attributes(order), ["created_at"]);
    assert!(model.entity("customer").expect("there").patterns.is_empty());
}

#[test]
fn a_mistake_in_a_pattern_is_named_where_it_stands() {
    let cases = [
        (r#"index = "GSI1""#, r#"index = "GSI2""#, "`GSI2` is no index", "\"GSI2\"", "`GSI1`"),
        ("[\"created_at\"]", "[\"createdat\"]", "goes on with", "\"createdat\"", "`created_at`"),
        ("[\"created_at\"]", "[\"created_at\", \"status\"]", "goes on with", "\"status\"", "none"),
        ("total =", "totl =", "has no such attribute", "totl", "did you mean `total`?"),
        ("patterns.by_status", "patterns.GSI1", "", "", ""),
        ("gte = 10", "gte = \"x\"", "cannot be compared", "total", "decimal"),
        (
            "patterns.by_status",
            "patterns.\"by status\"",
            "cannot name a pattern",
            "\"by status\"",
            "a letter",
        ),
        (
            "order.patterns.by_status",
            "customer.patterns.by_status",
            "is not in the index",
            "\"GSI1\"",
            "GSI1PK and GSI1SK",
        ),
    ];
    for (from, to, message, pointed_at, help) in cases {
        let patterns = PATTERNS.replacen(from, to, 1);
        let text = SHOP.replace("[rollups.spend]", &format!("{patterns}\n[rollups.spend]"));
        let parsed = Model::parse("weir.toml", &text);
        if message.is_empty() {
            assert!(parsed.is_ok(), "{to}: {parsed:?}");
            continue;
        }
        let error = parsed.expect_err(to);
        let problem = &error.problems[0];
        let span = problem.span.offset()..problem.span.offset() + problem.span.len();
        assert!(problem.message.contains(message), "{to}: {}", problem.message);
        assert_eq!(&text[span], pointed_at, "{to}: {}", problem.message);
        let found = problem.help.as_deref().unwrap_or_default();
        assert!(found.contains(help), "{to}: {found}");
    }
}

#[test]
fn the_entities_of_a_collection_share_its_partitions() {
    let shared = SHOP
        .replace("[entities.customer]\n", "[entities.customer]\ncollections = [\"account\"]\n")
        .replace("[entities.order]\n", "[entities.order]\ncollections = [\"account\"]\n");
    let model = Model::parse("weir.toml", &shared).expect("valid");
    assert_eq!(model.collections(), ["account"]);
    assert_eq!(model.collection("account").len(), 2);
    // What makes the partition may be called otherwise.
    let (before, customer) = shared.split_once("[entities.customer]").expect("a customer");
    let renamed = customer.replacen("user_id", "id", 2);
    let renamed = format!("{before}[entities.customer]{renamed}");
    assert!(Model::parse("weir.toml", &renamed).is_ok(), "{renamed}");
    let cases = [
        (
            "user_id = { type = \"string\",",
            "user_id = { type = \"string\", lower = true,",
            "do not share the partitions",
        ),
        ("PK = \"USER#{user_id}\"", "PK = \"USERS#{user_id}\"", "do not share the partitions"),
        ("[\"account\"]", "[\"account\", \"account\"]", "`account` twice"),
        ("[\"account\"]", "[\"a b\"]", "cannot name a collection"),
    ];
    for (from, to, message) in cases {
        let (before, order) = shared.split_once("[entities.order]").expect("an order");
        let text = format!("{before}[entities.order]{}", order.replacen(from, to, 1));
        let error = Model::parse("weir.toml", &text).expect_err(to);
        let found: Vec<_> = error.problems.iter().map(|problem| &problem.message).collect();
        assert!(found.iter().any(|found| found.contains(message)), "{to}: {found:?}");
    }
}

#[test]
fn a_set_makes_a_group_of_each_member_where_it_can() {
    let with = |by: &str| {
        let sets = "sizes = { type = \"set\", items = \"number\" }\nseals = { type = \"set\", items = \"binary\" }\n";
        let text = SHOP.replace(r#"by = ["user_id"]"#, &format!("by = [{by}]"));
        text.replace("tags = {", &format!("{sets}tags = {{"))
    };
    for by in [r#""tags""#, r#""user_id", "sizes""#] {
        assert!(Model::parse("weir.toml", &with(by)).is_ok(), "{by}");
    }
    let cases = [
        (r#""tags", "sizes""#, "`tags` and `sizes` both have several values", "a rollup for each"),
        (r#""seals""#, "`seals` is a set, which makes no group", "a set or a list of such"),
    ];
    for (by, message, help) in cases {
        let error = Model::parse("weir.toml", &with(by)).expect_err(by);
        let problem = &error.problems[0];
        assert_eq!(problem.message, message);
        assert!(problem.help.as_deref().unwrap_or_default().contains(help), "{problem:?}");
    }
}
