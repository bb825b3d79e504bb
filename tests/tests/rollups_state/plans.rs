//! Plans say what a definition changes for a table: what is built and why, what is rejected, what a
//! build needs, and what it costs.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weir_cli::plan::{
    BuildKind, Plan, PlanOptions, Precondition, RejectionKind, RollupChange, RollupPlan, Status,
    find_plan,
};
use weir_rollups::{Revision, RevisionState};
use weir_table::RollupsState;
use weir_testing::fixture::fixture;

use crate::rollups_state::shop::{ROLLUP, Shop};

const RANKED: &str = r#"
[rollups.orders]
of = "order"
by = ["user"]
rank_by = "revenue"
measures = { orders = "count", revenue = "sum(total)" }
"#;
const COLOCATED: &str = r#"
[rollups.orders]
of = "order"
by = ["user"]
key = { PK = "USER#{user}", SK = "ORDERS" }
measures = { orders = "count", revenue = "sum(total)" }
"#;
const HOUR: i64 = 60 * 60;

async fn plan(shop: &Shop) -> Plan {
    let options = PlanOptions::default();
    find_plan(&shop.connection, &shop.model, options).await.expect("the facts can be read")
}

fn rollup<'a>(plan: &'a Plan, name: &str) -> &'a RollupPlan {
    let found = plan.rollups.iter().find(|known| known.rollup == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {plan}"))
}

fn precondition<'a>(plan: &'a Plan, name: &str) -> &'a Precondition {
    let found = plan.preconditions.iter().find(|known| known.name == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {plan}"))
}

/// Returns the number of the revision that is built, and whether its build begins.
fn build(rollup: &RollupPlan) -> Option<(BuildKind, u32)> {
    rollup.build.as_ref().map(|build| (build.kind, build.revision))
}

fn rejections(plan: &Plan) -> Vec<RejectionKind> {
    plan.rejections.iter().map(|known| known.kind).collect()
}

async fn change_state(shop: &Shop, change: impl Fn(&mut RollupsState, i64)) {
    let change = |state: &mut RollupsState, now| {
        change(state, now);
        Ok::<_, weir_table::Error>(())
    };
    shop.table().change_rollups_state(change).await.expect("changed");
}

/// Adds a build of `orders` with a cut of that age, under the definition of the first revision.
async fn interrupt_build(shop: &Shop, number: u32, definition: &str, age: i64) {
    change_state(shop, |state, now| {
        state.revisions.push(Revision {
            rollup: "orders".to_owned(),
            number,
            definition: definition.to_owned(),
            state: RevisionState::Capturing,
            cut: Some(now - age),
            incomplete_since: None,
        });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_of_a_table_that_does_not_exist_begin_with_it() {
    let shop = Shop::without_tables().await;
    let plan = plan(&shop).await;
    let orders = rollup(&plan, "orders");
    assert_eq!((orders.change, build(orders)), (RollupChange::New, None), "{plan}");
    assert!(!plan.is_empty && plan.cost.is_none(), "{plan}");
    for name in ["table", "stream", "rollups-table", "state"] {
        assert_eq!(precondition(&plan, name).status, Status::Failed, "{name}: {plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_of_an_empty_table_begin_without_a_build() {
    let shop = Shop::with_items_before(&[]).await;
    let plan = plan(&shop).await;
    let orders = rollup(&plan, "orders");
    assert_eq!((orders.change, build(orders)), (RollupChange::New, None), "{plan}");
    assert!(orders.reason.contains("the table has no items"), "{plan}");
    assert!(!plan.is_empty, "the processor is to be started");
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_over_items_are_built_once_a_processor_has_registered_them() {
    let shop = Shop::with_items_before(&[("1", 10), ("2", 20), ("3", 30)]).await;
    let before = plan(&shop).await;
    let orders = rollup(&before, "orders");
    let first = Some((BuildKind::Begin, 1));
    assert_eq!((orders.change, build(orders)), (RollupChange::New, first), "{before}");
    assert_eq!(before.failed_preconditions()[0].name, "rollups-table", "{before}");
    assert!(before.to_string().contains("the builds cannot begin: rollups-table, state failed"));

    shop.table().provision().await.expect("tables");
    let after = plan(&shop).await;
    let orders = rollup(&after, "orders");
    assert_eq!((orders.change, build(orders)), (RollupChange::Unbuilt, first), "{after}");
    assert!(orders.reason.contains("had items before"), "{after}");
    assert!(after.failed_preconditions().is_empty(), "{after}");
    let cost = after.cost.as_ref().expect("a cost");
    assert_eq!((cost.items, cost.sampled_items, cost.scans, cost.read_units), (3, 3, 1, 1));
    // All orders are in one bucket of one group.
    assert_eq!((cost.write_units, cost.most_write_units), (Some(1), 3));
    assert_eq!((cost.scan_seconds, cost.margin_seconds), (1, 3), "margins of this machine");
    assert!((cost.dollars.most_write - 3.0 * 0.625e-6).abs() < 1e-12, "{:?}", cost.dollars);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_counts_what_the_file_says_has_nothing_to_do() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    let plan = plan(&shop).await;
    assert!(plan.is_empty, "{plan}");
    let expected = format!(
        "nothing to do: the table `{}` counts what the definition says\n",
        shop.model.table.name
    );
    assert_eq!(plan.to_string(), expected);
    assert_eq!(rollup(&plan, "orders").change, RollupChange::Unchanged);
    assert!(plan.cost.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_names_field_from_and_to_and_nothing_is_written() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    shop.count().await;
    let changed = shop.changed("measures = {", "where = { total = { gte = 50 } }\nmeasures = {");
    let scan = async |name: &str| shop.dynamodb("Scan", &json!({ "TableName": name })).await;
    let tables = [&shop.model.table.name, &shop.model.table.rollups_table];
    let before = [scan(tables[0]).await, scan(tables[1]).await];
    let plan = plan(&changed).await;
    assert_eq!([scan(tables[0]).await, scan(tables[1]).await], before);

    let orders = rollup(&plan, "orders");
    assert_eq!(orders.change, RollupChange::Changed, "{plan}");
    assert_eq!((orders.revision, build(orders)), (Some(1), Some((BuildKind::Begin, 2))));
    let [difference] = &orders.differences[..] else { panic!("{plan}") };
    assert_eq!((difference.field, difference.from.as_str()), ("where", ""), "{plan}");
    assert!(difference.to.contains("gte"), "{plan}");
    assert_eq!(difference.class, "new revision");
    let text = plan.to_string();
    for line in [
        "  changed    orders: the stored numbers are not those of the new definition\n",
        "             → build revision 2; revision 1 answers meanwhile\n",
        "plan: 1 to build\n",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_leaves_the_numbers_as_they_are_needs_no_build() {
    let shop = Shop::new().await;
    let changed = shop.changed(
        "{ orders = \"count\", revenue = \"sum(total)\" }",
        "{ revenue = \"sum(total)\", orders = \"count\" }",
    );
    let plan = plan(&changed).await;
    let orders = rollup(&plan, "orders");
    assert_eq!((orders.change, build(orders)), (RollupChange::Changed, None), "{plan}");
    assert!(plan.is_empty, "{plan}");
    assert!(plan.to_string().contains("measures: was"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_that_the_file_lacks_is_retired() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    let renamed = shop.changed("[rollups.orders]", "[rollups.sales]");
    let plan = plan(&renamed).await;
    let (sales, orders) = (rollup(&plan, "sales"), rollup(&plan, "orders"));
    let first = Some((BuildKind::Begin, 1));
    assert_eq!((sales.change, build(sales)), (RollupChange::New, first), "{plan}");
    assert_eq!((orders.change, &orders.retired[..]), (RollupChange::Gone, &[1][..]), "{plan}");
    assert!(plan.to_string().contains("plan: 1 to build, 1 to retire"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_under_way_is_continued_or_given_up_with_the_reason() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    let changed = shop.changed("measures = {", "where = { total = { gte = 5 } }\nmeasures = {");
    let definition = changed.table().store_definition().await.expect("stored");
    interrupt_build(&shop, 2, &definition, HOUR).await;
    let plans = [plan(&changed).await, plan(&shop).await];
    let orders = rollup(&plans[0], "orders");
    assert_eq!(orders.change, RollupChange::UnderWay, "{}", plans[0]);
    assert_eq!(build(orders), Some((BuildKind::Continue, 2)));
    assert_eq!(orders.revision, Some(1), "the revision that is served");
    assert!(orders.build.as_ref().is_some_and(|build| build.cut.is_some()));
    // The file has the definition of the first revision again.
    let orders = rollup(&plans[1], "orders");
    assert_eq!((orders.change, build(orders)), (RollupChange::Unchanged, None), "{}", plans[1]);
    assert_eq!(orders.given_up[0].reason, "the revision that is ready counts what the file says");
    assert!(!plans[1].is_empty);

    change_state(&shop, |state, now| {
        let known = state.find_mut("orders", 2).expect("there");
        known.cut = Some(now - 23 * HOUR);
    })
    .await;
    let old = plan(&changed).await;
    let orders = rollup(&old, "orders");
    assert_eq!(build(orders), Some((BuildKind::Begin, 3)), "{old}");
    assert!(orders.given_up[0].reason.contains("more than 23 hours old"), "{old}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_would_lose_stored_items_is_rejected() {
    let shop = Shop::new().await;
    let definition =
        fixture("user_orders").replace("ORDER#{number:08}", "ORDER#{number:09}").with(ROLLUP);
    let rejected = plan(&shop.under(&definition)).await;
    assert_eq!(rejections(&rejected), [RejectionKind::Items], "{rejected}");
    let known = &rejected.rejections[0];
    assert_eq!(known.subject, "order: `SK`");
    assert!(known.reason.contains("was `ORDER#{number:08}`, is `ORDER#{number:09}`"), "{known:?}");
    assert!(known.way_out.contains("keep the template"), "{known:?}");
    assert!(!rejected.is_empty);

    let note = "[entities.order.attributes]\nnote = { type = \"string\" }";
    let definition =
        fixture("user_orders").replace("[entities.order.attributes]", note).with(ROLLUP);
    let safe = plan(&shop.under(&definition)).await;
    assert_eq!(safe.items.iter().map(|known| known.severity).collect::<Vec<_>>(), ["safe"]);
    assert!(safe.is_empty && safe.rejections.is_empty(), "{safe}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_revision_beside_the_items_is_rejected() {
    let definition = fixture("user_orders").with(COLOCATED);
    let shop = Shop::with_definition(&definition).await;
    shop.table().provision().await.expect("tables");
    let changed = COLOCATED.replace("revenue = \"sum(total)\"", "sold = \"sum(number)\"");
    let plan = plan(&shop.under(&fixture("user_orders").with(&changed))).await;
    assert_eq!(rejections(&plan), [RejectionKind::Colocated], "{plan}");
    assert_eq!(plan.rejections[0].subject, "orders");
    assert!(plan.rejections[0].way_out.contains("new name"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_and_a_time_to_live_that_the_rollups_table_lacks_are_rejected_with_the_commands() {
    let shop = Shop::new().await;
    let ranked = plan(&shop.under(&fixture("user_orders").with(RANKED))).await;
    assert_eq!(rejections(&ranked), [RejectionKind::RankIndex], "{ranked}");
    let way_out = &ranked.rejections[0].way_out;
    assert!(way_out.contains("aws dynamodb update-table --table-name"), "{way_out}");
    assert!(way_out.contains(r#""IndexName": "ranks""#), "{way_out}");

    let expiring = shop.changed("sum(total)", "max(total)");
    let found = plan(&expiring).await;
    assert_eq!(rejections(&found), [RejectionKind::TimeToLive], "{found}");
    assert!(found.rejections[0].way_out.contains("AttributeName=expires_at"), "{found}");
    let request = json!({
        "TableName": shop.model.table.rollups_table,
        "TimeToLiveSpecification": { "Enabled": true, "AttributeName": "expires_at" },
    });
    shop.dynamodb("UpdateTimeToLive", &request).await;
    assert!(plan(&expiring).await.rejections.is_empty(), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_to_live_that_was_never_there_does_not_reject_a_plan_without_builds() {
    let definition = fixture("user_orders").with(&ROLLUP.replace("sum(total)", "max(total)"));
    let shop = Shop::with_definition(&definition).await;
    shop.table().provision().await.expect("tables");
    assert!(!plan(&shop).await.preconditions.iter().any(|known| known.name == "rollups-ttl"));
    let request = json!({
        "TableName": shop.model.table.rollups_table,
        "TimeToLiveSpecification": { "Enabled": false, "AttributeName": "expires_at" },
    });
    shop.dynamodb("UpdateTimeToLive", &request).await;
    let plan = plan(&shop).await;
    assert!(plan.is_empty && plan.rejections.is_empty(), "{plan}");
    let found = precondition(&plan, "rollups-ttl");
    assert_eq!((found.status, found.is_needed), (Status::Failed, false), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_definition_that_this_version_does_not_understand_is_rejected() {
    let shop = Shop::new().await;
    let state = shop.table().read_rollups_state().await.expect("read").expect("a state");
    let id = &state.revisions[0].definition;
    let request = json!({
        "TableName": shop.model.table.rollups_table,
        "Item": {
            "PK": { "S": "@definition" }, "SK": { "S": id },
            "text": { "S": "[table]\nname = \"shop\"\nfrom_the_future = true\n" },
        },
    });
    shop.dynamodb("PutItem", &request).await;
    let plan = plan(&shop.changed("sum(total)", "min(total)")).await;
    assert!(rejections(&plan).contains(&RejectionKind::StoredDefinition), "{plan}");
    let known = plan.rejections.iter().find(|known| known.subject == "orders@1");
    assert!(known.is_some_and(|known| known.reason.contains(id.as_str())), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_missing_or_of_another_view_type_fails_with_the_command() {
    let shop = Shop::new().await;
    let name = &shop.model.table.name;
    let set = async |stream: Value| {
        let request = json!({ "TableName": name, "StreamSpecification": stream });
        shop.dynamodb("UpdateTable", &request).await;
    };
    set(json!({ "StreamEnabled": false })).await;
    let missing = plan(&shop).await;
    let stream = precondition(&missing, "stream");
    assert_eq!(
        (stream.status, stream.detail.as_str()),
        (Status::Failed, "the table has no stream")
    );
    let way_out = stream.way_out.as_ref().expect("a way out");
    let enable = "--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES";
    assert!(way_out.contains(enable), "{way_out}");
    assert!(missing.to_string().contains("stream: the table has no stream"), "{missing}");

    set(json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" })).await;
    let other = plan(&shop).await;
    let stream = precondition(&other, "stream");
    assert_eq!(
        (stream.status, stream.detail.as_str()),
        (Status::Failed, "its view type is NEW_IMAGE")
    );
    assert_eq!(precondition(&other, "state").status, Status::Failed, "another stream: {other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_outside_lambda_is_named_and_how_far_it_is() {
    let shop = Shop::new().await;
    let changed = shop.changed("measures = {", "where = { total = { gte = 5 } }\nmeasures = {");
    let without = plan(&changed).await;
    let processor = precondition(&without, "processor");
    assert_eq!(processor.status, Status::Unknown, "{without}");
    let way_out = processor.way_out.as_ref().expect("a way out");
    assert!(way_out.starts_with("aws lambda list-event-source-mappings --event-source-arn arn:"));
    assert!(way_out.contains(r#""_et":{"S":["order"]}"#), "the filters: {way_out}");

    let running = shop.process().await;
    shop.order("1", 10).await;
    running.catch_up().await;
    let with = plan(&changed).await;
    let processor = precondition(&with, "processor");
    assert_eq!(processor.status, Status::Ok, "{with}");
    assert!(processor.detail.contains("polls the stream"), "{with}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_of_another_table_are_rejected() {
    let shop = Shop::new().await;
    let model = fixture("user_orders").with(ROLLUP).model();
    let model = model.with_table("another", Some(&shop.model.table.rollups_table));
    let options = PlanOptions::default();
    let plan = find_plan(&shop.connection, &model.into(), options).await.expect("read");
    assert_eq!(rejections(&plan), [RejectionKind::OtherTable], "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_has_the_facts_of_the_text_under_stable_names() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    let changed = shop.changed("measures = {", "where = { total = { gte = 5 } }\nmeasures = {");
    let plan = serde_json::to_value(plan(&changed).await).expect("JSON");
    assert_eq!(plan["empty"], false);
    let orders = &plan["rollups"][0];
    assert_eq!((&orders["rollup"], &orders["change"]), (&json!("orders"), &json!("changed")));
    let build = json!({ "kind": "begin", "revision": 2, "cut": null, "progress": null });
    assert_eq!(orders["build"], build);
    let difference = &orders["differences"][0];
    assert_eq!((&difference["field"], &difference["from"]), (&json!("where"), &json!("")));
    assert_eq!(difference["class"], "new revision");
    let table = json!({
        "name": "table", "status": "ok", "needed": true,
        "detail": format!("`{}` is ACTIVE", shop.model.table.name), "way_out": null,
    });
    assert_eq!(plan["preconditions"][0], table);
    let cost = &plan["cost"];
    assert_eq!((&cost["items"], &cost["rollups"][0]["counted"]), (&json!(1), &json!(1)));
    assert_eq!(cost["dollars"]["region"], "us-east-1");
}

/// Returns the names of all fields of a document.
fn fields(json: &Value, names: &mut BTreeSet<String>) {
    match json {
        Value::Object(members) => {
            for (name, member) in members {
                names.insert(name.clone());
                fields(member, names);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| fields(element, names)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_the_json_is_documented() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    interrupt_build(&shop, 2, "lost", HOUR).await;
    let other = ROLLUP.replace("of =", "where = { total = { gte = 5 } }\nof =");
    let definition = fixture("user_orders").replace("ORDER#{number:08}", "O#{number}").with(&other);
    let plan = serde_json::to_value(plan(&shop.under(&definition)).await).expect("JSON");
    for list in ["rejections", "rollups", "items", "preconditions"] {
        assert_ne!(plan[list], json!([]), "{list}");
    }
    assert_ne!(plan["rollups"][0]["given_up"], json!([]), "{plan}");
    let mut names = BTreeSet::new();
    fields(&plan, &mut names);
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/changing-definitions.md");
    let document = std::fs::read_to_string(document).expect("the document");
    let (_, section) = document.split_once("\n### JSON\n").expect("its section");
    let lost: Vec<_> =
        names.iter().filter(|name| !section.contains(&format!("`{name}`"))).collect();
    assert!(lost.is_empty() && names.len() > 40, "{lost:?} of {names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sample_no_item_is_read_and_writes_have_an_upper_bound() {
    let shop = Shop::with_items_before(&[("1", 10), ("2", 20)]).await;
    shop.table().provision().await.expect("tables");
    let options = PlanOptions { is_sampled: false, ..PlanOptions::default() };
    let plan = find_plan(&shop.connection, &shop.model, options).await.expect("read");
    let cost = plan.cost.as_ref().expect("a cost");
    assert_eq!((cost.sampled_items, cost.item_bytes, cost.write_units), (0, None, None));
    assert!(plan.to_string().contains("without a sample: no item was read"), "{plan}");
}
