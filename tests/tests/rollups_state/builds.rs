//! Rollups over a table that has items are built while others write; changed ones get a revision.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::sync::watch;
use tokio::task::{JoinHandle, block_in_place, spawn_blocking};
use tokio::time::sleep;
use weir_build::{
    BuildError, BuildEvent, BuildReport, BuildSettings, Builder, CaptureSettings, Margins,
    PurgeSettings,
};
use weir_rollups::{RevisionState, Unbuilt};
use weir_testing::running::Running;

use crate::rollups_state::shop::Shop;

/// The time between two writes.
const WRITE_PAUSE: Duration = Duration::from_millis(20);
/// The time between two reads of a shard.
const READ_INTERVAL: Duration = Duration::from_millis(50);

/// By how much the clock of the suspended builder is ahead, in seconds.
static SLEPT_SECS: AtomicU64 = AtomicU64::new(0);

fn clock_of_sleeper() -> SystemTime {
    SystemTime::now() + Duration::from_secs(SLEPT_SECS.load(Ordering::Relaxed))
}

fn builder(shop: &Shop) -> Builder {
    builder_with_clock(shop, SystemTime::now)
}

fn builder_with_clock(shop: &Shop, wall_clock: fn() -> SystemTime) -> Builder {
    Builder::new(&shop.connection, &shop.table(), settings(wall_clock))
}

fn settings(wall_clock: fn() -> SystemTime) -> BuildSettings {
    BuildSettings {
        margins: Margins::LOCAL,
        capture: CaptureSettings {
            read_interval: READ_INTERVAL,
            wall_clock,
            ..CaptureSettings::default()
        },
        ..BuildSettings::new(std::env::temp_dir())
    }
}

async fn build(shop: &Shop) -> Vec<String> {
    builder(shop).run(&[], &|_| {}).await.expect("built").ready
}

/// Returns a shop with one order that is counted, its processor, and the shop under a definition
/// with another measure.
async fn with_one_order() -> (Shop, Running, Arc<Shop>) {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    let running = shop.process().await;
    running.catch_up().await;
    let changed = Arc::new(shop.changed("sum(total)", "max(total)"));
    (shop, running, changed)
}

/// Puts and cancels orders until it is stopped.
fn write_all_the_time(shop: &Arc<Shop>) -> (watch::Sender<bool>, JoinHandle<()>) {
    let (stop, stopped) = watch::channel(false);
    let shop = Arc::clone(shop);
    let writing = async move {
        for number in 0_i64.. {
            if *stopped.borrow() {
                return;
            }
            // Some that were there before are changed, some removed and made again.
            let name = (number * 7 % 30).to_string();
            shop.order(&name, number % 50).await;
            if number % 4 == 3 {
                shop.cancel(&name).await;
            }
            sleep(WRITE_PAUSE).await;
        }
    };
    (stop, tokio::spawn(writing))
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_over_a_table_that_has_items_are_built_while_others_write() {
    let before: Vec<_> = (0..20).map(|number| (number.to_string(), number * 3)).collect();
    let before: Vec<_> = before.iter().map(|(name, total)| (name.as_str(), *total)).collect();
    let shop = Arc::new(Shop::with_items_before(&before).await);
    shop.table().provision().await.expect("tables");
    shop.assert_unbuilt("had items before").await;
    let running = shop.process().await;
    let (stop, writing) = write_all_the_time(&shop);
    assert_eq!(build(&shop).await, ["orders"]);
    stop.send_replace(true);
    writing.await.expect("it does not panic");
    running.catch_up().await;
    shop.assert_recount().await;
    assert!(build(&shop).await.is_empty(), "there is nothing left to build");

    // And everything after the build counts.
    shop.order("1", 1).await;
    shop.cancel("2").await;
    running.catch_up().await;
    shop.assert_recount().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rollup_is_answered_as_it_was_until_its_revision_is_built() {
    let shop = Shop::new().await;
    for number in 0..9 {
        shop.order(&number.to_string(), number * 10).await;
    }
    let running = shop.process().await;
    running.catch_up().await;
    let changed = shop.changed("measures = {", "where = { total = { gte = 50 } }\nmeasures = {");
    let (orders, _, answer) = changed.answered().await;
    assert_eq!((orders, &answer["previous_definition"]), (9, &true.into()), "{answer}");

    assert_eq!(build(&changed).await, ["orders"]);
    running.catch_up().await;
    let (orders, revenue, answer) = changed.answered().await;
    assert_eq!((orders, revenue), (4, 50 + 60 + 70 + 80), "{answer}");
    assert!(answer.get("previous_definition").is_none(), "{answer}");
    // The processor still has the definition before, and counts the revision from its stored one.
    changed.order("9", 90).await;
    changed.order("10", 10).await;
    changed.cancel("8").await;
    running.catch_up().await;
    let (orders, revenue, answer) = changed.answered().await;
    assert_eq!((orders, revenue), (4, 50 + 60 + 70 + 90), "{answer}");

    let settings = PurgeSettings { grace: Duration::ZERO, ..PurgeSettings::LOCAL };
    assert_eq!(
        builder(&changed).purge(settings, &|_| ()).await.expect("purged"),
        1,
        "the old item"
    );
    let state = changed.table().read_rollups_state().await.expect("read").expect("a state");
    let states: Vec<_> = state.revisions.iter().map(|known| (known.number, known.state)).collect();
    assert_eq!(states, [(2, RevisionState::Ready)]);
    let (orders, ..) = changed.answered().await;
    assert_eq!(orders, 4, "the revision is untouched");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_given_up_leaves_what_was_answered_and_its_number_is_not_used_again() {
    let (shop, running, changed) = with_one_order().await;
    let building = {
        let changed = Arc::clone(&changed);
        tokio::spawn(async move { builder(&changed).run(&[], &|_| {}).await })
    };
    let aborted = loop {
        let aborted = builder(&changed).abort(&[]).await.expect("a state");
        if !aborted.is_empty() {
            break aborted;
        }
        sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(aborted[0].number, 2);
    let error = building.await.expect("it does not panic").expect_err("it was given up");
    assert!(error.to_string().contains("was given up meanwhile"), "{error}");
    let (orders, revenue, answer) = shop.answered().await;
    assert_eq!((orders, revenue), (1, 10), "{answer}");
    assert_eq!(build(&changed).await, ["orders"]);
    let state = changed.table().read_rollups_state().await.expect("read").expect("a state");
    assert_eq!(state.served("orders").map(|served| served.number), Some(3));
    running.stop().await;
}

/// Rollup items forget the base that another builder has applied, as they forget old records.
#[tokio::test(flavor = "multi_thread")]
async fn a_builder_that_slept_for_days_applies_nothing_and_leaves_what_is_ready() {
    let (_shop, running, changed) = with_one_order().await;
    let sleeping = SleepingBuilder::start(&changed, clock_of_sleeper).await;
    assert_eq!(build(&changed).await, ["orders"], "another builder continues");
    SLEPT_SECS.store(25 * 60 * 60, Ordering::Relaxed);
    let report = sleeping.wake().await.expect("there is nothing left to do");
    assert_eq!((report.ready, report.updates), (Vec::new(), 0));
    let state = changed.table().read_rollups_state().await.expect("read").expect("a state");
    assert_eq!(state.served("orders").map(|served| served.number), Some(2));
    running.stop().await;
}

/// The items of a revision that was given up are deleted once.
#[tokio::test(flavor = "multi_thread")]
async fn a_builder_that_slept_while_its_build_was_given_up_leaves_no_item() {
    let (_shop, running, changed) = with_one_order().await;
    let sleeping = SleepingBuilder::start(&changed, SystemTime::now).await;
    assert_eq!(builder(&changed).abort(&[]).await.expect("a state").len(), 1);
    let settings = PurgeSettings { grace: Duration::ZERO, ..PurgeSettings::LOCAL };
    let steps = Steps::default();
    builder(&changed).purge(settings, &steps.recorder()).await.expect("purged");
    let [purging, purged] = &steps.take()[..] else { panic!("two steps") };
    assert!(purging.starts_with("Purging") && purging.contains("number: 2"), "{purging}");
    assert!(purged.starts_with("Purged"), "{purged}");

    let error = sleeping.wake().await.expect_err("it was given up").to_string();
    assert!(error.contains("the build of the rollup `orders` was given up meanwhile"), "{error}");
    let request = json!({ "TableName": changed.model.table.rollups_table });
    let items = changed.dynamodb("Scan", &request).await.to_string();
    let partition = |name: &str| format!(r#""PK":{{"S":"{name}""#);
    assert!(items.contains(&partition("orders")), "{items}");
    assert!(!items.contains(&partition("orders@2")), "{items}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_and_retired_at_the_start_is_reported() {
    let (shop, running, changed) = with_one_order().await;
    let sleeping = SleepingBuilder::start(&changed, SystemTime::now).await;
    let renamed = shop.changed("[rollups.orders]", "[rollups.sales]");
    let steps = Steps::default();
    let built = builder(&renamed).run(&[], &steps.recorder()).await.expect("built");
    assert_eq!(built.ready, ["sales"]);
    let steps = steps.take();
    let retired = steps.iter().find(|step| step.starts_with("Retired")).expect("reported");
    assert!(retired.contains("number: 1") && retired.contains("number: 2"), "{retired}");
    sleeping.wake().await.expect_err("its rollup is retired");

    let by_user = Arc::new(shop.changed("measures", "by = [\"user\"]\nmeasures"));
    let sleeping = SleepingBuilder::start(&by_user, SystemTime::now).await;
    let steps = Steps::default();
    builder(&changed).run(&[], &steps.recorder()).await.expect("built");
    let steps = steps.take();
    let given_up = steps.iter().find(|step| step.starts_with("GivenUp")).expect("reported");
    assert!(given_up.contains("number: 3") && given_up.contains("OtherDefinition"), "{given_up}");
    sleeping.wake().await.expect_err("its build was given up");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_build_cannot_use_is_rejected_before_a_cut_is_chosen() {
    let shop = Shop::with_items_before(&[("1", 10)]).await;
    shop.table().provision().await.expect("tables");
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing");
    let spool = BuildSettings { spool_folder: missing.clone(), ..settings(SystemTime::now) };
    let export = BuildSettings { export: Some(missing), ..settings(SystemTime::now) };
    let complete = complete_export(folder.path(), &shop.model.table.name);
    let early = BuildSettings { export: Some(complete), ..settings(SystemTime::now) };
    for (settings, expected) in [
        (spool, "could not create a folder for the spool"),
        (export, "could not read"),
        (early, "no build of the rollup `orders` is under way, so no export fits"),
    ] {
        let builder = Builder::new(&shop.connection, &shop.table(), settings);
        let error = builder.run(&[], &|_| ()).await.expect_err("rejected").to_string();
        assert!(error.contains(expected), "{error}");
    }
    for error in [
        builder(&shop).run(&["sales".to_owned()], &|_| ()).await.expect_err("rejected"),
        builder(&shop).abort(&["sales".to_owned()]).await.expect_err("rejected"),
    ] {
        let error = error.to_string();
        assert!(error.contains("unknown rollup `sales`, expected `orders`"), "{error}");
    }
    let state = shop.table().read_rollups_state().await.expect("read").expect("a state");
    let states: Vec<_> = state.revisions.iter().map(|known| known.state).collect();
    assert_eq!(states, [RevisionState::Unbuilt(Unbuilt::ExistingItems)]);
}

/// Writes the manifests of an export without items, of this moment. Returns its folder.
fn complete_export(parent: &Path, table: &str) -> PathBuf {
    let folder = parent.join("export");
    fs::create_dir(&folder).expect("created");
    let summary = json!({
        "tableArn": format!("arn:aws:dynamodb:us-east-1:111122223333:table/{table}"),
        "exportTime": jiff::Timestamp::now().to_string(),
        "itemCount": 0,
        "outputFormat": "DYNAMODB_JSON",
    });
    fs::write(folder.join("manifest-summary.json"), summary.to_string()).expect("written");
    fs::write(folder.join("manifest-files.json"), "").expect("written");
    folder
}

/// A builder that sleeps before it applies the base.
struct SleepingBuilder {
    wake: mpsc::Sender<()>,
    task: JoinHandle<Result<BuildReport, BuildError>>,
}

impl SleepingBuilder {
    /// Starts a builder, and waits until it sleeps.
    async fn start(shop: &Arc<Shop>, wall_clock: fn() -> SystemTime) -> Self {
        let ((joined, is_joined), (wake, woken)) = (mpsc::channel(), mpsc::channel());
        let (shop, woken) = (Arc::clone(shop), Mutex::new(woken));
        let task = tokio::spawn(async move {
            let report = |event| {
                if matches!(event, BuildEvent::Joined(_)) {
                    joined.send(()).expect("the test waits");
                    let woken = woken.lock().expect("no holder panics");
                    block_in_place(|| woken.recv().expect("it is woken"));
                }
            };
            builder_with_clock(&shop, wall_clock).run(&[], &report).await
        });
        spawn_blocking(move || is_joined.recv().expect("it joins")).await.expect("no panic");
        Self { wake, task }
    }

    async fn wake(self) -> Result<BuildReport, BuildError> {
        self.wake.send(()).expect("it waits");
        self.task.await.expect("no panic")
    }
}

/// The steps of a build.
#[derive(Default)]
struct Steps(Mutex<Vec<String>>);

impl Steps {
    fn recorder(&self) -> impl Fn(BuildEvent) + Sync {
        |event| self.0.lock().expect("no holder panics").push(format!("{event:?}"))
    }

    fn take(self) -> Vec<String> {
        self.0.into_inner().expect("no holder panics")
    }
}
