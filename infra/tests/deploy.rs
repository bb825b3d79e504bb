//! `weir deploy` and `weir destroy` with tools that write down their arguments, on a PATH of
//! their own.
//!
//! What the real tools make of it is the business of `scripts/check-deployment`.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

/// A tool. It writes down its arguments, answers what it is asked, and fails if `FAIL` is part of
/// them.
const TOOL: &str = r#"#!/bin/sh
line="${0##*/}"
for word in "$@"; do line="$line [$word]"; done
printf '%s\n' "$line" >>"$LOG"
case "$line" in
*"$FAIL"*) echo "${SAYS:-the tool says why}" >&2; exit 7 ;;
*" [invoke]"*) read -r event; printf 'reads %s\n' "$event" >>"$LOG"; echo "$FUNCTION_ERROR" ;;
*"[describe-stack-resource]"*Processor*) echo shop-Processor ;;
*describe-stack-resource*) echo mapping-1 ;;
*get-event-source-mapping*) if [ -e "$LOG.enabled" ]; then echo Enabled; else : >"$LOG.enabled"; echo "$FIRST_STATE"; fi ;;
*StackStatus*) echo "$STACK" ;;
*StackId*) echo arn:stack ;;
*Description*) echo "$DESCRIPTION" ;;
*"[Stacks[?StackName"*) echo "$STILL" ;;
*TableArn*) echo arn:table ;;
*list-tags-of-resource*stack-id*) echo "$OWNER" ;;
*list-tags-of-resource*) echo shop ;;
*list-stack-resources*RollupsTable*) echo "$ROLLUPS_TABLE_FOUND" ;;
*list-stack-resources*) echo shop ;;
*describe-stacks* | *stack-outputs*) echo '[{"OutputKey": "ApiUrl", "OutputValue": "https://api.example.com"},
  {"OutputKey": "Authorization", "OutputValue": "'"$AUTHORIZATION"'"},
  {"OutputKey": "TableName", "OutputValue": "'"$TABLE_FOUND"'"},
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

/// A process that begins while a tool is written would keep the tool open for a moment, and nobody
/// can start it meanwhile.
static FORKS: Mutex<()> = Mutex::new(());

/// The kinds of processor that programs are for, as ELF numbers them.
const AARCH64: u8 = 183;
const X86_64: u8 = 62;

/// The beginning of a program for Linux.
fn program(machine: u8) -> Vec<u8> {
    let mut head = [0; 64];
    head[..4].copy_from_slice(b"\x7fELF");
    head[18] = machine;
    head.to_vec()
}

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
        world.write("Cargo.toml", "[profile.lambda]\n");
        for function in ["writer", "reader", "processor"] {
            world.write(&format!("{function}/Cargo.toml"), "");
            world.executable(&format!("own/{function}/bootstrap"), "");
            fs::write(world.at(&format!("own/{function}/bootstrap")), program(AARCH64))
                .expect("written");
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
        let _alone = FORKS.lock();
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
            ("TABLE_FOUND", "shop"),
            ("AUTHORIZATION", "AWS_IAM"),
            ("DESCRIPTION", "Weir: the table shop and its rollups"),
            ("OWNER", "arn:stack"),
            ("STILL", ""),
            ("SAYS", ""),
            ("FUNCTION_ERROR", "None"),
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

    /// The same without what was asked about the stack before anything was done.
    fn done(&self) -> String {
        let log = self.log();
        let asks =
            |line: &str| line.contains("[Stacks[0].Outputs]") || line.contains("[stack-outputs]");
        match log.split_once('\n') {
            Some((first, rest)) if asks(first) => rest.to_owned(),
            _ => log,
        }
    }

    fn forget(&self) {
        for file in ["log", "log.enabled"] {
            let _ = fs::remove_file(self.at(file));
        }
    }
}

fn spoken_to(mut command: Command, typed: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let alone = FORKS.lock();
    let mut process = command.spawn().expect("started");
    drop(alone);
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
    let line = "deploy --s3-bucket artifacts --region eu-west-1 --profile work --parameter \
                BatchSize=10 JwtIssuer=";
    let output = world.weir(line);
    assert!(output.status.success(), "{output:?}");
    insta::assert_snapshot!("aws", format!("{}{}", world.log(), told(&output)));
    assert!(world.at("target/deploy/shop.yaml").is_file());
    assert!(world.at("target/deploy/shop.definition/weir.toml").is_file());
}

#[test]
fn the_sam_cli_keeps_a_bucket_of_its_own_and_needs_no_other_tool() {
    let world = World::new(&["sam"]).with("AUTHORIZATION", "JWT");
    let output = world.weir(
        "deploy --code own --no-filter --stack-name s --out t.yaml --parameter \
         JwtIssuer=https://i.example.com JwtAudience=a \
         CorsAllowOrigins=",
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
        "deploy --s3-bucket artifacts --parameter JwtAudience=it's --stack-name other",
        "deploy --with sam --region eu-west-1 --parameter CorsAllowOrigins=",
        "deploy weir.toml --code own --s3-bucket artifacts --out deploy/t.yaml --no-filter",
        "destroy --stack-name shop --profile work",
        "destroy --stack-name shop --delete-tables",
        "destroy --stack-name shop --delete-tables --yes",
        "destroy --stack-name shop --delete-tables --table shop --table shop-rollups --yes",
    ];
    let typed = "shop\nshop\nshop-rollups\n";
    for line in lines {
        let world = World::new(&EVERY_TOOL);
        symlink(env!("CARGO_BIN_EXE_weir"), world.at("bin/weir")).expect("linked");
        let dry = world.weir(&format!("{line} --dry-run"));
        assert!(dry.status.success() && dry.stderr.is_empty(), "{dry:?}");
        assert_eq!(world.log(), "", "{line}");
        assert!(!world.at("target").exists() && !world.at("deploy").exists(), "{line}");

        let mut shell = world.command(Path::new("/bin/sh"));
        shell.args(["-c", &told(&dry)]);
        let ran = spoken_to(shell, typed);
        assert!(ran.status.success(), "{ran:?}");
        let by_the_shell = world.log();
        world.forget();
        let output = world.weir_typed(line, typed);
        assert!(output.status.success(), "{line}: {output:?}");
        assert_eq!(by_the_shell, world.done(), "{line}");
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
            "could not see that the mapping is enabled: exit status: 7",
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
        assert_eq!(world.done().lines().count(), runs, "{}", world.log());
        assert_eq!(told(&output), "");
        let by_weir = world.done();
        world.forget();
        symlink(env!("CARGO_BIN_EXE_weir"), world.at("bin/weir")).expect("linked");
        let mut shell = world.command(Path::new("/bin/sh"));
        shell.args(["-c", &told(&world.weir("deploy --s3-bucket artifacts --dry-run"))]);
        assert!(!spoken_to(shell, "").status.success(), "{fail}");
        // Weir asks for the stack's state afterwards; the script is not to go on.
        assert!(by_weir.starts_with(&world.log()), "the script goes on: {}", world.log());
    }
}

#[test]
fn after_a_first_deployment_that_failed_it_is_said_what_to_do() {
    let world = World::new(&EVERY_TOOL)
        .with("FAIL", "[cloudformation] [deploy]")
        .with("STACK", "ROLLBACK_COMPLETE");
    let line = "deploy --s3-bucket artifacts --region eu-west-1 --profile work";
    insta::assert_snapshot!("advice", told(&world.weir(line)));
    let world = World::new(&["sam"]).with("FAIL", "[deploy]");
    let advice = told(&world.weir("deploy --code own"));
    assert!(advice.starts_with("If this was the first deployment of shop"), "{advice}");
}

#[test]
fn whatever_is_known_to_be_wrong_is_said_before_anything_is_done() {
    let cases: [(&[&str], &str, &str); 14] = [
        (
            &["aws", "cargo"],
            "deploy --s3-bucket artifacts",
            "cargo-lambda is not on the PATH; `pip install cargo-lambda`",
        ),
        (&["aws"], "deploy --s3-bucket artifacts", "cargo is not on the PATH"),
        (&["cargo", "cargo-lambda"], "deploy", "sam is not on the PATH; `pip install aws-sam-cli`"),
        (
            &["cargo", "cargo-lambda"],
            "deploy --s3-bucket artifacts",
            "aws is not on the PATH; the AWS CLI is installed as",
        ),
        (&EVERY_TOOL, "deploy --with aws", "expected --s3-bucket BUCKET"),
        (&["aws"], "deploy --code own", "expected --s3-bucket BUCKET"),
        (&EVERY_TOOL, "deploy --parameter TabelName=x BatchSize=0", "did you mean `TableName`?"),
        (&EVERY_TOOL, "deploy --skip-build", "target/lambda/writer/bootstrap cannot be read"),
        (&EVERY_TOOL, "deploy --stack-name my_shop", "`my_shop` names no stack"),
        (
            &EVERY_TOOL,
            "deploy weir.toml --out ./weir.toml",
            "which is the definition it is made from",
        ),
        (&EVERY_TOOL, "deploy --parameter RollupsTableName=shop", "are two tables"),
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
fn functions_that_lambda_could_not_start_are_refused() {
    let cases: [(&[u8], u32, &str, bool); 4] = [
        (&program(X86_64), 0o755, "is no program for arm64", true),
        (b"#!/bin/sh\n", 0o755, "is no program for arm64", true),
        (b"", 0o755, "is empty", false),
        (&program(AARCH64), 0o644, "is not executable", false),
    ];
    for (content, mode, expected, may) in cases {
        let world = World::new(&["sam"]);
        let file = world.at("own/reader/bootstrap");
        fs::write(&file, content).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("permitted");
        let refused = error(&world.weir("deploy --code own"));
        assert!(refused.contains(&format!("own/reader/bootstrap {expected}")), "{refused}");
        assert_eq!(world.log(), "");
        let output = world.weir("deploy --code own --any-architecture");
        assert_eq!(output.status.success(), may, "{output:?}");
    }
}

#[test]
fn a_processor_that_does_not_run_is_no_deployment() {
    let world = World::new(&EVERY_TOOL).with("FUNCTION_ERROR", "Unhandled");
    let output = world.weir("deploy --s3-bucket artifacts");
    let said = error(&output);
    assert!(said.contains("could not see that the processor starts: found `Unhandled`"), "{said}");
    assert!(told(&output).contains("/aws/lambda/shop/processor"), "{}", told(&output));
}

#[test]
fn a_stack_keeps_its_tables() {
    let stack = || World::new(&EVERY_TOOL).with("TABLE_FOUND", "other");
    let refused = |line: &str| {
        let world = stack();
        let refused = error(&world.weir(line));
        assert_eq!(world.log().lines().count(), 1, "{}", world.log());
        refused
    };
    let said = refused("deploy --s3-bucket artifacts");
    assert!(
        said.contains("has `other` as its TableName, and this definition is of `shop`"),
        "{said}"
    );
    let said = refused("deploy --s3-bucket artifacts --replace-tables");
    assert!(said.contains("--parameter TableName=other keeps to the table"), "{said}");
    let line = "deploy --s3-bucket artifacts --parameter TableName=third";
    assert!(
        refused(line).contains("as --replace-tables does; --stack-name OTHER"),
        "{}",
        refused(line)
    );
    for may in ["TableName=other", "TableName=third --replace-tables"] {
        let output = stack().weir(&format!("deploy --s3-bucket artifacts --parameter {may}"));
        assert!(output.status.success(), "{may}: {output:?}");
    }
}

#[test]
fn two_tables_whose_stacks_have_one_name_are_told_apart() {
    let world = World::new(&EVERY_TOOL).with("TABLE_FOUND", "a_b");
    world.write("weir.toml", &DEFINITION.replace("\"shop\"", "\"a.b\""));
    let said = error(&world.weir("deploy --s3-bucket artifacts"));
    assert!(said.contains("the stack a-b has `a_b` as its TableName"), "{said}");
}

#[test]
fn a_stack_that_is_not_there_has_no_tables_to_keep() {
    let world = World::new(&EVERY_TOOL)
        .with("FAIL", "[describe-stacks]")
        .with("SAYS", "Stack with id shop does not exist");
    let output = world.weir("deploy --s3-bucket artifacts");
    assert!(world.log().contains("[cloudformation] [deploy]"), "{output:?}");
    let world = World::new(&EVERY_TOOL).with("FAIL", "[describe-stacks]");
    let said = error(&world.weir("deploy --s3-bucket artifacts"));
    assert!(said.contains("could not ask for the stack as it is"), "{said}");
    assert_eq!(world.log().lines().count(), 1);
}

#[test]
fn functions_are_built_where_their_sources_are() {
    let cases = [
        ("Cargo.toml", "this one has no Cargo.toml"),
        ("reader/Cargo.toml", "no reader/Cargo.toml"),
    ];
    for (absent, expected) in cases {
        let world = World::new(&EVERY_TOOL);
        fs::remove_file(world.at(absent)).expect("removed");
        let said = error(&world.weir("deploy --s3-bucket artifacts"));
        assert!(said.contains(expected), "{said}");
        assert_eq!(world.log(), "");
    }
    let world = World::new(&EVERY_TOOL);
    world.write("Cargo.toml", "[package]\n");
    let said = error(&world.weir("deploy --s3-bucket artifacts"));
    assert!(said.contains("no [profile.lambda] in its Cargo.toml"), "{said}");
}

#[test]
fn a_file_that_cannot_be_started_is_no_tool() {
    let world = World::new(&EVERY_TOOL);
    world.write("first/aws", "not a program");
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_weir")));
    let path = std::env::join_paths([world.at("first"), world.at("bin")]).expect("a path");
    command.env("PATH", path).args(["deploy", "--s3-bucket", "artifacts"]);
    let output = spoken_to(command, "");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_step_that_is_under_way_is_waited_for() {
    let world = World::new(&EVERY_TOOL);
    let tool =
        "#!/bin/sh\n: >\"$LOG.began\"\nread -r line <\"$LOG.gate\"\necho ended >\"$LOG.ended\"\n";
    world.executable("bin/cargo", tool);
    let made = Command::new("mkfifo").arg(world.at("log.gate")).status().expect("started");
    assert!(made.success());
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_weir")));
    command
        .args(["deploy", "--s3-bucket", "artifacts"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let weir = command.spawn().expect("started");
    while !world.at("log.began").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let killed = Command::new("kill").arg(weir.id().to_string()).status().expect("started");
    assert!(killed.success());
    std::thread::sleep(std::time::Duration::from_millis(200));
    fs::write(world.at("log.gate"), "go\n").expect("let go");
    let output = weir.wait_with_output().expect("ended");
    assert!(world.at("log.ended").exists());
    assert!(
        error(&output).contains("stopped after this step, as it was told to: build the functions")
    );
    assert!(!world.log().contains("[package]"), "{}", world.log());
}

#[test]
fn a_stack_is_deleted_and_its_tables_stay() {
    let world = World::new(&EVERY_TOOL);
    let line = "destroy --stack-name shop --region eu-west-1";
    assert!(error(&world.weir_typed(line, "y\n")).contains("expected `shop`: nothing was deleted"));
    assert!(!world.log().contains("delete-stack]"), "{}", world.log());
    world.forget();
    let output = world.weir_typed(line, "shop\n");
    assert!(output.status.success(), "{output:?}");
    insta::assert_snapshot!("destroyed", format!("{}{}", world.log(), told(&output)));
}

#[test]
fn tables_are_deleted_after_their_names_were_typed() {
    let line = "destroy --stack-name shop --delete-tables";
    let world = World::new(&EVERY_TOOL);
    let output = world.weir_typed(line, "shop\nshop\nshop\n");
    assert!(error(&output).contains("found `shop`, expected `shop-rollups`: nothing was deleted"));
    assert!(!world.log().contains("[delete"), "{}", world.log());
    world.forget();
    let output = world.weir_typed(line, "shop\nshop\nshop-rollups\n");
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

#[test]
fn a_stack_of_somebody_else_is_not_deleted() {
    for line in [
        "destroy --stack-name prod-vpc --yes",
        "destroy --stack-name prod-vpc --delete-tables --yes",
    ] {
        let world = World::new(&EVERY_TOOL).with("DESCRIPTION", "The network");
        symlink(env!("CARGO_BIN_EXE_weir"), world.at("bin/weir")).expect("linked");
        let said = error(&world.weir(line));
        assert!(said.contains("found `The network`, expected `Weir: …`"), "{said}");
        assert!(!world.log().contains("[delete"), "{}", world.log());
        let mut shell = world.command(Path::new("/bin/sh"));
        shell.args(["-c", &told(&world.weir(&format!("{line} --dry-run")))]);
        assert!(!spoken_to(shell, "").status.success());
        assert!(!world.log().contains("[delete"), "{}", world.log());
    }
}

#[test]
fn a_table_whose_tags_name_another_stack_is_not_deleted() {
    let world = World::new(&EVERY_TOOL).with("OWNER", "None");
    let said = error(&world.weir("destroy --stack-name shop --delete-tables --yes"));
    assert!(said.contains("could not see by the table's tags that the stack made it"), "{said}");
    assert!(!world.log().contains("[delete"), "{}", world.log());
}

#[test]
fn a_script_deletes_nothing_that_was_not_typed() {
    for typed in ["", "y\n", "shop\n", "shop\nshop\nshop\n"] {
        let world = World::new(&EVERY_TOOL);
        let mut shell = world.command(Path::new("/bin/sh"));
        let script = told(&world.weir("destroy --stack-name shop --delete-tables --dry-run"));
        shell.args(["-c", &script]);
        assert!(!spoken_to(shell, typed).status.success(), "{typed:?}");
        assert!(!world.log().contains("[delete"), "{}", world.log());
    }
}

#[test]
fn tables_that_are_left_are_named_and_can_be_deleted_later() {
    let world = World::new(&EVERY_TOOL).with("FAIL", "[delete-table]");
    let output = world.weir("destroy --stack-name shop --delete-tables --yes");
    error(&output);
    let left = told(&output);
    assert!(left.contains("Not deleted: shop and shop-rollups."), "{left}");
    assert_eq!(left.matches("aws dynamodb delete-table").count(), 2, "{left}");

    let world = World::new(&EVERY_TOOL)
        .with("FAIL", "StackId")
        .with("SAYS", "Stack with id shop does not exist");
    let output = world.weir("destroy --stack-name shop --profile work");
    error(&output);
    let next = "weir destroy --stack-name shop --profile work --delete-tables --table TABLE";
    assert!(told(&output).contains(next), "{}", told(&output));

    let line = "destroy --stack-name shop --delete-tables --table shop";
    let world = World::new(&EVERY_TOOL);
    let output = world.weir_typed(line, "shop\n");
    assert!(output.status.success(), "{output:?}");
    assert!(world.log().contains("[delete-table] [--table-name] [shop]"), "{}", world.log());
    assert!(!world.log().contains("[delete-stack]"), "{}", world.log());
    let world = World::new(&EVERY_TOOL).with("STILL", "shop");
    error(&world.weir_typed(line, "shop\n"));
    assert!(!world.log().contains("[delete"), "{}", world.log());
}
