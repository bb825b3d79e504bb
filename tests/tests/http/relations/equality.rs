//! An answer with related items is what single reads answer, put together: over random items, by
//! every path, in pages of any size, with every cursor followed to its end.
//!
//! Within a small budget of reads it is the same, in more pages.
//!
//! The oracle gets each related item by itself and lists whole partitions; it knows by hand where
//! the relations lead.

use fastrand::Rng;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use weir_table::{MB, Reads};

use super::hub::DEFINITION;
use crate::http::shop::{Shop, encoded, problem};

/// How many random tables are tried, and how many questions are put to each.
const SEEDS: u64 = 4;
const QUESTIONS: usize = 24;
/// Ids: two make the same key of a user, some are escaped in keys and in paths, and not each is of
/// somebody.
const IDS: [&str; 6] = ["a", "A", "b#", "c%23", "d/d", "e"];
const NAMES: [&str; 3] = ["weir", "dam", "lock"];

/// What may be asked with the items of a path, in which `{id}` and `{name}` stand for random ones.
const QUESTIONED: [(&str, &str, &[&str]); 8] = [
    (
        "user",
        "/user/{id}",
        &[
            "sessions",
            "posts,posts.editor",
            "drafts.author",
            "starred.owner",
            "sessions.user,posts",
            "posts.siblings",
        ],
    ),
    ("account", "/account", &["owner"]),
    (
        "post",
        "/post/{id}",
        &["author,editor", "siblings", "author.posts", "sessions", "editor,sessions.user"],
    ),
    ("post", "/query/post/drafts/{id}", &["author", "sessions,editor"]),
    ("session", "/query/session/by_user/{id}", &["user", "user.sessions", "user.starred"]),
    ("star", "/star/{name}", &["user"]),
    ("star", "/query/star/by_user/{id}", &["user.posts"]),
    ("repository", "/repository/{name}", &["stargazers", "owner,stargazers", "owner.sessions"]),
];

/// Where a relation of an item leads: what is there, and the entity that it is.
struct Lead {
    to: &'static str,
    way: Way,
}

enum Way {
    One(String),
    Many(String),
    /// Links, each of which leads to one.
    Through(String, fn(&Value) -> String),
}

/// What is asked for, and what of that.
type Tree = Vec<(String, Vec<String>)>;

fn id_of(json: &Value) -> String {
    encoded(json.as_str().expect("an id"))
}

fn lead(entity: &str, relation: &str, item: &Value) -> Option<Lead> {
    let of = |name: &str| item[name].as_str().map(encoded);
    let user =
        |name: &str| Some(Lead { to: "user", way: Way::One(format!("/user/{}", of(name)?)) });
    let many = |to, path: String| Some(Lead { to, way: Way::Many(path) });
    let sessions = |id: String| many("session", format!("/query/session/by_user/{id}"));
    match (entity, relation) {
        ("account", "owner") | ("repository", "owner") => user("owner_id"),
        ("session" | "star", "user") => user("user_id"),
        ("post", "author") => user("author_id"),
        ("post", "editor") => user("editor_id"),
        ("post", "siblings") => many("post", format!("/post/{}", of("author_id")?)),
        ("post", "sessions") => sessions(of("author_id")?),
        ("user", "sessions") => sessions(format!("{}?order=desc", of("id")?)),
        ("user", "posts") => many("post", format!("/post/{}", of("id")?)),
        ("user", "drafts") => many("post", format!("/query/post/drafts/{}", of("id")?)),
        ("user", "starred") => {
            let links = format!("/query/star/by_user/{}", of("id")?);
            let follow = |star: &Value| format!("/repository/{}", id_of(&star["repository"]));
            Some(Lead { to: "repository", way: Way::Through(links, follow) })
        }
        ("repository", "stargazers") => {
            let follow = |star: &Value| format!("/user/{}", id_of(&star["user_id"]));
            Some(Lead { to: "user", way: Way::Through(format!("/star/{}", of("name")?), follow) })
        }
        other => panic!("{other:?} is no relation"),
    }
}

fn tree(include: &str) -> Tree {
    let mut tree: Tree = Vec::new();
    for path in include.split(',') {
        let (name, nested) =
            path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let position = tree.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            tree.push((name.to_owned(), Vec::new()));
            tree.len() - 1
        });
        tree[position].1.extend(nested.map(str::to_owned));
    }
    tree
}

/// An item of its own, if there is one.
async fn single(shop: &Shop, path: &str) -> Option<Value> {
    let reply = shop.get(path).await;
    assert!(matches!(reply.status, 200 | 404), "{path}: {}", reply.text);
    (reply.status == 200).then(|| reply.json())
}

/// The items of a list from a cursor on, in pages of some size.
async fn listed(
    shop: &Shop,
    path: &str,
    query: &str,
    cursor: Option<String>,
    limit: u32,
) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), cursor);
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let reply = shop.get(&format!("{path}{mark}limit={limit}{query}{next}")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        let page = reply.json();
        all.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return all,
        }
    }
}

/// The items that links lead to.
async fn followed(shop: &Shop, links: Vec<Value>, follow: fn(&Value) -> String) -> Vec<Value> {
    let mut items = Vec::new();
    for link in links {
        items.extend(single(shop, &follow(&link)).await);
    }
    items
}

/// What single reads find for an item.
fn oracle<'a>(
    shop: &'a Shop,
    entity: &'a str,
    mut item: Value,
    tree: &'a Tree,
) -> BoxFuture<'a, Value> {
    Box::pin(async move {
        for (name, nested) in tree {
            let nested: Tree = nested.iter().map(|name| (name.clone(), Vec::new())).collect();
            let Some(Lead { to, way }) = lead(entity, name, &item) else {
                item[name] = Value::Null;
                continue;
            };
            item[name] = match way {
                Way::One(path) => match single(shop, &path).await {
                    Some(found) => oracle(shop, to, found, &nested).await,
                    None => Value::Null,
                },
                Way::Many(path) => {
                    let all = listed(shop, &path, "", None, 100).await;
                    each(shop, to, all, &nested).await
                }
                Way::Through(path, follow) => {
                    let links = listed(shop, &path, "", None, 100).await;
                    each(shop, to, followed(shop, links, follow).await, &nested).await
                }
            };
        }
        item
    })
}

async fn each(shop: &Shop, entity: &str, items: Vec<Value>, tree: &Tree) -> Value {
    let mut found = Vec::new();
    for item in items {
        found.push(oracle(shop, entity, item, tree).await);
    }
    Value::Array(found)
}

/// An item that was answered, with the rest of each list, by the cursors that it has.
fn whole<'a>(
    shop: &'a Shop,
    entity: &'a str,
    mut item: Value,
    tree: &'a Tree,
) -> BoxFuture<'a, Value> {
    Box::pin(async move {
        for (name, nested) in tree {
            let nested: Tree = nested.iter().map(|name| (name.clone(), Vec::new())).collect();
            let Some(Lead { to, way }) = lead(entity, name, &item) else { continue };
            let page = item[name].take();
            let mut items = Vec::new();
            for item in page["items"].as_array().into_iter().flatten() {
                items.push(whole(shop, to, item.clone(), &nested).await);
            }
            let cursor = page["cursor"].as_str().map(str::to_owned);
            item[name] = match (way, cursor) {
                (Way::One(_), _) if page.is_null() => Value::Null,
                (Way::One(_), _) => whole(shop, to, page, &nested).await,
                (_, None) => Value::Array(items),
                (Way::Many(path), cursor) => {
                    let rest = listed(shop, &path, "", cursor, 100).await;
                    let rest = each(shop, to, rest, &nested).await;
                    items.extend(rest.as_array().expect("items").iter().cloned());
                    Value::Array(items)
                }
                (Way::Through(path, follow), cursor) => {
                    let rest = listed(shop, &path, "", cursor, 100).await;
                    let rest = each(shop, to, followed(shop, rest, follow).await, &nested).await;
                    items.extend(rest.as_array().expect("items").iter().cloned());
                    Value::Array(items)
                }
            };
        }
        item
    })
}

async fn fill(shop: &Shop, random: &mut Rng) {
    let id = |random: &mut Rng| IDS[random.usize(..IDS.len())];
    let some_id =
        |random: &mut Rng| if random.u8(..4) == 0 { Value::Null } else { json!(id(random)) };
    let name = |random: &mut Rng| NAMES[random.usize(..NAMES.len())];
    for _ in 0..random.usize(2..7) {
        let user = id(random);
        // `a` and `A` make one key: the user who is there stays.
        let row = json!([{ "id": user, "name": format!("{user}!"), "secret": "s" }]);
        let reply = shop.send("POST", "/batch/user", row).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    for number in 0..random.usize(1..8) {
        shop.load("account", &[json!({ "number": number, "owner_id": some_id(random) })]).await;
    }
    for token in 0..random.usize(1..12) {
        let row = json!({ "token": format!("t{token}"), "user_id": some_id(random),
            "opened": random.u32(1000..1005) });
        shop.load("session", &[row]).await;
    }
    for number in 0..random.usize(1..14) {
        let state = if random.bool() { "draft" } else { "public" };
        let row = json!({ "author_id": id(random), "number": number, "editor_id": some_id(random),
            "state": state });
        shop.load("post", &[row]).await;
    }
    for repository in NAMES.into_iter().filter(|_| random.u8(..4) > 0).collect::<Vec<_>>() {
        let owner = some_id(random);
        shop.load("repository", &[json!({ "name": repository, "owner_id": owner })]).await;
    }
    for _ in 0..random.usize(1..12) {
        shop.load("star", &[json!({ "repository": name(random), "user_id": id(random) })]).await;
    }
}

/// A random question: an entity, the path of an item or a list of it, and what is asked for with
/// it.
fn asked(random: &mut Rng) -> (&'static str, String, &'static str, bool) {
    let (entity, path, includes) = QUESTIONED[random.usize(..QUESTIONED.len())];
    let include = includes[random.usize(..includes.len())];
    let id = encoded(IDS[random.usize(..IDS.len())]);
    let name = NAMES[random.usize(..NAMES.len())];
    let path = path.replace("{id}", &id).replace("{name}", name);
    let is_item = ["/user", "/repository"].iter().any(|start| path.starts_with(start));
    (entity, path, include, is_item)
}

#[tokio::test]
async fn related_items_are_those_that_single_reads_find() {
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let shop = Shop::with_definition(DEFINITION).await;
        fill(&shop, &mut random).await;
        for _ in 0..QUESTIONS {
            let (entity, path, include, is_item) = asked(&mut random);
            let (limit, tree) = (random.u32(1..5), tree(include));
            let query = format!("include={include}");
            let (found, bare) = if is_item {
                let found = single(&shop, &format!("{path}?{query}")).await;
                (Vec::from_iter(found), Vec::from_iter(single(&shop, &path).await))
            } else {
                let found = listed(&shop, &path, &format!("&{query}"), None, limit).await;
                (found, listed(&shop, &path, "", None, 100).await)
            };
            let expected = each(&shop, entity, bare, &tree).await;
            let mut answered = Vec::new();
            for item in found {
                answered.push(whole(&shop, entity, item, &tree).await);
            }
            assert_eq!(
                Value::Array(answered),
                expected,
                "seed {seed}: {path}?{query}&limit={limit}"
            );
        }
    }
}

/// The items of a page and those behind it; `None` where a page is not answered within the budget.
async fn within(shop: &Shop, path: &str, limits: Reads) -> Option<Vec<Value>> {
    let shop = shop.within(limits);
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let reply = shop.get(&format!("{path}{next}")).await;
        let read = reply.read.expect("a budget");
        assert!(read.reads <= limits.reads && read.bytes <= limits.bytes, "{path}: {read:?}");
        match reply.status {
            404 => return Some(Vec::new()),
            400 => {
                assert_eq!(reply.problem(), problem(400, "bad-query"), "{path}: {}", reply.text);
                assert!(reply.text.contains("expected fewer relations, without"), "{}", reply.text);
                return None;
            }
            _ => assert_eq!(reply.status, 200, "{path}: {}", reply.text),
        }
        let page = reply.json();
        let Some(items) = page["items"].as_array() else { return Some(vec![page]) };
        all.extend(items.iter().cloned());
        match page["cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Some(all),
        }
    }
}

#[tokio::test]
async fn within_any_budget_they_are_the_same_in_more_pages_or_the_request_is_rejected() {
    let (mut answers, mut rejections) = (0, 0);
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(100 + seed);
        let shop = Shop::with_definition(DEFINITION).await;
        fill(&shop, &mut random).await;
        for _ in 0..QUESTIONS {
            let (entity, path, include, is_item) = asked(&mut random);
            let limits = Reads { reads: random.u64(2..11), bytes: random.u64(4..12) * MB };
            let limit =
                if is_item { String::new() } else { format!("&limit={}", random.u32(1..6)) };
            let query = format!("{path}?include={include}{limit}");
            let Some(found) = within(&shop, &query, limits).await else {
                // The most relations are three, one of them through links.
                assert!(limits.reads < 9 || limits.bytes < 9 * MB, "{query} within {limits:?}");
                rejections += 1;
                continue;
            };
            answers += 1;
            let tree = tree(include);
            let bare = match is_item {
                true => Vec::from_iter(single(&shop, &path).await),
                false => listed(&shop, &path, "", None, 100).await,
            };
            let mut answered = Vec::new();
            for item in found {
                answered.push(whole(&shop, entity, item, &tree).await);
            }
            let expected = each(&shop, entity, bare, &tree).await;
            assert_eq!(Value::Array(answered), expected, "{query} within {limits:?}");
        }
    }
    assert!(answers > 0 && rejections > 0, "{answers} answers, {rejections} rejections");
}
