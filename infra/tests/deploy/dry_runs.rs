//! The scripts that `--dry-run` prints: each does what `weir` does, and stops where `weir` stops.

use crate::world::{EVERY_TOOL, World};

#[test]
fn a_dry_run_runs_nothing_and_prints_a_script_that_does_the_same() {
    let lines = [
        "deploy --s3-bucket artifacts --parameter JwtAudience=it's --stack-name other",
        "deploy --with sam --region eu-west-1 --parameter CorsAllowOrigins=",
        "deploy weir.toml --code own --s3-bucket artifacts --out deploy/t.yaml --no-filter",
        "deploy --s3-bucket artifacts --existing-table \
         arn:aws:dynamodb:eu-west-1:123456789012:table/shop/stream/2026-11-30T10:00:00.000",
        "destroy --stack-name shop --profile work",
        "destroy --stack-name shop --delete-tables",
        "destroy --stack-name shop --delete-tables --yes",
        "destroy --stack-name shop --delete-tables --table shop --table shop-rollups --yes",
    ];
    let typed = "shop\nshop\nshop-rollups\n";
    for line in lines {
        let world = World::new(&EVERY_TOOL);
        world.link_weir();
        let dry = world.weir(&format!("{line} --dry-run"));
        assert!(dry.is_success() && dry.stderr.is_empty(), "{dry:?}");
        assert_eq!(world.log(), "", "{line}");
        assert!(!world.path("target").exists() && !world.path("deploy").exists(), "{line}");

        let ran = world.shell_typed(&dry.stdout, typed);
        assert!(ran.is_success(), "{ran:?}");
        let by_the_shell = world.log();
        world.clear_log();
        let ended = world.weir_typed(line, typed);
        assert!(ended.is_success(), "{line}: {ended:?}");
        assert_eq!(by_the_shell, world.log_of_steps(), "{line}");
        assert!(by_the_shell.lines().count() >= 4, "{by_the_shell}");
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
