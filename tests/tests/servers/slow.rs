//! Clients that send or read slowly: each has a deadline, and an honest one is not cut off.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use weir_http::Limits;

use crate::servers::served::{LARGE_BYTES, Served, rest, status};

/// Timers are as exact as this.
const TICK: Duration = Duration::from_millis(10);
const SECOND: Duration = Duration::from_secs(1);
const HALF_BODY: &str = "POST /thing HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\
                         \r\ncontent-length: 1000\r\n\r\n{\"a\":";

/// What comes back on a connection, and how long after `begun` it was closed.
async fn closed(connection: &mut TcpStream, begun: Instant) -> (String, Duration) {
    let answer = rest(connection).await;
    (answer, begun.elapsed())
}

fn assert_at(found: Duration, expected: Duration) {
    assert!(found >= expected && found < expected + TICK, "after {found:?}, not {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_in_the_middle_is_cut_off_at_the_deadline_of_that_part() {
    let limits = Limits::default();
    let served = Served::start(limits).await;
    for (sent, deadline, expected) in [
        ("", limits.idle, 0),
        ("G", limits.header, 0),
        ("GET /health HTTP/1.1\r\nhos", limits.header, 0),
        ("GET /health HTTP/1.1\r\nhost: localhost\r\n\r", limits.header, 0),
        (HALF_BODY, limits.body, 408),
    ] {
        let mut connection = served.connect().await;
        let begun = Instant::now();
        connection.write_all(sent.as_bytes()).await.expect("an open connection");
        let (answer, after) = closed(&mut connection, begun).await;
        assert_eq!(status(&answer), expected, "{sent:?}: {answer}");
        assert_at(after, deadline);
    }
    assert_eq!(status(&served.get("/health").await), 200);
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_does_not_move_a_deadline() {
    let limits = Limits::default();
    let served = Served::start(limits).await;
    for (sent, drop, deadline, expected) in [
        ("GET /health HTTP/1.1\r\nhost: localhost\r\nx: ", b'a', limits.header, ""),
        (HALF_BODY, b' ', limits.body, "/problems/request-timeout"),
    ] {
        let begun = Instant::now();
        let (mut reads, mut writes) = served.connect().await.into_split();
        writes.write_all(sent.as_bytes()).await.expect("an open connection");
        let dripping = tokio::spawn(async move {
            while writes.write_all(&[drop]).await.is_ok() {
                sleep(SECOND).await;
            }
        });
        let mut answer = Vec::new();
        let _ = reads.read_to_end(&mut answer).await;
        assert_at(begun.elapsed(), deadline);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains(expected), "{answer}");
        assert_eq!(answer.is_empty(), expected.is_empty(), "{answer}");
        dripping.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_used_is_closed_when_it_is_idle_again() {
    let limits = Limits::default();
    let served = Served::start(limits).await;
    let mut connection = served.connect().await;
    // Nearly as long as it may be idle before, and between two requests.
    for _ in 0..3 {
        sleep(limits.idle - SECOND).await;
        let request = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
        connection.write_all(request).await.expect("an open connection");
        let mut answer = vec![0; 1024];
        let length = connection.read(&mut answer).await.expect("an answer");
        assert_eq!(status(&String::from_utf8_lossy(&answer[..length])), 200);
    }
    let (rest, after) = closed(&mut connection, Instant::now()).await;
    assert_eq!(rest, "");
    assert_at(after, limits.idle);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_loses_its_answer_and_one_that_reads_slowly_does_not() {
    let limits = Limits { header: SECOND, ..Limits::default() };
    let served = Served::start(limits).await;
    let request = b"GET /large HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    for pause in [limits.body + SECOND, limits.body / 10] {
        let mut connection = served.connect().await;
        connection.write_all(request).await.expect("an open connection");
        let mut bytes = 0;
        let mut chunk = vec![0; LARGE_BYTES / 16];
        loop {
            sleep(pause).await;
            let mut filled = 0;
            while filled < chunk.len() {
                match connection.read(&mut chunk[filled..]).await {
                    Ok(0) | Err(_) => break,
                    Ok(length) => filled += length,
                }
            }
            bytes += filled;
            if filled < chunk.len() {
                break;
            }
        }
        assert_eq!(bytes > LARGE_BYTES, pause < limits.body, "{bytes} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_may_take_longer_than_every_limit_to_be_answered() {
    let limits = Limits::default();
    let served = Served::start(limits).await;
    let answer = async { served.get("/wait").await };
    let release = async {
        sleep(limits.idle * 10).await;
        served.release.notify_one();
    };
    let (answer, ()) = tokio::join!(answer, release);
    assert!(answer.ends_with("waited"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_answers_what_it_has_begun_and_waits_for_no_idle_client() {
    let mut served = Served::start(Limits::default()).await;
    let mut idle = served.connect().await;
    let mut half = served.connect().await;
    half.write_all(b"GET /hea").await.expect("an open connection");
    let begun = Instant::now();
    let mut waiting = served.connect().await;
    let request = b"GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n";
    waiting.write_all(request).await.expect("an open connection");
    sleep(SECOND).await;
    served.stop.take().expect("it runs").send(()).expect("it runs");
    sleep(SECOND).await;
    served.release.notify_one();
    let answer = rest(&mut waiting).await;
    assert!(answer.ends_with("waited"), "{answer}");
    assert_eq!(rest(&mut idle).await, "");
    half.shutdown().await.expect("an open connection");
    served.task.await.expect("it ends");
    assert!(begun.elapsed() < SECOND * 12, "{:?}", begun.elapsed());
}
