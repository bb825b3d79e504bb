//! Deployments that succeed: which tools run, with which arguments, and what `weir` prints.

use crate::process::run;
use crate::world::{EVERY_TOOL, World};

#[test]
fn the_aws_cli_uploads_to_a_bucket_and_deploys() {
    let world = World::new(&EVERY_TOOL);
    let ended = world.weir(
        "deploy --s3-bucket artifacts --region eu-west-1 --profile work --parameter \
         BatchSize=10 JwtIssuer=",
    );
    assert!(ended.is_success(), "{ended:?}");
    insta::assert_snapshot!("aws", format!("{}{}", world.log(), ended.stdout));
    assert!(world.path("target/deploy/shop.yaml").is_file());
    assert!(world.path("target/deploy/shop.definition/weir.toml").is_file());
}

#[test]
fn the_sam_cli_keeps_a_bucket_of_its_own_and_needs_no_other_tool() {
    let world = World::new(&["sam"]).with("AUTHORIZATION", "JWT");
    let ended = world.weir(
        "deploy --code own --no-filter --stack-name s --out t.yaml --parameter \
         JwtIssuer=https://i.example.com JwtAudience=a \
         CorsAllowOrigins=",
    );
    assert!(ended.is_success(), "{ended:?}");
    insta::assert_snapshot!("sam", format!("{}{}", world.log(), ended.stdout));
}

#[test]
fn a_deployment_waits_until_the_mapping_is_enabled() {
    let world = World::new(&EVERY_TOOL).with("FIRST_STATE", "Enabling");
    assert!(world.weir("deploy --with sam").is_success());
    assert_eq!(world.log().matches("[--query] [State]").count(), 2, "{}", world.log());
}

#[test]
fn a_file_that_cannot_be_executed_is_not_a_tool() {
    let world = World::new(&EVERY_TOOL);
    world.write("first/aws", "not a program");
    let mut command = world.weir_command("deploy --s3-bucket artifacts");
    let path = std::env::join_paths([world.path("first"), world.path("bin")]).expect("a path");
    command.env("PATH", path);
    let ended = run(command, "");
    assert!(ended.is_success(), "{ended:?}");
}
