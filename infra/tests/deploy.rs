//! `weir deploy` and `weir destroy` with tools that write down what they are told, on a PATH of their own.
//!
//! What the real tools make of it is the business of `scripts/check-deployment`.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A tool. It writes down its arguments, answers what it is asked, and fails if `FAIL` is part of them.
const TOOL: &str = r#"#!/bin/sh
line="${0##*/}"
for word in "$@"; do line="$line [$word]"; done
printf '%s\n' "$line" >>"$LOG"
case "$line" in
*"$FAIL"*) echo "the tool says why" >&2; exit 7 ;;
*describe-stack-resource*) echo mapping-1 ;;
*get-event-source-mapping*) if [ -e "$LOG.enabled" ]; then echo Enabled; else : >"$LOG.enabled"; echo "$FIRST_STATE"; fi ;;
*StackStatus*) echo "$STACK" ;;
*list-stack-resources*RollupsTable*) echo "$ROLLUPS_TABLE_FOUND" ;;
*list-stack-resources*) echo shop ;;
*describe-stacks* | *stack-outputs*) echo '[{"OutputKey": "ApiUrl", "OutputValue": "https://api.example.com"},
  {"OutputKey": "StreamArn", "OutputValue": "arn:aws:dynamodb:eu-west-1:123456789012:table/shop/stream/now"}]' ;;
esac
"#;
const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "USER#{user}"
SK = "ORDER"
[entities.order.attributes]
user = { type = "string", required = true }
"##;
const EVERY_TOOL: [&str; 4] = ["aws", "sam", "cargo", "cargo-lambda"];

/// A folder with a definition, built functions, and these tools.
struct World {
    folder: TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

impl World {
    fn new(tools: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let world = Self { folder, variables: Vec::new() };
        world.write("weir.toml", DEFINITION);
        for tool in tools {
            world.executable(&format!("bin/{tool}"), TOOL);
        }
        for function in ["writer", "reader", "processor"] {
            world.executable(&format!("own/{function}/bootstrap"), "#!/bin/sh\n");
        }
        world
    }

    /// The same where the tools find this in their environment.
    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().expect("a folder")).expect("made");
        fs::write(self.at(path), text).expect("written");
    }

    fn executable(&self, path: &str, text: &str) {
        self.write(path, text);
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(0o755)).expect("permitted");
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear();
        command.envs([("PATH", self.at("bin")), ("LOG", self.at("log"))]);
        command.envs([
            ("FAIL", "nothing"),
            ("FIRST_STATE", "Enabled"),
            ("ROLLUPS_TABLE_FOUND", "shop-rollups"),
        ]);
        command.envs(self.variables.iter().copied());
        command
    }

    fn weir(&self, line: &str) -> Output {
        self.weir_typed(line, "")
    }

    fn weir_typed(&self, line: &str, typed: &str) -> Output {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_weir")));
        command.args(line.split_whitespace());
        spoken_to(command, typed)
    }

    /// What the tools wrote down, or nothing if none was run.
    fn log(&self) -> String {
        fs::read_to_string(self.at("log")).unwrap_or_default()
    }

    fn forget(&self) {
        for file in ["log", "log.enabled"] {
            let _ = fs::remove_file(self.at(file));
        }
    }
}

fn spoken_to(mut command: Command, typed: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("started");
    // A program that reads nothing may have ended before.
    let _ = process.stdin.take().expect("piped").write_all(typed.as_bytes());
    process.wait_with_output().expect("ended")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The last words on standard error.
fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", told(output));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text[text.rfind("weir: ").expect("an error")..].to_owned()
}

#[test]
fn the_aws_cli_uploads_to_a_bucket_and_deploys() {
    let world = World::new(&EVERY_TOOL);
    let line = "deploy --s3-bucket artifacts --region eu-west-1 --profile work --parameter BatchSize=10 JwtIssuer=";
    let output = world.weir(line);
    assert!(output.status.success(), "{output:?}");
    insta::assert_snapshot!("aws", format!("{}{}", world.log(), told(&output)));
    assert!(world.at("target/deploy/shop.yaml").is_file());
    assert!(world.at("target/lambda/definition/weir.toml").is_file());
}

#[test]
fn the_sam_cli_keeps_a_bucket_of_its_own_and_needs_no_other_tool() {
    let world = World::new(&["sam"]);
    let output = world.weir(
        "deploy --code own --no-filter --stack-name s --out t.yaml --parameter JwtIssuer=https://i.example.com JwtAudience=",
    );
    assert!(output.status.success(), "{output:?}");
    insta::assert_snapshot!("sam", format!("{}{}", world.log(), told(&output)));
}

#[test]
fn a_mapping_is_waited_for_until_it_is_enabled() {
    let world = World::new(&EVERY_TOOL).with("FIRST_STATE", "Enabling");
    assert!(world.weir("deploy --with sam").status.success());
    assert_eq!(world.log().matches("[get-event-source-mapping]").count(), 2, "{}", world.log());
}

#[test]
fn a_dry_run_runs_nothing_and_prints_a_script_that_does_what_is_done() {
    let lines = [
        "deploy --s3-bucket artifacts --parameter JwtIssuer=it's --stack-name other",
        "deploy --with sam --region eu-west-1 --parameter CorsAllowOrigins=",
        "deploy weir.toml --code own --s3-bucket b --out deploy/t.yaml --no-filter",
        "destroy --stack-name shop --profile work",
        "destroy --stack-name shop --delete-tables --yes",
    ];
    for line in lines {
        let world = World::new(&EVERY_TOOL);
        symlink(env!("CARGO_BIN_EXE_weir"), world.at("bin/weir")).expect("linked");
        let dry = world.weir(&format!("{line} --dry-run"));
        assert!(dry.status.success() && dry.stderr.is_empty(), "{dry:?}");
        assert_eq!(world.log(), "", "{line}");
        assert!(!world.at("target").exists() && !world.at("deploy").exists(), "{line}");

        let mut shell = world.command(Path::new("/bin/sh"));
        shell.args(["-euc", &told(&dry)]);
        let ran = spoken_to(shell, "");
        assert!(ran.status.success(), "{ran:?}");
        let by_the_shell = world.log();
        world.forget();
        assert!(world.weir(line).status.success(), "{line}");
        assert_eq!(by_the_shell, world.log(), "{line}");
        assert!(by_the_shell.lines().count() >= 4, "{by_the_shell}");
    }
}

#[test]
fn a_step_that_fails_is_named_and_ends_it() {
    let cases = [
        (
            "[lambda] [build]",
            "could not build the functions: exit status: 7, of\n  cargo lambda build",
            1,
        ),
        (
            "[package]",
            "could not upload the functions: exit status: 7, of\n  aws cloudformation package",
            2,
        ),
        (
            "[cloudformation] [deploy]",
            "could not deploy the stack: exit status: 7, of\n  aws cloudformation deploy",
            4,
        ),
        (
            "[get-event-source-mapping]",
            "could not see that the changes of the table are read: exit status: 7",
            5,
        ),
    ];
    for (fail, expected, runs) in cases {
        let world =
            World::new(&EVERY_TOOL).with("FAIL", fail).with("STACK", "UPDATE_ROLLBACK_COMPLETE");
        let output = world.weir("deploy --s3-bucket artifacts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("the tool says why\n"), "{said}");
        assert!(error(&output).contains(expected), "{}", error(&output));
        assert_eq!(world.log().lines().count(), runs, "{}", world.log());
        assert_eq!(told(&output), "");
    }
}

#[test]
fn after_a_first_deployment_that_failed_it_is_said_what_to_do() {
    let world = World::new(&EVERY_TOOL)
        .with("FAIL", "[cloudformation] [deploy]")
        .with("STACK", "ROLLBACK_COMPLETE");
    insta::assert_snapshot!("advice", told(&world.weir("deploy --s3-bucket artifacts")));
    let world = World::new(&["sam"]).with("FAIL", "[deploy]");
    let advice = told(&world.weir("deploy --code own"));
    assert!(advice.starts_with("If this was the first deployment of shop"), "{advice}");
}

#[test]
fn whatever_is_known_to_be_wrong_is_said_before_anything_is_done() {
    let cases: [(&[&str], &str, &str); 12] = [
        (
            &["aws", "cargo"],
            "deploy --s3-bucket b",
            "cargo-lambda is not on the PATH; `pip install cargo-lambda`",
        ),
        (&["aws"], "deploy --s3-bucket b", "cargo is not on the PATH"),
        (&["cargo", "cargo-lambda"], "deploy", "sam is not on the PATH; `pip install aws-sam-cli`"),
        (
            &["cargo", "cargo-lambda"],
            "deploy --s3-bucket b",
            "aws is not on the PATH; the AWS CLI is installed as",
        ),
        (&EVERY_TOOL, "deploy --with aws", "expected --s3-bucket BUCKET"),
        (&["aws"], "deploy --code own", "expected --s3-bucket BUCKET"),
        (&EVERY_TOOL, "deploy --parameter TabelName=x BatchSize=0", "did you mean `TableName`?"),
        (&EVERY_TOOL, "deploy --skip-build", "target/lambda/writer/bootstrap cannot be read"),
        (&EVERY_TOOL, "deploy --stack-name my_shop", "`my_shop` names no stack"),
        (&EVERY_TOOL, "deploy absent.toml", "absent.toml cannot be read"),
        (&["sam"], "destroy --stack-name shop", "aws is not on the PATH"),
        (&EVERY_TOOL, "destroy --stack-name my_shop", "`my_shop` names no stack"),
    ];
    for (tools, line, expected) in cases {
        let world = World::new(tools);
        let error = error(&world.weir(line));
        assert!(error.contains(expected), "{line}: {error}");
        assert_eq!(world.log(), "", "{line}");
        assert!(!world.at("target").exists(), "{line}");
    }
}

#[test]
fn functions_for_other_processors_are_pointed_out() {
    let world = World::new(&["sam"]);
    fs::copy(env!("CARGO_BIN_EXE_weir"), world.at("own/reader/bootstrap")).expect("copied");
    let output = world.weir("deploy --code own");
    assert!(output.status.success(), "{output:?}");
    let warned = String::from_utf8_lossy(&output.stderr)
        .contains("own/reader/bootstrap is not built for arm64");
    assert_eq!(warned, !cfg!(target_arch = "aarch64"));
}

#[test]
fn a_stack_is_deleted_and_its_tables_stay() {
    let world = World::new(&EVERY_TOOL);
    let output = world.weir("destroy --stack-name shop --region eu-west-1");
    assert!(output.status.success(), "{output:?}");
    insta::assert_snapshot!("destroyed", format!("{}{}", world.log(), told(&output)));
}

#[test]
fn tables_are_deleted_after_their_names_were_typed() {
    let line = "destroy --stack-name shop --delete-tables";
    let world = World::new(&EVERY_TOOL);
    let output = world.weir_typed(line, "shop\nshop\n");
    assert!(error(&output).contains("found `shop`, expected `shop-rollups`: nothing was deleted"));
    assert!(!world.log().contains("delete"), "{}", world.log());
    world.forget();
    let output = world.weir_typed(line, "shop\nshop-rollups\n");
    assert!(output.status.success(), "{output:?}");
    insta::assert_snapshot!("tables_deleted", format!("{}{}", world.log(), told(&output)));
}

#[test]
fn a_table_that_the_stack_did_not_make_is_left_alone() {
    let world = World::new(&EVERY_TOOL).with("ROLLUPS_TABLE_FOUND", "");
    let output = world.weir("destroy --stack-name shop --delete-tables --yes");
    assert!(output.status.success(), "{output:?}");
    let deleted: Vec<_> = world
        .log()
        .lines()
        .filter(|line| line.contains("[delete-table]"))
        .map(str::to_owned)
        .collect();
    assert_eq!(deleted.len(), 1, "{deleted:?}");
    assert!(deleted[0].contains("[--table-name] [shop] "), "{deleted:?}");
}
