//! Deployments that fail under way: which step failed, what follows it, and what to do next.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::process::{Ended, start};
use crate::world::{CARGO_AT_GATE, EVERY_TOOL, World};

/// A step that fails.
struct Step {
    /// A part of the call that fails.
    call: &'static str,
    error: &'static str,
    /// The number of calls up to the failure and the questions after it.
    calls: usize,
}

const STEPS: [Step; 4] = [
    Step {
        call: "[lambda] [build]",
        error: "could not build the functions: exit status: 7, of\n  cargo lambda build",
        calls: 1,
    },
    Step {
        call: "[package]",
        error: "could not upload the functions: exit status: 7, of\n  aws cloudformation package",
        calls: 2,
    },
    Step {
        call: "[cloudformation] [deploy]",
        error: "could not deploy the stack: exit status: 7, of\n  aws cloudformation deploy",
        calls: 4,
    },
    Step {
        call: "[get-event-source-mapping]",
        error: "could not check that the mapping is enabled: exit status: 7",
        calls: 5,
    },
];

#[test]
fn a_step_that_fails_is_named_and_ends_the_deployment() {
    for step in STEPS {
        let world = World::new(&EVERY_TOOL)
            .with("FAIL", step.call)
            .with("STACK", "UPDATE_ROLLBACK_COMPLETE");
        let ended = world.weir("deploy --s3-bucket artifacts");
        assert!(ended.stderr.contains("the tool says why\n"), "{}", ended.stderr);
        assert!(ended.error().contains(step.error), "{}", ended.error());
        assert_eq!(world.log_of_steps().lines().count(), step.calls, "{}", world.log());
        assert_eq!(ended.stdout, "");

        let by_weir = world.log_of_steps();
        world.clear_log();
        world.link_weir();
        let dry = world.weir("deploy --s3-bucket artifacts --dry-run");
        assert!(!world.shell_typed(&dry.stdout, "").is_success(), "{}", step.call);
        // Weir asks for the stack's state after the failure; the script must stop at it.
        assert!(by_weir.starts_with(&world.log()), "the script continues: {}", world.log());
    }
}

#[test]
fn a_first_deployment_that_failed_prints_how_to_continue() {
    let world = World::new(&EVERY_TOOL)
        .with("FAIL", "[cloudformation] [deploy]")
        .with("STACK", "ROLLBACK_COMPLETE");
    let line = "deploy --s3-bucket artifacts --region eu-west-1 --profile work";
    insta::assert_snapshot!("advice", world.weir(line).stdout);
    let world = World::new(&["sam"]).with("FAIL", "[deploy]");
    let advice = world.weir("deploy --code own").stdout;
    assert!(advice.starts_with("If this was the first deployment of shop"), "{advice}");
}

#[test]
fn a_processor_that_does_not_start_fails_the_deployment() {
    let world = World::new(&EVERY_TOOL).with("FUNCTION_ERROR", "Unhandled");
    let ended = world.weir("deploy --s3-bucket artifacts");
    let error = ended.error();
    assert!(
        error.contains("could not check that the processor starts: found `Unhandled`"),
        "{error}"
    );
    assert!(ended.stdout.contains("/aws/lambda/shop/processor"), "{}", ended.stdout);
}

#[test]
fn a_signal_ends_the_deployment_after_the_step_that_is_under_way() {
    let world = World::new(&EVERY_TOOL);
    world.write_program("bin/cargo", CARGO_AT_GATE);
    let made = Command::new("mkfifo").arg(world.path("log.gate")).status().expect("started");
    assert!(made.success());
    let weir = start(world.weir_command("deploy --s3-bucket artifacts"));
    while !world.path("log.began").exists() {
        sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill").arg(weir.id().to_string()).status().expect("started");
    assert!(killed.success());
    sleep(Duration::from_millis(200));
    fs::write(world.path("log.gate"), "go\n").expect("let go");
    let ended = Ended::from(weir.wait_with_output().expect("ended"));
    assert!(world.path("log.ended").exists());
    let error = ended.error();
    assert!(error.contains("a signal ended the command after this step: build the functions"));
    assert!(!world.log().contains("[package]"), "{}", world.log());
}
