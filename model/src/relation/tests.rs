//! Relations as a file has them, where they lead, and what may be asked for together.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::SortKeys;
use crate::item_key::PrimaryKey;
use crate::{AttributeValue, Item, Model, WriteContext};

const HUB: &str = r##"
[table]
name = "hub"
[table.indexes.GSI1]
partition_key = "GSI1PK"
sort_key = "GSI1SK"

[entities.user]
PK = "USER#{id:lower}"
SK = "{tenant}#{number:04}"
[entities.user.attributes]
id = { type = "string", required = true, trim = true, max_length = 9 }
tenant = { type = "enum", values = ["north", "south"], required = true }
number = { type = "integer", required = true }
[entities.user.relations.sessions]
to = "session"
with = { user_id = "id" }
many = true
pattern = "by_user"
limit = 20
order = "desc"
[entities.user.relations.starred]
to = "repository"
through = "star"
pattern = "GSI1"
with = { star.user = "id", name = "star.repository" }

[entities.account]
PK = "ACCOUNT#{id}"
SK = "ACCOUNT"
[entities.account.attributes]
id = { type = "string", required = true }
owner_id = { type = "string", field = "o" }
tenant = { type = "string" }
rank = { type = "number" }
opened = { type = "timestamp" }
[entities.account.relations.owner]
to = "user"
with = { id = "owner_id", number = "rank" }
[entities.account.relations.twins]
to = "account"
with = { id = "owner_id" }

[entities.session]
PK = "SESSION#{token}"
SK = "SESSION"
GSI1PK = "USER#{user_id}"
GSI1SK = "S#{kind}#{opened}"
[entities.session.attributes]
token = { type = "string", required = true }
user_id = { type = "string" }
kind = { type = "string" }
opened = { type = "timestamp" }
[entities.session.patterns.by_user]
index = "GSI1"
[entities.session.patterns.by_kind]
index = "GSI1"
by = ["kind"]
[entities.session.patterns.one]
index = "GSI1"
by = ["kind", "opened"]
[entities.session.relations.alike]
to = "session"
many = true
pattern = "by_kind"
[entities.session.relations.same]
to = "session"
many = true
pattern = "one"
[entities.session.relations.holder]
to = "account"
with = { id = "user_id" }

[entities.repository]
PK = "REPO#{name}"
SK = "REPO"
[entities.repository.attributes]
name = { type = "string", required = true }

[entities.star]
PK = "REPO#{repository}"
SK = "STAR#{user}"
GSI1PK = "STARS#{user}"
GSI1SK = "{repository}"
[entities.star.attributes]
repository = { type = "string", required = true }
user = { type = "string", required = true }
"##;

fn hub() -> Model {
    Model::parse("weir.toml", HUB).expect("valid")
}

/// What a relation of an entity leads to.
fn include<'a>(model: &'a Model, entity: &str, name: &str) -> Include<'a> {
    let entity = model.entity(entity).expect("it is there");
    Include::new(model, entity, entity.relation(name).expect("it is there"))
}

fn item(model: &Model, entity: &str, object: Value) -> Item {
    let context = WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] };
    let entity = model.entity(entity).expect("it is there");
    entity.encode(object.as_object().expect("an object"), context).expect("valid")
}

#[test]
fn an_item_leads_to_the_key_that_its_attributes_make() {
    let model = hub();
    let account = json!({ "id": "1", "owner_id": " Ann#", "tenant": "north", "rank": 7.0 });
    let key = include(&model, "account", "owner").key(&item(&model, "account", account));
    let sort = Some("north#0007".to_owned());
    assert_eq!(
        key.map(|key| key.primary),
        Some(PrimaryKey { partition: "USER#ann%23".to_owned(), sort })
    );
}

#[test]
fn what_no_key_is_made_from_leads_nowhere() {
    let model = hub();
    let owner = include(&model, "account", "owner");
    let whole = json!({ "id": "1", "owner_id": "ann", "tenant": "north", "rank": 7 });
    assert!(owner.key(&item(&model, "account", whole.clone())).is_some());
    for (name, value) in [
        ("owner_id", Value::Null),
        ("tenant", Value::Null),
        ("tenant", json!("west")),
        ("rank", json!(7.5)),
        ("rank", json!(-1)),
        ("rank", json!(10000)),
        ("owner_id", json!("x".repeat(2100))),
    ] {
        let mut account = whole.clone();
        account[name] = value;
        assert_eq!(owner.key(&item(&model, "account", account.clone())), None, "{account}");
    }
    // Whatever others wrote.
    let mut account = item(&model, "account", whole);
    account.insert("o".to_owned(), AttributeValue::N("7".to_owned()));
    assert_eq!(owner.key(&account), None);
}

#[test]
fn many_items_are_a_range_of_a_partition() {
    let model = hub();
    let partition = |entity: &str, relation: &str, object: Value| {
        let include = include(&model, entity, relation);
        let partition = include.partition(&item(&model, entity, object))?;
        Some((partition.key, partition.range))
    };
    let begins = |text: &str| SortKeys::BeginsWith(text.to_owned());
    let user = json!({ "id": "Ann", "tenant": "north", "number": 1 });
    let sessions = partition("user", "sessions", user.clone());
    assert_eq!(sessions, Some(("USER#Ann".to_owned(), begins("S#"))));
    assert_eq!(partition("user", "starred", user), Some(("STARS#Ann".to_owned(), SortKeys::Every)));
    let session =
        json!({ "token": "t", "user_id": "ann", "kind": "a#b", "opened": "2026-11-20T06:40:54Z" });
    let alike = partition("session", "alike", session.clone());
    assert_eq!(alike, Some(("USER#ann".to_owned(), begins("S#a%23b#"))));
    let same = partition("session", "same", session);
    let only = SortKeys::Is("S#a%23b#2026-11-20T06:40:54.000Z".to_owned());
    assert_eq!(same, Some(("USER#ann".to_owned(), only)));
    assert_eq!(partition("session", "alike", json!({ "token": "t", "user_id": "ann" })), None);
}

#[test]
fn links_lead_to_many_each_to_one() {
    let model = hub();
    let starred = include(&model, "user", "starred");
    assert_eq!(starred.link.map(|link| link.name.as_str()), Some("star"));
    let star = item(&model, "star", json!({ "repository": "weir", "user": "ann" }));
    let key = starred.key(&star).expect("a key").primary;
    assert_eq!((key.partition.as_str(), key.sort.as_deref()), ("REPO#weir", Some("REPO")));
    let (listing, of) = starred.listing().expect("it is of many");
    assert_eq!((listing.limit, listing.descending, of.name.as_str()), (100, false, "star"));
    let sessions = include(&model, "user", "sessions");
    let (listing, _) = sessions.listing().expect("it is of many");
    assert_eq!((listing.limit, listing.descending), (20, true));
    assert_eq!(include(&model, "account", "owner").fields(), ["o", "tenant", "rank"]);
}

proptest! {
    #[test]
    fn a_relation_leads_to_the_item_that_has_its_values(
        id in "[a-bA-B#% é]{1,6}",
        number in 0_i64..9999,
        is_north: bool,
    ) {
        let model = hub();
        prop_assume!(!id.trim().is_empty());
        let tenant = if is_north { "north" } else { "south" };
        let user = item(&model, "user", json!({ "id": id, "tenant": tenant, "number": number }));
        let account = json!({ "id": "1", "owner_id": id, "tenant": tenant, "rank": number });
        let found = include(&model, "account", "owner").key(&item(&model, "account", account));
        prop_assert_eq!(found.map(|key| key.primary), model.table.primary_key(&user));
    }

    #[test]
    fn everything_that_is_listed_may_be_asked_for_and_nothing_else(
        entity in 0_usize..5,
        one: bool,
        alike in proptest::sample::subsequence(vec!["id", "user_id", "owner_id"], 0..3),
        first in 0_usize..7,
        second in 0_usize..8,
    ) {
        let model = hub();
        let names = ["sessions", "starred", "owner", "twins", "alike", "same", "holder"];
        let path = [Some(names[first]), names.get(second).copied()];
        let path = path.into_iter().flatten().collect::<Vec<_>>().join(".");
        let scope = if one { Scope::One } else { Scope::Many(alike) };
        let entity = &model.entities[entity];
        let listed = Include::paths(&model, entity, &scope);
        let parsed = Include::parse(&model, entity, &scope, &path);
        prop_assert_eq!(parsed.is_ok(), listed.contains(&path), "{} {:?}", path, listed);
    }
}

#[test]
fn what_takes_a_query_for_each_item_is_told_from_what_takes_one() {
    let model = hub();
    let paths = |entity: &str, scope: &Scope<'_>| {
        let entity = model.entity(entity).expect("it is there");
        Include::paths(&model, entity, scope).join(" ")
    };
    let all = "alike same holder holder.owner holder.twins alike.alike same.holder";
    assert_eq!(paths("session", &Scope::Many(vec![])), "holder holder.owner holder.twins");
    assert_eq!(paths("session", &Scope::Many(vec!["user_id"])), "holder holder.owner holder.twins");
    let same = paths("session", &Scope::Many(vec!["user_id", "kind"]));
    assert_eq!(same, "alike alike.alike alike.holder holder holder.owner holder.twins");
    assert!(all.split(' ').all(|path| paths("session", &Scope::One).contains(path)));
    // All accounts have one owner, if they have the parts of the key alike.
    let owners = paths("account", &Scope::Many(vec!["owner_id", "tenant", "rank"]));
    assert!(owners.contains("owner.sessions"), "{owners}");
    let starred = |alike| paths("account", &Scope::Many(vec![alike])).contains("owner.starred");
    assert!(starred("owner_id"), "of users of one id, whatever else they are");
    assert!(!starred("tenant"));
}

#[test]
fn every_mistake_of_what_is_asked_for_is_told_at_once() {
    let model = hub();
    let user = model.entity("user").expect("it is there");
    let errors = Include::parse(
        &model,
        user,
        &Scope::Many(vec![]),
        "sesions,sessions, starred,x.y.z,sesions",
    );
    let errors = errors.expect_err("mistakes").iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        errors,
        [
            "`sesions`: user has no such relation; did you mean `sessions`?",
            "`sessions` would take a query for each user of a list, expected it of one user; or \
             list `session` by `by_user` for each",
            "`starred` would take a query for each user of a list, expected it of one user; or \
             list `star` by `GSI1` for each",
            "`x.y.z` is more than 2 levels away, expected a relation nearer by",
            "`sesions` twice, expected each relation once",
        ]
    );
}

/// The message, the text it points at, and the help of the only problem of the hub with a passage
/// replaced.
fn only_problem(from: &str, to: &str) -> (String, String, String) {
    assert!(HUB.contains(from), "the hub has no {from}");
    let text = HUB.replacen(from, to, 1);
    let error = Model::parse("weir.toml", &text).expect_err(to);
    let [problem] = error.problems.as_slice() else { panic!("{to}: {:#?}", error.problems) };
    let span = problem.span.offset()..problem.span.offset() + problem.span.len();
    (problem.message.clone(), text[span].to_owned(), problem.help.clone().unwrap_or_default())
}

#[test]
fn each_mistake_of_a_relation_is_named_where_it_stands_with_what_was_expected() {
    // (what is replaced, by what) → (a part of the message, the text pointed at, a part of the
    // help)
    let cases = [
        ("to = \"user\"", "to = \"usr\"", "`usr` is no entity", "\"usr\"", "did you mean `user`?"),
        (
            "relations.owner]",
            "relations.rank]",
            "`rank` is an attribute of `account` already",
            "rank",
            "another name",
        ),
        (
            "relations.owner]",
            "relations.\"the owner\"]",
            "cannot name a relation",
            "\"the owner\"",
            "a letter",
        ),
        (
            "number = \"rank\" }",
            "number = \"rnk\" }",
            "`rnk` names no attribute of `account`",
            "\"rnk\"",
            "did you mean `rank`?",
        ),
        (
            "{ id = \"owner_id\", number",
            "{ id = \"owner_id\", nmber = \"id\", number",
            "`nmber` is no part of the key of `user`",
            "nmber",
            "did you mean `number`?",
        ),
        (
            ", number = \"rank\" }",
            " }",
            "nothing of `account` makes `number`, of which the key of `user` is made",
            "owner",
            "such as with = { number = \"",
        ),
        (
            "number = \"rank\" }",
            "number = \"opened\" }",
            "`opened` of `account` is a timestamp, `number` of `user` is an integer",
            "\"opened\"",
            "of one type",
        ),
        (
            "number = \"rank\" }",
            "number = 7 }",
            "`number` is not text",
            "7",
            "the name of an attribute",
        ),
        (
            "to = \"user\"",
            "to = \"user\"\nlimit = 3",
            "`limit` says nothing of a relation to one item",
            "limit",
            "many = true",
        ),
        ("limit = 20", "limit = 1001", "a limit of 1001", "1001", "1 to 1000"),
        ("limit = 20", "limit = -1", "a limit of -1", "-1", "1 to 1000"),
        (
            "\"by_user\"\nlimit",
            "\"by_usr\"\nlimit",
            "`by_usr` is no pattern of `session`",
            "\"by_usr\"",
            "did you mean `by_user`?",
        ),
        (
            "pattern = \"by_user\"\n",
            "",
            "a partition has one `session` at most",
            "sessions",
            "a `pattern` such as `by_user`",
        ),
        (
            "order = \"desc\"",
            "order = \"desc\"\nordr = 1",
            "unknown field `ordr`",
            "ordr",
            "did you mean `order`?",
        ),
        (
            "through = \"star\"",
            "through = \"sta\"",
            "`sta` is no entity",
            "\"sta\"",
            "did you mean `star`?",
        ),
        (
            "through = \"star\"",
            "through = \"star\"\nmany = false",
            "`through` with many = false",
            "false",
            "no `many`",
        ),
        (
            "name = \"star.repository\" }",
            "name = \"repository\" }",
            "`repository` is no attribute of the link `star`",
            "\"repository\"",
            "such as \"star.repository\"",
        ),
        (
            "name = \"star.repository\" }",
            "name = \"star.repo\" }",
            "`repo` names no attribute of `star`",
            "\"star.repo\"",
            "did you mean `repository`?",
        ),
        (
            "star.user = \"id\", ",
            "",
            "nothing of `user` makes `user`, of which the pattern `GSI1` of `star` is made",
            "starred",
            "such as with = { star.user = \"",
        ),
        (
            "{ star.user = \"id\",",
            "{ stra.user = \"id\",",
            "`stra` is not the link of `starred`",
            "stra",
            "expected `star`",
        ),
        (
            "star.user = \"id\"",
            "star.usr = \"id\", star.user = \"id\"",
            "`usr` is no part of the pattern `GSI1` of `star`",
            "usr",
            "expected `user`",
        ),
        (
            "with = { id = \"user_id\" }",
            "with = { star.id = \"user_id\" }",
            "`star` is not the link of `holder`",
            "star",
            "the name of an attribute",
        ),
    ];
    for (from, to, message, pointed_at, help) in cases {
        let (found_message, found_text, found_help) = only_problem(from, to);
        assert!(found_message.contains(message), "{to}: {found_message}");
        assert_eq!(found_text, pointed_at, "{to}: {found_message}");
        assert!(found_help.contains(help), "{to}: {found_help}");
    }
}

const TIMELINE: &str = r##"
[table]
name = "timeline"
[table.indexes.GSI1]
partition_key = "GSI1PK"
sort_key = "GSI1SK"
[entities.report]
PK = "REPORT#{day}"
SK = "{id}"
[entities.report.attributes]
id = { type = "string", required = true }
day = { type = "timestamp", required = true }
[entities.report.relations.events]
to = "event"
with = { at = "day" }
many = true
[entities.event]
PK = "TIMELINE#{at:month}"
SK = "{at}#{id}"
GSI1PK = "TIMELINE#{at:month}"
GSI1SK = "{at}"
[entities.event.patterns.moments]
index = "GSI1"
by = ["at"]
[entities.event.attributes]
id = { type = "string", required = true }
at = { type = "timestamp", required = true }
[entities.event.relations.reports]
to = "report"
with = { day = "at" }
many = true
"##;

#[test]
fn a_relation_leads_to_the_partition_that_a_cut_time_names() {
    let model: Model = TIMELINE.parse().expect("a definition");
    let report = model.entity("report").expect("it is there");
    let include = Include::new(&model, report, &report.relations[0]);
    let at = AttributeValue::S("2026-03-05T10:00:00.000Z".to_owned());
    let item = HashMap::from([("day".to_owned(), at)]).into();
    let partition = include.partition(&item).expect("it leads somewhere");
    assert_eq!((partition.key.as_str(), partition.range), ("TIMELINE#2026-03", SortKeys::Every));
}

#[test]
fn items_of_a_month_do_not_have_their_times_in_common() {
    let model: Model = TIMELINE.parse().expect("a definition");
    let event = model.entity("event").expect("it is there");
    let of = |pattern: &Pattern| {
        let scope = Scope::Many(pattern.common_attributes());
        Include::paths(&model, event, &scope)
    };
    assert!(of(&Pattern::of_table(event)).is_empty(), "each would take a query");
    let moments = &event.patterns[0];
    assert_eq!(moments.given_attributes(), ["at"]);
    assert!(of(moments).contains(&"reports".to_owned()), "of one moment it is one partition");
    let report = model.entity("report").expect("it is there");
    // The events of a month may each have reports of another day.
    assert_eq!(Include::paths(&model, report, &Scope::One), ["events"]);
}

#[test]
fn a_partition_without_a_list_of_its_own_is_read_by_a_pattern() {
    let text = TIMELINE.replace("SK = \"{at}#{id}\"", "SK = \"{at}\"");
    let error = text.parse::<Model>().expect_err("a cursor would lead to no list");
    let problem = &error.problems[0];
    assert_eq!(problem.message, "a partition of `event` has no list of its own");
    let help = "expected no `many`, or a `pattern` such as `moments`";
    assert_eq!(problem.help.as_deref(), Some(help));
    let many = "with = { at = \"day\" }\nmany = true\n";
    let text = text.replace(many, &format!("{many}pattern = \"whole\"\n"));
    let attributes = "[entities.event.attributes]";
    let pattern = format!("[entities.event.patterns.whole]\n{attributes}");
    text.replace(attributes, &pattern).parse::<Model>().expect("a pattern lists it");
}
