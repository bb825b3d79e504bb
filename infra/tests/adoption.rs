//! A table that another library writes all the time, and that has items, gets rollups: `weir build`
//! is killed and started again, one rollup is changed meanwhile, and in the end every number is
//! that of a recount. The table of items gets no write from Weir.
//!
//! ```text
//! writers ───────────────────────────────────────────► table ──stream──► processor
//! weir build: ├── killed in the scan                     │                   │
//!              a rollup is changed                       │                   ▼
//!                  ├── killed while it adds up ◄─────────┴─────────────► rollups' table
//!                        ├────────── to its end
//! ```
//!
//! `WEIR_ADOPTION_ITEMS` and `WEIR_ADOPTION_WRITES`, the writes a second, make it larger than the
//! default, which is for every day.

pub(crate) mod oracle;
mod proxy;
pub(crate) mod world;

use std::time::Duration;

use self::oracle::assert_recount;
use self::world::World;

/// The time that a build may take, however many items there are.
pub(crate) const BUILD_TIME: Duration = Duration::from_secs(15 * 60);

#[tokio::test(flavor = "multi_thread")]
async fn rollups_of_a_table_of_another_library_are_built_while_it_is_written() {
    let world = World::with_items().await;
    let running = world.process().await;
    let writers = world.write_all_the_time();

    let first = world.build();
    first.says(r#""step":"scan""#).await;
    assert!(first.kill(), "it ended before it was killed:\n{}", first.log.text());
    assert_eq!(world.spools(), 1, "a process that is killed removes nothing");

    world.change();
    let second = world.build();
    second.says(r#""step":"continued""#).await;
    second.says(r#""step":"joining""#).await;
    second.kill();

    let third = world.build();
    let status = third.ended_within(BUILD_TIME).await;
    assert!(status.success(), "{}", third.log.text());
    assert_eq!(world.spools(), 0, "it has removed those of the killed ones");
    let writes = writers.stop().await;
    running.catch_up_within(BUILD_TIME).await;

    let compared = assert_recount(&world).await;
    assert!(writes > 0 && compared > 100, "{writes} writes, {compared} numbers");
    assert_eq!(world.weirs_writes(), Default::default(), "the table of items is only read");
    eprintln!("{} items, {writes} writes meanwhile, {compared} numbers", world.items);
    running.stop().await;
}
