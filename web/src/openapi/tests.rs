//! The document of a small definition: what a client relies on.

use super::*;

const DEFINITION: &str = r##"
    [table]
    name = "shop"
    [entities.order]
    PK = "USER#{user}"
    SK = "ORDER#{placed}#{order}"
    unique = [["user", "total"]]
    [entities.order.attributes]
    user = { type = "string", required = true, pattern = "^[a-z]+$" }
    order = { type = "string", default = "uuid" }
    placed = { type = "timestamp", default = "now" }
    total = { type = "decimal", scale = 2, required = true, min = 0 }
    status = { type = "enum", values = ["placed", "paid"], default = "placed" }
    note = { type = "string", hidden = true, max_length = 80 }
    tags = { type = "set", items = "string" }
    version = { type = "integer", version = true }
    [entities.order.relations.profile]
    to = "profile"
    [entities.profile]
    PK = "USER#{user}"
    SK = "PROFILE"
    [entities.profile.attributes]
    user = { type = "string", required = true }
    [entities.profile.relations.orders]
    to = "order"
    many = true
    [rollups.spend]
    of = "order"
    by = ["user"]
    time = "placed"
    buckets = ["day", "all"]
    time_zone = "Europe/Berlin"
    measures = { orders = "count", revenue = "sum(total)", average = "avg(total)" }
"##;

fn model() -> Model {
    DEFINITION.parse().expect("a definition")
}

#[test]
fn every_route_has_an_operation_of_its_own() {
    let model = model();
    let document = document(&model);
    let mut ids = Vec::new();
    for route in routes::all(&model) {
        let path = route.path.replace("{rollup}", "spend");
        let method = route.operation.method().as_str().to_lowercase();
        let operation = &document["paths"][&path][&method];
        assert!(operation["responses"].is_object(), "{}", route.shown());
        ids.push(operation["operationId"].to_string());
    }
    let every = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), every, "{ids:?}");
}

#[test]
fn every_reference_leads_to_a_schema_and_every_place_in_a_path_has_a_parameter() {
    let document = document(&model());
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap_or_default();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let parameters = operation["parameters"].as_array().expect("parameters");
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            let names: Vec<String> = in_path
                .map(|parameter| parameter["name"].as_str().expect("a name").to_owned())
                .collect();
            let places: Vec<&str> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            assert_eq!(names, places, "{method} {path}");
        }
    }
}

#[test]
fn schemas_say_what_the_definition_says() {
    let schemas = &document(&model())["components"]["schemas"];
    let input = &schemas["order.input"];
    assert_eq!(input["required"], json!(["user", "total"]));
    assert_eq!(input["additionalProperties"], json!(false));
    let user = json!({ "type": "string", "pattern": "^[a-z]+$", "minLength": 1 });
    assert_eq!(input["properties"]["user"], user);
    assert_eq!(input["properties"]["note"]["type"], json!(["string", "null"]));
    assert_eq!(input["properties"]["note"]["maxLength"], json!(80));
    assert_eq!(input["properties"]["status"]["default"], json!("placed"));
    let total = &input["properties"]["total"];
    assert_eq!(total.to_string(), r#"{"type":"number","multipleOf":0.01,"minimum":0}"#);
    assert!(input["properties"]["version"].is_null(), "the library counts it");
    let item = &schemas["order"];
    assert_eq!(item["required"], json!(["user", "order", "placed", "total", "status", "version"]));
    assert!(item["properties"]["note"].is_null(), "a hidden attribute is not answered");
    let point = &schemas["spend.answer"]["properties"]["points"]["items"];
    assert_eq!(point["required"], json!(["start", "end"]), "others may not be asked for");
    assert_eq!(point["properties"]["average"]["type"], json!(["number", "null"]));
    assert!(point["properties"]["parked"].is_object());
}

#[test]
fn no_default_of_a_hidden_attribute_is_in_the_document() {
    let model: Model = r##"
        [table]
        name = "shop"
        [entities.order]
        PK = "ORDER#{id}"
        SK = "ORDER"
        [entities.order.attributes]
        id     = { type = "string", required = true }
        status = { type = "string", default = "shown" }
        note   = { type = "string", hidden = true, default = "SECRET", max_length = 80 }
        card   = { type = "map", hidden = true, attributes = { kind = { type = "string", default = "SECRET" } } }
        lines  = { type = "list", items = { type = "map", attributes = { cost = { type = "string", hidden = true, default = "SECRET" } } } }
        [entities.order.attributes.address]
        type = "map"
        default = { street = "none", code = "SECRET" }
        attributes.street = { type = "string", default = "shown" }
        attributes.code   = { type = "string", hidden = true }
    "##
    .parse()
    .expect("a definition");
    let document = document(&model);
    assert!(!document.to_string().contains("SECRET"), "{document}");
    let input = &document["components"]["schemas"]["order.input"];
    let properties = &input["properties"];
    assert_eq!(properties["note"], json!({ "type": ["string", "null"], "maxLength": 80 }));
    assert_eq!(properties["status"]["default"], json!("shown"));
    assert_eq!(properties["address"]["properties"]["street"]["default"], json!("shown"));
    assert_eq!(input["required"], json!(["id"]), "an attribute with a default may be left out");
}

#[test]
fn schemas_say_what_is_in_maps_and_lists() {
    let model: Model = r##"
        [table]
        name = "shop"
        [entities.order]
        PK = "ORDER#{id}"
        SK = "ORDER"
        [entities.order.attributes]
        id     = { type = "string", required = true }
        tags   = { type = "list", items = "string", max_length = 3 }
        skills = { type = "map", items = { type = "integer", min = 0 } }
        lines  = { type = "list", items = { type = "map", attributes = { price = { type = "decimal", scale = 2 }, cost = { type = "number", hidden = true } } } }
        [entities.order.attributes.address]
        type = "map"
        default = { street = "none" }
        attributes.street  = { type = "string", required = true }
        attributes.country = { type = "enum", values = ["DE"], default = "DE" }
    "##
    .parse()
    .expect("a definition");
    let schemas = &document(&model)["components"]["schemas"];
    let [item, input] = ["order", "order.input"].map(|name| &schemas[name]["properties"]);
    let country = json!({ "type": "string", "enum": ["DE"], "default": "DE" });
    let properties = json!({ "street": { "type": "string" }, "country": country });
    let default = json!({ "street": "none" });
    let answered = json!({
        "type": "object",
        "required": ["street", "country"],
        "properties": properties,
        "default": default,
    });
    assert_eq!(item["address"], answered);
    let country = json!({ "type": ["string", "null"], "enum": ["DE", null], "default": "DE" });
    let properties = json!({ "street": { "type": "string" }, "country": country });
    let kind = json!(["object", "null"]);
    let sent = json!({
        "type": kind,
        "required": ["street"],
        "properties": properties,
        "additionalProperties": false,
        "default": default,
    });
    assert_eq!(input["address"], sent);
    let tags = json!({ "type": "array", "items": { "type": "string" }, "maxItems": 3 });
    assert_eq!((&item["tags"], &input["tags"]["items"]), (&tags, &tags["items"]));
    let skill = json!({ "type": "integer", "minimum": 0 });
    assert_eq!(item["skills"], json!({ "type": "object", "additionalProperties": skill }));
    assert!(item["lines"]["items"]["properties"]["cost"].is_null(), "what is hidden");
    assert_eq!(
        input["lines"]["items"]["properties"]["cost"],
        json!({ "type": ["number", "null"] })
    );
}

#[test]
fn a_replacement_need_not_repeat_its_path() {
    let document = document(&model());
    let replace = &document["paths"]["/order/{user}/{placed}/{order}"]["put"];
    let body = &replace["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["required"], json!(["total"]));
    assert!(replace["responses"]["400"].is_object());
    assert!(replace["responses"]["413"].is_object());
}

#[test]
fn what_is_json_in_a_query_has_its_schema() {
    let document = document(&model());
    let schema = |path: &str, method: &str, name: &str| {
        let parameters = document["paths"][path][method]["parameters"].clone();
        let parameters = parameters.as_array().expect("parameters").clone();
        let found = parameters.into_iter().find(|parameter| parameter["name"] == name);
        found.expect("a parameter of that name")["content"]["application/json"]["schema"].clone()
    };
    let keys = schema("/batch/order", "get", "keys");
    assert_eq!(keys["items"]["required"], json!(["user", "placed", "order"]));
    assert_eq!(keys["maxItems"], 100);
    let condition = schema("/order/{user}", "get", "where");
    let names = condition["propertyNames"]["pattern"].as_str().expect("a pattern");
    assert!(names.contains("total") && !names.contains("note"), "{names}: note is hidden");
}

#[test]
fn what_may_be_included_is_listed_where_it_may() {
    let document = document(&model());
    let includes = |path: &str| -> Option<Value> {
        let parameters =
            document["paths"][path]["get"]["parameters"].as_array().expect("parameters");
        let include = parameters.iter().find(|parameter| parameter["name"] == "include")?;
        assert_eq!((&include["style"], &include["explode"]), (&json!("form"), &json!(false)));
        Some(include["schema"]["items"]["enum"].clone())
    };
    let profile = includes("/profile/{user}").expect("it has relations");
    assert_eq!(profile, json!(["orders", "orders.profile"]));
    assert_eq!(includes("/batch/profile"), None, "each would take a query");
    // All orders of a partition are of one user.
    let orders = json!(["profile", "profile.orders"]);
    for path in ["/order/{user}/{placed}/{order}", "/order/{user}"] {
        assert_eq!(includes(path), Some(orders.clone()), "{path}");
    }
    assert_eq!(includes("/batch/order"), Some(json!(["profile"])));
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["order"]["properties"]["profile"]["oneOf"][1], json!({ "type": "null" }));
    assert_eq!(schemas["profile"]["properties"]["orders"]["required"], json!(["items", "cursor"]));
    assert_eq!(schemas["profile"]["required"], json!(["user"]));
    assert!(schemas["order.input"]["properties"]["profile"].is_null());
}

#[test]
fn the_path_of_a_list_may_have_an_attribute_as_the_keys_have_it() {
    let model: Model = r##"
        [table]
        name = "events"
        [table.indexes.GSI1]
        partition_key = "GSI1PK"
        sort_key = "GSI1SK"
        [entities.event]
        PK = "TIMELINE#{at:month}"
        SK = "{at}#{id}"
        GSI1PK = "STATE#{state:lower}"
        GSI1SK = "{at}"
        [entities.event.attributes]
        at    = { type = "timestamp", required = true }
        id    = { type = "string", required = true }
        state = { type = "enum", values = ["Open", "Closed"] }
    "##
    .parse()
    .expect("a definition");
    let document = document(&model);
    let parameters = |path: &str| {
        document["paths"][path]["get"]["parameters"].as_array().expect("parameters").clone()
    };
    let first = |path: &str| parameters(path)[0]["schema"].clone();
    let short = json!({ "type": "string", "pattern": "^([0-9][0-9][0-9][0-9]-[0-9][0-9])$" });
    let list = first("/event/{at}");
    assert_eq!(list["anyOf"], json!([first("/event/{at}/{id}"), short]));
    assert_eq!(
        first("/query/event/GSI1/{state}")["anyOf"][1],
        json!({ "enum": ["open", "closed"] })
    );
    let ranges = parameters("/event/{at}");
    let from = ranges.iter().find(|parameter| parameter["name"] == "from").expect("a range");
    assert_eq!(from["description"], "the least `at`, included");
    let id = parameters("/event/{at}/{id}")[1]["schema"].clone();
    assert_eq!(id, json!({ "type": "string", "minLength": 1, "not": { "enum": [".", ".."] } }));
    let input = &document["components"]["schemas"]["event.input"]["properties"]["id"];
    assert_eq!(*input, id);
}
