//! Requests as web pages, DNS rebinding and broken proxies send them, byte by byte.

use weir_http::Limits;

use crate::servers::served::{Served, status};

/// A request line and headers, with the end of the header.
fn request(lines: &[&str]) -> String {
    format!("{}\r\nconnection: close\r\n\r\n", lines.join("\r\n"))
}

#[tokio::test]
async fn a_loopback_server_answers_to_its_own_names_and_to_no_page_of_another_site() {
    let served = Served::start(Limits::default()).await;
    let get = "GET /health HTTP/1.1";
    let other = "GET /other HTTP/1.1";
    let cases: [(&[&str], u16, &str); 21] = [
        (&[get, "host: 10.0.0.7:8080"], 200, "ok"),
        (&["GET /health HTTP/1.0"], 200, "ok"),
        (&[other, "host: localhost.:3000"], 404, "unknown-entity"),
        (&[other, "host: localhost:", "origin: HTTP://localhost"], 404, "unknown-entity"),
        (&[get, "host: localhost:3000"], 200, "ok"),
        (&[get, "host: [::1]"], 200, "ok"),
        (&["GET http://localhost/health HTTP/1.1", "host: localhost"], 200, "ok"),
        (&[get, "host: localhost", "origin: http://127.0.0.1:8080"], 200, "ok"),
        (&[get], 400, "bad-header"),
        (&[get, "host: localhost", "host: evil.example"], 400, "bad-header"),
        (&["GET http://evil.example/health HTTP/1.1", "host: localhost"], 400, "bad-header"),
        (&["GET http://evil.example/other HTTP/1.1", "host: evil.example"], 421, "foreign-host"),
        (&["GET /other HTTP/1.0"], 421, "foreign-host"),
        (&[other, "host: evil.example"], 421, "foreign-host"),
        (&[other, "host: 127.0.0.1.evil.example"], 421, "foreign-host"),
        (&[other, "host: localhost@evil.example"], 421, "foreign-host"),
        (&[other, "host: localhost:99999"], 421, "foreign-host"),
        (&[get, "host: localhost", "origin: https://evil.example"], 403, "foreign-origin"),
        (&[get, "host: localhost", "origin: null"], 403, "foreign-origin"),
        (&[get, "host: localhost", "sec-fetch-site: cross-site"], 403, "foreign-origin"),
        (
            &["OPTIONS /thing HTTP/1.1", "host: localhost", "origin: https://evil.example"],
            403,
            "foreign-origin",
        ),
    ];
    for (lines, expected, says) in cases {
        let answer = served.ask(&request(lines)).await;
        assert_eq!(status(&answer), expected, "{lines:?}: {answer}");
        assert!(answer.contains(says), "{lines:?}: {answer}");
        assert!(!answer.to_lowercase().contains("access-control-"), "{lines:?}: {answer}");
        assert!(answer.contains("x-content-type-options: nosniff\r\n"), "{lines:?}: {answer}");
        assert!(answer.contains("cache-control: no-store\r\n"), "{lines:?}: {answer}");
    }
}

#[tokio::test]
async fn a_page_cannot_store_with_a_form_or_without_a_content_type() {
    let served = Served::start(Limits::default()).await;
    let body = r#"{"a":1}"#;
    for (content_type, expected) in [
        ("content-type: application/json", 200),
        ("content-type: text/plain", 415),
        ("content-type: application/x-www-form-urlencoded", 415),
        ("content-type: multipart/form-data; boundary=x", 415),
        ("x: no content type", 415),
    ] {
        let head = ["POST /thing HTTP/1.1", "host: localhost", "content-length: 7", content_type];
        let answer = served.ask(&format!("{}{body}", request(&head))).await;
        assert_eq!(status(&answer), expected, "{content_type}: {answer}");
    }
}

#[tokio::test]
async fn a_server_of_a_network_answers_to_the_names_that_it_is_given() {
    let cases = [(&[][..], 404), (&["weir.example"][..], 421)];
    for (allowed, expected) in cases {
        let served = Served::start_at("0.0.0.0:0", Limits::default(), allowed).await;
        let own = request(&["GET /health HTTP/1.1", "host: weir.example:80"]);
        assert_eq!(status(&served.ask(&own).await), 200, "{allowed:?}");
        let other = request(&["GET /other HTTP/1.1", "host: evil.example"]);
        assert_eq!(status(&served.ask(&other).await), expected, "{allowed:?}");
        let two = request(&["GET /health HTTP/1.1", "host: weir.example", "host: weir.example"]);
        assert_eq!(status(&served.ask(&two).await), 400, "{allowed:?}");
    }
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    let served = Served::start(Limits::default()).await;
    let answer = served.ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(!answer.contains("200"), "{answer}");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer:?}");
}
