//! Notes: versions, dates and tags that change, and the counts of them.

use fastrand::Rng;
use futures::future::join_all;
use serde_json::{Value, json};
use weir_testing::example::Example;
use weir_testing::recount::{DAY_MONTH_ALL, Rollup};
use weir_testing::tour;

use crate::examples::SEEDS;

const ROLLUPS: [Rollup<'_>; 2] = {
    let by_user = Rollup {
        name: "notes_by_user",
        by: &["user"],
        time: "date",
        buckets: DAY_MONTH_ALL,
        measured: &[],
        admits: |_| true,
    };
    let by_tag = Rollup {
        name: "notes_by_tag",
        by: &["user", "tag"],
        buckets: &["month", "all"],
        admits: |item| item["tag"].is_object(),
        ..by_user
    };
    [by_user, by_tag]
};

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_is_answered_as_it_is_printed() {
    tour::take("notes").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_notes_every_list_and_count_is_that_of_a_recount() {
    for seed in SEEDS {
        let mut random = Rng::with_seed(seed);
        let example = Example::loaded("notes").await;
        for _ in 0..2 {
            for _ in 0..60 {
                change(&example, &mut random).await;
            }
            example.deliver(&mut random).await;
            example.assert_exact(&ROLLUPS).await;
        }
    }
}

/// Does something to some note of a few: often it is not there, and sometimes it is not as
/// expected.
async fn change(example: &Example, random: &mut Rng) {
    let user = *random.choice(&["ann", "bob"]).expect("some");
    let id = format!("01M6B1YQ0000000000000000{:02}", random.u8(10..22));
    let date = format!("2026-{:02}-{:02}T12:00:00Z", random.u8(10..13), random.u8(1..4));
    let tag = *random.choice(&["home", "work", "Home ", "a#b%"]).expect("some");
    let path = format!("/note/{user}/{id}");
    let (method, path, body) = match random.u8(0..8) {
        0 | 1 => {
            let note =
                json!({ "user": user, "note_id": id, "title": "t", "date": date, "tag": tag });
            ("POST", "/note".to_owned(), note)
        }
        2 => ("PUT", path, json!({ "title": "replaced", "date": date })),
        3 => ("PATCH", path, json!({ "set": { "date": date, "tag": tag } })),
        4 => ("PATCH", path, json!({ "set": { "tag": tag }, "where": { "version": 1 } })),
        5 => ("PATCH", path, json!({ "remove": ["tag"], "set": { "body": "b" } })),
        6 => ("PATCH", format!("{path}?create=true"), json!({ "set": { "title": "made" } })),
        _ => ("DELETE", path, Value::Null),
    };
    let body = Some(&body).filter(|body| !body.is_null());
    let (status, answer) = example.system.http.send(method, &path, body).await;
    assert!([200, 201, 204, 404, 409, 412].contains(&status), "{method} {path}: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_write_the_version_they_read_one_is_done_at_a_time() {
    const WRITERS: usize = 20;
    let example = Example::start("notes").await;
    let http = &example.system.http;
    let note = json!({ "user": "ann", "note_id": "01M6B1YQ00000000000000000A", "title": "0" });
    assert_eq!(http.send("POST", "/note", Some(&note)).await.0, 201);
    let path = "/note/ann/01M6B1YQ00000000000000000A";
    let count_on = async |_: usize| loop {
        let (_, read) = http.get(path).await;
        let title = read["title"].as_str().and_then(|text| text.parse::<usize>().ok());
        let next = title.expect("a number") + 1;
        let update = json!({ "set": { "title": next.to_string() } });
        let tag = format!("\"{}\"", read["version"]);
        let headers = [("If-Match", tag.as_str())];
        match http.send_with(&headers, "PATCH", path, Some(&update)).await {
            (200, _) => return,
            (412, problem) => assert!(problem["current"]["version"].is_number(), "{problem}"),
            (status, problem) => panic!("{status}: {problem}"),
        }
    };
    join_all((0..WRITERS).map(count_on)).await;
    let (_, note) = http.get(path).await;
    assert_eq!(
        (&note["title"], &note["version"]),
        (&json!(WRITERS.to_string()), &json!(WRITERS + 1))
    );
}
