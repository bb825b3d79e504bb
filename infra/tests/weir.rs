//! The `weir` binary as its user meets it: started, asked, killed, started again, stopped.
mod hostile;
mod messy;
mod strict;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "USER#{user}"
SK = "ORDER#{number}"
[entities.order.attributes]
user = { type = "string", required = true }
number = { type = "integer", required = true }
paid = { type = "boolean", required = true }
total = { type = "decimal", scale = 2, required = true }
at = { type = "timestamp", required = true }
[rollups.spend]
of = "order"
where = { paid = true }
by = ["user"]
time = "at"
buckets = ["month", "all"]
measures = { orders = "count", spent = "sum(total)" }
[dev]
load = [{ entity = "order", file = "orders.csv" }]
[dev.show]
rollup = "spend"
measure = "spent"
title = "Who spent most"
"##;
const ORDERS: &str = "user,number,paid,total,at
ann,1,true,10.50,2026-01-31T23:59:59Z
bob,1,true,99,2026-02-01T00:00:00Z
bob,2,false,1000,2026-02-01T00:00:00Z
ann,2,true,0.5,2026-02-28T12:00:00Z
cy,1,yes,1,2026-02-28T12:00:00Z
";

/// A `weir dev` that serves.
struct Served {
    process: Child,
    out: BufReader<ChildStdout>,
    /// What it printed until it served.
    printed: String,
}

impl Served {
    fn start(folder: &Path) -> Self {
        Self::serving(folder, &["--data", "shop.db"])
    }

    fn serving(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = weir(folder)
            .arg("dev")
            .args(arguments)
            .args(["--port", "0", "--dynamodb-port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut out = BufReader::new(process.stdout.take().expect("piped"));
        let mut printed = String::new();
        while !printed.ends_with("Ctrl-C stops.\n") {
            assert_ne!(out.read_line(&mut printed).expect("text"), 0, "it ended: {printed}");
        }
        Self { process, out, printed }
    }

    fn url(&self) -> &str {
        let (_, rest) = self.printed.split_once("Serving on ").expect("a URL");
        rest.split(',').next().expect("a URL")
    }

    /// What is printed before the guide, without the lines that depend on how far counting was.
    fn table(&self) -> String {
        let lines = self.printed.lines().take_while(|line| !line.starts_with("Serving"));
        lines
            .filter(|line| !line.starts_with("loaded in") && !line.starts_with("replaying "))
            .map(|line| format!("{line}\n"))
            .collect()
    }

    fn end(mut self, signal: &str) -> ExitStatus {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill");
        assert!(sent.success());
        let mut rest = String::new();
        while self.out.read_line(&mut rest).expect("text") > 0 {}
        assert_eq!(rest, "");
        self.process.wait().expect("ended")
    }
}

/// A test that fails leaves no server behind.
impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn weir(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.current_dir(folder).env("LANG", "C.UTF-8").env("NO_COLOR", "1");
    for name in ["RUST_LOG", "TABLE_NAME", "ROLLUPS_TABLE_NAME", "LC_ALL", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    command
}

fn run(folder: &Path, line: &str, url: &str) -> Output {
    weir(folder).args(line.split_whitespace()).args(["--url", url]).output().expect("started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("weir.toml"), DEFINITION).expect("written");
    fs::write(folder.path().join("orders.csv"), ORDERS).expect("written");
    folder
}

#[test]
fn a_file_becomes_rollups_that_outlive_a_kill() {
    let folder = folder();
    let folder = folder.path();
    let served = Served::start(folder);
    insta::assert_snapshot!(served.table(), @r#"
    orders.csv: 5 rows: 4 written, 1 refused

    Who spent most

    bob  99
    ann  11
    "#);
    assert_eq!(served.end("-KILL").code(), None);

    let served = Served::start(folder);
    let rows = "{\"user\":\"ann\",\"number\":3,\"paid\":true,\"total\":100,\
                \"at\":\"2026-03-01T00:00:00Z\"}\n{}\nx\n";
    fs::write(folder.join("more.ndjson"), rows).expect("written");
    let loaded = run(folder, "load more.ndjson --entity order --no-wait", served.url());
    assert_eq!(text(&loaded.stdout), "3 rows: 1 written, 2 refused\n");
    assert_eq!(loaded.status.code(), Some(1));
    insta::assert_snapshot!(text(&loaded.stderr), @r"
    more.ndjson:3: not JSON: expected value at column 1
    more.ndjson:2: `user`: expected a string, it is required; `number`: expected an integer, it is required; `paid`: expected a boolean, it is required; `total`: expected a decimal, it is required; `at`: expected a timestamp, it is required
    ");
    assert_eq!(served.end("-KILL").code(), None);

    let served = Served::start(folder);
    insta::assert_snapshot!(served.table(), @r"
    Who spent most

    ann  111
    bob   99
    ");
    let months = "query spend user=ann --every month --from 2026 --to 2027";
    let asked = text(&run(folder, months, served.url()).stdout);
    let (table, footer) = asked.split_once("\n\n").expect("a table and what it was made of");
    insta::assert_snapshot!(table, @r"
    start                 end                   orders  spent
    2026-01-01T00:00:00Z  2026-02-01T00:00:00Z       1   10.5
    2026-02-01T00:00:00Z  2026-03-01T00:00:00Z       1    0.5
    2026-03-01T00:00:00Z  2026-04-01T00:00:00Z       1    100
    ");
    assert!(
        footer.starts_with("3 items read, counted up to ") && footer.ends_with("Z\n"),
        "{footer}"
    );
    let csv = run(folder, &format!("{months} --csv --limit 2"), served.url());
    assert_eq!(text(&csv.stderr), "");
    insta::assert_snapshot!(text(&csv.stdout).replace("\r\n", "\n"), @r"
    user,start,end,orders,spent,parked
    ann,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,1,10.5,
    ann,2026-02-01T00:00:00Z,2026-03-01T00:00:00Z,1,0.5,
    ");
    let ndjson = run(folder, &format!("{months} --ndjson --limit 1"), served.url());
    insta::assert_snapshot!(text(&ndjson.stdout), @r#"{"dimensions":{"user":"ann"},"start":"2026-01-01T00:00:00Z","end":"2026-02-01T00:00:00Z","orders":1,"spent":10.5}"#);
    let wrong = run(folder, "query spend usr=ann", served.url());
    assert_eq!((wrong.status.code(), text(&wrong.stdout)), (Some(1), String::new()));
    assert!(text(&wrong.stderr).contains("did you mean `user`?"), "{}", text(&wrong.stderr));
    assert_eq!(served.end("-INT").code(), Some(0));
}

/// The answer of the rollup of a user.
fn spend(served: &Served, user: &str) -> (u16, serde_json::Value) {
    let url = format!("{}/rollups/spend?user={user}", served.url());
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.get(url).call().expect("an answer");
    let body = answer.body_mut().read_to_string().expect("text");
    (answer.status().as_u16(), serde_json::from_str(&body).expect("JSON"))
}

#[test]
fn a_load_ends_when_its_rows_are_counted() {
    let folder = folder();
    let served = Served::start(folder.path());
    let row = |number: usize| format!("dan,{number},true,1,2026-01-31T23:59:59Z\n");
    for (round, first) in [1, 1_001, 2_001].into_iter().enumerate() {
        let rows: String = (first..first + 1_000).map(row).collect();
        let file = folder.path().join("more.csv");
        fs::write(file, format!("user,number,paid,total,at\n{rows}")).expect("written");
        let loaded = run(folder.path(), "load more.csv --entity order", served.url());
        assert_eq!(loaded.status.code(), Some(0), "{}", text(&loaded.stderr));
        let (status, answer) = spend(&served, "dan");
        let expected = 1_000 * (round as u64 + 1);
        assert_eq!(
            (status, answer["points"][0]["orders"].as_u64()),
            (200, Some(expected)),
            "{answer}"
        );
    }
    assert_eq!(served.end("-INT").code(), Some(0));
}

/// A call of the DynamoDB that is served.
fn dynamodb(served: &Served, operation: &str, body: &str) {
    let (_, url) = served.printed.split_once("DynamoDB at ").expect("a URL");
    let answer = ureq::post(url.split(". Look").next().expect("a URL"))
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 \
                                  Credential=weir/20260101/us-east-1/dynamodb/aws4_request, \
                                  SignedHeaders=host;x-amz-date, Signature=0",
        )
        .header("x-amz-date", "20260101T000000Z")
        .send(body);
    assert_eq!(answer.expect("an answer").status(), 200, "{operation}");
}

#[test]
fn a_stream_that_is_disabled_and_enabled_again_is_followed_and_counted_once() {
    let folder = folder();
    let served = Served::start(folder.path());
    let update =
        |stream: &str| format!(r#"{{"TableName":"shop","StreamSpecification":{{{stream}}}}}"#);
    dynamodb(&served, "UpdateTable", &update(r#""StreamEnabled":false"#));
    let enabled = r#""StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES""#;
    dynamodb(&served, "UpdateTable", &update(enabled));
    let row = r#"{"user":"ann","number":9,"paid":true,"total":100,"at":"2026-03-01T00:00:00Z"}"#;
    fs::write(folder.path().join("one.ndjson"), row).expect("written");
    let loaded = run(folder.path(), "load one.ndjson --entity order", served.url());
    assert_eq!(loaded.status.code(), Some(0), "{}", text(&loaded.stderr));
    let begun = std::time::Instant::now();
    let answer = loop {
        let (status, answer) = spend(&served, "ann");
        assert_eq!(status, 200, "{answer}");
        if answer["points"][0]["orders"] == 3 && answer["incomplete_since"].is_string() {
            break answer;
        }
        assert!(begun.elapsed().as_secs() < 60, "{answer}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert_eq!(answer["points"][0]["spent"], 111, "each order counts once");
    // Long enough for the old stream's reader to look again.
    assert_eq!(served.end("-INT").code(), Some(0));
    let served = Served::start(folder.path());
    let (_, answer) = spend(&served, "ann");
    assert_eq!(answer["points"][0]["orders"], 3, "{answer}");
    assert_eq!(served.end("-INT").code(), Some(0));
}

#[test]
fn what_is_written_while_the_stream_is_disabled_is_not_called_complete() {
    let folder = folder();
    let served = Served::start(folder.path());
    let disable = r#"{"TableName":"shop","StreamSpecification":{"StreamEnabled":false}}"#;
    dynamodb(&served, "UpdateTable", disable);
    let before = jiff::Timestamp::now();
    let row = r#"{"user":"ann","number":9,"paid":true,"total":100,"at":"2026-03-01T00:00:00Z"}"#;
    fs::write(folder.path().join("one.ndjson"), row).expect("written");
    let loaded = run(folder.path(), "load one.ndjson --entity order --no-wait", served.url());
    assert_eq!(loaded.status.code(), Some(0), "{}", text(&loaded.stderr));
    let time = |value: &serde_json::Value| {
        value.as_str().map(|text| text.parse::<jiff::Timestamp>().expect("RFC 3339"))
    };
    let begun = std::time::Instant::now();
    // It is noticed at the next look at the stream, ten seconds later at most.
    loop {
        let (_, answer) = spend(&served, "ann");
        let through = time(&answer["complete_through"]);
        assert!(through.is_none_or(|through| through <= before), "{before}: {answer}");
        if let Some(since) = time(&answer["incomplete_since"]) {
            assert!(since <= before, "{before}: {answer}");
            break;
        }
        assert!(begun.elapsed().as_secs() < 60, "{answer}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    assert_eq!(served.end("-INT").code(), Some(0));
    // Nothing but this program can enable the stream again.
    let served = Served::start(folder.path());
    let (status, answer) = spend(&served, "ann");
    assert_eq!((status, answer["points"][0]["orders"].as_u64()), (200, Some(2)), "{answer}");
    assert!(time(&answer["incomplete_since"]).is_some_and(|since| since <= before), "{answer}");
    assert_eq!(served.end("-INT").code(), Some(0));
}

#[test]
fn a_table_whose_rollups_were_deleted_is_built_again_at_the_start() {
    let folder = folder();
    let served = Served::start(folder.path());
    let (_, before) = spend(&served, "ann");
    dynamodb(&served, "DeleteTable", r#"{"TableName":"shop-rollups"}"#);
    assert_eq!(served.end("-KILL").code(), None);
    // DynamoDB gives the age of a table in whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let served = Served::start(folder.path());
    let building = "building from the items of the table: spend";
    assert!(served.printed.contains(building), "{}", served.printed);
    let (status, answer) = spend(&served, "ann");
    assert_eq!((status, &answer["points"]), (200, &before["points"]), "{answer}");
    assert_eq!(served.end("-INT").code(), Some(0));
}

#[test]
fn every_line_of_the_guide_works() {
    let folder = folder();
    let served = Served::start(folder.path());
    let (_, guide) = served.printed.split_once("Look next at\n").expect("a guide");
    let urls: Vec<_> =
        guide.lines().filter_map(|line| line.trim().strip_prefix("curl '")).collect();
    assert_eq!(urls.len(), 4, "{guide}");
    for url in urls {
        let answer = ureq::get(url.trim_end_matches('\'')).call();
        let body = answer.expect(url).body_mut().read_to_string().expect("text");
        let expected = if url.contains("rollups") { "\"orders\":1" } else { "bob" };
        assert!(url.contains("openapi") || body.contains(expected), "{url}: {body}");
    }
    let (_, command) = guide.split_once(" query ").expect("a command");
    let words = command.lines().next().expect("a line").split_whitespace();
    let asked = weir(folder.path()).arg("query").args(words).output().expect("started");
    assert!(text(&asked.stdout).contains("2026-02-01T00:00:00Z"), "{}", text(&asked.stderr));
    assert_eq!(served.end("-INT").code(), Some(0));
}

/// What the README of an example says first. The flights are the README's own first command, which
/// `.ci/run` gives.
#[test]
fn every_example_is_right_and_is_served_with_its_data() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let folders =
        fs::read_dir(&examples).expect("the examples").map(|entry| entry.expect("one").path());
    let files: Vec<_> =
        folders.map(|folder| folder.join("weir.toml")).filter(|file| file.is_file()).collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files.iter().filter(|file| !file.ends_with("flights/weir.toml")) {
        let file = file.to_str().expect("text");
        let checked = weir(&examples).args(["check", file]).output().expect("started");
        assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
        let served = Served::serving(&examples, &[file]);
        let loaded = served.printed.lines().filter(|line| line.contains(" refused"));
        assert!(loaded.clone().all(|line| line.ends_with(" 0 refused")), "{}", served.printed);
        let data = fs::read_to_string(file).expect("read").matches("file = ").count();
        assert_eq!(loaded.count(), data, "{}", served.printed);
        let rollups = ureq::get(format!("{}/rollups", served.url())).call().expect("an answer");
        assert_eq!(rollups.status(), 200);
        assert_eq!(served.end("-INT").code(), Some(0));
    }
}

#[test]
fn one_process_has_the_file_and_sigterm_ends_it_well() {
    let folder = folder();
    let served = Served::start(folder.path());
    let second = ["dev", "--data", "shop.db", "--port", "0", "--dynamodb-port", "0"];
    let second = weir(folder.path()).args(second).output().expect("started");
    assert_eq!(second.status.code(), Some(1));
    let told = text(&second.stderr);
    let expected = "shop.db cannot be opened: another weir dev has it open\n";
    assert!(told.starts_with("weir: the database /") && told.ends_with(expected), "{told}");
    let port = served.url().rsplit(':').next().expect("a port");
    let second = weir(folder.path()).args(["dev", "--port", port]).output().expect("started");
    assert_eq!(second.status.code(), Some(1));
    let told = text(&second.stderr);
    let expected = format!("weir: port {port} is taken, expected a free one: --port names another");
    assert!(told.starts_with(&expected), "{told}");
    assert_eq!(served.end("-TERM").code(), Some(0));
}

#[test]
fn a_lease_is_shown_and_broken() {
    let folder = folder();
    let served = Served::start(folder.path());
    let (_, rest) = served.printed.split_once("the DynamoDB at ").expect("a URL");
    let endpoint = rest.split('.').collect::<Vec<_>>();
    let endpoint = endpoint[..4].join(".");
    let lease = |arguments: &[&str]| {
        let mut command = weir(folder.path());
        command.args(["lease", "weir.toml", "--endpoint", &endpoint]).args(arguments);
        command.output().expect("started")
    };
    let shown = lease(&[]);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    let shown = text(&shown.stdout);
    assert!(shown.contains("holder        weir dev\n"), "{shown}");
    assert!(shown.contains("time to live  10s\nfence         1\n"), "{shown}");
    let broken = lease(&["--break"]);
    assert_eq!(broken.status.code(), Some(0), "{}", text(&broken.stderr));
    assert!(text(&broken.stdout).ends_with("the lease is broken: any poller may take it now\n"));
    assert_eq!(served.end("-INT").code(), Some(0));
}

#[test]
fn a_wrong_definition_is_shown_with_its_line_and_a_right_one_is_summed_up() {
    let folder = folder();
    let checked = weir(folder.path()).args(["check", "weir.toml"]).output().expect("started");
    assert_eq!(checked.status.code(), Some(0));
    assert!(text(&checked.stdout).starts_with("weir.toml is right: 1 entity and 1 rollup\n"));
    let wrong = DEFINITION.replace("by = [\"user\"]", "by = [\"usr\"]");
    fs::write(folder.path().join("wrong.toml"), wrong).expect("written");
    let checked = weir(folder.path()).args(["check", "wrong.toml"]).output().expect("started");
    assert_eq!((checked.status.code(), text(&checked.stdout)), (Some(1), String::new()));
    insta::assert_snapshot!(text(&checked.stderr), @r#"
      × wrong.toml has a problem

    Error: 
      × `usr` is no attribute of `order`
        ╭─[wrong.toml:16:7]
     15 │ where = { paid = true }
     16 │ by = ["usr"]
        ·       ──┬──
        ·         ╰── here
     17 │ time = "at"
        ╰────
      help: did you mean `user`? expected one of `user`, `number`, `paid`,
            `total`, `at`
    "#);
}
