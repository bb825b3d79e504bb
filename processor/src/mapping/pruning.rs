//! Which checkpoints are needed no more.
//!
//! A checkpoint is asked for when its shard is listed (where to continue, or that it is done), when
//! a child of it waits (only while it is listed, see `lineage`), and once when a poller starts, to
//! say that the last records of a shard which is gone were lost. So the checkpoint of a shard that
//! is not listed says nothing more once that was said.
//!
//! A list may lag or miss a shard, and a checkpoint removed too early makes a shard be read again
//! from its beginning. Therefore a checkpoint is kept for two days after it was saved: a stream has
//! its records for one, so that nothing is left that could be read again. An emulator may keep them
//! for ever; the shell asks it for the shard itself before it removes anything.
//!
//! **Invariant:** removing these changes nothing of what may start.

use std::collections::HashSet;

use weir_table::checkpoints::Saved;

use super::lineage::Shard;

/// How long a checkpoint is kept after it was saved: twice as long as a stream has its records.
const KEEP_SECS: i64 = 2 * 24 * 60 * 60;

/// The checkpoints to remove, given the shards that are listed, those being read, and the time in
/// seconds since the epoch.
pub(super) fn prunable<'a>(
    shards: &[Shard],
    running: &HashSet<String>,
    saved: &'a [Saved],
    now: i64,
) -> Vec<&'a Saved> {
    let listed: HashSet<&str> = shards.iter().map(|shard| shard.id.as_str()).collect();
    saved
        .iter()
        .filter(|saved| now.saturating_sub(saved.saved_at) >= KEEP_SECS)
        .filter(|Saved { checkpoint, .. }| {
            !listed.contains(checkpoint.shard_id.as_str())
                && !running.contains(&checkpoint.shard_id)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use weir_table::checkpoints::Checkpoint;

    use super::super::lineage::startable;
    use super::*;

    const NOW: i64 = 1_000_000;

    fn saved(id: &str, done: bool, age_secs: i64) -> Saved {
        let checkpoint = Checkpoint { shard_id: id.to_owned(), done, ..Checkpoint::default() };
        Saved { checkpoint, saved_at: NOW - age_secs, updated_at: String::new() }
    }

    fn shard(id: &str, parent: Option<&str>) -> Shard {
        Shard { id: id.to_owned(), parent: parent.map(str::to_owned) }
    }

    fn ids<'a>(ids: impl IntoIterator<Item = &'a str>) -> HashSet<String> {
        ids.into_iter().map(str::to_owned).collect()
    }

    fn check(shards: &[Shard], running: &str, kept: &[Saved], expected: &str) {
        let pruned = prunable(shards, &ids(running.split_whitespace()), kept, NOW);
        let pruned: Vec<_> =
            pruned.into_iter().map(|saved| saved.checkpoint.shard_id.as_str()).collect();
        assert_eq!(pruned.join(" "), expected);
    }

    #[test]
    fn what_is_gone_for_two_days_is_pruned_whether_it_was_done_or_not() {
        let kept = [saved("a", true, KEEP_SECS), saved("b", false, KEEP_SECS)];
        check(&[shard("c", Some("a"))], "", &kept, "a b");
    }

    #[test]
    fn what_is_listed_or_read_or_was_saved_lately_is_kept() {
        let kept = [
            saved("listed", true, 10 * KEEP_SECS),
            saved("idle", false, 10 * KEEP_SECS),
            saved("read", false, 10 * KEEP_SECS),
            saved("lately", true, KEEP_SECS - 1),
        ];
        check(&[shard("listed", None), shard("idle", None)], "read", &kept, "");
    }

    #[test]
    fn pruning_changes_nothing_of_what_may_start() {
        // Every list of a chain a, b, c and a split of c into d and e, with every part of it done.
        let chain =
            [("a", None), ("b", Some("a")), ("c", Some("b")), ("d", Some("c")), ("e", Some("c"))];
        for world in 0..1_u32 << 10 {
            let in_list = |place: usize| world >> place & 1 == 1;
            let is_done = |place: usize| world >> (5 + place) & 1 == 1;
            let shards = chain.iter().enumerate().filter(|(place, _)| in_list(*place));
            let shards: Vec<_> = shards.map(|(_, (id, parent))| shard(id, *parent)).collect();
            let kept: Vec<_> = chain
                .iter()
                .enumerate()
                .map(|(place, (id, _))| saved(id, is_done(place), 2 * KEEP_SECS))
                .collect();
            let finished = |without: &HashSet<String>| -> HashSet<String> {
                let done = kept.iter().filter(|saved| saved.checkpoint.done);
                let done = done.map(|saved| saved.checkpoint.shard_id.clone());
                done.filter(|id| !without.contains(id)).collect()
            };
            let pruned = prunable(&shards, &HashSet::new(), &kept, NOW);
            let pruned = ids(pruned.iter().map(|saved| saved.checkpoint.shard_id.as_str()));
            assert_eq!(pruned.len() + shards.len(), chain.len());
            let (none, before) = (HashSet::new(), finished(&HashSet::new()));
            assert_eq!(
                startable(&shards, &finished(&pruned), &none),
                startable(&shards, &before, &none),
                "world {world:b}"
            );
        }
    }
}
