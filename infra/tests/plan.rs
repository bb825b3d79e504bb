//! `weir plan` as its user meets it: the text, the JSON, and the exit code; and `weir build`, which
//! rejects what the plan rejects.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use weir_model::Model;
use weir_table::Table;
use weir_testing::dynamodb::{TestDynamo, with_own_tables};
use weir_testing::faulty::{BROKEN, Fate, Faulty};
use weir_testing::http::Client;
use weir_testing::process::Process;

const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.sale]
PK = "SALE#{id}"
SK = "SALE"
[entities.sale.attributes]
id = { type = "string", required = true }
amount = { type = "integer" }
[rollups.sales]
of = "sale"
measures = { sales = "count", revenue = "sum(amount)" }
"##;

/// The requests that fail in an outage. The SDK sends each three times.
const OUTAGE: u32 = 8;

/// A table whose rollups count what the definition says.
struct Shop {
    dynamodb: TestDynamo,
    model: Model,
    folder: TempDir,
}

impl Shop {
    async fn new() -> Self {
        let dynamodb = TestDynamo::start().await;
        let model = with_own_tables(DEFINITION.parse().expect("a definition"));
        let connection = dynamodb.connect().await;
        let table = Table::new(&connection, model.clone().into());
        table.provision().await.expect("tables");
        let item = json!({
            "PK": { "S": "SALE#1" }, "SK": { "S": "SALE" }, "_et": { "S": "sale" },
            "id": { "S": "1" }, "amount": { "N": "7" },
        });
        let request = json!({ "TableName": model.table.name, "Item": item });
        Client::new(&dynamodb.url).dynamodb("PutItem", &request).await;
        Self { dynamodb, model, folder: tempfile::tempdir().expect("a folder") }
    }

    /// Runs `weir plan` on a definition.
    fn plan(&self, definition: &str, arguments: &[&str]) -> Output {
        self.run("plan", definition, arguments)
    }

    /// Runs a subcommand on a definition.
    fn run(&self, subcommand: &str, definition: &str, arguments: &[&str]) -> Output {
        self.run_at(&self.dynamodb.url, subcommand, definition, arguments)
    }

    /// The same with the DynamoDB at this URL.
    fn run_at(
        &self,
        endpoint: &str,
        subcommand: &str,
        definition: &str,
        arguments: &[&str],
    ) -> Output {
        self.command_at(endpoint, subcommand, definition, arguments).output().expect("started")
    }

    /// Returns the same, not started yet.
    fn command_at(
        &self,
        endpoint: &str,
        subcommand: &str,
        definition: &str,
        arguments: &[&str],
    ) -> Command {
        let file = self.folder.path().join("shop.toml");
        std::fs::write(&file, definition).expect("written");
        let mut command = weir(subcommand, &file, arguments);
        command.args(["--endpoint", endpoint]);
        command.env("TABLE_NAME", &self.model.table.name);
        command.env("ROLLUPS_TABLE_NAME", &self.model.table.rollups_table);
        command
    }
}

fn weir(subcommand: &str, file: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.arg(subcommand).arg(file).args(arguments).env("NO_COLOR", "1");
    for name in ["AWS_PROFILE", "TABLE_NAME", "ROLLUPS_TABLE_NAME"] {
        command.env_remove(name);
    }
    command
}

/// Returns the definition with a filter of the rollup: a revision to build.
fn filtered() -> String {
    DEFINITION.replace("measures", "where = { amount = { gt = 1 } }\nmeasures")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_plan_is_one_line_and_passes_the_check() {
    let shop = Shop::new().await;
    let output = shop.plan(DEFINITION, &["--check"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let expected = format!(
        "nothing to do: the table `{}` counts what the definition says\n",
        shop.model.table.name
    );
    assert_eq!(text(&output.stdout), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_not_empty_is_printed_and_fails_the_check_alone() {
    let shop = Shop::new().await;
    let changed = filtered();
    for (arguments, code) in [(&[][..], 0), (&["--check"][..], 1)] {
        let output = shop.plan(&changed, arguments);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        let printed = text(&output.stdout);
        assert!(printed.contains("changed    sales: "), "{printed}");
        assert!(printed.contains("plan: 1 to build\n"), "{printed}");
        assert_eq!(text(&output.stderr), "", "the plan says it");
    }
    let output = shop.plan(&changed, &["--json", "--read-units", "10"]);
    let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&plan["empty"], &plan["cost"]["read_units_per_second"]),
        (&false.into(), &10.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_plan_is_printed_and_fails_with_the_reason() {
    let shop = Shop::new().await;
    let rejected = DEFINITION.replace("SALE#{id}", "SELL#{id}");
    let output = shop.plan(&rejected, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("rejected\n  sale: `PK`: was `SALE#{id}`"));
    let message = text(&output.stderr);
    assert!(message.starts_with("weir: the plan is rejected: sale: `PK`: was"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_rejected_as_its_plan_is_and_changes_nothing() {
    let shop = Shop::new().await;
    let state = || async {
        let connection = shop.dynamodb.connect().await;
        let table = Table::new(&connection, shop.model.clone().into());
        table.read_rollups_state().await.expect("read")
    };
    let before = state().await;
    let rejected =
        DEFINITION.replace("SALE#{id}", "SELL#{id}").replace("sum(amount)", "max(amount)");
    for rollups in [&[][..], &["sales"][..]] {
        let output = shop.run("build", &rejected, rollups);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        let message = text(&output.stderr);
        assert!(message.starts_with("weir: the plan is rejected: sale: `PK`: was"), "{message}");
    }
    assert_eq!(state().await, before);
}

/// The answer of DynamoDB to a request that no policy allows.
const DENIED: Fate = Fate::Answer(
    400,
    r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"User: arn:aws:iam::1:user/a is not authorized to perform: dynamodb:GetRecords"}"#,
);

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_may_not_read_the_stream_ends_and_is_continued_when_it_may() {
    let shop = Shop::new().await;
    let changed = filtered();
    let way = Faulty::before(&shop.dynamodb.url).await;
    way.decide(|operation, _| if operation == "GetRecords" { DENIED } else { Fate::Pass });
    let output = shop.run_at(&way.url, "build", &changed, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let message = text(&output.stderr);
    for part in ["could not read shard", "dynamodb:GetRecords", "run the same command again"] {
        assert!(message.contains(part), "{message}");
    }
    way.mend();
    let output = shop.run_at(&way.url, "build", &changed, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    assert!(printed.contains("continuing the build of sales@"), "{printed}");
    assert_eq!(shop.plan(&changed, &["--check"]).status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_continues_when_the_stream_could_not_be_read_for_a_while() {
    let shop = Shop::new().await;
    let changed = filtered();
    let way = Faulty::before(&shop.dynamodb.url).await;
    let mut failures = 0;
    way.decide(move |operation, _| {
        failures += u32::from(operation == "DescribeStream");
        if operation == "DescribeStream" && failures <= OUTAGE { BROKEN } else { Fate::Pass }
    });
    let output = shop.run_at(&way.url, "build", &changed, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("ready: sales@2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_build_and_the_same_command_continues_it() {
    let shop = Shop::new().await;
    let changed = filtered();
    let url = &shop.dynamodb.url;
    let spool = shop.folder.path().join("spool");
    std::fs::create_dir(&spool).expect("created");
    let spool_option = ["--spool", spool.to_str().expect("text")];
    let mut weir = shop.command_at(url, "build", &changed, &["--scan-margin", "600"]);
    weir.args(spool_option);
    let building = Process::start(weir);
    building.says("waiting for the cut").await;
    building.terminate();
    let status = building.ended().await;
    assert_eq!(status.code(), Some(1), "{}", building.log.text());
    building.says("a signal ended the command; readers get nothing").await;
    assert_eq!(std::fs::read_dir(&spool).expect("a folder").count(), 0, "files are left");

    let output = shop.run("build", &changed, &spool_option);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    for step in [
        "continuing the build of sales@2",
        "ready: sales@2",
        "deleting the items of sales@1 from",
        "deleted 0 items",
    ] {
        assert!(printed.contains(step), "{printed}");
    }
}

#[test]
fn options_that_cannot_be_read_are_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.toml");
    std::fs::write(&file, DEFINITION).expect("written");
    let output = weir("build", &file, &["--mapping-changed", "yesterday"]).output();
    let output = output.expect("started");
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("expected a time such as `2026-11-30T12:00:00Z`"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_no_build_can_have_is_rejected_before_anything_is_done() {
    let shop = Shop::new().await;
    let changed = DEFINITION.replace("sum(amount)", "max(amount)");
    for arguments in [
        ["--cut-margin", "5000000000"],
        ["--scan-margin", "86400"],
        ["--delta", "18446744073709551615"],
        ["--filter-margin", "21601"],
        ["--segments", "0"],
        ["--segments", "2000000"],
        ["--read-units", "0"],
    ] {
        let output = shop.run("build", &changed, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        let message = text(&output.stderr);
        assert!(message.contains("is not in"), "{message}");
    }
    assert!(text(&shop.plan(&changed, &[]).stdout).contains("→ build revision 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_deployment_of_the_stack_makes_possible_is_not_rejected_before_it() {
    let shop = Shop::new().await;
    let expiring = DEFINITION
        .replace("id = {", "at = { type = \"timestamp\" }\nid = {")
        .replace("measures", "time = \"at\"\nbuckets = [\"day\"]\nkeep.day = \"4w\"\nmeasures");
    let output = shop.plan(&expiring, &[]);
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains("it has no time to live"), "{message}");
    let output = shop.plan(&expiring, &["--before-deployment"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    assert!(printed.contains("plan: 1 to build\n"), "{printed}");
    assert!(!printed.contains("rollups-ttl"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_name_the_tables() {
    let shop = Shop::new().await;
    let table = &shop.model.table;
    let file = shop.folder.path().join("shop.toml");
    std::fs::write(&file, DEFINITION).expect("written");
    let names = ["--table", &table.name, "--rollups-table", &table.rollups_table];
    let mut command = weir("plan", &file, &names);
    let output = command.args(["--endpoint", &shop.dynamodb.url, "--check"]).output();
    let output = output.expect("started");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(&format!("the table `{}` counts", table.name)));
}
