//! Unique attributes: whatever is written and however many write at once, the locks are those that
//! a recount of the items gives, and no two items have the same.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use serde_json::{Map, Value, json};
use weir_model::unique::{LOCK, OWNER};
use weir_model::{AttributeValue, Entity, Item, ItemKey, Model, Predicate, Update};
use weir_table::{BatchWrite, Error, Table};
use weir_testing::dynamodb::{TestDynamo, with_own_tables};
use weir_testing::recount::scan;
use weir_testing::system::{Captured, System};
use weir_writer::fresh;

const DEFINITION: &str = r##"
    [table]
    name = "club"
    [entities.user]
    PK = "USER#{id}"
    SK = "USER"
    unique = [["tenant", "number"]]
    [entities.user.attributes]
    id      = { type = "string", required = true, default = "uuid" }
    email   = { type = "string", unique = true, lower = true }
    tenant  = { type = "string" }
    number  = { type = "integer" }
    name    = { type = "string" }
    skills  = { type = "map" }
    version = { type = "integer", version = true }
    [rollups.users]
    of = "user"
    by = ["tenant"]
    measures = { users = "count" }
    [entities.badge]
    PK = "BADGE#{id}"
    SK = "BADGE"
    [entities.badge.attributes]
    id   = { type = "string", required = true }
    code = { type = "string", unique = true }
    note = { type = "string" }
"##;

struct Club {
    url: String,
    table: Table,
}

impl Club {
    async fn open() -> Self {
        let dynamodb = TestDynamo::start().await;
        let model = with_own_tables(DEFINITION.parse::<Model>().expect("a definition"));
        let table = Table::new(&dynamodb.connect().await, model.into());
        table.provision().await.expect("tables can be made");
        Self { url: dynamodb.url, table }
    }

    fn entity(&self, name: &str) -> &Entity {
        self.table.model().entity(name).expect("it is defined")
    }

    fn user(&self) -> &Entity {
        self.entity("user")
    }

    fn key(&self, id: &str) -> ItemKey {
        self.user().key_from_text(&[("id", id)]).expect("a key")
    }

    fn item(&self, entity: &str, object: &Value) -> Item {
        let object: &Map<String, Value> = object.as_object().expect("an object");
        self.entity(entity).encode(object, fresh()).expect("an item")
    }

    async fn create(&self, object: Value) -> Result<Item, Error> {
        self.table.create(self.item("user", &object)).await
    }

    async fn put(&self, object: Value) -> Result<Item, Error> {
        self.table.put(self.item("user", &object), &Predicate::always()).await
    }

    async fn patch(&self, id: &str, update: Update) -> Result<Item, Error> {
        self.table.patch(self.user(), &self.key(id), &update, fresh()).await
    }

    async fn delete(&self, id: &str) -> Result<Option<Item>, Error> {
        self.table.delete(self.user(), &self.key(id), &Predicate::always()).await
    }

    /// Holds the locks against those that the items have. Returns how many items and locks there
    /// are.
    async fn recount(&self) -> (usize, usize) {
        let model = self.table.model();
        let (mut locks, mut expected, mut items) = (BTreeMap::new(), BTreeMap::new(), 0);
        for row in scan(&self.url, self.table.name()).await {
            let text = |row: &Value, key: &str| row[key]["S"].as_str().expect("text").to_owned();
            let key = (text(&row, "PK"), text(&row, "SK"));
            if key.1 == LOCK {
                let owner = &row[OWNER]["M"];
                locks.insert(key.0, (text(owner, "PK"), text(owner, "SK")));
                continue;
            }
            items += 1;
            let primary =
                weir_model::PrimaryKey { partition: key.0.clone(), sort: Some(key.1.clone()) };
            let item = self.table.get(&primary).await.expect("read").expect("an item");
            let entity = model.entity_of(&item).expect("an entity's");
            for lock in entity.locks(&item).expect("locks") {
                let twice = expected.insert(lock.key.partition.clone(), key.clone());
                assert_eq!(twice, None, "{}", lock.key.partition);
            }
        }
        assert_eq!(locks, expected, "the locks, and those that the items have");
        (items, locks.len())
    }
}

/// The attributes that a refusal names.
fn duplicate(result: Result<Item, Error>) -> Vec<String> {
    match result {
        Err(Error::Duplicate { attributes, .. }) => attributes,
        other => panic!("expected a duplicate, found {other:?}"),
    }
}

fn email(item: Option<&Item>) -> Option<String> {
    match item?.get("email")? {
        AttributeValue::S(text) => Some(text.clone()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_unique_is_taken_moved_and_given_back() {
    let club = Club::open().await;
    club.create(json!({ "id": "ann", "email": "A@x", "tenant": "t", "number": 1 }))
        .await
        .expect("created");
    assert_eq!(club.recount().await, (1, 2));
    assert_eq!(duplicate(club.create(json!({ "id": "bob", "email": "a@x" })).await), ["email"]);
    let same = json!({ "id": "bob", "email": "b@x", "tenant": "t", "number": 1 });
    assert_eq!(duplicate(club.create(same).await), ["tenant", "number"]);
    assert_eq!(club.recount().await, (1, 2), "nothing is written in part");
    let again = club.create(json!({ "id": "ann", "email": "c@x" })).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");

    // A part of a compound may be alike, and what is absent is nobody's.
    club.put(json!({ "id": "bob", "email": "b@x", "tenant": "t", "number": 2 }))
        .await
        .expect("put");
    club.put(json!({ "id": "cid", "tenant": "t" })).await.expect("put");
    club.put(json!({ "id": "dan", "tenant": "t" })).await.expect("put");
    assert_eq!(club.recount().await, (4, 4));
    assert_eq!(duplicate(club.put(json!({ "id": "cid", "email": "b@x" })).await), ["email"]);
    assert_eq!(duplicate(club.patch("cid", Update::new().set("email", "b@x")).await), ["email"]);

    let moved = club.patch("bob", Update::new().set("email", "bob@x").set("skills.a.b", 1)).await;
    assert_eq!(email(moved.ok().as_ref()), Some("bob@x".to_owned()));
    club.patch("cid", Update::new().set("email", "b@x").set("number", 7)).await.expect("free now");
    assert_eq!(club.recount().await, (4, 6));
    let put = club.put(json!({ "id": "bob" })).await.expect("put");
    assert_eq!(club.user().version_of(&put), Some("3"), "versions count on");
    assert_eq!(club.recount().await, (4, 4));
    club.patch("cid", Update::new().remove("tenant")).await.expect("removed");
    assert_eq!(club.recount().await, (4, 3));
    assert_eq!(email(club.delete("ann").await.expect("deleted").as_ref()), Some("a@x".to_owned()));
    assert_eq!(club.delete("ann").await.expect("deleted"), None);
    assert_eq!(club.recount().await, (3, 1));
    club.create(json!({ "id": "eve", "email": "a@x" })).await.expect("free again");
    assert_eq!(club.recount().await, (4, 2));
}

#[tokio::test]
async fn conditions_hold_and_failures_tell_the_item_with_locks_too() {
    let club = Club::open().await;
    club.create(json!({ "id": "ann", "email": "a@x", "name": "Ann" })).await.expect("created");
    let named = |name: &str| {
        weir_model::condition::parse(club.user(), &json!({ "name": name })).expect("a condition")
    };
    let item = club.item("user", &json!({ "id": "ann", "email": "b@x" }));
    let key = club.key("ann");
    let update = Update::new().set("email", "b@x").when(json!({ "name": "Bob" }));
    let refused = [
        club.table.put(item.clone(), &named("Bob")).await,
        club.table.remove(club.user(), &key, &named("Bob")).await,
        club.patch("ann", update).await,
    ];
    for refused in refused {
        let Err(Error::ConditionFailed { item }) = refused else { panic!("{refused:?}") };
        assert_eq!(email(item.as_deref()), Some("a@x".to_owned()));
    }
    let none = club.patch("bob", Update::new().set("email", "b@x")).await;
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    assert_eq!(club.recount().await, (1, 1));
    club.table.put(item, &named("Ann")).await.expect("put");
    club.table.remove(club.user(), &key, &Predicate::always()).await.expect("removed");
    let gone = club.table.remove(club.user(), &key, &Predicate::always()).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    assert_eq!(club.recount().await, (0, 0));
}

#[tokio::test]
async fn an_item_is_found_by_what_is_unique_about_it() {
    let club = Club::open().await;
    let user = json!({ "id": "ann", "email": "a#%@x", "tenant": "t#1", "number": 1 });
    club.create(user).await.expect("created");
    let find = async |values: &[(&str, &str)]| club.table.find_by(club.user(), values).await;
    let cases: [&[(&str, &str)]; 3] = [
        &[("email", "A#%@x")],
        &[("tenant", "t#1"), ("number", "1.0")],
        &[("number", "1"), ("tenant", "t#1")],
    ];
    for values in cases {
        let found = find(values).await.expect("looked");
        assert_eq!(email(found.as_ref()), Some("a#%@x".to_owned()), "{values:?}");
    }
    assert_eq!(find(&[("email", "b@x")]).await.expect("looked"), None);
    assert_eq!(find(&[("tenant", "t"), ("number", "1")]).await.expect("looked"), None);
    let wrong = find(&[("tenant", "t")]).await.expect_err("not unique");
    assert_eq!(
        wrong.to_string(),
        "`tenant`: is not unique in user; what is unique there: email, tenant+number"
    );
}

#[tokio::test]
async fn what_cannot_be_locked_is_refused_before_it_is_written() {
    let club = Club::open().await;
    let long = club.create(json!({ "id": "ann", "email": "x".repeat(2040) })).await;
    let message = long.expect_err("too long").to_string();
    assert!(message.contains("makes the key of its lock 2059 bytes long"), "{message}");
    club.create(json!({ "id": "ann", "tenant": "t", "number": 1 })).await.expect("created");
    let added = club.patch("ann", Update::new().add("number", 1)).await.expect_err("refused");
    assert_eq!(added.to_string(), "`number`: is unique: expected `set` or `remove`, not `add`");
    let put = BatchWrite::Put(club.item("user", &json!({ "id": "bob" })));
    let batch = club.table.write_batch(&[put]).await;
    assert_eq!(batch.unwritten, [0]);
    assert!(batch.error.expect("refused").to_string().contains("write each by itself"));
    assert_eq!(club.recount().await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_create_the_same_one_wins_and_nothing_else_is_left() {
    for many in [10, 100] {
        let club = Club::open().await;
        let create = |number: usize| {
            club.create(json!({ "id": number.to_string(), "email": "a@x", "tenant": "t",
                "number": number }))
        };
        let created = join_all((0..many).map(create)).await;
        let won = created.iter().filter(|created| created.is_ok()).count();
        assert_eq!(won, 1);
        for lost in created.into_iter().filter(|created| created.is_err()) {
            assert_eq!(duplicate(lost), ["email"]);
        }
        assert_eq!(club.recount().await, (1, 2), "{many}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_to_the_same_one_wins_and_the_others_keep_theirs() {
    let club = Club::open().await;
    for number in 0..40 {
        let user = json!({ "id": number.to_string(), "email": format!("{number}@x") });
        club.create(user).await.expect("created");
    }
    let change = async |number: usize| match number % 2 {
        0 => club.patch(&number.to_string(), Update::new().set("email", "new@x")).await,
        _ => club.put(json!({ "id": number.to_string(), "email": "new@x" })).await,
    };
    let changed = join_all((0..40).map(change)).await;
    assert_eq!(changed.iter().filter(|changed| changed.is_ok()).count(), 1);
    assert_eq!(club.recount().await, (40, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_many_do_at_once_the_locks_are_those_of_the_items() {
    let club = Club::open().await;
    let one = async |worker: u64| {
        let mut random = fastrand::Rng::with_seed(worker);
        let (mut done, mut refused) = (0, BTreeSet::new());
        for _ in 0..25 {
            let id = random.u8(0..4).to_string();
            let email = format!("{}@x", random.u8(0..4));
            let number = random.u8(0..3);
            let user = json!({ "id": id, "email": email, "tenant": "t", "number": number });
            let result = match random.u8(0..6) {
                0 => club.create(user).await.map(drop),
                1 => club.put(user).await.map(drop),
                2 => club.patch(&id, Update::new().set("email", email)).await.map(drop),
                3 => club
                    .patch(&id, Update::new().remove("email").set("number", number))
                    .await
                    .map(drop),
                4 => club.patch(&id, Update::new().set("name", email)).await.map(drop),
                _ => club.delete(&id).await.map(drop),
            };
            match result {
                Ok(()) => done += 1,
                Err(
                    error @ (Error::Duplicate { .. }
                    | Error::AlreadyExists { .. }
                    | Error::NotFound { .. }
                    | Error::Conflict { .. }),
                ) => {
                    refused
                        .insert(format!("{error:?}").split([' ', '(']).next().map(str::to_owned));
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        (done, refused)
    };
    let outcomes = join_all((0..12).map(one)).await;
    let done: usize = outcomes.iter().map(|(done, _)| done).sum();
    assert!(done > 50, "{done} were done");
    let refused: BTreeSet<_> = outcomes.into_iter().flat_map(|(_, refused)| refused).collect();
    assert!(refused.contains(&Some("Duplicate".to_owned())), "{refused:?}");
    club.recount().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_is_given_back_is_taken_by_one_of_those_who_want_it() {
    for _ in 0..10 {
        let club = Club::open().await;
        club.create(json!({ "id": "ann", "email": "a@x" })).await.expect("created");
        let create = async |id: usize| loop {
            match club.create(json!({ "id": id.to_string(), "email": "a@x" })).await {
                Err(Error::Duplicate { .. }) => {
                    let owner = club.table.find_by(club.user(), &[("email", "a@x")]).await;
                    let owner = owner.expect("looked");
                    if owner.is_some_and(|item| {
                        item.get("id") != Some(&AttributeValue::S("ann".into()))
                    }) {
                        return false;
                    }
                }
                created => return created.map(|_| true).expect("created"),
            }
        };
        let (deleted, created) = futures::join!(club.delete("ann"), join_all((0..4).map(create)));
        deleted.expect("deleted");
        assert_eq!(created.into_iter().filter(|won| *won).count(), 1);
        assert_eq!(club.recount().await, (1, 1));
    }
}

#[tokio::test]
async fn an_entity_without_versions_keeps_its_attributes_unique_too() {
    let club = Club::open().await;
    let put = async |object: Value| {
        club.table.put(club.item("badge", &object), &Predicate::always()).await
    };
    put(json!({ "id": "1", "code": "a", "note": "n" })).await.expect("put");
    let second = put(json!({ "id": "1", "code": "b" })).await.expect("put");
    assert_eq!(second.get("note"), None);
    put(json!({ "id": "2", "code": "a" })).await.expect("put");
    assert_eq!(duplicate(put(json!({ "id": "3", "code": "a" })).await), ["code"]);
    assert_eq!(club.recount().await, (2, 2));
    // What is written past the library is another's, and is left alone.
    let key = club.entity("badge").key_from_text(&[("id", "2")]).expect("a key");
    let mut lock = club
        .table
        .get(&club.entity("badge").lock_of_text(&[("code", "b")]).expect("a lock").key)
        .await
        .expect("read")
        .expect("a lock");
    let other = club.entity("badge").lock_of_text(&[("code", "a")]).expect("a lock").key;
    lock.insert("PK".to_owned(), AttributeValue::S(other.partition.clone()));
    club.table.put(lock, &Predicate::always()).await.expect("put");
    club.table.remove(club.entity("badge"), &key, &Predicate::always()).await.expect("removed");
    assert!(club.table.get(&other).await.expect("read").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_count_items_and_no_locks() {
    let dynamodb = TestDynamo::start().await;
    let system = System::start(&dynamodb, DEFINITION).await;
    let club = Club { url: dynamodb.url.clone(), table: system.table.clone() };
    for number in 0..5 {
        let user = json!({ "id": number.to_string(), "email": format!("{number}@x"), "tenant": "t",
            "number": number });
        club.create(user).await.expect("created");
    }
    club.patch("1", Update::new().set("email", "new@x")).await.expect("patched");
    club.delete("2").await.expect("deleted");
    assert_eq!(club.recount().await, (4, 8));
    let processor = system.processor();
    for event in Captured::read(&system).await.cut(3) {
        processor.handle(event).await.expect("a response");
    }
    let rows = scan(&dynamodb.url, &system.model.table.rollups_table).await;
    let counted: Vec<_> = rows.iter().filter(|row| row["count"].is_object()).collect();
    assert_eq!(counted.len(), 1, "{rows:?}");
    assert_eq!(counted[0]["count"]["N"], "4");
}

/// Keys that are attributes themselves are in no update, and yet what is unique may be made of
/// them.
#[tokio::test]
async fn an_item_that_an_upsert_creates_takes_its_locks_whatever_its_key_is_made_of() {
    let definition = r##"
        [table]
        name = "tenants"
        [entities.user]
        unique = [["tenant", "email"]]
        [entities.user.attributes]
        tenant = { type = "string", required = true, field = "PK" }
        number = { type = "string", required = true, field = "SK" }
        email  = { type = "string" }
    "##;
    let dynamodb = TestDynamo::start().await;
    let model = with_own_tables(definition.parse::<Model>().expect("a definition"));
    let table = Table::new(&dynamodb.connect().await, model.into());
    table.provision().await.expect("tables can be made");
    let model = table.model().clone();
    let user = &model.entities[0];
    let upsert = async |tenant: &str, number: &str| {
        let object = json!({ "tenant": tenant, "number": number, "email": "a@x" });
        table.upsert(user, object.as_object().expect("an object"), fresh()).await
    };
    upsert("t", "1").await.expect("the first");
    let second = upsert("t", "2").await;
    assert!(matches!(second, Err(Error::Duplicate { .. })), "{second:?}");
    upsert("u", "1").await.expect("of another tenant");
    let found = table.find_by(user, &[("tenant", "t"), ("email", "a@x")]).await.expect("read");
    assert!(found.is_some());
}

#[tokio::test]
async fn a_null_that_another_program_stored_is_absent_and_gets_the_value_and_its_lock() {
    let club = Club::open().await;
    let mut item = club.item("badge", &json!({ "id": "1" }));
    item.insert("code".to_owned(), AttributeValue::Null(true));
    club.table.put(item, &Predicate::always()).await.expect("stored");
    let badge = club.entity("badge");
    let key = badge.key_from_text(&[("id", "1")]).expect("a key");
    let update = Update::new().set_if_absent("code", "c");
    let stored = club.table.patch(badge, &key, &update, fresh()).await.expect("done");
    assert_eq!(badge.decode(&stored)["code"], json!("c"));
    let other = club.item("badge", &json!({ "id": "2", "code": "c" }));
    let other = club.table.create(other).await;
    assert!(matches!(other, Err(Error::Duplicate { .. })), "{other:?}");
}
