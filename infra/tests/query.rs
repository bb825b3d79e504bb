//! `weir query` against a reader that gives prepared answers: every page, in the form that was
//! asked for.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread::{self, JoinHandle};

/// A server that gives these answers, one for each request, and then says what it was asked.
struct Canned {
    url: String,
    asked: JoinHandle<Vec<String>>,
}

impl Canned {
    fn answering(answers: &[(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let answers = answers.to_vec();
        let asked = thread::spawn(move || {
            let answer = |(head, body)| respond(&listener.accept().expect("asked").0, head, body);
            answers.into_iter().map(answer).collect()
        });
        Self { url, asked }
    }

    /// Runs `weir query` with these arguments; the paths that were asked for, and what came of it.
    fn query(self, line: &str) -> (Vec<String>, Output) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.arg("query").args(line.split_whitespace()).args(["--url", &self.url]);
        let output = command.env("NO_COLOR", "1").output().expect("started");
        (self.asked.join().expect("every answer was asked for"), output)
    }
}

/// Reads a request and answers it; its path.
fn respond(mut stream: &TcpStream, head: &str, body: &str) -> String {
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("text"));
    let first = lines.next().expect("a request");
    lines.find(String::is_empty).expect("the end of the headers");
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).expect("sent");
    first.split(' ').nth(1).expect("a path").to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

const NEXT: &str = "200 OK\r\nlink: <?every=day&cursor=A%2FQ>; rel=\"next\"";

#[test]
fn csv_of_several_pages_has_one_line_of_names() {
    let pages = [
        (
            NEXT,
            "user,start,orders\r\n\"a\nb\",2026-01-01T00:00:00Z,1\r\n\
             bob,2026-01-01T00:00:00Z,2\r\n",
        ),
        ("200 OK", "user,start,orders\r\nbob,2026-01-02T00:00:00Z,3\r\n"),
    ];
    let server = Canned::answering(&pages);
    let (asked, output) = server.query("spend user=ann user=bob --every day --csv");
    assert_eq!(
        asked,
        [
            "/rollups/spend?user=ann&user=bob&every=day&limit=1000&format=csv",
            "/rollups/spend?user=ann&user=bob&every=day&cursor=A%2FQ&limit=1000&format=csv",
        ]
    );
    let expected = "user,start,orders\r\n\"a\nb\",2026-01-01T00:00:00Z,1\r\n\
                    bob,2026-01-01T00:00:00Z,2\r\nbob,2026-01-02T00:00:00Z,3\r\n";
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
}

#[test]
fn ndjson_goes_on_until_there_are_enough_points() {
    let pages = [(NEXT, "{\"orders\":1}\n{\"orders\":2}\n"), (NEXT, "{\"orders\":3}\n")];
    let (asked, output) = Canned::answering(&pages).query("spend --every day --ndjson --limit 3");
    assert_eq!(
        asked,
        [
            "/rollups/spend?every=day&limit=3&format=ndjson",
            "/rollups/spend?every=day&cursor=A%2FQ&limit=1&format=ndjson",
        ]
    );
    assert_eq!(text(&output.stdout), "{\"orders\":1}\n{\"orders\":2}\n{\"orders\":3}\n");
}

#[test]
fn a_table_has_the_points_of_all_pages_and_says_how_far_to_trust_them() {
    let pages = [
        (
            "200 OK",
            r#"{"rollup":"spend","every":"day","dimensions":{},"points":[{"start":"A","end":"B","orders":4}],
            "freshness":"2026-11-20T06:40:03Z","items_read":2,"cursor":"AQ"}"#,
        ),
        (
            "200 OK",
            r#"{"rollup":"spend","every":"day","dimensions":{},"points":[{"start":"B","end":"C","orders":2}],
            "freshness":"2026-11-20T06:40:04Z","items_read":3,"cursor":null}"#,
        ),
    ];
    let (asked, output) = Canned::answering(&pages).query("spend --every day --chart bars");
    assert_eq!(asked[1], "/rollups/spend?every=day&cursor=AQ&limit=1000");
    insta::assert_snapshot!(text(&output.stdout), @r"
    start  end  orders  orders
    A      B         4  ████████████████████████
    B      C         2  ████████████

    5 items read, counted up to 2026-11-20T06:40:03Z
    ");
}

#[test]
fn a_leaderboard_is_ranks_within_some_dimensions() {
    let page = (
        "200 OK",
        r#"{"rollup":"sales","every":"month","start":"A","end":"B","ranked_by":"revenue","within":{"country":"DE"},"ranks":[
        {"rank":1,"dimensions":{"user":"ann"},"revenue":12.5}],"items_read":1,"cursor":null}"#,
    );
    let (asked, output) =
        Canned::answering(&[page]).query("sales --ranks --every month --from 2026-11 country=DE");
    assert_eq!(asked, ["/rollups/sales/ranks?country=DE&from=2026-11&every=month&limit=10"]);
    insta::assert_snapshot!(text(&output.stdout), @r"
    rank  user  revenue
       1  ann      12.5

    ranked by revenue in country DE, from A to B, 1 item read
    ");
}

#[test]
fn what_the_reader_refuses_is_told_whatever_the_form() {
    let problem = r#"{"title":"parameters do not go with the rollup","detail":"`fill`: `x`, expected zero, null or previous"}"#;
    for form in ["", "--csv", "--ndjson", "--json"] {
        let server = Canned::answering(&[("400 Bad Request", problem)]);
        let (_, output) = server.query(&format!("spend --fill x {form}"));
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
        insta::allow_duplicates! {
            insta::assert_snapshot!(text(&output.stderr), @"weir: parameters do not go with the rollup: `fill`: `x`, expected zero, null or previous");
        }
    }
    let (_, output) = Canned::answering(&[("200 OK", "a,b\r\n1\r\n")]).query("spend --csv");
    assert!(text(&output.stderr).contains("answers no CSV"), "{}", text(&output.stderr));
}
