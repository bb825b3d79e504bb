//! Questions and lists that would read without end: before there was a budget, the first one made
//! more than 105,349 requests of DynamoDB, the second one 3,203, a list whose filter matches
//! nothing read 33 MB, and an item with three such lists 100 MB.

use serde_json::{Value, json};
use weir_table::Reads;
use weir_testing::dynamodb::{TestDynamo, reads_in_pages};
use weir_testing::fixture::fixture;
use weir_testing::recorder::Recorder;

use crate::http::shop::{Reply, Shop, problem};

const LIMITS: Reads = Reads::DEFAULT_LIMITS;

/// A shop, and what is asked of its DynamoDB.
async fn recorded(definition: &str) -> (Shop, Recorder) {
    let recorder = Recorder::default();
    let connection = recorder.before(TestDynamo::start().await.connect().await);
    (Shop::over(connection, definition).await, recorder)
}

/// An answer, whose requests are those of its budget and within it.
async fn bounded(shop: &Shop, recorder: &Recorder, path: &str) -> Reply {
    recorder.requests();
    let reply = shop.get(path).await;
    let read = reply.read.expect("a budget");
    let requests = recorder.requests();
    let sent = requests.iter().filter(|(operation, _)| operation != "DescribeTable").count();
    assert_eq!(sent as u64, read.reads, "{path}");
    let is_within = read.bytes <= LIMITS.bytes || !reads_in_pages();
    assert!(read.reads <= LIMITS.reads && is_within, "{path}: {read:?}");
    reply
}

fn sites(count: usize) -> String {
    (0..count).map(|number| format!("&site=s{number}")).collect()
}

#[tokio::test]
async fn a_question_whose_first_point_takes_too_many_reads_is_rejected_before_it_is_read() {
    let (shop, recorder) =
        recorded(&fixture("visits").replace("stripes = 1", "stripes = 64")).await;
    let many = sites(100);
    for (question, reads) in [
        (
            "every=minute&from=2026-11-20&to=2026-11-21",
            "100 groups × 64 stripes × 1 ranges of buckets are 6400 reads",
        ),
        ("every=all", "100 groups × 64 stripes × 1 ranges of buckets are 6400 reads"),
        (
            "every=minute&from=2026-11-20&to=2026-11-21&compare=previous_period",
            "× 2 ranges of buckets are 12800 reads",
        ),
    ] {
        let reply = bounded(&shop, &recorder, &format!("/rollups/visits?{question}{many}")).await;
        assert_eq!(reply.problem(), problem(400, "bad-query"), "{}", reply.text);
        assert!(reply.text.contains(reads), "{}", reply.text);
        assert!(reply.text.contains("expected at most "), "{}", reply.text);
        assert!(reply.read.expect("a budget").reads <= 4, "the state of the rollups at most");
    }
    let fitting = sites(15);
    let question = "/rollups/visits?every=minute&from=2026-11-20&to=2026-11-21";
    let reply = bounded(&shop, &recorder, &format!("{question}{fitting}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.json()["cursor"].is_string(), "a day of minutes takes several pages");
}

#[tokio::test]
async fn a_question_of_many_groups_is_answered_as_far_as_its_reads_last() {
    let (shop, recorder) = recorded(&fixture("visits")).await;
    let question = "/rollups/visits?every=minute&from=2026-11&to=2026-12";
    let reply = bounded(&shop, &recorder, &format!("{question}{}", sites(100))).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let cursor = reply.json()["cursor"].as_str().map(str::to_owned).expect("more pages");
    let next = format!("{question}{}&cursor={cursor}", sites(100));
    let reply = bounded(&shop, &recorder, &next).await;
    assert_ne!(reply.json()["cursor"], json!(cursor), "the next page gets on");
}

#[tokio::test]
async fn a_list_whose_filter_matches_nothing_ends_with_its_bytes_and_so_do_related_ones() {
    if !reads_in_pages() {
        println!("skipped: this DynamoDB reads the whole partition as one page");
        return;
    }
    let (shop, recorder) = recorded(&fixture("blog")).await;
    shop.load("user", &[json!({ "id": "ann" })]).await;
    for number in 0..30 {
        let post = |own: usize| {
            json!({ "author_id": "ann", "number": number * 10 + own,
            "text": "x".repeat(95_000) })
        };
        shop.load("post", &(0..10).map(post).collect::<Vec<Value>>()).await;
    }
    let nothing = "where=%7B%22text%22:%22y%22%7D";
    for query in [nothing.to_owned(), "count=true".to_owned(), format!("{nothing}&include=author")]
    {
        let reply = bounded(&shop, &recorder, &format!("/post/ann?{query}")).await;
        let page = reply.json();
        assert_eq!(reply.status, 200, "{query}: {}", reply.text);
        assert!(page["cursor"].is_string(), "{query}: what was read is a part, and says so");
        assert!(
            reply.read.expect("a budget").bytes > LIMITS.bytes / 2,
            "{query}: {:?}",
            reply.read
        );
    }
    let reply = bounded(&shop, &recorder, "/user/ann?include=drafts,lost,gone").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    for relation in ["drafts", "lost", "gone"] {
        assert!(reply.json()[relation]["cursor"].is_string(), "{relation}: {}", reply.text);
    }
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = bounded(&shop, &recorder, &format!("/post/ann?count=true{cursor}")).await.json();
        count += page["count"].as_u64().expect("a count");
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(count, 300, "the parts of a count are all");
}

/// Rows are read of buckets in which something is counted, not of every minute of the range.
#[tokio::test]
async fn a_sparse_series_of_rows_takes_few_reads_and_few_pages() {
    let definition = fixture("visits").replace("stripes = 1", "stripes = 16").replace(
        "visits = \"count\"",
        "visits = \"count\", last = \"max(id)\", ids = \"distinct(id)\"",
    );
    let (shop, recorder) = recorded(&definition).await;
    let visit = |hour: u8| {
        let at = format!("2026-11-20T{hour:02}:00:00Z");
        json!({ "id": format!("{hour:02}"), "site": "s0", "at": at })
    };
    let visits: Vec<_> = (0..24).map(visit).collect();
    shop.count("visit", &visits).await;
    let question = "/rollups/visits?site=s0&every=minute&from=2026-11-20&to=2026-11-21";
    let reply = bounded(&shop, &recorder, question).await.json();
    let points = reply["points"].as_array().expect("points");
    assert_eq!((points.len(), &reply["cursor"]), (24, &Value::Null), "{reply}");
    assert!(points.iter().enumerate().all(|(hour, point)| point["last"] == format!("{hour:02}")));
}
