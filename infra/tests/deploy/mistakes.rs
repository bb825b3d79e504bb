//! Mistakes that `weir deploy` and `weir destroy` report before they call any tool.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::world::{AARCH64, EVERY_TOOL, World, X86_64, elf_header};

/// The tools of the machine, the command line, and a part of the error.
const MISTAKES: [(&[&str], &str, &str); 17] = [
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
    (&EVERY_TOOL, "deploy weir.toml --out ./weir.toml", "which is the definition file"),
    (&EVERY_TOOL, "deploy --parameter RollupsTableName=shop", "are two tables"),
    (
        &EVERY_TOOL,
        "deploy --existing-table arn:aws:dynamodb:eu-west-1:123456789012:table/other/stream/2026",
        "names a stream of the table `other`; expected a stream of `shop`",
    ),
    (
        &EVERY_TOOL,
        "deploy --existing-table arn:aws:dynamodb:eu-west-1:123456789012:table/shop",
        "expected the LatestStreamArn of the table",
    ),
    (
        &EVERY_TOOL,
        "deploy --parameter TableStreamArn=arn",
        "the template has no parameter `TableStreamArn`",
    ),
    (&EVERY_TOOL, "deploy absent.toml", "absent.toml cannot be read"),
    (&["sam"], "destroy --stack-name shop", "aws is not on the PATH"),
    (&EVERY_TOOL, "destroy --stack-name my_shop", "`my_shop` names no stack"),
];

#[test]
fn a_known_mistake_is_reported_before_anything_is_done() {
    for (tools, line, expected) in MISTAKES {
        let world = World::new(tools);
        let ended = world.weir(line);
        let error = ended.error();
        assert!(error.contains(expected), "{line}: {error}");
        assert_eq!(world.log(), "", "{line}");
        assert!(!world.path("target").exists(), "{line}");
    }
}

/// A file that is given as the reader.
struct Bootstrap {
    content: Vec<u8>,
    mode: u32,
    error: &'static str,
    /// Whether `--any-architecture` accepts it.
    is_accepted: bool,
}

#[test]
fn a_function_that_lambda_could_not_start_is_rejected() {
    let not_arm64 = "is not a program for arm64";
    let cases = [
        Bootstrap { content: elf_header(X86_64), mode: 0o755, error: not_arm64, is_accepted: true },
        Bootstrap {
            content: b"#!/bin/sh\n".to_vec(),
            mode: 0o755,
            error: not_arm64,
            is_accepted: true,
        },
        Bootstrap { content: Vec::new(), mode: 0o755, error: "is empty", is_accepted: false },
        Bootstrap {
            content: elf_header(AARCH64),
            mode: 0o644,
            error: "is not executable",
            is_accepted: false,
        },
    ];
    for bootstrap in cases {
        let world = World::new(&["sam"]);
        let file = world.path("own/reader/bootstrap");
        fs::write(&file, &bootstrap.content).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(bootstrap.mode)).expect("permitted");
        let ended = world.weir("deploy --code own");
        let error = ended.error();
        let expected = format!("own/reader/bootstrap {}", bootstrap.error);
        assert!(error.contains(&expected), "{error}");
        assert_eq!(world.log(), "");
        let ended = world.weir("deploy --code own --any-architecture");
        assert_eq!(ended.is_success(), bootstrap.is_accepted, "{ended:?}");
    }
}

#[test]
fn functions_are_built_where_their_sources_are() {
    let cases =
        [("Cargo.toml", "which has no Cargo.toml"), ("reader/Cargo.toml", "no reader/Cargo.toml")];
    for (absent, expected) in cases {
        let world = World::new(&EVERY_TOOL);
        fs::remove_file(world.path(absent)).expect("removed");
        let ended = world.weir("deploy --s3-bucket artifacts");
        let error = ended.error();
        assert!(error.contains(expected), "{error}");
        assert_eq!(world.log(), "");
    }
    let world = World::new(&EVERY_TOOL);
    world.write("Cargo.toml", "[package]\n");
    let ended = world.weir("deploy --s3-bucket artifacts");
    let error = ended.error();
    assert!(error.contains("no [profile.lambda] in its Cargo.toml"), "{error}");
}
