//! Tests of the summary.

use super::*;

const SHOP: &str = r##"
[table]
name = "shop"
ttl = "expires_at"
[table.indexes.GSI1]
partition_key = "GSI1PK"
sort_key = "GSI1SK"
[entities.order]
PK = "USER#{user_id}"
SK = "ORDER#{number:desc08}"
GSI1PK = "STATUS#{status}"
GSI1SK = "{created_at:month}"
[entities.order.attributes]
user_id = { type = "string", required = true, pattern = "^[a-z]+$", lower = true }
number = { type = "integer", required = true, min = 0 }
status = { type = "enum", values = ["placed", "paid"], default = "placed" }
total = { type = "decimal", scale = 2, field = "t" }
created_at = { type = "timestamp", default = "now", read_only = true }
expires_at = { type = "timestamp", format = "epoch" }
tags = { type = "set", items = "string", max_length = 9 }
[entities.note]
PK = "NOTE#{id}"
SK = "NOTE"
match = { type = "note" }
collections = ["all"]
[entities.note.attributes]
id = { type = "string", default = "uuid" }
slug = { type = "string", unique = true, required = true }
[entities.note.relations.orders]
to = "order"
with = { user_id = "slug" }
many = true
limit = 20
order = "desc"
[entities.note.relations.friends]
to = "note"
through = "order"
with = { order.status = "slug", id = "order.user_id" }
pattern = "GSI1"
[entities.order.relations.note]
to = "note"
with = { id = "user_id" }
[rollups.spend]
of = "order"
where = { status = ["placed", "paid"], total = { gte = 1.5 } }
by = ["user_id", "status"]
time = "created_at"
buckets = ["day", "all"]
time_zone = "Europe/Berlin"
keep = { day = "90m" }
measures = { orders = "count", average = "avg(total)" }
[rollups.notes]
of = "note"
measures = { notes = "count" }
"##;

#[test]
fn a_summary_says_what_the_file_means() {
    let model: Model = SHOP.parse().expect("a definition");
    insta::assert_snapshot!(summary(Path::new("weir.toml"), &model), @r#"
    weir.toml is right: 2 entities and 2 rollups

    table shop
      partition key  PK
      sort key       SK
      entity         _et
      time to live   expires_at
      rollups        in the table shop-rollups

    index GSI1
      partition key  GSI1PK
      sort key       GSI1SK

    entity order
      keys
        PK      USER#{user_id}
        SK      ORDER#{number:desc08}
        GSI1PK  STATUS#{status}
        GSI1SK  {created_at:month}
      attributes
        user_id     string            required, matches ^[a-z]+$, lower case
        number      integer           required, at least 0
        status      placed | paid     default "placed"
        total       decimal, scale 2  stored as t
        created_at  timestamp         default now, read only
        expires_at  timestamp, epoch
        tags        set of string     length at most 9
      paths
        /order                      POST
        /batch/order                GET POST
        /order/{user_id}            GET
        /order/{user_id}/{number}   GET PUT PATCH DELETE
        /query/order/GSI1/{status}  GET
      patterns
        GSI1  index GSI1  by status; sorted by created_at
      relations
        note  one note  id = user_id
      costs up to 2 write units for an insert, 2 for a delete, 2 for a changed measured value, in spend; $1.25 per million changes, of items below 1 KB

    entity note
      keys
        PK  NOTE#{id}
        SK  NOTE
      attributes
        id    string  default uuid
        slug  string  required
      paths
        /note                     POST
        /note/{id}                GET PUT PATCH DELETE
        /batch/note               GET POST
        /unique/note/slug/{slug}  GET PUT
      relations
        orders   many order  user_id = slug; 20 at once, then /order/{user_id}?order=desc
        friends  many note   through order; order.status = slug; id = order.user_id; 100 at once, then /query/order/GSI1/{status}
      collections /collections/all/{id}
      unique slug
      costs up to 1 write unit for an insert, 1 for a delete, 0 for a changed measured value, in notes; $0.50 per million changes, of items below 1 KB

    rollup spend of order
      groups    by user_id, status
      where     status is one of "placed", "paid" and total ≥ 1.5
      buckets   day, all of created_at, Europe/Berlin
      measure   orders = count
      measure   average = avg(total), read as sum(total) / count(total)
      keeps     count, count(total), sum(total)
      costs     up to 2 write units for an insert, 2 for a delete, 2 for a changed measured value, in 2 buckets; $1.25 per million changes, of items below 1 KB
      kept      day, 90 minutes after it ended
      asked at  /rollups/spend?user_id=…&status=…

    rollup notes of note
      groups    one group of everything
      buckets   all
      measure   notes = count
      keeps     count
      costs     up to 1 write unit for an insert, 1 for a delete, 0 for a changed measured value, in 1 bucket; $0.50 per million changes, of items below 1 KB
      asked at  /rollups/notes
    "#);
}

#[test]
fn the_cost_of_an_entity_is_the_sum_of_its_rollups() {
    let ranked = r#"
        [rollups.best]
        of = "order"
        by = ["user_id"]
        time = "created_at"
        buckets = ["month", "all"]
        rank_by = "revenue"
        measures = { revenue = "sum(total)", products = "distinct(status)", p95 = "p95(total)" }
    "#;
    let model: Model = format!("{SHOP}{ranked}").parse().expect("a definition");
    let summary = summary(Path::new("weir.toml"), &model);
    let costs: Vec<_> =
        summary.lines().filter(|line| line.trim().starts_with("costs ")).map(str::trim).collect();
    insta::assert_snapshot!(costs.join("\n"), @r"
    costs up to 20 write units for an insert, 24 for a delete, 28 for a changed measured value, in spend, best; $13.75 per million changes, of items below 1 KB
    costs up to 1 write unit for an insert, 1 for a delete, 0 for a changed measured value, in notes; $0.50 per million changes, of items below 1 KB
    costs     up to 2 write units for an insert, 2 for a delete, 2 for a changed measured value, in 2 buckets; $1.25 per million changes, of items below 1 KB
    costs     up to 1 write unit for an insert, 1 for a delete, 0 for a changed measured value, in 1 bucket; $0.50 per million changes, of items below 1 KB
    costs     up to 18 write units for an insert, 22 for a delete, 26 for a changed measured value, in 2 buckets; $12.50 per million changes, of items below 1 KB
    ");
}

const NESTED: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
[entities.order.attributes]
id = { type = "string", required = true }
tags = { type = "list", items = { type = "string", lower = true }, max_length = 3 }
skills = { type = "map", items = { type = "integer", min = 0 } }
notes = { type = "map", items = { type = "map", attributes = { text = { type = "string" } } } }
free = { type = "list" }
[entities.order.attributes.address]
type = "map"
default = {}
attributes.zip = { type = "string", pattern = "^[0-9]{5}$", field = "z" }
attributes.country = { type = "enum", values = ["DE", "FR"], default = "DE" }
[entities.order.attributes.lines]
type = "list"
items.type = "map"
items.attributes.sku = { type = "string", required = true }
items.attributes.price = { type = "decimal", scale = 2, hidden = true }
[rollups.orders]
of = "order"
where = { "address.zip" = "12345", "notes.gift.text" = { exists = true } }
measures = { orders = "count" }
"##;

#[test]
fn a_summary_says_what_is_in_maps_and_lists_by_their_paths() {
    let model: Model = NESTED.parse().expect("a definition");
    let summary = summary(Path::new("weir.toml"), &model);
    let (_, attributes) = summary.split_once("  attributes\n").expect("attributes");
    let (attributes, rest) = attributes.split_once("  paths\n").expect("paths");
    insta::assert_snapshot!(attributes, @r#"
    id               string            required
    tags             list of string    length at most 3, each lower case
    skills           map of integer    each at least 0
    notes            map of map
    notes.*.text     string
    free             list
    address          map               default {}
    address.zip      string            stored as z, matches ^[0-9]{5}$
    address.country  DE | FR           default "DE"
    lines            list of map
    lines[].sku      string            required
    lines[].price    decimal, scale 2  hidden
    "#);
    let filter = rest.lines().find(|line| line.contains("where"));
    let expected = "  where     address.zip = \"12345\" and notes.gift.text exists";
    assert_eq!(filter, Some(expected));
}

#[test]
fn an_entity_whose_values_could_make_keys_of_another_says_that_it_takes_none() {
    let model: Model = r##"
        [table]
        name = "shop"
        [entities.order]
        escape = false
        PK = "USER#{user}"
        SK = "ORDER#{order}"
        [entities.order.attributes]
        user = { type = "string", required = true }
        order = { type = "string", required = true }
        [entities.line]
        escape = false
        PK = "USER#{user}"
        SK = "ORDER#{order}#LINE#{line}"
        [entities.line.attributes]
        user = { type = "string", required = true }
        order = { type = "string", required = true }
        line = { type = "string", required = true }
    "##
    .parse()
    .expect("a definition");
    let summary = summary(Path::new("weir.toml"), &model);
    assert!(summary.contains("\n  takes no key of line\n"), "{summary}");
    assert_eq!(summary.matches("takes no key").count(), 1, "{summary}");
}

#[test]
fn a_pattern_says_what_comes_first_also_where_keys_are_reversed() {
    let text = include_str!("../../../examples/github/weir.toml");
    let model = Model::parse("weir.toml", text).expect("valid");
    let summary = summary(Path::new("weir.toml"), &model);
    for expected in [
        "by_status       index GSI1  by owner, repo, status; sorted by number, the greatest \
         first\n",
        "by_author       index GSI2  by author; sorted by created_at, owner, repo, number, the \
         greatest first\n",
        "assigned_in     index GSI3  by assignee, owner, repo; sorted by number; those",
        "groups    by owner, repo, each of labels\n",
    ] {
        assert!(summary.contains(expected), "{expected}: {summary}");
    }
}

#[test]
fn a_partition_that_its_own_path_does_not_list_is_explained() {
    let text = "[table]\nname = \"events\"\n[entities.event]\nPK = \"TIMELINE#{at:month}\"\nSK = \
                \"{at}\"\n\
                [entities.event.attributes]\nat = { type = \"timestamp\", required = true }\n";
    let explained = |text: &str| {
        let model: Model = text.parse().expect("a definition");
        summary(Path::new("weir.toml"), &model)
    };
    let hint = "no list of a partition: /event/{at} is the path of an item; \
                add [entities.event.patterns.NAME] without `index` to list it";
    assert!(explained(text).contains(hint), "{}", explained(text));
    let listed = explained(&format!("{text}[entities.event.patterns.monthly]\n"));
    assert!(
        !listed.contains("no list") && listed.contains("/query/event/monthly/{at}"),
        "{listed}"
    );
    assert!(!explained(&text.replace("at:month", "at")).contains("no list"));
}
