//! `Link: …; rel="next"` of rollups: any query comes back as a parser leaves it, and leads to the
//! next page.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use url::Url;

use crate::links::desk::{Desk, part, texts};
use crate::links::is_fit;

/// How many folders are asked about.
const FOLDERS: usize = 40;
const RANGE: &str = "every=day&from=2026-03-01&to=2026-03-04&limit=1";

/// A parameter's value as a careless client writes it: escaped only where the request line would
/// end.
fn careless(text: &str) -> String {
    let escape = |c: char| match c {
        '%' | '&' | '+' | '#' | '<' | '>' | '"' | ' ' => part(&c.to_string()),
        c if c.is_control() => part(&c.to_string()),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// The points of all pages, each reached by the link of the page before.
async fn followed(desk: &Desk, query: &str) -> Vec<Value> {
    let mut url = Url::parse("http://host/prod/rollups/notes").expect("a URL");
    let mut points = Vec::new();
    let mut query = query.to_owned();
    loop {
        let reply = desk.raw("GET", &format!("/rollups/notes?{query}"), None).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.body);
        points.extend(reply.body["points"].as_array().expect("points").iter().cloned());
        let Some(link) = reply.link else { return points };
        let target = link.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (target, rest) = target.unwrap_or_else(|| panic!("{link} is not a link"));
        assert_eq!(rest, "; rel=\"next\"", "{link}");
        url = url.join(target).expect("a reference");
        assert_eq!(url.as_str(), format!("http://host/prod/rollups/notes{target}"), "{link}");
        query = url.query().expect("a query").to_owned();
    }
}

#[tokio::test]
async fn every_link_to_a_next_page_survives_a_url_parser_and_leads_on() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::default();
    let mut folders = vec!["O'Hara".to_owned(), "ü".to_owned(), "a>b".to_owned()];
    while folders.len() < FOLDERS {
        let text = texts().new_tree(&mut runner).expect("a text").current();
        if is_fit(&text) && !folders.contains(&text) {
            folders.push(text);
        }
    }
    for folder in &folders {
        let notes: Vec<_> = (1..=3)
            .map(|day| {
                json!({ "folder": folder, "name": day.to_string(),
                "at": format!("2026-03-0{day}T10:00:00Z") })
            })
            .collect();
        let (status, report) = desk.http().send("POST", "/batch/note", Some(&json!(notes))).await;
        assert_eq!((status, &report["written"]), (200, &json!(3)), "{folder:?}: {report}");
    }
    let running = desk.system.process(desk.system.processor(), 100);
    running.catch_up().await;
    for folder in &folders {
        for text in [part(folder), careless(folder)] {
            let points = followed(&desk, &format!("folder={text}&{RANGE}")).await;
            let days: Vec<_> = points.iter().map(|point| point["notes"].clone()).collect();
            assert_eq!(days, [1, 1, 1].map(|count| json!(count)), "{folder:?} as {text}");
        }
    }
    running.stop().await;
}
