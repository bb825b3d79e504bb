//! The scripts that `--dry-run` prints: each does what `weir` does, and stops where `weir` stops.

use crate::shop::Shop;
use crate::world::{EVERY_TOOL, World};

/// Returns the calls of tools of the script that `--dry-run` prints. Nothing runs before.
fn log_of_script(world: &World, line: &str, typed: &str) -> String {
    let dry = world.weir(&format!("{line} --dry-run"));
    assert!(dry.is_success() && dry.stderr.is_empty(), "{dry:?}");
    assert_eq!(world.log(), "", "{line}");
    assert!(!world.path("target").exists() && !world.path("deploy").exists(), "{line}");
    world.link_weir();
    let ran = world.shell_typed(&dry.stdout, typed);
    assert!(ran.is_success(), "{ran:?}");
    world.log()
}

#[test]
fn a_dry_run_of_a_deletion_prints_a_script_that_does_the_same() {
    let lines = [
        "destroy --stack-name shop --profile work",
        "destroy --stack-name shop --delete-tables",
        "destroy --stack-name shop --delete-tables --yes",
        "destroy --stack-name shop --delete-tables --table shop --table shop-rollups --yes",
    ];
    let typed = "shop\nshop\nshop-rollups\n";
    for line in lines {
        let world = World::new(&EVERY_TOOL);
        let by_the_shell = log_of_script(&world, line, typed);
        world.clear_log();
        let ended = world.weir_typed(line, typed);
        assert!(ended.is_success(), "{line}: {ended:?}");
        assert_eq!(by_the_shell, world.log_of_steps(), "{line}");
        assert!(by_the_shell.lines().count() >= 4, "{by_the_shell}");
    }
}

#[test]
fn a_dry_run_of_a_deployment_prints_a_script_that_does_the_same() {
    let lines = [
        "deploy --yes --s3-bucket artifacts --parameter JwtAudience=it's",
        "deploy --yes --with sam --region eu-west-1 --parameter CorsAllowOrigins=",
        "deploy weir.toml --yes --code own --s3-bucket artifacts --out deploy/t.yaml --no-filter",
        "deploy --yes --s3-bucket artifacts --no-build",
        "deploy --yes --s3-bucket artifacts --existing-table STREAM_ARN",
    ];
    // Each waits for the margins of its builds.
    std::thread::scope(|scope| {
        for line in lines {
            scope.spawn(move || compare_script(line));
        }
    });
}

/// Deploys a changed definition by a line and by its script, and compares the calls of tools.
fn compare_script(line: &str) {
    let logs = [false, true].map(|is_script| {
        let shop = Shop::new();
        let stream_arn = shop.stream_arn();
        let line = line.replace("STREAM_ARN", &stream_arn);
        let log = match is_script {
            true => log_of_script(&shop.world, &line, ""),
            false => {
                let ended = shop.world.weir(&line);
                assert!(ended.is_success(), "{line}: {ended:?}");
                shop.world.log_of_steps()
            }
        };
        shop.redacted(&log.replace(&stream_arn, "STREAM_ARN"))
    });
    assert_eq!(logs[0], logs[1], "{line}");
    assert!(logs[0].lines().count() >= 4, "{}", logs[0]);
}

#[test]
fn a_script_asks_before_it_changes_anything() {
    for (typed, is_deployed) in [("y\n", true), ("n\n", false), ("", false)] {
        let shop = Shop::new();
        shop.world.link_weir();
        let dry = shop.deploy("--dry-run");
        let ran = shop.world.shell_typed(&dry.stdout, typed);
        assert_eq!(ran.is_success(), is_deployed, "{typed:?}: {ran:?}");
        assert_eq!(shop.world.log().contains("[deploy]"), is_deployed, "{typed:?}");
    }
}

#[test]
fn a_script_deletes_nothing_whose_name_was_not_typed() {
    for typed in ["", "y\n", "shop\n", "shop\nshop\nshop\n"] {
        let world = World::new(&EVERY_TOOL);
        let dry = world.weir("destroy --stack-name shop --delete-tables --dry-run");
        assert!(!world.shell_typed(&dry.stdout, typed).is_success(), "{typed:?}");
        assert!(!world.log().contains("[delete"), "{}", world.log());
    }
}
