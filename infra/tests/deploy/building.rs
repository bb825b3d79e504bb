//! A deployment of a changed definition: plan, wide filters, builds, narrow filters.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::{Ended, start};
use crate::shop::{AFTER, BEFORE, Shop};

/// The revisions after the builds: those that were replaced are forgotten.
const BUILT: [&str; 2] = ["orders@2 ready", "users@1 ready"];

/// How long a test waits for a line.
const PATIENCE: Duration = Duration::from_secs(60);

/// The numbers of packaged filters, a deployment each.
fn filters(log: &str) -> Vec<usize> {
    let deployments = log.split("[package]").skip(1);
    deployments.map(|part| part.matches("packages the filter").count()).collect()
}

#[test]
fn filters_are_widened_before_the_builds_and_narrowed_after_them() {
    let shop = Shop::new();
    let ended = shop.deploy("--yes");
    assert!(ended.is_success(), "{ended:?}");
    let steps = ended.stderr.lines().filter(|line| line.starts_with("==>"));
    let steps: Vec<_> = steps.collect();
    // The steps of the scan depend on when it is looked at.
    let printed = ended.stdout[ended.stdout.find("\nplan:").expect("a plan")..].lines();
    let printed: Vec<_> = printed.filter(|line| !line.starts_with("scan: ")).collect();
    let text = [shop.world.log(), steps.join("\n"), printed.join("\n")].join("\n");
    insta::assert_snapshot!("changed", shop.redacted(&text));
    assert_eq!(shop.revisions(), BUILT);
}

#[test]
fn a_second_deployment_finds_nothing_to_build() {
    let shop = Shop::new();
    assert!(shop.deploy("--yes").is_success());
    shop.world.clear_log();
    let ended = shop.deploy("");
    assert!(ended.is_success(), "{ended:?}");
    assert!(ended.stdout.starts_with("nothing to do: the table"), "{}", ended.stdout);
    assert_eq!(shop.world.log().matches("[cloudformation] [deploy]").count(), 1);
}

#[test]
fn a_plan_that_changes_rollups_is_not_deployed_unasked() {
    let shop = Shop::new();
    let ended = shop.deploy("");
    let error = ended.error();
    assert!(error.contains("pass --yes to deploy"), "{error}");
    assert!(ended.stdout.contains("plan: 2 to build"), "{}", ended.stdout);
    assert_eq!(shop.world.log().lines().count(), 1, "{}", shop.world.log());
}

#[test]
fn a_rejected_plan_changes_nothing() {
    let shop = Shop::new();
    shop.save_text(&crate::world::DEFINITION.replace("USER#{user}", "BUYER#{user}"));
    let ended = shop.deploy("--yes");
    let error = ended.error();
    assert!(error.contains("the plan is rejected: order: `PK`"), "{error}");
    assert!(ended.stdout.contains("\nrejected\n"), "{}", ended.stdout);
    assert_eq!(shop.world.log().lines().count(), 1, "{}", shop.world.log());
    assert_eq!(shop.revisions(), ["orders@1 ready"]);
}

#[test]
fn a_retired_rollup_keeps_its_records_until_it_is_retired() {
    let shop = Shop::new();
    shop.save("");
    let ended = shop.deploy("--yes");
    assert!(ended.is_success(), "{ended:?}");
    assert_eq!(shop.revisions(), ["orders@1 purged"]);
    // The filters of the rollup, then the one that no record passes.
    assert_eq!(filters(&shop.world.log()), [2, 1], "{}", shop.world.log());
}

#[test]
fn without_a_build_the_commands_that_remain_are_printed() {
    let shop = Shop::new();
    let ended = shop.deploy("--yes --no-build");
    assert!(ended.is_success(), "{ended:?}");
    assert_eq!(shop.revisions(), ["orders@1 ready"]);
    assert_eq!(filters(&shop.world.log()), [4], "{}", shop.world.log());
    let remaining = ended.stdout.split_once("Run next:\n\n").expect("commands").1;
    shop.world.link_weir();
    shop.world.clear_log();
    let ran = shop.world.shell_typed(&format!("set -e\n{remaining}"), "");
    assert!(ran.is_success(), "{ran:?}");
    assert_eq!(shop.revisions(), BUILT);
    assert_eq!(filters(&shop.world.log()), [4], "{}", shop.world.log());
}

#[test]
fn without_filters_the_stack_is_updated_once() {
    let shop = Shop::new();
    assert!(shop.deploy("--yes --no-filter").is_success());
    assert_eq!(filters(&shop.world.log()), [0], "{}", shop.world.log());
    assert_eq!(shop.revisions(), BUILT);
}

#[test]
fn a_build_that_fails_leaves_the_wide_filters_and_the_next_deployment_builds() {
    let shop = Shop::new();
    let ended = shop.deploy("--yes --cut-margin 0");
    let error = ended.error();
    assert!(error.contains("raise `--cut-margin`"), "{error}");
    assert_eq!(filters(&shop.world.log()), [4], "{}", shop.world.log());
    let advice = "has the new definition with the filters of both definitions";
    assert!(ended.stdout.contains(advice), "{}", ended.stdout);
    let again = "--s3-bucket artifacts --cut-margin 0";
    assert!(ended.stdout.contains(again), "{}", ended.stdout);
    shop.world.clear_log();
    assert!(shop.deploy("--yes").is_success());
    assert_eq!(filters(&shop.world.log()), [4, 4], "{}", shop.world.log());
}

#[test]
fn a_signal_ends_a_build_and_the_next_deployment_continues_it() {
    let shop = Shop::new();
    let line = shop.line("--yes --scan-margin 600");
    let weir = start(shop.world.weir_command(&line));
    let since = Instant::now();
    while shop.state().revisions.iter().filter(|known| known.is_under_way()).count() < 2 {
        assert!(since.elapsed() < PATIENCE, "no build begins");
        sleep(Duration::from_millis(50));
    }
    let cut = shop.state().newest("orders").expect("a revision").cut;
    let killed = Command::new("kill").args(["-INT", &weir.id().to_string()]).status();
    assert!(killed.expect("started").success());
    let ended = Ended::from(weir.wait_with_output().expect("ended"));
    let error = ended.error();
    assert!(error.contains("a signal ended the command in this step: build the rollups"));
    assert!(ended.stdout.contains("This command continues within 23 hours"), "{}", ended.stdout);

    let ended = shop.deploy("--yes");
    assert!(ended.is_success(), "{ended:?}");
    assert_eq!(shop.state().newest("orders").expect("a revision").cut, cut);
    assert_eq!(shop.revisions(), BUILT);
}

#[test]
fn after_an_update_that_fails_the_advice_is_that_no_rollup_was_changed() {
    let mut shop = Shop::new();
    shop.save(&format!("{BEFORE}{}", AFTER.replace("[rollups.orders]", "[rollups.others]")));
    let world = shop.world.with("FAIL", "[cloudformation] [deploy]");
    shop.world = world.with("STACK", "UPDATE_ROLLBACK_COMPLETE");
    let ended = shop.deploy("--yes");
    ended.error();
    assert!(ended.stdout.contains("No rollup was changed."), "{}", ended.stdout);
    assert_eq!(shop.revisions(), ["orders@1 ready"]);
}

#[test]
fn a_stream_that_the_table_no_longer_has_is_rejected() {
    let shop = Shop::new();
    let ended = shop.deploy(&format!("--yes --existing-table {}", shop.stream_arn()));
    assert!(ended.is_success(), "{ended:?}");
    let ended = shop.deploy(&format!("--yes --existing-table {}0", shop.stream_arn()));
    assert!(ended.error().contains("expected the stream of the table"), "{}", ended.error());
}
