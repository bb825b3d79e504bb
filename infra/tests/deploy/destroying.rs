//! `weir destroy`: it deletes a stack of Weir, and tables whose names were typed.

use crate::world::{EVERY_TOOL, World};

#[test]
fn a_stack_is_deleted_and_its_tables_stay() {
    let world = World::new(&EVERY_TOOL);
    let line = "destroy --stack-name shop --region eu-west-1";
    let ended = world.weir_typed(line, "y\n");
    assert!(ended.error().contains("expected `shop`: nothing was deleted"));
    assert!(!world.log().contains("delete-stack]"), "{}", world.log());
    world.clear_log();
    let ended = world.weir_typed(line, "shop\n");
    assert!(ended.is_success(), "{ended:?}");
    insta::assert_snapshot!("destroyed", format!("{}{}", world.log(), ended.stdout));
}

#[test]
fn tables_are_deleted_after_their_names_were_typed() {
    let line = "destroy --stack-name shop --delete-tables";
    let world = World::new(&EVERY_TOOL);
    let ended = world.weir_typed(line, "shop\nshop\nshop\n");
    let expected = "found `shop`, expected `shop-rollups`: nothing was deleted";
    assert!(ended.error().contains(expected));
    assert!(!world.log().contains("[delete"), "{}", world.log());
    world.clear_log();
    let ended = world.weir_typed(line, "shop\nshop\nshop-rollups\n");
    assert!(ended.is_success(), "{ended:?}");
    insta::assert_snapshot!("tables_deleted", format!("{}{}", world.log(), ended.stdout));
}

#[test]
fn a_table_that_the_stack_did_not_make_is_left_alone() {
    let world = World::new(&EVERY_TOOL).with("ROLLUPS_TABLE_FOUND", "");
    let ended = world.weir("destroy --stack-name shop --delete-tables --yes");
    assert!(ended.is_success(), "{ended:?}");
    let log = world.log();
    let deleted: Vec<_> = log.lines().filter(|line| line.contains("[delete-table]")).collect();
    assert_eq!(deleted.len(), 1, "{deleted:?}");
    assert!(deleted[0].contains("[--table-name] [shop] "), "{deleted:?}");
}

#[test]
fn a_stack_that_is_not_of_weir_is_not_deleted() {
    let lines = [
        "destroy --stack-name prod-vpc --yes",
        "destroy --stack-name prod-vpc --delete-tables --yes",
    ];
    for line in lines {
        let world = World::new(&EVERY_TOOL).with("DESCRIPTION", "The network");
        world.link_weir();
        let ended = world.weir(line);
        let error = ended.error();
        assert!(error.contains("found `The network`, expected `Weir: …`"), "{error}");
        assert!(!world.log().contains("[delete"), "{}", world.log());
        let dry = world.weir(&format!("{line} --dry-run"));
        assert!(!world.shell_typed(&dry.stdout, "").is_success());
        assert!(!world.log().contains("[delete"), "{}", world.log());
    }
}

#[test]
fn a_table_whose_tags_name_another_stack_is_not_deleted() {
    let world = World::new(&EVERY_TOOL).with("OWNER", "None");
    let ended = world.weir("destroy --stack-name shop --delete-tables --yes");
    let error = ended.error();
    assert!(error.contains("could not see by the table's tags that the stack made it"), "{error}");
    assert!(!world.log().contains("[delete"), "{}", world.log());
}

#[test]
fn tables_that_could_not_be_deleted_are_named() {
    let world = World::new(&EVERY_TOOL).with("FAIL", "[delete-table]");
    let ended = world.weir("destroy --stack-name shop --delete-tables --yes");
    ended.error();
    let left = &ended.stdout;
    assert!(left.contains("Not deleted: shop and shop-rollups."), "{left}");
    assert_eq!(left.matches("aws dynamodb delete-table").count(), 2, "{left}");
}

#[test]
fn a_stack_that_does_not_exist_may_have_left_tables() {
    let world = World::new(&EVERY_TOOL)
        .with("FAIL", "StackId")
        .with("SAYS", "Stack with id shop does not exist");
    let ended = world.weir("destroy --stack-name shop --profile work");
    ended.error();
    let next = "weir destroy --stack-name shop --profile work --delete-tables --table TABLE";
    assert!(ended.stdout.contains(next), "{}", ended.stdout);
}

#[test]
fn a_table_is_deleted_later_if_its_stack_is_gone() {
    let line = "destroy --stack-name shop --delete-tables --table shop";
    let world = World::new(&EVERY_TOOL);
    let ended = world.weir_typed(line, "shop\n");
    assert!(ended.is_success(), "{ended:?}");
    assert!(world.log().contains("[delete-table] [--table-name] [shop]"), "{}", world.log());
    assert!(!world.log().contains("[delete-stack]"), "{}", world.log());

    let world = World::new(&EVERY_TOOL).with("STILL", "shop");
    world.weir_typed(line, "shop\n").error();
    assert!(!world.log().contains("[delete"), "{}", world.log());
}
