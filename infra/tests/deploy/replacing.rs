//! A stack keeps its tables: a deployment that would replace them is rejected.

use crate::process::Ended;
use crate::world::{DEFINITION, EVERY_TOOL, World};

/// Runs a deployment of `shop` to a stack that has the table `other`.
fn deploy_over_other(arguments: &str) -> (World, Ended) {
    let world = World::new(&EVERY_TOOL).with("TABLE_FOUND", "other");
    let ended = world.weir(&format!("deploy --s3-bucket artifacts {arguments}"));
    (world, ended)
}

#[test]
fn a_stack_keeps_its_tables() {
    let cases = [
        ("", "TableName of the stack shop is `other`, and that of this deployment `shop`"),
        ("--replace-tables", "expected --parameter TableName=other, or --stack-name OTHER"),
        ("--parameter TableName=third", "expected TableName=other, or --replace-tables"),
    ];
    for (arguments, expected) in cases {
        let (world, ended) = deploy_over_other(arguments);
        let error = ended.error();
        assert_eq!(world.log().lines().count(), 1, "{}", world.log());
        assert!(error.contains(expected), "{error}");
    }
    for parameter in ["TableName=other", "TableName=third --replace-tables"] {
        let (_, ended) = deploy_over_other(&format!("--parameter {parameter}"));
        assert!(ended.is_success(), "{parameter}: {ended:?}");
    }
}

#[test]
fn two_tables_whose_stacks_have_one_name_are_distinguished() {
    let world = World::new(&EVERY_TOOL).with("TABLE_FOUND", "a_b");
    world.write("weir.toml", &DEFINITION.replace("\"shop\"", "\"a.b\""));
    let ended = world.weir("deploy --s3-bucket artifacts");
    let error = ended.error();
    assert!(error.contains("the TableName of the stack a-b is `a_b`"), "{error}");
}

#[test]
fn a_stack_that_does_not_exist_has_no_tables_to_keep() {
    let world = World::new(&EVERY_TOOL)
        .with("FAIL", "[describe-stacks]")
        .with("SAYS", "Stack with id shop does not exist");
    let ended = world.weir("deploy --s3-bucket artifacts");
    assert!(world.log().contains("[cloudformation] [deploy]"), "{ended:?}");
    let world = World::new(&EVERY_TOOL).with("FAIL", "[describe-stacks]");
    let ended = world.weir("deploy --s3-bucket artifacts");
    let error = ended.error();
    assert!(error.contains("could not read the existing stack"), "{error}");
    assert_eq!(world.log().lines().count(), 1);
}
