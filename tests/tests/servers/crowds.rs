//! More connections than a server takes, and more header than a request may have.

use tokio::io::AsyncWriteExt;
use weir_http::Limits;

use crate::servers::served::{Served, rest, status};

/// How many connections the server of a test takes.
const MOST: usize = 40;
/// How many clients come.
const CROWD: usize = 10 * MOST;

fn limits() -> Limits {
    Limits { connections: MOST, ..Limits::default() }
}

#[tokio::test]
async fn idle_and_half_sent_connections_make_room_for_a_request() {
    let served = Served::start(limits()).await;
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let mut connection = served.connect().await;
        let sent: &[u8] = match number % 3 {
            0 => b"",
            1 => b"GET /health HTTP/1.1\r\nhos",
            _ => b"POST /thing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{",
        };
        connection.write_all(sent).await.expect("an open connection");
        crowd.push(connection);
    }
    assert_eq!(status(&served.get("/health").await), 200);
    // The first ones were the quietest.
    assert_eq!(rest(&mut crowd[0]).await, "");
    assert_eq!(status(&served.get("/health").await), 200);
}

#[tokio::test]
async fn a_request_that_is_being_answered_keeps_its_place() {
    let served = Served::start(limits()).await;
    let request = b"GET /wait HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut waiting = Vec::new();
    for _ in 0..MOST {
        let mut connection = served.connect().await;
        connection.write_all(request).await.expect("an open connection");
        waiting.push(connection);
    }
    // Only once all of them have arrived is there no room.
    loop {
        let answer = served.get("/health").await;
        if status(&answer) == 503 {
            assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
            break;
        }
        tokio::task::yield_now().await;
    }
    for connection in &mut waiting {
        served.release.notify_one();
        let answer = rest(connection).await;
        assert!(answer.ends_with("waited"), "{answer}");
    }
    assert_eq!(status(&served.get("/health").await), 200);
}

#[tokio::test]
async fn the_header_of_a_request_has_a_limit() {
    let served = Served::start(limits()).await;
    let header = |fields: usize, bytes: usize| {
        let field = format!("x: {}\r\n", "a".repeat(bytes));
        let fields = field.repeat(fields);
        format!("GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{fields}\r\n")
    };
    for (fields, bytes, expected) in
        [(1, 60_000, 200), (1, 70_000, 431), (90, 10, 200), (120, 10, 431)]
    {
        let answer = served.ask(&header(fields, bytes)).await;
        assert_eq!(status(&answer), expected, "{fields} fields of {bytes} bytes: {answer}");
    }
    let path = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(70_000));
    assert!([414, 431].contains(&status(&served.ask(&path).await)));
}
