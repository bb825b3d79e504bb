//! Tests of the summary: one definition, some edits of it, and the lines of each.

use weir_rollups::{Revision, RevisionState};

use super::*;

const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
[entities.order.attributes]
id = { type = "string", required = true }
user = { type = "string" }
total = { type = "integer" }
net = { type = "integer" }
until = { type = "timestamp", format = "epoch" }
[rollups.sales]
of = "order"
measures = { orders = "count", revenue = "sum(total)" }
[rollups.users]
of = "order"
by = ["user"]
measures = { orders = "count" }
"##;

/// Returns the summary of some edits after which these rollups are built, and these are gone.
fn summary(edits: &[(&str, &str)], begun: &[&str], gone: &[&str], is_embedded: bool) -> String {
    let mut changed = DEFINITION.to_owned();
    for (from, to) in edits {
        assert!(changed.contains(from), "{from}");
        changed = changed.replace(from, to);
    }
    let model = |text: &str| text.parse::<Model>().unwrap_or_else(|error| panic!("{error:?}"));
    let (before, after) = (model(DEFINITION), model(&changed));
    let revision = |name: &&str| Revision {
        rollup: (*name).to_owned(),
        number: 1,
        definition: String::new(),
        state: RevisionState::Ready,
        cut: None,
        incomplete_since: None,
    };
    let wanted = Wanted {
        begun: begun.iter().map(|name| (*name).to_owned()).collect(),
        gone: gone.iter().map(revision).collect(),
        ..Wanted::default()
    };
    let summary = Summary { before: &before, after: &after, wanted: &wanted, is_embedded };
    summary.text(Path::new("weir.toml"))
}

#[test]
fn what_is_built_what_goes_and_what_differs_has_its_line() {
    insta::assert_snapshot!(
        summary(&[("sum(total)", "sum(net)")], &["sales"], &[], true),
        @r#"
    weir.toml was saved: building sales; 1 rollup unchanged
      sales: measures: `revenue` was `sum(total)`, is `sum(net)`
    "#
    );
    let added = "[rollups.totals]\nof = \"order\"\nmeasures = { n = \"count\" }\n[rollups.users]";
    insta::assert_snapshot!(
        summary(&[("[rollups.users]", added)], &["totals"], &[], true),
        @r#"
    weir.toml was saved: building totals; 2 rollups unchanged
      totals: new
    "#
    );
    insta::assert_snapshot!(
        summary(&[("rollups.users", "rollups.customers")], &["customers"], &["users"], true),
        @r#"
    weir.toml was saved: building customers; removing users; 1 rollup unchanged
      customers: new
    "#
    );
}

#[test]
fn what_needs_no_build_is_said_to_need_none() {
    insta::assert_snapshot!(
        summary(&[("sum(total)\" }", "sum(total)\", mean = \"avg(total)\" }")], &[], &[], true),
        @r#"
    weir.toml was saved: nothing to build for sales; 1 rollup unchanged
      sales: measures: `mean` was absent, is `avg(total)`
    "#
    );
    insta::assert_snapshot!(summary(&[("[table]", "# A shop.\n[table]")], &[], &[], true), @r#"
    weir.toml was saved: 2 rollups unchanged
    "#);
}

/// Asserts that no rollup changes, and that these lines follow, at least their beginnings.
fn assert_noted(summary: &str, expected: &[&str]) {
    let mut lines = summary.lines();
    assert_eq!(lines.next(), Some("weir.toml was saved: 2 rollups unchanged"));
    for expected in expected {
        assert!(lines.next().is_some_and(|line| line.starts_with(expected)), "{summary}");
    }
    assert_eq!(lines.next(), None, "{summary}");
}

#[test]
fn what_differs_for_stored_items_and_what_is_not_done_is_noted() {
    let unique = ("user = { type = \"string\" }", "user = { type = \"string\", unique = true }");
    assert_noted(
        &summary(&[unique], &[], &[], true),
        &["  note: order: `unique` was absent, is `[\"user\"]`: stored items have no locks"],
    );
    let ttl = ("name = \"shop\"", "name = \"shop\"\nttl = \"until\"");
    let noted = "  note: table: `ttl` was absent, is `until`: DynamoDB deletes stored items";
    assert_noted(&summary(&[ttl], &[], &[], true), &[noted]);
    let not_done = "  note: the time to live of `shop` stays as it is: set it in DynamoDB";
    assert_noted(&summary(&[ttl], &[], &[], false), &[noted, not_done]);
    let load = "[dev]\nload = [{ entity = \"order\", file = \"orders.csv\" }]\n[rollups.sales]";
    insta::assert_snapshot!(summary(&[("[rollups.sales]", load)], &[], &[], true), @r#"
    weir.toml was saved: 2 rollups unchanged
      note: files under [dev] are loaded at the start only; `weir load` loads others
    "#);
}

#[test]
fn a_build_that_has_ended_says_what_is_ready() {
    let mut report = BuildReport::default();
    assert_eq!(ready(&report), "");
    report.ready = vec!["sales".to_owned(), "users".to_owned()];
    report.items = 4_000;
    assert_eq!(ready(&report), "ready: sales, users; 4000 items are counted\n");
}
