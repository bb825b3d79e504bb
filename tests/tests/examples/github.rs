//! GitHub: numbers that are handed out to many at once, issues that are closed and labelled, stars;
//! and a program.

use std::collections::BTreeSet;
use std::process::Command;

use fastrand::Rng;
use futures::future::join_all;
use serde_json::{Value, json};
use weir_testing::example::Example;
use weir_testing::functions::Binary;
use weir_testing::process::Process;
use weir_testing::recount::Rollup;
use weir_testing::tour;

use crate::examples::SEEDS;

const ROLLUPS: [Rollup<'_>; 5] = {
    let stars = Rollup {
        name: "stars",
        by: &["owner", "repo"],
        time: "starred_at",
        buckets: &["month", "all"],
        measured: &[],
        admits: |item| item["_et"]["S"] == "star",
    };
    let by_status = Rollup {
        name: "issues_by_status",
        by: &["owner", "repo", "status"],
        time: "created_at",
        admits: is_issue,
        ..stars
    };
    let by_label = Rollup {
        name: "open_issues_by_label",
        by: &["owner", "repo", "labels"],
        time: "",
        buckets: &["all"],
        admits: |item| is_issue(item) && item["status"]["S"] == "open",
        ..stars
    };
    let closed = Rollup {
        name: "issues_closed",
        time: "closed_at",
        buckets: &["day", "month", "all"],
        admits: |item| {
            is_issue(item) && item["status"]["S"] == "closed" && item["closed_at"].is_object()
        },
        ..stars
    };
    let comments = Rollup {
        name: "comments_by_author",
        by: &["author"],
        time: "created_at",
        admits: |item| item["_et"]["S"] == "comment",
        ..stars
    };
    [stars, by_status, by_label, closed, comments]
};

fn is_issue(item: &Value) -> bool {
    item["_et"]["S"] == "issue"
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_is_answered_as_it_is_printed() {
    tour::take("github").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_issues_every_list_and_count_is_that_of_a_recount() {
    for seed in SEEDS {
        let mut random = Rng::with_seed(seed);
        let example = Example::loaded("github").await;
        for _ in 0..2 {
            for _ in 0..70 {
                change(&example, &mut random).await;
            }
            example.deliver(&mut random).await;
            example.assert_exact(&ROLLUPS).await;
        }
    }
}

/// Does something to an issue, its comments, a star or a repository: often it is not there, or not
/// as expected.
async fn change(example: &Example, random: &mut Rng) {
    let (owner, repo) = *random.choice(&[("ann", "weir"), ("bob", "lock")]).expect("some");
    let login = *random.choice(&["ann", "bob", "cy"]).expect("some");
    let number = random.u8(1..7);
    let time = format!("2026-{:02}-{:02}T12:00:00Z", random.u8(9..12), random.u8(1..4));
    let labels = *random.choice(&["bug", "docs", "a#b%"]).expect("some");
    let issue = format!("/issue/{owner}/{repo}/{number}");
    let patch = |update: Value| ("PATCH", issue.clone(), update);
    let (method, path, body) = match random.u8(0..15) {
        0 | 1 => {
            let issue = json!({ "owner": owner, "repo": repo, "number": number, "title": "t",
                "author": login,
                "created_at": time, "labels": [labels, "all"] });
            ("POST", "/issue".to_owned(), issue)
        }
        2 | 3 => patch(json!({ "set": { "status": "closed", "closed_at": time },
                "where": { "status": "open" } })),
        4 => patch(json!({ "set": { "status": "open" }, "remove": ["closed_at"] })),
        5 => patch(json!({ "add": { "labels": [labels] }, "set": { "assignee": login } })),
        6 => patch(json!({ "delete": { "labels": [labels] } })),
        7 => patch(json!({ "remove": ["assignee", "labels"] })),
        8 => ("PUT", issue, json!({ "title": "replaced", "author": login, "created_at": time })),
        9 => ("DELETE", issue, Value::Null),
        10 => {
            let comment = json!({ "owner": owner, "repo": repo, "number": number, "author": login,
                "body": "b", "created_at": time });
            ("POST", "/comment".to_owned(), comment)
        }
        11 | 12 => {
            let star = json!({ "login": login, "owner": owner, "repo": repo, "starred_at": time });
            ("POST", "/star".to_owned(), star)
        }
        13 => ("DELETE", format!("/star/{login}/{owner}/{repo}"), Value::Null),
        _ => {
            let path = format!("/repository/{owner}/{repo}");
            ("PATCH", path, json!({ "set": { "pushed_at": time }, "add": { "last_number": 1 } }))
        }
    };
    let body = Some(&body).filter(|body| !body.is_null());
    let (status, answer) = example.system.http.send(method, &path, body).await;
    assert!([200, 201, 204, 404, 409, 412].contains(&status), "{method} {path}: {answer}");
}

/// The numbers of a repository's open issues, newest first.
async fn open_numbers(example: &Example, owner: &str, repo: &str) -> Vec<u64> {
    let path = format!("/query/issue/by_status/{owner}/{repo}/open");
    let (_, page) = example.system.http.get(&path).await;
    let items = page["items"].as_array().expect("items").iter();
    items.map(|item| item["number"].as_u64().expect("a number")).collect()
}

async fn new_repository(example: &Example) {
    let repository = json!({ "owner": "ann", "repo": "new" });
    let (status, answer) = example.system.http.send("POST", "/repository", Some(&repository)).await;
    assert_eq!((status, &answer["last_number"]), (201, &json!(0)));
}

fn issue(number: u64, creator: usize) -> Value {
    json!({ "owner": "ann", "repo": "new", "number": number, "title": creator.to_string(),
        "author": "cy" })
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_issues_at_once_get_each_a_number_of_their_own() {
    const CREATORS: usize = 40;
    let example = Example::start("github").await;
    new_repository(&example).await;
    let http = &example.system.http;
    let open = async |creator: usize| {
        let add = json!({ "add": { "last_number": 1 } });
        let (status, repository) = http.send("PATCH", "/repository/ann/new", Some(&add)).await;
        assert_eq!(status, 200, "{repository}");
        let number = repository["last_number"].as_u64().expect("a number");
        let (status, issue) = http.send("POST", "/issue", Some(&issue(number, creator))).await;
        assert_eq!(status, 201, "{issue}");
        number
    };
    let numbers: BTreeSet<u64> = join_all((0..CREATORS).map(open)).await.into_iter().collect();
    assert_eq!(numbers, (1..=CREATORS as u64).collect());
    let newest_first: Vec<u64> = (1..=CREATORS as u64).rev().collect();
    assert_eq!(open_numbers(&example, "ann", "new").await, newest_first);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_issues_by_transactions_leave_no_number_out() {
    const CREATORS: usize = 12;
    let example = Example::start("github").await;
    new_repository(&example).await;
    let http = &example.system.http;
    let open = async |creator: usize| loop {
        let (_, repository) = http.get("/repository/ann/new").await;
        let last = repository["last_number"].as_u64().expect("a number");
        let actions = json!([
            { "action": "patch", "entity": "repository", "key": { "owner": "ann", "repo": "new" },
              "set": { "last_number": last + 1 }, "where": { "last_number": last } },
            { "action": "create", "entity": "issue", "item": issue(last + 1, creator) },
        ]);
        match http.send("POST", "/transactions", Some(&actions)).await {
            (200, _) => return,
            (412, problem) => assert_eq!(problem["action"], 0, "{problem}"),
            (409, problem) => assert_eq!(problem["type"], "/problems/conflict", "{problem}"),
            (status, problem) => panic!("{status}: {problem}"),
        }
    };
    join_all((0..CREATORS).map(open)).await;
    let newest_first: Vec<u64> = (1..=CREATORS as u64).rev().collect();
    assert_eq!(open_numbers(&example, "ann", "new").await, newest_first);
    let (_, repository) = http.get("/repository/ann/new").await;
    assert_eq!(repository["last_number"], CREATORS);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_stars_of_one_user_one_is_counted() {
    let example = Example::loaded("github").await;
    let processor = example.system.process(example.system.processor(), 100);
    let star = async |_| {
        let actions = json!([
            { "action": "create", "entity": "star", "item": { "login": "bob", "owner": "bob",
              "repo": "lock" } },
            { "action": "check", "entity": "repository", "key": { "owner": "bob",
              "repo": "lock" } },
        ]);
        example.system.http.send("POST", "/transactions", Some(&actions)).await
    };
    let answers = join_all((0..10).map(star)).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1, "{answers:?}");
    for (status, problem) in answers.iter().filter(|(status, _)| *status != 200) {
        assert_eq!((*status, &problem["action"]), (409, &json!(0)), "{problem}");
    }
    processor.catch_up().await;
    let (_, stars) = example.system.http.get("/rollups/stars?owner=bob&repo=lock").await;
    assert_eq!(stars["points"][0]["stars"], 2);
    processor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_opens_issues_and_closes_one_once() {
    let example = Example::loaded("github").await;
    let mut command = Command::new(Binary::named("issues").path());
    command.env("AWS_ENDPOINT_URL_DYNAMODB", &example.dynamodb.url);
    command.env("TABLE_NAME", &example.system.model.table.name);
    let program = Process::start(command);
    let ended = program.ended().await;
    let said = program.log.text();
    assert!(ended.success(), "{said}");
    assert!(
        said.contains("closed 8, and not twice: the item is not as the condition says"),
        "{said}"
    );
    let lines = |start: &str| -> Vec<String> {
        let lines = said.lines().filter_map(|line| line.strip_prefix(start));
        lines.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
    };
    assert_eq!(BTreeSet::from_iter(lines("opened ")).len(), 4, "{said}");
    assert_eq!(lines("open "), ["7", "6", "5", "4", "2"], "{said}");
    assert_eq!(open_numbers(&example, "ann", "weir").await, [7, 6, 5, 4, 2]);
    let (_, thread) = example.system.http.get("/collections/thread/ann/weir/8").await;
    assert_eq!(thread["comment"].as_array().map(Vec::len), Some(1), "{thread}");
}
